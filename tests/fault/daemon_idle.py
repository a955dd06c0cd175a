"""Nothing happens, and the daemon does nothing: no wake-ups, no processor time, no writes, little memory.

AGXTRIAGE_FAULT_IDLE_SECONDS: how long to watch it. Linux tells per thread how often it slept and woke.
"""
import glob
import os
import time

from outsider import Outsider
from watched import Watched, parameter, put

o = Outsider()
SECONDS = parameter('IDLE_SECONDS', 20)
MEMORY_KB = 8 << 10


def per_task(pid, key):
    total = 0
    for path in glob.glob('/proc/%d/task/*/status' % pid):
        with open(path) as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith(key))
    return total


def processor_ticks(pid):
    with open('/proc/%d/stat' % pid) as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return int(fields[11]) + int(fields[12])


def files_of(folder):
    found = {}
    for name in os.listdir(folder):
        st = os.stat(os.path.join(folder, name))
        found[name] = (st.st_size, st.st_mtime_ns)
    return found


folder = o.new('reports')
os.mkdir(folder + '/Retired')
env = dict(o.env, UV_THREADPOOL_SIZE=o.env.get('UV_THREADPOOL_SIZE', ''))
env.pop('UV_THREADPOOL_SIZE')
daemon = Watched(o, [folder], env=env).start()
for n in range(500):
    put(folder, n + 1)
o.check(daemon.until(lambda: daemon.stored() == 500, 30), 'stored', daemon.said())
time.sleep(3)
pid = daemon.process.pid
if not per_task(pid, 'voluntary_ctxt_switches'):
    print('this kernel does not count wake-ups')
woken, ticks, files = per_task(pid, 'voluntary_ctxt_switches'), processor_ticks(pid), files_of(os.path.dirname(daemon.db))
time.sleep(SECONDS)
wakes = per_task(pid, 'voluntary_ctxt_switches') - woken
used = processor_ticks(pid) - ticks
memory = daemon.status_of('VmRSS')
o.check(wakes <= max(1, SECONDS / 60), 'wake-ups', '%d in %d s' % (wakes, SECONDS))
o.check(used <= SECONDS // 100, 'processor time', '%d ticks in %d s' % (used, SECONDS))
o.check(files_of(os.path.dirname(daemon.db)) == files, 'no writes', (files, files_of(os.path.dirname(daemon.db))))
sanitized = 'asan' in os.environ.get('LD_LIBRARY_PATH', '') or os.environ.get('AGXTRIAGE_SANITIZED')
if not sanitized:
    o.check(memory <= MEMORY_KB, 'resident memory', '%d kB' % memory)
print('%d s: %d wake-ups, %d ticks, %d kB resident' % (SECONDS, wakes, used, memory))
o.check(daemon.stop() == 0, 'a clean end', daemon.said())
o.end()
