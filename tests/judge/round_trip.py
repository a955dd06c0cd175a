#!/usr/bin/env python3
"""Judges `export` and `import` on the corpus of real reports: without redaction every byte and every fact comes back;
redacted, every incident keeps its site, its signature and its frames."""

import hashlib
import os
import sys

sys.dont_write_bytecode = True
import program

DEFAULT = os.path.join(os.path.dirname(program.ROOT), "shared", "corpus")
KEPT = ("kind", "bug_type", "captured_at", "site", "component", "operation", "attribution", "fault", "raw_codes",
        "status")


def rows_of(judge, db):
    status, rows, err = judge.objects("list", "--json", db=db)
    judge.check(db, status == 0, "list: status %d: %s" % (status, err[:300]))
    return rows


def frames_of(row):
    """What of a stack must stay; file names of sources and private words in a symbol may not."""
    thread = row.get("crashed_thread") or {}
    return [(frame["image_offset"], frame["symbol_offset"], frame["address"]) for frame in thread.get("frames") or []]


def judge_bytes(judge, db, rows):
    for row in rows:
        _, out, _ = judge.run("show", "--raw", str(row["id"]), db=db)
        judge.check(row["source"]["path"], hashlib.sha256(out).hexdigest() == row["source"]["sha256"], "other bytes")


def send(judge, path, source, target, *options):
    """Out of one database into another; what was said meanwhile."""
    said = ""
    for words, db in (("export", *options, "-o", path), source), (("import", path), target):
        status, _, err = judge.run(*words, db=db)
        said += err.decode("utf-8")
        judge.check(words[0], status == 0, "status %d: %s" % (status, err[:500]))
    return said


def is_known_again(row):
    """What has neither an id nor process, pid and time is known by its bytes alone, which redaction changes."""
    return row["incident_id"] or (row["process"]["name"] and row["process"]["pid"] is not None and row["captured_at"])


def judge_original(judge, db, want):
    again = judge.new_database()
    send(judge, os.path.join(judge.folder, "original.tar.gz"), db, again, "--no-redact")
    got = rows_of(judge, again)
    judge.check("round trip", len(got) == len(want), "%d incidents expected, got %d" % (len(want), len(got)))
    for row, back in zip(want, got):
        judge.check(row["source"]["path"], row == back, "differs in %s" % [key for key in row if row[key] != back.get(key)])
    judge_bytes(judge, again, got)


def judge_redacted(judge, db, want):
    again = judge.new_database()
    said = send(judge, os.path.join(judge.folder, "redacted.tar.gz"), db, again)
    judge.check("redacted", "signature after redaction" not in said and "left out" not in said, said[:500])
    got = {row["id"]: row for row in rows_of(judge, again)}
    for row in filter(is_known_again, want):
        back, file = got.get(row["id"]), row["source"]["path"]
        if not judge.check(file, back, "is missing"):
            continue
        for member in KEPT:
            judge.check(file, row[member] == back[member], "%s %r became %r" % (member, row[member], back[member]))
        judge.check(file, (row["signature"] or {}).get("hash") == (back["signature"] or {}).get("hash"), "another signature")
        judge.check(file, frames_of(row) == frames_of(back), "other frames")


def main():
    corpus = os.environ.get("AGXTRIAGE_CORPUS") or DEFAULT
    if not os.path.isdir(os.path.join(corpus, "real")):
        print("no corpus at %s (set AGXTRIAGE_CORPUS)" % corpus)
        return program.SKIPPED
    judge = program.Program("round-trip")
    db = judge.new_database()
    judge.run("-q", "scan", "--all", "--recursive", corpus, db=db)
    want = rows_of(judge, db)
    judge.check("corpus", len(want) > 100, "only %d incidents" % len(want))
    judge_original(judge, db, want)
    judge_redacted(judge, db, want)
    print("%d incidents" % len(want))
    return judge.finish()


if __name__ == "__main__":
    sys.exit(main())
