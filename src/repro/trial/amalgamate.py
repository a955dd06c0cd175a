#!/usr/bin/env python3
"""amalgamate.py --output FILE --root SRC --version V --license FILE [--depfile FILE] SOURCE...

Makes one self-contained Objective-C file of the given sources, in their order: each header of ours stands once, where it is
first included. For people who have a Mac and a compiler and nothing else."""

import argparse
import os
import re

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"[^\n]*$')

ABOUT = """\
/*
 * agxtriage-repro.m: threads that encode small kernels on the GPU as PyTorch's MPS backend does, under
 * a locking policy and in a scenario of your choice, until they are done or the GPU's driver crashes.
 * Part of agxtriage {version}; made of the files named below, nothing else is needed. On a Mac:
 *
 *   {command}
 *   ./agxtriage-repro --help
 *
 * {copyright}
 * SPDX-License-Identifier: MIT (the whole text is at the end)
 */
"""
COMMAND = "clang -fobjc-arc -O2 -framework Foundation -framework Metal agxtriage-repro.m -o agxtriage-repro"


class Amalgam:
    """The text so far, and which files are in it."""

    def __init__(self, root):
        self.root = root
        self.parts = []
        self.done = []

    def add(self, path, name):
        self.done.append(os.path.abspath(path))
        # What it includes stands before its heading: headings are not nested.
        lines = []
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file.read().split("\n"), 1):
                match = INCLUDE.match(line)
                if match:
                    self.add_header(match.group(1), f"{path}:{number}")
                else:
                    lines.append(line)
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
        self.parts.append(f"/* ======== {name} ======== */\n\n{text}\n")

    def add_header(self, name, where):
        path = os.path.join(self.root, name)
        if not os.path.isfile(path):
            raise SystemExit(f"{where}: there is no {name} below {self.root}")
        if os.path.abspath(path) not in self.done:
            self.add(path, name)


def license_comment(text):
    return "/*\n" + "".join(f" * {line}".rstrip() + "\n" for line in text.strip().split("\n")) + " */\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--output", "--root", "--version", "--license"):
        parser.add_argument(option, required=True)
    parser.add_argument("--depfile")
    parser.add_argument("sources", nargs="+")
    args = parser.parse_args()
    with open(args.license, encoding="utf-8") as file:
        terms = file.read()
    amalgam = Amalgam(args.root)
    for source in args.sources:
        amalgam.add(source, os.path.relpath(source, args.root))
    about = ABOUT.format(version=args.version, command=COMMAND,
                         copyright=next(line for line in terms.split("\n") if line.startswith("Copyright")))
    with open(args.output, "w", encoding="utf-8") as file:
        file.write("\n".join([about, *amalgam.parts, license_comment(terms)]))
    if args.depfile:
        with open(args.depfile, "w", encoding="utf-8") as file:
            file.write(f"{args.output}: {' '.join(path.replace(' ', chr(92) + ' ') for path in amalgam.done)}\n")


if __name__ == "__main__":
    main()
