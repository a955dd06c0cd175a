#!/usr/bin/env python3
"""Measures agxtriage against what it competes with, all in one run, and prints ratios.

  floor   read + one cJSON parse + zstd -3 + one SQLite insert, one thread (floor.c)
  scan    agxtriage scan --all of the same files, into a fresh database
  jq      what people do today: jq per file, exception, crashed thread, ten frames
  python  the same facts with json, into sqlite3

The files are the crashes of the corpus, repeated with fresh incident ids. Environment: AGXTRIAGE (the program),
AGXTRIAGE_FLOOR, AGXTRIAGE_STAGES, AGXTRIAGE_GENERATE (built beside it), AGXTRIAGE_CORPUS. Exit status 77 without the
corpus. --check fails when a promised ratio is missed, with generous room for a noisy machine.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

PROJECT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("AGXTRIAGE_CORPUS", PROJECT.parent / "shared" / "corpus"))
PROGRAM = os.environ.get("AGXTRIAGE", "agxtriage")
NAMESPACE = uuid.UUID("6f1f6a0e-0d0c-4e61-9a55-000000000309")

JQ = r"""
.[1] | [.exception.type, .exception.signal, .exception.subtype, .faultingThread,
 (.usedImages as $i | .threads[.faultingThread].frames[:10][] | "\($i[.imageIndex].name) \(.symbol) + \(.symbolLocation)")]
"""

PYTHON = r"""
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute('create table crashes(incident text primary key, exception text, signal text, subtype text, thread int, frames text)')
for path in sys.stdin.read().split('\n'):
    if not path: continue
    with open(path) as f:
        head = json.loads(f.readline())
        body = json.load(f)
    images = body['usedImages']
    frames = body['threads'][body.get('faultingThread', 0)]['frames'][:10]
    text = '\n'.join('%s %s + %s' % (images[x['imageIndex']].get('name'), x.get('symbol'), x.get('symbolLocation')) for x in frames)
    e = body['exception']
    db.execute('insert or ignore into crashes values(?,?,?,?,?,?)', (head['incident_id'], e['type'], e.get('signal'), e.get('subtype'), body.get('faultingThread'), text))
db.commit()
"""


def sources():
    """The corpus's crashes of JSON form: (name, bytes, incident id)."""
    found = []
    for path in sorted((CORPUS / "real").glob("*.ips")):
        raw = path.read_bytes()
        head, _, rest = raw.partition(b"\n")
        try:
            header = json.loads(head)
            body = json.loads(rest)
        except ValueError:
            continue
        if header.get("bug_type") == "309" and header.get("incident_id") and isinstance(body.get("threads"), list):
            found.append((path.name, raw, header["incident_id"].encode()))
    return found


def repeat(found, count, folder, start=0):
    """count files, each a report with an incident id of its own."""
    folder.mkdir()
    paths, total = [], 0
    for i in range(count):
        name, raw, incident = found[i % len(found)]
        fresh = str(uuid.uuid5(NAMESPACE, f"{start + i}")).upper().encode()
        data = raw.replace(incident, fresh)
        path = folder / f"Python-2025-12-20-{start + i:06d}.ips"
        path.write_bytes(data)
        paths.append(str(path))
        total += len(data)
    return paths, total


