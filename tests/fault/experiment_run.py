#!/usr/bin/env python3
"""`run -n` as a test owner uses it: variables, matrices, metrics, time limits, exit statuses, and every format of the answer, which a
program can read whatever the command's words look like.

AGXTRIAGE names the program. Knows the command line and the views, nothing of the code."""
import csv
import io
import json
import os
import re
import signal
import sys

from measured import PYTHON, Measured, answer_of, counts
from outsider import Outsider
from watched import parameter

SLOW = parameter('SLOW', 1)
FORMATS = ('--json', '--csv', '--markdown', '--hyperfine')
COLUMNS = ['experiment', 'condition', 'backend', 'scenario', 'lock', 'threads', 'env', 'command', 'simulated', 'planned', 'runs',
           'finished', 'crashed', 'hung', 'gpu_error', 'wrong_result', 'failed', 'rate', 'rate_low', 'rate_high', 'sites']
QUICK = ('--wait', '0')
# Words that somebody's shell, terminal, page, table or spreadsheet would like to obey.
WORDS = {
    'quotes': 'a"b\'c\\d', 'lines': 'one\ntwo\tthree\n', 'commas': 'x,y;z', 'page': '`|</pre>]]><script>alert(1)</script>*_#[a](b)',
    'shell': '$(touch pwned) `touch pwned` ; touch pwned #', 'backwards': '\u202ertl\u2066\u2028\u2029', 'empty': '', 'formula': '=1+1',
    'option': '--json', 'percent': '%s%n%d', 'foreign': 'h\u00e9llo \u2603 \U0001f389', 'long': 'L' * 100000,
}
REFUSED = {'escape': b'a\x1b[31mred', 'controls': b'\x01\x02\x7f', 'return': b'a\rb', 'latin': b'caf\xe9', 'surrogate': b'\xed\xa0\x80',
           'c1': 'a\u009b31m'.encode()}
TELL = 'import os, sys; open("told", "a").write(repr(sys.argv[1:]) + "\\n")'


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def variables(o):
    """--env and --matrix arrive, and the conditions are told by them."""
    stage = Measured(o)
    script = ('import os; open("told", "a").write(repr({k: os.environ.get(k) for k in ("A", "B", "FIXED", "MATRIX")}) + "\\n")\n'
              'raise SystemExit(os.environ["A"] == "two words")')
    answer = stage.run('-n', '3', '--matrix', 'A=1,two words,', '--matrix', 'B=x,y=z', '--env', 'FIXED=a=b,"c"', '--json', *QUICK, '--',
                       PYTHON, '-c', script)
    said = answer_of(answer)
    o.check(answer.status == 0 and len(said['conditions']) == 6, 'matrix: all products', answer)
    with open(stage.path('told'), encoding='utf-8') as file:
        told = file.read().splitlines()
    wanted = sorted(repr({'A': a, 'B': b, 'FIXED': 'a=b,"c"', 'MATRIX': None}) for a in ('1', 'two words', '') for b in ('x', 'y=z')) * 3
    o.check(sorted(told) == sorted(wanted), 'matrix: what the command got', told)
    for condition in said['conditions']:
        env = condition['env']
        o.check(set(env) == {'A', 'B', 'FIXED'} and condition['runs'] == 3 and
                counts(condition) == {'failed' if env['A'] == 'two words' else 'finished': 3}, 'matrix: conditions', condition)
    o.check(len({json.dumps(condition['env'], sort_keys=True) for condition in said['conditions']}) == 6, 'matrix: all differ')
    first = [trial['condition'] for trial in stage.trials()][:6]
    o.check(sorted(first) == list(range(6)), 'matrix: blocks', first)
    o.check(said['comparisons'], 'matrix: compared')
    # A variable of this environment reaches the command, and --env goes above it.
    stage.env['OURS'] = 'inherited'
    stage.env['FIXED'] = 'below'
    stage.run('-n', '1', '--env', 'FIXED=above', *QUICK, '--', 'sh', '-c', 'echo "$OURS $FIXED" >both')
    with open(stage.path('both'), encoding='utf-8') as file:
        o.check(file.read() == 'inherited above\n', 'env: inherited and set')
    for words in (('--matrix', 'A'), ('--matrix', '=1'), ('--matrix', 'A=1,1'), ('--matrix', 'A=1', '--matrix', 'A=2'), ('--env', 'A'),
                  ('--env', '=x'), ('--matrix', 'A="1', '--env', 'B"=1'), ('-n', '0'), ('-n', '-1'), ('-n', 'x'), ('--metric', '('),
                  ('--metric-unit', 'x'), ('--json', '--csv'), ('--timeout', '0'), ('--metric', '\udcff')):
        answer = stage.run('-n', '2', *words, '--', 'true')
        o.check(answer.status == 2 and answer.err and not answer.out, 'wrong usage: %a' % (words,), answer)
        o.clean(answer.err, 'wrong usage: %a' % (words,))
    o.check(len(stage.rows('select * from experiments')) == 2, 'wrong usage leaves no experiment', stage.rows('select * from experiments'))
    stage.end()


