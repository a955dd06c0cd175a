"""status and doctor beside a daemon: a stand-in that holds the lock, keeps the database open and scans now and then."""
import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

from outsider import Outsider, good, incident

o = Outsider()
home = o.new('home')
reports = home + '/.local/share/agxtriage/reports'
os.makedirs(reports, 0o700)
o.env['HOME'] = home
HELPER = os.path.join(os.path.dirname(os.path.realpath(os.environ['AGXTRIAGE'])), 'agxtriage-repro')

HOLDER = """
import fcntl, os, signal, sqlite3, subprocess, sys, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
program, db = sys.argv[1:3]
lock = open(db + '.lock', 'w')
fcntl.lockf(lock, fcntl.LOCK_EX, 1)
base = sqlite3.connect(db)
base.execute('select count(*) from incident').fetchone()
print('ready', flush=True)
while True:
    line = sys.stdin.readline()
    if not line or line == 'end\\n':
        break
    if line == 'close\\n':
        base.close()
    if line == 'scan\\n':
        until = time.monotonic() + 20
        while time.monotonic() < until:
            done = subprocess.run([program, '--db', db, 'scan', '--json', '-q'], stdout=subprocess.PIPE).stdout
            if b'"added":0' not in done:
                break
            time.sleep(0.05)
    print('done', flush=True)
"""


