#!/usr/bin/env python3
"""Replays a fuzz target over its seeds and over generated fixtures: run.py REPLAY_PROGRAM SEED_FOLDER...

Fixtures come from tests/data/make.py, the corpus (if it is there) is added. Exit status of the program.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[1]
CORPUS = pathlib.Path(os.environ.get("AGXTRIAGE_CORPUS", TESTS.parents[1] / "shared" / "corpus"))


def main():
    program, seeds = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="agxtriage-fuzz-") as scratch:
        made = os.path.join(scratch, "made")
        subprocess.run([sys.executable, str(TESTS / "data" / "make.py"), made], check=True, stdout=subprocess.DEVNULL)
        folders = list(seeds) + [made] + [str(p) for p in pathlib.Path(made).rglob("*") if p.is_dir()]
        folders += [str(CORPUS / part) for part in ("real", "lookalikes", "extracts") if (CORPUS / part).is_dir()]
        return subprocess.run([program] + folders).returncode


if __name__ == "__main__":
    sys.exit(main())
