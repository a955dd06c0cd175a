#!/usr/bin/env python3
"""Judges what `scan` takes from a folder by default, and how it answers to everything that is no report file."""

import os
import shutil
import socket
import sys

sys.dont_write_bytecode = True
import program


class Folder:
    def __init__(self, judge, fixtures, name):
        self.path = os.path.join(judge.folder, name)
        self.fixtures = fixtures
        os.makedirs(self.path)

    def take(self, fixture, name):
        target = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(os.path.join(self.fixtures, fixture), target)
        return target


def scan(judge, db, *args):
    status, rows, err = judge.objects("scan", "--json", *args, db=db)
    return status, rows[0] if rows else {}, err


def expect(judge, where, row, **numbers):
    for name, number in numbers.items():
        judge.check(where, row.get(name) == number, "%s: %d expected in %r" % (name, number, row))
    judge.check(where, row.get("seen") == sum(row.get(name, 0) for name in (
        "added", "known", "passed_over", "rejected")), "seen is not the sum: %r" % row)


def stored(judge, db):
    _, rows, _ = judge.objects("list", "--json", db=db)
    return {os.path.basename((row.get("source") or {}).get("path") or "") for row in rows}


TAKEN = {
    # By name, whatever is in it.
    "Python-2026-01-05-080000.ips": "negative-own-function-98.ips",
    "python3.14-2026-01-05-080001.ips": "negative-own-function-5c8.ips",
    "agxtriage-repro-2026-01-05-080002.ips": "x86-gpflt.ips",
    # By what is in it: the crashed thread or the application info names the GPU's libraries.
    "wgpu-demo-2026-01-05-080003.ips": "agx-end-render-pass.ips",
    "MTLCompilerService-2026-01-05-080004.ips": "metal-loader-vm.ips",
    "ollama-2026-01-05-080005.ips": "metal-nil-compute-function.ips",
    "game-2026-01-05-080006.ips": "iogpu-encoder-after-commit.ips",
    "other-2026-01-05-080007.ips": "negative-other-agx-function-98.ips",
    # Events of the machine.
    "gpuEvent-2026-02-03-101112.ips": "gpuEvent-2026-02-03-101112.ips",
    "panic-full-2026-02-03-101113.0002.ips": "panic-full-panic-complete-memory.ips",
    "Kernel-2026-02-03-101114.panic": "panic-full-panic-remove-memory-object.ips",
    "JetsamEvent-2026-02-03-101115.ips": "kind-298.ips",
}
PASSED = {
    "Safari-2026-01-05-080010.ips": "x86-page-fault-write.ips",
    "wgpu-demo-2026-01-05-080011.ips": "negative-agx-loaded-5c8.ips",
    "wgpu-demo-2026-01-05-080012.ips": "negative-agx-elsewhere-98.ips",
    "Finder-2026-01-05-080013.ips": "breakpoint.ips",
    "stacks-2026-01-05-080014.ips": "kind-288.ips",
    "hang-2026-01-05-080015.ips": "kind-228.ips",
}


