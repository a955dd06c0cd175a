"""A year in a minute: reports without end, with retention on. Memory stays flat, the database within its quota.

AGXTRIAGE_FAULT_REPORTS: how many.
"""
import os
import threading
import time

from outsider import Outsider, good
from watched import Watched, parameter

o = Outsider()
COUNT = parameter('REPORTS', 4000)
QUOTA = 16 << 20
# Apple keeps 25 per process; here the oldest is deleted like that.
KEPT = 200
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


watcher = threading.Thread(target=measure)
watcher.start()
began = time.monotonic()
for n in range(1, COUNT + 1):
    # What cannot be compressed, and another address each time: many signatures.
    content = good(n, captureTime=moment(n), procLaunch=moment(n), vmSummary=os.urandom(6000).hex())
    o.write('%s/.%d' % (folder, n), content)
    os.rename('%s/.%d' % (folder, n), '%s/Python-%06d.ips' % (folder, n))
    if n > KEPT:
        # Never faster than the daemon: nothing may be deleted that it has not seen.
        while n - KEPT > 0 and (daemon.sql('select max(id) from incident')[0][0] or 0) < n - KEPT // 2:
            time.sleep(0.005)
        os.unlink('%s/Python-%06d.ips' % (folder, n - KEPT))
o.check(daemon.until(lambda: (daemon.sql('select max(id) from incident')[0][0] or 0) >= COUNT, 60), 'all were taken in', daemon.said())
took = time.monotonic() - began
time.sleep(2)
stop.set()
watcher.join()
tenth = max(1, len(memory) // 10)
first, last = sorted(memory[tenth:2 * tenth])[tenth // 2], sorted(memory[-tenth:])[tenth // 2]
o.check(last < first * 1.2 + 1024, 'memory is flat', '%d kB, then %d kB' % (first, last))
o.check(max(sizes) < QUOTA * 1.25, 'never far over the quota', '%d of %d' % (max(sizes), QUOTA))
o.check(sizes[-1] <= QUOTA, 'within the quota at the end', '%d of %d' % (sizes[-1], QUOTA))
left = daemon.sql('select count(*) from incidents')[0][0]
o.check(left > 0, 'something is left', left)
o.check(daemon.stop() == 0, 'a clean end', daemon.said())
base_ok = daemon.sql('pragma integrity_check')
o.check(base_ok == [('ok',)], 'integrity', base_ok)
print('%d reports in %.1f s; %d kB then %d kB resident; at most %d bytes, %d at the end; %d incidents left' % (
    COUNT, took, first, last, max(sizes), sizes[-1], left))
o.end()
