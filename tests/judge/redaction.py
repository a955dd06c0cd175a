#!/usr/bin/env python3
"""Judges the redaction of every report of the corpus: nothing that a person could be found by is left, the report is the
same report, and every command reads it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import program
from program import Program

REDACTOR = os.environ.get("AGXTRIAGE_REDACTOR")
CORPUS = os.environ.get("AGXTRIAGE_CORPUS") or os.path.join(os.path.dirname(program.ROOT), "shared", "corpus")

# What tells of a person or a machine, wherever it stands.
PRIVATE = {
    "home": re.compile(r"/(?:Users|home)/(?!USER\b|\*(?:/|$)|Shared\b|<user-\d+>|<path-\d+>)[^/\s\"<>]+", re.I),
    "e-mail": re.compile(r"\b[\w.+-]+@[\w-]+\.[a-z]{2,}\b", re.I),
    "host": re.compile(r"\b[\w-]+\.(?:local|lan|fritz\.box)\b", re.I),
    "volume": re.compile(r"/Volumes/(?!<)[^/\s\"]+"),
    "temporary folder": re.compile(r"/var/folders/(?!<)\w+/(?!<)\w{20,}"),
    "container": re.compile(r"/(?:Containers?|Application|Devices|DerivedData)/[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F-]{20,}", re.I),
    "MAC": re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", re.I),
    "IPv4": re.compile(r"(?<![\w.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}(?![\w.])"),
    "URL": re.compile(r"\bhttps?://(?!<)[\w.-]+"),
}
# Members whose value names the machine or its user.
MACHINE = ("crashReporterKey", "sleepWakeUUID", "bootSessionUUID")
GONE = ("storeInfo", "codeSigningTeamID", "codeSigningID", "trialInfo", "deviceIdentifierForVendor", "basebandVersion",
        "logWritingSignature", "app_cohort", "adam_id", "voucherInfos", "os_fault", "wifiSSID")
MACHINE_LINES = re.compile(r"^(?:Wi-Fi|Bluetooth|USB Device|Network Service|Serial ATA Device|Thunderbolt Bus|Graphics|Memory Module"
                           r"|AirPort|Volumes|USB Bus)\b.*", re.M)
KEY_LINES = re.compile(r"^(?:CrashReporter Key|Anonymous UUID|Sleep/Wake UUID|Boot Session UUID|Beta Identifier):[ \t]+(?!<machine-)\S.*", re.M)


def real_files():
    folder = os.path.join(CORPUS, "real")
    if not os.path.isdir(folder):
        print("no corpus at %s: skipped" % CORPUS)
        sys.exit(program.SKIPPED)
    return sorted(os.path.join(folder, name) for name in os.listdir(folder))


def leaves(value, key=None):
    if isinstance(value, dict):
        for name, each in value.items():
            yield name, name
            yield from leaves(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, key)
    else:
        yield key, value


def objects(text):
    """The JSON objects of a report, strictly read; the text behind a header alone."""
    decoder, found = json.JSONDecoder(), []
    text = text.lstrip("\ufeff \t\r\n")
    while text.startswith("{"):
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found, text


def names_in(raw):
    """Login names that the original's paths give away."""
    text = raw.decode("utf-8", "replace").replace("\\/", "/")
    names = set(re.findall(r"/(?:Users|home)/([A-Za-z][\w.-]{2,})(?=/)", text))
    return {name for name in names if name not in ("USER", "Shared", "username", "user", "runner")}


