"""Databases damaged at many places: doctor sets them aside, makes a new one, and brings back what can be had."""
import glob
import json
import os
import random
import shutil
import sqlite3
import stat
import time

from outsider import Outsider, good, incident

o = Outsider()
SEED = int(os.environ.get('AGXTRIAGE_FAULT_SEED', '7'))
ROUNDS = int(os.environ.get('AGXTRIAGE_FAULT_ROUNDS', '12'))
random.seed(SEED)
ON_DISK, GONE = 120, 120
TOTAL = ON_DISK + GONE
SIDECARS = ('', '-wal', '-shm')


def findings(answer):
    """{check: [findings]}"""
    found = {}
    for line in answer.lines:
        found.setdefault(line['check'], []).append(line)
    return found


def states(answer, check):
    return [f['state'] for f in findings(answer).get(check, [])]


# A home whose report folder holds half of what the database knows: the other half has been deleted.
home = o.new('home')
reports = home + '/.local/share/agxtriage/reports'
os.makedirs(reports)
o.env['HOME'] = home
base = o.db()
for n in range(TOTAL):
    o.write('%s/Python-%05d.ips' % (reports, n), good(n, procPath=random.randbytes(2500).hex()))
took = o.run('scan', '--json', db=base)
o.check(took.summary.get('added') == TOTAL, 'a scan', took)
for n in range(ON_DISK, TOTAL):
    os.unlink('%s/Python-%05d.ips' % (reports, n))
connection = sqlite3.connect(base)
connection.execute('pragma wal_checkpoint(truncate)')
PAGE = connection.execute('pragma page_size').fetchone()[0]
connection.close()
for suffix in ('-wal', '-shm'):
    if os.path.exists(base + suffix):
        os.unlink(base + suffix)
SIZE = os.path.getsize(base)


def copy():
    db = o.db()
    os.mkdir(os.path.dirname(db), 0o700)
    shutil.copy(base, db)
    os.chmod(db, 0o600)
    return db


def aside(db):
    return sorted(p for p in glob.glob(db + '.damaged-*') if not p.endswith(('-wal', '-shm')))


def whole(db, label, least):
    """A database that is in order, with every report that is on disk and at least so many in all."""
    o.integrity(db, label)
    ids = {row[0] for row in sqlite3.connect(db).execute('select incident_id from incidents')}
    missing = [n for n in range(ON_DISK) if incident(n) not in ids]
    o.check(not missing, label + ': all that is on disk is there', missing[:5])
    o.check(len(ids) == o.count(db), label + ': nothing twice', o.count(db))
    o.check(len(ids) >= least, '%s: at least %d' % (label, least), len(ids))
    again = o.run('doctor', '--full', '--json', db=db)
    o.check(again.status == 0 and states(again, 'integrity') == ['ok'], label + ': then all is well', again)
    return len(ids)


def repaired(db, label, least=ON_DISK):
    before = {s: open(db + s, 'rb').read() for s in SIDECARS if os.path.exists(db + s)}
    dry = o.run('doctor', '--dry-run', '--full', '--json', db=db)
    o.check(dry.status == 1 and not aside(db), label + ': a dry run tells and keeps', dry)
    o.check(open(db, 'rb').read() == before[''], label + ': a dry run changes nothing')
    answer = o.run('doctor', '--full', '--json', db=db)
    told = [f for f in findings(answer).get('integrity', []) + findings(answer).get('database', []) if f['state'] == 'repaired']
    o.check(answer.status == 0 and len(told) == 1, label + ': repaired', answer)
    kept = aside(db)
    o.check(len(kept) == 1 and open(kept[0], 'rb').read() == before[''], label + ': the old one is kept as it was', kept)
    o.check(stat.S_IMODE(os.stat(db).st_mode) == 0o600, label + ': the new one is private')
    o.clean(answer.out, label)
    return whole(db, label, least) if told else 0


def overwrite(db, at, data):
    with open(db, 'r+b') as file:
        file.seek(at)
        file.write(data)


# ---- nothing is wrong ----
db = copy()
answer = o.run('doctor', '--full', '--json', db=db)
o.check(answer.status == 0 and states(answer, 'integrity') == ['ok'], 'a whole database', answer)
o.check(not aside(db), 'a whole database is left alone')

# ---- the header ----
for label, at, data, least in (('no magic', 0, bytes(16), TOTAL), ('no header', 0, bytes(100), TOTAL),
                               ('page size', 16, b'\x00\x07', TOTAL),
                               ('first page', 100, random.randbytes(PAGE - 100), ON_DISK)):
    db = copy()
    overwrite(db, at, data)
    repaired(db, label, least)

