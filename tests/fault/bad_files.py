"""Files and folders that are none, are broken, or change under the reader: rejected with one clear line, others untouched."""
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

from outsider import Outsider, good, incident, report, dump, text

o = Outsider()
random.seed(1)


def nested(depth, kind='['):
    header, body = report(1)
    raw = dump(header, body)
    deep = (b'[' * depth + b']' * depth) if kind == '[' else (b'{"a":' * depth + b'1' + b'}' * depth)
    return raw.replace(b'"uptime": 86000', b'"uptime": ' + deep)


def threads(count):
    return good().replace(b'"threads": [', b'"threads": [' + b'{},' * count)


def frames(count):
    return good().replace(b'"frames": [', b'"frames": [' + b'{"imageIndex":0,"imageOffset":1},' * count, 1)


# name: content, words of the reason
BROKEN = {
    'empty.ips': (b'', ['']),
    'truncated.ips': (good()[:1500], ['']),
    'header-only.ips': (good().split(b'\n')[0] + b'\n', ['']),
    'binary.ips': (random.randbytes(40000), ['']),
    'zeros.ips': (bytes(4096), ['']),
    'png.ips': (b'\x89PNG\r\n\x1a\n' + random.randbytes(3000), ['']),
    'nested-arrays.ips': (nested(100000), ['']),
    'nested-objects.ips': (nested(100000, '{'), ['']),
    'threads.ips': (threads(1000000), ['']),
    'frames.ips': (frames(1000000), ['']),
    'brackets.ips': (b'[' * 5000000, ['']),
    'quotes.ips': (b'"' * 5000000, ['']),
    'backslashes.ips': (b'{"a":"' + b'\\' * 5000000, ['']),
    'half-surrogate.ips': (b'{"bug_type":"309"}\n{"pid":"\\ud800', ['']),
    'cut-in-utf8.ips': (good().replace(b'zsh', b'\xe2\x82')[:2000], ['']),
    'spaces.ips': (b' ' * (64 << 20), ['']),
    'newlines.ips': (b'\n' * (20 << 20), ['']),
}
folder = o.new('broken')
for name, (content, words) in BROKEN.items():
    path = o.write(os.path.join(folder, name), content)
    shown = o.run('show', path, timeout=60)
    o.check(shown.status == 1 and not shown.out, 'show ' + name, shown)
    o.one_line(shown, 'show ' + name, name)
    o.check(shown.seconds < 15, 'show %s in time' % name, shown.seconds)
    piped = o.run('show', '-', input=content, timeout=60)
    o.check(piped.status == 1 and not piped.out, 'show - of ' + name, piped)
    o.one_line(piped, 'show - of ' + name)
with open(os.path.join(folder, 'sparse.ips'), 'wb') as file:
    file.truncate(2 << 30)
with open(os.path.join(folder, 'just-over.ips'), 'wb') as file:
    file.truncate((64 << 20) + 1)
for name in ('sparse.ips', 'just-over.ips'):
    shown = o.run('show', os.path.join(folder, name))
    o.check(shown.status == 1 and shown.seconds < 15, 'show ' + name, shown)
    o.one_line(shown, 'show ' + name, name, '67108864')
os.mkfifo(os.path.join(folder, 'fifo.ips'))
os.mkdir(os.path.join(folder, 'folder.ips'))
os.symlink('/dev/zero', os.path.join(folder, 'device.ips'))
os.symlink('loop.ips', os.path.join(folder, 'loop.ips'))
os.symlink('nowhere', os.path.join(folder, 'dangling.ips'))
outside = o.write(o.path('outside.ips'), good(77))
os.symlink(outside, os.path.join(folder, 'out.ips'))
os.symlink('../outside.ips', os.path.join(folder, 'out-relative.ips'))
sock = socket.socket(socket.AF_UNIX)
here = os.getcwd()
os.chdir(folder)
sock.bind('socket.ips')
os.chdir(here)
odd = ['fifo.ips', 'folder.ips', 'device.ips', 'loop.ips', 'dangling.ips', 'out.ips', 'out-relative.ips', 'socket.ips']
if os.geteuid() == 0:
    try:
        os.mknod(os.path.join(folder, 'null.ips'), 0o20666, os.makedev(1, 3))
        odd.append('null.ips')
    except OSError:
        pass
o.write(os.path.join(folder, 'Python-good.ips'), good(1))
os.symlink('Python-good.ips', os.path.join(folder, 'Python-inside.ips'))
db = o.db()
bad = len(BROKEN) + 2 + len(odd)
took = o.run('scan', folder, '--json', '--all', db=db)
o.check(took.status == 0 and took.summary == {
    'seen': bad + 2, 'added': 1, 'known': 1, 'passed_over': 0, 'rejected': bad, 'conflicts': 0}, 'scan of broken files', took)
