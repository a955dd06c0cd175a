"""What the fault tests have in common: a report to spoil, a workplace, and the program as a stranger runs it.

Knows the command line and nothing of the code. AGXTRIAGE names the program.
"""
import copy
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

PROGRAM = os.environ.get('AGXTRIAGE')
SANITIZER = re.compile(rb'(AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|Assertion .* failed)')
# The only control bytes that may reach a terminal: ends of lines, our own colours, erase line of the bar.
OURS = re.compile(rb'\r\n|\n|\r|\t|\x1b\[[0-9;]*m|\x1b\[K')

HEADER = {
    'app_name': 'Python', 'timestamp': '2025-12-20 17:36:18.00 -0800', 'app_version': '3.14.0',
    'bundleID': 'org.python.python', 'bug_type': '309', 'os_version': 'macOS 15.7.3 (24G419)', 'name': 'Python',
    'incident_id': '00000000-1111-2222-3333-444444444444',
}
BODY = {
    'uptime': 86000, 'procRole': 'Unspecified', 'modelCode': 'Mac16,5',
    'osVersion': {'train': 'macOS 15.7.3', 'build': '24G419', 'releaseType': 'User'},
    'captureTime': '2025-12-20 17:36:18.2862 -0800', 'procLaunch': '2025-12-20 17:30:00.1000 -0800',
    'incident': '00000000-1111-2222-3333-444444444444', 'pid': 81920, 'translated': False, 'cpuType': 'ARM-64',
    'procName': 'Python', 'procPath': '/opt/example/Python', 'parentProc': 'zsh', 'responsibleProc': 'Terminal',
    'bundleInfo': {'CFBundleShortVersionString': '3.14.0', 'CFBundleIdentifier': 'org.python.python'},
    'exception': {'codes': '0x0000000000000001, 0x00000000000005c8', 'rawCodes': [1, 1480],
                  'type': 'EXC_BAD_ACCESS', 'signal': 'SIGSEGV',
                  'subtype': 'KERN_INVALID_ADDRESS at 0x00000000000005c8'},
    'termination': {'flags': 0, 'code': 11, 'namespace': 'SIGNAL', 'indicator': 'Segmentation fault: 11',
                    'byProc': 'exc handler', 'byPid': 81920},
    'asi': {'libsystem_c.dylib': ['abort() called']},
    'vmRegionInfo': '0x5c8 is not in any region.',
    'faultingThread': 0,
    'threads': [{'triggered': True, 'id': 4711, 'name': 'main', 'queue': 'metal gpu stream 1',
                 'threadState': {'flavor': 'ARM_THREAD_STATE64', 'x': [{'value': n} for n in range(29)],
                                 'lr': {'value': 4665311732}, 'fp': {'value': 6171970464}, 'sp': {'value': 6171970400},
                                 'pc': {'value': 4665311700}, 'cpsr': {'value': 1610616832},
                                 'far': {'value': 1480}, 'esr': {'value': 2449473542}},
                 'frames': [
                     {'imageOffset': 377300, 'imageIndex': 0, 'symbolLocation': 32,
                      'symbol': '-[AGXG16XFamilyComputeContext_mtlnext setComputePipelineState:]'},
                     {'imageOffset': 64, 'imageIndex': 1, 'symbolLocation': 120, 'sourceFile': 'mul.mm', 'sourceLine': 7,
                      'symbol': 'at::native::mps::mul_mps_kernel(at::TensorIteratorBase&)'}]},
                {'id': 4712, 'name': 'worker', 'queue': 'other',
                 'frames': [{'imageOffset': 128, 'imageIndex': 0, 'symbol': '-[AGXBuffer init]', 'symbolLocation': 4}]}],
    'usedImages': [
        {'source': 'P', 'arch': 'arm64e', 'base': 4664934400, 'CFBundleShortVersionString': '329.2',
         'CFBundleIdentifier': 'com.apple.AGXMetalG16X', 'size': 8675328, 'name': 'AGXMetalG16X',
         'uuid': '11111111-2222-3333-4444-555555555555', 'CFBundleVersion': '329.2',
         'path': '/System/Library/Extensions/AGXMetalG16X.bundle/Contents/MacOS/AGXMetalG16X'},
        {'source': 'P', 'arch': 'arm64', 'base': 5100273664, 'size': 163577856, 'name': 'libtorch_cpu.dylib',
         'uuid': '22222222-2222-3333-4444-555555555555', 'path': '/opt/example/lib/libtorch_cpu.dylib'}],
}


def incident(number):
    return '%08X-1111-4222-8333-444444444444' % number


