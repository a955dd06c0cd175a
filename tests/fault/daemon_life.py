"""What a daemon meets between its start and its end: signals at any moment, new settings, broken ones, a second daemon, a long
sleep, a clock that jumps, a database that goes away.

AGXTRIAGE_SHIM: a library that makes the clock jump. AGXTRIAGE_FAULT_IDLE_SECONDS: at least 80 to see that a deleted database is
noticed without any report.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import time

from outsider import PROGRAM, Outsider, good, incident
from watched import Watched, parameter, put, same_bytes, state

o = Outsider()
SHIM = os.environ.get('AGXTRIAGE_SHIM')
# What is ours ends at once, or as soon as a busy machine lets it; a hook or forwarder that ignores SIGTERM is killed after two
# seconds.
SLOW = parameter('SLOW', 1)
PROMPT, STUBBORN = 3 * SLOW, 4.5 * SLOW


def script(name, text):
    path = o.path(name)
    o.write(path, b'#!/bin/sh\n' + text)
    os.chmod(path, 0o755)
    return path


def alive(path):
    """Whether the process whose id stands in that file still runs."""
    with open(path) as file:
        try:
            os.kill(int(file.read()), 0)
            return True
        except ProcessLookupError:
            return False


def ends(daemon, label, within=PROMPT, number=signal.SIGTERM):
    status = daemon.stop(10, number)
    o.check(status == 0, label + ': status', (status, daemon.said()))
    o.check(daemon.stopped_after < within, label + ': promptly', '%.2f s' % daemon.stopped_after)
    o.clean(daemon.said(), label)


def closed(daemon, label):
    """After an end: the database is whole and tells of the end."""
    o.integrity(daemon.db, label)
    o.check(daemon.sql('select stopped_at is not null from daemon') == [(1,)], label + ': its end is noted', daemon.sql('select * from daemon'))
    o.check(state(o, daemon).get('running') is False, label + ': status', state(o, daemon))


# ---- the end, at any moment

def end_idle():
    for number in (signal.SIGTERM, signal.SIGINT):
        daemon = Watched(o, [o.new('reports')]).start()
        ends(daemon, 'idle, %s' % number.name, number=number)
        closed(daemon, 'idle')


def end_while_scanning():
    folder, chance = o.new('reports'), random.Random(3)
    for n in range(1, 1501):
        o.write('%s/Python-%06d.ips' % (folder, n), good(n))
    daemon, before = Watched(o, [folder]), -1
    for _ in range(20):
        daemon.start(wait=False)
        o.check(daemon.until(lambda: b'watched' in daemon.said()[-400:], 10, 0.002), 'scanning: it starts', daemon.said())
        time.sleep(chance.random() * 0.1)
        ends(daemon, 'while scanning')
        now = daemon.stored()
        o.check(now >= before, 'while scanning: it goes on where it was', (before, now))
        before = now
        with open(daemon.log.name, 'r+b') as log:
            log.truncate()
        daemon.log.seek(0)
        if now == 1500:
            break
    closed(daemon, 'while scanning')
    daemon.start()
    o.check(daemon.until(lambda: daemon.stored() == 1500, 30), 'scanning: all in the end', daemon.stored())
    return daemon


def end_in_retention(daemon):
    """Of a database that is too large by far."""
    ends(daemon, 'before retention')
    daemon.args = ['--max-age', '1d']
    daemon.start()
    time.sleep(0.05)
    ends(daemon, 'in retention')
    left = daemon.stored()
    o.check(0 < left <= 1500, 'in retention: rows are left', left)
    closed(daemon, 'in retention')
    print('in retention: ended with %d of 1500 rows' % left)


def end_with_programs():
    for name, text, within in (('cooperative', b'echo $$ >"$1"; exec sleep 600\n', PROMPT),
                               ('stubborn', b'trap "" TERM; echo $$ >"$1"; while :; do sleep 1; done\n', STUBBORN)):
        for option in ('hook', 'forwarder'):
            label = '%s %s' % (name, option)
            folder, pid = o.new('reports'), o.path('pid-%s-%s' % (name, option))
            daemon = Watched(o, [folder], args=['--' + option, script('%s-%s' % (name, option), text),
                                                '--%s-arg' % option, pid]).start()
            put(folder, 1)
            o.check(daemon.until(lambda: os.path.exists(pid) and os.path.getsize(pid) > 0, 10), label + ': runs', daemon.said())
            ends(daemon, label, within)
            o.check(daemon.until(lambda: not alive(pid), 1), label + ': nothing is left of it')
            closed(daemon, label)


def end_with_incomplete():
    folder = o.new('reports')
    daemon = Watched(o, [folder]).start()
    whole = good(1)
    o.write(folder + '/Python-1.ips', whole[:len(whole) // 2])
    time.sleep(0.3)
    ends(daemon, 'while a file grows')
    o.check(daemon.sql('select count(*) from rejections') == [(0,)], 'while a file grows: not rejected yet')
    o.write(folder + '/Python-1.ips', whole)
    daemon.start()
    o.check(daemon.until(lambda: daemon.stored() == 1, 10), 'while a file grows: taken after the next start', daemon.said())
    ends(daemon, 'incomplete')


def end_without_database():
    folder = o.new('reports')
    daemon = Watched(o, [folder]).start()
    place = os.path.dirname(daemon.db)
    os.rename(place, place + '-away')
    o.write(place, b'a file where the folder was\n')
    put(folder, 1)
    o.check(daemon.until(lambda: b'trying again' in daemon.said() or b'error' in daemon.said(), 10),
            'without a database: it says so', daemon.said())
    time.sleep(1.2)
    o.check(daemon.said().count(b'\n') < 8, 'without a database: it does not repeat itself', daemon.said())
    ends(daemon, 'while it waits for the database')


# ---- settings

def reload():
    home, first, second = o.new('config'), o.new('first'), o.new('second')
    config, rules = home + '/config.json', home + '/rules.d'
    os.mkdir(rules)

    def settings(folders):
        o.write(config, json.dumps({'folders': folders}).encode())

    def hup(words, times=1):
        at = len(daemon.said(0))
        for _ in range(times):
            daemon.process.send_signal(signal.SIGHUP)
        o.check(daemon.until(lambda: words in daemon.said(0)[at:], 10), 'SIGHUP: it says %r' % words, daemon.said(0)[at:])

    settings([first])
    daemon = Watched(o, [], before=['--config', config]).start()
    put(first, 1)
    o.check(daemon.until(lambda: daemon.stored() == 1, 10), 'the first folder', daemon.said())
    settings([second])
    o.write(second + '/Python-000002.ips', good(2))
    hup(b'read again')
    o.check(daemon.until(lambda: daemon.stored() == 2, 10), 'what was in the second folder', daemon.said())
    put(first, 3)
    put(second, 4)
    o.check(daemon.until(lambda: daemon.stored() == 3, 10), 'the second folder is watched', daemon.said())
    time.sleep(1.5)
    o.check(daemon.stored() == 3 and not daemon.sql('select 1 from incident where incident_id = ?', incident(3)),
            'the first one is not', daemon.said())
    o.write(config, b'{"folders": [')
    hup(b'stays in force')
    settings([first])
    o.write(rules + '/mine.json', b'{"rules": 7}')
    hup(b'stays in force')
    put(second, 5)
    o.check(daemon.until(lambda: daemon.stored() == 4, 10), 'after a broken configuration and broken rules', daemon.said())
    os.unlink(rules + '/mine.json')
    # A storm, while files come.
    settings([first, second])
    for n in range(6, 206):
        put((first, second)[n % 2], n)
        daemon.process.send_signal(signal.SIGHUP)
        if n % 50 == 0:
            settings([second, first] if n % 100 else [first, second])
    o.check(daemon.until(lambda: daemon.stored() == 205, 20), 'after a storm of SIGHUP', (daemon.stored(), daemon.said()))
    settings([first])
    hup(b'read again', 3)
    put(first, 206)
    o.check(daemon.until(lambda: daemon.stored() == 206, 10), 'still listening', daemon.said())
    # In the middle of it.
    for _ in range(5):
        daemon.process.send_signal(signal.SIGHUP)
    ends(daemon, 'after SIGHUP')
    closed(daemon, 'after SIGHUP')


# ---- a second one

def second():
    folder = o.new('reports')
    daemon = Watched(o, [folder]).start()
    real, link, name = os.path.dirname(daemon.db), o.path('link'), os.path.basename(daemon.db)
    os.symlink(real, link)
    os.symlink(daemon.db, o.path('other-name.db'))
    pid = str(daemon.process.pid)
    for spelling in (daemon.db, link + '/' + name, real + '//./' + name, real + '/../' + os.path.basename(real) + '/' + name,
                     o.path('other-name.db'), os.path.relpath(daemon.db, o.folder)):
        for args, status in ((('daemon', folder), 1), (('daemon', '--agent', folder), 0)):
            answer = o.run(*args, db=spelling, cwd=o.folder, timeout=10)
            o.check(answer.status == status and pid.encode() in answer.err, 'a second daemon as %s %s' % (spelling, args[1]), answer)
    put(folder, 1)
    o.check(daemon.until(lambda: daemon.stored() == 1, 10), 'the first one serves', daemon.said())
    daemon.kill()
    # A kill leaves the lock's file and no lock.
    daemon.start()
    ends(daemon, 'after a kill')


# ---- sleep and clock

def sleep():
    folder, aside, expected = o.new('reports'), o.new('aside'), {}
    os.mkdir(folder + '/Retired')
    daemon = Watched(o, [folder]).start()
    for n in range(1, 601):
        if n % 200 == 1:
            daemon.process.send_signal(signal.SIGSTOP)
        expected[n] = good(n)
        path = put(folder, n, content=expected[n])
        if n % 3 == 0:
            os.rename(path, '%s/Retired/%s' % (folder, os.path.basename(path)))
        if n % 200 == 100:
            # It may have fallen asleep in the middle of a transaction.
            answer = o.run('scan', folder, db=daemon.db)
            o.check(answer.status == 0 or b'locked' in answer.err, 'scan beside a daemon that sleeps', answer)
        if n % 200 == 0:
            os.rename(folder, aside + '/away')
            os.rename(aside + '/away', folder)
            daemon.process.send_signal(signal.SIGCONT)
            o.check(daemon.until(lambda: daemon.stored() == n, 20), 'after a sleep', (daemon.stored(), n, daemon.said()))
    ends(daemon, 'after a sleep')
    same_bytes(o, daemon, expected, 'after a sleep')
    daemon.start()
    daemon.process.send_signal(signal.SIGSTOP)
    daemon.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    daemon.process.send_signal(signal.SIGCONT)
    # A second SIGTERM would not wait for it.
    ends(daemon, 'told to end while it slept', number=0)


def clock():
    folder, expected, jump = o.new('reports'), {}, o.path('clock')
    daemon = Watched(o, [folder], env=dict(o.env, LD_PRELOAD=SHIM, SHIM_CLOCK_FILE=jump)).start()
    for n, seconds in enumerate((-31536000, 31536000, 0, -3600, 7200, -86400 * 20000, 0)):
        o.write(jump, b'%d' % seconds)
        for number in range(1 + n * 20, 21 + n * 20):
            expected[number] = good(number)
            whole = put(folder, number, content=expected[number][:500 if number % 4 == 0 else None])
            if number % 4 == 0:
                time.sleep(0.02)
                o.write(whole, expected[number])
        o.check(daemon.until(lambda: daemon.stored() == len(expected), 15), 'the clock is off by %d s' % seconds,
                (daemon.stored(), len(expected), daemon.said()))
    ends(daemon, 'after the clock jumped')
    same_bytes(o, daemon, expected, 'after the clock jumped')


# ---- the database goes

def database_goes():
    folder, expected = o.new('reports'), {}
    daemon = Watched(o, [folder]).start()
    place = os.path.dirname(daemon.db)

    def goes(label, what):
        number = len(expected) + 1
        what()
        expected[number] = good(number)
        put(folder, number, content=expected[number])
        o.check(daemon.until(lambda: daemon.stored() == len(expected), 15), label + ': everything is taken in again',
                (daemon.stored(), len(expected), daemon.said()))
        o.check(daemon.process.poll() is None, label + ': it lives', daemon.said())

    def remove(*names):
        for name in names:
            if os.path.exists(daemon.db + name):
                os.unlink(daemon.db + name)

    def replace():
        remove('', '-wal', '-shm')
        shutil.copy(place + '-copy.db', daemon.db)

    def spoil():
        """Another file takes its place, and is no database: nobody touches it but the user."""
        o.write(daemon.db + '.new', b'no database at all\n' * 500)
        remove('-wal', '-shm')
        os.rename(daemon.db + '.new', daemon.db)
        put(folder, 1)
        o.check(daemon.until(lambda: b'not a database' in daemon.said(), 10), 'garbage: it says so', daemon.said())
        time.sleep(1.5)
        with open(daemon.db, 'rb') as file:
            o.check(file.read() == b'no database at all\n' * 500, 'garbage: untouched')
        o.check(daemon.said(0).count(b'not a database') == 1, 'garbage: told once', daemon.said())
        remove('')

    goes('at first', lambda: None)
    subprocess.run([PROGRAM, '--db', place + '-copy.db', 'scan', '-q', folder], env=o.env, check=True)
    goes('deleted', lambda: remove('', '-wal', '-shm'))
    goes('deleted with its lock', lambda: remove('', '-wal', '-shm', '.lock'))
    goes('its log deleted', lambda: remove('-wal', '-shm'))
    goes('its folder removed', lambda: shutil.rmtree(place))
    goes('replaced by another', replace)
    goes('replaced by garbage', spoil)
    ends(daemon, 'after the database went')
    same_bytes(o, daemon, expected, 'after the database went')
    o.check(daemon.said().count(b'\n') < 60, 'it does not flood the log', daemon.said())


def database_goes_unseen():
    """No report comes: the tick that comes every 75 s notices."""
    folder = o.new('reports')
    daemon = Watched(o, [folder]).start()
    put(folder, 1)
    o.check(daemon.until(lambda: daemon.stored() == 1, 10), 'unseen: stored', daemon.said())
    shutil.rmtree(os.path.dirname(daemon.db))
    o.check(daemon.until(lambda: daemon.stored() == 1, 85, 0.5), 'deleted, and nothing else happens: taken in again', daemon.said())
    ends(daemon, 'unseen')


end_idle()
end_in_retention(end_while_scanning())
end_with_programs()
end_with_incomplete()
end_without_database()
reload()
second()
sleep()
if SHIM:
    clock()
else:
    print('no shim here: a clock that jumps is not tested')
database_goes()
if parameter('IDLE_SECONDS', 0) >= 80:
    database_goes_unseen()
o.end()
