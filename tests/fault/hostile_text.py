"""What stands in a report: control bytes, odd types, absurd numbers, doubled keys, ids that are something else."""
import copy
import csv
import io
import json
import random
import sys

from outsider import Outsider, BODY, HEADER, dump, good, incident, report, text

o = Outsider()
random.seed(2)

# Each reaches the program as JSON escapes and as raw bytes.
POISON = ('\x1b[31mRED\x1b]0;owned\x07\x1b[2J', '\x00after-nul', '\u202ertl\u202c\u2066x\u2069', '\x9b31mC1\x85',
          '\ud800lone', '\x7f\x08\x08', 'a\r\nb\tc\u2028d\u2029e', '"\'\\<b>&;--', '\ufeff\ufffe\uffff',
          'e' + '\u0301' * 200, '\u200f\u200e\u061c')
RAW = b'\xff\xfe\xc0\xaf\xed\xa0\x80\xf5\x1b[35m\x9b5m\xe2\x80\xae\xe2\x82'


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, path + (key,))
    elif isinstance(value, list):
        for at, below in enumerate(value):
            yield from leaves(below, path + (at,))
    else:
        yield path, value


def put(value, path, new):
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = new


def poisoned(poison, number):
    """Every text of the report carries poison, the identity apart; also names of members in asi and the like."""
    header, body = report(number)
    for whole in (header, body):
        for path, value in list(leaves(whole)):
            if isinstance(value, str) and path[-1] not in ('incident', 'incident_id', 'bug_type', 'captureTime', 'timestamp'):
                put(whole, path, value[:40] + poison + value[40:])
    body['asi'] = {'lib' + poison: ['app info ' + poison, poison * 30]}
    return header, body


def look(label, path=None, db=None, bytes_in=None):
    """Through every way out, to a terminal and to a program."""
    target = [path] if path else ['latest']
    for more in ([], ['--explain'], ['-a'], ['--raw']):
        answer = o.terminal('show', *target, *more, db=db)
        o.check(answer.status in ((0, 1) if more == ['--raw'] else (0,)), 'show %s of %s' % (more, label), answer)
        o.clean(answer.out, 'show %s of %s' % (more, label))
    as_json = o.run('show', *target, '--json', '-a', db=db)
    try:
        row = as_json.lines[0]
    except (ValueError, IndexError) as error:
        o.fail('show --json of %s: %s: %s' % (label, error, as_json))
        return None
    forbidden = [c for c in json.dumps(row, ensure_ascii=False) if 127 <= ord(c) < 160 or 0xd800 <= ord(c) < 0xe000]
    o.check(not forbidden, 'control bytes in the JSON of ' + label, forbidden)
    return row


folder = o.new('poison')
for at, poison in enumerate(POISON):
    o.write('%s/Python-escaped-%02d.ips' % (folder, at), dump(*poisoned(poison, 100 + at)))
    if '\ud800' not in poison:
        header, body = poisoned(poison, 200 + at)
        raw = json.dumps(header, ensure_ascii=False) + '\n' + json.dumps(body, ensure_ascii=False, indent=1)
        for code in list(range(1, 8)) + list(range(14, 32)) + [127]:
            raw = raw.replace('\\u%04x' % code, chr(code))
        o.write('%s/Python-raw-%02d.ips' % (folder, at), raw.encode())
marked = dump(*poisoned('MARK', 300)).replace(b'MARK', RAW)
o.write(folder + '/Python-invalid.ips', marked)
o.write(folder + '/Python-text.crash',
        text(301).replace(b'zsh', b'zsh' + RAW).replace(b'mul_mps', b'mul\x1b[7m' + RAW).replace(b'metal gpu', b'metal \x1b]0;x\x07' + RAW))
db = o.db()
took = o.run('scan', folder, '--json', '--all', db=db)
o.check(took.summary.get('rejected') == 0 and took.summary.get('added') == 2 * len(POISON) - 1 + 2, 'poisoned reports are taken', took)
import os
for name in sorted(os.listdir(folder)):
    look(name, path=os.path.join(folder, name))
