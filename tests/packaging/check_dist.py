#!/usr/bin/env python3
"""check_dist.py BUILD [--build]: the archive of 'meson dist' has every file of the repository, and is enough to configure a build of
it elsewhere; with --build also to make it and to pass some of its tests. Exit status 77 outside of a clone."""

import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

from check_install import find_meson

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTS = ("names", "help", "scan", "show", "export", "completions of bash")


def run(*words, **more):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        sys.exit(f"{words}: {done.returncode}: {text[-4000:]}")
    return text


def main():
    build, whole = os.path.abspath(sys.argv[1]), "--build" in sys.argv
    # Not where git finds some repository: where this one is.
    if not (ROOT / ".git").exists():
        print("not a clone: there is nothing to make an archive of")
        return 77
    meson = find_meson(build)
    with tempfile.TemporaryDirectory(prefix="agxtriage-dist-") as folder:
        # Whoever owns the clone, git may read it here.
        os.environ["HOME"] = folder
        pathlib.Path(folder, ".gitconfig").write_text("[safe]\n\tdirectory = *\n", encoding="utf-8")
        clone = os.path.join(folder, "clone")
        run("git", "clone", "-q", "--no-hardlinks", "--depth", "1", "file://" + str(ROOT), clone)
        run(*meson, "setup", "made", cwd=clone)
        run(*meson, "dist", "-C", "made", "--no-tests", "--formats", "gztar", cwd=clone)
        archive, = pathlib.Path(clone, "made", "meson-dist").glob("agxtriage-*.tar.gz")
        with tarfile.open(archive) as file:
            name = archive.name.removesuffix(".tar.gz")
            found = {m.name.removeprefix(name + "/") for m in file.getmembers() if not m.isdir()}
            file.extractall(folder)
        wanted = set(run("git", "ls-files", "-z", cwd=clone).split("\0")) - {""}
        if found != wanted:
            sys.exit(f"missing: {sorted(wanted - found)}, more: {sorted(found - wanted)}")
        # The clone is out of reach now.
        os.rename(clone, clone + " gone")
        source = os.path.join(folder, name)
        run(*meson, "setup", "made", cwd=source)
        targets = run("ninja", "-C", "made", "-n", cwd=source)
        if "src/cli/agxtriage" not in targets:
            sys.exit(f"ninja would not make the program: {targets[-2000:]}")
        if whole:
            run("ninja", "-C", "made", cwd=source)
            run(*meson, "test", "-C", "made", "--no-rebuild", *TESTS, cwd=source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
