#!/usr/bin/env python3
"""Runs clang-tidy on our sources, several at once: tidy.py CLANG-TIDY BUILD-FOLDER WORKERS. Checks: .clang-tidy."""

import concurrent.futures
import json
import os
import subprocess
import sys

import csource


def sources(build):
    """Our C files that the build compiles, largest first, so that no worker starts a large one at the end."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    ours = {os.path.join(csource.ROOT, path) for path in csource.files(".c")}
    paths = {os.path.realpath(os.path.join(c["directory"], c["file"])) for c in commands}
    return sorted(paths & {os.path.realpath(p) for p in ours}, key=os.path.getsize, reverse=True)


# The analyzer fills hundreds of megabytes with small nodes: in large pages it is done a tenth earlier.
ENVIRONMENT = dict(os.environ, GLIBC_TUNABLES="glibc.malloc.hugetlb=1")


def run(tool, build, path):
    result = subprocess.run([tool, "--quiet", "-p", build, path], capture_output=True, text=True, check=False, env=ENVIRONMENT)
    lines = [line for line in result.stderr.split("\n") if "error:" in line]
    return result.returncode, (result.stdout + "\n".join(lines)).strip()


def main():
    tool, build, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    paths = sources(build)
    findings = []
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for status, text in pool.map(lambda path: run(tool, build, path), paths):
            if status or text:
                findings.append(text or f"clang-tidy ended with status {status}")
    csource.finish("tidy", len(paths), findings)


main()