rows = o.run('list', '--json', db=db)
try:
    o.check(len(rows.lines) == took.summary.get('added'), 'list --json of poison', rows)
    ids = [row['id'] for row in rows.lines]
except ValueError as error:
    o.fail('list --json of poison: %s' % error)
    ids = []
for number in ids[:6]:
    look('row %d' % number, path=str(number), db=db)
FIELDS = ('site', 'signature', 'operation', 'process', 'driver_version', 'os_build', 'hardware_model', 'queue', 'driver_image')
for args in [('list',), ('list', '--rejected')] + [('top', '--by', field) for field in FIELDS] + [
        ('sql', 'select * from incidents'), ('sql', 'select * from frames'), ('sql', 'select * from incidents', '--csv'),
        ('sql', "select process as '\x1b[31mx' from incidents"), ('sql', "select char(27)||'[31m', char(0x202e), x'1b5b'"),
        ('sql', "select '\x1b[31m' from nothing\x1b[31m"), ('rules', 'test', folder + '/Python-invalid.ips'), ('list', 'x\x1b[31m=y'),
        ('list', 'nothing\x1b[31m'), ('show', 'no\x1b[31msuch'), ('\x1b[31mcommand',), ('list', '--\x1b[31m'),
        ('top', '--by', '\x1b[31m'), ('list', '--since', '\x1b[31m'), ('--color', '\x1b[31m'), ('scan', '/\x1b[31m'),
        ('show', '/\x1b[31m\xff'), ('rules', 'check', '/\x1b[31m'), ('--config', '/\x1b[31m', 'list'), ('gc', '\x1b[31m')]:
    o.clean(o.terminal(*args, db=db).out, '%r on a terminal' % (args,))
    piped = o.run(*args, db=db)
    o.clean(piped.err, 'stderr of %r' % (args,))
for args in [('top', '--json', '--by', field) for field in FIELDS] + [
        ('sql', 'select * from incidents', '--json'), ('sql', 'select * from frames', '--json'),
        ('sql', "select x'ff1b', cast(x'ff1bc080' as text), 9e999, -9e999, 1e308, 'a'||char(0)||'b' as z", '--json')]:
    answer = o.run(*args, db=db)
    try:
        o.check(answer.lines, repr(args), answer)
    except ValueError as error:
        o.fail('%r: %s: %s' % (args, error, answer))
table = o.run('sql', 'select id, process, queue, operation, path from incidents', '--csv', db=db)
read = list(csv.reader(io.StringIO(table.out.decode('utf-8'), newline='')))
o.check(len(read) == len(ids) + 1 and all(len(row) == 5 for row in read), 'csv of poison', read[:3])

# ---- wrong types and numbers, everywhere ----
TYPES = [None, True, [], {}, '', 'text', 0, -1, 1.5, [[]], {'a': {'b': 1}}, [None] * 50]
NUMBERS = ['-1', '4294967296', '9223372036854775807', '9223372036854775808', '18446744073709551615',
           '18446744073709551616', '-9223372036854775808', '-9223372036854775809', '1e400', '-1e400', '1e-400', '-0',
           '0.1', '2147483648', '-2147483649', '1' + '0' * 400, '"0x7"', '"12"', '1E5']
folder = o.new('types')
count = 0
for whole in range(2):
    for path, value in leaves((HEADER, BODY)[whole]):
        if path[-1] in ('x',) or (len(path) > 4 and path[3] == 'x' and path[4] > 1):
            continue
        places = [path[:n] for n in range(1, len(path) + 1)]
        count += 1
        docs = []
        for new in TYPES:
            pair = report(count)
            for place in (places if new in (None, []) else [path]):
                changed = copy.deepcopy(pair)
                put(changed[whole], place, copy.deepcopy(new))
                docs.append(dump(*changed))
        if not isinstance(value, str) or path[-1] in ('captureTime', 'timestamp', 'procLaunch', 'codes', 'subtype'):
            for number in NUMBERS:
                changed = report(count)
                put(changed[whole], path, 'HERE')
                docs.append(dump(*changed).replace(b'"HERE"', number.encode()))
        for at, doc in enumerate(docs):
            doc = doc.replace(incident(count).encode(), incident(count * 1000 + at).encode())
            o.write('%s/Python-%04d-%03d.ips' % (folder, count, at), doc)
