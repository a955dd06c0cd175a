#!/usr/bin/env python3
"""Judges `show` and `scan` by the golden fixtures of tests/data/make.py, whose facts are known."""

import json
import os
import re
import shutil
import sys

sys.dont_write_bytecode = True
import program
import reading

# A text report has no room for these.
JSON_ONLY = ("incident_id", "bug_type", "boot_session", "hardware_model", "role", "coalition", "release_type",
             "launched_at", "id", "form", "source", "vm_region_info", "arch", "bundle_id", "short_version",
             "base_register", "displacement", "product", "is_corpse", "warnings", "first_seen_at", "triage",
             "esr_description", "message", "status", "conflicts", "panic_string", "version")


def find(facts, path):
    for part in path.split("."):
        if not isinstance(facts, dict):
            return None
        facts = facts.get(part)
    return facts


def agrees(want, got):
    if isinstance(want, dict):
        if "any" in want:
            return any(agrees(each, got) for each in want["any"])
        if "re" in want:
            return isinstance(got, str) and re.search(want["re"], got) is not None
        if "absent" in want:
            return got is None
    if want is None or isinstance(want, bool):
        return got is want or (want is False and got is None)
    if isinstance(want, str) and isinstance(got, str):
        return reading.canonical(want) == reading.canonical(got)
    return want == got


def check_facts(judge, file, want, got):
    for path, value in want.items():
        if path == "#concurrent":
            states = {str(each.get("index")): each.get("state") for each in got.get("concurrent_threads") or []}
            judge.check(file, states == value, "concurrent_threads: expected %r, got %r" % (value, states))
            continue
        judge.check(file, agrees(value, find(got, path)),
                    "%s: expected %s, got %r" % (path, json.dumps(value), find(got, path)))


def check_shown(judge, folder, entry):
    """show --json FILE against the index and, for JSON, against the independent reading."""
    file = entry["file"]
    path = os.path.join(folder, file)
    status, rows, err = judge.objects("show", "--json", path)
    if entry["outcome"] == "rejected":
        judge.check(file, status == 1, "exit status 1 expected, got %d" % status)
        judge.check(file, not rows, "rejected, and yet shown: %r" % str(rows)[:200])
        judge.one_clear_line(file, err, file)
        judge.check(file, re.search(entry["reason"], err.replace(path, "")),
                    "reason %r expected, got %r" % (entry["reason"], err[:300]))
        return rows
    if entry["outcome"] == "either":
        judge.check(file, status in (0, 1), "exit status %d" % status)
        return rows
    judge.check(file, status == 0, "exit status 0 expected, got %d: %s" % (status, err[:300]))
    judge.check(file, len(rows) == len(entry["reports"]),
                "%d reports expected, got %d" % (len(entry["reports"]), len(rows)))
    for want, got in zip(entry["reports"], rows):
        check_facts(judge, file, want, got)
        dirty = reading.unclean(got)
        judge.check(file, not dirty, "control bytes in %s" % dirty[:5])
        if entry.get("warnings"):
            judge.check(file, got.get("warnings"), "no warnings")
    if entry["kind"] == "json" and not entry.get("loose") and len(rows) == 1:
        with open(path, "rb") as opened:
            facts = reading.read(opened.read())
        judge.checks += 1
        for difference in reading.differences(facts, rows[0])[:12]:
            judge.finding(file, "independent reading: " + difference)
    return rows


def without(value, names):
    if isinstance(value, dict):
        return {key: without(each, names) for key, each in value.items()
                if key not in names and without(each, names) not in (None, [], {})}
    if isinstance(value, list):
        return [without(each, names) for each in value]
    return value


def check_both_ways(judge, file, as_text, as_json):
    """The same incident as text and as JSON: what both can tell must be equal."""
    left, right = without(as_text, JSON_ONLY), without(as_json, JSON_ONLY)
    right["threads"] = right.get("threads", [])
    for key in sorted(set(left) | set(right)):
        judge.checks += 1
        one, other = left.get(key), right.get(key)
        if key == "application_info":
            one, other = ["\n".join(each or []).split() for each in (one, other)]
        if key == "exception":
            one, other = ({name: each.get(name) for name in ("type", "signal", "subtype", "codes")}
                          for each in (one or {}, other or {}))
        if key == "termination":
            one, other = (dict(each or {}, indicator=((each or {}).get("indicator") or "").split(":")[0])
                          for each in (one, other))
        if one != other:
            judge.finding(file, "text and JSON differ in %s: %s / %s" % (key, json.dumps(one)[:300],
                                                                          json.dumps(other)[:300]))


