#!/usr/bin/env python3
"""trial_threads.py TRIAL: every policy in every scenario, with threads. A trial may crash where the simulated driver's race is
open, for that is what it is for; it may never have a data race of C, and where a policy protects it does not crash. In a build
with ThreadSanitizer the former is found by it; in others the rest is still checked. Then the rehearsals of what goes wrong."""
import json
import os
import subprocess
import sys
import time

SHARED = ['shared-queue', 'shared-buffer', 'use-after-end', 'release-in-use']
POLICIES = ['none', 'global', 'pipeline', 'queue']
# Crashes are to be crashes: the sanitizers must not take them over.
ENVIRONMENT = dict(os.environ)
for variable in ('TSAN_OPTIONS', 'ASAN_OPTIONS'):
    ENVIRONMENT[variable] = ':'.join(filter(None, [os.environ.get(variable), 'handle_segv=0:handle_abort=0']))


def trial(*options):
    """(exit status, answers) of one trial; fails when it says anything else."""
    done = subprocess.run([sys.argv[1], *options], capture_output=True, text=True, env=ENVIRONMENT, timeout=100)
    what = f'{" ".join(options)}: status {done.returncode}\n{done.stdout}{done.stderr}'
    assert done.stderr == '', what
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[0]['type'] == 'start' and answers[0]['pid'] > 0, what
    if done.returncode < 0:
        assert -done.returncode in (6, 11), what
        assert len(answers) == 1, what
    else:
        assert done.returncode == 0 and answers[1]['outcome'] == 'finished', what
    return done.returncode, answers


def crashes(scenario, policy, threads, *more):
    status, _ = trial('--scenario', scenario, '--lock', policy, '--threads', str(threads), '--operations', '200',
                      '--gpu-latency', '20', '--elements', '16', *more)
    return status < 0


def rehearsals():
    """What the simulated GPU does wrong when it is told to; its start is told before anything else happens."""
    for fault, status, outcome in (('gpu-error', 3, 'gpu_error'), ('wrong-result', 4, 'wrong_result')):
        done = subprocess.run([sys.argv[1], '--sim-fault', fault, '--threads', '3'], capture_output=True, text=True, timeout=60)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == status and answers[1]['outcome'] == outcome, (done, answers)
        assert answers[1]['error'].startswith('simulated: '), answers
    with subprocess.Popen([sys.argv[1], '--sim-fault', 'hang'], stdout=subprocess.PIPE, text=True) as hanging:
        assert json.loads(hanging.stdout.readline())['pid'] == hanging.pid
        time.sleep(1)
        assert hanging.poll() is None, 'it was to hang'
        hanging.kill()
        assert hanging.stdout.read() == ''


def main():
    rehearsals()
    crashed = 0
    for scenario in SHARED + ['independent']:
        for policy in POLICIES:
            safe = scenario == 'independent' or policy in ('global', 'queue')
            fell = crashes(scenario, policy, 4)
            assert not (safe and fell), f'{scenario} crashed with {policy}'
            crashed += fell
        assert not crashes(scenario, 'none', 1), f'{scenario} crashed with one thread'
    assert not crashes('shared-queue', 'pipeline', 4, '--kernels', 'mul')
    print(f'no data race; {crashed} of {2 * len(SHARED)} that may crash did')


main()
