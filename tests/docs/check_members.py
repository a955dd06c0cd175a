#!/usr/bin/env python3
"""check_members.py PROGRAM REPORT: each member of the JSON that a command prints is named on the command's page, or on the page
that it leads to for that, and agxtriage-schema(7) has the views of the database, each with its columns. The answers are those
about one report, one experiment and one rejected file. The objects of incidents are described by a JSON Schema, and checked
against that elsewhere."""

import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

MAN = pathlib.Path(__file__).resolve().parents[2] / "contrib" / "man"

# Page, command, and the members whose own members are looked at as well. In an order in which later ones have what they need.
ANSWERS = (
    ("agxtriage-scan.1", ["scan", "--json", "report.ips", "broken.ips"], ()),
    ("agxtriage-list.1", ["list", "--rejected", "--json"], ()),
    ("agxtriage-top.1", ["top", "--json"], ()),
    ("agxtriage-rules.1", ["rules", "list", "--json"], ()),
    ("agxtriage-rules.1", ["rules", "test", "report.ips", "--json"], ()),
    ("agxtriage-triage.1", ["triage", "SITE", "--status", "known", "--json"], ()),
    ("agxtriage-triage.1", ["triage", "SITE", "--json"], ()),
    ("agxtriage-triage.1", ["triage", "--json"], ()),
    ("agxtriage-reclassify.1", ["reclassify", "--dry-run", "--json"], ("changes", "states")),
    ("agxtriage-status.1", ["status", "--json"], ("folders",)),
    ("agxtriage-daemon.1", ["daemon", "--check", "--json"], ("checks",)),
    ("agxtriage-doctor.1", ["doctor", "--dry-run", "--json"], ()),
    ("agxtriage-gc.1", ["gc", "--max-age", "36500d", "--dry-run", "--json"], ()),
    ("agxtriage-gc.1", ["gc", "--recompress", "--json"], ()),
    ("agxtriage-run.1 agxtriage-compare.1", ["run", "--wait", "0", "--json", "--", "true"], ("conditions", "claims")),
    ("agxtriage-compare.1", ["run", "-n", "1", "--wait", "0", "--matrix", "X=1,2", "--json", "--", "true"],
     ("conditions", "comparisons")),
    ("agxtriage-compare.1", ["compare", "--json"], ("conditions", "comparisons")),
    ("agxtriage-experiments.1", ["experiments", "--json"], ()),
    ("agxtriage-experiments.1", ["experiments", "latest", "--trials", "--json"], ()),
    ("agxtriage-export.1", ["export", "--json", "--review", "--yes", "-o", "x.zip"], ()),
    ("agxtriage-export.1", ["export", "--json", "--flat", "flat"], ()),
    ("agxtriage-import.1", ["import", "--json", "x.zip"], ()),
    ("agxtriage-help.1", ["help", "--json"], ("options", "commands")),
)
SITE = "agx-set-compute-pipeline-state"


def named(pages):
    """What stands behind .Va on the pages."""
    words = set()
    for page in pages.split():
        for line in re.findall(r"\bVa (.*)", (MAN / page).read_text(encoding="utf-8")):
            words.update(line.split())
    return words


def members(value, deeper):
    """The members of an object, and those of the objects in the members of these names."""
    for name, inner in value.items():
        yield name
        if name in deeper:
            for item in inner if isinstance(inner, list) else [inner]:
                yield from members(item, deeper)


def answer(program, home, words):
    environment = {"PATH": os.environ["PATH"], "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home, "TZ": "UTC",
                   **{name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}}
    done = subprocess.run([program, *words], cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120, check=False, env=environment)
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()], done.stderr.decode("utf-8", "replace")


def check_views(database):
    """How many views and columns stand on one side only."""
    page = (MAN / "agxtriage-schema.7").read_text(encoding="utf-8").split(".Sh DESCRIPTION\n")[1].split("\n.Sh ")[0]
    told = dict(re.findall(r"^\.Ss (\w+)\n(.*?)(?=^\.Ss |\Z)", page, re.M | re.S))
    base = sqlite3.connect(database)
    views = {name for name, in base.execute("select name from sqlite_master where type = 'view'")}
    faults = [f"agxtriage-schema.7: {name} {'is not told' if name in views else 'is no view'}" for name in views ^ told.keys()]
    for view in sorted(views & told.keys()):
        columns = {row[1] for row in base.execute(f"pragma table_info({view})")}
        words = set(re.findall(r"[a-z]\w*", " ".join(re.findall(r"\bVa (.*)", told[view].replace("\\(dq", " ")))))
        faults += [f"agxtriage-schema.7: {view}: {name} {'is not told' if name in columns else 'is no column'}"
                   for name in sorted(columns ^ words)]
    base.close()
    for fault in faults:
        print(fault)
    return len(faults)


def main():
    program, report = os.path.abspath(sys.argv[1]), sys.argv[2]
    faults = 0
    with tempfile.TemporaryDirectory(prefix="agxtriage-members-") as home:
        shutil.copy(report, os.path.join(home, "report.ips"))
        pathlib.Path(home, "broken.ips").write_text("no report\n", encoding="utf-8")
        for pages, words, deeper in ANSWERS:
            words = [SITE if word == "SITE" else word for word in words]
            objects, said = answer(program, home, words)
            if not objects:
                faults += 1
                print(f"agxtriage {' '.join(words)}: no object: {said}")
            found = {name for value in objects for name in members(value, deeper)}
            for name in sorted(found - named(pages)):
                faults += 1
                print(f"{pages}: {name} of agxtriage {' '.join(words)} is not told")
        faults += check_views(os.path.join(home, "agxtriage", "crashes.db"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
