#!/usr/bin/env python3
"""Judges `show --json` by every file of the corpus of real reports.

Reports whose body is JSON are read a second time here and compared fact by fact. For all others the
manifest, or the table below where it is not enough, says what must come out.
"""

import html
import os
import re
import sys

sys.dont_write_bytecode = True
import program
import reading

DEFAULT = os.path.join(os.path.dirname(program.ROOT), "shared", "corpus")

# File: what must come out, where the manifest does not say it. "rejected": pattern of the reason.
# "json": the offset-free marker at which a JSON report inside the document begins and must win.
# Other members override columns of the manifest; None leaves a column open.
SPECIAL = {
    # The header line is no object any more, the body behind it is whole.
    "23kadj_execudex__applelogs.md.ips": {"json": b"{\n  \"uptime\""},
    # Markdown and source files around a translated text and its "Full Report": the JSON wins.
    "MarcusBlanchard_FocusTogether__crash_log-34ca0a.txt": {"json": b"{\"app_name\""},
    "derekaz_BookShelves__IOS_CTD_ChatLog1-324f40.txt": {"json": b"{\"roots_installed\""},
    "ismailimamoglu_MotoCortex__hata-b52273.txt": {"json": b"{\"app_name\""},
    "mcastel1_thelemacus__main-3314ca.txt": {"json": b"{\"app_name\""},
    "pieper_slicer-discourse-archive__2022-10-31-slicer-quit-unexpectedly-id25989-970b34.txt":
        {"json": b"{\"app_name\""},
    # The body has @placeholders@ where numbers belong: no JSON, so no report.
    "llvm__a.out.ips": {"rejected": "."},
    # Ends inside the JSON of its Full Report, the translated text before it is whole.
    "Pitchenga_pitchenga__crash-a433a1.txt": {"process": "Pitchenga"},
    # Output of sample(1) and spindump(8): a header like a crash's, and no exception in it.
    "electron_symbolicate-mac__sampling.txt": {"either": True},
    "inket_MacSymbolicator__multithread-sample.txt": {"either": True},
    "inket_MacSymbolicator__raw-processes.txt": {"either": True},
    # One thread without anything before it.
    "getsentry_apple-crash-report-parser__spaces.txt": {"either": True},
    # A question with an indented report: process and exception stand in it.
    "faisalmemon_ios-crash-dump-analysis-book__db_guard_ios.crash": {"either": True},
    # Pieces of reports in forum posts, without the "Process:" line: rejected or read as far as they go.
    "pieper_slicer-discourse-archive__2020-07-28-latest-slicer-preview-release-crashes-randomly-on.txt":
        {"either": True},
    "pieper_slicer-discourse-archive__2020-08-05-crash-after-returning-from-hybernation-id12862.txt":
        {"either": True},
    # bug_type 185 with a text body: a resource report, its own kind.
    # Its own "OS Version:" line says iOS; the manifest missed the thread titled "Thread 2 Attributed".
    "faisalmemon_ios-crash-dump-analysis-book__brain_cpu_ios.crash": {
        "kind": "resource", "top": None, "os": "iOS 8.1.2 (12B440)", "threads": "4"},
    # Old or foreign forms: (top frame without a known address, placeholders) keep the rest of the facts.
    "llvm__a.out.crash": {"top": None},
    "llvm__altered_threadState.crash": {"top": None},
    # The manifest's own reader found a part of the threads only.
    "pieper_slicer-discourse-archive__2024-10-10-3d-slicer-can-not-open-again-id39628.txt": {"threads": None},
    "pieper_slicer-discourse-archive__2025-05-24-slicer-with-custom-python-threading-crashing-unpr.txt":
        {"threads": None},
    # Two users posted one each.
    "pieper_slicer-discourse-archive__2022-05-02-help-for-package-testing-on-macos-monterrey-or-bi.txt":
        {"threads": None, "reports": 2},
}

