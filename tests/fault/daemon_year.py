"""A year in a minute: reports without end, with retention on. Memory stays flat, the database within its quota.

AGXTRIAGE_FAULT_REPORTS: how many.
"""
import os
import sqlite3
import threading
import time

from outsider import Outsider, dump, incident, report
from watched import Watched, parameter

o = Outsider()
COUNT = parameter('REPORTS', 4000)
QUOTA = 16 << 20
# SQLite's, as long as more comes in: it begins anew after 4 MiB, or when the writers let it.
LOG = 8 << 20
# Apple keeps 25 per process; here the oldest is deleted like that.
KEPT = 400
SIGNATURES = 20
folder = o.new('reports')
daemon = Watched(o, [folder], args=['--max-size', str(QUOTA)]).start()
memory, sizes, stop = [], [], threading.Event()


def bytes_on_disk():
    total = 0
    for name in os.listdir(os.path.dirname(daemon.db)):
        try:
            total += os.stat(os.path.join(os.path.dirname(daemon.db), name)).st_size
        except FileNotFoundError:
            pass
    return total


def measure():
    while not stop.is_set():
        memory.append(daemon.status_of('VmRSS'))
        sizes.append(bytes_on_disk())
        time.sleep(0.1)


def moment(n):
    """Of a year that has COUNT crashes."""
    at = time.gmtime(1735689600 + n * 365 * 86400 // COUNT)
    return time.strftime('%Y-%m-%d %H:%M:%S', at) + '.0000 +0000'


def templates():
    """One report for each of some signatures, with gaps for what differs from one to the next."""
    made = []
    for n in range(SIGNATURES):
        header, body = report(0, captureTime='@AT@', procLaunch='@AT@', vmSummary='@NOISE@')
        body['threads'][0]['frames'][0]['symbol'] = '-[AGXG16XFamilyThing%s run:]' % chr(ord('A') + n)
        body['threads'][0]['frames'][1]['symbol'] = 'at::native::mps::op%s_mps_kernel(at::Tensor&)' % chr(ord('a') + n)
        made.append(dump(header, body))
    return made


def highest():
    return base.execute('select max(id) from incident').fetchone()[0] or 0


watcher = threading.Thread(target=measure)
watcher.start()
base = sqlite3.connect('file:%s?mode=ro' % daemon.db, uri=True, timeout=10, isolation_level=None)
made, seen, zero = templates(), 0, incident(0).encode()
began = time.monotonic()
for n in range(1, COUNT + 1):
    # What cannot be compressed.
    content = made[n % SIGNATURES].replace(b'@AT@', moment(n).encode()).replace(zero, incident(n).encode()).replace(
        b'@NOISE@', os.urandom(6000).hex().encode())
    o.write('%s/.%d' % (folder, n), content)
    os.rename('%s/.%d' % (folder, n), '%s/Python-%06d.ips' % (folder, n))
    if n > KEPT:
        # Never faster than the daemon: nothing may be deleted that it has not seen.
        while seen < n - KEPT // 2:
            seen = highest()
            time.sleep(0.002)
        os.unlink('%s/Python-%06d.ips' % (folder, n - KEPT))
o.check(daemon.until(lambda: highest() >= COUNT, 60), 'all were taken in', daemon.said())
took = time.monotonic() - began
time.sleep(2)
stop.set()
watcher.join()
base.close()
tenth = max(1, len(memory) // 10)
first, last = sorted(memory[tenth:2 * tenth])[tenth // 2], sorted(memory[-tenth:])[tenth // 2]
o.check(last < first * 1.2 + 1024, 'memory is flat', '%d kB, then %d kB' % (first, last))
o.check(max(sizes) <= QUOTA + LOG, 'never over the quota by more than its log', '%d of %d' % (max(sizes), QUOTA))
# A reader (here: the one above) can hold the log; then the rest waits until it has grown by so much, or an hour.
o.check(sizes[-1] <= QUOTA + QUOTA // 16, 'within the quota at the end', '%d of %d' % (sizes[-1], QUOTA))
left = daemon.sql('select count(*) from incidents')[0][0]
o.check(left > 0, 'something is left', left)
o.check(daemon.stop() == 0, 'a clean end', daemon.said())
base_ok = daemon.sql('pragma integrity_check')
o.check(base_ok == [('ok',)], 'integrity', base_ok)
print('%d reports in %.1f s; %d kB then %d kB resident; at most %d bytes, %d at the end; %d incidents left' % (
    COUNT, took, first, last, max(sizes), sizes[-1], left))
o.end()