def report(number=1, **changes):
    """Header and body of a good crash of Python; changes replace members of the body."""
    header, body = copy.deepcopy(HEADER), copy.deepcopy(BODY)
    header['incident_id'] = body['incident'] = incident(number)
    body['pid'] = 1000 + number
    body.update(changes)
    return header, body


def dump(header, body):
    text = json.dumps(header) + '\n' + json.dumps(body, indent=2) + '\n'
    return text.encode('utf-8', 'surrogateescape')


def good(number=1, **changes):
    return dump(*report(number, **changes))


TEXT = """Process:               Python [%(pid)d]
Path:                  /opt/example/Python
Identifier:            org.python.python
Version:               3.14.0
Code Type:             ARM-64 (Native)
Parent Process:        zsh [1]
Responsible:           Terminal [2]

Date/Time:             2025-12-20 17:36:18.2862 -0800
OS Version:            macOS 15.7.3 (24G419)
Report Version:        12
%(id)s
Crashed Thread:        0  Dispatch queue: metal gpu stream 1

Exception Type:        EXC_BAD_ACCESS (SIGSEGV)
Exception Codes:       KERN_INVALID_ADDRESS at 0x00000000000005c8
Exception Codes:       0x0000000000000001, 0x00000000000005c8

Thread 0 Crashed:: Dispatch queue: metal gpu stream 1
0   AGXMetalG16X                  \t       0x1161071d4 -[AGXG16XFamilyComputeContext_mtlnext setComputePipelineState:] + 32
1   libtorch_cpu.dylib            \t       0x130000040 at::native::mps::mul_mps_kernel(at::TensorIteratorBase&) + 120

Binary Images:
       0x1160ab000 -        0x1168f0fff com.apple.AGXMetalG16X (329.2) <11111111-2222-3333-4444-555555555555> /System/Library/Extensions/AGXMetalG16X.bundle/Contents/MacOS/AGXMetalG16X
       0x130000000 -        0x139bfffff libtorch_cpu.dylib (*) <22222222-2222-3333-4444-555555555555> /opt/example/lib/libtorch_cpu.dylib
"""


def text(number=1, named=True):
    """The same crash in the classic text form."""
    line = 'Anonymous UUID:        00\n' if not named else 'Incident Identifier:   %s\n' % incident(number)
    return (TEXT % {'pid': 1000 + number, 'id': line}).encode()


class Answer:
    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    @property
    def summary(self):
        try:
            return json.loads(self.out)
        except ValueError:
            return {}

    @property
    def lines(self):
        """Each line of JSON, strictly read."""
        return [json.loads(line.decode('utf-8', 'strict')) for line in self.out.splitlines() if line]

    def __str__(self):
        return 'status %s, %.1f s\n  out %r\n  err %r' % (self.status, self.seconds, self.out[:600], self.err[:900])


