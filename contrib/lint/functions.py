#!/usr/bin/env python3
"""No function is longer than LIMIT lines. Relies on the formatting that clang-format checks."""

import csource

LIMIT = 80


def functions(path):
    """Yields (first line, lines) of each function body that starts at the left edge."""
    start = None
    opened = False
    for number, line in enumerate(csource.code(path).split("\n"), 1):
        line = line.rstrip()
        if not opened:
            if line and not line[0].isspace() and line[0] not in "#}{":
                start = number
            if line.endswith(") {") or line == "{":
                opened = start is not None
            elif line.endswith((";", "{", "}")):
                start = None
        elif line.startswith("}"):
            yield start, number - start + 1
            opened, start = False, None


def main():
    paths = [p for p in csource.files(".c", ".m") if p.startswith(("src/", "tests/"))]
    findings = []
    count = longest = 0
    for path in paths:
        for start, lines in functions(path):
            count += 1
            longest = max(longest, lines)
            if lines > LIMIT:
                findings.append(f"{path}:{start}: {lines} lines, at most {LIMIT} are allowed")
    print(f"{count} functions, the longest has {longest} lines")
    csource.finish("functions", len(paths), findings)


main()
