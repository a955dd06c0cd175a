#!/usr/bin/env python3
"""`repro` that is broken off: by kill -9 at any moment, by Ctrl-C, by a second runner, by a full disk, by a database or a folder of
reports that goes away. What was measured stays, nothing is counted wrongly, and a resume finishes the same experiment.

AGXTRIAGE names the program, AGXTRIAGE_SHIM a library that makes writes fail (without it that part is left out);
AGXTRIAGE_FAULT_KILLS, _RUNS and _SEED make it longer or other. Knows the command line and the views, nothing of the code."""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

from measured import answer_of
from outsider import Outsider
from rehearsed import OUTCOMES, Census, Rehearsed, judge_contract, judge_left, judge_pairs, judge_rows
from watched import parameter

RUNS = parameter('RUNS', 4)
KILLS = parameter('KILLS', 5)
SEED = parameter('SEED', 4)
SLOW = parameter('SLOW', 1)
SHIM = os.environ.get('AGXTRIAGE_SHIM')
# Four conditions, half of whose trials crash.
PLAN = ('--backend', 'sim', '--threads', '2,8', '--lock', 'none,global', '--scenario', 'use-after-end', '--runs', str(RUNS))
FINISHED, PLANNED = 'finished', 4 * RUNS


def planned_order(o, runs, seed):
    """Slot -> condition of an experiment with as many conditions and the same seed, which nobody disturbs."""
    stage = Rehearsed(o)
    stage.run('-n', str(runs), '--matrix', 'A=1,2,3,4', '--seed', str(seed), '--json', '--wait', '0', '--', 'true')
    order = {trial['slot']: trial['condition'] for trial in stage.trials()}
    stage.end()
    o.check(len(order) == 4 * runs and len(set(list(order.values())[:4])) == 4, 'the order of an undisturbed one', order)
    return order


def wait_for(o, stage, counted, seconds=60):
    """Until so many trials have an outcome, as another process sees them."""
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        if os.path.exists(stage.db):
            try:
                if sum(trial['outcome'] in OUTCOMES for trial in stage.trials()) >= counted:
                    return True
            except Exception:  # not made yet
                pass
        time.sleep(.02)
    return o.fail('%d trials were waited for in vain' % counted)


def judge_whole(o, stage, said, label, seed=SEED, runs=RUNS):
    """All has been measured, once, in the planned order; what was broken off is marked."""
    judge_contract(o, said, label, runs)
    trials = judge_rows(o, stage, said, label)
    counted = [trial for trial in trials if trial['outcome'] in OUTCOMES]
    order = planned_order(o, runs, seed)
    o.check({trial['slot']: trial['condition'] for trial in counted} == order, label + ': the planned order', order)
    o.check([trial['slot'] for trial in counted] == sorted(trial['slot'] for trial in counted), label + ': and in it', counted[:2])
    rest = [trial for trial in trials if trial['outcome'] not in OUTCOMES]
    o.check({trial['outcome'] for trial in rest} <= {'interrupted'}, label + ': nothing is left open', rest)
    o.check(all(order[trial['slot']] == trial['condition'] for trial in rest), label + ': conditions of the interrupted', rest)
    crashes = judge_pairs(o, stage, trials, label)
    # A trial that was broken off may have crashed just before: it, or what it started.
    broken = {trial['pid'] for trial in rest}
    paired = {trial['incident'] for trial in trials}
    strange = [row for row in stage.incidents().values() if row['id'] not in paired and
               not {row['pid'], stage.shown(row['id'])['process'].get('parent_pid')} & broken]
    o.check(not strange, label + ': no report without its trial', strange)
    return trials, rest, crashes