total = len(os.listdir(folder))
db = o.db()
took = o.run('scan', folder, '--json', '--all', db=db, timeout=100)
o.check(took.status == 0 and took.summary.get('rejected') == 0 and took.summary.get('seen') == total, 'reports of wrong types are taken', took)
rows = o.run('list', '--json', db=db)
try:
    stored = rows.lines
except ValueError as error:
    o.fail('list --json of wrong types: %s' % error)
    stored = []
o.check(len(stored) == took.summary.get('added'), 'every report of wrong types is listed', len(stored))
o.clean(o.terminal('list', db=db).out, 'list of wrong types')
for row in stored:
    pid = row['process'].get('pid')
    o.check(pid is None or isinstance(pid, int), 'pid is a number', pid)
for path in random.sample(sorted(os.listdir(folder)), 30):
    shown = o.run('show', os.path.join(folder, path), '--json')
    o.check(shown.status == 0 and len(shown.lines) == 1, 'show of ' + path, shown)
    shown = o.run('show', os.path.join(folder, path), '-a', '--explain')
    o.check(shown.status == 0, 'show of ' + path, shown)
for args in (('top',), ('top', '--by', 'day'), ('reclassify',), ('sql', 'select * from frames'), ('list', '--since', '2d')):
    answer = o.run(*args, db=db, timeout=100)
    o.check(answer.status in (0, 3), repr(args), answer)
o.integrity(db, 'wrong types')

# ---- dates ----
DATES = ['0000-00-00 00:00:00.00 +0000', '0001-01-01 00:00:00 +0000', '99999-12-31 23:59:59.99 +0000', '-001-01-01 00:00:00',
         '2025-13-45 99:99:99.99 +9999', '2025-02-30 00:00:00 +0000', '2025-12-20', '9999-12-31 23:59:60.999999999 -2359',
         '1969-12-31 23:59:59.5 +0000', '99999999999999999999-01-01 00:00:00 +0000', '2025-12-20 17:36:18.' + '9' * 5000 + ' -0800', '']
folder = o.new('dates')
for at, date in enumerate(DATES):
    header, body = report(500 + at, captureTime=date, procLaunch=date)
    header['timestamp'] = date
    o.write('%s/Python-%02d.ips' % (folder, at), dump(header, body))
db = o.db()
took = o.run('scan', folder, '--json', db=db)
o.check(took.summary.get('added') == len(DATES), 'odd dates are taken', took)
listed = o.run('list', '--json', db=db)
o.check(len(listed.lines) == len(DATES), 'odd dates are listed', listed)
for row in listed.lines:
    when = row.get('captured_at')
    o.check(when is None or (len(when) == 27 and when.endswith('Z')), 'form of a date', when)
asked = {row['id']: row['captured_at'] for row in o.run('sql', 'select id, captured_at from incidents', '--json', db=db).lines}
for row in listed.lines:
    o.check(asked[row['id']] == row.get('captured_at'), 'SQL and list agree on a date', (asked[row['id']], row.get('captured_at')))
    matched = o.run('list', 'captured_at=%s' % row.get('captured_at'), '--json', db=db)
    o.check(not row.get('captured_at') or row['id'] in [one['id'] for one in matched.lines], 'list finds a date', (row.get('captured_at'), matched))
for args in (('list',), ('top', '--by', 'day'), ('list', '--since', '0001-01-01'), ('list', '--until', '99999-01-01'),
             ('list', '--since', '99999999999d'), ('list', '--since', '-1d'), ('list', '-n', '-5'), ('list', '-n', '99999999999999999999'),
             ('sql', 'select captured_at from incidents')):
    answer = o.run(*args, db=db)
    o.clean(answer.err, repr(args))

