"""A daemon whose starter left it an odd world: signals blocked, streams closed, a log that nobody reads, any umask."""
import os
import select
import signal
import stat
import subprocess

import outsider
from outsider import Outsider, good, incident
from watched import Watched, put

END = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}


class Started(Watched):
    """One with a word to say before it is the program, and streams of its own."""

    def begin(self, before=None, stderr=None):
        command = [outsider.PROGRAM, '--db', self.db, 'daemon', *self.args, *self.folders]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=stderr or self.log,
                                        env=self.env or self.o.env, preexec_fn=before, restore_signals=False)
        self.o.check(self.until(self.scanned, 30), 'the daemon is ready', self.said())
        return self

    def takes_in(self, folder, count, label):
        for number in range(count):
            put(folder, number, content=good(number))
        self.o.check(self.until(lambda: self.stored() == count, 15), label + ': takes in', (self.stored(), self.said()))
        self.o.check(self.stop() == 0, label + ': ends', self.said())
        self.o.integrity(self.db, label)


def signals(o, label, before):
    folder, ran = o.new('reports'), o.path('ran-' + label)
    hook = o.write(o.path('hook-' + label), b'#!/bin/sh\ncat >/dev/null\necho >>%s\n' % ran.encode())
    os.chmod(hook, 0o755)
    watched = Started(o, [folder], args=['--hook', hook, '--hook-max-running', '1']).begin(before)
    for number in range(100, 103):
        put(folder, number, content=good(number))
    o.check(watched.until(lambda: os.path.exists(ran) and os.path.getsize(ran) == 3, 15), label + ': hooks end',
            watched.said())
    o.check(watched.stop() == 0, label + ': ends', watched.said())


def ignore():
    for number in END:
        signal.signal(number, signal.SIG_IGN)


def full_pipe(o):
    folder = o.new('reports')
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b'x' * 4096):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)
    watched = Started(o, [folder]).begin(stderr=writer)
    watched.takes_in(folder, 50, 'full pipe')
    # One that is read again tells what was not said.
    watched = Started(o, [folder]).begin(stderr=writer)
    got = b''
    for number in range(60, 90):
        while select.select([reader], [], [], 0)[0]:
            got = (got + os.read(reader, 1 << 20)).lstrip(b'x')
        if b'messages were lost' in got:
            break
        put(folder, number)
        watched.until(lambda: watched.sql('select 1 from incidents where incident_id = ?', incident(number)), 10)
    o.check(b'messages were lost' in got, 'full pipe: the loss is told', got[-200:])
    o.check(watched.stop() == 0, 'full pipe: ends', got[-200:])
    os.close(reader)
    os.close(writer)


def streams(o):
    for label, closed in (('no stdin', [0]), ('no stderr', [2]), ('no streams', [0, 1, 2])):
        folder = o.new('reports')
        watched = Started(o, [folder]).begin(lambda: [os.close(fd) for fd in closed])
        watched.takes_in(folder, 3, label)
        o.check(os.path.getsize(watched.db + '.lock') == 0, label + ': nothing is said into another file')


def umasks(o):
    for mask in (0, 0o777):
        folder, label = o.new('reports'), 'umask %o' % mask
        watched = Started(o, [folder]).begin(lambda: os.umask(mask))
        modes = {name: stat.S_IMODE(os.stat(watched.db + name).st_mode) for name in ('', '-wal', '-shm', '.lock')}
        o.check(set(modes.values()) == {0o600}, label + ': modes', modes)
        o.check(stat.S_IMODE(os.stat(os.path.dirname(watched.db)).st_mode) == 0o700, label + ': folder')
        watched.takes_in(folder, 3, label)


def nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def retired(o):
    """A Retired/ that cannot be read is trouble while it lasts, and no file that was rejected."""
    place, folder = o.new('nobody'), o.new('reports')
    os.chown(place, 65534, 65534)
    os.mkdir(folder + '/Retired', 0o700)
    put(folder + '/Retired', 1)
    put(folder, 2)
    watched = Started(o, [folder], db=place + '/x.db', env=dict(o.env, HOME=place)).begin(nobody)
    o.check(watched.until(lambda: watched.stored() == 1, 10), 'Retired: the others are taken in', watched.said())
    entry = {'path': folder + '/Retired', 'state': 'unreadable'}

    def well():
        return o.run('status', '--json', db=watched.db).status == 0

    answer = o.run('status', '--json', db=watched.db)
    o.check(answer.status == 1 and entry in answer.summary['folders'], 'Retired: status names it', answer)
    o.one_line(answer, 'Retired: status names it', entry['path'], 'unreadable')
    os.chmod(folder + '/Retired', 0o755)
    o.check(watched.until(lambda: watched.stored() == 2, 10), 'Retired: taken in once it can be read', watched.said())
    o.check(watched.until(well, 5, every=0.2), 'Retired: then all is well', o.run('status', '--json', db=watched.db))
    os.chmod(folder + '/Retired', 0)
    o.check(watched.until(lambda: not well(), 5, every=0.2), 'Retired: closed while it is watched', watched.said())
    o.check(watched.sql('select path from rejections') == [], 'Retired: no rejected file')
    o.check(b'rejected' not in watched.said(0), 'Retired: nor told as one', watched.said())
    o.check(watched.stop() == 0, 'Retired: ends', watched.said())


def main():
    o = Outsider()
    signals(o, 'blocked', lambda: signal.pthread_sigmask(signal.SIG_BLOCK, END))
    signals(o, 'ignored', ignore)
    streams(o)
    umasks(o)
    full_pipe(o)
    if os.geteuid() == 0:
        retired(o)
    o.end()


main()