# ---- pages in the middle: what is not on them is saved ----
best = 0
for number in range(ROUNDS):
    db = copy()
    for _ in range(1 + number % 4):
        overwrite(db, PAGE * random.randrange(2, SIZE // PAGE), random.randbytes(PAGE) if number % 2 else bytes(PAGE))
    dry = o.run('doctor', '--dry-run', '--full', '--json', db=db)
    if dry.status == 0 or all(f['state'] != 'failed' or 'cannot be unpacked' in f['finding'] for f in findings(dry).get('integrity', [])):
        continue
    best = max(best, repaired(db, 'pages, round %d' % number))
o.check(best > ON_DISK + GONE // 2, 'damaged pages cost those on them alone', best)

# ---- what a patient reader finds, doctor saves ----
connection = sqlite3.connect(base)
WHOLE = {row[0]: row[1:] for row in connection.execute('select id, packed, dictionary_id from raw')}
DICTIONARIES = dict(connection.execute('select id, bytes from dictionary'))
ROOT = connection.execute("select rootpage from sqlite_schema where name = 'raw'").fetchone()[0]
connection.close()
o.check(DICTIONARIES, 'reports that need a dictionary')


def ask(connection, query, *values):
    try:
        return connection.execute(query, values).fetchone()
    except sqlite3.Error:
        return None


def readable(db):
    """Stored files that one look-up each still finds with every byte, and their dictionaries, with SQLite's checks off."""
    connection = sqlite3.connect('file:%s?mode=ro' % db, uri=True)
    connection.execute('pragma writable_schema = on')
    known = {None} | {n for n, data in DICTIONARIES.items()
                      if ask(connection, 'select bytes from dictionary where id = ?', n) == (data,)}
    found = [n for n, row in WHOLE.items()
             if ask(connection, 'select packed, dictionary_id from raw where id = ?', n) == row and row[1] in known]
    connection.close()
    return len(found)


def cut(part):
    return lambda db: os.truncate(db, int(SIZE * part) // PAGE * PAGE)


def every(step):
    def spoil(db):
        for page in range(5, SIZE // PAGE, step):
            overwrite(db, page * PAGE, random.randbytes(PAGE))
    return spoil


def specks(db):
    for _ in range(50):
        overwrite(db, random.randrange(100, SIZE), random.randbytes(1))


def wrong_digests(db):
    """What rows say of their bytes is damaged, the bytes are not."""
    data = open(db, 'rb').read()
    connection = sqlite3.connect(base)
    for (digest,) in connection.execute('select sha256 from raw where id % 7 = 0').fetchall():
        at = data.find(digest)
        while at >= 0:
            overwrite(db, at + 5, bytes([data[at + 5] ^ 0x40]))
            at = data.find(digest, at + 1)
    connection.close()
    os.truncate(db, SIZE - 3 * PAGE)


def first_page(db):
    overwrite(db, 100, random.randbytes(PAGE - 100))


def root_page(db):
    overwrite(db, (ROOT - 1) * PAGE, random.randbytes(PAGE))


def schema_and_root(db):
    first_page(db)
    root_page(db)


# Without gaps between the stored files, doctor can tell all of them from none.
ALL_BUT = {'cut and wrong digests': 6, 'first page': 0, 'root page': 0, 'first and root page': 0, 'cut by three pages': 6}
for label, spoil in (('cut by three pages', lambda db: os.truncate(db, SIZE - 3 * PAGE)), ('cut to 90 %', cut(0.9)),
                     ('cut to a half', cut(0.5)), ('cut to 10 %', cut(0.1)), ('every ninth page', every(9)), ('specks', specks), ('cut and wrong digests', wrong_digests),
                     ('first page', first_page), ('root page', root_page), ('first and root page', schema_and_root)):
    db = copy()
    spoil(db)
    patient = readable(db)
    before = open(db, 'rb').read()
    alone = o.write(o.new() + '/none.json', json.dumps({'folders': [o.new('none')]}).encode())
    answer = o.run('--config', alone, 'doctor', '--full', '--json', db=db)
    kept = aside(db)
    if not kept:  # a speck may have hit nothing that a check of the structure sees
        o.check(label == 'specks', label + ': repaired', answer)
        continue
    o.check(open(kept[0], 'rb').read() == before, label + ': the old one is kept as it was')
    o.integrity(db, label)
    saved = o.count(db)
    o.check(saved >= patient, '%s: no fewer than the %d that can be read' % (label, patient), (saved, str(answer)))
    o.check(saved >= TOTAL - ALL_BUT.get(label, TOTAL), label + ': all but those on the pages that are gone', (saved, str(answer)))
    told = ' '.join(f['finding'] for f in answer.lines if f['state'] == 'repaired')
    o.check('%d incident' % saved in told, label + ': what is told is so', (told, saved))

# What retention has removed does not come back from pages that are in use no more.
db = copy()
took = o.run('gc', '--raw-max-age', '1d', db=db)
o.check(took.status == 0, 'gc', took)
connection = sqlite3.connect(db)
connection.execute('pragma wal_checkpoint(truncate)').fetchall()
left = connection.execute('select count(*) from raw where length(packed) > 0').fetchone()[0]
connection.close()
o.check(left < TOTAL // 4, 'gc empties most', left)
first_page(db)
answer = o.run('--config', alone, 'doctor', '--json', db=db)
o.check(len(aside(db)) == 1 and o.count(db) == left, 'what retention has removed stays away', (left, o.count(db), str(answer)))

# ---- a log with the last commits that is gone, or none any more ----
db = copy()
connection = sqlite3.connect(db)
connection.execute('pragma wal_autocheckpoint = 0')
connection.execute("insert into word (hash, text) values (1, hex(randomblob(20000)))")
connection.commit()
for label, log in (('the log is gone', None), ('the log is garbage', random.randbytes(60000))):
    other = o.db()
    os.mkdir(os.path.dirname(other), 0o700)
    shutil.copy(db, other)
    os.truncate(other, SIZE - 3 * PAGE)
    if log:
        o.write(other + '-wal', log)
    patient = readable(other)
    answer = o.run('--config', alone, 'doctor', '--json', db=other)
    o.check(len(aside(other)) == 1 and o.count(other) >= max(patient, TOTAL - 6), label + ' and the end too', (patient, str(answer)))
connection.close()

# ---- a log that is none ----
db = copy()
o.write(db + '-wal', random.randbytes(200000))
answer = o.run('doctor', '--full', '--json', db=db)
o.check(answer.status == 0, 'garbage for a log', answer)
o.check(whole(db, 'garbage for a log', TOTAL) == TOTAL, 'garbage for a log costs nothing')

# ---- a damaged one with a log: all three are kept together ----
db = copy()
connection = sqlite3.connect(db)
connection.execute('pragma wal_autocheckpoint = 0')
connection.execute('create table spare (a)')
connection.commit()
logged = {s: open(db + s, 'rb').read() for s in SIDECARS}
other = o.db()
os.mkdir(os.path.dirname(other), 0o700)
for suffix, data in logged.items():
    if suffix != '-shm':
        o.write(other + suffix, data)
connection.close()
overwrite(other, PAGE * 3, random.randbytes(PAGE * (SIZE // PAGE - 4)))
answer = o.run('doctor', '--json', db=other)
o.check(answer.status == 0 and len(aside(other)) == 1, 'with a log: repaired', answer)
if aside(other):
    o.check(open(aside(other)[0] + '-wal', 'rb').read() == logged['-wal'], 'with a log: it is kept beside the old one')
whole(other, 'with a log', ON_DISK)

# ---- experiments, and what people decided: nobody can tell them again ----
TRIALS = 300


def with_experiment():
    """A copy with an experiment, every trial crashed, each tenth paired with an incident; and a site that somebody ignores."""
    db = copy()
    connection = sqlite3.connect(db)
    connection.execute('insert into experiment values (7, ?, 1, 2, ?, 3, ?, ?, ?)', ('repro', TRIALS, '["x"]', '{}', '{"model": "made up"}'))
    connection.execute('insert into condition values (1, 7, 0, ?, null, ?, 4, ?, ?, null)', ('sim', 'none', '{}', '[]'))
    for n in range(TRIALS):
        row = connection.execute('select id, incident_id from incident where incident_id = ?', (incident(n % TOTAL),)).fetchone()
        row = row if n % 10 == 0 and n < TOTAL else (None, None)
        connection.execute('insert into trial (id, experiment_id, condition, slot, outcome, started_at, paired, incident, incident_id) '
                           'values (?, 7, 0, ?, ?, 1, ?, ?, ?)', (n + 1, n, 'crashed', row[0] is not None, *row))
        connection.execute('insert into trial_output values (?, null, ?)', (n + 1, 'the end of its output'))
    connection.execute("update site set status = 'ignored', note = 'theirs' where id = 1")
    connection.execute("insert into state_change (at, cause, target, name, status, incident, incident_id) "
                       "select 5, 'user', 'site', (select name from site where id = 1), 'ignored', id, incident_id from incident where id = 3")
    connection.commit()
    root = {row[0]: row[1] for row in connection.execute('select name, rootpage from sqlite_schema')}
    connection.execute('pragma wal_checkpoint(truncate)')
    connection.close()
    return db, root


PAIRED = ("select count(*) from trials t join incidents i on i.id = t.incident "
          "where t.incident_id = i.incident_id and t.stderr_tail = 'the end of its output'")
for label, damaged, trials in (('an index of the incidents', 'incident_by_time', TRIALS), ('an index of the trials', 'trial_by_outcome', TRIALS),
                               ('the trials', 'trial', 0), ('no header', None, TRIALS)):
    label = 'an experiment, and ' + label
    db, root = with_experiment()
    overwrite(db, 0 if damaged is None else (root[damaged] - 1) * PAGE, bytes(100 if damaged is None else PAGE))
    answer = o.run('doctor', '--full', '--json', db=db)
    told = ' '.join(f['finding'] for f in answer.lines if f['state'] == 'repaired')
    o.check('1 experiment with %d trials saved' % trials in told, label + ': told', answer)
    o.check(('not all of them could be read' in told) == (trials < TRIALS), label + ': what is missing is told', told)
    whole(db, label, TOTAL)
    connection = sqlite3.connect(db)
    o.check(connection.execute('select id, runs, platform from experiments').fetchall() == [(7, TRIALS, '{"model": "made up"}')], label + ': is there')
    o.check(connection.execute('select count(*) from trials where stderr_tail is not null').fetchone()[0] == trials, label + ': its trials')
    paired = connection.execute(PAIRED).fetchone()[0]
    o.check(paired == (TOTAL // 10 if trials else 0), label + ': they find their incidents', paired)
    o.check('1 state of sites and signatures saved' in told, label + ': the state is told', told)
    o.check(connection.execute('select note from sites where status = ?', ('ignored',)).fetchall() == [('theirs',)], label + ': the state is there')
    changes = connection.execute('select h.status, i.incident_id = h.incident_id from state_history h join incidents i on i.id = h.incident').fetchall()
    o.check(changes == [('ignored', 1)], label + ': its history finds the incident', changes)
    connection.close()

# ---- what is not ours is never touched ----
foreign = o.db()
os.mkdir(os.path.dirname(foreign), 0o700)
connection = sqlite3.connect(foreign)
connection.execute('create table theirs (a)')
connection.commit()
connection.close()
newer = copy()
connection = sqlite3.connect(newer)
connection.execute('pragma user_version = 9999')
connection.commit()
connection.close()
text = o.write(o.new() + '/notes.txt', b'nothing of a database\n' * 500)
for label, db in (('a database of another program', foreign), ('a newer version', newer), ('a text', text)):
    before = open(db, 'rb').read()
    answer = o.run('doctor', '--json', db=db)
    o.check(answer.status == 1 and states(answer, 'database') == ['failed'], label + ': failed', answer)
    o.check(open(db, 'rb').read() == before and not aside(db), label + ': left as it is')

# ---- rights ----
db = copy()
os.chmod(db, 0o644)
dry = o.run('doctor', '--dry-run', '--json', db=db)
o.check(dry.status == 1 and stat.S_IMODE(os.stat(db).st_mode) == 0o644, 'open to others: a dry run tells', dry)
answer = o.run('doctor', '--json', db=db)
o.check(answer.status == 0 and 'repaired' in states(answer, 'privacy'), 'open to others: repaired', answer)
o.check(stat.S_IMODE(os.stat(db).st_mode) == 0o600, 'open to others: then private')

# ---- twice in one second ----
db = copy()
for _ in range(2):
    overwrite(db, 100, random.randbytes(PAGE - 100))
    o.run('doctor', db=db)
o.check(len(aside(db)) == 2, 'two set aside', aside(db))
answer = o.run('doctor', '--json', db=db)
o.check(states(answer, 'set-aside') == ['warning'], 'they are mentioned', answer)

# ---- status goes on whatever is wrong ----
db = copy()
overwrite(db, 100, random.randbytes(PAGE - 100))
answer = o.run('status', '--json', db=db)
o.check(answer.status == 1 and answer.summary.get('stored', 0) is None and not answer.summary['running'], 'status of a damaged one', answer)
o.one_line(answer, 'status of a damaged one', db)
o.end()
