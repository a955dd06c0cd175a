"""An experiment under test: `run -n` in a home of its own, and what its database says of every trial."""
import json
import os
import signal
import sqlite3
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CRASHER = os.path.join(HERE, 'crasher.py')
PYTHON = sys.executable


class Measured:
    """A home with a folder of reports and a database, for one case."""

    def __init__(self, outside, daemon=False):
        self.outside = outside
        self.home = outside.new('experiment')
        self.reports = self.home + '/data/agxtriage/reports'
        self.db = self.home + '/data/agxtriage/crashes.db'
        os.makedirs(self.reports)
        self.env = dict(outside.env, HOME=self.home, XDG_DATA_HOME=self.home + '/data', XDG_CONFIG_HOME=self.home + '/config')
        self.daemon = self.start_daemon() if daemon else None

    def path(self, name):
        return os.path.join(self.home, name)

    def start_daemon(self):
        daemon = self.outside.start('daemon', env=self.env, cwd=self.home)
        end = time.monotonic() + 30
        while time.monotonic() < end and \
                self.outside.run('status', '--json', env=self.env).summary.get('running') is not True:
            time.sleep(.1)
        return daemon

    def end(self):
        if self.daemon:
            self.daemon.send_signal(signal.SIGTERM)
            self.outside.finish(self.daemon, timeout=30, label='daemon')
        self.outside.integrity(self.db, self.home)

    def start(self, *words, **more):
        return self.outside.start('run', *words, env=self.env, cwd=self.home, **more)

    def run(self, *words, timeout=120):
        return self.outside.finish(self.start(*words), timeout=timeout, label='run ' + ' '.join(words))

    def crasher(self, *options):
        return [PYTHON, CRASHER, self.reports, *options]

    def rows(self, query):
        """Each row as a dictionary."""
        base = sqlite3.connect('file:%s?mode=ro' % self.db, uri=True, timeout=10)
        base.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in base.execute(query)]
        finally:
            base.close()

    def trials(self):
        return self.rows('select * from trials where experiment = (select max(id) from experiments) order by id')

    def incidents(self):
        return {row['id']: row for row in self.rows('select * from incidents')}


def answer_of(answer):
    """The one object of --json."""
    try:
        return json.loads(answer.out)
    except ValueError:
        return {'conditions': []}


def counts(condition):
    """What a condition came to, without what did not happen."""
    names = ('finished', 'crashed', 'hung', 'failed', 'gpu_error', 'wrong_result')
    return {name: condition[name] for name in names if condition.get(name)}


def is_running(pid):
    try:
        with open('/proc/%d/stat' % pid, encoding='utf-8', errors='replace') as file:
            return file.read().rsplit(')', 1)[1].split()[0] not in ('Z', 'X')
    except OSError:
        return False