# ---- ids ----
IDS = ['../../etc/passwd', '/etc/passwd', "'; drop table incident; --", '%s%n', '', ' ', '-', 'latest', '1', '-1', '*', 'x' * (1 << 20),
       'a\nb', 'null', '0', '\u202e', 'ﬀ', '..', 'site=*', '"', '00000000-0000-0000-0000-000000000000']
folder = o.new('ids')
for at, name in enumerate(IDS):
    header, body = report(600 + at)
    header['incident_id'] = body['incident'] = name
    o.write('%s/Python-%02d.ips' % (folder, at), dump(header, body))
db = o.db()
took = o.run('scan', folder, '--json', db=db)
o.check(took.summary.get('added') == len(IDS) and not took.summary.get('rejected'), 'odd ids are taken', took)
listed = o.run('list', '--json', db=db)
o.check(len(listed.lines) == len(IDS), 'odd ids are listed', len(listed.out))
for row in listed.lines:
    o.check(o.run('show', str(row['id']), '--raw', db=db).out.startswith(b'{"app_name"'), 'bytes of an odd id', row['id'])
for name in IDS:
    if name and '\n' not in name and len(name) < 100 and not name.startswith('-'):
        answer = o.run('show', name, '--json', db=db)
        o.check(answer.status in (0, 1, 3), 'show %r' % name, answer)
        answer = o.run('list', name, '--json', db=db)
        o.check(answer.status in (0, 2, 3), 'list %r' % name, answer)
again = o.run('scan', folder, '--json', db=db)
o.check(again.summary.get('known') == len(IDS), 'odd ids again', again)
o.clean(o.terminal('list', db=db).out, 'list of odd ids')

# ---- one incident twice ----
def scan_in_order(*contents):
    folder, db = o.new('twice'), o.db()
    answers = []
    for at, content in enumerate(contents):
        path = o.write('%s/Python-%d.ips' % (folder, at), content)
        answers.append(o.run('scan', path, '--json', db=db).summary)
    return answers, o.run('list', '--json', db=db).lines, db


answers, rows, db = scan_in_order(good(1), good(1).replace(b'zsh', b'bash'))
o.check(answers[1].get('conflicts') == 1 and len(rows) == 1, 'other bytes with one id', answers)
o.check(o.run('show', '1', '--raw', db=db).out == good(1), 'the first one wins', rows)
answers, rows, db = scan_in_order(good(1), good(1).replace(incident(1).encode(), incident(1).lower().encode()))
o.check(len(rows) == 1 and answers[1].get('added') == 0, 'an id in lower case is the same', answers)
for order in ((good(1), text(1)), (text(1), good(1)), (text(1, named=False), good(1)), (good(1), text(1, named=False)),
              (text(1, named=False), text(1), good(1)), (good(1), text(1, named=False), text(1))):
    answers, rows, db = scan_in_order(*order)
    o.check(len(rows) == 1 and sum(a.get('added', 0) for a in answers) == 1, 'text and JSON of one incident', answers)
    o.check(o.run('show', '1', '--raw', db=db).out == good(1), 'JSON beats text', (answers, [x[:9] for x in order]))
    o.integrity(db, 'text and JSON')
doubled = good(1).replace(b'"pid": 1001', b'"pid": 1, "pid": 1001').replace(b'"procName": "Python"', b'"procName": "x", "procName": "Python"')
process = json.loads(o.run('show', '-', '--json', input=doubled).out)['process']
o.check(process['pid'] == 1001 and process['name'] == 'Python', 'the last of two keys wins', process)
many = good(1).replace(b'"pid": 1001', b'"pid": 1001, ' * 200000 + b'"pid": 1001')
answer = o.run('show', '-', '--json', input=many)
o.check(answer.status == 0 and answer.seconds < 20, 'a key 200,000 times', answer.seconds)

