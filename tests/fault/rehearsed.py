"""`repro` under test: a home of its own, what its database and its answers say, and what must hold of every experiment with the
simulated driver, however it went."""
import collections
import datetime
import os
import threading
import time

from measured import Measured, answer_of

# What the simulated driver faults on, as it is published: site -> address, access.
SITES = {
    'agx-set-compute-pipeline-state': ('0x5c8', 'read'),
    'agx-prepare-for-enqueue': ('0x98', 'read'),
    'agx-allocate-usc-spill-buffer': ('0x184', 'write'),
    'agx-dispatch-threads': ('0x5f4', 'read'),
}
OUTCOMES = ('finished', 'crashed', 'hung', 'failed', 'gpu_error', 'wrong_result')
CONDITION_KEYS = {'backend', 'lock', 'threads', 'env', 'command', 'runs', 'finished', 'crashed', 'hung', 'failed', 'rate', 'rate_low',
                  'rate_high', 'sites', 'throughput_median', 'throughput_low', 'throughput_high', 'throughput_unit'}
COMPARISON_KEYS = {'a', 'b', 'rate_difference', 'low', 'high', 'fisher_p', 'throughput_ratio', 'ratio_low', 'ratio_high'}
REPRO = 'agxtriage-repro'


def moment(text):
    return datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%S.%fZ')


class Rehearsed(Measured):
    """A home, and a folder for temporary files that must stay empty."""

    def __init__(self, outside, daemon=False):
        self.temporary = outside.new('temporary')
        outside.env['TMPDIR'] = self.temporary
        super().__init__(outside, daemon)

    def command(self, *words, timeout=60, **more):
        process = self.outside.start(*words, env=self.env, cwd=self.home, **more)
        return self.outside.finish(process, timeout=timeout, label=' '.join(words))

    def begin(self, *words, command='repro', **more):
        return self.outside.start(command, *words, env=self.env, cwd=self.home, **more)

    def repro(self, *words, timeout=600, **more):
        return self.outside.finish(self.begin(*words, **more), timeout=timeout, label='repro ' + ' '.join(words))

    def experiment(self, name='latest'):
        return answer_of(self.command('experiments', str(name), '--json'))

    def shown(self, identity):
        return self.command('show', str(identity), '--json').summary

    def files(self):
        return sorted(os.listdir(self.reports)) if os.path.isdir(self.reports) else []


class Census:
    """Looks at all processes of a home again and again: who lives, and who stays a zombie."""

    def __init__(self, home):
        self.mark = b'HOME=' + home.encode() + b'\0'
        self.known, self.since, self.zombies, self.seen = {}, {}, [], 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    @staticmethod
    def stat(pid):
        with open('/proc/%s/stat' % pid, encoding='utf-8', errors='replace') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return fields[0], int(fields[1]), fields[19]

    def look(self):
        """Process ids of the home that live; remembers zombies."""
        alive, zombies, now = [], {}, time.monotonic()
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                state, parent, start = self.stat(pid)
                if state == 'Z' and self.known.get(str(parent), [0, False])[1]:
                    zombies[pid, start] = self.since.get((pid, start), now)
                if self.known.get(pid, [None])[0] != start or not self.known[pid][1]:
                    with open('/proc/%s/environ' % pid, 'rb') as file:
                        self.known[pid] = [start, self.mark in file.read()]
                if self.known[pid][1] and state not in 'ZX':
                    alive.append(int(pid))
            except OSError:
                continue
        self.since = zombies
        # Between its end and its parent's look at it everybody is one for a moment.
        self.zombies += [pid for (pid, _), since in zombies.items() if now - since > 2 and pid not in self.zombies]
        self.seen += 1
        return alive

    def work(self):
        while not self.over.wait(.1):
            self.look()

    def end(self):
        """No more looks; who is left."""
        self.over.set()
        self.thread.join()
        return self.look()


# ---- what every answer must be ----