def killed(o):
    """kill -9 of the runner at any moment, again and again."""
    label, stage = 'killed', Rehearsed(o)
    chance = random.Random(SEED)
    for kill in range(KILLS):
        census = Census(stage.home)
        process = stage.begin(*(PLAN + ('--seed', str(SEED)) if kill == 0 else ('--resume',)))
        if kill == 0:
            wait_for(o, stage, 1)
        time.sleep(chance.uniform(0, 1.2) if chance.random() < .7 else chance.uniform(0, .1))
        process.kill()
        answer = o.finish(process, timeout=10, label=label)
        if answer.status == 0:
            break
        end = time.monotonic() + 2 * SLOW
        while (left := census.look()) and time.monotonic() < end:
            time.sleep(.02)
        o.check(not left, '%s: nothing runs on behind kill %d' % (label, kill), left)
        census.end()
    experiments = stage.rows('select * from experiments')
    o.check(len(experiments) == 1, label + ': it is one experiment', experiments)
    before = [trial for trial in stage.trials() if trial['outcome'] in OUTCOMES]
    census = Census(stage.home)
    answer = stage.repro('--resume', '1', '--json')
    said = answer_of(answer)
    o.check(answer.status == 0 and said.get('experiment') == 1, label + ': finished', answer)
    o.check(answer.seconds < 30 * SLOW, label + ': nothing is waited for in vain',
            '%s\n%s' % (answer, [{name: trial[name] for name in ('id', 'outcome', 'pid', 'incident', 'label')} for trial in stage.trials()]))
    trials, rest, _ = judge_whole(o, stage, said, label)
    after = {trial['id']: trial for trial in trials}
    same = ('slot', 'condition', 'outcome', 'pid', 'launched_at', 'exit_status', 'signal', 'throughput')
    o.check(all(trial[name] == after[trial['id']][name] for trial in before for name in same), label + ': what was measured stays', before)
    o.check(all(trial['error'] for trial in rest), label + ': the interrupted say why', rest)
    o.check(rest, label + ': some were interrupted')
    hidden = [name for name in stage.files() if name.startswith('.')]
    o.check(not hidden, label + ': no half report', hidden)
    judge_left(o, stage, census, label, len(stage.files()))
    o.check(len(stage.files()) == len(stage.incidents()), label + ': every report is stored', (stage.files(), stage.incidents()))
    answer = stage.repro('--resume', '--json')
    o.check(answer.status == 3 and not answer.out, label + ': nothing is left to be resumed', answer)
    o.one_line(answer, label + ': nothing is left', 'resumed')
    answer = stage.repro('--resume', '1', '--json')
    o.check(answer.status == 0 and answer_of(answer)['conditions'] == said['conditions'], label + ': a finished one is not run again', answer)
    o.check(b'finished' in answer.err and len(stage.trials()) == len(trials), label + ': a resume of a finished one says so', answer)
    answer = stage.repro('--resume', '77')
    o.check(answer.status == 3 and b'77' in answer.err, label + ': a number that is none', answer)
    stage.end()
    print('%s: %d trials, %d of them interrupted' % (label, len(trials), len(rest)))


def stopped(o):
    """Ctrl-C, and how it goes on; a second runner meanwhile."""
    for number in (signal.SIGINT, signal.SIGTERM):
        label, stage = signal.Signals(number).name, Rehearsed(o)
        census = Census(stage.home)
        process = stage.begin(*PLAN, '--seed', str(SEED), '--json')
        wait_for(o, stage, 3)
        if number == signal.SIGINT:
            others(o, stage)
        process.send_signal(number)
        answer = o.finish(process, timeout=20 * SLOW, label=label)
        said = answer_of(answer)
        o.check(answer.status == 1, label + ': status', answer)
        o.check(b'agxtriage repro --resume 1' in answer.err, label + ': how it goes on', answer)
        o.clean(answer.err, label)
        runs = sum(condition['runs'] for condition in said['conditions'])
        o.check(3 <= runs < PLANNED, label + ': what was measured is told', answer)
        o.check(runs == sum(trial['outcome'] in OUTCOMES for trial in stage.trials()), label + ': and kept', runs)
        listed = stage.command('experiments', '--json').lines
        o.check(len(listed) == 1 and listed[0]['ended_at'] is None, label + ': listed as not finished', listed)
        text = stage.command('experiments', '1').out.decode()
        o.check('%d of %d' % (runs, PLANNED) in text, label + ': the summary says how many', text[:300])
        answer = stage.repro('--resume', '--json')
        o.check(answer.status == 0, label + ': resumed', answer)
        trials, _, _ = judge_whole(o, stage, answer_of(answer), label)
        judge_left(o, stage, census, label, len(stage.files()))
        stage.end()