# ---- the ways in that unescape ----
ENTITIES = ''.join('&#%d;&#x%x;' % (code, code) for code in (0, 7, 8, 27, 127, 155, 0x202e, 0x2066, 0x2028, 0xd800, 0x110000, 0xfffe, 10 ** 12))
html = good(1).decode().replace('zsh', 'zsh@').replace('metal gpu', 'metal @ gpu').replace('mul_mps', 'mul@_mps')
html = html.replace('&', '&amp;').replace('"', '&quot;').replace('<', '&lt;').replace('@', ENTITIES + '&#27;[31m')
as_text = text(1).decode().replace('&', '&amp;').replace('<', '&lt;').replace('mul_mps', 'mul' + ENTITIES + '&#27;[31m_mps').replace('zsh', ENTITIES)
for label, content in (('HTML', ('<p>see</p><pre>' + html + '</pre>').encode()), ('HTML text', ('<pre>' + as_text + '</pre>').encode()),
                       ('UTF-16', b'\xff\xfe' + good(1).decode().replace('zsh', '\x1b[31m\u202e').encode('utf-16-le')),
                       ('UTF-16 cut', b'\xff\xfe' + good(1).decode().encode('utf-16-le') + b'\x00'),
                       ('UTF-16 surrogates', b'\xfe\xff' + good(1).decode().replace('zsh', 'ZSH').encode('utf-16-be').replace(b'\0Z\0S\0H', b'\xdc\0\xd8\0\xd8\0')),
                       ('quoted', b'\n'.join(b'> ' + line for line in text(1).replace(b'zsh', b'\x1b[31m').splitlines()))):
    path = o.write(o.path('way-in'), content)
    row = look(label, path=path)
    o.check(row and row['process']['name'] == 'Python', 'report in ' + label, row and row['process'])

# ---- size ----
BIG = {
    'symbol of 60 MB': good(1).replace(b'-[AGXBuffer init]', b'A' * (60 << 20)),
    'mangled symbol': good(1).replace(b'-[AGXBuffer init]', b'_ZN' + b'1aI' * 100000),
    'mangled bomb': good(1).replace(b'-[AGXBuffer init]', b'_Z1fI' + b'S_S_' * 500 + b'E' * 2000),
    'templates': good(1).replace(b'-[AGXBuffer init]', b'a<' * 500000),
    'closing': good(1).replace(b'-[AGXBuffer init]', b'>' * 1000000),
    'brackets': good(1).replace(b'-[AGXBuffer init]', b'[(' * 500000),
    'asi of 30 MB': good(1).replace(b'abort() called', b'\\n' * (15 << 20)),
    'deep HTML': b'<div>' * 400000 + good(1) + b'</div>' * 400000,
    'HTML entities': b'&amp;' * 1000000 + good(1).replace(b'"', b'&quot;') + b'&#x' * 1000000,
    'quoted lines': b'\n'.join(b'> ' * 50 + line for line in good(1).splitlines()),
    'braces before': b'{' * 1000000 + b'\n' + good(1),
    'headers before': (b'{"bug_type":"309"}\n' * 50000) + good(1),
    'text heads': b'Process: x [1]\nIncident Identifier: 1\n' * 100000,
    'text threads': text(1) + b'\nThread 1 Crashed:\n0 a 0x1 b + 1\n' * 100000,
    'text images': text(1) + b'0x1 - 0x2 a (1) <x> /y\n' * 300000,
    'text one line': b'Process: ' + b'a [' * 5000000,
    'fences': b'```\n' * 500000 + good(1),
    'reports': good(1) * 500,
    'details': b'<details><summary>Full Report</summary>\n\n```\n' * 50000 + good(1),
    'base64': b'A' * (20 << 20),
    'colons': b'a:' * 5000000,
    'open strings': b'{"bug_type":"309"}\n' + b'{"a":"' * 500000,
}
for label, content in BIG.items():
    answer = o.run('show', '-', '--json', input=content, timeout=60)
    o.check(answer.status in (0, 1), 'show of ' + label, answer)
    o.check(answer.seconds < 20, 'show of %s in time' % label, answer.seconds)
    if answer.status == 0:
        try:
            o.check(answer.lines, 'JSON of ' + label, answer)
        except ValueError as error:
            o.fail('JSON of %s: %s' % (label, error))
    if '-v' in sys.argv:
        print('%6.2f s  status %d  %s' % (answer.seconds, answer.status, label))
o.end()
