"""Scans that are killed, interrupted, run beside each other or beside other commands: each incident once, no row without bytes."""
import os
import random
import signal
import subprocess
import sys
import time

from outsider import Outsider, good, incident

o = Outsider()
random.seed(int(os.environ.get('AGXTRIAGE_FAULT_SEED', '3')))
COUNT = int(os.environ.get('AGXTRIAGE_FAULT_REPORTS', '1000'))
KILLS = int(os.environ.get('AGXTRIAGE_FAULT_KILLS', '20'))

folder = o.new('many')
for n in range(COUNT):
    o.write('%s/Python-%05d.ips' % (folder, n), good(n))
o.write(folder + '/Python-broken.ips', b'{')
os.symlink('/nowhere', folder + '/Python-link.ips')
ALL = {'seen': COUNT + 2, 'passed_over': 0, 'rejected': 2, 'conflicts': 0}


def whole(db, label):
    o.integrity(db, label)
    o.check(o.count(db) == COUNT, label + ': each incident once', o.count(db))
    names = o.count(db, 'select count(distinct incident_id) from incident')
    o.check(names == COUNT, label + ': different incidents', names)
    raws = o.count(db, 'select count(*) from raw where id not in (select raw_id from incident)')
    o.check(raws == 0, label + ': bytes without a row', raws)
    n = random.randrange(COUNT)
    o.check(o.run('show', incident(n), '--raw', db=db).out == good(n), label + ': exact bytes', n)


db = o.db()
began = time.monotonic()
took = o.run('scan', folder, '--json', db=db, timeout=120)
whole_time = time.monotonic() - began
o.check(took.status == 0 and took.summary == dict(ALL, added=COUNT, known=0), 'a scan', took)
whole(db, 'a scan')

# ---- killed ----
db, reached = o.db(), set()
for _ in range(KILLS):
    process = o.start('scan', folder, '--json', db=db)
    time.sleep(random.random() * whole_time * 0.6)
    process.kill()
    process.communicate()
    if os.path.exists(db) and os.path.getsize(db):
        o.integrity(db, 'killed')
        answer = o.run('list', '-n', '1', '--json', db=db)
        o.check(answer.status in (0, 1, 3), 'list after a kill', answer)
    if os.path.exists(db):
        try:
            reached.add(o.count(db))
        except Exception:
            reached.add(0)
took = o.run('scan', folder, '--json', db=db, timeout=120)
o.check(took.status == 0 and took.summary.get('added', -1) + took.summary.get('known', -1) == COUNT and
        took.summary.get('rejected') == 2, 'scan after kills', took)
whole(db, 'after kills')

# ---- interrupted ----
for number in (signal.SIGINT, signal.SIGTERM):
    db, early = o.db(), 0
    for _ in range(4):
        process = o.start('scan', folder, '--json', db=db)
        time.sleep(0.05 + random.random() * whole_time * 0.5)
        process.send_signal(number)
        answer = o.finish(process, timeout=20, label='interrupted scan')
        o.check(answer.seconds < 15, 'a prompt end', answer)
        if answer.status == -number:  # before the scan began to listen
            continue
        if answer.summary and answer.summary['seen'] < COUNT + 2:
            early += 1
            o.check(answer.status == 1, 'status of an interrupted scan', answer)
            o.check(b'stopped' in answer.err, 'an interrupted scan says so', answer)
        if os.path.exists(db) and os.path.getsize(db):
            o.integrity(db, 'interrupted')
            if answer.summary:
                o.check(o.count(db) >= answer.summary['added'], 'what was counted is stored', answer)
    took = o.run('scan', folder, '--json', db=db, timeout=120)
    o.check(took.status == 0 and took.summary.get('seen') == COUNT + 2, 'scan after signals', took)
    whole(db, 'after signal %d' % number)

# ---- beside each other ----
for many in (2, 5):
    db = o.db()
    answers = [o.finish(p, timeout=120) for p in [o.start('scan', folder, '--json', db=db) for _ in range(many)]]
    o.check(all(a.status == 0 for a in answers), '%d scans at once' % many, [str(a) for a in answers])
    o.check(sum(a.summary.get('added', 0) for a in answers) == COUNT, '%d scans add once' % many, [a.summary for a in answers])
    for answer in answers:
        s = answer.summary
        o.check(s.get('seen') == COUNT + 2 and s.get('conflicts') == 0, 'each of %d scans sees all' % many, s)
    whole(db, '%d scans' % many)

# ---- beside other commands ----
db = o.db()
o.run('scan', folder + '/Python-00000.ips', db=db)
running = [o.start(*args, db=db) for args in (
    ('scan', folder, '--json'), ('reclassify',), ('gc', '--recompress'), ('scan', folder, '--json'))]
while any(p.poll() is None for p in running[::3]):
    for args in (('list', '--json', '-n', '200'), ('top', '--json'), ('show', 'latest', '--json'), ('sql', 'select count(*) from frames', '--json'),
                 ('reclassify',), ('gc', '--recompress')):
        answer = o.run(*args, db=db, timeout=60)
        o.check(answer.status == 0, '%r beside a scan' % (args,), answer)
for process in running:
    answer = o.finish(process, timeout=120)
    o.check(answer.status == 0, '%r beside others' % process.args[3:], answer)
whole(db, 'beside other commands')
for number in range(6):
    process = o.start(*random.choice((('gc', '--recompress'), ('reclassify',))), db=db)
    time.sleep(random.random() * 0.2)
    process.kill()
    process.communicate()
    whole(db, 'killed gc or reclassify')
if '-v' in sys.argv:
    print('a scan takes %.1f s; kills left %s rows' % (whole_time, sorted(reached)))
o.end()