def timed(arguments, **options):
    """(wall seconds, CPU seconds) of one run; fails when the program fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, **options)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def database_bytes(path):
    subprocess.run([PROGRAM, "--db", str(path), "sql", "select 1"], check=True, stdout=subprocess.DEVNULL)
    return sum(p.stat().st_size for p in path.parent.glob(path.name + "*"))


def fresh(folder, name):
    path = folder / name / "crashes.db"
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    return path


def scan(database, folder):
    return timed([PROGRAM, "-q", "--db", str(database), "scan", "--all", str(folder)])


def speed(scratch, count, rounds):
    found = sources()
    paths, total = repeat(found, count, scratch / "reports")
    print(f"{count} reports made of {len(found)} real ones, {total / count / 1000:.1f} kB on average\n")
    runs = {"floor": [], "scan": []}
    for _ in range(rounds):  # interleaved: whatever else the machine does hits both
        runs["floor"].append(timed([os.environ["AGXTRIAGE_FLOOR"], str(fresh(scratch, "floor"))] + paths))
        runs["scan"].append(scan(fresh(scratch, "scan"), scratch / "reports"))
    few = paths[: min(40, count)]
    some = paths[: min(1000, count)]
    runs["jq"] = [timed(["sh", "-c", 'for f; do jq -s "$0" "$f"; done', JQ] + few)]
    runs["python"] = [
        timed([sys.executable, "-c", PYTHON, str(fresh(scratch, "python"))], input="\n".join(some).encode())
    ]
    each = {"floor": count, "scan": count, "jq": len(few), "python": len(some)}
    cost = {}
    print("program   wall/report  CPU/report   wall/floor  CPU/floor")
    for name, laps in runs.items():
        wall = statistics.median(w for w, _ in laps) / each[name]
        cpu = statistics.median(c for _, c in laps) / each[name]
        cost[name] = (wall, cpu)
        print(
            f"{name:8}  {wall * 1e3:8.3f} ms  {cpu * 1e3:8.3f} ms  {wall / cost['floor'][0]:10.2f}  "
            f"{cpu / cost['floor'][1]:9.2f}"
        )
    print(f"\nscan is {cost['jq'][0] / cost['scan'][0]:.0f} times as fast as jq, "
          f"{cost['python'][0] / cost['scan'][0]:.1f} times as fast as python3 (wall time)")
    stages(scratch, paths)
    return cost


def stages(scratch, paths):
    out = subprocess.run(
        [os.environ["AGXTRIAGE_STAGES"], str(fresh(scratch, "stages"))] + paths[:1000],
        check=True, capture_output=True, text=True,
    ).stdout
    print("\nstage      CPU/report  share (one thread, without a dictionary)")
    for line in out.splitlines():
        name, us, share = line.split("\t")
        print(f"{name:9}  {float(us):7.1f} us  {float(share) * 100:5.1f} %")


def recompress(database):
    subprocess.run([PROGRAM, "-q", "--db", str(database), "gc", "--recompress"], check=True, stdout=subprocess.DEVNULL)
    return database_bytes(database)


def newest_dictionary(database):
    query = [PROGRAM, "--db", str(database), "sql", "--csv", "select max(id) from dictionary"]
    return subprocess.run(query, check=True, capture_output=True, text=True).stdout


def size(scratch, count):
    """Bytes per incident. The dictionaries are trained on one half of the projects, the other half is measured."""
    found = sources()
    projects = sorted({name.split("__")[0] for name, _, _ in found})
    teach = [source for source in found if projects.index(source[0].split("__")[0]) % 2 == 0]
    measure = [source for source in found if projects.index(source[0].split("__")[0]) % 2 == 1]
    database = fresh(scratch, "size")
    repeat(teach, count, scratch / "teach", start=1_000_000)
    _, file_bytes = repeat(measure, 6 * len(measure), scratch / "measure", start=2_000_000)
    scan(database, scratch / "teach")
    before = recompress(database)
    dictionary = newest_dictionary(database)
    scan(database, scratch / "measure")
    result = {"ingest": file_bytes / (database_bytes(database) - before)}
    result["recompressed"] = file_bytes / (recompress(database) - before)
    assert newest_dictionary(database) == dictionary, "a dictionary was trained on what is measured"
    print("\nsize of a stored incident, indexes included, dictionaries trained on others' reports")
    print(f"at ingest 1/{result['ingest']:.1f} of its file, after gc --recompress 1/{result['recompressed']:.1f}")
    return result


def lap(arguments, tries=5):
    best = []
    for _ in range(tries):
        start = time.monotonic()
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
        best.append(time.monotonic() - start)
    return statistics.median(best) * 1e3


def first_line(arguments):
    laps = []
    for _ in range(5):
        start = time.monotonic()
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
        process.stdout.readline()
        laps.append(time.monotonic() - start)
        process.stdout.close()
        process.wait()
    return statistics.median(laps) * 1e3


def answers(scratch, count):
    database = fresh(scratch, "answers")
    subprocess.run([os.environ["AGXTRIAGE_GENERATE"], str(database), str(count)], check=True, stdout=subprocess.DEVNULL)
    base = [PROGRAM, "--db", str(database)]
    floor = lap(["true"])
    rows = [
        ("--version", lap([PROGRAM, "--version"]), 5),
        ("list -n 50", lap(base + ["list", "-n", "50"]), 50),
        ("list, first line", first_line(base + ["list"]), 50),
        ("show latest", lap(base + ["show", "latest"]), 50),
        ("top --by site", lap(base + ["top"]), 50),
    ]
    for field in ("signature", "operation", "driver_version", "os_build", "hardware_model", "process", "day"):
        rows.append((f"top --by {field}", lap(base + ["top", "--by", field]), 300))
    print(f"\nanswers on {count} incidents (a process that does nothing: {floor:.1f} ms)")
    for name, ms, limit in rows:
        print(f"{name:24} {ms:7.1f} ms   (at most {limit})")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=5000)
    parser.add_argument("--incidents", type=int, default=200000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    if not (CORPUS / "real").is_dir():
        print(f"skipped: no corpus at {CORPUS}")
        return 77
    if not shutil.which("jq"):
        print("skipped: no jq to compare with")
        return 77
    with tempfile.TemporaryDirectory(prefix="agxtriage-bench-") as name:
        scratch = pathlib.Path(name)
        os.environ["HOME"] = name
        cost = speed(scratch, chosen.reports, chosen.rounds)
        shutil.rmtree(scratch / "reports")
        sizes = size(scratch, min(1500, chosen.reports))
        rows = answers(scratch, chosen.incidents)
    promises = [
        ("CPU of scan / floor", cost["scan"][1] / cost["floor"][1], 1.3),
        ("wall of scan / floor", cost["scan"][0] / cost["floor"][0], 0.8),
        ("jq / 50 x scan", 50 * cost["scan"][0] / cost["jq"][0], 1),
        ("python / 2.5 x scan", 2.5 * cost["scan"][0] / cost["python"][0], 1),
        ("5 x stored / file at ingest", 5 / sizes["ingest"], 1),
        ("8 x stored / file recompressed", 8 / sizes["recompressed"], 1),
    ]
    missed = [f"{what}: {value:.2f} > {limit}" for what, value, limit in promises if value > limit]
    missed += [f"{name}: {ms:.0f} ms > {limit}" for name, ms, limit in rows if ms > limit]
    print("\n" + ("every promise is kept" if not missed else "missed: " + "; ".join(missed)))
    return 1 if missed and chosen.check else 0


if __name__ == "__main__":
    sys.exit(main())
