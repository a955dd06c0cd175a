"""The trial program as a stranger runs it: its crashes are real, its reports tell all of them, and nothing of it is left."""
import ctypes
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time

from outsider import Outsider, limit

o = Outsider()
REPRO = os.path.join(os.path.dirname(os.path.realpath(os.environ['AGXTRIAGE'])), 'agxtriage-repro')
SLOW = int(os.environ.get('AGXTRIAGE_FAULT_SLOW', '1'))
SITES = {
    'agx-set-compute-pipeline-state': ('0x5c8', 'read', 'setComputePipelineState'),
    'agx-prepare-for-enqueue': ('0x98', 'read', 'prepareForEnqueue'),
    'agx-allocate-usc-spill-buffer': ('0x184', 'write', 'allocateUSCSpillBuffer'),
    'agx-dispatch-threads': ('0x5f4', 'read', 'dispatchThreads'),
}
PREFIX = 'agxtriage_simulated_'
OPERATIONS = ('add_mps_kernel', 'mul_mps_kernel', 'copy_mps_kernel')
SIMULATED = 'Simulated: no real driver was involved.'


def start(*args, **more):
    return subprocess.Popen([REPRO, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=o.env, **more)


def trial(*args, **more):
    """The answer, its lines and those of the type asked for."""
    answer = o.finish(start(*args, **more), timeout=60, label='trial %s' % ' '.join(args))
    answer.said = {line['type']: line for line in answer.lines}
    return answer


def alive(pid):
    """Also a zombie is something that was left."""
    return os.path.exists('/proc/%d' % pid)


def wait_until(what, seconds=10):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.01)
    return what()


def crash(*args, tries=200, **more):
    """Trials until one crashes."""
    for seed in range(tries):
        answer = trial('--seed', str(seed), *args, **more)
        if answer.status >= 128:
            return answer
        o.check(answer.status == 0, 'a trial that lived', answer)
    o.fail('no crash in %d trials of %s' % (tries, args))
    sys.exit(1)


def judge_threads(shown, threads, label):
    crashed = [thread for thread in shown['threads'] if thread['crashed']]
    o.check(len(shown['threads']) == threads + 1, label + ': all threads', len(shown['threads']))
    o.check(len(crashed) == 1 and crashed[0]['index'] == shown['crashed_thread']['index'], label + ': one crashed', crashed)
    empty = [thread['index'] for thread in shown['threads'] if not thread['frames']]
    o.check(len(empty) <= 1, label + ': every thread answers', empty)
    o.check(all(thread['name'] for thread in shown['threads']), label + ': names')
    others = shown['concurrent_threads']
    o.check(all(other['state'] in ('running', 'blocked') and other['symbol'].startswith(PREFIX) and
                other['index'] != shown['crashed_thread']['index'] for other in others), label + ': who else', others)
    return others


def judge_image(shown, label):
    own = [image for image in shown['images'] if image['name'] == 'agxtriage-repro']
    o.check(len(own) == 1 and own[0]['path'] == REPRO, label + ': image', own)
    base, size = int(own[0]['base'], 16), int(str(own[0]['size']), 0)
    address = int(shown['crashed_thread']['frames'][0]['address'], 16)
    o.check(base <= address < base + size, label + ': the pc lies in it', (base, size, address))


def judge_fault(shown, site, label):
    offset, access, function = SITES[site]
    fault, registers = shown['fault'], shown['registers']
    o.check((fault['address'], fault['kind'], fault['access'], fault['displacement']) == (offset, 'near_null', access, offset),
            label + ': fault', fault)
    o.check(fault['base_register'] and registers.get(fault['base_register']) == '0x0', label + ': base register', fault)
    told = registers['far'] if 'far' in registers else registers['cr2']
    o.check(told == offset, label + ': what the processor said', registers)
    if 'err' in registers:
        o.check(bool(int(registers['err'], 16) & 2) == (access == 'write'), label + ': error code', registers['err'])
    pc = registers['pc'] if 'pc' in registers else registers['rip']
    o.check(pc == shown['crashed_thread']['frames'][0]['address'], label + ': pc', pc)
    symbols = [frame['symbol'] for frame in shown['crashed_thread']['frames']]
    o.check(symbols[0] == PREFIX + function and PREFIX + shown['operation'] in symbols, label + ': frames', symbols)
    o.check(shown['operation'] in OPERATIONS, label + ': operation', shown['operation'])
    o.check(shown['exception']['type'] == 'EXC_BAD_ACCESS' and shown['exception']['signal'].startswith('SIGSEGV'),
            label + ': exception', shown['exception'])


def judge_marks(shown, answer, label):
    line, begun = answer.said['crash'], answer.said['start']
    o.check(shown['simulated'] is True, label + ': marked')
    o.check((shown['attribution'], shown['attribution_reason']) == ('undetermined', SIMULATED), label + ': nobody is blamed',
            shown['attribution_reason'])
    o.check(shown['process']['name'] == 'agxtriage-repro' and shown['process']['path'] == REPRO, label + ': process')
    o.check(shown['process']['pid'] == line['pid'] == begun['pid'], label + ': pid', (line, begun))
    o.check(shown['launched_at'][:23] == line['launched_at'][:23] <= shown['captured_at'][:23], label + ': times', shown['launched_at'])
    o.check(line['error'] is None and not alive(line['pid']), label + ': nothing is left', line)


