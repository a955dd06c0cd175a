#!/usr/bin/env python3
"""check_example.py SOURCE HEADER_FOLDER LIBRARY REPORT EXPECTED CC...: compiles the library's example with the public header
alone, runs it on REPORT and compares what it prints. SOURCE is a C file, or a Markdown file whose block ```c with
#include <agxtriage.h> is taken; exit status 77 while that has no such block. Standard library only."""
import os
import re
import subprocess
import sys
import tempfile


def find_example(path):
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        if not path.endswith(".md"):
            return file.read()
        blocks = re.findall(r"^```c\n(.*?)^```", file.read(), re.M | re.S)
    return next((block for block in blocks if "#include <agxtriage.h>" in block), None)


def main():
    source_path, headers, library, report, expected, *compiler = sys.argv[1:]
    example = find_example(source_path)
    if example is None:
        print(f"{source_path} has no example")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "example.c"), os.path.join(folder, "example")
        with open(source, "w", encoding="utf-8") as file:
            file.write(example)
        subprocess.run([*compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-I", headers, source, library,
                        "-Wl,-rpath," + os.path.dirname(os.path.abspath(library)), "-o", program], check=True)
        run = subprocess.run([program, report], stdout=subprocess.PIPE, text=True, check=False)
    print(run.stdout, end="")
    if run.returncode != 0 or run.stdout.strip() != expected:
        print(f"exit status {run.returncode}, expected: {expected}")
        return 1
    return 0


sys.exit(main())