def judge_contract(o, said, label, planned):
    """The keys, the sums and the shares."""
    conditions = said.get('conditions', [])
    o.check(conditions and {'experiment', 'conditions', 'comparisons'} <= set(said), label + ': an answer', said)
    for condition in conditions:
        o.check(CONDITION_KEYS <= set(condition), label + ': keys of a condition', CONDITION_KEYS - set(condition))
        runs, crashed = condition['runs'], condition['crashed']
        o.check(runs == sum(condition[name] for name in OUTCOMES), label + ': the counts add up', condition)
        o.check(runs == planned, label + ': all runs', condition)
        o.check(not runs or abs(condition['rate'] - crashed / runs) < 1e-9, label + ': the rate', condition)
        o.check(not runs or condition['rate_low'] <= condition['rate'] + 1e-12 and condition['rate'] <= condition['rate_high'] + 1e-12,
                label + ': rate and interval', condition)
        o.check(sum(condition['sites'].values()) + sum(condition['unreported'].values()) == crashed, label + ': a site for each crash',
                condition)
        if condition['throughput_trials']:
            o.check(condition['throughput_low'] <= condition['throughput_median'] <= condition['throughput_high'] and
                    condition['throughput_unit'] == 'ops/s', label + ': throughput', condition)
        o.check(condition['throughput_trials'] <= condition['finished'], label + ': throughput of those that finished', condition)
    for comparison in said.get('comparisons', []):
        o.check(COMPARISON_KEYS <= set(comparison), label + ': keys of a comparison', COMPARISON_KEYS - set(comparison))
        a, b = conditions[comparison['a']], conditions[comparison['b']]
        o.check(comparison['a'] != comparison['b'] and 0 <= comparison['fisher_p'] <= 1 and
                comparison['low'] - 1e-12 <= comparison['rate_difference'] <= comparison['high'] + 1e-12 and
                abs(abs(comparison['rate_difference']) - abs(a['rate'] - b['rate'])) < 1e-9, label + ': a comparison', comparison)


def judge_rows(o, stage, said, label):
    """The rows tell what the answer tells. All trials of the experiment."""
    trials = stage.rows('select * from trials where experiment = %d order by id' % said['experiment'])
    for condition in said['conditions']:
        counted = collections.Counter(trial['outcome'] for trial in trials if trial['condition'] == condition['condition'])
        o.check(all(counted[name] == condition[name] for name in OUTCOMES), label + ': rows and answer', (condition, counted))
    slots = [trial['slot'] for trial in trials if trial['outcome'] in OUTCOMES]
    o.check(sorted(slots) == list(range(len(slots))), label + ': every slot once', sorted(slots))
    row = stage.rows('select * from experiments where id = %d' % said['experiment'])[0]
    o.check(row['trials'] == len(slots) and row['crashed'] == sum(c['crashed'] for c in said['conditions']) and
            row['simulated'] == 1 and not row['started'], label + ': the view', {k: row[k] for k in row if k != 'platform'})
    return trials


def judge_pair(o, trial, incident, shown, label):
    """One crash, and the report that is said to be its own."""
    process = shown.get('process') or {}
    o.check(trial['outcome'] == 'crashed' and trial['label'] is None and trial['signal'] == 'SIGSEGV', label + ': a crash', trial)
    o.check(incident['pid'] == trial['pid'] == process.get('pid'), label + ': the same process', (trial, process))
    o.check(shown['incident_id'] == incident['incident_id'] == trial['incident_id'], label + ': the same incident', trial)
    # A report tells tenths of milliseconds.
    apart = abs((moment(shown['launched_at']) - moment(trial['launched_at'])).total_seconds())
    o.check(apart < 1e-3, label + ': launched at the same time', (shown['launched_at'], trial['launched_at']))
    o.check(trial['started_at'][:22] <= shown['captured_at'][:22] <= trial['ended_at'][:22], label + ': captured while it ran',
            (trial['started_at'], shown['captured_at'], trial['ended_at']))
    o.check(incident['captured_at'] == shown['captured_at'], label + ': one time of capture', incident['captured_at'])
    o.check(trial['site'] == incident['site'] == shown['site'], label + ': the same site', (trial['site'], shown['site']))
    if trial['site'] in SITES:
        fault = shown['fault']
        o.check((fault['address'], fault['access'], fault['kind']) == (*SITES[trial['site']], 'near_null') and
                (incident['fault_address'], incident['fault_access']) == SITES[trial['site']], label + ': site and address', fault)
    else:
        o.fail('%s: no known site: %s' % (label, shown.get('signature')))
    o.check(shown['simulated'] is True and incident['simulated'] == 1 and trial['simulated'] == 1, label + ': marked', trial)


