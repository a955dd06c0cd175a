"""The launchd agent: what is written, what launchctl is asked and in which order, for each way in which it fails."""
import concurrent.futures
import json
import os
import plistlib
import shlex
import signal
import subprocess
import sys
import threading
import time
import traceback

from outsider import PROGRAM, Outsider, good

HERE = os.path.dirname(os.path.abspath(__file__))
LABEL = 'agxtriage'
UID = os.getuid()
GUI, USER = 'gui/%d' % UID, 'user/%d' % UID
BUSY = [5, 'Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors.']

o = Outsider()
naming = threading.Lock()


def copy_program(place):
    """By another process: what this one has open for writing, a child that is started meanwhile has open, too, and then the copy
    is "busy"."""
    subprocess.run(['cp', '-p', PROGRAM, place], check=True)


class Mac:
    """A home, a stand-in for launchd, and the program installed in that home."""

    made = []

    def __init__(self, name='home', holder=True, launchctl=True, **plan):
        with naming:
            self.folder = o.new('mac')
            self.made.append(self)
        self.home = os.path.join(self.folder, name)
        self.state = os.path.join(self.folder, 'launchd')
        self.program = os.path.join(self.home, 'bin', 'agxtriage')
        self.plist = os.path.join(self.home, 'Library/LaunchAgents', LABEL + '.plist')
        self.log = os.path.join(self.home, 'Library/Logs/agxtriage/daemon.log')
        self.tools = os.path.join(self.folder, 'tools')
        self.db = os.path.join(self.home, '.local/share/agxtriage/crashes.db')
        self.reports = os.path.join(self.home, '.local/share/agxtriage/reports')
        for folder in (os.path.dirname(self.program), self.state + '/jobs', self.tools, self.reports):
            os.makedirs(folder)
        copy_program(self.program)
        if launchctl:
            self.tool('launchctl', 'exec %s -I -S %s "$@"' % (shlex.quote(sys.executable), shlex.quote(HERE + '/launchctl.py')))
        # Every Mac has one; GNUstep's program of that name is another.
        self.tool('plutil', 'exit 0')
        self.env = dict(o.env, HOME=self.home, PATH=self.tools + ':/usr/bin:/bin', LAUNCHD_STAND_IN=self.state)
        self.plan(holder=holder, throttle=0.2, **plan)

    def tool(self, name, script):
        path = o.write(os.path.join(self.tools, name), ('#!/bin/sh\n%s\n' % script).encode())
        os.chmod(path, 0o755)

    def plan(self, **plan):
        with open(self.state + '/plan.json', 'w', encoding='utf-8') as file:
            json.dump(plan, file)

    def agent(self, *words, env=None, **more):
        self.calls_before = len(self.all_calls())
        process = subprocess.Popen([self.program, *words[:-1], 'agent', words[-1]] if len(words) > 1 and words[0].startswith('--')
                                   else [self.program, 'agent', *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=env or self.env, cwd=self.folder, **more)
        return o.finish(process)

    def all_calls(self):
        try:
            with open(self.state + '/calls', encoding='utf-8') as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def calls(self):
        """Of the last agent(), in short: repeated lines once, and our label as L."""
        short = []
        for call in self.all_calls()[self.calls_before:]:
            call = call.replace(self.plist, 'PLIST').replace('/' + LABEL, '/L').replace(GUI, 'gui').replace(USER, 'user')
            if not short or short[-1] != call:
                short.append(call)
        return short

    def job(self, domain=GUI):
        with open('%s/jobs/%s_%s.json' % (self.state, domain.replace('/', '_'), LABEL), encoding='utf-8') as file:
            return json.load(file)

    def read(self):
        with open(self.plist, 'rb') as file:
            return plistlib.load(file)

    def finish(self):
        """Ends what is left, by its process id."""
        for name in os.listdir(self.state + '/jobs'):
            if not name.endswith('.json'):
                continue
            with open(os.path.join(self.state, 'jobs', name), encoding='utf-8') as file:
                job = json.load(file)
            for pid in (job.get('supervisor'), job.get('pid')):
                if pid and job['gone_at'] is None:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass


FIRST = ['bootout gui/L', 'bootout user/L', 'print-disabled gui', 'bootstrap gui PLIST', 'kickstart gui/L', 'print gui/L']


def expect(answer, status, label, *words):
    o.check(answer.status == status, label, answer)
    text = (answer.out + answer.err).decode('utf-8', 'replace')
    for word in words:
        o.check(word in text, '%s: says %r' % (label, word), answer)


def same(got, wanted, label):
    o.check(got == wanted, label, '%s\n  instead of %s' % (got, wanted))


def install(mac, label, *words, calls=None, status=0):
    answer = mac.agent('install')
    expect(answer, status, label, *words)
    if calls:
        same(mac.calls(), calls, label + ': calls')
    return answer


# ---- a good day ----

def check_good_day():
    mac = Mac(name='J\u00f6rg & <son> "it\'s"')
    o.write(mac.reports + '/Python-1.ips', good(1))
    expect(mac.agent('status'), 3, 'status before', 'not installed')
    expect(mac.agent('status', '--json'), 3, 'status --json before')
    answer = install(mac, 'install', 'installed: %s/%s runs as process' % (GUI, LABEL), mac.plist, mac.db, mac.log, calls=FIRST)
    o.check(o.count(mac.db) == 1, 'the backlog is taken in before', answer)
    plist = mac.read()
    same(plist, {
        'Label': LABEL, 'ProgramArguments': [mac.program, 'daemon', '--agent', '--log', mac.log], 'RunAtLoad': True,
        'KeepAlive': {'SuccessfulExit': False}, 'ThrottleInterval': 30, 'ExitTimeOut': 20, 'ProcessType': 'Background',
        'LowPriorityIO': True, 'Umask': 0o77, 'LimitLoadToSessionType': 'Aqua', 'StandardOutPath': mac.log,
        'StandardErrorPath': mac.log}, 'the property list')
    o.check(isinstance(plist['RunAtLoad'], bool) and isinstance(plist['LowPriorityIO'], bool), 'booleans are booleans')
    o.check(os.stat(mac.plist).st_mode & 0o7777 == 0o644, 'mode of the property list')
    same(os.listdir(os.path.dirname(mac.plist)), [LABEL + '.plist'], 'nothing else in LaunchAgents')
    pid = mac.job()['pid']
    status = mac.agent('status', '--json')
    expect(status, 0, 'status --json')
    same(status.lines, [{
        'installed': True, 'current': True, 'loaded': True, 'disabled': False, 'running': True, 'service': GUI + '/' + LABEL,
        'state': 'running', 'pid': pid, 'runs': 1, 'last_exit_status': None, 'last_signal': None, 'daemon_pid': pid,
        'plist': mac.plist, 'database': mac.db, 'log': mac.log}], 'status --json')
    expect(mac.agent('status'), 0, 'status', 'runs', 'process %d' % pid, 'started 1 time')

    before = os.stat(mac.plist)
    install(mac, 'install again', 'installed', calls=['bootout gui/L', 'print gui/L'] + FIRST[1:])
    after = os.stat(mac.plist)
    o.check((before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), 'what is the same is not written again')
    o.check(mac.job()['pid'] != pid, 'the old daemon is replaced')

    expect(mac.agent('uninstall'), 0, 'uninstall', 'ended the agent', 'property list is removed', mac.db, mac.log)
    same(mac.calls(), ['bootout gui/L', 'print gui/L', 'bootout user/L'], 'uninstall: calls')
    o.check(not os.path.exists(mac.plist) and os.path.exists(mac.db), 'the database stays')
    expect(mac.agent('uninstall'), 0, 'uninstall again', 'no agent is installed')
    expect(mac.agent('status'), 3, 'status after', 'not installed')


def check_named():
    """--db and --config, relative, become part of it; status then asks that database."""
    mac = Mac()
    with open(mac.folder + '/my.json', 'w', encoding='utf-8') as file:
        file.write('{}')
    expect(mac.agent('--db', 'own/my.db', '--config', 'my.json', 'install'), 0, 'install with --db and --config')
    same(mac.read()['ProgramArguments'][3:], ['--log', mac.log, '--db', mac.folder + '/own/my.db', '--config',
                                              mac.folder + '/my.json'], 'arguments')
    status = mac.agent('status', '--json')
    expect(status, 0, 'status asks the agent\'s database')
    o.check(status.lines[0]['database'] == mac.folder + '/own/my.db' and status.lines[0]['current'], 'its database', status)
    other = mac.agent('--db', 'other.db', 'status')
    expect(other, 1, 'status for another database', 'not what this version writes', 'no daemon serves it')
    expect(mac.agent('install'), 0, 'install without --db', 'until now the agent served', 'my.db')
    expect(mac.agent('uninstall'), 0, 'uninstall')
    env = dict(mac.env, AGXTRIAGE_DB=mac.folder + '/env.db')
    expect(mac.agent('install', env=env), 0, 'install with AGXTRIAGE_DB')
    same(mac.read()['ProgramArguments'][5:], ['--db', mac.folder + '/env.db'], 'launchd does not know the variable')
    expect(mac.agent('uninstall'), 0, 'uninstall')


# ---- launchctl fails ----

def check_busy():
    """As measured on macOS 26: ten times 5 after a bootout, then it works."""
    mac = Mac()
    install(mac, 'install', calls=FIRST)
    mac.plan(holder=True, answers={'bootstrap': [BUSY] * 10})
    answer = install(mac, 'ten times 5', 'installed', calls=[
        'bootout gui/L', 'print gui/L', 'bootout user/L', 'print-disabled gui', 'bootstrap gui PLIST', 'print gui',
        'bootstrap gui PLIST', 'kickstart gui/L', 'print gui/L'])
    o.check(sum('bootstrap' in call for call in mac.all_calls()[mac.calls_before:]) == 11, 'eleven attempts', mac.all_calls())
    o.check(answer.seconds < 90, 'within its time', answer)
    mac.plan(holder=True, settle=1.5)
    install(mac, 'the label stays taken for a while', 'installed')
    mac.plan(holder=True, answers={'bootstrap': [[37, 'Bootstrap failed: 37: Operation already in progress']] * 2})
    install(mac, 'twice 37', 'installed')
    expect(mac.agent('uninstall'), 0, 'uninstall')


def check_never():
    mac = Mac(answers={'bootstrap': [BUSY] * 40})
    answer = install(mac, '5 for ever', 'loading the agent: launchctl bootstrap %s: Bootstrap failed: 5: Input/output error' % GUI,
                     mac.plist, 'next login', status=1)
    o.check(os.path.exists(mac.plist) and answer.seconds < 90, 'the property list stays for the next login', answer)
    o.check(b'as root' not in answer.err, 'launchctl\'s advice to be root is not passed on', answer)
    expect(mac.agent('status'), 1, 'status', 'installed, but does not run', 'not loaded')


def check_headless():
    mac = Mac(no_gui=True)
    install(mac, 'without a session at the screen', 'background session', 'installed: %s/%s' % (USER, LABEL), calls=[
        'bootout gui/L', 'bootout user/L', 'print-disabled gui', 'bootstrap gui PLIST', 'print-disabled user',
        'bootstrap user PLIST', 'kickstart user/L', 'print user/L'])
    o.check(mac.read()['LimitLoadToSessionType'] == 'Background', 'session type', mac.read())
    expect(mac.agent('status'), 0, 'status', USER + '/' + LABEL)
    mac.plan(holder=True)
    install(mac, 'later at the screen', 'installed: %s/%s' % (GUI, LABEL))
    o.check(mac.read()['LimitLoadToSessionType'] == 'Aqua', 'session type at the screen', mac.read())
    expect(mac.agent('uninstall'), 0, 'uninstall')
    mac.plan(holder=True, no_gui=True, answers={'bootstrap': [BUSY]})
    install(mac, '5 stands for a missing domain, too', 'installed: %s/%s' % (USER, LABEL))
    expect(mac.agent('uninstall'), 0, 'uninstall')


def check_disabled():
    mac = Mac(disabled=[LABEL])
    install(mac, 'disabled', 'was disabled', 'installed', calls=FIRST[:3] + ['enable gui/L'] + FIRST[3:])
    expect(mac.agent('uninstall'), 0, 'uninstall')
    mac.plan(holder=True, disabled=[LABEL], answers={'print-disabled': [[0, 'nothing to see']]})
    install(mac, 'disabled, and print-disabled does not say so', 'was disabled', 'installed',
            calls=FIRST[:4] + ['enable gui/L'] + FIRST[3:])
    expect(mac.agent('uninstall'), 0, 'uninstall')
    mac.plan(holder=True, disabled=[LABEL], answers={'enable': [[0, '']] * 2})
    install(mac, 'disabled for good', 'Service is disabled', 'Login Items', status=1)
    expect(mac.agent('status'), 1, 'status', 'disabled')


def check_odd_answers():
    mac = Mac(answers={'bootout': [[113, 'Could not find specified service'], [125, 'Domain does not support specified action']]})
    install(mac, 'bootout of what is not there', 'installed', calls=FIRST)
    mac.plan(holder=True, answers={'print': [[0, '\x00\x01\xff = {{{'], [0, ''], [1, 'what?']]})
    install(mac, 'garbage now and then', 'installed')
    mac.plan(holder=True, answers={'print': [[0, '}\n}\n = = =']]})
    expect(mac.agent('status'), 1, 'status and garbage', 'installed, but does not run')
    mac.plan(holder=True)
    install(mac, 'and again', 'installed')
    mac.plan(holder=True, answers={'bootout': [[150, 'Boot-out failed: 150: Operation not permitted']]})
    install(mac, 'bootout is refused', 'ending the agent that ran before', '150: Operation not permitted', status=1)
    expect(mac.agent('uninstall'), 0, 'uninstall')
    mac.plan(holder=True, answers={'bootstrap': [[122, 'Bootstrap failed: 122: Path had bad ownership/permissions']]})
    install(mac, 'another error', 'loading the agent', '122: Path had bad ownership', status=1)


def check_hangs():
    mac = Mac(answers={'bootstrap': [['hang', '']]})
    answer = install(mac, 'launchctl hangs', 'no answer within 10 s', status=1)
    o.check(answer.seconds < 90, 'bounded', answer)


def check_dies():
    mac = Mac(holder=False, program=['/bin/sh', '-c', 'echo cannot start >&2; exit 9'])
    answer = install(mac, 'a daemon that ends', 'starting the agent', 'status 9', mac.log, status=1)
    o.check(answer.seconds < 90, 'bounded', answer)
    status = mac.agent('status', '--json').lines[0]
    o.check(status['last_exit_status'] == 9 and status['runs'] > 1 and not status['running'], 'status', status)
    expect(mac.agent('uninstall'), 0, 'uninstall')
    mac.plan(holder=False, throttle=30, program=['/bin/sh', '-c', 'kill -9 $$'])
    install(mac, 'a daemon that is killed', 'Killed: 9', status=1)
    expect(mac.agent('uninstall'), 0, 'uninstall')
    mac.plan(holder=False, program=['/bin/sleep', '600'])
    install(mac, 'a daemon that serves nothing', 'does not serve the database', status=1)
    expect(mac.agent('status'), 1, 'status', 'no daemon serves it')
    expect(mac.agent('uninstall'), 0, 'uninstall')


def check_second_daemon():
    mac = Mac()
    os.makedirs(os.path.dirname(mac.db), exist_ok=True)
    holder = subprocess.Popen([sys.executable, '-I', '-S', HERE + '/launchctl.py', '--hold', mac.db], env=mac.env, stdout=subprocess.PIPE)
    holder.stdout.readline()
    install(mac, 'a daemon that was started by hand', 'launchd did not start', str(holder.pid),
            calls=['bootout gui/L', 'bootout user/L'], status=1)
    expect(mac.agent('status'), 1, 'status', 'served by process %d' % holder.pid, 'does not run')
    holder.terminate()
    holder.wait()
    holder.stdout.close()
    install(mac, 'and without it', 'installed')
    expect(mac.agent('uninstall'), 0, 'uninstall')


# ---- the surroundings ----

def check_surroundings():
    none = Mac(launchctl=False)
    for verb in ('install', 'uninstall', 'status'):
        expect(none.agent(verb), 1, verb + ' without launchctl', 'macOS', 'agxtriage-daemon(1)')
    o.check(not os.path.exists(none.home + '/Library'), 'and nothing is made')
    mac = Mac()
    homeless = {k: v for k, v in mac.env.items() if k != 'HOME'}
    for verb in ('install', 'uninstall', 'status'):
        expect(mac.agent(verb, env=homeless), 1, verb + ' without HOME', 'HOME')
    if UID == 0:
        expect(mac.agent('install', env=dict(mac.env, SUDO_USER='jo')), 1, 'install under sudo', 'without sudo', 'jo')
    same(mac.all_calls(), [], 'launchctl was not asked')
    for words in (['instal'], ['install', '--json'], [], ['install', 'now']):
        expect(mac.agent(*words), 2, 'agent %s' % words)
    temporary = mac.folder + '/agxtriage'
    copy_program(temporary)
    mac.program = temporary
    expect(mac.agent('install'), 0, 'a program in a temporary folder is installed with a warning', temporary, 'temporary folder')


def check_homebrew():
    mac = Mac()
    brew = mac.home + '/brew'
    kept = brew + '/Cellar/agxtriage/1.0/bin'
    os.makedirs(kept)
    os.makedirs(brew + '/opt')
    os.symlink('../Cellar/agxtriage/1.0', brew + '/opt/agxtriage')
    copy_program(kept)
    os.makedirs(brew + '/bin')
    name = os.path.basename(PROGRAM)
    os.symlink('../Cellar/agxtriage/1.0/bin/' + name, brew + '/bin/agxtriage')
    mac.program = brew + '/bin/agxtriage'
    install(mac, 'from Homebrew', 'installed')
    same(mac.read()['ProgramArguments'][0], brew + '/opt/agxtriage/bin/' + name, 'the path that outlives an upgrade')
    expect(mac.agent('uninstall'), 0, 'uninstall')
    os.unlink(brew + '/opt/agxtriage')
    install(mac, 'Homebrew without opt', 'installed')
    same(mac.read()['ProgramArguments'][0], kept + '/' + name, 'else the path itself')
    expect(mac.agent('uninstall'), 0, 'uninstall')


def check_file():
    mac = Mac()
    agents = os.path.dirname(mac.plist)
    os.makedirs(agents)
    victim = o.write(mac.folder + '/victim', b'mine')
    os.symlink(victim, mac.plist)
    expect(mac.agent('install'), 1, 'the property list is a link', 'writing the agent', 'symbolic link')
    with open(victim, 'rb') as file:
        o.check(file.read() == b'mine', 'what it points to is not touched')
    os.unlink(mac.plist)
    os.mkdir(mac.plist)
    expect(mac.agent('install'), 1, 'the property list is a folder', 'is a folder')
    os.rmdir(mac.plist)
    os.rmdir(agents)
    o.write(agents, b'')
    expect(mac.agent('install'), 1, 'LaunchAgents is a file', agents)
    os.unlink(agents)
    same(mac.all_calls(), [], 'launchctl was not asked')
    mac.tool('plutil', 'echo "$2: Unexpected character" >&2; exit 1')
    expect(mac.agent('install'), 1, 'plutil refuses', 'plutil', 'Unexpected character')
    same(os.listdir(agents), [], 'nothing is left behind')
    mac.tool('plutil', 'echo "$*" >>"$HOME/linted"; grep -q "</plist>" "$2"')
    install(mac, 'plutil accepts', 'installed')
    with open(mac.home + '/linted', encoding='utf-8') as file:
        o.check(file.read().startswith('-lint ' + agents + '/.'), 'plutil looks at a file that launchd does not read')
    o.write(mac.plist, b'broken')
    expect(mac.agent('status'), 0, 'a property list that somebody changed', 'not what this version writes')
    install(mac, 'install mends it', 'installed')
    expect(mac.agent('status'), 0, 'mended')
    os.chmod(mac.plist, 0o666)
    install(mac, 'one that others may write is written anew', 'installed')
    expect(mac.agent('uninstall'), 0, 'uninstall')
    line = Mac(name='two\nlines')
    expect(line.agent('install'), 1, 'a home that no property list can hold', 'characters')
    o.check(not os.path.exists(line.plist), 'then nothing is written')


def check_killed():
    """Killed at any moment, the property list is the old one, the new one, or not there yet."""
    mac = Mac()
    whole = set()
    for name in ('a.db', 'b.db'):
        expect(mac.agent('--db', name, 'install'), 0, 'install ' + name)
        with open(mac.plist, 'rb') as file:
            whole.add(file.read())
    for turn in range(24):
        process = subprocess.Popen([mac.program, '--db', 'ab'[turn % 2] + '.db', 'agent', 'install'], env=mac.env, cwd=mac.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.002 + 0.002 * turn)
        process.kill()
        process.wait()
        with open(mac.plist, 'rb') as file:
            o.check(file.read() in whole, 'killed after %d ms' % (2 + 2 * turn))
    install(mac, 'and then it can be installed', 'installed')
    expect(mac.agent('uninstall'), 0, 'uninstall')


def check_real_daemon():
    """Our own daemon under the stand-in: installed, serving, replaced, ended."""
    mac = Mac(holder=False)
    install(mac, 'install', 'installed')
    pid = mac.job()['pid']
    o.write(mac.reports + '/.Python-2.ips', good(2))
    os.rename(mac.reports + '/.Python-2.ips', mac.reports + '/Python-2.ips')
    until = time.monotonic() + 10
    while o.count(mac.db) != 1 and time.monotonic() < until:
        time.sleep(0.05)
    o.check(o.count(mac.db) == 1, 'the agent collects', mac.job())
    o.check(os.stat(mac.log).st_mode & 0o7777 == 0o600, 'nobody else reads its log', oct(os.stat(mac.log).st_mode))
    second = subprocess.run([mac.program, 'daemon', '--agent'], env=mac.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=30, check=False)
    o.check(second.returncode == 0 and str(pid).encode() in second.stderr,
            'a second daemon under launchd ends well and says who is there', second)
    third = subprocess.run([mac.program, 'daemon'], env=mac.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=30, check=False)
    o.check(third.returncode == 1 and str(pid).encode() in third.stderr, 'one that was started by hand fails', third)
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while mac.job()['pid'] in (pid, None) and time.monotonic() < until:
        time.sleep(0.05)
    o.check(mac.job()['runs'] == 2, 'killed, it is started again', mac.job())
    time.sleep(0.5)
    expect(mac.agent('status'), 0, 'status after a kill', 'started 2 times', 'Killed')
    install(mac, 'install again', 'installed')
    expect(mac.agent('uninstall'), 0, 'uninstall', 'ended the agent')


CHECKS = [check_busy, check_dies, check_never, check_odd_answers, check_killed, check_hangs, check_disabled, check_file, check_good_day,
          check_headless, check_named, check_homebrew, check_second_daemon, check_surroundings,
          check_real_daemon]


def run_check(function):
    try:
        function()
    except Exception:
        o.fail('%s: %s' % (function.__name__, traceback.format_exc()))


chosen = sys.argv[1:]
# Most of the time is waiting; each check has a home and a launchd of its own. Those that wait longest come first.
with concurrent.futures.ThreadPoolExecutor(6) as pool:
    for _ in pool.map(run_check, [f for f in CHECKS if not chosen or f.__name__[6:] in chosen]):
        pass
for mac in Mac.made:
    mac.finish()
o.end()