def examine(judge, where, raw, names):
    text = raw.decode("utf-8")
    found, rest = objects(text)
    values = [(key, value) for each in found for key, value in leaves(each)]
    plain = rest + "\n" + "\n".join(str(value) for _, value in values)
    for what, pattern in PRIVATE.items():
        left = [hit.group(0) for hit in pattern.finditer(plain)]
        judge.check(where, not left, "%s is left: %r" % (what, sorted(set(left))[:5]))
    for key, value in values:
        if key in MACHINE and value not in MACHINE:
            judge.check(where, value in (None, "") or re.fullmatch(r"<machine-\d+>", value), "%s is left: %r" % (key, value))
        judge.check(where, key not in GONE, "%s is left" % key)
    for name in names:
        judge.check(where, not re.search(r"(?<![A-Za-z0-9])%s(?![A-Za-z0-9])" % re.escape(name), plain, re.I),
                    "the login %r is left" % name)
    for pattern in (MACHINE_LINES, KEY_LINES):
        left = [hit.group(0)[:100] for hit in pattern.finditer(rest)]
        judge.check(where, not left, "the machine is described: %r" % left[:3])


def redact_all(folder, files):
    answer = subprocess.run([REDACTOR, folder] + files, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200)
    if answer.returncode:
        sys.exit("the redactor ended with %d: %s" % (answer.returncode, answer.stderr[-2000:]))
    return [json.loads(line) for line in answer.stdout.splitlines()]


def shown(judge, path):
    status, rows, err = judge.objects("show", "--json", path)
    judge.check(path, status == 0, "show: status %d, %s" % (status, err[:300]))
    return rows


def same_facts(judge, where, before, after):
    for key in ("site", "kind", "bug_type", "component", "operation", "hardware_model", "captured_at", "cpu_type", "os", "fault",
                "attribution", "raw_codes"):
        judge.check(where, before.get(key) == after.get(key), "%s: %r, was %r" % (key, after.get(key), before.get(key)))
    judge.check(where, before["signature"]["hash"] == after["signature"]["hash"],
                "signature: %r, was %r" % (after["signature"], before["signature"]))
    judge.check(where, (before.get("driver") or {}) == (after.get("driver") or {}), "driver: %r" % after.get("driver"))
    for key in ("threads", "images"):
        judge.check(where, len(before.get(key) or []) == len(after.get(key) or []), "another number of %s" % key)
    judge.check(where, before.get("registers") == after.get("registers"), "other registers")


def readable(judge, folder, reports):
    """scan, list and show of the whole folder."""
    db = judge.new_database()
    status, rows, err = judge.objects("scan", "--all", "--json", os.path.join(folder, "out"), db=db)
    judge.check("scan", status == 0 and rows[0]["rejected"] == 0, "status %d: %s %s" % (status, rows, err[:600]))
    status, rows, err = judge.objects("list", "--json", db=db)
    judge.check("list", status == 0 and 0 < len(rows) <= reports, "status %d, %d rows of %d" % (status, len(rows), reports))
    for row in rows[:20]:
        status, out, err = judge.run("show", "-a", str(row["id"]), db=db)
        judge.check("show %d" % row["id"], status == 0 and out, "status %d: %s" % (status, err[:300]))


def main():
    files = real_files()
    judge = Program("redaction")
    with tempfile.TemporaryDirectory(prefix="agxtriage-judge-") as folder:
        out = os.path.join(folder, "out")
        os.mkdir(out)
        results, reports = redact_all(out, files), 0
        for number, (file, result) in enumerate(zip(files, results)):
            where = os.path.basename(file)
            with open(file, "rb") as original:
                raw = original.read()
            judge.check(where, not result["found"], "is another report: %s" % result["found"][:2000])
            for ordinal in range(result["reports"]):
                with open(os.path.join(out, "%d-%d.ips" % (number, ordinal)), "rb") as redacted:
                    examine(judge, where, redacted.read(), names_in(raw))
            before = shown(judge, file) if result["reports"] else []
            after = [each for ordinal in range(result["reports"])
                     for each in shown(judge, os.path.join(out, "%d-%d.ips" % (number, ordinal)))]
            if judge.check(where, len(before) == len(after), "%d reports, were %d" % (len(after), len(before))):
                for one, other in zip(before, after):
                    same_facts(judge, where, one, other)
            reports += result["reports"]
        judge.check("corpus", reports >= 60, "only %d reports were redacted" % reports)
        readable(judge, folder, reports)
    return judge.finish()


if __name__ == "__main__":
    sys.exit(main())
