#!/usr/bin/env python3
"""`run -n` on programs that end in every way: each is called what it was, nothing of it stays, and the runner's memory is bounded.

AGXTRIAGE names the program, AGXTRIAGE_EARLY a program that crashes before main(), AGXTRIAGE_FAULT_MEMORY_KB what the runner may
take (0: whatever it likes). Knows the command line and the views of the database, nothing of the code."""
import os
import signal
import subprocess
import sys
import time

from measured import PYTHON, Measured, answer_of, counts, is_running
from outsider import PROGRAM, Outsider
from watched import parameter

EARLY = os.environ.get('AGXTRIAGE_EARLY')
MEMORY_KB = parameter('MEMORY_KB', 48 << 10)
GIGABYTE = 1 << 30
SITE = 'agx-set-compute-pipeline-state'


def measure(o, stage, command, wanted, label, runs=2, options=('--wait', '2')):
    """Runs it; what the one condition came to, and the trials."""
    answer = stage.run('-n', str(runs), '--json', *options, '--', *command)
    found = answer_of(answer)['conditions']
    o.check(answer.status == 0 and len(found) == 1, label + ': an answer', answer)
    condition = found[0] if found else {}
    o.check(condition.get('runs') == runs and counts(condition) == wanted, label, (condition, answer))
    trials = stage.trials()
    o.check(len(trials) == runs, label + ': a row for each', trials)
    return condition, trials, answer


def hangs(o):
    """With children and threads that nothing polite can end."""
    stage = Measured(o)
    pids = stage.path('pids')
    script = ('import os, signal, sys, threading, time\n'
              'signal.signal(signal.SIGTERM, signal.SIG_IGN)\n'
              'child = os.fork()\n'
              'open(%r, "a").write("%%d\\n" %% os.getpid())\n'
              'if child:\n'
              '    for n in range(3): threading.Thread(target=time.sleep, args=(600,)).start()\n'
              'time.sleep(600)\n' % pids)
    _, trials, answer = measure(o, stage, [PYTHON, '-c', script], {'hung': 2}, 'a program that hangs',
                                options=('--timeout', '2', '--wait', '0'))
    o.check(answer.seconds < 40, 'hangs: bounded in time', answer.seconds)
    for trial in trials:
        o.check(trial['stacks'] and 'process %d,' % trial['pid'] in trial['stacks'], 'hangs: it was looked at first', trial)
        o.check(not trial['incident'] and not trial['label'], 'hangs: no crash', trial)
    with open(pids, encoding='ascii') as file:
        left = [int(pid) for pid in file.read().split() if is_running(int(pid))]
    o.check(not left, 'hangs: nothing of it is left', left)
    stage.end()


def child_crashes(o):
    """The program itself ends with 0, and only a report tells."""
    stage = Measured(o)
    condition, trials, _ = measure(o, stage, stage.crasher('--child'), {'crashed': 2}, 'a child crashes')
    o.check(condition['sites'] == {SITE: 2}, 'a child crashes: site', condition)
    for trial in trials:
        o.check(trial['exit_status'] == 0 and trial['incident'] and not trial['label'], 'a child crashes: paired', trial)
    measure(o, stage, stage.crasher('--child', '--report', '0'), {'finished': 2}, 'a child crashes and nobody tells')
    measure(o, stage, stage.crasher('--child', '--late', '1.5'), {'crashed': 2}, 'a child crashes and is told of late',
            options=('--wait', '5'))
    stage.end()


def status_hides_it(o):
    stage = Measured(o)
    shell = ['sh', '-c', '"$@"; exit 0', 'sh', *stage.crasher()]
    _, trials, _ = measure(o, stage, shell, {'crashed': 2}, 'crashes but exits 0')
    o.check(all(trial['exit_status'] == 0 and trial['incident'] for trial in trials), 'exits 0: paired', trials)
    shell = ['sh', '-c', '"$@"; exit $?', 'sh', *stage.crasher('--report', '0')]
    _, trials, _ = measure(o, stage, shell, {'crashed': 2}, 'a shell that tells of a crash')
    o.check([trial['label'] for trial in trials] == ['late', 'late'], 'a shell that tells: labelled', trials)
    stage.end()


def before_main(o):
    if not EARLY:
        return
    stage = Measured(o)
    _, trials, _ = measure(o, stage, [EARLY], {'crashed': 3}, 'crashes before main()', runs=3)
    for trial in trials:
        o.check(trial['signal'] == 'SIGSEGV' and trial['label'] == 'late' and trial['pid'] > 1, 'before main(): labelled', trial)
    stage.end()


def other_ends(o):
    """What is no crash."""
    stage = Measured(o)
    for label, script, wanted in (('status 0', 'exit 0', 'finished'), ('status 1', 'exit 1', 'failed'),
                                  ('status 77', 'exit 77', 'failed'), ('SIGKILL', 'kill -KILL $$', 'failed'),
                                  ('SIGTERM', 'kill -TERM $$', 'failed'), ('SIGABRT', 'ulimit -c 0; kill -ABRT $$', 'crashed'),
                                  ('no such command', 'no-such-command-here', 'failed')):
        measure(o, stage, ['sh', '-c', script], {wanted: 2}, label, options=('--wait', '0'))
    answer = stage.run('-n', '2', '--wait', '0', '--', stage.path('nothing-there'))
    o.check(answer.status in (1, 126, 127), 'not there: status', answer)
    o.check(b'nothing-there' in answer.err, 'not there: named', answer)
    stage.end()


