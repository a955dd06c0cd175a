#!/usr/bin/env python3
"""The whole of `repro`, from outside: every crash is paired with its own incident, the counts add up, what is simulated says so,
policies that exclude the race never crash, and nothing is left behind; with a daemon on the same database and without.

AGXTRIAGE names the program; AGXTRIAGE_FAULT_RUNS (of each condition; from 40 on the order of rates and throughputs is
judged too) and _TRIALS make it longer. Knows the command line and the views, nothing of the code."""
import json
import math
import os
import signal
import sys

from outsider import Outsider
from rehearsed import SITES, Census, Rehearsed, judge_contract, judge_left, judge_pairs, judge_rows, judge_trials
from watched import parameter

RUNS = parameter('RUNS', 3)
TRIALS = parameter('TRIALS', 24)
SLOW = parameter('SLOW', 1)
FIRM = RUNS >= 40
THREADS = (1, 2, 4, 8)
LOCKS = ('none', 'global', 'pipeline')
COMMAND = ('--backend', 'sim', '--threads', '1,2,4,8', '--lock', 'none,global,pipeline', '--runs', str(RUNS))
PATIENCE = (120 + 12 * RUNS * 2) * SLOW


def by_key(said):
    return {(condition['lock'], condition['threads']): condition for condition in said['conditions']}


def trend(counts):
    """Cochran and Armitage, one-sided, for (dose, crashed, runs)."""
    total = sum(runs for _, _, runs in counts)
    share = sum(crashed for _, crashed, _ in counts) / total
    mean = sum(dose * runs for dose, _, runs in counts) / total
    top = sum((dose - mean) * crashed for dose, crashed, _ in counts)
    spread = share * (1 - share) * sum(runs * (dose - mean) ** 2 for dose, _, runs in counts)
    return math.erfc(top / math.sqrt(2 * spread)) / 2 if spread else 1.0


def judge_policies(o, said, label):
    """What the model forbids, and in the long form what it orders."""
    found = by_key(said)
    o.check(set(found) == {(lock, threads) for lock in LOCKS for threads in THREADS}, label + ': conditions', list(found))
    never = [key for key, condition in found.items() if (key[0] == 'global' or key[1] == 1) and condition['crashed']]
    o.check(not never, label + ': no crash where nothing can race', never)
    others = [condition for condition in said['conditions'] if condition['finished'] + condition['crashed'] != condition['runs']]
    o.check(not others, label + ': nothing but finished and crashed', others[:2])
    if not FIRM:
        return
    rates = [(threads, found['none', threads]['crashed'], found['none', threads]['runs']) for threads in THREADS]
    o.check(trend(rates) < .01, label + ': more threads, more crashes', rates)
    print('%s: none %s, p %.2g' % (label, ['%d/%d' % rate[1:] for rate in rates], trend(rates)))
    sites = set().union(*(condition['sites'] for condition in said['conditions']))
    o.check(sites == set(SITES), label + ': all four sites', sites)
    ratios = {}
    for line in said['comparisons']:
        a, b = said['conditions'][line['a']], said['conditions'][line['b']]
        if {a['lock'], b['lock']} == {'global', 'none'} and a['threads'] == b['threads']:
            low, high = line['ratio_low'], line['ratio_high']
            ratio = line['throughput_ratio']
            ours = a['throughput_median'] / b['throughput_median']
            # Which of the two is divided by the other is told by their medians.
            ratios[a['threads']] = (low, high) if (abs(ratio - ours) < abs(1 / ratio - ours)) == (a['lock'] == 'global') \
                else (1 / high, 1 / low)
    o.check({4, 8} <= set(ratios), label + ': throughputs are compared', ratios)
    for threads in (4, 8):
        o.check(ratios.get(threads, (9, 9))[1] < 1, '%s: what the lock costs at %d threads' % (label, threads), ratios)
    print('%s: global against none %s' % (label, ratios))


