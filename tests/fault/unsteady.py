#!/usr/bin/env python3
"""A program whose crashes are known beforehand, under a crash reporter that drops some reports and is late with others.

    unsteady.py FOLDER REPORTS QUOTA LATE STRANGER

CRASH in the environment says how often it crashes: never, some (6 of 10 runs), always. Reports go to REPORTS: the first QUOTA
crashes of all runs get one, each at another time of up to LATE seconds behind the death. Every fourth run that lives leaves a
report of the process STRANGER behind. FOLDER keeps count, and in its file "crashes" a line for each: pid, and "kept" or "dropped".
"""
import os
import sys

CRASHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'crasher.py')
TENTHS = {'never': 0, 'some': 6, 'always': 10}


def count(folder, name):
    """How often it was asked before. Runs come one at a time."""
    path = os.path.join(folder, name)
    number = os.path.getsize(path) if os.path.exists(path) else 0
    with open(path, 'ab') as file:
        file.write(b'.')
    return number


def become(*words):
    os.execv(sys.executable, [sys.executable, CRASHER, *words])


def main():
    folder, reports, quota, late, stranger = sys.argv[1:]
    often = os.environ['CRASH']
    run = count(folder, often)
    print('throughput: %d ops/s' % (1000 + run))
    sys.stdout.flush()
    if run * 7 % 10 < TENTHS[often]:
        number = count(folder, 'all crashes')
        kept = number < int(quota)
        with open(os.path.join(folder, 'crashes'), 'a', encoding='ascii') as file:
            file.write('%d %s\n' % (os.getpid(), 'kept' if kept else 'dropped'))
        # Every fifth at once, as usual; the others spread, so that later crashes are told of before earlier ones.
        seconds = 0 if number % 5 == 0 else float(late) * (number * 37 % 100 + 1) / 100
        # The memory of a dead process is captured at once; it is the writing that takes its time.
        become(reports, '--report', '1' if kept else '0', '--late', '%.2f' % seconds, '--captured=-%.2f' % seconds)
    elif run % 4 == 3:
        become(reports, '--pid', stranger, '--signal', '0')


main()