def show(path):
    return o.run('show', path, '--json').summary


# ---- each of the four faults ----
folder = o.new('reports')
found, concurrent, threads = {}, 0, 8
# Shared queues for the race; encoders that others have ended for what is rare there.
for seed in range(400):
    if len(found) == len(SITES) and concurrent:
        break
    scenario = 'shared-queue' if seed % 2 == 0 else 'use-after-end'
    answer = trial('--threads', str(threads), '--operations', '4000', '--seed', str(seed), '--scenario', scenario,
                   '--reports', folder)
    if answer.status == 0:
        continue
    o.check(answer.status == 128 + signal.SIGSEGV and answer.said['crash']['signal'] == signal.SIGSEGV, 'status', answer)
    shown = show(answer.said['crash']['report'])
    site = shown['site']
    if not o.check(site in SITES, 'a site', shown['signature']):
        continue
    others = judge_threads(shown, threads, site)
    concurrent += bool(others)
    if site in found:
        continue
    found[site] = answer.said['crash']['report']
    judge_fault(shown, site, site)
    judge_image(shown, site)
    judge_marks(shown, answer, site)
o.check(sorted(found) == sorted(SITES), 'all four', sorted(found))
o.check(concurrent, 'other threads inside the driver')
header = json.loads(open(next(iter(found.values()))).readline())
o.check(header['agxtriage_simulated'] is True and header['bug_type'] == '309', 'header', header)

# ---- the assertion ----
answer = crash('--scenario', 'shared-buffer', '--threads', '4', '--operations', '4000', '--reports', folder)
while answer.status != 128 + signal.SIGABRT:
    answer = crash('--scenario', 'shared-buffer', '--threads', '4', '--operations', '4000', '--reports', folder)
shown = show(answer.said['crash']['report'])
o.check(shown['site'] == 'agx-encoder-coalescing', 'assertion', shown['signature'])
o.check(shown['exception']['type'] == 'EXC_CRASH' and shown['exception']['signal'].startswith('SIGABRT'), 'an abort', shown['exception'])
o.check(shown['termination']['indicator'] == 'Abort trap: 6' and shown['termination']['by_process'] == 'agxtriage-repro', 'ended by itself',
        shown['termination'])
o.check(any('already encoding to this command buffer' in text for text in shown['application_info']), 'its text', shown['application_info'])
o.check(PREFIX + 'tryCoalescingPreviousComputeCommandEncoder' in [f['symbol'] for f in shown['crashed_thread']['frames']], 'its frame')
o.check(shown['fault']['address'] is None, 'no fault', shown['fault'])
judge_threads(shown, 4, 'assertion')
judge_marks(shown, answer, 'assertion')

# ---- a database tells them apart ----
db = o.db()
took = o.run('scan', folder, '--json', db=db)
count = len(os.listdir(folder))
o.check(took.summary['added'] == count and not took.summary['rejected'], 'all are taken', took)
o.check(o.count(db, 'select count(*) from incidents where simulated') == count, 'all are marked')
o.check(sum(line['simulated'] for line in o.run('top', '--json', db=db).lines) == count, 'top counts them apart')
o.check(o.run('top', 'simulated=false', '--json', db=db).status == 3, 'top without them')
listed = o.run('list', '--no-pager', db=db).out.decode().splitlines()
o.check(all('[simulated]' in line for line in listed[1:]), 'list', listed)

# ---- no folder, no report; no room, no report: the outcome is the same ----
args = ('--scenario', 'shared-buffer', '--threads', '8', '--operations', '4000')
answer = crash(*args)
o.check(answer.said['crash']['report'] is None and answer.said['crash']['error'] is None, 'not asked for', answer)
blocked = o.write(o.path('no-folder'), b'')
closed = o.new('closed')
os.chmod(closed, stat.S_IRUSR | stat.S_IXUSR)
places = [o.path('missing'), blocked] + ([closed] if os.getuid() else [])
for place in places:
    answer = crash(*args, '--reports', place)
    o.check(answer.said['crash']['report'] is None and place in answer.said['crash']['error'], 'says why not', answer)
    o.check(answer.status == 128 + answer.said['crash']['signal'], 'status is the crash\'s', answer)
full = o.new('full')
answer = crash(*args, '--reports', full, preexec_fn=limit(resource.RLIMIT_FSIZE, 1000))
o.check(answer.said['crash']['report'] is None and full in answer.said['crash']['error'], 'no room', answer)
o.check(os.listdir(full) == [], 'half a report is none', os.listdir(full))