def metrics(o):
    """The last match counts; what is no number is no measure."""
    cases = (
        ('integer', 'speed: ([0-9]+)', 'speed: 42', 42), ('float', 'speed: ([0-9.]+)', 'speed: 0.125 ops', .125),
        ('exponent', 'speed: ([^ ]+)', 'speed: -1.5e+3 x', -1500), ('last of lines', 's=([0-9]+)', 's=1\ns=2\ns=3\nend', 3),
        ('last of a line', 's=([0-9]+)', 's=1 s=2 s=4', 4), ('no group', '[0-9]+$', 'done 77', 77),
        ('anchored', '^([0-9]+) ops', 'x 1 ops\n2 ops\ny 3 ops', 2), ('no match', 'speed: ([0-9]+)', 'slow', None),
        ('no number', 'speed: (.*)', 'speed: fast', None), ('not finite', 'speed: (.*)', 'speed: inf', None),
        ('hex is none', 'speed: (.*)', 'speed: 0x10', None), ('carriage returns', '([0-9]+)%', '10%\r50%\r99%', 99),
        ('huge', 'v=(.*)', 'v=1e999', None), ('group without a part', 'a(b)?c', 'ac', None), ('bytes', 'v=([0-9]+)', '\udcff\udcfe v=5\x1b[0m', 5))
    stage = Measured(o)
    for label, expression, text, wanted in cases:
        o.write(stage.path('text'), text.encode('utf-8', 'surrogateescape'))
        for where in ('', ' >&2'):
            answer = stage.run('-n', '2', '--metric', expression, '--metric-unit', 'it/s', '--json', *QUICK, '--', 'sh', '-c', 'cat text' + where)
            condition = answer_of(answer)['conditions'][0] if answer.status == 0 else {}
            o.check(condition.get('throughput_median') == wanted and condition.get('throughput_trials') == (0 if wanted is None else 2) and
                    condition.get('throughput_unit') == 'it/s' and condition.get('finished') == 2,
                    'metric, %s%s' % (label, where), (wanted, answer))
    # Only those that finished count.
    answer = stage.run('-n', '2', '--matrix', 'S=0,1', '--metric', 'v=([0-9]+)', '--json', *QUICK, '--', 'sh', '-c', 'echo v=8; exit $S')
    medians = {c['env']['S']: c['throughput_median'] for c in answer_of(answer)['conditions']}
    o.check(medians == {'0': 8, '1': None}, 'metric: of those that finished', answer)
    stage.end()


def limits(o):
    """--timeout: hung, with its stacks; and what of it is left."""
    stage = Measured(o)
    answer = stage.run('-n', '2', '--timeout', '1', '--json', *QUICK, '--', 'sh', '-c', 'echo $$ >>pids; sleep 600')
    condition = answer_of(answer)['conditions'][0]
    o.check(answer.status == 0 and counts(condition) == {'hung': 2} and condition['rate'] == 0, 'timeout: hung', answer)
    o.check(answer.seconds < 30 * SLOW, 'timeout: bounded', answer.seconds)
    for trial in stage.trials():
        o.check(trial['stacks'] and str(trial['pid']) in trial['stacks'], 'timeout: stacks', trial)
    line = o.run('experiments', 'latest', '--trials', '--json', env=stage.env).lines[0]
    o.check(line['outcome'] == 'hung' and line['stacks'], 'timeout: told with the trial', line)
    stage.end()


