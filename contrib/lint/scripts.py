#!/usr/bin/env python3
"""Scripts: every Python file compiles; with --shell the names of shell scripts are printed for shellcheck."""

import os
import sys

import csource


def interpreter(path):
    with open(os.path.join(csource.ROOT, path), "rb") as file:
        first = file.readline(200)
    return first.decode("utf-8", "replace") if first.startswith(b"#!") else ""


def is_shell(path):
    return path.endswith((".sh", ".bash")) or interpreter(path).rstrip().endswith(("/sh", "bash", " sh"))


def is_python(path):
    return path.endswith(".py") or "python" in interpreter(path)


def compile_python(path):
    try:
        compile(csource.read(path), path, "exec")
    except (SyntaxError, ValueError) as error:
        return f"{path}: {error}"
    return None


def main():
    paths = csource.files("")
    if "--shell" in sys.argv[1:]:
        print("\n".join(p for p in paths if is_shell(p)))
        return
    paths = [p for p in paths if is_python(p)]
    csource.finish("scripts", len(paths), [f for f in map(compile_python, paths) if f])


main()