def check_default(judge, fixtures):
    folder = Folder(judge, fixtures, "default")
    for name, fixture in list(TAKEN.items()) + list(PASSED.items()):
        folder.take(fixture, name)
    folder.take("agx-bind-resource.ips", ".Python-2026-01-05-090000.ips")
    folder.take("agx-set-buffer.ips", "Retired/Python-2026-01-05-090001.ips")
    folder.take("x86-fetch.ips", "Retired/Mail-2026-01-05-090002.ips")
    folder.take("unaligned.ips", "Retired/.hidden.ips")
    folder.take("agx-dispatch-threads.ips", "deeper/Python-2026-01-05-090003.ips")
    db = judge.new_database()
    status, row, err = scan(judge, db, folder.path)
    judge.check("default", status == 0, "exit status 0 expected, got %d: %s" % (status, err[:300]))
    expect(judge, "default", row, added=len(TAKEN) + 1, passed_over=len(PASSED) + 1, rejected=0,
           seen=len(TAKEN) + len(PASSED) + 2)
    names = stored(judge, db)
    for name in list(TAKEN) + ["Python-2026-01-05-090001.ips"]:
        judge.check("default", name in names, "%s (%s) is not taken" % (name, TAKEN.get(name)))
    for name in names - set(TAKEN) - {"Python-2026-01-05-090001.ips"}:
        judge.finding("default", "%s (%s) is taken" % (name, PASSED.get(name)))

    status, row, _ = scan(judge, db, folder.path)
    expect(judge, "default again", row, added=0, rejected=0, seen=len(TAKEN) + len(PASSED) + 2)
    status, row, _ = scan(judge, db, "--recursive", folder.path)
    expect(judge, "--recursive", row, added=1)
    judge.check("--recursive", "Python-2026-01-05-090003.ips" in stored(judge, db), "deeper folder not looked at")
    status, row, _ = scan(judge, db, "--all", folder.path)
    expect(judge, "--all after default", row, added=len(PASSED) + 1, passed_over=0)
    status, row, _ = scan(judge, judge.new_database(), os.path.join(folder.path, "Safari-2026-01-05-080010.ips"))
    expect(judge, "named file", row, added=1, passed_over=0, seen=1)


def check_not_files(judge, fixtures):
    folder = Folder(judge, fixtures, "odd")
    outside = Folder(judge, fixtures, "outside")
    folder.take("agx-bind-resource.ips", "Python-good.ips")
    secret = outside.take("agx-set-buffer.ips", "Python-secret.ips")
    os.mkfifo(os.path.join(folder.path, "Python-fifo.ips"))
    os.mkdir(os.path.join(folder.path, "Python-directory.ips"))
    os.symlink(secret, os.path.join(folder.path, "Python-link.ips"))
    os.symlink(os.path.join(folder.path, "nothing"), os.path.join(folder.path, "Python-dangling.ips"))
    os.symlink(outside.path, os.path.join(folder.path, "Retired"))
    server = socket.socket(socket.AF_UNIX)
    previous = os.getcwd()
    os.chdir(folder.path)
    server.bind("Python-socket.ips")
    os.chdir(previous)
    os.close(os.open(os.path.join(folder.path, "Python-empty.ips"), os.O_CREAT))
    odd = b"Python-\x1b[31m\n\xff.ips" if sys.platform != "darwin" else b"Python-\x1b[31m\n.ips"
    with open(os.path.join(folder.path.encode(), odd), "wb") as out:
        out.write(b"no report\n")
    unreadable = os.geteuid() != 0
    if unreadable:
        os.chmod(folder.take("agx-end-render-pass.ips", "Python-closed.ips"), 0)
    db = judge.new_database()
    status, row, err = scan(judge, db, folder.path)
    judge.check("odd files", status == 0, "exit status 0 expected, got %d: %s" % (status, err[:300]))
    judge.check("odd files", row.get("added") == 1, "one report expected: %r" % row)
    judge.check("odd files", stored(judge, db) == {"Python-good.ips"}, "stored: %r" % stored(judge, db))
    expect(judge, "odd files", row)
    _, rows, _ = judge.objects("list", "--rejected", "--json", db=db)
    rejected = {os.path.basename(each["path"]): each.get("reason") or "" for each in rows}
    for name in ["Python-fifo.ips", "Python-link.ips", "Python-empty.ips"] + (
            ["Python-closed.ips"] if unreadable else []):
        judge.check(name, rejected.get(name), "no rejection with a reason: %r" % rejected)
    for each in rows:
        text = each.get("reason") or ""
        judge.check("rejections", all(char >= " " for char in text), "control bytes: %r" % text)
    judge.check("rejections", all(char >= " " or char == "\n" for char in err), "control bytes on stderr: %r" % err)
    server.close()

    for name, words in (("Python-fifo.ips", ()), ("Python-directory.ips", ()), ("Python-socket.ips", ()),
                        ("Python-dangling.ips", ()), ("Python-empty.ips", ("empty",)), ("nothing.ips", ())):
        path = os.path.join(folder.path, name)
        status, rows, err = judge.objects("show", "--json", path)
        judge.check("show " + name, status == 1 and not rows, "exit status 1 expected, got %d" % status)
        judge.one_clear_line("show " + name, err, name, *words)
    if os.path.exists("/dev/zero"):
        status, rows, err = judge.objects("show", "--json", "/dev/zero")
        judge.check("show /dev/zero", status == 1 and not rows, "exit status 1 expected, got %d" % status)
        judge.one_clear_line("show /dev/zero", err, "/dev/zero")