def noise(o):
    """A gigabyte on standard error, then one on standard output: the tail is kept, the rest goes through."""
    for stream in (2, 1):
        stage = Measured(o)
        label = '1 GB on %s' % ('standard error' if stream == 2 else 'standard output')
        script = 'yes "a line of noise" | head -c %d >&%d; echo last words >&%d; exit 3' % (GIGABYTE, stream, stream)
        with open(stage.path('out'), 'w+b') as out:
            command = [PROGRAM, 'run', '-n', '1', '--json', '--wait', '0', '--', 'sh', '-c', script]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL, env=stage.env,
                                       cwd=stage.home)
            end, status = time.monotonic() + 120, 0
            while not status and time.monotonic() < end:
                pid, raw, usage = os.wait4(process.pid, os.WNOHANG)
                status = pid and [os.waitstatus_to_exitcode(raw), usage.ru_maxrss]
                time.sleep(.05)
            if not status:
                process.kill()
                process.wait()
            out.seek(0)
            said = out.read()
        o.check(status and status[0] == 0 and b'"failed":1' in said.replace(b' ', b''), label, (status, said[:500]))
        o.check(status and (not MEMORY_KB or status[1] < MEMORY_KB), label + ': memory of the runner', status)
        tail = stage.trials()[0]['stderr_tail'] or ''
        o.check(len(tail) <= 1 << 16 and (stream == 1 or tail.endswith('a line of noise\nlast words\n') or
                                          tail.endswith('last words\n')), label + ': the tail', (len(tail), tail[-80:]))
        o.check(os.path.getsize(stage.db) < 8 << 20, label + ': size of the database', os.path.getsize(stage.db))
        stage.end()


RUNS = 12


def broken_off(o, stage, number, label):
    """An experiment in whose middle its runner gets a signal; its answer."""
    marker = stage.path('marker')
    process = stage.start('-n', str(RUNS), '--json', '--wait', '0', '--', 'sh', '-c', 'echo $$ >>%s; sleep .3' % marker)
    end = time.monotonic() + 30
    while time.monotonic() < end and not (os.path.exists(marker) and len(open(marker, 'rb').readlines()) >= 3):
        time.sleep(.01)
    process.send_signal(number)
    answer = o.finish(process, timeout=30, label=label)
    o.check(answer.seconds < 10, label + ': ends soon', answer.seconds)
    outcomes = [trial['outcome'] for trial in stage.trials()]
    o.check(2 <= outcomes.count('finished') < RUNS and set(outcomes) <= {'finished', 'interrupted', 'started'},
            label + ': what was measured is kept', outcomes)
    return answer


def goes_on(o, stage, label):
    """The rest, and no more than that."""
    before = [trial['id'] for trial in stage.trials() if trial['outcome'] == 'finished']
    answer = stage.run('--resume', '--json')
    trials = stage.trials()
    found = answer_of(answer)['conditions']
    o.check(answer.status == 0 and len(found) == 1 and found[0]['runs'] == RUNS and counts(found[0]) == {'finished': RUNS},
            label + ': resumed', (answer, found))
    finished = [trial for trial in trials if trial['outcome'] == 'finished']
    o.check([trial['id'] for trial in finished][:len(before)] == before, label + ': nothing is measured twice', before)
    o.check(sorted(trial['slot'] for trial in finished) == list(range(RUNS)), label + ': every slot once', trials)
    o.check({trial['outcome'] for trial in trials} <= {'finished', 'interrupted'}, label + ': no trial is left open', trials)
    o.check(stage.run('--resume', '--json').status == 3, label + ': nothing is left to be resumed')
    with open(stage.path('marker'), encoding='ascii') as file:
        pids = [int(pid) for pid in file.read().split()]
    time.sleep(.5)
    o.check(not [pid for pid in pids if is_running(pid)], label + ': no process is left', pids)


def interrupted(o):
    """Ctrl-C."""
    stage = Measured(o)
    answer = broken_off(o, stage, signal.SIGINT, 'interrupted')
    o.check(answer.status == 1, 'interrupted: status', answer)
    goes_on(o, stage, 'interrupted')
    stage.end()


def killed(o):
    """Nobody writes down an end then."""
    stage = Measured(o)
    broken_off(o, stage, signal.SIGKILL, 'killed')
    goes_on(o, stage, 'killed')
    stage.end()


def main():
    outside = Outsider()
    for case in (hangs, child_crashes, status_hides_it, before_main, other_ends, noise, interrupted, killed):
        if len(sys.argv) < 2 or case.__name__ in sys.argv[1:]:
            case(outside)
    outside.end()


main()
