"""Ten thousand incidents: export and import in bounded memory, and a limit of size that holds."""
import json
import os
import subprocess
import sys
import time

import archives
from outsider import Outsider

COUNT = int(os.environ.get('AGXTRIAGE_FAULT_REPORTS', '10000'))
MEMORY_KB = int(os.environ.get('AGXTRIAGE_FAULT_MEMORY_KB', '65536'))
o = Outsider()


# A child's peak starts at what its parent had, so that a small process starts it.
MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, file=sys.stderr)
"""


def measured(*args, db):
    """What it printed; checks its status and the most memory that it or a helper of it had."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, '-c', MEASURE, os.environ['AGXTRIAGE'], '--db', db, *args], env=o.env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True)
    status, peak = (int(word) for word in done.stderr.split()[-2:])
    peak //= 1024 if sys.platform == 'darwin' else 1
    print('%s: %d kB, %.1f s' % (args[0], peak, time.monotonic() - began), flush=True)
    o.check(status == 0, '%s' % (args,), done.stderr[-500:])
    o.check(not MEMORY_KB or peak < MEMORY_KB, '%s: memory' % (args,), peak)
    return done.stdout


def main():
    db, path = o.new() + '/crashes.db', o.new() + '/x.tar.gz'
    subprocess.run([os.environ['AGXTRIAGE_GENERATE'], db, str(COUNT)], check=True, stdout=subprocess.DEVNULL)
    measured('export', '-o', path, db=db)
    members, _ = archives.read(path)
    o.check(len(json.loads(members['incidents.json'])) == COUNT and not archives.sums_hold(members), 'all of them')
    o.check(1000 < len(members['ISSUE.md']) < 65536, 'ISSUE.md', len(members['ISSUE.md']))
    o.check(len(members['report.html']) < 5 << 20, 'report.html', len(members['report.html']))
    again = o.db()
    measured('import', path, db=again)
    o.check(o.count(again) == COUNT, 'imported', o.count(again))
    limit = os.path.getsize(path) * 2 // 3
    answer = json.loads(measured('export', '--json', '--no-redact', '--max-size', str(limit), '-o', path, db=db))
    o.check(answer['bytes'] == os.path.getsize(path) <= limit and answer['bytes'] > limit * 9 // 10, 'as large as it may be', (answer['bytes'], limit))
    o.check(answer['incidents'] + len(answer['dropped']) == COUNT, 'dropped ones', answer['incidents'])
    o.end()


main()
