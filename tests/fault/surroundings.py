"""A machine that is against us: full disk, no rights, no memory, no descriptors, locked, damaged or newer database, readers that go."""
import os
import random
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
import time

from outsider import Outsider, good, incident, limit

o = Outsider()
random.seed(int(os.environ.get('AGXTRIAGE_FAULT_SEED', '4')))
COUNT = int(os.environ.get('AGXTRIAGE_FAULT_REPORTS', '400'))
NOISE = int(os.environ.get('AGXTRIAGE_FAULT_NOISE', '5'))
folder = o.new('some')
for n in range(COUNT):
    o.write('%s/Python-%05d.ips' % (folder, n), good(n, procPath=random.randbytes(3000).hex()))
MANY = {'seen': COUNT, 'added': COUNT, 'known': 0, 'passed_over': 0, 'rejected': 0, 'conflicts': 0}


def stored(db):
    """Whether db got as far as having tables."""
    return os.path.exists(db) and o.count(db, "select count(*) from sqlite_schema where name = 'incident'")


def complete(db, label):
    took = o.run('scan', folder, '--json', db=db)
    o.check(took.status == 0 and took.summary.get('added', -1) + took.summary.get('known', -1) == COUNT and
            not took.summary['rejected'], label + ': a later scan brings all', took)
    o.check(o.count(db) == COUNT, label + ': all there', o.count(db))
    o.integrity(db, label)


def failed(answer, label, *words):
    o.check(answer.status == 1, label + ': status 1', answer)
    o.one_line(answer, label, *words)


base_db = o.db()
took = o.run('scan', folder, '--json', db=base_db)
o.check(took.summary == MANY, 'a scan', took)

# ---- full disk ----
for size in (0, 4096, 40000, 200000, 500000, 1000000):
    db = o.db()
    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    answer = o.run('scan', folder, '--json', db=db, before=small)
    if answer.status != 0:
        failed(answer, 'files of at most %d bytes' % size, db)
    if stored(db):
        o.integrity(db, 'files of at most %d bytes' % size)
    complete(db, 'after files of at most %d bytes' % size)
    killed = o.db()
    process = o.start('scan', folder, '--json', db=killed, before=limit(resource.RLIMIT_FSIZE, size))
    process.communicate(timeout=60)
    complete(killed, 'after death by files of at most %d bytes' % size)
mounted = None
if os.geteuid() == 0:
    place = o.new('tmpfs')
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', place], stderr=subprocess.DEVNULL).returncode == 0:
        try:
            db = place + '/crashes.db'
            answer = o.run('scan', folder, '--json', db=db)
            failed(answer, 'full disk', db, 'full')
            o.integrity(db, 'full disk')
            again = o.run('scan', folder, '--json', db=db)
            failed(again, 'still full disk', db)
            for args in (('list', '--json', '-n', '3'), ('top', '--json'), ('sql', 'select count(*) from frames', '--json')):
                read = o.run(*args, db=db)
                o.check(read.status in (0, 3), '%r on a full disk' % (args,), read)
            for args in (('reclassify',), ('gc', '--recompress')):
                read = o.run(*args, db=db)
                o.check(read.status in (0, 1), '%r on a full disk' % (args,), read)
            if stored(db):
                o.integrity(db, 'full disk')
            subprocess.run(['mount', '-o', 'remount,size=20m', place], check=True)
            complete(db, 'after a full disk')
            subprocess.run(['mount', '-o', 'remount,ro', place], check=True)
            answer = o.run('scan', folder, db=db)
            failed(answer, 'read-only medium', db)
            read = o.run('list', '--json', db=db)
            o.check(len(read.lines) == COUNT, 'list on a read-only medium', read)
            answer = o.run('scan', folder, db=place + '/sub/new.db')
            failed(answer, 'new database on a read-only medium', '/sub')
        finally:
            subprocess.run(['umount', place])
    else:
        print('no tmpfs can be mounted here: full disk is tested by limits only')

# ---- rights ----
if os.geteuid() == 0:
    drop = {'user': 65534, 'group': 65534, 'extra_groups': []}
    place = o.new('foreign')
    copy = place + '/crashes.db'
    shutil.copy(base_db, copy)
    os.chmod(copy, 0o644)
    read = o.run('list', '--json', db=copy, **drop)
    o.check(len(read.lines) == COUNT, 'list in a folder that is read-only', read)
    read = o.run('sql', 'select count(*) n from incidents', '--json', db=copy, **drop)
    o.check(read.lines == [{'n': COUNT}], 'sql in a folder that is read-only', read)
    failed(o.run('scan', folder, db=copy, **drop), 'scan into a database that is read-only', copy)
    failed(o.run('scan', folder, db=place + '/new.db', **drop), 'new database in a folder that is read-only', 'new.db')
    for new in (place + '/new.db', place + '/not/yet/new.db', copy + '/new.db', base_db + '/deeper/new.db'):
        for dry in ([], ['--dry-run']):
            told = o.run('doctor', '--json', *dry, db=new, env=dict(o.env, HOME=place), **drop)
            found = [line for line in told.lines if line['check'] == 'database']
            o.check(told.status == 1 and [line['state'] for line in found] == ['failed'], 'doctor, no place for %s' % new, told)
            o.check(found[0]['advice'], 'doctor, no place for %s: what to do' % new, told)
    os.chmod(copy, 0)
    failed(o.run('list', db=copy, **drop), 'unreadable database', copy)
    failed(o.run('scan', db=copy, **drop), 'unreadable database', copy)

