"""status and doctor beside the real daemon: its self-test, and a damaged database that is replaced under its feet."""
import os
import signal
import sqlite3
import time

from outsider import Outsider, good, incident

o = Outsider()
home = o.new('home')
reports = home + '/.local/share/agxtriage/reports'
os.makedirs(reports, 0o700)
o.env['HOME'] = home
PAGE = 2048


def until(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def arrive(number):
    path = '%s/Python-%05d.ips' % (reports, number)
    o.write('%s/.Python-%05d.ips' % (reports, number), good(number, procPath=os.urandom(1500).hex()))
    os.rename('%s/.Python-%05d.ips' % (reports, number), path)


def stored(db, number):
    return o.run('show', incident(number), '--json', db=db).status == 0


def finding(answer, check):
    return [line for line in answer.lines if line['check'] == check]


db = o.db()
for n in range(60):
    arrive(n)
daemon = o.start('daemon', db=db)
try:
    o.check(until(lambda: o.run('status', db=db).status == 0), 'the daemon is well', o.run('status', '--json', db=db))
    o.check(until(lambda: o.run('status', '--json', db=db).summary.get('stored') == 60), 'all is stored',
            o.run('status', '--json', db=db))
    seen = o.run('status', '--json', db=db).summary
    o.check(seen['running'] and seen['pid'] == daemon.pid and seen['since'] and seen['queue'] == 0, 'what status tells', seen)
    o.check(seen['folders'] == [{'path': reports, 'state': 'watched'}], 'its folder', seen)

    answer = o.run('doctor', '--self-test', '--full', '--json', db=db)
    test = finding(answer, 'self-test')
    o.check(answer.status == 0 and test[0]['state'] == 'ok' and 'by the daemon' in test[0]['finding'], 'self-test', answer)

    # Damaged while the daemon has it open; half of the files are gone, so the old database has to give them.
    for n in range(30):
        os.unlink('%s/Python-%05d.ips' % (reports, n))
    base = sqlite3.connect(db)
    base.execute('pragma wal_checkpoint(truncate)').fetchall()
    base.close()
    size = os.path.getsize(db)
    with open(db, 'r+b') as file:
        for number in range(8, size // PAGE, size // PAGE // 3):
            file.seek(number * PAGE)
            file.write(os.urandom(PAGE))
    answer = o.run('doctor', '--full', '--json', db=db)
    repaired = [line for line in answer.lines if line['state'] == 'repaired']
    o.check(answer.status == 0 and len(repaired) == 1, 'repaired beside the daemon', answer)
    arrive(100)
    o.check(until(lambda: stored(db, 100)), 'the daemon goes on with the new one', o.run('status', '--json', db=db))
    o.check(all(stored(db, n) for n in range(30, 60)), 'all that is on disk is there')
    o.check(o.count(db) > 45, 'most of the rest too', o.count(db))
    o.check(until(lambda: o.run('status', db=db).status == 0), 'and is well', o.run('status', '--json', db=db))
    answer = o.run('doctor', '--self-test', '--json', db=db)
    o.check(answer.status == 0 and finding(answer, 'self-test')[0]['state'] == 'ok', 'self-test with the new one', answer)
finally:
    daemon.send_signal(signal.SIGTERM)
    ended = o.finish(daemon, timeout=20, label='daemon')
o.check(ended.status == 0, 'the daemon ends', ended)
o.integrity(db, 'in the end')
answer = o.run('status', '--json', db=db)
o.check(answer.status == 1 and not answer.summary['running'], 'then none runs', answer)
o.end()
