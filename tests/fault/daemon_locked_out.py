"""A database that another process keeps locked: the daemon ends soon when it is told to, and the next one does the rest."""
import sqlite3
import time

from outsider import Outsider, good
from watched import Watched, put, same_bytes

o = Outsider()
folder = o.new('reports')
expected = {1: good(1), 2: good(2)}
put(folder, 1)
daemon = Watched(o, [folder]).start()
o.check(daemon.until(lambda: daemon.stored() == 1, 10), 'before', daemon.said())
other = sqlite3.connect(daemon.db, isolation_level=None)
other.execute('begin immediate')
put(folder, 2)
time.sleep(0.5)
# Ten seconds are what it may be waiting for the lock when the signal comes; launchd and systemd grant more.
o.check(daemon.stop(18) == 0, 'it ends by itself', daemon.said())
o.check(daemon.stopped_after < 14, 'it ends soon', daemon.stopped_after)
other.execute('rollback')
other.close()
daemon.start()
o.check(daemon.until(lambda: daemon.stored() == 2, 10), 'the next one', daemon.said())
o.check(daemon.stop() == 0, 'a clean end', daemon.said())
same_bytes(o, daemon, expected, 'locked out')
o.end()