# Look-alikes are in no manifest. Each may be read as far as it has the facts, or be rejected.
LOOKALIKES = {
    # Typed off a real report: whole JSON, compared like one.
    "Python-2026-09-23-000228.transcribed.ips": {},
    # A pretty-printed header that holds the body's members too: one object, JSON.
    "mosiko1234_ipsw-auto-symbolicate-server__demo_crash.ips": {},
    # Made by another tool from a report of the corpus, in the classic form.
    "lapfelix_ips2crashlog__target.txt": {"process": "Transit", "os": "macOS 15.2 (24C101)",
                                          "exception": "EXC_BREAKPOINT (SIGTRAP)", "threads": 27},
    "getsentry_apple-crash-report-parser__handcrafted.txt": {"process": "YetAnotherMac",
                                                             "os": "Mac OS X 10.14.0 (18A391)"},
    # KSCrash's own form: the header is Apple's.
    "kstenerud_KSCrash__AppleSideBySideReport-abort.txt": {"process": "CrashTester",
                                                           "os": "iPhone OS 5.1 (9B176)",
                                                           "exception": "EXC_CRASH (SIGABRT)"},
    "kstenerud_KSCrash__AppleSideBySideReport-bad-pointer.txt": {"process": "CrashTester",
                                                                 "os": "iPhone OS 5.1 (9B176)",
                                                                 "exception": "EXC_BAD_ACCESS (SIGSEGV)"},
    "kstenerud_KSCrash__AppleSideBySideReport-nsexception.txt": {"process": "CrashTester",
                                                                 "os": "iPhone OS 5.1 (9B176)",
                                                                 "exception": "EXC_CRASH (SIGABRT)"},
    "zqqf16_SYM__AppleConverted.log": {"process": "Demo", "os": "iPhone OS 15.2.1 (19C63)",
                                       "exception": "EXC_CRASH (SIGABRT)"},
    # A reconstruction with X for numbers: whatever is read, it has the process name.
    "dropbox_dML__crash_log.txt": {"either": True},
    # A signal handler's list of frames, no report.
    "zqqf16_SYM__UmengDemo.crash": {"rejected": "."},
}


def manifest(folder):
    rows = {}
    with open(os.path.join(folder, "MANIFEST.tsv"), encoding="utf-8") as file:
        names = file.readline().rstrip("\n").split("\t")
        for line in file:
            row = dict(zip(names, line.rstrip("\n").split("\t")))
            rows[row["file"]] = {
                "kind": None, "process": row["procName"], "os": row["os version"], "exception": row["exception"],
                "top": row["crashed thread top image + symbol"], "threads": row["threads"], "form": row["form"],
            }
    return rows


def compare_json(judge, file, facts, row):
    judge.checks += len(facts)
    for difference in reading.differences(facts, row):
        judge.finding(file, difference)


def compare_text(judge, file, want, row):
    """The columns of the manifest against one shown report."""
    process, system, exception = row.get("process") or {}, row.get("os") or {}, row.get("exception") or {}
    if want.get("process") and want["process"] != "???":
        judge.check(file, process.get("name") == want["process"],
                    "process %r expected, got %r" % (want["process"], process.get("name")))
    if want.get("os"):
        match = re.fullmatch(r"(.*?)\s*(?:\((.*)\))?", want["os"])
        judge.check(file, (system.get("version"), system.get("build") or "") ==
                    (match.group(1), match.group(2) or ""), "os %r expected, got %r" % (want["os"], system))
    if want.get("exception"):
        check_exception(judge, file, html.unescape(want["exception"]), exception)
    thread = row.get("crashed_thread") or {}
    if want.get("top"):
        check_top(judge, file, html.unescape(want["top"]), thread.get("frames") or [])
    if want.get("threads"):
        judge.check(file, len(row.get("threads") or []) == int(want["threads"]),
                    "%s threads expected, got %d" % (want["threads"], len(row.get("threads") or [])))
    if want.get("kind"):
        judge.check(file, row.get("kind") == want["kind"], "kind %s expected, got %s" % (
            want["kind"], row.get("kind")))
    judge.check(file, not reading.unclean(row), "control bytes in %s" % reading.unclean(row)[:4])


def check_exception(judge, file, want, exception):
    match = re.match(r"(\w+)(?: \((.*?)\))?\s*(.*)$", want)
    kind, signal, rest = match.groups()
    if kind.startswith("SIG"):
        kind, signal = None, kind
    if kind:
        judge.check(file, exception.get("type") == kind, "exception %s expected, got %r" % (kind, exception))
    if signal and signal.startswith("SIG"):
        judge.check(file, (exception.get("signal") or exception.get("type")) == signal,
                    "signal %s expected, got %r" % (signal, exception))
    if rest:
        text = " ".join(str(exception.get(name) or "") for name in ("subtype", "codes"))
        judge.check(file, rest in text, "%r expected in %r" % (rest, exception))


