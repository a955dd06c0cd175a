"""A daemon under test: started, asked, killed; and the ways in which ReportCrash and others put files into a folder."""
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import time

import outsider
from outsider import good, incident


def parameter(name, usual):
    """A number of the environment that makes a run longer or other."""
    return int(os.environ.get('AGXTRIAGE_FAULT_' + name, usual))


class Watched:
    """One daemon on a database and its folders."""

    def __init__(self, o, folders, db=None, args=(), env=None, before=()):
        self.o, self.folders, self.db = o, list(folders), db or o.db()
        self.args, self.before, self.env, self.process = list(args), list(before), env, None
        o.number += 1
        self.log = open(o.path('daemon-%d.log' % o.number), 'w+b')

    def start(self, wait=True):
        command = [outsider.PROGRAM, '--db', self.db, *self.before, 'daemon', *self.args, *self.folders]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env=self.env or self.o.env)
        if wait:
            self.o.check(self.until(self.scanned, 30), 'the daemon is ready', self.said())
        return self

    def said(self, last=3000):
        """The end of what it said; 0: all of it."""
        with open(self.log.name, 'rb') as file:
            return file.read()[-last:]

    def sql(self, query, *values):
        """Rows of the database as another process sees them; none while there is no database."""
        try:
            base = sqlite3.connect('file:%s?mode=ro' % self.db, uri=True, timeout=10)
        except sqlite3.OperationalError:
            return []
        try:
            return base.execute(query, values).fetchall()
        except sqlite3.DatabaseError:
            return []
        finally:
            base.close()

    def scanned(self):
        """Its first scan is over."""
        return bool(self.sql('select 1 from daemon where pid = ? and last_scan_at is not null', self.process.pid))

    def stored(self):
        rows = self.sql('select count(*) from incident')
        return rows[0][0] if rows else 0

    @staticmethod
    def until(what, seconds, every=0.02):
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end:
                return False
            time.sleep(every)
        return True

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()

    def stop(self, seconds=5, number=signal.SIGTERM):
        """A polite end. Its exit status, or None when it had to be killed."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        self.stopped_after = time.monotonic() - began
        text = self.said()
        if outsider.SANITIZER.search(text):
            self.o.fail('sanitizer: %s' % text.decode('utf-8', 'replace'))
        return status

    def status_of(self, key):
        """Of /proc, in kB."""
        with open('/proc/%d/status' % self.process.pid) as file:
            for line in file:
                if line.startswith(key + ':'):
                    return int(line.split()[1])
        return 0


def put(folder, number, name=None, content=None):
    """As ReportCrash does: a hidden file, complete on disk, then its name."""
    name = name or 'Python-%06d.ips' % number
    hidden = os.path.join(folder, '.' + name)
    with open(hidden, 'wb') as file:
        file.write(good(number) if content is None else content)
    path = os.path.join(folder, name)
    os.rename(hidden, path)
    return path


def same_bytes(o, watched, expected, label):
    """Each incident of expected (number: bytes) stands exactly once, and its bytes are the same."""
    rows = dict(watched.sql('select incident_id, sha256 from incidents'))
    total = watched.stored()
    o.check(total == len(rows), label + ': each incident once', (total, len(rows)))
    lost = [n for n in expected if incident(n) not in rows]
    o.check(not lost, label + ': nothing lost', '%d of %d: %r' % (len(lost), len(expected), lost[:10]))
    other = [n for n in expected
             if incident(n) in rows and rows[incident(n)] != hashlib.sha256(expected[n]).hexdigest()]
    o.check(not other, label + ': the same bytes', other[:10])
    extra = set(rows) - {incident(n) for n in expected}
    o.check(not extra, label + ': nothing invented', sorted(extra)[:5])
    for n in list(expected)[::max(1, len(expected) // 10)]:
        answer = o.run('show', incident(n), '--raw', db=watched.db)
        o.check(answer.out == expected[n], label + ': raw bytes', n)
    o.integrity(watched.db, label)


def state(o, watched):
    """status --json."""
    answer = o.run('status', '--json', db=watched.db)
    try:
        return json.loads(answer.out)
    except ValueError:
        return {}
