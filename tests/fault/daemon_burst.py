"""Ten thousand files within a few seconds, and a system that loses events without telling.

AGXTRIAGE_FAULT_REPORTS: how many; AGXTRIAGE_SHIM: a library that makes inotify's queue small.
"""
import os
import time

from outsider import Outsider, good, incident
from watched import Watched, parameter, put

o = Outsider()
COUNT = parameter('REPORTS', 2000)
SHIM = os.environ.get('AGXTRIAGE_SHIM')


def burst(label, env=None, retire=False):
    folder, aside = o.new('burst'), o.new('aside')
    os.mkdir(folder + '/Retired')
    for n in range(COUNT):
        o.write('%s/.%d' % (aside, n), good(n))
    daemon = Watched(o, [folder], env=env).start()
    began = time.monotonic()
    for n in range(COUNT):
        os.rename('%s/.%d' % (aside, n), '%s/Python-%06d.ips' % (folder, n))
    appeared = time.monotonic() - began
    if retire:
        for n in range(0, COUNT, 2):
            os.rename('%s/Python-%06d.ips' % (folder, n), '%s/Retired/Python-%06d.ips' % (folder, n))
    # The reconcile comes after five minutes: it must not be what saves us.
    o.check(daemon.until(lambda: daemon.stored() >= COUNT, 60 + COUNT / 50, 0.1), label + ': all are stored',
            (daemon.stored(), COUNT, daemon.said()))
    took = time.monotonic() - began
    rows = daemon.sql('select count(*), count(distinct incident_id) from incidents')
    o.check(rows == [(COUNT, COUNT)], label + ': each once', rows)
    # And it still listens.
    put(folder, COUNT + 1)
    o.check(daemon.until(lambda: daemon.stored() == COUNT + 1, 10), label + ': one more', daemon.said())
    answer = o.run('list', '-1', '--json', incident(COUNT + 1), db=daemon.db)
    o.check(answer.status == 0, label + ': listed', answer)
    peak = daemon.status_of('VmHWM')
    o.check(daemon.stop() == 0, label + ': a clean end', daemon.said())
    o.check(daemon.stopped_after < 3, label + ': a prompt end', daemon.stopped_after)
    o.integrity(daemon.db, label)
    print('%s: %d files in %.2f s, stored after %.2f s, at most %d kB resident' % (label, COUNT, appeared, took, peak))


burst('burst')
burst('burst, half of it moved to Retired/', retire=True)
if SHIM:
    burst('burst with a queue of 64 events', dict(o.env, LD_PRELOAD=SHIM, SHIM_INOTIFY_QUEUE='64'))
    burst('burst of which one event is told', dict(o.env, LD_PRELOAD=SHIM, SHIM_INOTIFY_QUEUE='2'), retire=True)
    # No events at all: it looks by itself, before a report that lives ten seconds is gone.
    folder = o.new('unwatched')
    daemon = Watched(o, [folder], env=dict(o.env, LD_PRELOAD=SHIM, SHIM_INOTIFY_REFUSE='1')).start()
    for n in range(3):
        put(folder, n)
        o.check(daemon.until(lambda: daemon.stored() == n + 1, 8), 'unwatched: stored', (n, daemon.said()))
    answer = o.run('status', '--json', db=daemon.db)
    o.check(answer.status == 1 and [f['state'] for f in answer.summary['folders']] == ['unwatched'], 'unwatched: status', answer)
    o.check(daemon.stop() == 0, 'unwatched: a clean end', daemon.said())
else:
    print('no shim here: lost events are not tested')

# Asked to stop in the middle.
folder, aside = o.new('stop'), o.new('aside')
for n in range(COUNT):
    o.write('%s/.%d' % (aside, n), good(n))
daemon = Watched(o, [folder]).start()
for n in range(COUNT):
    os.rename('%s/.%d' % (aside, n), '%s/Python-%06d.ips' % (folder, n))
o.check(daemon.stop() == 0, 'stopped in the middle', daemon.said())
o.check(daemon.stopped_after < 3, 'stopped in the middle: promptly', daemon.stopped_after)
o.integrity(daemon.db, 'stopped in the middle')
o.check(daemon.stored() < COUNT, 'stopped in the middle: not at the end', daemon.stored())
print('stopped in the middle after %.2f s with %d of %d' % (daemon.stopped_after, daemon.stored(), COUNT))
daemon.start()
o.check(daemon.until(lambda: daemon.stored() >= COUNT, 60, 0.1), 'the rest after a start', daemon.stored())
daemon.stop()
o.end()