def check_top(judge, file, want, frames):
    if not judge.check(file, frames, "no frames in the crashed thread, %r expected" % want):
        return
    image, symbol, offset = frames[0].get("image") or "???", frames[0].get("symbol"), frames[0].get("symbol_offset")
    # Old texts show the bundle identifier, whose last part is the name.
    column = image
    if not want.startswith(image) and want.split()[0].endswith("." + image):
        column = want.split()[0]
    judge.check(file, want.startswith(column), "top image of %r expected, got %r" % (want, image))
    rest = re.sub(r" \([^()]*:\d+\)$", "", want[len(column):].strip())
    plain = re.fullmatch(r"(0x[0-9a-f]+|0) \+ (\d+)", rest)
    if plain:
        got = frames[0].get("image_offset")
        got = int(got, 16) if isinstance(got, str) else got
        judge.check(file, symbol is None, "a symbol where there is none: %r" % symbol)
        judge.check(file, got == int(plain.group(2)), "image offset %s expected, got %r" % (plain.group(2), got))
        return
    match = re.fullmatch(r"(.*?)(?: \+ (\d+))?", rest, re.S)
    judge.check(file, symbol and (symbol.startswith(match.group(1)) or match.group(1).startswith(symbol)),
                "top symbol %r expected, got %r" % (match.group(1), symbol))
    if match.group(2):
        got = int(offset, 16) if isinstance(offset, str) else offset
        judge.check(file, got == int(match.group(2)), "symbol offset %s expected, got %r" % (match.group(2), offset))


def json_facts(file, raw, want):
    """The independent reading, or None when the body is not JSON."""
    if want.get("rejected") or want.get("either"):
        return None
    text = raw
    if want.get("json"):
        text = raw[raw.index(want["json"]):]
        if b"&quot;" in text[:200]:
            text = html.unescape(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    try:
        header, body = reading.parse(text)
    except reading.NotJson:
        return None
    if not {"threads", "incident", "exception"} & set(body):
        return None
    return reading.read_objects(header, body)


def judge_file(judge, folder, part, file, want):
    path = os.path.join(folder, part, file)
    with open(path, "rb") as opened:
        raw = opened.read()
    status, rows, err = judge.objects("show", "--json", path)
    if want.get("either"):
        judge.check(file, (status == 0 and rows) or (status == 1 and not rows and err.strip()),
                    "taken with facts or rejected with a reason expected, got status %d, %d rows" % (
                        status, len(rows)))
        return "taken" if rows else "rejected"
    if want.get("rejected"):
        judge.check(file, status == 1 and not rows, "rejection expected, got status %d" % status)
        judge.check(file, re.search(want["rejected"], err), "reason expected, got %r" % err[:200])
        return "rejected"
    if not judge.check(file, status == 0 and rows, "status 0 expected, got %d: %s" % (status, err[:300])):
        return "failed"
    facts = json_facts(file, raw, want)
    if facts is None:
        count = want.get("reports", 1)
        judge.check(file, len(rows) == count, "%d reports expected, got %d" % (count, len(rows)))
        compare_text(judge, file, want, rows[0])
        return "text"
    if want.get("json"):
        rows = [row for row in rows if row.get("incident_id") == facts["incident_id"]] or rows
    else:
        judge.check(file, len(rows) == 1, "one report expected, got %d" % len(rows))
    compare_json(judge, file, facts, rows[0])
    return "json"


def main():
    folder = os.environ.get("AGXTRIAGE_CORPUS") or DEFAULT
    if not os.path.isdir(os.path.join(folder, "real")):
        print("no corpus at %s (set AGXTRIAGE_CORPUS)" % folder)
        return program.SKIPPED
    judge = program.Program("corpus")
    rows = manifest(folder)
    counts = {}
    for part in ("real", "lookalikes"):
        for file in sorted(os.listdir(os.path.join(folder, part))):
            want = dict(rows.get(file, {}))
            want.update(SPECIAL.get(file, {}) if part == "real" else LOOKALIKES.get(file, {"either": True}))
            judge.check(file, file in rows or part != "real", "not in the manifest")
            how = judge_file(judge, folder, part, file, want)
            counts[how] = counts.get(how, 0) + 1
    print(", ".join("%d %s" % (count, how) for how, count in sorted(counts.items())))
    return judge.finish()


if __name__ == "__main__":
    sys.exit(main())
