"""What is typed or put beside the reports by somebody who means harm: SQL, rule files, arguments."""
import json
import os
import random
import resource
import sys
import time

from outsider import Outsider, good, incident, limit

o = Outsider()
random.seed(5)
folder = o.new('some')
for n in range(30):
    o.write('%s/Python-%05d.ips' % (folder, n), good(n))
db = o.db()
o.run('scan', folder, db=db)
content = open(db, 'rb').read()

# ---- SQL ----
DENIED = (
    "attach 'x.db' as x", "attach ':memory:' as x", 'pragma writable_schema = on', 'pragma user_version = 7', 'pragma journal_mode = delete',
    'pragma table_info(incident)', "select load_extension('x.so')", 'create table t (a)', 'create temp table t (a)', 'drop view incidents',
    'delete from incident', "insert into word values (1, 2, 'x')", 'update incident set pid = 1', 'begin', 'commit', 'vacuum', "vacuum into 'x.db'",
    'reindex', 'analyze', 'detach main', 'savepoint a', 'select 1; drop table incident', 'select 1; select 2', '', ' ', ';', '-- nothing',
    "select writefile('x', 'y')", "select readfile('/etc/passwd')", "select edit('x')", 'explain delete from incident', 'select fts3_tokenizer(1)',
    "select * from pragma_journal_mode('delete')", "select * from pragma_table_list", "with x as (select 1) delete from incident",
    "create virtual table v using fts5(a)", "select * from dbstat", "select * from sqlite_dbpage", "select zipfile('a','b')", "replace into word values (1,2,'x')",
    "delete from incident returning *", "select sqlite_compileoption_get(1) from (select 1) where 0 union select load_extension('a')",
    'with recursive a(x) as (select 1 union all select x+1 from a) select x from a; drop table word', "select 1 /* ", "'", '\x1b[31m', 'select', 'x' * 2000000)
work = o.new('work')
for query in DENIED:
    if len(query) > 100000:
        continue  # longer than an argument may be
    for more in ([], ['--json'], ['--csv']):
        answer = o.run('sql', query, *more, db=db, cwd=work)
        allowed = query in ("select 1 /* ", "select * from pragma_table_list") and answer.status == 0
        o.check(allowed or (answer.status in (1, 2) and not answer.out), 'sql %r' % query, answer)
        o.clean(answer.err, 'sql %r' % query)
o.check(not os.listdir(work), 'sql made a file', os.listdir(work))
o.check(open(db, 'rb').read() == content and o.count(db) == 30, 'sql changed the database', '')
ENDLESS = (
    'with recursive a(x) as (select 1 union all select x + 1 from a) select count(*) from a',
    'with recursive a(x) as (select 1 union all select x + 1 from a) select x from a where x < 0',
    'select count(*) from frames a, frames b, frames c, frames d, frames e, frames f, frames g',
    "select count(*) from incidents where 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' like "
    "'%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%b'",
    "select hex(randomblob(30000000)) like '%a%a%a%a%a%a%a%a%a%b'",
    "select replace(hex(zeroblob(20000000)), '0', '00000000')",
    "select printf('%999999999d', 1)", 'select group_concat(a.path, b.path) from frames c, incidents a, incidents b, incidents d',
    'with recursive a(x) as (select zeroblob(1000000) union all select x || zeroblob(1) from a) select max(length(x)) from a',
    "select instr(hex(zeroblob(30000000)), hex(zeroblob(10000000)) || 'b')",
)
for query, process in [(query, o.start('sql', query, '--timeout', '1', db=db)) for query in ENDLESS]:
    answer = o.finish(process, timeout=20)
    o.check(answer.status in (0, 1) and answer.seconds < 10, 'endless sql %r' % query[:100], (answer.seconds, answer.status, answer.err))
    if answer.status:
        o.one_line(answer, 'endless sql')
for query in ('select zeroblob(1000000000)', 'select hex(zeroblob(70000000))', "select randomblob(999999999999)", 'select zeroblob(-1)',
              "select json('" + '[' * 60000 + "')", 'select ' + '(' * 5000 + '1' + ')' * 5000, 'select ' + ','.join('1' * 5000),
              'select 1 ' + 'union all select 1 ' * 3000, 'select ' + '1+' * 20000 + '1', 'select * from incidents ' + ', incidents' * 70,
              "select '" + 'x' * 100000 + "' as " + 'y' * 20000, 'select ' + 'abs(' * 300 + '1' + ')' * 300):
    for more in ([], ['--json'], ['--csv']):
        answer = o.run('sql', query, '--timeout', '2', *more, db=db, timeout=30)
        o.check(answer.status in (0, 1), 'sql %r' % query[:80], answer)
        if answer.status:
            o.one_line(answer, 'sql %r' % query[:80])
for options in (['--max-rows', '1'], ['--max-rows', '-1'], ['--max-rows', '99999999999999999999'], ['--max-rows', 'x'], ['--max-rows', '9223372036854775807'],
                ['--timeout', '-1'], ['--timeout', '9223372036854775807'], ['--timeout', '1e9']):
    answer = o.run('sql', 'select id from incidents', *options, db=db, timeout=20)
    o.check(answer.status in (0, 2), repr(options), answer)
    o.clean(answer.err, repr(options))
began = time.monotonic()
process = o.start('sql', 'with recursive a(x) as (select 1 union all select x + 1 from a) select x from a', '--json', db=db)
process.stdout.read(1000)
process.stdout.close()
process.wait(timeout=20)
process.stderr.close()
o.check(time.monotonic() - began < 15, 'sql ends when its reader goes', '')

# ---- rules ----
def rule(n=0, **match):
    return {'site': 'user-%d' % n, 'title': 'T', 'match': match or {'image': 'X'}}