def statuses(o):
    """0 whatever came of the command; --fail-on-crash makes a crash a failure."""
    stage = Measured(o)
    crash, fail = ('sh', '-c', 'ulimit -c 0; kill -SEGV $$'), ('sh', '-c', 'exit 9')
    for label, options, command, status in (
            ('crash', (), crash, 0), ('crash counts', ('--fail-on-crash',), crash, 1), ('failure', (), fail, 0),
            ('failure is no crash', ('--fail-on-crash',), fail, 0), ('all is well', ('--fail-on-crash',), ('true',), 0)):
        answer = stage.run('-n', '2', *options, '--json', *QUICK, '--', *command)
        o.check(answer.status == status and answer.out.count(b'\n') == 1, 'status, ' + label, answer)
    # A report of a child alone makes it a crash.
    answer = stage.run('-n', '1', '--fail-on-crash', '--json', '--wait', '2', '--', *stage.crasher('--child'))
    o.check(answer.status == 1 and counts(answer_of(answer)['conditions'][0]) == {'crashed': 1}, 'status, a child crashed', answer)
    # --summary is appended, with the crashes and before the status.
    summary = o.write(stage.path('summary.md'), b'# before\n')
    answer = stage.run('-n', '2', '--summary', summary, '--fail-on-crash', *QUICK, '--', *crash)
    with open(summary, encoding='utf-8') as file:
        text = file.read()
    o.check(answer.status == 1 and text.startswith('# before\n') and '2' in text and '|' in text, 'summary', (answer, text))
    o.clean(text.encode(), 'summary')
    answer = stage.run('-n', '1', '--summary', stage.path('no/where.md'), *QUICK, '--', 'true')
    o.check(answer.status == 1 and b'where.md' in answer.err and len(stage.trials()) == 1, 'summary: nowhere to write', answer)
    # What it printed goes to standard error or nowhere, never between our lines.
    answer = stage.run('-n', '2', '--json', *QUICK, '--', 'sh', '-c', 'echo noise; echo more >&2')
    o.check(len(answer.lines) == 1 and answer.out.startswith(b'{') and b'\nnoise' not in answer.out,
            'stdout has the answer and nothing else', answer)
    # Nothing of its input is eaten.
    answer = stage.run('-n', '2', '--json', *QUICK, '--', 'sh', '-c', 'read x && exit 1; exit 0')
    o.check(counts(answer_of(answer)['conditions'][0]) == {'finished': 2}, 'no input', answer)
    stage.end()


def judge_formats(o, stage, command, label):
    """All four, of one experiment that has run."""
    answers = {}
    for form in FORMATS:
        answers[form] = o.run('experiments', 'latest', form, env=stage.env)
        o.check(answers[form].status == 0 and not answers[form].err, '%s: %s' % (label, form), answers[form])
        # Programs get what merely reorders a line on a terminal.
        plain = answers[form].out.decode()
        o.clean(''.join(c for c in plain if c not in WORDS['backwards'] or form in ('--csv', '--markdown')).encode(), '%s: %s' % (label, form))
    o.check(answers['--json'].out.count(b'\n') == 1, label + ': one line of JSON')
    clean = [''.join(c if c >= ' ' else '\ufffd' for c in word) for word in command]
    for condition in answer_of(answers['--json'])['conditions']:
        o.check(condition['command'] == clean and condition['runs'] == 2, label + ': words in JSON', str(condition['command'])[:300])
    table = rows(answers['--csv'].out.decode())
    o.check(len(table) == 2 and list(table[0])[:len(COLUMNS)] == COLUMNS and all(None not in row and None not in row.values() for row in table),
            label + ': csv', answers['--csv'].out[:300])
    for row in table:
        o.check((row['runs'], row['finished'], row['simulated']) == ('2', '2', 'false') and set(json.loads(row['env'])) == {'V'} and
                row['command'], label + ': csv row', row['env'])
    o.check({json.loads(row['env'])['V'] for row in table} == {'a', 'b'}, label + ': csv conditions')
    shape = json.loads(answers['--hyperfine'].out)
    for result in shape['results']:
        o.check(len(result['times']) == len(result['exit_codes']) == 2 and result['exit_codes'] == [0, 0] and
                0 < result['min'] <= result['mean'] <= result['max'] and result['min'] <= result['median'] <= result['max'] and
                result['stddev'] >= 0 and result['parameters']['V'] in 'ab' and result['command'], label + ': hyperfine',
                {k: result[k] for k in result if k != 'command'})
    page = answers['--markdown'].out.decode()
    o.check('<script' not in re.sub(r'(`+)[^`\n]*\1', '', page) and page.count('\n```\n') % 2 == 0, label + ': markdown', page[:500])
    lines = page.splitlines()
    o.check(sum(line.startswith('|') for line in lines) == 7, label + ': two tables', page[:800])
    for at, line in enumerate(lines):
        if line.startswith('|') and lines[at - 1].startswith('|'):
            o.check(line.count('|') == lines[at - 1].count('|'), label + ': a table of one width', (lines[at - 1], line))
    text = o.run('experiments', 'latest', env=stage.env)
    o.check(text.status == 0, label + ': text', text)
    o.clean(text.out, label + ': text')


