#!/usr/bin/env python3
"""`run -n` under a crash reporter that drops every report after the 25th and delays others by up to a minute: no rate changes, what
comes late finds its trial, and each crash without a report says why.

The short form scales the minute down. AGXTRIAGE names the program, AGXTRIAGE_FAULT_LATE (seconds), _RUNS (of each condition)
and _QUOTA make it longer or other. Knows the command line and the views of the database, nothing of the code."""
import os
import subprocess
import sys

from measured import HERE, PYTHON, Measured, answer_of, counts
from outsider import Outsider
from watched import parameter

UNSTEADY = os.path.join(HERE, 'unsteady.py')
LATE = parameter('LATE', 3)
RUNS = parameter('RUNS', 20)
QUOTA = parameter('QUOTA', 25)
# What ReportCrash may take; the program's own patience is that minute.
FULL = LATE > 30
TENTHS = {'never': 0, 'some': 6, 'always': 10}


def expected(often, runs):
    crashed = sum(run * 7 % 10 < TENTHS[often] for run in range(runs))
    return {name: number for name, number in (('finished', runs - crashed), ('crashed', crashed)) if number}


def conditions(answer):
    """By how often each crashes."""
    return {condition['env'].get('CRASH'): condition for condition in answer_of(answer)['conditions']}


def experiment(o, stage, runs, quota, late, label):
    """Runs it; checks what no reporter may change. What became of the crashes: pid -> kept."""
    folder = stage.path('count')
    os.mkdir(folder)
    stranger = subprocess.Popen([PYTHON, '-c', 'import time; time.sleep(600)'], env=stage.env)
    wait = [] if FULL else ['--wait', str(late + 4)]
    try:
        answer = stage.run('-n', str(runs), '--matrix', 'CRASH=never,some,always', '--json', *wait,
                           '--metric', 'throughput: ([0-9.]+)', '--', PYTHON, UNSTEADY, folder, stage.reports, str(quota),
                           str(late), str(stranger.pid), timeout=200 + runs * 3 + 3 * LATE)
    finally:
        stranger.kill()
        stranger.wait()
    o.check(answer.status == 0, label + ': status', answer)
    found = conditions(answer)
    o.check(set(found) == set(TENTHS), label + ': conditions', answer)
    for often, condition in found.items():
        wanted = expected(often, runs)
        o.check(condition['runs'] == runs and counts(condition) == wanted, '%s: counts of %s' % (label, often), condition)
        o.check(abs(condition['rate'] - wanted.get('crashed', 0) / runs) < 1e-12, '%s: rate of %s' % (label, often), condition)
        if 'finished' in wanted:
            o.check(1000 <= condition['throughput_median'] < 1000 + runs, '%s: throughput of %s' % (label, often), condition)
    if not os.path.exists(folder + '/crashes'):
        return {}, found
    with open(folder + '/crashes', encoding='ascii') as file:
        return {int(pid): word == 'kept' for pid, word in (line.split() for line in file)}, found


def judge(o, stage, runs, kept, allowed, label):
    """Every crash has its own incident, or a label that says why not."""
    trials, incidents = stage.trials(), stage.incidents()
    crashed = {trial['pid']: trial for trial in trials if trial['outcome'] == 'crashed'}
    o.check(len(trials) == 3 * runs and set(crashed) == set(kept), label + ': the crashes are those',
            (len(trials), sorted(set(crashed) ^ set(kept))))
    wrong = [trial for pid, trial in crashed.items() if kept.get(pid) and
             (not trial['incident'] or incidents[trial['incident']]['pid'] != pid or trial['label'])]
    o.check(not wrong, label + ': whose report was kept, however late, has it', wrong[:2])
    wrong = [trial for pid, trial in crashed.items() if not kept.get(pid) and (trial['incident'] or trial['label'] not in allowed)]
    o.check(not wrong, label + ': whose report was dropped says so', wrong[:2])
    paired = [trial['incident'] for trial in trials if trial['incident']]
    o.check(len(paired) == len(set(paired)) == sum(kept.values()), label + ': each incident once', len(paired))
    wrong = [trial for trial in trials if trial['outcome'] != 'crashed' and (trial['incident'] or trial['label'])]
    o.check(not wrong, label + ': who lived has none', wrong[:2])
    o.check({trial['signal'] for trial in crashed.values()} == {'SIGSEGV'}, label + ': the signal', len(crashed))
    strangers = len(incidents) - len(paired)
    o.check(strangers > 0, label + ': others of the name were seen', len(incidents))


def drops_and_delays(o, daemon, label):
    stage = Measured(o, daemon)
    kept, found = experiment(o, stage, RUNS, QUOTA, LATE, label)
    # Within the minute a report may still come; behind it the reporter's quota is told by the files that it keeps.
    judge(o, stage, RUNS, kept, ('quota',) if FULL else ('late',), label)
    sites = sum(number for condition in found.values() for number in condition['sites'].values())
    o.check(sites == min(QUOTA, sum(kept.values())) and not any(found['never']['sites'].values()), label + ': sites', found)
    stage.end()


def without_daemon(o):
    drops_and_delays(o, False, 'without a daemon')


def with_daemon(o):
    drops_and_delays(o, True, 'with a daemon')


def no_report_at_all(o):
    """The same rates."""
    if FULL:
        return
    stage, runs = Measured(o), min(RUNS, 10)
    kept, _ = experiment(o, stage, runs, 0, 0, 'no report')
    judge(o, stage, runs, kept, ('late',), 'no report')
    stage.end()


def main():
    outside = Outsider()
    for case in (without_daemon, with_daemon, no_report_at_all):
        if len(sys.argv) < 2 or case.__name__ in sys.argv[1:]:
            case(outside)
    outside.end()


main()
