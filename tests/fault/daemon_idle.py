"""Nothing happens, and the daemon does nothing: no wake-ups, no processor time, no writes, little memory.

After 500 reports, with and without a hook for each, and after a burst; side by side. AGXTRIAGE_FAULT_IDLE_SECONDS: how
long to watch; _REPORTS: how large the burst is. Linux tells of each thread how often it slept; for five minutes strace counts too.
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
# A wake-up a minute; the daemon's own tick comes every 75 s.
WAKES = max(1, SECONDS // 60)


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
        """Bytes and calls, of any file."""
        with open(self.process + 'io') as file:
            found = dict(line.split(': ') for line in file)
        return int(found['wchar']), int(found['syscw']), int(found['write_bytes'])

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
        self.before = self.sleeps(), self.ticks(), self.written(), self.files()

    def end(self):
        sleeps, ticks, written, files = self.before
        woke, used = self.sleeps() - sleeps, self.ticks() - ticks
        memory = self.daemon.status_of('VmRSS')
        o.check(sleeps > 0, self.label + ': the kernel counts', sleeps)
        o.check(woke <= WAKES, self.label + ': wake-ups', '%d in %d s' % (woke, SECONDS))
        o.check(used <= SECONDS // 100, self.label + ': processor time', '%d ticks in %d s' % (used, SECONDS))
        o.check(self.files() == files, self.label + ': no writes', (files, self.files()))
        o.check(self.written() == written, self.label + ': nothing written anywhere', (written, self.written()))
        o.check(memory <= MEMORY_KB, self.label + ': resident memory', '%d kB' % memory)
        print('%s: %d s: %d wake-ups, %d ticks, %d kB resident' % (self.label, SECONDS, woke, used, memory))

    def count_calls(self):
        """From here on strace counts what the daemon calls. It wakes it once by itself."""
        self.calls = o.path('calls-' + os.path.basename(self.folder))
        self.strace = subprocess.Popen(['strace', '-f', '-c', '-o', self.calls, '-p', str(self.daemon.process.pid)],
                                       stderr=subprocess.DEVNULL)
        time.sleep(2)

    def counted(self):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait(10)
        with open(self.calls) as file:
            rows = {line.split()[-1]: int(re.split(r'\s+', line.strip())[3]) for line in file if re.match(r'\s*\d+\.\d+ ', line)}
        waits = sum(rows.get(name, 0) for name in ('epoll_wait', 'epoll_pwait', 'futex', 'restart_syscall'))
        writes = sum(rows.get(name, 0) for name in ('write', 'pwrite64', 'writev', 'fsync', 'fdatasync', 'ftruncate'))
        o.check(writes == 0, self.label + ': strace sees no writes', rows)
        # Once more for each thread that strace stopped and let go.
        o.check(waits <= WAKES + 4, self.label + ': strace sees few waits', rows)
        print('%s: strace, %d s: %d waits, %d writes, %d calls in all' % (
            self.label, SECONDS, waits, writes, rows.get('total', 0)))

    def finish(self):
        put(self.folder, 999999)
        self.await_all(self.stored + 1)
        o.check(self.daemon.stop() == 0, self.label + ': a clean end', self.daemon.said())


hook = o.path('hook')
o.write(hook, b'#!/bin/sh\nexec cat >/dev/null\n')
os.chmod(hook, 0o755)
idles = []
for label, count, args in (('500 reports', 500, []), ('500 reports with a hook', 500, ['--hook', hook]),
                           ('a burst of %d' % BURST, BURST, [])):
    idle = Idle(label, args)
    for n in range(1, count + 1):
        put(idle.folder, n)
    idle.await_all(count)
    idle.stored = count
    idles.append(idle)
# Hooks that wait for their turn, and the last look at the folder.
o.check(Watched.until(lambda: not any(idle.busy() for idle in idles), 60, 1), 'they come to rest')
time.sleep(2)
for idle in idles:
    idle.begin()
time.sleep(SECONDS)
for idle in idles:
    idle.end()
if SECONDS >= 60 and shutil.which('strace'):
    for idle in idles:
        idle.count_calls()
    time.sleep(SECONDS)
    for idle in idles:
        idle.counted()
for idle in idles:
    idle.finish()
o.end()