def others(o, stage):
    """A second runner is told that there is a first."""
    for words in (('repro', *PLAN), ('repro', '--resume'), ('run', '-n', '2', '--', 'true'), ('run', '--resume', '1')):
        answer = stage.command(*words, timeout=20 * SLOW)
        label = 'a second runner: ' + ' '.join(words)
        o.check(answer.status == 1 and not answer.out, label, answer)
        o.one_line(answer, label, 'experiment')
    o.check(len(stage.rows('select * from experiments')) == 1, 'a second runner leaves no experiment', stage.rows('select * from experiments'))


# ---- databases and folders that fail ----

def judge_trouble(o, stage, answer, label, *words):
    """It ended with an error that names what is wrong; the database is whole."""
    text = answer.err.decode('utf-8', 'replace')
    o.check(answer.status == 1, label + ': status', answer)
    o.clean(answer.err, label)
    o.check(any(word in text for word in words) and text.count('\n') <= 4, label + ': says what is wrong', text)
    if os.path.exists(stage.db):
        o.integrity(stage.db, label)


def mounted(place, size):
    return subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=' + size, 'tmpfs', place], stderr=subprocess.DEVNULL).returncode == 0


def full_disk(o):
    """In the middle, on a disk of its own."""
    label, stage = 'a full disk', Rehearsed(o)
    place = os.path.dirname(stage.db)
    if not mounted(place, '6m'):
        print('no tmpfs can be mounted here: a full disk is tested with the shim only')
        return
    try:
        os.mkdir(stage.reports)
        census = Census(stage.home)
        process = stage.begin(*PLAN, '--seed', str(SEED), '--json')
        wait_for(o, stage, 2)
        with open(place + '/ballast', 'wb', buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b'x' * 4096)
            except OSError:
                pass
        answer = o.finish(process, timeout=60 * SLOW, label=label)
        os.unlink(place + '/ballast')
        judge_trouble(o, stage, answer, label, 'full', 'space')
        goes_on(o, stage, census, label)
    finally:
        subprocess.run(['umount', '-l', place])


def failing_writes(o):
    """From some moment on every write fails, or every sync."""
    for what, number in (('write', 28), ('sync', 5)):
        label, stage = 'every %s fails' % what, Rehearsed(o)
        switch = stage.path('off')
        env = dict(stage.env, LD_PRELOAD=SHIM, SHIM_FAIL_EVERY='1', SHIM_FAIL_WITH=str(number), SHIM_FAIL_WHAT=what, SHIM_FAIL_FILE=switch)
        census = Census(stage.home)
        process = o.start('repro', *PLAN, '--seed', str(SEED), '--json', env=env, cwd=stage.home)
        wait_for(o, stage, 2)
        o.write(switch, b'')
        answer = o.finish(process, timeout=60 * SLOW, label=label)
        os.unlink(switch)
        judge_trouble(o, stage, answer, label, 'full', 'space', 'failed', 'error')
        goes_on(o, stage, census, label, lost=what == 'write')
    # And before it has begun.
    stage = Rehearsed(o)
    stage.command('scan', '--json')
    env = dict(stage.env, LD_PRELOAD=SHIM, SHIM_FAIL_EVERY='1', SHIM_FAIL_WITH='28')
    answer = o.run('repro', *PLAN, env=env, cwd=stage.home)
    o.check(answer.status == 1 and answer.err and not answer.out, 'a disk that is full from the start', answer)
    o.check(not stage.rows('select * from experiments') and not stage.files(), 'full from the start: nothing is begun', stage.files())