class Holder:
    def __init__(self, db):
        self.process = subprocess.Popen([sys.executable, '-c', HOLDER, os.environ['AGXTRIAGE'], db], env=o.env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def tell(self, word, wait=True):
        self.process.stdin.write(word + '\n')
        self.process.stdin.flush()
        if wait:
            self.process.stdout.readline()

    def end(self):
        self.process.stdin.close()
        self.process.wait(20)


def row(db, pid, folders, error=None, scanned_s=0):
    now = int(time.time() * 1e6)
    base = sqlite3.connect(db)
    base.execute('insert or replace into daemon values (1, ?, ?, null, ?, ?, ?, ?, 3, ?)',
                 (pid, now - 3600 * 1000000, now - 1000000, now - scanned_s * 1000000, error, now if error else None,
                  json.dumps(folders)))
    base.commit()
    base.close()


def new_db():
    db = o.db()
    took = o.run('scan', '--json', db=db)
    o.check(took.status == 0, 'a scan', took)
    return db


for n in range(30):
    o.write('%s/Python-%05d.ips' % (reports, n), good(n))

# ---- status ----
db = new_db()
watched = [{'path': reports, 'state': 'watched'}, {'path': '/nowhere', 'state': 'missing'}]
holder = Holder(db)
answer = o.run('status', '--json', db=db)
seen = answer.summary
o.check(answer.status == 0 and seen['running'] and seen['pid'] == holder.process.pid and seen['since'] is None,
        'a daemon before its first row', answer)
row(db, 1, watched)
answer = o.run('status', '--json', db=db)
o.check(answer.summary['pid'] == holder.process.pid and answer.summary['since'] is None and answer.summary['queue'] == 0,
        'the row of another one', answer)
row(db, holder.process.pid, watched)
answer = o.run('status', '--json', db=db)
seen = answer.summary
o.check(answer.status == 0 and not answer.err, 'a daemon that is well', answer)
o.check(seen['folders'] == watched and seen['queue'] == 3 and seen['stored'] == 30 and seen['rejected'] == 0, 'what it says', answer)
o.check(seen['since'].endswith('Z') and seen['last_scan_at'] > seen['since'] and seen['last_error'] is None, 'its times', answer)
text = o.run('status', db=db)
o.check(text.status == 0 and ('process %d' % holder.process.pid).encode() in text.out and b'1 h 0 min' in text.out, 'for people', text)
for state in ('unreadable', 'unwatched'):
    row(db, holder.process.pid, [{'path': reports, 'state': state}])
    answer = o.run('status', '--json', db=db)
    o.check(answer.status == 1, 'a folder that is ' + state, answer)
    o.one_line(answer, 'a folder that is ' + state, reports, state)
row(db, holder.process.pid, watched + [{'path': reports + '/Retired', 'state': 'unreadable'}])
answer = o.run('status', '--json', db=db)
o.one_line(answer, 'a Retired/ that is unreadable', reports + '/Retired', 'unreadable')
row(db, holder.process.pid, watched, 'disk full\x1b[31m')
answer = o.run('status', db=db)
o.check(answer.status == 0 and b'disk full' in answer.out, 'its last error', answer)
o.clean(answer.out, 'its last error')
for odd in ('', '[', '[1, {"path": 5}, {"state": "watched"}]', '{}'):
    base = sqlite3.connect(db)
    base.execute('update daemon set folders = ?', (odd,))
    base.commit()
    base.close()
    answer = o.run('status', '--json', db=db)
    o.check(answer.status == 0 and [f['path'] for f in answer.summary['folders']] == [reports], 'folders %r' % odd, answer)
holder.process.send_signal(signal.SIGKILL)
holder.process.wait()
answer = o.run('status', '--json', db=db)
o.check(answer.status == 1 and not answer.summary['running'] and answer.summary['pid'] is None, 'a daemon that died', answer)
o.one_line(answer, 'a daemon that died', 'not running')

# ---- doctor beside it ----
db = new_db()
holder = Holder(db)
row(db, holder.process.pid, watched, 'disk full', 3600)
answer = o.run('doctor', '--json', db=db)
told = [line['finding'] for line in answer.lines if line['check'] == 'daemon']
o.check(answer.status == 0 and len(told) == 2 and 'disk full' in told[1], 'what ails it, and not that nothing happened for an hour', answer)

# A crash that the other one takes in.
holder.tell('scan', wait=False)
answer = o.run('doctor', '--self-test', '--wait', '20', '--json', db=db)
told = [line for line in answer.lines if line['check'] == 'self-test']
o.check(answer.status == 0 and told[0]['state'] == 'ok' and 'by the daemon' in told[0]['finding'], 'self-test beside a daemon', answer)
holder.process.stdout.readline()
o.check(not [name for name in os.listdir(reports) if name.startswith('agxtriage')], 'its report is gone again', os.listdir(reports))

# One that does not do its work.
answer = o.run('doctor', '--self-test', '--wait', '1', '--json', db=db)
told = [line for line in answer.lines if line['check'] == 'self-test']
o.check(answer.status == 1 and told[0]['state'] == 'failed' and 'not taken in' in told[0]['finding'], 'a daemon that sleeps', answer)
left = [name for name in os.listdir(reports) if name.startswith('agxtriage')]
o.check(len(left) == 1, 'the report stays to be looked at', left)
holder.end()

# Patterns that leave it out.
os.makedirs(home + '/.config/agxtriage')
o.write(home + '/.config/agxtriage/config.json', b'{"exclude": ["agxtriage-*"]}')
answer = o.run('doctor', '--self-test', '--wait', '1', '--json', db=db)
told = [line for line in answer.lines if line['check'] == 'self-test']
o.check(answer.status == 1 and 'exclude' in told[0]['advice'], 'left out by the configuration', answer)
os.unlink(home + '/.config/agxtriage/config.json')

# ---- a repair while another process has the database open ----
db = new_db()
holder = Holder(db)
with open(db, 'r+b') as file:
    file.seek(2048 * 5)
    file.write(os.urandom(2048 * 20))
answer = o.run('doctor', '--json', db=db)
repaired = [line for line in answer.lines if line['state'] == 'repaired']
o.check(answer.status == 0 and len(repaired) == 1, 'repaired beside a daemon', answer)
other = sqlite3.connect(db)
other.execute('pragma wal_autocheckpoint = 0')
other.execute('create table mark (a)')
other.commit()
holder.tell('close')
o.check(os.path.exists(db + '-wal'), 'the log of the new one outlives the old one')
o.check(other.execute('select count(*) from mark').fetchone() == (0,), 'and what stands in it')
other.execute('drop table mark')
other.commit()
other.close()
o.check(o.count(db) == len(os.listdir(reports)), 'all there', o.count(db))
o.integrity(db, 'repaired beside a daemon')
holder.end()

# ---- the program that crashes ----
folder = o.new('reports')
done = [subprocess.Popen([HELPER, '--self-test', '--reports', folder], stdout=subprocess.PIPE) for _ in range(8)]
lines = [json.loads(process.communicate(timeout=30)[0]) for process in done]
names = sorted(os.listdir(folder))
o.check(sorted(os.path.basename(line['report']) for line in lines) == names and len(names) == 8, 'eight at once, each with a name', names)
o.check(all(line['signal'] == signal.SIGSEGV and line['status'] == -1 for line in lines), 'each died of its fault', lines)
took = o.run('scan', folder, '--json', db=o.db())
o.check(took.summary['added'] == 8 and took.summary['rejected'] == 0, 'each is taken', took)
shown = o.run('show', lines[0]['report'], '--json').summary
symbols = [frame.get('symbol') for frame in shown['crashed_thread']['frames']]
o.check(symbols[:3] == ['agxtriage_simulated_set_pipeline_state', 'agxtriage_simulated_dispatch', 'agxtriage_simulated_kernel'],
        'its frames', symbols)
o.check(shown['simulated'] and shown['process']['pid'] == lines[0]['pid'] and shown['fault']['address'] == '0x5c8' and
        shown['fault']['displacement'] == '0x5c8' and shown['launched_at'] <= shown['captured_at'], 'its facts', shown)
o.check(abs(float(shown['captured_at'][17:-1]) - time.time() % 60) % 60 < 30, 'its time', shown['captured_at'])
bad = subprocess.run([HELPER, '--self-test', '--reports', folder + '/none'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
o.check(bad.returncode == 1 and b'none' in bad.stderr and not bad.stdout, 'no folder', bad)
o.end()