def check_containers(judge, folder):
    """Standard input takes the same documents."""
    for file in ("container-full.txt", "container-two.txt"):
        with open(os.path.join(folder, file), "rb") as opened:
            raw = opened.read()
        _, named, _ = judge.objects("show", "--json", os.path.join(folder, file))
        status, piped, err = judge.objects("show", "--json", "-", input=raw)
        judge.check(file, status == 0 and [without(row, ("source", "id")) for row in named] ==
                    [without(row, ("source", "id")) for row in piped],
                    "show - differs from show FILE: %s" % err[:200])


def summary(judge, where, db, *args):
    status, rows, err = judge.objects("scan", "--json", *args, db=db)
    judge.check(where, status == 0, "exit status 0 expected, got %d: %s" % (status, err[:300]))
    if not judge.check(where, len(rows) == 1, "one object expected, got %r" % rows):
        return {}
    row = rows[0]
    names = ("seen", "added", "known", "passed_over", "rejected", "conflicts")
    judge.check(where, all(isinstance(row.get(name), int) for name in names), "numbers missing in %r" % row)
    judge.check(where, row.get("seen") == sum(row.get(name, 0) for name in names[1:5]),
                "seen is not the sum: %r" % row)
    return row


def check_scan(judge, folder, index):
    db = judge.new_database()
    taken = [entry for entry in index if entry["outcome"] == "taken"]
    rejected = {entry["file"]: entry for entry in index if entry["outcome"] == "rejected"}
    either = [entry["file"] for entry in index if entry["outcome"] == "either"]
    incidents = {key for entry in taken for key in entry["incidents"]}
    first = summary(judge, "scan", db, "--all", folder)
    judge.check("scan", len(incidents) <= first.get("added", 0) <= len(incidents) + len(either),
                "%d incidents expected, %r" % (len(incidents), first))
    judge.check("scan", len(rejected) <= first.get("rejected", 0) <= len(rejected) + len(either),
                "%d rejections expected, %r" % (len(rejected), first))
    judge.check("scan", first.get("passed_over") == 0, "--all passes nothing over: %r" % first)

    _, rows, _ = judge.objects("list", "--rejected", "--json", db=db)
    seen = {os.path.basename(row.get("path", "")): row for row in rows}
    for file, entry in rejected.items():
        if judge.check(file, file in seen, "not among list --rejected"):
            row = seen[file]
            judge.check(file, re.search(entry["reason"], row.get("reason") or ""),
                        "reason %r expected, got %r" % (entry["reason"], row.get("reason")))
            judge.check(file, row.get("size") == os.path.getsize(os.path.join(folder, file)) and row.get("seen_at"),
                        "size and seen_at: %r" % row)
    for file in seen:
        judge.check(file, file in rejected or file in either, "rejected: %s" % seen[file].get("reason"))

    again = summary(judge, "second scan", db, "--all", folder)
    judge.check("second scan", again.get("added") == 0, "a second scan adds: %r" % again)
    judge.check("second scan", len(index) <= again.get("seen", 0) <= first.get("seen", 0),
                "sees %r, before %r" % (again, first))
    retired = os.path.join(folder, "Retired")
    os.mkdir(retired)
    for entry in taken[:40]:
        shutil.copy2(os.path.join(folder, entry["file"]), retired)
    moved = summary(judge, "scan with Retired", db, "--all", folder)
    judge.check("scan with Retired", moved.get("added") == 0 and moved.get("seen", 0) > again.get("seen", 0),
                "copies in Retired: %r" % moved)
    judge.check("scan with Retired", moved.get("conflicts") == 0, "equal bytes are no conflict: %r" % moved)
    shutil.rmtree(retired)
    check_listing(judge, db, folder, taken, first)
    return db


