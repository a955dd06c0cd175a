#!/usr/bin/env python3
"""Reads Meson's testlog.json: one line with passed, failed and skipped, then what failed and why tests were skipped."""

import json
import sys

GOOD = {"OK", "EXPECTEDFAIL"}
TAIL_LINES = 40


def last_line(test):
    lines = (test.get("stdout", "") + "\n" + test.get("stderr", "")).strip().split("\n")
    return lines[-1].strip() or "no reason given"


def show(title, test):
    print(f"--- {title}: {test['name']} ({test['result']}, {test['duration']:.1f} s)")
    for stream in ("stdout", "stderr"):
        lines = test.get(stream, "").rstrip().split("\n")
        for line in lines[-TAIL_LINES:]:
            if line:
                print("    " + line)


def main():
    counts = [0, 0, 0]
    failed, skipped = [], []
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            test = json.loads(line)
            if test["result"] in GOOD:
                counts[0] += 1
            elif test["result"] == "SKIP":
                counts[2] += 1
                skipped.append(test)
            else:
                counts[1] += 1
                failed.append(test)
    print(*counts)
    for test in skipped:
        print(f"--- skipped: {test['name']}: {last_line(test)}")
    for test in failed:
        show("failed", test)


main()