def rules_of(*rules):
    return json.dumps({'rules': list(rules)}).encode()


listed = o.run('rules', 'list', '--json')
sample = listed.lines[0] if listed.status == 0 and listed.out else {}
place = o.new('config')
os.mkdir(place + '/rules.d')
config = o.write(place + '/config', b'')
report_path = folder + '/Python-00003.ips'
plain = o.run('show', report_path, '--json').lines[0]


def with_rules(label, content=None, make=None):
    path = place + '/rules.d/x.json'
    if content is not None:
        o.write(path, content)
    else:
        make(path)
    try:
        shown = o.run('--config', config, 'show', report_path, '--json', timeout=20)
        o.check(shown.status == 0 and shown.lines[0]['site'] == plain['site'], label + ': the others still count', shown)
        o.check(shown.err, label + ': a bad rule file is named', shown)
        o.clean(shown.err, label)
        checked = o.run('rules', 'check', path, timeout=20)
        o.check(checked.status == 1, label + ': rules check', checked)
        o.clean(checked.err, label + ': rules check')
        o.clean(checked.out, label + ': rules check')
        o.check(shown.seconds < 15 and checked.seconds < 15, label + ' in time', (shown.seconds, checked.seconds))
        for args in (('scan', folder), ('reclassify',), ('rules', 'list'), ('rules', 'test', report_path)):
            answer = o.run('--config', config, *args, db=db, timeout=20)
            o.check(answer.status == 0, '%s: %r' % (label, args), answer)
    finally:
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)


with_rules('10 MB', b'{"rules": [' + b' ' * (10 << 20) + b']}')
with_rules('sparse', make=lambda path: open(path, 'wb').truncate(3 << 30))
with_rules('deep', b'{"rules": ' + b'[' * 1000000)
with_rules('deep objects', b'{"a":' * 500000)
with_rules('FIFO', make=os.mkfifo)
with_rules('folder', make=os.mkdir)
with_rules('device', make=lambda path: os.symlink('/dev/zero', path))
with_rules('dangling link', make=lambda path: os.symlink('nowhere', path))
with_rules('loop', make=lambda path: os.symlink(path, path))
with_rules('empty', b'')
with_rules('binary', random.randbytes(5000))
with_rules('invalid UTF-8', b'{"rules": [{"site": "a\xff\x1b[31m"}]}')
with_rules('unknown member', b'{"rules": [{"site": "a", "\x1b[31m\\u001b[31m": 1}]}')
with_rules('wrong types', b'{"rules": [[], 1, null, "x", {"site": 7}]}')
with_rules('top is a list', b'[]' * 10)
with_rules('NUL', b'{"rules": []}\x00{"rules": []}')
with_rules('rest', b'{"version": 1, "rules": []} x')
with_rules('5000 rules', rules_of(*[rule(n) for n in range(5000)]))
with_rules('long pattern', rules_of(rule(0, image='a*' * 5000)))
os.symlink('/', place + '/rules.d/y.json')
o.run('--config', config, 'rules', 'list')
os.unlink(place + '/rules.d/y.json')

# Patterns made to be slow, against texts made to be slow with them.
slow = {'version': 1, 'rules': [
    {'site': 'slow-%d' % n, 'title': 'slow', 'priority': 99, 'match': [{'exception': 'EXC_BAD_ACCESS', 'frame': 'a*' * 100 + 'b', 'image': '*'}]}
    for n in range(300)]}
path = o.write(place + '/rules.d/slow.json', json.dumps(slow).encode())
long_report = o.write(o.path('slow.ips'), good(1).replace(b'at::native::mps::', b'a' * 8000).replace(b'-[AGXG16XFamily', b'a' * 8000))
answer = o.run('--config', config, 'show', long_report, '--json', timeout=60)
o.check(answer.status == 0 and answer.seconds < 20 and not answer.err, 'slow patterns', (answer.seconds, answer.status, answer.err[:500]))
if '-v' in sys.argv:
    print('slow patterns: %.1f s, %s' % (answer.seconds, answer.err[:300]))
os.unlink(path)

# ---- arguments ----
ODD = ['', '-', '--', '---', '-x', '--no-such', '--json=1', '--db', '--db=', '-n', '-nx', '-n-1', '-n' + '9' * 400, '--since=' + 'x' * 1000, '=', 'a=', '=b', 'site=*',
       'site=' + '[' * 1000, 'site=' + '*a' * 500 + 'b', 'nosuch=x', '/' + 'a' * 5000, '%n%s', '\udcff\udcfe', '*', '\\', 'pid=-1', 'pid=' + '9' * 50, '99999999999999999999',
       'latest', "' or 1=1 --", '0x', '-1', '--help=x', '--color=never', '--color=', '-vvvv', '-q']
for command in ('scan', 'list', 'show', 'top', 'sql', 'rules', 'reclassify', 'gc', ''):
    for word in ODD:
        answer = o.run(command, word, db=db, cwd=work, timeout=20)
        o.clean(answer.err, '%s %r' % (command, word))
        o.check(answer.status == 0 or answer.err or answer.status == 3, '%s %r says why' % (command, word), answer)
answer = o.run(*(['list'] + ['process=x'] * 5000), db=db)
o.check(answer.status in (0, 1, 2, 3), '5,000 conditions', answer)
o.clean(answer.err, '5,000 conditions')
for word in ODD[:20]:
    answer = o.run('top', '--by', word, db=db)
    o.check(answer.status in (0, 2), 'top --by %r' % word, answer)
    answer = o.run('rules', 'test', word, db=db, cwd=work)
    o.clean(answer.err, 'rules test %r' % word)
o.check(o.count(db) == 30, 'nothing was lost', o.count(db))
o.integrity(db, 'arguments')
o.end()
