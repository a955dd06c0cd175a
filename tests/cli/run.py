#!/usr/bin/env python3
"""Runs one script of this folder against the program and compares what it prints with NAME.out.

    run.py --program FILE --fixtures DIR [--update] NAME.sh
    run.py --make-fixtures MAKE.PY DIR STAMP

The script runs under sh in an empty folder, with an environment of its own and nothing of the user's: $AGXTRIAGE is
the program, $FIXTURES the folder of generated reports, $TTY starts a command on a pseudo terminal of so many columns,
$LIB has the functions that scripts share. Stdout and stderr come through one pipe, in the order in which they were
written. The folder's path is printed as WORK.
"""

import argparse
import difflib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT_S = 60


def environment(work, program, fixtures):
    return {
        "PATH": os.environ["PATH"],
        "HOME": f"{work}/home",
        "XDG_DATA_HOME": f"{work}/data",
        "XDG_CONFIG_HOME": f"{work}/config",
        "TMPDIR": work,
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm",
        "AGXTRIAGE": str(program),
        "FIXTURES": str(fixtures),
        "TTY": f"{sys.executable} {HERE}/terminal.py",
        "LIB": f"{HERE}/lib.sh",
        "PYTHON": sys.executable,
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
        "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", ""),
        "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", ""),
    }


def run(script, program, fixtures):
    work = os.path.realpath(tempfile.mkdtemp(prefix="agxtriage-cli-"))
    try:
        folder = f"{work}/here"
        os.makedirs(folder)
        os.makedirs(f"{work}/home")
        done = subprocess.run(["sh", "-u", str(script)], cwd=folder, stdin=subprocess.DEVNULL,
                              env=environment(work, program, fixtures), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    text = done.stdout.decode("utf-8", "backslashreplace")
    return text.replace(work, "WORK").replace(str(fixtures), "FIXTURES"), done.returncode


def compare(expected_path, text):
    expected = expected_path.read_text(encoding="utf-8") if expected_path.exists() else ""
    if expected == text:
        return True
    sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), text.splitlines(True),
                                               expected_path.name, "what was printed"))
    return False


def make_fixtures(make, folder, stamp):
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, make, folder], check=True, stdout=subprocess.DEVNULL)
    pathlib.Path(stamp).touch()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--make-fixtures", nargs=3)
    parser.add_argument("--program", type=pathlib.Path)
    parser.add_argument("--fixtures", type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("script", nargs="?", type=pathlib.Path)
    args = parser.parse_args()
    if args.make_fixtures:
        make_fixtures(*args.make_fixtures)
        return 0
    text, status = run(args.script.resolve(), args.program.resolve(), args.fixtures.resolve())
    expected = args.script.resolve().with_suffix(".out")
    if args.update:
        expected.write_text(text, encoding="utf-8")
    same = compare(expected, text)
    if status:
        print(f"{args.script.name} itself ended with {status}")
    return 0 if same and status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