def judge_pairs(o, stage, trials, label):
    """Every crash has its own incident and no other; returns how many there are."""
    incidents = stage.incidents()
    crashed = [trial for trial in trials if trial['outcome'] == 'crashed']
    lacking = [trial for trial in crashed if not trial['incident'] or trial['label']]
    o.check(not lacking, label + ': no crash without its report', lacking[:3])
    owners = collections.Counter(trial['incident'] for trial in trials if trial['incident'])
    o.check(all(count == 1 for count in owners.values()), label + ': no incident twice', owners.most_common(3))
    strangers = [trial for trial in trials if trial['outcome'] in OUTCOMES and trial['outcome'] != 'crashed' and trial['incident']]
    o.check(not strangers, label + ': who lived has none', strangers[:3])
    for trial in crashed:
        if trial['incident']:
            judge_pair(o, trial, incidents[trial['incident']], stage.shown(trial['incident']), '%s, trial %d' % (label, trial['id']))
    return len(crashed)


def judge_trials(o, stage, trials, label):
    """What `experiments ID --trials --json` says is what the view says."""
    answer = stage.command('experiments', str(trials[0]['experiment']), '--trials', '--json')
    lines = {line['trial']: line for line in answer.lines}
    o.check(answer.status == 0 and set(lines) == {trial['id'] for trial in trials}, label + ': --trials', answer)
    names = ('experiment', 'condition', 'slot', 'outcome', 'started_at', 'ended_at', 'pid', 'launched_at', 'exit_status', 'signal',
             'incident', 'incident_id', 'site', 'label', 'error', 'operations')
    for trial in trials:
        line = lines.get(trial['id'], {})
        other = {name: (line.get(name), trial[name]) for name in names if line.get(name) != trial[name]}
        o.check(not other, '%s: --trials of %d' % (label, trial['id']), other)


def judge_left(o, stage, census, label, reports, kept=()):
    """No process, no zombie, and no file but the reports and the database."""
    end = time.monotonic() + 3
    left = [pid for pid in census.end() if pid not in kept]
    while left and time.monotonic() < end:
        time.sleep(.1)
        left = [pid for pid in census.look() if pid not in kept]
    o.check(not left, label + ': no process is left', left)
    o.check(not census.zombies and census.seen, label + ': no zombie', census.zombies)
    files = stage.files()
    o.check(len(files) == reports and all(name.startswith(REPRO + '-') and name.endswith('.ips') for name in files),
            label + ': the folder has the reports and nothing else', (reports, len(files), [f for f in files if f[0] == '.']))
    o.check(not os.listdir(stage.temporary), label + ': no temporary file', os.listdir(stage.temporary))
    places = {os.path.relpath(os.path.join(folder, name), stage.home) for folder, _, names in os.walk(stage.home) for name in names}
    own = {'data/agxtriage/crashes.db' + end for end in ('', '-wal', '-shm', '.lock', '.experiment')}
    strange = {name for name in places if os.path.dirname(name) != 'data/agxtriage/reports'} - own
    o.check(not strange, label + ': no file elsewhere', strange)
