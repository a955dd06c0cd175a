"""A disk that is full when retention is due, while somebody else has the database open, so that it can be opened again and
again: the daemon says it once, waits, and does the rest when there is space. Only root can mount a small disk."""
import os
import signal
import sqlite3
import subprocess
import time

from outsider import Outsider, good
from watched import Watched, put

REPORTS = 40
o = Outsider()
place, folder = o.new('disk'), o.new('reports')
if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', place], stderr=subprocess.DEVNULL).returncode:
    print('no tmpfs can be mounted here: nothing is tested')
    o.end()
watch = None
try:
    config = os.path.join(o.env['HOME'], '.config', 'agxtriage')
    os.makedirs(config, exist_ok=True)
    for number in range(1, REPORTS + 1):
        put(folder, number, content=good(number, vmSummary='%d' % number * 3000))
    daemon = Watched(o, [folder], db=place + '/db/crashes.db').start()
    o.check(daemon.until(lambda: daemon.stored() == REPORTS, 20), 'before the disk is full', daemon.said())
    watch = o.start('watch', db=daemon.db)
    # As long as somebody reads what was there before a write, the log only grows: no room in it is used again. Who began to
    # read after it would not hold it, were all of the log in the database by then.
    reader, writer = (sqlite3.connect(daemon.db, isolation_level=None, timeout=20) for _ in range(2))
    reader.execute('begin')
    reader.execute('select count(*) from incident').fetchone()
    writer.execute('pragma user_version = %d' % writer.execute('pragma user_version').fetchone())
    writer.close()
    time.sleep(1)
    with open(place + '/ballast', 'wb', buffering=0) as ballast:
        try:
            while True:
                ballast.write(b'x' * 4096)
        except OSError:
            pass
    # Of last year: all but the first and the newest three are too old now.
    o.write(config + '/config.json', b'{"retention": {"max_age": "1d"}}')
    daemon.process.send_signal(signal.SIGHUP)
    o.check(daemon.until(lambda: b'no space' in daemon.said(), 10), 'it says that the disk is full', daemon.said())
    time.sleep(8)
    said = daemon.said()
    # Behind the end of the log half a page may be left, which one small change still fits into.
    again = said.split(b'no space', 1)[-1].count(b'can be written to again')
    o.check(said.count(b'no space') <= 1 + again <= 2, 'it says so once', said)
    o.check(daemon.stored() == REPORTS, 'nothing is half removed', daemon.stored())
    reader.close()
    os.unlink(place + '/ballast')
    put(folder, REPORTS + 1)
    o.check(daemon.until(lambda: daemon.stored() == REPORTS + 1, 75), 'it goes on when there is space', daemon.said())
    o.check(daemon.stop() == 0, 'a clean end', daemon.said())
    o.integrity(daemon.db, 'after a full disk')
    daemon.start()
    o.check(daemon.until(lambda: daemon.stored() == 4, 20), 'retention is done', (daemon.stored(), daemon.said()))
    o.check(daemon.stop() == 0, 'a clean end', daemon.said())
finally:
    if watch:
        watch.terminate()
        watch.wait()
    subprocess.run(['umount', '-l', place])
o.end()
