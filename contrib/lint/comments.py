#!/usr/bin/env python3
"""Every source file opens with a comment that says what it is for."""

import re

import csource

# A scene of the command line tests says what it does with its commands, and every line of it is compared.
SCENE = re.compile(r"tests/cli/.*\.sh$")


def opening(text):
    lines = text.split("\n")
    if lines and lines[0].startswith("#!"):
        lines = lines[1:]
    return next((line.strip() for line in lines if line.strip()), "")


def is_comment(path, line):
    if path.endswith((".c", ".h", ".m")):
        return line.startswith("/*")
    return line.startswith(("#", '"""', "'''"))


def main():
    paths = [p for p in csource.files(".c", ".h", ".m", ".py", ".sh")
             if p.startswith(("src/", "include/", "tests/", "contrib/")) and not SCENE.match(p)]
    csource.finish("comments", len(paths), [
        f"{path}: does not open with a comment on its purpose"
        for path in paths if not is_comment(path, opening(csource.read(path)))])


main()