def check_statuses(judge, fixtures):
    db = judge.new_database()
    good = os.path.join(fixtures, "agx-bind-resource.ips")
    bad = os.path.join(fixtures, "bad-empty.ips")
    status, row, err = scan(judge, db, good, bad)
    judge.check("good and bad", status == 0, "a rejected row is no failure: %d: %s" % (status, err[:200]))
    expect(judge, "good and bad", row, added=1, rejected=1, seen=2)
    status, row, err = scan(judge, db, os.path.join(judge.folder, "missing"))
    judge.check("missing folder", status == 1, "exit status 1 expected, got %d" % status)
    judge.one_clear_line("missing folder", err, "missing")
    for args, want in ((("scan", "--no-such-option"), 2), (("no-such-command",), 2), (("show",), None),
                       (("list", "no-such-process"), 3), (("show", "99999"), 3), (("--version",), 0),
                       (("--help",), 0), (("scan", "--help"), 0), (("list", "--help"), 0), (("show", "--help"), 0),
                       (("top", "--help"), 0)):
        status, out, err = judge.run(*args, db=db)
        if want is not None:
            judge.check(" ".join(args), status == want, "exit status %d expected, got %d: %r" % (
                want, status, (err or out)[:200]))
        if want == 0:
            judge.check(" ".join(args), out.strip() and not err.strip(), "the answer belongs on stdout alone")
        elif want:
            judge.check(" ".join(args), not out.strip() and err.strip(), "the reason belongs on stderr alone")
    mode = os.stat(db).st_mode & 0o777, os.stat(os.path.dirname(db)).st_mode & 0o777
    judge.check("database", mode == (0o600, 0o700), "modes 0600 in 0700 expected, got %o in %o" % mode)


def check_default_places(judge, fixtures):
    """Without arguments: the watched folder and the database of this platform, below the private home."""
    if sys.platform == "darwin":
        reports = os.path.join(judge.env["HOME"], "Library", "Logs", "DiagnosticReports")
        database = os.path.join(judge.env["HOME"], "Library", "Application Support", "agxtriage", "crashes.db")
    else:
        reports = os.path.join(judge.env["XDG_DATA_HOME"], "agxtriage", "reports")
        database = os.path.join(judge.env["XDG_DATA_HOME"], "agxtriage", "crashes.db")
    os.makedirs(reports)
    shutil.copy(os.path.join(fixtures, "agx-bind-resource.ips"), os.path.join(reports, "Python-one.ips"))
    status, row, err = scan(judge, None)
    judge.check("default places", status == 0 and row.get("added", 0) >= 1, "status %d, %r: %s" % (
        status, row, err[:300]))
    judge.check("default places", os.path.exists(database), "no database at %s" % database)
    _, rows, _ = judge.objects("list", "--json")
    judge.check("default places", any(row.get("site") == "agx-bind-resource" for row in rows), "not listed")


def main():
    judge = program.Program("selection")
    fixtures = os.path.join(judge.folder, "fixtures")
    program.make_fixtures(fixtures)
    check_default(judge, fixtures)
    check_not_files(judge, fixtures)
    check_statuses(judge, fixtures)
    check_default_places(judge, fixtures)
    return judge.finish()


if __name__ == "__main__":
    sys.exit(main())