# ---- locked ----
db = locked_db = o.db()
o.run('scan', folder + '/Python-00000.ips', db=db)
holder = sqlite3.connect(db, isolation_level=None)
holder.execute('begin immediate')
waiting = o.start('scan', folder, db=db)
answer = o.run('list', '--json', db=db)
o.check(answer.status == 0, 'list beside a writer', answer)
waited = []
waiter = threading.Thread(target=lambda: waited.append(o.finish(waiting, timeout=40)))
waiter.start()  # the rest goes on meanwhile

# ---- damaged ----
content = open(base_db, 'rb').read()
for kind in ['half', 'one byte less', 'first page', 'swapped pages'] + ['noise %d' % n for n in range(NOISE)]:
    damaged = bytearray(content)
    if kind == 'half':
        damaged = damaged[:len(damaged) // 2]
    elif kind == 'one byte less':
        damaged = damaged[:-1]
    elif kind == 'first page':
        damaged[100:2048] = random.randbytes(1948)
    elif kind == 'swapped pages':
        damaged[4096:8192], damaged[8192:12288] = damaged[8192:12288], damaged[4096:8192]
    else:
        for _ in range(4 ** int(kind[6:]) if int(kind[6:]) < 6 else random.randrange(200)):
            at = random.randrange(100, len(damaged))
            damaged[at:at + 8] = random.randbytes(8)
        damaged = damaged[:len(content)]
    place = o.new('damaged')
    db = o.write(place + '/crashes.db', bytes(damaged))
    for args in (('list', '--json'), ('list',), ('top', '--json'), ('show', 'latest'), ('show', '7', '--raw'), ('show', incident(5), '--json'),
                 ('sql', 'select * from frames', '--json'), ('sql', 'select * from incidents', '--csv'), ('reclassify',), ('gc', '--recompress'),
                 ('scan', folder, '--json')):
        answer = o.run(*args, db=db, timeout=30)
        o.clean(answer.err, '%r on a database with %s' % (args, kind))
        if answer.status == 1:
            o.check(answer.err, '%r on a database with %s says why' % (args, kind), answer)
        if args[0] == 'show' and '--raw' in args and answer.status == 0:
            o.check(answer.out == good(6) or answer.out.startswith(b'{"app_name"'), 'raw bytes of a damaged database', answer)
for label, spoil in (('newer', 'pragma user_version = 99999'), ('negative', 'pragma user_version = -5'), ('foreign', 'pragma application_id = 77'),
                     ('no views', 'drop view incidents'), ('no table', 'drop table incident')):
    place = o.new('spoilt')
    db = o.write(place + '/crashes.db', content)
    base = sqlite3.connect(db)
    base.execute(spoil)
    base.commit()
    base.close()
    before = open(db, 'rb').read()
    for args in (('list',), ('scan', folder), ('top',), ('reclassify',), ('gc', '--recompress'), ('sql', 'select 1 from incidents'), ('show', 'latest')):
        answer = o.run(*args, db=db)
        if label in ('newer', 'foreign'):
            failed(answer, '%s database: %r' % (label, args), db)
            o.check(open(db, 'rb').read() == before, '%s database is left alone' % label, args)
        o.clean(answer.err, label)
place = o.new('text')
db = o.write(place + '/crashes.db', b'this is a letter to my aunt\n' * 1000)
for args in (('list',), ('scan', folder)):
    failed(o.run(*args, db=db), 'a text as database', db)
o.check(open(db, 'rb').read().startswith(b'this is a letter'), 'a text is left alone', '')

waiter.join()
failed(waited[0], 'locked database', locked_db)
o.check(3 < waited[0].seconds < 30, 'the wait for a locked database', waited[0].seconds)
waiting = o.start('scan', folder, '--json', db=locked_db)
time.sleep(1)
holder.execute('rollback')
holder.close()
o.check(o.finish(waiting, timeout=40).summary.get('added') == COUNT - 1, 'scan after a wait', '')

# ---- odd places ----
place = o.new('odd')
os.mkfifo(place + '/fifo')
os.mkdir(place + '/folder')
os.symlink('loop', place + '/loop')
os.symlink('nowhere/x.db', place + '/dangling')
o.write(place + '/file', b'')
for name in ('fifo', 'folder', 'loop', 'file/below.db', 'dangling', 'x' * 300, ''):
    for args in (('list',), ('scan', folder)):
        answer = o.run(*args, env=dict(o.env, AGXTRIAGE_DB=os.path.join(place, name)) if name else o.env, db=None if name else '', timeout=20)
        if name not in ('', 'dangling'):
            failed(answer, '%s as database: %s' % (name, args[0]))
        o.clean(answer.err, name)
for name in ('a?b#c%20.db', "qu'ote\".db", 'new\nline.db', ':memory:', 'file:x.db', '-x.db', 'b\udcff.db'):
    answer = o.run('scan', folder + '/Python-00001.ips', '--json', db=name, cwd=place)
    o.check(answer.status == 0 and os.path.exists(os.path.join(place, name)), 'database %r' % name, answer)
    o.check(len(o.run('list', '--json', db=name, cwd=place).lines) == 1, 'list of database %r' % name, '')
real = o.new('real')
os.symlink(real + '/x.db', place + '/link.db')
o.write(real + '/x.db', b'')
answer = o.run('scan', folder, '--json', db=place + '/link.db')
o.check(answer.summary == MANY, 'a link to a database', answer)
bare = {k: v for k, v in o.env.items() if k != 'HOME'}
for args in (('list',), ('scan',), ('top',)):
    failed(o.run(*args, env=bare), 'no HOME: ' + args[0], 'HOME')
o.check(o.run('show', folder + '/Python-00001.ips', env=bare).status == 0, 'show FILE without HOME', '')
o.check(o.run('show', folder + '/Python-00001.ips', env={}).status == 0, 'show FILE without environment', '')
mode = o.new('mode')
os.umask(0)
o.run('scan', folder + '/Python-00001.ips', db=mode + '/a/b/crashes.db')
os.umask(0o22)
o.check(stat.S_IMODE(os.stat(mode + '/a/b').st_mode) == 0o700, 'mode of the folder', '')
for name in os.listdir(mode + '/a/b'):
    o.check(stat.S_IMODE(os.stat(mode + '/a/b/' + name).st_mode) == 0o600, 'mode of ' + name, '')

# ---- readers and writers that go ----
for args in (('list', '--json'), ('list',), ('top',), ('show', 'latest'), ('show', '1', '--raw'), ('--help',), ('--version',), ('help',), ('rules', 'list'),
             ('sql', 'select * from frames'), ('sql', 'select * from frames', '--csv'), ('scan', folder, '--json'), ('scan', folder),
             ('reclassify',), ('list', '--rejected', '--json'), ('show', folder + '/Python-00001.ips', '-a')):
    full = open('/dev/full', 'wb')
    answer = o.finish(o.start(*args, db=base_db, stdout=full))
    full.close()
    if args not in (('help',), ('list', '--rejected', '--json')):
        failed(answer, '%r to a full device' % (args,))
    closed = o.finish(o.start(*args, db=base_db, stdout=None, before=lambda: os.close(1)))
    if args not in (('help',), ('list', '--rejected', '--json')):
        failed(closed, '%r with stdout closed' % (args,))
    for gone in ((0,), (2,), (0, 1, 2)):
        def close():
            for fd in gone:
                os.close(fd)
        odd = o.finish(o.start(*args, db=base_db, before=close))
        o.check(odd.status in (0, 1, 2, 3), '%r with %r closed' % (args, gone), odd)
    read_end, write_end = os.pipe()
    process = o.start(*args, db=base_db, stdout=write_end)
    os.close(write_end)
    os.close(read_end)
    answer = o.finish(process)
    o.check(answer.status in (0, 2, 3) and (not answer.err or args[0] in ('scan', 'help') or '--rejected' in args), '%r into a broken pipe' % (args,), answer)
o.integrity(base_db, 'closed descriptors')
o.check(o.count(base_db) == COUNT, 'closed descriptors', '')
for n in (3, 4):  # a database must never get descriptor 0, 1 or 2, where messages are written
    place = o.new('fds')
    db = place + '/crashes.db'
    def close():
        for fd in (0, 1, 2):
            os.close(fd)
    o.finish(o.start('scan', folder, db=db, before=close))
    o.write(place + '/bad.ips', b'x')
    o.finish(o.start('-v', 'scan', folder, place + '/bad.ips', place + '/none.ips', db=db, before=close))
    complete(db, 'no standard descriptors')
answer = o.terminal('show', '-', feed=good(1) + b'\n\x04', timeout=20)
o.check(b'AGX' in answer.out, 'show - from a terminal', answer)

# ---- too few descriptors ----
for count in (3, 4, 5, 6, 8, 10, 12, 16, 20):
    db = o.db()
    answer = o.finish(o.start('scan', folder, '--json', db=db, before=limit(resource.RLIMIT_NOFILE, count)))
    o.starved(answer, 'scan with %d descriptors' % count)
    complete(db, 'after %d descriptors' % count)
    o.starved(o.finish(o.start('list', '-n', '1', db=base_db, before=limit(resource.RLIMIT_NOFILE, count))), 'list with %d descriptors' % count)
o.end()
