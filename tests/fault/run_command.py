#!/usr/bin/env python3
"""`run`: what of a command crashed, told from outside: reports that come, come late, come for others, or do not come.

Knows the command line and nothing of the code. AGXTRIAGE names the program."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

from outsider import PROGRAM, Outsider

HERE = os.path.dirname(os.path.abspath(__file__))
CRASHER = os.path.join(HERE, 'crasher.py')
SITE = 'agx-set-compute-pipeline-state'
PYTHON = sys.executable


class Stage:
    """A home of its own, with report folder and database, for one case."""

    def __init__(self, outside):
        self.outside = outside
        self.home = outside.new('run')
        self.reports = self.home + '/data/agxtriage/reports'
        os.makedirs(self.reports)
        self.env = dict(outside.env, HOME=self.home, XDG_DATA_HOME=self.home + '/data', XDG_CONFIG_HOME=self.home + '/config')

    def path(self, name):
        return os.path.join(self.home, name)

    def start(self, *command, **more):
        return self.outside.start('run', *command, env=self.env, cwd=self.home, **more)

    def run(self, *command, timeout=60, **more):
        """The answer, and what --json said."""
        return self.outside.finish(self.start(*command, **more), timeout=timeout, label=' '.join(command))

    def crasher(self, *options):
        return ['--', PYTHON, CRASHER, self.reports, *options]


def one(answer):
    try:
        return json.loads(answer.out)
    except ValueError:
        return {'conditions': [{}], 'incidents': [], 'unreported': [], 'bad': answer.out}


def counts(found):
    condition = found['conditions'][0]
    return {key: condition.get(key) for key in ('runs', 'finished', 'crashed', 'hung', 'failed')}


def outcome(**changes):
    return dict({'runs': 1, 'finished': 0, 'crashed': 0, 'hung': 0, 'failed': 0}, **changes)


def root_crashes(o):
    stage = Stage(o)
    answer = stage.run('--fail-on-crash', '--json', *stage.crasher('--say', 'last words'))
    found = one(answer)
    o.check(answer.status == 1, 'root crashes: status 1', answer)
    o.check(answer.seconds < 20, 'root crashes: ends soon after the report', answer.seconds)
    o.check(counts(found) == outcome(crashed=1), 'root crashes: counted', found)
    condition = found['conditions'][0]
    o.check(condition.get('sites') == {SITE: 1}, 'root crashes: site', condition)
    o.check(condition.get('rate') == 1 and 0.2 < condition['rate_low'] < 0.21 and condition['rate_high'] == 1,
            'root crashes: rate', condition)
    o.check([incident['site'] for incident in found['incidents']] == [SITE], 'root crashes: incident', found)
    o.check(found['unreported'] == [] and found['signal'] == 'SIGSEGV' and found['exit_status'] is None,
            'root crashes: end', found)
    o.check('last words' in found['stderr_tail'] and b'last words\n' in answer.err, 'root crashes: stderr', answer)
    text = stage.run(*stage.crasher())
    o.check(text.status == 139, 'without --fail-on-crash the signal shows', text)
    o.check(SITE.encode() in text.out and b'SIGSEGV' in text.out and b'0x5c8 (read)' in text.out, 'the triage is printed', text)


def child_crashes(o):
    stage = Stage(o)
    answer = stage.run('--fail-on-crash', '--json', *stage.crasher('--child'))
    found = one(answer)
    o.check(answer.status == 1 and found['exit_status'] == 0, 'child crashes: fails although the status is 0', answer)
    o.check(counts(found) == outcome(crashed=1) and found['unreported'] == [], 'child crashes: counted', found)
    o.check(b'all is well' in answer.err, '--json: the output of the command is on stderr', answer)
    answer = stage.run(*stage.crasher('--child'))
    o.check(answer.status == 0 and answer.out.startswith(b'all is well\n') and SITE.encode() in answer.out,
            'child crashes: told without --fail-on-crash', answer)
    answer = stage.run('--fail-on-crash', '--json', *stage.crasher('--orphan'))
    o.check(answer.status == 1 and len(one(answer)['incidents']) == 1, 'a child whose parent is gone', answer)
    shell = ['--', 'sh', '-c', '"$@"; exit $?', 'sh', *stage.crasher()[1:]]
    answer = stage.run('--json', *shell)
    found = one(answer)
    o.check(answer.status == 139 and found['exit_status'] == 139 and counts(found) == outcome(crashed=1) and
            len(found['incidents']) == 1 and found['unreported'] == [], 'a shell that tells of a crash', answer)


def late_report(o):
    stage = Stage(o)
    answer = stage.run('--json', *stage.crasher('--late', '4'))
    found = one(answer)
    o.check(len(found['incidents']) == 1 and found['unreported'] == [], 'late report: found', answer)
    o.check(4 < answer.seconds < 30, 'late report: waited as long as it takes', answer.seconds)
    answer = stage.run('--json', '--wait', '1', *stage.crasher('--late', '15'))
    found = one(answer)
    o.check(answer.seconds < 12 and found['unreported'] and found['unreported'][0]['label'] == 'late',
            'late report: --wait ends the waiting', answer)
    answer = stage.run('--json', *stage.crasher('--child', '--report', '3'))
    o.check(len(one(answer)['incidents']) == 3, 'several reports', answer)


def others(o):
    """What happens at the same time and is none of ours."""
    stage = Stage(o)
    away = subprocess.Popen([PYTHON, '-c', 'import time; time.sleep(60)'], env=stage.env)
    try:
        answer = stage.run('--fail-on-crash', '--json', '--wait', '2',
                           *stage.crasher('--signal', '0', '--pid', str(away.pid)))
        o.check(answer.status == 0 and one(answer)['incidents'] == [] and counts(one(answer)) == outcome(finished=1),
                'a process of the same name', answer)
    finally:
        away.kill()
        away.wait()
    for label, option in (('pid reuse', '--launch=-3600'), ('captured before the start', '--captured=-3600')):
        answer = stage.run('--fail-on-crash', '--json', '--wait', '2', *stage.crasher('--signal', '0', option))
        o.check(answer.status == 0 and one(answer)['incidents'] == [], label, answer)
    listed = o.run('list', '--json', env=stage.env)
    o.check(len(listed.lines) == 3, 'what is not ours is stored all the same', listed)


REPRO = os.path.join(os.path.dirname(os.path.realpath(PROGRAM)), 'agxtriage-repro')


def start_daemon(o, stage):
    daemon = o.start('daemon', env=stage.env, cwd=stage.home)
    end = time.monotonic() + 20
    while time.monotonic() < end and o.run('status', '--json', env=stage.env).summary.get('running') is not True:
        time.sleep(.1)
    return daemon


def by(found):
    return [claim['claimed_by'] for claim in found['claims']]


def check_short_parents(o, stage, label):
    """Who started the process that crashed is gone before anybody could look."""
    direct = stage.run('--json', *stage.crasher())
    o.check(by(one(direct)) == ['pid'], label + ': the command itself', direct)
    for script in ('%s --self-test --reports "$1"; exit 0', 'sh -c \'%s --self-test --reports "$1"; exit 0\' sh "$1"; exit 0',
                   '(%s --self-test --reports "$1" &) ; exit 0'):
        answer = stage.run('--fail-on-crash', '--json', '--wait', '4', '--', 'sh', '-c', script % REPRO, 'sh', stage.reports)
        found = one(answer)
        o.check(answer.status == 1 and counts(found) == outcome(crashed=1) and len(by(found)) == 1 and
                set(by(found)) <= {'pid', 'parent', 'launch'} and
                [claim['id'] for claim in found['claims']] == [row['id'] for row in found['incidents']],
                '%s: a parent of some milliseconds (%s)' % (label, script), answer)
    # A pid that nobody has, of a parent that nobody can have seen.
    with open('/proc/sys/kernel/pid_max', encoding='ascii') as file:
        nobody = int(file.read()) - 1
    forged = stage.crasher('--signal', '0', '--pid', str(nobody), '--parent', str(nobody - 1))
    junit, page = stage.path('short.xml'), stage.path('short.md')
    answer = stage.run('--wait', '4', '--fail-on-crash', '--junit', junit, '--summary', page, *forged)
    o.check(answer.status == 1 and b'by launch: neither this' in answer.out, label + ': told', answer)
    o.check(b'claimed: by launch' in open(junit, 'rb').read() and b'| Claimed | ' in open(page, 'rb').read(),
            label + ': told in the files', open(page, 'rb').read())
    answer = stage.run('--wait', '4', '--json', *forged)
    o.check(by(one(answer)) == ['launch'], label + ': by launch', answer)
    for what, options in (('the first process as parent', ['--parent', '1']), ('no parent', ['--parent', '-1']),
                          ('launched before', ['--parent', str(nobody - 1), '--launch=-5']),
                          ('a parent that was there before', ['--parent', str(os.getpid())])):
        answer = stage.run('--wait', '2', '--fail-on-crash', '--json',
                           *stage.crasher('--signal', '0', '--pid', str(nobody), *options))
        o.check(answer.status == 0 and by(one(answer)) == [], '%s: %s' % (label, what), answer)


def short_parents(o):
    check_short_parents(o, Stage(o), 'without a daemon')
    stage = Stage(o)
    daemon = start_daemon(o, stage)
    try:
        check_short_parents(o, stage, 'with a daemon')
    finally:
        daemon.send_signal(signal.SIGTERM)
        o.finish(daemon, timeout=30)


def neighbours(o):
    """Crashes of other jobs during the run, of the same name, begun behind its start."""
    stage = Stage(o)
    crasher = stage.crasher()[1:]
    # Long enough for a sample: who came and went unseen beside an unseen process of ours cannot be told from it.
    shell = ['sh', '-c', 'sleep 1.2; "$@"; exit 0', 'sh']
    for label, command in (('whose parent lives', crasher), ('whose parent is gone when the report comes', shell + crasher +
                                                              ['--late', '1.5']),
                           ('whose parent and its parent are gone', shell + shell + crasher + ['--late', '1.5'])):
        run = stage.start('--fail-on-crash', '--json', '--wait', '4', '--', PYTHON, '-c', 'import time; time.sleep(4)')
        time.sleep(.5)
        before = o.count(stage.home + '/data/agxtriage/crashes.db')
        subprocess.run(command, env=stage.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30, check=False)
        answer = o.finish(run, timeout=30)
        o.check(answer.status == 0 and one(answer)['incidents'] == [] and one(answer)['claims'] == [], 'a neighbour ' + label,
                answer)
        o.check(o.count(stage.home + '/data/agxtriage/crashes.db') == before + 1, 'it was seen: a neighbour ' + label, answer)


def no_report(o):
    stage = Stage(o)
    crash = stage.crasher('--report', '0')
    answer = stage.run('--fail-on-crash', '--json', '--wait', '1', *crash)
    found = one(answer)
    o.check(answer.status == 1 and counts(found) == outcome(crashed=1), 'no report: still a crash', answer)
    o.check([(row['signal'], row['label']) for row in found['unreported']] == [('SIGSEGV', 'late')] and
            found['unreported'][0]['pid'] > 1, 'no report: labelled', found)
    answer = stage.run('--wait', '0', *stage.crasher('--report', '0', '--signal', '6'))
    o.check(answer.status == 134 and b'No report of this crash (late)' in answer.out, 'no report: told', answer)
    answer = stage.run('--fail-on-crash', '--wait', '0', *stage.crasher('--report', '0', '--signal', '9'))
    o.check(answer.status == 137 and not answer.out, 'SIGKILL is no crash', answer)


def names(o):
    """Crashes of a program that a scan would pass over count when it is ours."""
    stage = Stage(o)
    tool = stage.path('mytool')
    os.symlink(os.path.realpath(PYTHON), tool)
    answer = stage.run('--json', '--', tool, CRASHER, stage.reports, '--name', 'mytool', '--plain')
    found = one(answer)
    o.check([row['process']['name'] for row in found['incidents']] == ['mytool'], 'a name that no pattern knows', answer)
    answer = stage.run('--json', '--wait', '1', *stage.crasher('--name', 'stranger', '--plain', '--pid', '1', '--signal', '0'))
    o.check(one(answer)['incidents'] == [], 'a name that is not ours', answer)
    listed = o.run('list', '--json', env=stage.env)
    o.check([row['process']['name'] for row in listed.lines] == ['mytool'], 'others are passed over as ever', listed)


def statuses(o):
    stage = Stage(o)
    for status in (0, 1, 3, 77, 255):
        answer = stage.run('--fail-on-crash', '--wait', '0', '--', 'sh', '-c', 'exit %d' % status)
        o.check(answer.status == status and not answer.out, 'status %d stays visible' % status, answer)
    junit, page = stage.path('a.xml'), stage.path('a.md')
    answer = stage.run('--junit', junit, '--summary', page, '--', stage.path('nothing-there'))
    o.check(answer.status == 127, 'not found: 127', answer)
    o.one_line(answer, 'not found', 'nothing-there')
    case = ElementTree.parse(junit).getroot().find('testsuite/testcase')
    o.check(case.find('error') is not None and 'not started' in open(page).read(), 'not found: in the files', case)
    answer = stage.run('--', stage.reports)
    o.check(answer.status == 126, 'not to be run: 126', answer)
    script = o.write(stage.path('script'), b'exit 5\n')
    os.chmod(script, 0o755)
    answer = stage.run('--wait', '0', script)
    o.check(answer.status == 5, 'a script without a first line is the shell\'s', answer)
    answer = stage.run('--wait', '0', 'sh', '-c', 'exit 6')
    o.check(answer.status == 6, 'options end at the command', answer)
    answer = stage.run()
    o.check(answer.status == 2, 'no command: wrong usage', answer)
    answer = stage.run('--wait', '0', '--summary', stage.path('no/such/page'), '--', 'true')
    o.check(answer.status == 1 and b'no/such/page' in answer.err, 'a page that cannot be written', answer)
    answer = stage.run('--wait', '0', '--junit', stage.path('no/such/page'), '--', 'sh', '-c', 'exit 9')
    o.check(answer.status == 9 and b'no/such' in answer.err, 'the command\'s status comes first', answer)


def standard_error(o):
    stage = Stage(o)
    many = 'import sys\nfor n in range(20000): sys.stderr.write("line %d\\n" % n)'
    answer = stage.run('-q', '--json', '--wait', '0', '--', PYTHON, '-c', many)
    expected = b''.join(b'line %d\n' % n for n in range(20000))
    o.check(answer.err == expected, 'thousands of lines pass through', len(answer.err))
    tail = one(answer)['stderr_tail']
    o.check(tail.endswith('line 19999\n') and tail.startswith('line ') and 65000 < len(tail) <= 65536, 'the tail', len(tail))
    spoken = ('def f():\n raise ValueError("a\\0b \\x1b[31m")\nimport sys\n'
              'sys.stderr.buffer.write(b"-[_MTLCommandBuffer x]:1: failed assertion `y\'\\n\\xff\\xfe\\x00\\n")\nf()')
    answer = stage.run('--json', '--wait', '0', '--', PYTHON, '-c', spoken)
    found = one(answer)
    o.check(len(found['tracebacks']) == 1 and found['tracebacks'][0].startswith('Traceback') and
            'ValueError' in found['tracebacks'][0], 'traceback', found)
    o.check(found['metal_errors'] == ["-[_MTLCommandBuffer x]:1: failed assertion `y'"], 'Metal\'s errors', found)
    o.check(answer.status == 1 and counts(found) == outcome(failed=1), 'a failure is no crash', found)
    said = ('step\n\tInsufficient Memory (00000008:x)\nError: command buffer exited with error status.\n\tThe Metal '
            'operations\n\tError: \n\t(null)\n\tInternal Error (0000000e:Internal Error)\nthe metal band\n')
    answer = stage.run('--json', '--wait', '0', '--', PYTHON, '-c', 'import sys; sys.stderr.write(%r)' % said)
    o.check(one(answer)['metal_errors'] == ['Insufficient Memory (00000008:x)', 'Error: command buffer exited with error status.\n'
            'The Metal operations\nError:\n(null)\nInternal Error (0000000e:Internal Error)'], 'Metal\'s errors together', answer)
    answer = stage.run('--wait', '0', '--', PYTHON, '-c', 'import os, time; os.close(2); time.sleep(.3); os._exit(5)')
    o.check(answer.status == 5, 'a command that closes stderr', answer)
    marker = stage.path('pid')
    answer = stage.run('--wait', '1', '--', 'sh', '-c', '(sleep 30 & echo $! >%s) ; exit 4' % marker, stdout=subprocess.DEVNULL,
                       timeout=25)
    o.check(answer.status == 4 and answer.seconds < 20, 'a grandchild that keeps stderr open', answer)
    os.kill(int(open(marker).read()), signal.SIGKILL)


def signals(o):
    stage = Stage(o)
    handler = ('import signal, sys, time\nseen = []\n'
               'for n in (2, 15): signal.signal(n, lambda n, f: seen.append(n))\n'
               'print("ready", flush=True)\n'
               'end = time.time() + 20\n'
               'while not seen and time.time() < end: time.sleep(.05)\n'
               'time.sleep(.5)\nsys.exit(40 + len(seen) if seen[0] == %d else 1)')
    for number in (signal.SIGTERM, signal.SIGINT):
        process = stage.start('--wait', '0', '--', PYTHON, '-c', handler % number)
        process.stdout.readline()
        process.send_signal(number)
        answer = o.finish(process, timeout=30)
        o.check(answer.status == 41, '%s is passed on, once' % number.name, answer)
    process = stage.start('--', PYTHON, '-c', 'import time; print("ready", flush=True); time.sleep(30)')
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    answer = o.finish(process, timeout=30)
    o.check(answer.status == 143 and answer.seconds < 20, 'who is ended from outside is not waited for', answer)
    pids = stage.path('pids')
    tree = 'trap "" TERM; sh -c \'trap "" TERM; echo $$ >>%s; sleep 60\' & echo $$ >>%s; wait; sleep 60' % (pids, pids)
    answer = stage.run('--json', '--timeout', '1', '--wait', '0', '--', 'sh', '-c', tree, timeout=30)
    found = one(answer)
    o.check(answer.status == 124 and counts(found) == outcome(hung=1), 'a time limit', answer)
    time.sleep(.3)
    alive = [pid for pid in open(pids).read().split() if os.path.exists('/proc/%s/cwd' % pid) and
             not os.stat('/proc/%s' % pid) is None and open('/proc/%s/stat' % pid).read().split()[2] != 'Z']
    o.check(not alive, 'nothing is left of what hung', alive)


def hold(o, stage, command, feed, label, wanted):
    """Runs on a terminal; feed: (what to wait for, what to type)."""
    pid, fd = pty.fork()
    if not pid:
        os.chdir(stage.home)
        os.execve(PROGRAM, [PROGRAM, 'run', *command], stage.env)
    got, end, began = b'', time.monotonic() + 30, time.monotonic()
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                part = os.read(fd, 65536)
            except OSError:
                break
            if not part:
                break
            got += part
        if feed and feed[0] in got:
            os.write(fd, feed[1])
            feed = None
    else:
        os.kill(pid, signal.SIGKILL)
    os.close(fd)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    o.check(status == wanted, label, (status, got))
    return got, time.monotonic() - began


def terminal(o):
    stage = Stage(o)
    code = ('import os, signal, sys, time\nseen = []\nsignal.signal(2, lambda n, f: seen.append(n))\n'
            'print("front" if os.tcgetpgrp(0) == os.getpgrp() else "back", flush=True)\n'
            'end = time.time() + 20\nwhile not seen and time.time() < end: time.sleep(.05)\n'
            'time.sleep(.5)\nsys.exit(40 + len(seen))')
    got, _ = hold(o, stage, ['--wait', '0', '--', PYTHON, '-c', code], (b'front', b'\x03'), 'Ctrl-C arrives once', 41)
    o.check(b'front' in got, 'the command is in the foreground', got)
    got, took = hold(o, stage, ['--fail-on-crash', *stage.crasher('--report', '0')], (b'Ctrl-C ends', b'\x03'),
                     'Ctrl-C ends the waiting, not the result', 1)
    o.check(b'No report of this crash (late)' in got and took < 20, 'the result is told', (took, got))
    o.clean(got.replace(b'^C', b''), 'on a terminal')
    got, _ = hold(o, stage, stage.crasher('--hostile', '--late', '1'), None, 'hostile report', 139)
    o.clean(got, 'a hostile report on a terminal')
    o.check(b'<script>' in got, 'a hostile report is shown', got)


def pages(o):
    stage = Stage(o)
    junit, page = stage.path('r.xml'), stage.path('page.md')
    files = ['--junit', junit, '--summary', page]
    o.write(page, b'# other things\nno end of line')
    say = 'Traceback (most recent call last):\n  <b>`x`|\nE: </pre> ]]> &lt;'
    answer = stage.run(*files, *stage.crasher('--hostile', '--say', say))
    o.check(answer.status == 139, 'pages: status', answer)
    text = open(page, encoding='utf-8').read()
    o.check(text.startswith('# other things\nno end of line\n\n###'), 'the page is appended to', text[:60])
    ours = text[text.index('### agxtriage'):]
    rest = re.sub(r'(?ms)^(`{3,})\n.*?^\1\n', '', ours)
    blocks = len(re.findall(r'(?m)^(`{3,})\n', ours)) / 2
    rest = re.sub(r'(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)', '', rest)
    rest = re.sub(r'</?(?:details|summary)>|\n\|---\|---\||\n\| \| \|', '', rest)
    rest = re.sub(r'(?m)^(?:###+ |\| [A-Z][A-Za-z ]* \| (.*) \|$)', '', rest)
    o.check(not re.search(r'[<>`|&\x1b\u202e]', rest), 'nothing breaks the page', rest)
    o.check(blocks == ours.count('<details>') == ours.count('</details>') and '\x1b' not in ours, 'blocks are closed', ours)
    root = ElementTree.parse(junit).getroot()
    case = root.find('testsuite/testcase')
    o.check(len(root.findall('.//testcase')) == 1 and len(case.findall('failure')) == 1 and 'script' in
            case.find('failure').get('message'), 'JUnit: one case, one failure', ElementTree.tostring(root))
    o.check(case.find('system-err').text.startswith(say), 'JUnit: stderr', ElementTree.tostring(root))
    o.check(root.find('testsuite').get('failures') == '1', 'JUnit: counts', ElementTree.tostring(root))
    bytes_of_all = 'import sys; sys.stderr.buffer.write(bytes(range(256)) * 3 + "\\ufffe\\uffff\\ud800".encode("utf-8", "surrogatepass"))'
    answer = stage.run('--wait', '0', *files, '--', PYTHON, '-c', bytes_of_all)
    case = ElementTree.parse(junit).getroot().find('testsuite/testcase')
    o.check(answer.status == 0 and case.find('failure') is None and case.find('system-err').text, 'JUnit: any bytes', answer)
    o.check(open(page, encoding='utf-8').read().count('### agxtriage') == 2, 'the page grows', '')
    left = [name for name in os.listdir(stage.home) if 'xml' in name]
    o.check(left == ['r.xml'], 'JUnit: nothing is left behind', left)
    answer = stage.run('--wait', '1', '--junit', junit, *stage.crasher('--report', '0'))
    failure = ElementTree.parse(junit).getroot().find('testsuite/testcase/failure')
    o.check(failure is not None and 'late' in failure.text, 'JUnit: a crash without a report', failure)


def with_daemon(o):
    table = json.loads(o.run('help', '--json').out)
    if 'daemon' not in [command['name'] for command in table['commands']]:
        return
    stage = Stage(o)
    daemon = start_daemon(o, stage)
    try:
        answer = stage.run('--fail-on-crash', '--json', *stage.crasher('--late', '1'))
        found = one(answer)
        o.check(answer.status == 1 and len(found['incidents']) == 1, 'beside a daemon', answer)
        tool = stage.path('mytool')
        os.symlink(os.path.realpath(PYTHON), tool)
        answer = stage.run('--json', '--', tool, CRASHER, stage.reports, '--name', 'mytool', '--plain')
        o.check(len(one(answer)['incidents']) == 1, 'what the daemon passes over', answer)
        answer = stage.run('--json', *stage.crasher('--child', '--report', '40'))
        o.check(len(one(answer)['incidents']) == 40, 'both take in the same', answer)
    finally:
        daemon.send_signal(signal.SIGTERM)
        o.finish(daemon, timeout=30)
    o.integrity(stage.home + '/data/agxtriage/crashes.db', 'beside a daemon')
    count = o.count(stage.home + '/data/agxtriage/crashes.db')
    o.check(count == 42, 'nothing is stored twice', count)


def main():
    outside = Outsider()
    cases = [root_crashes, child_crashes, late_report, others, short_parents, neighbours, no_report, names, statuses,
             standard_error, signals, terminal, pages, with_daemon]
    for case in cases:
        if len(sys.argv) < 2 or case.__name__ in sys.argv[1:]:
            case(outside)
    outside.end()


main()