o.clean(took.err, 'scan of broken files')
for name in list(BROKEN) + odd:
    o.check(took.err.count(('/' + name + ': ').encode()) == 1, 'scan names ' + name, took)
again = o.run('scan', folder, '--json', '--all', db=db)
o.check(again.summary.get('added') == 0 and again.summary.get('rejected') == bad and again.summary.get('known') == 2,
        'scan of broken files again', again)
listed = o.run('list', '--rejected', '--json', db=db)
o.check(len(listed.lines) == bad, 'list --rejected', listed)
for row in listed.lines:
    o.check(set(row) == {'path', 'reason', 'size', 'seen_at'} and row['reason'], 'keys of a rejection', row)
for name in ('fifo.ips', 'folder.ips', 'loop.ips', 'dangling.ips', 'device.ips', 'socket.ips'):
    path = os.path.join(folder, name)
    shown = o.run('show', path, timeout=5)
    o.check(shown.status == 1 and not shown.out, 'show ' + name, shown)
    o.one_line(shown, 'show ' + name, name)
    if name != 'folder.ips':
        named = o.run('scan', path, db=o.db(), timeout=5)
        o.check(named.status == 1, 'scan %s by name' % name, named)
for special in ('/dev/zero', '/dev/tty', '/proc/self/mem', '/dev/stdin'):
    if os.path.exists(special):
        answer = o.run('show', special, timeout=5)
        o.check(answer.status == 1, 'show ' + special, answer)

# ---- names ----
NAMES = [b'new\nline.ips', b'esc\x1b[31mred.ips', b'esc\x1b]0;title\x07.ips', b'quo"te\'s.ips', b'bad\xff\xfeutf8.ips',
         b'long' + b'x' * 247 + b'.ips', b'-rf.ips', b'--all.ips', b'%s%n.ips', b'rtl\xe2\x80\xae.ips', b'tab\t.ips',
         b'c1\xc2\x9b31m.ips', b'comma,;.ips', b'?mode=memory.ips', b' .ips', b'*.ips', b'\\.ips', b'bell\x07.ips']
folder = o.new('names').encode()
for n, name in enumerate(NAMES):
    with open(os.path.join(folder, name), 'wb') as file:
        file.write(good(100 + n))
    with open(os.path.join(folder, b'bad-' + name[-200:]), 'wb') as file:
        file.write(b'nothing')
db = o.db()
took = o.run('scan', folder, '--json', '--all', db=db)
o.check(took.summary.get('added') == len(NAMES) and took.summary.get('rejected') == len(NAMES), 'scan of odd names', took)
o.clean(took.err, 'stderr about odd names')
o.check(took.err.count(b'\n') == len(NAMES), 'one line for each odd name', took)
again = o.run('scan', folder, '--json', '--all', db=db)
o.check(again.summary.get('known') == len(NAMES) and again.summary.get('rejected') == len(NAMES), 'odd names again', again)
for args in (('list', '--json'), ('list', '--rejected', '--json'), ('show', 'latest', '--json')):
    answer = o.run(*args, db=db)
    try:
        rows = answer.lines
    except ValueError as error:
        o.fail('%r: %s' % (args, error))
        continue
    o.check(rows, repr(args), answer)
for args in (('list',), ('list', '--rejected'), ('scan', folder), ('scan', folder + b'/bad-' + NAMES[2], folder + b'/none' + NAMES[2])):
    o.clean(o.terminal(*args, db=db).out, '%r on a terminal' % (args,))
for n, name in enumerate(NAMES):
    path = os.path.join(folder, name)
    shown = o.terminal('show', path)
    o.check(shown.status == 0, 'show %r' % name, shown)
    o.clean(shown.out, 'show %r' % name)
    o.clean(o.terminal('show', os.path.join(folder, b'bad-' + name[-200:])).out, 'show bad %r' % name)
    as_json = o.run('show', path, '--json')
    try:
        as_json.lines
    except ValueError as error:
        o.fail('show --json %r: %s' % (name, error))
    relative = o.run('scan', '--json', '--', name, db=o.db(), cwd=folder)
    o.check(relative.status == 0 and relative.summary.get('added') == 1, 'scan -- %r' % name, relative)
    raw = o.run('show', incident(100 + n), '--raw', db=db)
    o.check(raw.out == good(100 + n), 'raw bytes of %r' % name, raw)
csv = o.run('sql', 'select path from incidents', '--csv', db=db)
import csv as csv_module
rows = list(csv_module.reader(csv.out.decode('utf-8', 'surrogateescape').splitlines(keepends=True)))
o.check(len(rows) == len(NAMES) + 1 and all(len(row) == 1 for row in rows), 'csv of odd names', csv)

