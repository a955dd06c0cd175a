#!/usr/bin/env python3
"""check_store.py AGXTRIAGE LIST_STORE REPORT: takes REPORT into a new database and reads it back through the public library: the
row and the report read again must tell the same, and reading must change nothing. Standard library only."""
import hashlib
import os
import subprocess
import sys
import tempfile


def run(*command, status=0):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != status:
        sys.exit(f"{command}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def two_in_one(folder, report):
    """A document that holds the report twice, as incidents of their own."""
    with open(report, encoding="utf-8") as file:
        text = file.read()
    path = os.path.join(folder, "two.txt")
    with open(path, "w", encoding="utf-8") as file:
        for number in "56":
            file.write("It crashed again:\n\n" + text.replace("444444444444", number * 12) + "\n")
    return path


def main():
    program, lister, report = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "crashes.db")
        missing = run(lister, database, status=1)
        assert database in missing, missing
        run(program, "--db", database, "scan", report, two_in_one(folder, report))
        with open(database, "rb") as file:
            before = hashlib.sha256(file.read()).digest()
        lines = run(lister, database).splitlines()
        assert len(lines) == 6, lines
        for row, again in zip(lines[::2], lines[1::2]):
            assert row.startswith("row ") and again.startswith("report "), row + again
            assert row.split()[1:] == again.split()[1:], f"{row}\n{again}"
            assert "agx-set-compute-pipeline-state" in row and " 0x5c8 " in row, row
        assert len({row.split()[2] for row in lines}) == 3, lines
        assert run(lister, database, "site=nothing") == "", "a filter that matches nothing"
        assert "nosuchfield" in run(lister, database, "nosuchfield=1", status=1)
        with open(database, "rb") as file:
            assert hashlib.sha256(file.read()).digest() == before, "reading changed the database"
    print("\n".join(lines))


main()