def judge_marks(o, stage, said, crashes, label):
    """Whoever is shown a crash of the simulated driver is told what it is."""
    o.check(said['simulated'] is True and all(condition['simulated'] is True for condition in said['conditions']), label + ': json')
    number = str(said['experiment'])
    for words, mark in ((('experiments', number), 'SIMULATED'), (('experiments', number, '--markdown'), 'simulated'),
                        (('experiments',), '[simulated]'), (('compare', number + ':0', number + ':3'), 'SIMULATED')):
        answer = stage.command(*words)
        o.check(answer.status == 0 and mark in answer.out.decode(), '%s: %s' % (label, ' '.join(words)), answer)
    table = stage.command('experiments', number, '--csv').out.decode().splitlines()
    o.check(len(table) == 13 and all(',true,' in line for line in table[1:]), label + ': csv', table[:2])
    if not crashes:
        return
    listed = stage.command('list', '--json').lines
    o.check(len(listed) == crashes and all(line['simulated'] is True for line in listed), label + ': list --json', len(listed))
    table = stage.command('list', '--no-pager').out.decode().splitlines()[1:]
    o.check(len(table) == crashes and all('[simulated]' in line for line in table), label + ': list', table[:3])
    groups = stage.command('top', '--json').lines
    o.check(sum(group['count'] for group in groups) == crashes and all(group['simulated'] == group['count'] for group in groups),
            label + ': top --json', groups)
    o.check('SIMULATED' in stage.command('top').out.decode().splitlines()[0], label + ': top')
    o.check(b'SIMULATED' in stage.command('show', 'latest').out, label + ': show')


def start_watch(stage):
    """Prints each crash as it is stored, if there is a daemon that stores them meanwhile."""
    out = open(stage.path('watched'), 'w+b')
    return out, stage.outside.start('watch', '--json', env=stage.env, cwd=stage.home, stdout=out)


def judge_watch(o, stage, out, watch, crashes, label):
    stage.command('status', '--json')
    watch.send_signal(signal.SIGINT)
    o.finish(watch, timeout=20, label='watch')
    with open(out.name, 'rb') as file:
        lines = [json.loads(line) for line in file.read().splitlines()]
    os.unlink(out.name)
    o.check(len(lines) == crashes and all(line['simulated'] is True for line in lines), label + ': watch --json', (crashes, len(lines)))


def whole(o, daemon):
    """The command that the manual shows."""
    label = 'with a daemon' if daemon else 'alone'
    stage = Rehearsed(o, daemon=daemon)
    kept = [stage.daemon.pid] if daemon else []
    if daemon:
        out, watch = start_watch(stage)
    census = Census(stage.home)
    answer = stage.repro(*COMMAND, *(['--json'] if daemon else []), timeout=PATIENCE)
    o.check(answer.status == 0, label + ': status', answer)
    if daemon:
        said = json.loads(answer.out)
        o.check(answer.out.count(b'\n') == 1, label + ': one line', answer)
    else:
        text = answer.out.decode()
        o.check('SIMULATED' in text and text == text.expandtabs() and '\x1b' not in text, label + ': text', answer)
        said = stage.experiment()
    judge_contract(o, said, label, RUNS)
    judge_policies(o, said, label)
    trials = judge_rows(o, stage, said, label)
    crashes = judge_pairs(o, stage, trials, label)
    o.check(len(stage.incidents()) == crashes, label + ': as many incidents as crashes', (crashes, len(stage.incidents())))
    judge_trials(o, stage, trials, label)
    judge_marks(o, stage, said, crashes, label)
    if daemon:
        judge_watch(o, stage, out, watch, crashes, label)
    judge_left(o, stage, census, label, crashes, kept)
    stage.end()
    print('%s: %d trials, %d crashes' % (label, len(trials), crashes))
    return crashes


def many(o):
    """Nearly every trial crashes: each crash has its own report in the end, also of those that came close together."""
    label = 'many'
    stage = Rehearsed(o)
    census = Census(stage.home)
    runs = (TRIALS + 1) // 2
    answer = stage.repro('--backend', 'sim', '--scenario', 'shared-queue,use-after-end', '--threads', '8', '--lock', 'none', '--runs',
                         str(runs), '--json', timeout=PATIENCE + 2 * TRIALS * SLOW)
    o.check(answer.status == 0, label + ': status', answer)
    said = json.loads(answer.out)
    judge_contract(o, said, label, runs)
    trials = judge_rows(o, stage, said, label)
    crashes = judge_pairs(o, stage, trials, label)
    o.check(len(stage.incidents()) == crashes, label + ': as many incidents as crashes', (crashes, len(stage.incidents())))
    o.check(crashes >= TRIALS / 8, label + ': there were crashes', crashes)
    judge_left(o, stage, census, label, crashes)
    stage.end()
    print('%s: %d trials, %d crashes' % (label, len(trials), crashes))


def main():
    outside = Outsider()
    for name, case in (('alone', lambda: whole(outside, False)), ('daemon', lambda: whole(outside, True)),
                       ('many', lambda: many(outside))):
        if len(sys.argv) < 2 or name in sys.argv[1:]:
            case()
    outside.end()


main()
