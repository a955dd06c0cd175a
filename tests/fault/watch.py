#!/usr/bin/env python3
"""agxtriage watch from outside: what is stored shows within a moment, however databases and readers come and go.
AGXTRIAGE in the environment is the program. Standard library only; talks to this machine alone."""
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
import uuid

PROGRAM = os.environ["AGXTRIAGE"]
REPORT = (pathlib.Path(__file__).resolve().parent.parent / "lib" / "report.ips").read_text(encoding="utf-8")
PATIENCE_S = 20
STEPS = []


def step(function):
    STEPS.append(function)
    return function


def report(process="Python"):
    """A complete report of an incident of its own."""
    header, body = REPORT.split("\n", 1)
    fields, facts = json.loads(header), json.loads(body)
    fields["incident_id"] = facts["incident"] = str(uuid.uuid4()).upper()
    facts["procName"] = process
    return fields["incident_id"], json.dumps(fields) + "\n" + json.dumps(facts)


class Stage:
    """A folder of its own, and the programs started in it; all are ended with it."""

    def __init__(self):
        self.here = pathlib.Path(tempfile.mkdtemp(prefix="agxtriage-watch-"))
        self.db = self.here / "data" / "crashes.db"
        self.started = []
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.here), "TZ": "UTC", "LC_ALL": "C.UTF-8",
                            "AGXTRIAGE_DB": str(self.db)}
        self.environment |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        shutil.rmtree(self.here)

    def store(self, *processes):
        """Takes one report for each process in one scan; returns their incident ids."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.here))
        ids = []
        for number, process in enumerate(processes):
            incident, text = report(process)
            (folder / f"Python-{number:05}.ips").write_text(text, encoding="utf-8")
            ids.append(incident)
        subprocess.run([PROGRAM, "-q", "scan", "--all", folder], env=self.environment, check=True,
                       stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
        return ids

    def watch(self, *words, stdout=subprocess.PIPE):
        """Once it has looked at what is there already; said() tells what it wrote on stderr."""
        log = self.here / f"stderr-{len(self.started)}"
        with open(log, "wb") as stderr:
            process = subprocess.Popen([PROGRAM, "-v", "watch", *words], env=self.environment, stdout=stdout, stderr=stderr)
        self.started.append(process)
        process.said = lambda: log.read_text(encoding="utf-8")
        end = time.monotonic() + PATIENCE_S
        while "watching " not in process.said() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        return process


def lines(process, count, within=PATIENCE_S):
    """The next so many lines; fewer when they do not come in time."""
    found, end = [], time.monotonic() + within
    process.rest = getattr(process, "rest", b"")
    while True:
        while b"\n" in process.rest and len(found) < count:
            line, process.rest = process.rest.split(b"\n", 1)
            found.append(line.decode())
        left = end - time.monotonic()
        if len(found) == count or left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            return found
        more = os.read(process.stdout.fileno(), 65536)
        if not more:
            return found
        process.rest += more


def incident_ids(found):
    return [json.loads(line)["incident_id"] for line in found]


def check(condition, what):
    if not condition:
        raise AssertionError(what)


@step
def shows_only_what_is_new(stage):
    stage.store("Python", "Python")
    watch = stage.watch("--json")
    check(lines(watch, 1, 0.3) == [], "an old incident is shown")
    for _ in range(3):
        [new] = stage.store("Python")
        check(incident_ids(lines(watch, 1)) == [new], "the new incident is missing")
    check(lines(watch, 1, 0.3) == [], "something else is shown")


@step
def a_line_for_people(stage):
    stage.store("Python")
    watch = stage.watch()
    stage.store("Python3.14")
    [line] = lines(watch, 1)
    for word in ("2  20", "Python3.14", "agx-set-compute-pipeline-state", "0x5c8"):
        check(word in line, f"{word!r} is not in {line!r}")


@step
def titles_on_a_terminal(stage):
    stage.store("Python")
    master, slave = os.openpty()
    stage.environment |= {"TERM": "xterm", "COLUMNS": "100"}
    watch = stage.watch(stdout=slave)
    os.close(slave)
    stage.store("Python3.14")
    with os.fdopen(master, "rb", 0) as terminal:
        titles, line = lines(types.SimpleNamespace(stdout=terminal), 2)
        watch.terminate()
        check(watch.wait(PATIENCE_S) == 0, "not status 0")
    check(re.sub("\x1b\\[[0-9;]*m", "", titles).split()[:4] == ["ID", "TIME", "PROCESS", "SITE"], f"titles: {titles!r}")
    check("\x1b[" in line and "Python3.14" in line, f"no colours in {line!r}")


@step
def a_thousand_in_one_commit(stage):
    stage.store("Python")
    watch = stage.watch("--json")
    ids = stage.store(*["Python"] * 1000)
    check(sorted(incident_ids(lines(watch, 1000, 60))) == sorted(ids), "not each of them once")
    check(lines(watch, 1, 0.3) == [], "one of them twice")


@step
def the_last_ones_first(stage):
    old = stage.store("Python", "Python", "Other")
    watch = stage.watch("--json", "--last", "2", "process=Python")
    check(sorted(incident_ids(lines(watch, 2))) == sorted(old[:2]), "not the last two that match")
    [new] = stage.store("Python")
    check(incident_ids(lines(watch, 1)) == [new], "the new incident is missing")


@step
def only_what_matches(stage):
    stage.store("Python")
    watch = stage.watch("--json", "process=Wanted*")
    ids = stage.store("Python", "Wanted1", "Other", "Wanted2")
    check(sorted(incident_ids(lines(watch, 2))) == sorted([ids[1], ids[3]]), "not what matches")
    [last] = stage.store("Wanted3")
    check(incident_ids(lines(watch, 1)) == [last], "something else is shown")


@step
def ends_after_so_many(stage):
    stage.store("Python")
    watch = stage.watch("--json", "-n", "2")
    stage.store("Python", "Python", "Python")
    check(len(lines(watch, 3)) == 2, "not two lines")
    check(watch.wait(PATIENCE_S) == 0, "not status 0")


@step
def ends_when_nobody_reads(stage):
    stage.store("Python")
    end_read, end_write = os.pipe()
    watch = stage.watch(stdout=end_write)
    os.close(end_write)
    os.close(end_read)
    check(watch.wait(PATIENCE_S) == 0, "not status 0")


@step
def ends_behind_head(stage):
    stage.store("Python")
    watch = stage.watch("--json")
    head = subprocess.Popen(["head", "-n", "1"], stdin=watch.stdout, stdout=subprocess.PIPE)
    stage.started.append(head)
    watch.stdout.close()
    watch.stdout = None
    [new] = stage.store("Python")
    check(incident_ids([head.communicate(timeout=PATIENCE_S)[0].decode()]) == [new], "head saw something else")
    check(watch.wait(PATIENCE_S) == 0, "not status 0")


@step
def ends_on_signals(stage):
    stage.store("Python")
    for number in (signal.SIGINT, signal.SIGTERM):
        watch = stage.watch()
        time.sleep(1)  # it says what it has to say a moment before it listens
        watch.send_signal(number)
        check(watch.wait(PATIENCE_S) == 0, f"not status 0 on {number}")
        check("error" not in watch.said(), "not quiet")


@step
def waits_for_a_database(stage):
    watch = stage.watch("--json")
    [new] = stage.store("Python")
    check(incident_ids(lines(watch, 1)) == [new], "the first incident is missing")
    watch.terminate()
    watch.wait(PATIENCE_S)
    said = watch.said()
    check("no database yet" in said and "no daemon runs" in said, f"it says {said!r}")
    check("\ufffd" not in said, f"what it says is its own, and clean: {said!r}")


@step
def goes_on_with_another_database(stage):
    old = stage.store("Python", "Python")
    watch = stage.watch("--json")
    [known] = stage.store("Python")
    check(incident_ids(lines(watch, 1)) == [known], "the new incident is missing")
    # What a repair does: the old one is set aside, all that is still on disk is taken again.
    for path in stage.db.parent.iterdir():
        path.rename(path.with_name("aside-" + path.name))
    subprocess.run([PROGRAM, "-q", "scan", "--recursive", "--all", stage.here], env=stage.environment, check=True,
                   stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
    check(lines(watch, 1, 1) == [], f"an old one of {old} is shown again")
    [new] = stage.store("Python")
    check(incident_ids(lines(watch, 1)) == [new], "the incident of the new database is missing")


@step
def outlives_a_damaged_database(stage):
    stage.store("Python")
    watch = stage.watch("--json")
    for path in stage.db.parent.iterdir():
        path.rename(path.with_name("aside-" + path.name))
    stage.db.write_bytes(b"this is no database" * 1000)
    time.sleep(3)
    check(watch.poll() is None, "it ended")
    stage.db.unlink()
    [new] = stage.store("Python")
    check(incident_ids(lines(watch, 1)) == [new], "the incident of the new database is missing")


@step
def refuses_what_is_no_database(stage):
    stage.db.parent.mkdir()
    stage.db.write_bytes(b"this is no database" * 1000)
    watch = stage.watch()
    check(watch.wait(PATIENCE_S) == 1, "not status 1")
    check(str(stage.db) in watch.said(), "it does not say which")


@step
def runs_a_program(stage):
    stage.store("Python")
    log = stage.here / "log"
    script = stage.here / "script"
    script.write_text('#!/bin/sh\nread -r line\nprintf "%s %s\\n" "$2" "$line" >>"$1"\n', encoding="utf-8")
    script.chmod(0o755)
    watch = stage.watch("-n", "3", "--exec", script, "--exec-arg", log, "--exec-arg", "a; b")
    ids = stage.store("Python", "Python", "Python")
    check(watch.wait(PATIENCE_S) == 0, "not status 0")
    ran = log.read_text(encoding="utf-8").splitlines()
    check(all(line.startswith("a; b {") for line in ran), "not its arguments")
    check(sorted(incident_ids(line[5:] for line in ran)) == sorted(ids), "not each incident once")


@step
def a_program_that_fails_is_told(stage):
    stage.store("Python")
    for program in ("false", "/nonexistent/program"):
        watch = stage.watch("--json", "-n", "1", "--exec", program)
        [new] = stage.store("Python")
        check(watch.wait(PATIENCE_S) == 0, "not status 0")
        check(incident_ids(lines(watch, 1)) == [new], "the line is missing")
        check("warning" in watch.said(), "it does not say so")


def main():
    faults = 0
    for function in STEPS:
        begin = time.monotonic()
        try:
            with Stage() as stage:
                function(stage)
            word = "ok"
        except (AssertionError, ValueError, subprocess.SubprocessError) as error:
            faults += 1
            word = f"FAULT: {error}"
        print(f"{function.__name__}: {word} ({time.monotonic() - begin:.1f} s)", flush=True)
    print(f"{len(STEPS)} steps, {faults} faults")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
