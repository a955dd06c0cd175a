#!/usr/bin/env python3
"""Runs every libFuzzer program: fuzz.py BUILD-FOLDER SECONDS WORKERS. First line: passed, failed and skipped.

What a target finds interesting stays in build/fuzz/NAME and is its start the next time; what breaks it, too.
"""

import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import tempfile

import csource

SEEDS = "tests/fuzz/seeds"
TAIL_LINES = 60


def engine(program, corpus, seconds, more):
    """One run of libFuzzer: its exit status, units, and output."""
    os.makedirs(corpus, exist_ok=True)
    result = subprocess.run(
        [program, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1",
         f"-artifact_prefix={corpus}-", corpus] + more,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    runs = re.search(r"number_of_executed_units:\s*(\d+)", result.stdout)
    return result.returncode, int(runs.group(1)) if runs else 0, result.stdout


def run(program, seconds):
    """Half of the time on small inputs, which are fast, half from whole reports, which are deep."""
    name = os.path.basename(program)[len("fuzz_"):]
    corpus = os.path.join(csource.ROOT, "build", "fuzz", name)
    seeds = os.path.join(csource.ROOT, SEEDS, name)
    half = max(seconds // 2, 1)
    small = engine(program, corpus + "-small", half, ["-max_len=4096", seeds])
    with tempfile.TemporaryDirectory(prefix="agxtriage-fuzz-") as scratch:
        made = os.path.join(scratch, "made")
        subprocess.run([sys.executable, os.path.join(csource.ROOT, "tests", "data", "make.py"), made],
                       check=True, stdout=subprocess.DEVNULL)
        whole = engine(program, corpus, half, [seeds, made])
    rates = f"small inputs {small[1]} runs, {small[1] // half} per second; " \
            f"whole reports {whole[1]} runs, {whole[1] // half} per second"
    return name, small[0] or whole[0], rates, small[2] if small[0] else whole[2]


def main():
    build, seconds, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    programs = sorted(p for p in glob.glob(os.path.join(build, "tests", "fuzz", "fuzz_*"))
                      if os.path.isfile(p) and os.access(p, os.X_OK))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(lambda p: run(os.path.abspath(p), seconds), programs))
    bad = [r for r in results if r[1] != 0]
    print(len(results) - len(bad), len(bad), 0 if programs else 1)
    if not programs:
        print("--- skipped: fuzz targets: none were built (they need clang with AddressSanitizer)")
    for name, status, rate, output in results:
        print(f"--- fuzz {name}: {'ok' if status == 0 else f'FAILED ({status})'}, {rate}")
        if status != 0:
            print("\n".join("    " + line for line in output.rstrip().split("\n")[-TAIL_LINES:]))


main()