# ---- depth ----
folder = o.new('deep')
os.makedirs(folder + '/x' * 50)
o.write(folder + '/x' * 20 + '/Python-a.ips', good(1))
o.write(folder + '/x' * 50 + '/Python-b.ips', good(2))
took = o.run('scan', folder, '--recursive', '--json', db=o.db())
o.check(took.status == 0 and took.summary.get('added') == 1 and took.summary.get('rejected') == 1, 'folders nested too deep', took)

# ---- unreadable ----
if os.geteuid() == 0:
    folder = o.new('secret')
    o.write(folder + '/Python-a.ips', good(1))
    os.chmod(o.write(folder + '/Python-b.ips', good(2)), 0)
    locked = folder + '/Retired'
    os.mkdir(locked, 0)
    place = o.new('nobody')
    os.chown(place, 65534, 65534)
    drop = {'user': 65534, 'group': 65534, 'extra_groups': []}
    env = dict(o.env, HOME=place)
    took = o.run('scan', folder, '--json', db=place + '/x.db', env=env, **drop)
    o.check(took.status == 0 and took.summary.get('added') == 1 and took.summary.get('rejected') == 2, 'unreadable file', took)
    o.check(b'Retired: a folder that cannot be read' in took.err, 'unreadable Retired is named', took)
    o.check(b'Python-b.ips' in took.err and b'ermission' in took.err, 'unreadable file is named', took)
    kept = o.run('list', '--rejected', '--json', db=place + '/x.db', env=env, **drop)
    o.check([r['path'] for r in kept.lines] == [folder + '/Python-b.ips'], 'only the file is kept as rejected', kept)
    os.chmod(folder + '/Python-b.ips', 0o644)
    took = o.run('scan', folder, '--json', db=place + '/x.db', env=env, **drop)
    o.check(took.summary.get('added') == 1 and took.summary.get('rejected') == 1, 'readable again', took)
    blind = o.new('blind')
    o.write(blind + '/Python-a.ips', good(1))
    os.chmod(blind, 0o744)
    took = o.run('scan', blind, '--json', db=place + '/z.db', env=env, **drop)
    o.check(took.summary.get('rejected') == 1, 'a folder that may be listed and no more', took)
    for target in (locked, locked + '/x.ips', place + '/../secret-none'):
        answer = o.run('scan', target, db=place + '/y.db', env=env, **drop)
        o.check(answer.status == 1, 'scan %s as nobody' % target, answer)
        o.one_line(answer, 'scan %s as nobody' % target)
    shown = o.run('show', locked + '/x.ips', env=env, **drop)
    o.check(shown.status == 1, 'show below a locked folder', shown)
    os.chmod(locked, 0o700)

# ---- a file that moves ----
folder = o.new('moving')
stop = threading.Event()


def grow():
    with open(folder + '/Python-grow.ips', 'ab', buffering=0) as file:
        while not stop.is_set():
            file.write(b'x' * 100)
            time.sleep(0.0005)


def vanish():
    while not stop.is_set():
        for name, number in (('Python-v1.ips', 11), ('Python-v2.ips', 12)):
            path = os.path.join(folder, name)
            try:
                os.unlink(path)
            except OSError:
                pass
            o.write(path, good(number))


def swap():
    """A link in the place of a file, again and again: never followed out of the folder."""
    while not stop.is_set():
        path = folder + '/Python-swap.ips'
        for make in (lambda: o.write(path, good(13)), lambda: os.symlink(outside, path)):
            try:
                os.unlink(path)
            except OSError:
                pass
            make()


o.write(folder + '/Python-still.ips', good(10))
workers = [threading.Thread(target=f) for f in (grow, vanish, swap)]
for worker in workers:
    worker.start()
db = o.db()
until = time.monotonic() + 4
while time.monotonic() < until:
    took = o.run('scan', folder, '--json', db=db, timeout=20)
    s = took.summary
    o.check(took.status == 0 and s.get('seen') == s.get('added', 0) + s.get('known', 0) + s.get('passed_over', 0) +
            s.get('rejected', 0), 'scan of moving files', took)
stop.set()
for worker in workers:
    worker.join()
o.write(folder + '/Python-grow.ips', good(14))
for name, number in (('Python-v1.ips', 11), ('Python-v2.ips', 12), ('Python-swap.ips', 13)):
    path = os.path.join(folder, name)
    if os.path.lexists(path):
        os.unlink(path)
    o.write(path, good(number))
o.run('scan', folder, '--json', db=db)
ids = sorted(row['incident_id'] for row in o.run('list', '--json', db=db).lines)
o.check(ids == [incident(n) for n in range(10, 15)], 'all there once the files stand still', ids)
o.integrity(db, 'moving files')
o.end()
