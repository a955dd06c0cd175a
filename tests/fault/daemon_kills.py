"""The daemon is killed at random moments while files appear in every way that is known: nothing lost, nothing double.

Files get their name complete, grow slowly in place, move to Retired/ within 0.7 s or are placed there, and are deleted ten
seconds after they were complete. Then once more with retention and a hook.

AGXTRIAGE_FAULT_ROUNDS: kills; _SEED: other moments.
"""
import collections
import os
import random
import re
import sqlite3
import threading
import time

from outsider import Outsider, good, incident
from watched import Watched, parameter, put, same_bytes

o = Outsider()
ROUNDS = parameter('ROUNDS', 40)
SEED = parameter('SEED', 5)
# A complete report stays that long before its owner deletes it.
LIFE = 10
MOVED_WITHIN = 0.7
WAYS = ['renamed', 'grown', 'moved', 'placed']
# Slow ways have more writers.
WRITERS = {'renamed': 1, 'grown': 3, 'moved': 4, 'placed': 1}


class Writers:
    """Threads that put reports into a folder and take them away again."""

    def __init__(self, folder):
        self.folder, self.retired = folder, folder + '/Retired'
        os.mkdir(self.retired)
        self.expected, self.doomed, self.trouble = {}, collections.deque(), []
        self.counts, self.deleted, self.numbers = collections.Counter(), 0, 0
        self.lock, self.over = threading.Lock(), threading.Event()
        work = [way for way in WAYS for _ in range(WRITERS[way])]
        self.threads = [threading.Thread(target=self.write, args=(way, random.Random(SEED * 100 + n)))
                        for n, way in enumerate(work)]
        self.threads.append(threading.Thread(target=self.delete))

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def grow(self, number, content):
        """Written in place, slowly, under its final name."""
        path, part = '%s/Python-%06d.ips' % (self.folder, number), max(1, len(content) // 7)
        with open(path, 'wb') as file:
            for at in range(0, len(content), part):
                file.write(content[at:at + part])
                file.flush()
                time.sleep(0.03)
        return path

    def one(self, way, number, content, chance):
        if way == 'grown':
            return self.grow(number, content)
        path = put(self.retired if way == 'placed' else self.folder, number, content=content)
        if way == 'moved':
            time.sleep(MOVED_WITHIN * chance.random())
            moved = os.path.join(self.retired, os.path.basename(path))
            os.rename(path, moved)
            return moved
        return path

    def write(self, way, chance):
        try:
            while not self.over.is_set():
                with self.lock:
                    self.numbers += 1
                    number = self.numbers
                # Small ones and large ones, as in life.
                content = good(number, vmSummary='x' * chance.choice((0, 100, 20000, 200000)))
                path = self.one(way, number, content, chance)
                with self.lock:
                    self.expected[number] = content
                    self.counts[way] += 1
                    self.doomed.append((time.monotonic() + LIFE, path))
                time.sleep(chance.random() * 0.3)
        except Exception as error:
            self.trouble.append(repr(error))

    def delete(self):
        try:
            while not self.over.is_set():
                while self.doomed and self.doomed[0][0] < time.monotonic():
                    os.unlink(self.doomed.popleft()[1])
                    self.deleted += 1
                time.sleep(0.02)
        except Exception as error:
            self.trouble.append(repr(error))


def whole(db, label):
    base = sqlite3.connect(db)
    found = base.execute('pragma integrity_check').fetchall() + base.execute('pragma foreign_key_check').fetchall()
    base.close()
    o.check(found == [('ok',)], label + ': integrity', found)


def kills(label, rounds, seconds=0, args=()):
    """The daemon after the last of so many kills, or more if time is left, and what must be in its database."""
    chance, folder, until, n = random.Random(SEED), o.new('reports'), time.monotonic() + seconds, 0
    daemon, writers = Watched(o, [folder], args=args), Writers(folder)
    writers.start()
    try:
        while n < rounds or time.monotonic() < until:
            daemon.start(wait=False)
            time.sleep(chance.choice((0.05, 0.2, 0.6, 1.2)) * chance.random() + 0.01)
            if daemon.process.poll() is not None:
                o.fail('%s: it ended by itself: %r' % (label, daemon.said()))
            daemon.kill()
            n += 1
            if n % 50 == 0:
                whole(daemon.db, '%s, round %d' % (label, n))
    finally:
        writers.stop()
    # Nothing happens any more that would make it look.
    daemon.start()
    expected = writers.expected
    o.check(not writers.trouble, label + ': the writers', writers.trouble)
    o.check(daemon.until(lambda: daemon.stored() >= len(expected), 30), label + ': all are stored',
            (daemon.stored(), len(expected)))
    o.check(not seconds or writers.deleted > 10, label + ': some are deleted meanwhile', writers.deleted)
    o.check(all(writers.counts[way] >= rounds // 4 for way in WAYS), label + ': every way', writers.counts)
    print('%s: %d kills, %d reports (%s), %d of them deleted meanwhile' % (label, n, len(expected), ', '.join(
        '%d %s' % (writers.counts[way], way) for way in WAYS), writers.deleted))
    return daemon, expected


daemon, expected = kills('kills', ROUNDS, LIFE + 3)
o.check(daemon.stop() == 0, 'a clean end', daemon.said())
same_bytes(o, daemon, expected, 'after %d kills' % ROUNDS)

# With the bytes of all but the first and the newest three removed at once, and a hook for each.
calls, program = o.path('calls'), o.path('hook')
o.write(program, b'#!/bin/sh\nexec cat >>"$1"\n')
os.chmod(program, 0o755)
daemon, expected = kills('with retention and a hook', max(10, ROUNDS // 4), 0,
                         ['--raw-max-age', '1d', '--hook', program, '--hook-arg', calls])
rows = dict(daemon.sql('select incident_id, sha256 from incidents'))
o.check(set(rows) == {incident(n) for n in expected} and daemon.stored() == len(rows), 'with retention: each once',
        (len(rows), daemon.stored(), len(expected)))
# What is old by its own time is removed at the next start.
o.check(daemon.stop() == 0, 'with retention and a hook: a clean end', daemon.said())
daemon.start()
gone = 'select count(*) from raw where length(packed) = 0'
o.check(daemon.until(lambda: daemon.sql(gone)[0][0] >= len(expected) - 8, 20), 'with retention: bytes are removed',
        (daemon.sql(gone), len(expected)))


def called():
    """By the id at the head of each line: one that a kill cut short, or that is being written, has no end."""
    with open(calls, 'rb') as file:
        return collections.Counter(name.decode() for name in re.findall(rb'"incident_id": ?"([^"]*)"', file.read()))


# A kill ends hooks before or while they run, on a busy machine most of them; what comes later is told, and no crash twice.
late = range(900001, 900011)
for n in late:
    put(daemon.folders[0], n)
o.check(daemon.until(lambda: all(incident(n) in called() for n in late), 60), 'with a hook: what comes later is told', called())
o.check(daemon.stop() == 0, 'with retention and a hook: a clean end', daemon.said())
told = called()
known = {incident(n) for n in [*expected, *late]}
o.check(set(told) <= known, 'with a hook: nothing invented', set(told) - known)
o.check(max(told.values()) == 1, 'with a hook: none twice', told.most_common(3))
whole(daemon.db, 'with retention and a hook')
print('the hook was called for %d of %d' % (len(told), len(expected)))
o.end()
