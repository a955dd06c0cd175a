"""The daemon is killed at random moments while files appear in every way that is known: nothing lost, nothing double.

AGXTRIAGE_FAULT_ROUNDS: kills; _SEED: other moments.
"""
import os
import random
import threading
import time

from outsider import Outsider, good
from watched import Watched, parameter, put, same_bytes

o = Outsider()
random.seed(parameter('SEED', 5))
ROUNDS = parameter('ROUNDS', 15)
# A complete report stays that long before its owner deletes it.
LIFE = 10
folder = o.new('reports')
retired = folder + '/Retired'
os.mkdir(retired)
expected, doomed, stop, trouble = {}, [], threading.Event(), []


def size_of(number):
    """Small ones and large ones, as in life."""
    return 'x' * random.choice((0, 100, 20000, 200000))


def grow(number, content):
    """Written in place, slowly, under its final name."""
    path = '%s/Python-%06d.ips' % (folder, number)
    with open(path, 'wb') as file:
        for at in range(0, len(content), max(1, len(content) // 7)):
            file.write(content[at:at + max(1, len(content) // 7)])
            file.flush()
            time.sleep(0.03)
    return path


def one(number):
    content = good(number, vmSummary=size_of(number))
    how = number % 4
    if how == 0:
        path = put(folder, number, content=content)
    elif how == 1:
        path = grow(number, content)
    elif how == 2:
        path = put(folder, number, content=content)
        time.sleep(0.7 * random.random())
        moved = os.path.join(retired, os.path.basename(path))
        os.rename(path, moved)
        path = moved
    else:
        path = put(retired, number, content=content)
    expected[number] = content
    doomed.append((time.monotonic() + LIFE, path))


def write():
    number = 0
    try:
        while not stop.is_set():
            number += 1
            one(number)
            while doomed and doomed[0][0] < time.monotonic():
                os.unlink(doomed.pop(0)[1])
            time.sleep(random.random() * 0.05)
    except Exception as error:
        trouble.append(repr(error))


daemon = Watched(o, [folder])
writer = threading.Thread(target=write)
writer.start()
for n in range(ROUNDS):
    daemon.start(wait=False)
    time.sleep(random.choice((0.05, 0.2, 0.6)) * random.random() + 0.01)
    if daemon.process.poll() is not None:
        o.fail('it ended by itself: %r' % daemon.said())
    daemon.kill()
    if n % 50 == 49:
        o.integrity(daemon.db, 'round %d' % n)
daemon.start()
stop.set()
writer.join()
o.check(not trouble, 'the writer', trouble)
o.check(daemon.until(lambda: daemon.stored() >= len(expected), 30), 'all are stored', (daemon.stored(), len(expected)))
o.check(daemon.stop() == 0, 'a clean end', daemon.said())
same_bytes(o, daemon, expected, 'after %d kills' % ROUNDS)
print('%d reports, %d kills' % (len(expected), ROUNDS))
o.end()
