#!/usr/bin/env python3
"""check_exports.py LIBRARY HEADER: the shared library defines the functions of its header and nothing else, never takes hold of
cJSON's process-wide hooks, and prints nothing. Standard library only."""
import re
import subprocess
import sys

FORBIDDEN = {"cJSON_InitHooks", "printf", "puts", "putchar", "fputs", "vprintf", "stdout", "stderr", "exit", "_exit",
             "setlocale", "signal", "sigaction"}


def names(library, *options):
    dynamic = [] if sys.platform == "darwin" else ["-D"]
    out = subprocess.run(["nm", *dynamic, *options, library], stdout=subprocess.PIPE, check=True, text=True).stdout
    words = [line.split()[-1].split("@")[0] for line in out.splitlines() if line.strip()]
    return {word.removeprefix("_") if sys.platform == "darwin" else word for word in words}


def main():
    library, header = sys.argv[1:]
    with open(header, encoding="utf-8") as file:
        declared = set(re.findall(r"AGXTRIAGE_PUBLIC[^;(]*?(agxtriage_\w+)\(", file.read()))
    only = ["-gU"] if sys.platform == "darwin" else ["--defined-only"]
    # What a sanitizer's or coverage build adds is not ours.
    defined = {n for n in names(library, *only) if not n.startswith(("__", "_init", "_fini", "_edata", "_end"))}
    findings = [f"exports {n}, which the header does not declare" for n in sorted(defined - declared)]
    findings += [f"does not export {n}" for n in sorted(declared - defined)]
    findings += [f"needs {n}" for n in sorted(FORBIDDEN & names(library, "-u"))]
    if not declared:
        findings.append("found no declaration in the header")
    for finding in findings:
        print(finding)
    print(f"{len(declared)} functions, {len(findings)} findings")
    return bool(findings)


sys.exit(main())
