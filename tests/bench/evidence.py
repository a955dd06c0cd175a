#!/usr/bin/env python3
"""Measures what leaves the machine against the plainest programs that could do a part of it, all in one run: ratios and peaks.

  report       Markdown and HTML of 10,000 incidents   against sqlite3 reading the same rows
  export       .tar.gz and .tar.zst of real reports     against tar of the same files, piped into gzip -n or zstd
  import       that archive into a fresh database       against scan of the same files
  redaction    of one report                            against a copy of its bytes and its parse

The reports are the crashes of the corpus, repeated with fresh incident ids. Environment: AGXTRIAGE, AGXTRIAGE_GENERATE,
AGXTRIAGE_REDACTION (built beside it), AGXTRIAGE_CORPUS. Exit status 77 without the corpus. --check fails when a limit is missed.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import bench  # noqa: E402

# A child's peak starts at what its parent had, so that a small process starts it. What it waits for counts too.
MEASURE = """
import os, subprocess, sys, time
start = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=sys.stderr)
"""


class Cost:
    """Of one program: the medians of its runs, the most memory of all."""

    def __init__(self, laps):
        self.wall = statistics.median(lap[0] for lap in laps)
        self.cpu = statistics.median(lap[1] for lap in laps)
        self.peak_mb = max(lap[2] for lap in laps) / 1024 / (1024 if sys.platform == "darwin" else 1)


def run(arguments):
    done = subprocess.run([sys.executable, "-S", "-E", "-c", MEASURE, *map(str, arguments)], check=True, stderr=subprocess.PIPE, text=True)
    status, wall, cpu, peak = done.stderr.split()[-4:]
    if int(status) not in (0, 3):
        sys.exit(f"{arguments[:4]} failed: {done.stderr[-2000:]}")
    return float(wall), float(cpu), int(peak)


def shell(script, *words):
    return ["sh", "-c", script, "sh", *words]


def agxtriage(database, *words):
    return [bench.PROGRAM, "-q", "--db", database, *words]


def interleaved(rounds, programs):
    """{name: Cost}. Each is a function that prepares and returns the command line; whatever else the machine does hits all."""
    laps = {name: [] for name in programs}
    for _ in range(rounds):
        for name, prepare in programs.items():
            laps[name].append(run(prepare()))
    return {name: Cost(found) for name, found in laps.items()}


def show(title, costs, floors):
    """floors: {name: the name that it is measured against}"""
    print(f"\n{title}\n{'':34}      wall       CPU      peak   against, wall and CPU")
    for name, cost in costs.items():
        floor = costs.get(floors.get(name))
        against = f"{floors[name]:22} {cost.wall / floor.wall:6.2f} {cost.cpu / floor.cpu:6.2f}" if floor else ""
        print(f"{name:34}  {cost.wall * 1e3:7.0f} ms {cost.cpu * 1e3:7.0f} ms {cost.peak_mb:6.1f} MB   {against}".rstrip(), flush=True)


def report(scratch, database, rounds, title):
    page = scratch / "page.html"
    # What is read of each incident, into a table that is not kept: the least that an analysis does.
    floor = ["sqlite3", "-readonly", database, "select captured_at, site_id, signature_id, stack_id, os_build, driver_version, operation from incident"]
    costs = interleaved(rounds, {
        "sqlite3, the rows": lambda: floor,
        "report": lambda: agxtriage(database, "report", "--no-pager"),
        "report --html": lambda: agxtriage(database, "report", "--html", page),
        "report --html --redact": lambda: agxtriage(database, "report", "--redact", "--html", page),
    })
    show(title, costs, dict.fromkeys(costs, "sqlite3, the rows"))
    size = page.stat().st_size / 1e6
    print(f"the page has {size:.2f} MB")
    return costs, size


def archives(scratch, folder, database, rounds):
    out = {name: scratch / name for name in ("a.tar.gz", "a.tar.zst", "b.tar.gz", "b.tar.zst", "plain.tar.gz")}
    names = ("tar | gzip -n", "tar | zstd -6")
    export = agxtriage(database, "export", "--for", "archive")
    costs = interleaved(rounds, {
        names[0]: lambda: shell('tar -C "$1" -cf - . | gzip -n -6 >"$2"', folder, out["b.tar.gz"]),
        names[1]: lambda: shell('tar -C "$1" -cf - . | zstd -q -6 -T1 -f -o "$2"', folder, out["b.tar.zst"]),
        "export, redacted .tar.gz": lambda: export + ["-o", out["a.tar.gz"]],
        "export, redacted .tar.zst": lambda: export + ["-o", out["a.tar.zst"]],
        "export --no-redact .tar.gz": lambda: export + ["--no-redact", "-o", out["plain.tar.gz"]],
    })
    show("archives", costs, {name: names["zst" in name] for name in costs})
    print("sizes: " + ", ".join(f"{name} {path.stat().st_size / 1e6:.1f} MB" for name, path in out.items()))
    return costs, out


def imports(scratch, folder, archive, rounds):
    costs = interleaved(rounds, {
        "scan of the files": lambda: agxtriage(bench.fresh(scratch, "scan"), "scan", "--all", folder),
        "import of the archive": lambda: agxtriage(bench.fresh(scratch, "import"), "import", archive),
    })
    show("taking in", costs, {"import of the archive": "scan of the files"})
    for name in ("scan", "import"):
        print(f"{name}: {count(scratch / name / 'crashes.db')} incidents")
    return costs


def count(database):
    query = [bench.PROGRAM, "--db", str(database), "sql", "--csv", "select count(*) from incidents"]
    return int(subprocess.run(query, check=True, capture_output=True, text=True).stdout.split()[-1])


def redaction(paths):
    out = subprocess.run([os.environ["AGXTRIAGE_REDACTION"], *paths], check=True, capture_output=True, text=True).stdout
    stages = {name: (float(us), int(size)) for name, us, size in (line.split("\t") for line in out.splitlines())}
    copy, parse = stages["copy"][0], stages["parse"][0]
    print("\nredaction   CPU/report        rate   times a copy   times the parse")
    for name, (us, _) in stages.items():
        size = stages["copy"][1]
        print(f"{name:10} {us:8.1f} us {size / us:6.0f} MB/s {us / copy:14.1f} {us / parse:17.2f}")
    kept = stages["redact"][1] / stages["copy"][1]
    print(f"{kept:.0%} of the bytes leave")
    return stages["redact"][0] / parse, stages["learn"][0] / parse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=2000, help="of real size, for the archives")
    parser.add_argument("--incidents", type=int, default=10000, help="in the database of the reports")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    if not (bench.CORPUS / "real").is_dir():
        print(f"skipped: no corpus at {bench.CORPUS}")
        return 77
    missing = [name for name in ("sqlite3", "tar", "gzip", "zstd") if not shutil.which(name)]
    if missing:
        print(f"skipped: no {missing[0]} to compare with")
        return 77
    with tempfile.TemporaryDirectory(prefix="agxtriage-bench-") as name:
        scratch = pathlib.Path(name)
        os.environ["HOME"] = name
        made = bench.fresh(scratch, "made")
        subprocess.run([os.environ["AGXTRIAGE_GENERATE"], made, str(chosen.incidents)], check=True, stdout=subprocess.DEVNULL)
        pages, page_mb = report(scratch, made, chosen.rounds, f"report on {chosen.incidents} generated incidents")
        folder, database = scratch / "reports", bench.fresh(scratch, "store")
        paths, total = bench.repeat(bench.sources(), chosen.reports, folder)
        print(f"\n{chosen.reports} reports of {total / chosen.reports / 1000:.1f} kB on average")
        bench.scan(database, folder)
        report(scratch, database, chosen.rounds, f"report on {chosen.reports} real reports")
        exports, out = archives(scratch, folder, database, chosen.rounds)
        taken = imports(scratch, folder, out["plain.tar.gz"], chosen.rounds)
        redact, learn = redaction(paths[:1000])
    share = chosen.incidents / 10000
    limits = [("the page, seconds", pages["report --html"].wall, 2 * share), ("the page, MB", page_mb, 5)]
    limits += [(f"{name}, peak MB", cost.peak_mb, 64) for name, cost in {**exports, **taken}.items() if "port" in name]
    missed = [f"{what}: {value:.2f} > {limit}" for what, value, limit in limits if value > limit]
    print("\n" + ("every limit is kept" if not missed else "missed: " + "; ".join(missed)))
    return 1 if missed and chosen.check else 0


if __name__ == "__main__":
    sys.exit(main())