def goes_on(o, stage, census, label, lost=False):
    """What was counted is what was told, and the rest can be measured. lost: a report may be missing."""
    before = [trial['id'] for trial in stage.trials() if trial['outcome'] in OUTCOMES]
    o.check(len(before) < PLANNED, label + ': it was in the middle', len(before))
    left = census.look()
    o.check(not left, label + ': no process is left', left)
    answer = stage.repro('--resume', '--json')
    said = answer_of(answer)
    o.check(answer.status == 0 and said.get('experiment') == 1, label + ': resumed', answer)
    if lost:
        judge_contract(o, said, label, RUNS)
        trials = judge_rows(o, stage, said, label)
    else:
        trials, _, _ = judge_whole(o, stage, said, label)
    o.check([trial['id'] for trial in trials if trial['outcome'] in OUTCOMES][:len(before)] == before, label + ': nothing twice', before)
    o.check(not [name for name in stage.files() if name.startswith('.')], label + ': no half report', stage.files())
    census.end()
    o.integrity(stage.db, label)


def deleted(o):
    """The database is deleted while it runs: said, and not counted into nothing."""
    label, stage = 'the database is deleted', Rehearsed(o)
    census = Census(stage.home)
    process = stage.begin(*PLAN, '--seed', str(SEED), '--json')
    wait_for(o, stage, 2)
    for end in ('', '-wal', '-shm'):
        if os.path.exists(stage.db + end):
            os.unlink(stage.db + end)
    answer = o.finish(process, timeout=60 * SLOW, label=label)
    judge_trouble(o, stage, answer, label, 'deleted')
    o.check(not census.end(), label + ': no process is left')
    answer = stage.repro('--resume', '--json')
    o.check(answer.status == 3 and not answer.out, label + ': nothing is left to be resumed', answer)
    answer = stage.repro(*PLAN[:-1], '1', '--json')
    o.check(answer.status == 0 and sum(c['runs'] for c in answer_of(answer)['conditions']) == 4, label + ': a new one works', answer)
    stage.end()


def folder_gone(o):
    """Reports cannot be written or seen any more: outcomes stay right, and crashes without a report say so."""
    for what in ['deleted', 'a file in its place', 'another in its place'] + (['closed'] if os.getuid() else []):
        label, stage = 'the folder is gone: ' + what, Rehearsed(o)
        census = Census(stage.home)
        process = stage.begin(*PLAN, '--seed', str(SEED), '--json', '--wait', '2')
        wait_for(o, stage, 2)
        if what == 'closed':
            os.chmod(stage.reports, 0o500)
        else:
            shutil.rmtree(stage.reports)
        if what == 'a file in its place':
            o.write(stage.reports, b'')
        elif what == 'another in its place':
            os.mkdir(stage.reports)
        answer = o.finish(process, timeout=120 * SLOW, label=label)
        o.check(answer.status in (0, 1), label + ': status', answer)
        o.clean(answer.err, label)
        if what == 'a file in its place':
            os.unlink(stage.reports)
        elif what == 'closed':
            os.chmod(stage.reports, 0o700)
        if answer.status:
            answer = stage.repro('--resume', '--json')
        said = answer_of(answer)
        judge_contract(o, said, label, RUNS)
        trials = judge_rows(o, stage, said, label)
        crashed = [trial for trial in trials if trial['outcome'] == 'crashed']
        # Whether any crashes is up to the threads; on a busy machine it may be none.
        print('%s: %d crashes' % (label, len(crashed)))
        o.check(all(bool(trial['incident']) != bool(trial['label']) for trial in crashed), label + ': a report or a label', crashed[:2])
        o.check(all(trial['signal'] == 'SIGSEGV' for trial in crashed), label + ': crashes stay crashes', crashed[:2])
        o.check({trial['outcome'] for trial in trials} <= {'crashed', 'finished', 'interrupted'}, label + ': outcomes', trials[:2])
        o.check(not census.end(), label + ': no process is left')
        stage.end()


def main():
    outside = Outsider()
    for case in (killed, stopped, full_disk, failing_writes, deleted, folder_gone):
        if (len(sys.argv) < 2 or case.__name__ in sys.argv[1:]) and (case is not failing_writes or SHIM):
            began = time.monotonic()
            case(outside)
            print('%s: %.1f s' % (case.__name__, time.monotonic() - began), flush=True)
    outside.end()


main()
