#!/usr/bin/env python3
"""sim_trend.py TRIAL: crashes of the simulated driver become more frequent with the threads when nothing is locked (test of
Cochran and Armitage over 1, 2, 4, 8 threads), and never happen with one thread or with the policies global and queue.
AGXTRIAGE_FAULT_RUNS trials a condition. Exit status 77 on a single processor, where threads hardly meet."""
import json
import math
import os
import random
import signal
import subprocess
import sys

RUNS = int(os.environ.get('AGXTRIAGE_FAULT_RUNS', '60'))
THREADS = [1, 2, 4, 8]


def crashed(policy, threads):
    done = subprocess.run([sys.argv[1], '--lock', policy, '--threads', str(threads)], capture_output=True, text=True, timeout=120)
    if done.returncode == 0:
        assert json.loads(done.stdout.splitlines()[1])['outcome'] == 'finished', done.stdout
        return False
    assert done.returncode == -signal.SIGSEGV, (policy, threads, done.returncode, done.stdout, done.stderr)
    return True


def trend_p(counts, runs):
    """One-sided p of a rising share; the scores are 0, 1, 2, 3, one for each doubling."""
    total, groups = sum(counts), len(counts)
    share, mean = total / (runs * groups), (groups - 1) / 2
    statistic = sum((score - mean) * count for score, count in enumerate(counts))
    variance = share * (1 - share) * runs * sum((score - mean) ** 2 for score in range(groups))
    return math.erfc(statistic / math.sqrt(2 * variance)) / 2 if variance else 1.0


def main():
    if len(os.sched_getaffinity(0)) < 2:
        print('skipped: a single processor')
        return 77
    # What rises clearly, and what does not.
    assert trend_p([1, 5, 9, 14], 60) < 0.001 and 0.4 < trend_p([7, 7, 7, 7], 60) < 0.6
    counts = {(policy, threads): 0 for policy, many in (('none', THREADS), ('global', [8]), ('queue', [8])) for threads in many}
    for _ in range(RUNS):
        for condition in random.sample(list(counts), len(counts)):
            counts[condition] += crashed(*condition)
    rising = [counts['none', threads] for threads in THREADS]
    p = trend_p(rising, RUNS)
    print(f'crashes of {RUNS}: {counts}; one-sided p of the trend {p:.2g}')
    assert counts['none', 1] == counts['global', 8] == counts['queue', 8] == 0, 'a crash where none can be'
    assert p < 0.001, 'no rising trend'
    return 0


sys.exit(main())
