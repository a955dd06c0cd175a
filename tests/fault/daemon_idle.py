"""Nothing happens, and the daemon does nothing: no wake-ups, no processor time, no writes, little memory.

After 500 reports, with and without a hook for each, and after a burst; side by side. A wake-up is a moment at which any thread
runs after a rest of more than two tenths of a second: Linux tells of each thread how often it slept, and is asked all the time.
In the long form strace, which looks at one more of them, sees the same.

AGXTRIAGE_FAULT_IDLE_SECONDS: how long to watch; _REPORTS: how large the burst is.
"""
import glob
import os
import re
import shutil
import signal
import subprocess
import time

from outsider import Outsider, good
from watched import Watched, parameter, put

o = Outsider()
SECONDS = parameter('IDLE_SECONDS', 10)
BURST = parameter('REPORTS', 2000)
MEMORY_KB = 8 << 10
# One a minute; the daemon's own tick comes every 75 s.
WAKES = max(1, SECONDS // 60)
REST = 0.1
# What libuv's threads say to each other, eight bytes each time; no file.
EVENTS_BYTES = 8 * 8
# The index of SQLite's log is mapped memory and is never synced: what is noted there while reading (which part of the log is in
# use) makes the kernel write that page once more when it likes.
INDEX_BYTES = 4096


def groups(moments):
    """How many of these, in order, come after a rest."""
    return sum(1 for before, now in zip([-1e9] + moments, moments) if now - before > 2 * REST)


WRITES = re.compile(r'p?write(64|v|v2)?\(|fsync|fdatasync|ftruncate|fallocate|unlink|rename')
EVENT = re.compile(r'write\(\d+, "[^"]*", 8')


class Idle:
    """A daemon that has nothing more to do."""

    def __init__(self, label, args=()):
        self.label, self.folder = label, o.new('reports')
        os.mkdir(self.folder + '/Retired')
        env = {key: value for key, value in o.env.items() if key != 'UV_THREADPOOL_SIZE'}
        self.daemon = Watched(o, [self.folder], args=args, env=env).start()
        self.process, self.strace = '/proc/%d/' % self.daemon.process.pid, None

    def await_all(self, count):
        o.check(self.daemon.until(lambda: self.daemon.stored() == count, 30 + count / 50, 0.1), self.label + ': stored',
                (self.daemon.stored(), count, self.daemon.said()))

    def sleeps(self):
        total = 0
        for path in glob.glob(self.process + 'task/*/status'):
            with open(path) as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith('voluntary_ctxt_switches'))
        return total

    def ticks(self):
        with open(self.process + 'stat') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def written(self):
        """Bytes, to any descriptor; and those that reach a disk."""
        with open(self.process + 'io') as file:
            found = dict(line.split(': ') for line in file)
        return int(found['wchar']), int(found['write_bytes'])

    def files(self):
        found = {}
        for name in os.listdir(os.path.dirname(self.daemon.db)):
            st = os.stat(os.path.join(os.path.dirname(self.daemon.db), name))
            found[name] = (st.st_size, st.st_mtime_ns)
        return found

    def busy(self):
        before = self.sleeps()
        time.sleep(0.5)
        return self.sleeps() != before

    def begin(self):
        self.before = self.ticks(), self.written(), self.files()
        self.slept, self.moments = self.sleeps(), []

    def look(self):
        slept = self.sleeps()
        if slept != self.slept:
            self.moments.append(time.monotonic())
        self.slept = slept

    def end(self):
        ticks, written, files = self.before
        woke, used, now = groups(self.moments), self.ticks() - ticks, self.written()
        memory = self.daemon.status_of('VmRSS')
        o.check(self.slept > 0, self.label + ': the kernel counts', self.slept)
        o.check(woke <= WAKES, self.label + ': wake-ups', '%d in %d s' % (woke, SECONDS))
        o.check(self.strace or used <= SECONDS * 0.05, self.label + ': 0.0 % of a processor', '%d ticks in %d s' % (used, SECONDS))
        o.check(self.files() == files, self.label + ': no writes', (files, self.files()))
        o.check(now[0] - written[0] <= EVENTS_BYTES and now[1] - written[1] <= INDEX_BYTES, self.label + ': nothing is written anywhere',
                (written, now))
        o.check(memory <= MEMORY_KB, self.label + ': resident memory', '%d kB' % memory)
        print('%s: %d s: %d wake-ups, %d ticks, %d kB resident' % (self.label, SECONDS, woke, used, memory))

    def trace(self):
        """From here on strace notes what the daemon calls. It wakes it once by itself."""
        self.calls = o.path('calls')
        self.strace = subprocess.Popen(['strace', '-f', '-ttt', '-o', self.calls, '-p', str(self.daemon.process.pid)],
                                       stderr=subprocess.DEVNULL)
        time.sleep(2)
        self.from_line = len(self.lines())

    def lines(self):
        """(moment, call) of all threads."""
        with open(self.calls) as file:
            return [(float(words[1]), words[2]) for words in (line.split(None, 2) for line in file) if len(words) == 3]

    def traced(self):
        lines = self.lines()[self.from_line:]
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait(10)
        woke = groups([moment for moment, _ in lines])
        writes = [call for _, call in lines if WRITES.match(call) and not EVENT.match(call)]
        o.check(woke <= WAKES, self.label + ': wake-ups that strace sees', (woke, lines[:50]))
        o.check(not writes, self.label + ': writes that strace sees', writes)
        o.check(SECONDS < 80 or lines, self.label + ': strace sees something')
        print('%s: strace sees %d wake-ups, %d calls, %d writes' % (self.label, woke, len(lines), len(writes)))

    def finish(self):
        put(self.folder, 999999)
        self.await_all(self.stored + 1)
        o.check(self.daemon.stop() == 0, self.label + ': a clean end', self.daemon.said())


hook = o.path('hook')
o.write(hook, b'#!/bin/sh\nexec cat >/dev/null\n')
os.chmod(hook, 0o755)
idles = []
for label, count, args in (('500 reports', 500, []), ('500 reports with a hook', 500, ['--hook', hook]),
                           ('a burst of %d' % BURST, BURST, []), ('500 more', 500, [])):
    idle = Idle(label, args)
    for n in range(1, count + 1):
        put(idle.folder, n)
    idle.await_all(count)
    idle.stored = count
    idles.append(idle)
# Hooks that wait for their turn, and the last look at the folder.
o.check(Watched.until(lambda: not any(idle.busy() for idle in idles), 60, 1), 'they come to rest')
time.sleep(2)
if SECONDS >= 60 and shutil.which('strace'):
    idles[-1].trace()
for idle in idles:
    idle.begin()
until = time.monotonic() + SECONDS
while time.monotonic() < until:
    time.sleep(REST)
    for idle in idles:
        idle.look()
for idle in idles:
    idle.end()
    if idle.strace:
        idle.traced()
for idle in idles:
    idle.finish()
o.end()
