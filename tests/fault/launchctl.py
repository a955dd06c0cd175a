#!/usr/bin/env python3
"""A stand-in for launchctl and launchd, which fails as they do.

    launchctl.py VERB ...            as launchctl(1); $LAUNCHD_STAND_IN is the folder of its state
    launchctl.py --supervise TARGET  launchd's part: runs one job until it is booted out

In the folder: calls (one line for each call), plan.json, jobs/TARGET.json. The plan, made by the test:
    answers   {VERB: [[STATUS, TEXT], ...]}  taken one by one before anything is really done; STATUS "hang" never answers,
              STATUS "then" prints TEXT and goes on
    no_gui    nobody is logged in at the screen: gui/UID does not exist
    disabled  labels that may not be loaded until they are enabled
    settle    seconds after the end of a job in which its label stays taken (bootstrap: 5)
    throttle  seconds between two starts of a job, in place of its ThrottleInterval
    holder    a program in place of the job's: holds the lock of the job's database, ends with 0 at SIGTERM
    program   argv in place of the job's
"""
# What only some verbs need is imported there: a test calls this some hundred times.
import json
import os
import signal
import sys
import time

# -I -S: nothing of the user's, and a quick start.
PYTHON = [sys.executable, '-I', '-S']
STATE = os.environ['LAUNCHD_STAND_IN']
TEXTS = {3: 'No such process', 5: 'Input/output error', 36: 'Operation now in progress', 37: 'Operation already in progress',
         112: 'Could not find specified domain', 113: 'Could not find specified service', 119: 'Service is disabled',
         122: 'Path had bad ownership/permissions', 125: 'Domain does not support specified action',
         134: 'Service cannot load in requested session'}
STEP = 0.01


def path_of(*names):
    return os.path.join(STATE, *names)


def save(path, value):
    with open(path + '.new', 'w', encoding='utf-8') as file:
        json.dump(value, file)
    os.rename(path + '.new', path)


def load(path, default):
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except FileNotFoundError:
        return default


def plan():
    return load(path_of('plan.json'), {})


def job_path(target):
    return path_of('jobs', target.replace('/', '_') + '.json')


def job_of(target):
    """The job that is loaded there, or None once its time to settle is over."""
    job = load(job_path(target), None)
    if job and job.get('gone_at') is not None and time.time() > job['gone_at'] + plan().get('settle', 0):
        os.unlink(job_path(target))
        return None
    return job


def fail(what, status, before=''):
    print('%s%s failed: %d: %s' % (before, what, status, TEXTS[status]), file=sys.stderr)
    return status


def planned(verb):
    """What the test wants to be said instead, or None."""
    now = plan()
    answers = now.get('answers', {}).get(verb)
    if not answers:
        return None
    status, text = answers.pop(0)
    save(path_of('plan.json'), now)
    if status == 'hang':
        time.sleep(600)
    if status == 'then':
        print(text)
        return None
    print(text, file=sys.stdout if status == 0 else sys.stderr)
    return status


# ---- launchd ----

def db_of(arguments):
    if '--db' in arguments:
        return arguments[arguments.index('--db') + 1]
    data = os.environ.get('XDG_DATA_HOME') or os.environ['HOME'] + '/.local/share'
    return data + '/agxtriage/crashes.db'


def hold(db):
    import fcntl
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    with open(os.path.realpath(db) + '.lock', 'w', encoding='utf-8') as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 1)
        print('holds', flush=True)
        signal.pause()


def spawn(plist):
    import subprocess
    now = plan()
    arguments = now.get('program') or plist['ProgramArguments']
    if now.get('holder'):
        arguments = [*PYTHON, __file__, '--hold', db_of(plist['ProgramArguments'])]
    os.umask(plist.get('Umask', 0o22))
    with open(plist['StandardOutPath'], 'ab') as out, open(plist['StandardErrorPath'], 'ab') as err:
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)


def read_plist(path):
    import plistlib
    with open(path, 'rb') as file:
        return plistlib.load(file)


def supervise(target):
    path = job_path(target)
    job = load(path, None)
    plist = read_plist(job['path'])
    while True:
        began = time.time()
        process = spawn(plist)
        job.update(pid=process.pid, runs=job['runs'] + 1, supervisor=os.getpid())
        save(path, job)
        status = process.wait()
        leaving = os.path.exists(path + '.out')
        job.update(pid=None, exit=status if status >= 0 else None, signal=-status if status < 0 else None)
        if leaving:
            os.unlink(path + '.out')
            job['gone_at'] = time.time()
            save(path, job)
            return
        save(path, job)
        if status == 0 or plist.get('KeepAlive') != {'SuccessfulExit': False}:
            break
        wait_until = began + plan().get('throttle', plist['ThrottleInterval'])
        while time.time() < wait_until and not os.path.exists(path + '.out'):
            time.sleep(STEP)
        if os.path.exists(path + '.out'):
            break
    while not os.path.exists(path + '.out'):
        if os.path.exists(path + '.kick'):
            os.unlink(path + '.kick')
            return supervise(target)
        time.sleep(STEP)
    os.unlink(path + '.out')
    job['gone_at'] = time.time()
    save(path, job)


