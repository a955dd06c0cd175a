#!/usr/bin/env python3
"""check_readme.py: the README claims of Macs what the files in contrib/acceptance show, and nothing else. As long as there is
none, it says "never run on a GPU"; then it names model, build and date of each."""

import json
import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NEVER = "never run on a GPU"
# Without these, nothing was run on a GPU.
GPU = {"gpu", "independent"}


def faults_of(record):
    """Why such a file shows nothing."""
    if record.get("format") != "agxtriage-acceptance":
        yield "is no acceptance file"
    elif record["rehearsal"] or not record["complete"]:
        yield "is a rehearsal, or was stopped"
    elif not GPU <= {point["name"] for point in record["points"] if point["result"] in ("pass", "fail", "note")}:
        yield "has no points of the GPU"


def check(readme, folder):
    text = " ".join(readme.split())
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in names:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            record = json.load(file)
        for fault in faults_of(record):
            yield f"{name}: {fault}"
        for what in (record["machine"].get("model"), record["machine"].get("os_build"), record["started_at"][:10]):
            if not what or what not in text:
                yield f"{name}: the README does not name {what}"
    if (NEVER in text) == bool(names):
        yield f"{len(names)} acceptance files, and the README {'says' if names else 'does not say'} '{NEVER}'"


def check_itself():
    """A claim without a file, a rehearsal and a file that is not named are found."""
    good = {"format": "agxtriage-acceptance", "rehearsal": False, "complete": True, "started_at": "2026-01-02T03:04:05Z",
            "machine": {"model": "Mac16,5", "os_build": "24G419"},
            "points": [{"name": name, "result": "pass"} for name in sorted(GPU)]}
    named = "Run on Mac16,5, build 24G419, 2026-01-02."
    with tempfile.TemporaryDirectory() as folder:
        yield NEVER, folder, 0
        yield named, folder, 1
        for record, text, count in ((good, named, 0), (good, NEVER, 4), (dict(good, rehearsal=True), named, 1),
                                    (dict(good, points=[]), named, 1)):
            with open(os.path.join(folder, "x.json"), "w", encoding="utf-8") as file:
                json.dump(record, file)
            yield text, folder, count


def main():
    faults = [f"itself: {text!r}: not {count} findings" for text, folder, count in check_itself()
              if len(list(check(text, folder))) != count]
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        faults += check(file.read(), os.path.join(ROOT, "contrib", "acceptance"))
    for fault in faults:
        print(fault)
    print(f"{len(faults)} findings")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
