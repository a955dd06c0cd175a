#!/usr/bin/env python3
"""tidy.py CLANG-TIDY BUILD-FOLDER WORKERS [NODES]: runs clang-tidy on our sources, several at once. Checks: .clang-tidy. NODES: how
many states of a function the static analyzer looks at before it gives up; clang's own bound is 225,000."""

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


def bound(nodes):
    """Options that set it."""
    return [f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang", f"max-nodes={nodes}")]


def run(tool, build, options, path):
    result = subprocess.run([tool, "--quiet", "-p", build, *options, path], capture_output=True, text=True, check=False, env=ENVIRONMENT)
    lines = [line for line in result.stderr.split("\n") if "error:" in line]
    return result.returncode, (result.stdout + "\n".join(lines)).strip()


def main():
    tool, build, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    options = bound(int(sys.argv[4])) if len(sys.argv) > 4 else []
    paths = sources(build)
    findings = [] if paths else [f"{build} compiles nothing of ours"]
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for status, text in pool.map(lambda path: run(tool, build, options, path), paths):
            if status or text:
                findings.append(text or f"clang-tidy ended with status {status}")
    csource.finish("tidy", len(paths), findings)


main()