# ---- launchctl ----

def has_domain(domain):
    kind, uid = domain.split('/')[:2]
    return int(uid) == os.getuid() and (kind == 'user' or not plan().get('no_gui'))


def bootstrap(domain, path):
    if not has_domain(domain):
        return fail('Bootstrap', 125)
    plist = read_plist(path)
    target = domain + '/' + plist['Label']
    if os.stat(path).st_mode & 0o022:
        return fail('Bootstrap', 122)
    if plist['Label'] in plan().get('disabled', []):
        return fail('Bootstrap', 119, '%s: Service is disabled\n' % path)
    if plist.get('LimitLoadToSessionType', 'Aqua') != ('Aqua' if domain.startswith('gui/') else 'Background'):
        return fail('Bootstrap', 134)
    if job_of(target):
        return fail('Bootstrap', 5)
    save(job_path(target), {'path': path, 'runs': 0, 'pid': None, 'exit': None, 'signal': None, 'gone_at': None})
    if plist.get('RunAtLoad'):
        import subprocess
        subprocess.Popen([*PYTHON, __file__, '--supervise', target], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        while load(job_path(target), {}).get('runs') == 0:
            time.sleep(STEP)
    return 0


def bootout(target):
    job = job_of(target) if has_domain(target) else None
    if not job:
        return fail('Boot-out', 3 if has_domain(target) else 125)
    if job['gone_at'] is not None:
        return fail('Boot-out', 36)
    open(job_path(target) + '.out', 'w', encoding='utf-8').close()
    if job['pid']:
        os.kill(job['pid'], signal.SIGTERM)
    return 0


def print_job(target):
    if target.count('/') == 1:
        if has_domain(target):
            print('%s = {\n\ttype = login\n}' % target)
            return 0
        print('Bad request.\nCould not find domain for user gui: %d' % os.getuid(), file=sys.stderr)
        return 112
    job = job_of(target)
    if not has_domain(target) or not job:
        print('Bad request.\nCould not find service "%s" in domain for user gui: %d' % (target.split('/')[2], os.getuid()),
              file=sys.stderr)
        return 113
    lines = ['active count = 1', 'path = ' + job['path'], 'state = ' + ('running' if job['pid'] else 'not running'),
             'arguments = {\n\t\tdaemon\n\t\tpid = 1\n\t}', 'runs = %d' % job['runs']]
    if job['pid']:
        lines.append('pid = %d' % job['pid'])
    if job['signal']:
        lines.append('last terminating signal = %s: %d' % (signal.strsignal(job['signal']), job['signal']))
    else:
        lines.append('last exit code = %s' % ('(never exited)' if job['exit'] is None else job['exit']))
    print('%s = {\n\t%s\n\n\tdomain = {\n\t\tstate = active\n\t}\n}' % (target, '\n\t'.join(lines)))
    return 0


def print_disabled(domain):
    if not has_domain(domain):
        return print_job(domain)
    print('\n\tdisabled services = {')
    print('\t\t"com.example.other" => disabled')
    for label in plan().get('disabled', []):
        print('\t\t"%s" => disabled' % label)
    print('\t\t"com.example.agxtriage" => enabled\n\t}')
    return 0


def enable(target):
    now = plan()
    now['disabled'] = [label for label in now.get('disabled', []) if not target.endswith('/' + label)]
    save(path_of('plan.json'), now)
    return 0


def kickstart(target):
    job = job_of(target)
    if not job:
        print('Could not find service "%s" in domain' % target, file=sys.stderr)
        return 113
    if job['pid']:
        return fail('Kickstart', 37)
    open(job_path(target) + '.kick', 'w', encoding='utf-8').close()
    return 0


def main():
    verb, words = sys.argv[1], sys.argv[2:]
    if verb == '--supervise':
        return supervise(*words)
    if verb == '--hold':
        return hold(*words)
    with open(path_of('calls'), 'a', encoding='utf-8') as file:
        file.write(' '.join(sys.argv[1:]) + '\n')
    status = planned(verb)
    if status is not None:
        return status
    return {'bootstrap': bootstrap, 'bootout': bootout, 'print': print_job, 'print-disabled': print_disabled, 'enable': enable,
            'kickstart': kickstart}[verb](*words)


sys.exit(main())