def words(o):
    """Whatever the words of the command look like."""
    stage = Measured(o)
    for label, word in WORDS.items():
        command = [PYTHON, '-c', TELL, word, 'end']
        answer = stage.run('-n', '2', '--matrix', 'V=a,b', *QUICK, '--', *command)
        o.check(answer.status == 0, label + ': runs', answer)
        o.clean(answer.out + answer.err, label + ': what is printed')
        with open(stage.path('told'), encoding='utf-8') as file:
            o.check(file.read() == (repr([word, 'end']) + '\n') * 4, label + ': reaches the command as it is')
        os.unlink(stage.path('told'))
        judge_formats(o, stage, command, label)
    listed = o.run('experiments', env=stage.env)
    o.check(listed.status == 0, 'the list of all', listed)
    o.clean(listed.out, 'the list of all')
    o.check(len(o.run('experiments', '--json', env=stage.env).lines) == len(WORDS), 'the list of all as JSON')
    o.check(not os.path.exists(stage.path('pwned')), 'no shell has seen it')
    # What text cannot keep would not be the same command when it is resumed.
    for label, raw in REFUSED.items():
        word = os.fsdecode(raw)
        for given in ((PYTHON, '-c', TELL, word), (PYTHON, '-c', TELL)):
            extra = () if word in given else ('--env', 'V=' + word)
            answer = stage.run('-n', '2', *extra, *QUICK, '--', *given)
            o.check(answer.status == 2 and not answer.out and b'UTF-8' in answer.err, label + ': refused', answer)
            o.clean(answer.err, label + ': refused')
    o.check(not os.path.exists(stage.path('told')), 'what is refused is not run')
    o.check(len(stage.rows('select * from experiments')) == len(WORDS), 'what is refused is not kept')
    stage.end()


def resumed(o):
    """It goes on in the folder and with the settings that it began with."""
    stage = Measured(o)
    script = 'pwd >>places; echo "v=$V"; sleep .3'
    process = stage.start('-n', '4', '--matrix', 'V=1,2', '--metric', 'v=([0-9]+)', '--json', *QUICK, '--', 'sh', '-c', script)
    while len(o.run('experiments', '--json', env=stage.env).lines) < 1 or \
            o.run('experiments', '--json', env=stage.env).lines[0]['done'] < 2:
        if process.poll() is not None:
            break
    process.send_signal(signal.SIGINT)
    answer = o.finish(process, timeout=30)
    o.check(answer.status == 1 and b'agxtriage run --resume 1' in answer.err and len(answer.lines) == 1, 'resume: how it goes on', answer)
    elsewhere = o.new('elsewhere')
    answer = o.run('run', '--resume', '--json', env=stage.env, cwd=elsewhere)
    medians = {c['env']['V']: (c['throughput_median'], c['finished']) for c in answer_of(answer)['conditions']}
    o.check(answer.status == 0 and medians == {'1': (1, 4), '2': (2, 4)}, 'resume: settings', answer)
    with open(stage.path('places'), encoding='utf-8') as file:
        places = set(file.read().split())
    o.check(places == {os.path.realpath(stage.home)} and not os.listdir(elsewhere), 'resume: the folder', places)
    stage.end()


def main():
    outside = Outsider()
    for case in (variables, metrics, limits, statuses, words, resumed):
        if len(sys.argv) < 2 or case.__name__ in sys.argv[1:]:
            case(outside)
    outside.end()


main()
