"""A disk that is full, read-only, or fails now and then: the daemon says so, keeps the database whole, and goes on by itself.

AGXTRIAGE_SHIM: a library that makes writes and syncs fail. Root can mount a small tmpfs; else that part is left out.
"""
import os
import subprocess
import time

from outsider import Outsider, good
from watched import Watched, parameter, put, same_bytes, state

o = Outsider()
SHIM = os.environ.get('AGXTRIAGE_SHIM')
COUNT = parameter('REPORTS', 60)
number = 0


def reports(folder, count, expected):
    global number
    for _ in range(count):
        number += 1
        expected[number] = good(number, vmSummary='%d' % number * 3000)
        put(folder, number, content=expected[number])


def mounted(place, size):
    return subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=' + size, 'tmpfs', place],
                          stderr=subprocess.DEVNULL).returncode == 0


def full_disk():
    place, folder, expected = o.new('disk'), o.new('reports'), {}
    if not mounted(place, '6m'):
        print('no tmpfs can be mounted here: full and read-only disks are tested with the shim only')
        return
    try:
        daemon = Watched(o, [folder], db=place + '/db/crashes.db').start()
        reports(folder, 10, expected)
        o.check(daemon.until(lambda: daemon.stored() == 10, 10), 'before the disk is full', daemon.said())
        with open(place + '/ballast', 'wb', buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b'x' * 4096)
            except OSError:
                pass
        reports(folder, COUNT, expected)
        o.check(daemon.until(lambda: b'full' in daemon.said() or b'space' in daemon.said(), 20), 'it says that the disk is full',
                daemon.said())
        told(daemon, 'full disk', [b'full', b'no space'])
        o.check(daemon.process.poll() is None, 'it lives on a full disk', daemon.said())
        answer = o.run('list', '-n', '3', '--json', db=daemon.db)
        o.check(answer.status == 0 and len(answer.lines) == 3, 'list beside a full disk', answer)
        answer = o.run('status', '--json', db=daemon.db)
        o.check(answer.status == 1 and 'no space' in (answer.summary.get('trouble') or '') and answer.summary.get('last_error'),
                'status of a full disk', answer)
        time.sleep(3)
        o.check(daemon.said().count(b'\n') < 40, 'it does not repeat itself', daemon.said())
        os.unlink(place + '/ballast')
        subprocess.run(['mount', '-o', 'remount,size=60m', place], check=True)
        o.check(daemon.until(lambda: daemon.stored() == len(expected), 75), 'it goes on when there is space',
                (daemon.stored(), len(expected), daemon.said()))
        # Read-only, and back.
        daemon.stop()
        subprocess.run(['mount', '-o', 'remount,ro', place], check=True)
        answer = o.run('daemon', folder, db=daemon.db, timeout=30)
        o.check(answer.status == 1 and b'Traceback' not in answer.err and answer.err, 'a read-only disk', answer)
        o.clean(answer.err, 'a read-only disk')
        o.check(o.run('list', '-1', db=daemon.db).status == 0, 'list on a read-only disk', '')
        subprocess.run(['mount', '-o', 'remount,rw', place], check=True)
        daemon.start()
        reports(folder, 3, expected)
        o.check(daemon.until(lambda: daemon.stored() == len(expected), 10), 'writable again', daemon.said())
        o.check(daemon.stop() == 0, 'a clean end', daemon.said())
        same_bytes(o, daemon, expected, 'full disk')
    finally:
        subprocess.run(['umount', '-l', place])


def told(daemon, label, words):
    """One clear line names the database, what happened, and what is done about it; it is not repeated."""
    lines = [line for line in daemon.said(0).splitlines() if b'error' in line]
    o.check(any(daemon.db.encode() in line and any(word in line for word in words) for line in lines), label + ': it says why',
            lines)
    o.check(len(set(lines)) == len(lines) or len(lines) < 12, label + ': it does not repeat itself', lines)


def failing(label, every, code, what, words=()):
    """Every n-th call fails while the flag is there. words: one of them must be said."""
    folder, flag, expected = o.new('reports'), o.path('flag-' + label.replace(' ', '-')), {}
    env = dict(o.env, LD_PRELOAD=SHIM, SHIM_FAIL_EVERY=str(every), SHIM_FAIL_WITH=str(code), SHIM_FAIL_WHAT=what,
               SHIM_FAIL_FILE=flag)
    daemon = Watched(o, [folder], env=env).start()
    o.write(flag, b'')
    for _ in range(6):
        reports(folder, COUNT // 6, expected)
        time.sleep(0.3)
    if every == 1:
        o.check(daemon.until(lambda: b'error' in daemon.said(0), 10) or what == 'sync', label + ': it notices', daemon.said(0))
        o.check(daemon.stored() == 0 or what == 'sync', label + ': nothing is half stored', daemon.stored())
    o.check(daemon.process.poll() is None, label + ': it lives', daemon.said())
    if daemon.process.poll() is None:
        os.unlink(flag)
        o.check(daemon.until(lambda: daemon.stored() == len(expected), 75), label + ': it goes on by itself',
                (daemon.stored(), len(expected), daemon.said()))
        if words:
            told(daemon, label, words)
            o.check(b'can be written to again' in daemon.said(0), label + ': it says that it goes on', daemon.said(0))
        o.clean(daemon.said(0), label)
        o.check(daemon.said(0).count(b'\n') < 200, label + ': it does not flood the log', daemon.said())
        found = state(o, daemon)
        o.check(found.get('running') is True, label + ': status', found)
        o.check(daemon.stop() == 0, label + ': a clean end', daemon.said())
        same_bytes(o, daemon, expected, label)


full_disk()
if SHIM:
    failing('no space', 1, 28, 'write', [b'full', b'no space'])
    failing('read-only', 1, 30, 'write', [b'read-only', b'written to'])
    failing('no write works', 1, 5, 'write', [b'I/O', b'input/output', b'disk'])
    failing('now and then no space', 7, 28, 'write')
    failing('input-output errors', 5, 5, 'write')
    failing('failing sync', 1, 5, 'sync')
else:
    print('no shim here: failing writes and syncs are not tested')
o.end()