class Outsider:
    def __init__(self):
        if not PROGRAM:
            sys.exit('AGXTRIAGE does not name the program')
        self.failed, self.passed, self.started = [], 0, time.monotonic()
        self.folder = tempfile.mkdtemp(prefix='agxtriage-fault-')
        self.number = 0
        os.chmod(self.folder, 0o755)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(('AGXTRIAGE', 'XDG_')) and k != 'NO_COLOR'}
        self.env.update(HOME=self.folder + '/home', TZ='UTC', LC_ALL='C.UTF-8', TERM='xterm-256color', PAGER='cat')
        for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS'):
            self.env[name] = self.env.get(name, '') + ':allocator_may_return_null=1'

    # ---- places ----

    def path(self, name):
        return os.path.join(self.folder, name)

    def new(self, name='place'):
        """A fresh folder."""
        self.number += 1
        path = self.path('%s-%d' % (name, self.number))
        os.mkdir(path)
        return path

    def write(self, path, content):
        with open(path, 'wb') as file:
            file.write(content)
        return path

    def db(self):
        self.number += 1
        return self.path('db-%d/crashes.db' % self.number)

    # ---- runs ----

    def start(self, *args, db=None, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, before=None, **more):
        command = [PROGRAM] + (['--db', db] if db else []) + list(args)
        return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                env=self.env if env is None else env, preexec_fn=before, **more)

    def finish(self, process, input=None, timeout=60, label=''):
        began = time.monotonic()
        try:
            out, err = process.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail('%s: still running after %d s' % (label or process.args, timeout))
        answer = Answer(process.returncode, out or b'', err or b'', time.monotonic() - began)
        if SANITIZER.search(answer.err):
            self.fail('%s: sanitizer: %s' % (label or process.args, answer.err[:3000].decode('utf-8', 'replace')))
        return answer

    def run(self, *args, input=None, timeout=60, **more):
        if input is not None:
            more['stdin'] = subprocess.PIPE
        answer = self.finish(self.start(*args, **more), input, timeout)
        if answer.status not in (0, 1, 2, 3):
            self.fail('%r: ended with %s: %s' % (args, answer.status, answer))
        return answer

    def terminal(self, *args, db=None, timeout=60, env=None, feed=b'', columns=100):
        """All bytes that a terminal would get, stdout and stderr together."""
        command = [PROGRAM] + (['--db', db] if db else []) + list(args)
        pid, fd = pty.fork()
        if not pid:
            os.execve(PROGRAM, command, dict(self.env, COLUMNS=str(columns), **(env or {})))
        if feed:
            os.write(fd, feed)
        got, end = b'', time.monotonic() + timeout
        while time.monotonic() < end:
            if not select.select([fd], [], [], 0.5)[0]:
                continue
            try:
                part = os.read(fd, 65536)
            except OSError:
                break
            if not part:
                break
            got += part
        else:
            os.kill(pid, signal.SIGKILL)
            self.fail('%r on a terminal: still running after %d s' % (args, timeout))
        os.close(fd)
        status = os.waitpid(pid, 0)[1]
        if SANITIZER.search(got):
            self.fail('%r on a terminal: sanitizer: %s' % (args, got[:3000].decode('utf-8', 'replace')))
        return Answer(os.waitstatus_to_exitcode(status), got, b'', 0)

    # ---- judgements ----

    def fail(self, what):
        self.failed.append(what)
        print('FAILED  %s' % what, flush=True)

    def check(self, good, label, seen=''):
        if good:
            self.passed += 1
        else:
            self.fail('%s: %s' % (label, seen))
        return bool(good)

    def one_line(self, answer, label, *words):
        """An error that a person can use: one line, no control bytes, with these words."""
        text = answer.err.decode('utf-8', 'replace')
        self.check(text.count('\n') == 1 and text.endswith('\n'), label + ': one line', answer)
        self.clean(answer.err, label)
        for word in words:
            self.check(word in text, '%s: says "%s"' % (label, word), answer)

    def clean(self, data, label):
        """Nothing but UTF-8 without control bytes, bidirectional marks or foreign escape sequences."""
        rest = OURS.sub(b'', data)
        try:
            text = rest.decode('utf-8')
        except UnicodeDecodeError as error:
            self.fail('%s: not UTF-8: %r' % (label, rest[max(0, error.start - 40):error.end + 20]))
            return
        for at, char in enumerate(text):
            code = ord(char)
            if code < 32 or 127 <= code < 160 or code in range(0x202a, 0x202f) or code in range(0x2066, 0x206a) or \
                    code in (0x200e, 0x200f, 0x61c, 0x2028, 0x2029):
                self.fail('%s: U+%04X reached the terminal: %r' % (label, code, text[max(0, at - 40):at + 20]))
                return
        self.passed += 1

    def starved(self, answer, label):
        """It worked, or said why not; or the loader found no room for the program."""
        if answer.status == 127 or b'error while loading shared libraries' in answer.err or \
                (answer.status == -11 and not answer.out):
            return
        self.check(answer.status in (0, 1), label, answer)
        self.check(answer.status == 0 or answer.err, label + ' says why', answer)
        self.clean(answer.err, label)

    def integrity(self, db, label):
        base = sqlite3.connect(db)
        try:
            found = base.execute('pragma integrity_check').fetchall()
            self.check(found == [('ok',)], label + ': integrity', found)
            foreign = base.execute('pragma foreign_key_check').fetchall()
            self.check(not foreign, label + ': foreign keys', foreign)
            orphans = base.execute(
                'select count(*) from incident i left join raw r on r.id = i.raw_id '
                'where r.id is null or length(r.packed) = 0').fetchone()[0]
            self.check(orphans == 0, label + ': a row without bytes', orphans)
        finally:
            base.close()

    def count(self, db, query='select count(*) from incident'):
        base = sqlite3.connect(db)
        try:
            return base.execute(query).fetchone()[0]
        finally:
            base.close()

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        print('%d checks, %d failed, %.1f s' % (self.passed + len(self.failed), len(self.failed),
                                                time.monotonic() - self.started))
        sys.exit(1 if self.failed else 0)


def limit(kind, value):
    return lambda: resource.setrlimit(kind, (value, value))