# ---- sixteen threads that all run into it ----
folder = o.new('many')
for seed in range(30):
    before = len(os.listdir(folder))
    answer = trial('--scenario', 'use-after-end', '--threads', '16', '--operations', '8000', '--seed', str(seed), '--reports', folder)
    crashes = [line for line in answer.lines if line['type'] == 'crash']
    o.check(len(os.listdir(folder)) == before + len(crashes) and len(crashes) == (answer.status >= 128), 'one crash, one report', answer)
    o.check('end' not in answer.said or not crashes, 'it ended or it crashed', answer)
    o.check(answer.seconds < 20 * SLOW, 'no hang', answer.seconds)
o.check(os.listdir(folder), 'some crashed')

# ---- another program in its place: no report, only how it ended ----
fake = o.write(o.path('python'), b'#!/bin/sh\nkill -SEGV $$\n')
os.chmod(fake, 0o755)
folder = o.new('torch')
answer = trial('--scenario', 'torch', '--python', fake, '--reports', folder)
o.check(answer.status == 139 and answer.said['crash']['report'] is None and not os.listdir(folder), 'of another program', answer)

# ---- where every thread stands, twice, and on it goes ----
HANGS = ('--sim-fault', 'hang', '--threads', '5', '--scenario', 'independent')
process = start(*HANGS)
begun = json.loads(process.stdout.readline())
time.sleep(0.3 * SLOW)
for _ in range(2):
    process.send_signal(signal.SIGQUIT)
    line = json.loads(process.stdout.readline())
    text = line['text']
    o.check(line['type'] == 'stacks' and text.count('\nThread ') == 6 and 'libc' in text, 'stacks', line)
    o.check('did not answer' not in text and 'pause' in text, 'all of them', text)
o.check(process.poll() is None and alive(begun['pid']), 'it goes on')
process.send_signal(signal.SIGTERM)
answer = o.finish(process, timeout=20)
o.check(answer.status == 128 + signal.SIGTERM and not answer.lines, 'told to end', answer)
o.check(not alive(begun['pid']), 'and the trial with it')

process = start(*HANGS)
begun = json.loads(process.stdout.readline())
process.send_signal(signal.SIGINT)
o.check(o.finish(process, timeout=20).status == 128 + signal.SIGINT and not alive(begun['pid']), 'interrupted')

# ---- whoever started it dies ----
process = start(*HANGS)
begun = json.loads(process.stdout.readline())
process.kill()
process.communicate()
o.check(wait_until(lambda: not alive(begun['pid'])), 'a trial never outlives its supervisor')

# What is orphaned comes to us, so that zombies would be seen and reaped.
SUBREAPER = 36
ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
RUNNER = """
import subprocess, sys, time
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
print(process.pid, process.stdout.readline().decode(), flush=True)
time.sleep(60)
"""


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def gone(*pids):
    reap()
    return not any(alive(pid) for pid in pids)


runner = subprocess.Popen([sys.executable, '-c', RUNNER, REPRO, '--die-with-parent', *HANGS], stdout=subprocess.PIPE, env=o.env)
supervisor, line = runner.stdout.readline().decode().split(' ', 1)
child = json.loads(line)['pid']
runner.kill()
runner.communicate()
o.check(wait_until(lambda: gone(int(supervisor), child)), 'kill -9 of the parent leaves no process', (supervisor, child))
# One whose parent is gone before it looks: nobody reads its pipe.
reading, writing = os.pipe()
os.close(reading)
late = subprocess.Popen([REPRO, '--die-with-parent', *HANGS], stdout=writing, stderr=subprocess.PIPE, env=o.env)
os.close(writing)
answer = o.finish(late, timeout=20)
o.check(answer.status in (1, 128 + signal.SIGPIPE), 'too late', answer)

# ---- wrong usage ----
for args in (('--nope',), ('--reports',), ('--self-test', '--threads', '2'), ('--threads', '0'), ('extra',)):
    answer = trial(*args)
    o.check(answer.status == 2 and not answer.out and answer.err.count(b'\n') == 1, 'wrong usage', (args, answer))
o.check(b'--die-with-parent' in trial_help.out and b'--threads' in trial_help.out
        if (trial_help := o.finish(start('--help'))).status == 0 else False, 'help', trial_help)

# ---- the system saw it too ----
if shutil.which('strace'):
    probe = subprocess.run(['strace', '-f', '-e', 'trace=none', 'true'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for seed in range(300 if probe.returncode == 0 and 'AGXTRIAGE_SANITIZED' not in os.environ else 0):
        log = o.path('strace')
        done = subprocess.run(['strace', '-f', '-e', 'trace=none', '-e', 'signal=SIGSEGV', '-o', log, REPRO, '--threads', '8',
                               '--operations', '4000', '--seed', str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=o.env, timeout=60)
        seen = open(log).read()
        if 'si_addr=0x5c8' in seen:
            o.check('SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x5c8}' in seen, 'strace', seen)
            break
    else:
        o.check(probe.returncode != 0 or 'AGXTRIAGE_SANITIZED' in os.environ, 'strace saw no fault at 0x5c8')
o.end()