def check_listing(judge, db, folder, taken, first):
    status, rows, _ = judge.objects("list", "--json", db=db)
    judge.check("list", len(rows) == first.get("added"), "%d rows, %r added" % (len(rows), first.get("added")))
    times = [row.get("captured_at") or "" for row in rows]
    judge.check("list", [each for each in times if each] == sorted([each for each in times if each], reverse=True),
                "not newest first")
    by_path = {}
    for row in rows:
        by_path.setdefault(os.path.basename((row.get("source") or {}).get("path") or ""), []).append(row)
    for entry in taken:
        for row in by_path.get(entry["file"], [])[:1]:
            if len(entry["reports"]) != 1 or entry["kind"] != "json" or hash_of(entry["file"]) % 3:
                continue
            ident = str(row.get("id"))
            _, shown, _ = judge.objects("show", "--json", ident, db=db)
            if not judge.check(entry["file"], len(shown) == 1, "show %s gives %d" % (ident, len(shown))):
                continue
            lasting = {key: value for key, value in row.items() if key not in ("threads", "images", "registers")}
            for key, value in lasting.items():
                judge.check(entry["file"], shown[0].get(key) == value,
                            "list and show differ in %s: %r / %r" % (key, value, shown[0].get(key)))
            check_facts(judge, entry["file"] + " (stored)", entry["reports"][0], shown[0])
            _, raw, _ = judge.run("show", "--raw", ident, db=db)
            with open(os.path.join(folder, entry["file"]), "rb") as opened:
                judge.check(entry["file"], raw == opened.read(), "show --raw gives other bytes")


def hash_of(text):
    return sum(text.encode())


def check_race(judge, folder, index):
    """Two scans at once into one fresh database add each incident once."""
    db = judge.new_database()
    pair = [judge.start("scan", "--all", "--json", folder, db=db) for _ in range(2)]
    rows = []
    for process in pair:
        out, err = process.communicate(timeout=program.HANG_S)
        judge.check("two scans", process.returncode == 0, "exit status %d: %s" % (process.returncode, err[:300]))
        if judge.check("two scans", out.strip(), "no summary: %s" % err[:300]):
            rows.append(json.loads(out))
    incidents = {key for entry in index if entry["outcome"] == "taken" for key in entry["incidents"]}
    either = sum(entry["outcome"] == "either" for entry in index)
    added = sum(row.get("added", 0) for row in rows)
    judge.check("two scans", len(incidents) <= added <= len(incidents) + either,
                "%d incidents, added %d: %r" % (len(incidents), added, rows))
    _, listed, _ = judge.objects("list", "--json", db=db)
    judge.check("two scans", len(listed) == added, "%d rows, %d added" % (len(listed), added))


def check_conflict(judge, folder):
    """The same incident with other bytes: the first stays, JSON replaces text, and it is counted."""
    source = os.path.join(folder, "agx-bind-resource.ips")
    with open(source, "rb") as opened:
        raw = opened.read()
    place = os.path.join(judge.folder, "conflict")
    os.mkdir(place)
    db = judge.new_database()
    with open(os.path.join(place, "Python-a.ips"), "wb") as out:
        out.write(raw)
    summary(judge, "conflict", db, "--all", place)
    with open(os.path.join(place, "Python-b.ips"), "wb") as out:
        out.write(raw.replace(b'"uptime" : 310000', b'"uptime" : 310001'))
    row = summary(judge, "conflict", db, "--all", place)
    judge.check("conflict", row.get("added") == 0 and row.get("conflicts", 0) >= 1, "%r" % row)
    _, shown, _ = judge.run("show", "--raw", "latest", db=db)
    judge.check("conflict", shown == raw, "the first does not stay")
    db = judge.new_database()
    text = os.path.join(folder, "agx-bind-resource.text.crash")
    summary(judge, "text first", db, "--all", text)
    row = summary(judge, "text first", db, "--all", source)
    judge.check("text first", row.get("added") == 0, "text and JSON of one incident: %r" % row)
    _, rows, _ = judge.objects("show", "--json", "latest", db=db)
    judge.check("text first", rows and rows[0].get("incident_id"), "JSON does not replace the text")


def main():
    judge = program.Program("fixtures")
    folder = os.path.join(judge.folder, "fixtures")
    index = program.make_fixtures(folder)
    shown = {}
    for entry in index:
        shown[entry["file"]] = check_shown(judge, folder, entry)
    for entry in index:
        if entry.get("same_as") and shown[entry["file"]] and shown[entry["same_as"]]:
            check_both_ways(judge, entry["file"], shown[entry["file"]][0], shown[entry["same_as"]][0])
    check_containers(judge, folder)
    check_scan(judge, folder, index)
    check_race(judge, folder, index)
    check_conflict(judge, folder)
    return judge.finish()


if __name__ == "__main__":
    sys.exit(main())
