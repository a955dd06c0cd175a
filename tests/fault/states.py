#!/usr/bin/env python3
"""States under a live daemon: what was fixed comes again on a later build, and watch, the hook, list and status say so; an
older build, another site and another machine's build number change nothing; many at once change a state and lose none; a site's
state goes with its incidents although reclassify is killed; flat files tell states and neighbours as show does."""
import glob
import json
import os
import time

from outsider import Outsider, dump, good, incident
from scene import Scene
from watched import Watched

SITE = 'agx-set-compute-pipeline-state'
LATER = {'train': 'macOS 15.8', 'build': '24H5', 'releaseType': 'User'}
OLDER = {'train': 'macOS 15.6', 'build': '24G84', 'releaseType': 'User'}


def triage(o, db, *words):
    answer = o.run('triage', SITE, *words, '--json', db=db)
    o.check(answer.status == 0 and len(answer.lines) == 1, 'triage %r' % (words,), answer)
    return answer.lines[0] if answer.lines else {}


def status_of(o, db, number):
    """As show and list have it."""
    shown = o.run('show', incident(number), '--json', db=db)
    listed = o.run('list', 'incident_id=' + incident(number), '--json', db=db)
    both = [line['status'] for line in shown.lines + listed.lines]
    o.check(len(both) == 2 and both[0] == both[1], 'show and list agree of %d' % number, both)
    return both[0] if both else None


def hooked(scene, count):
    """[(status of the environment, status of the JSON, incident)]"""
    found = []
    for line in scene.await_lines(count):
        word, text = line.split(' ', 1)
        crash = json.loads(text)
        found.append((word, crash['status'], crash['incident_id'], crash['state']['fixed_in']))
    return found


def watched(o, scene, statuses):
    """The ends of the lines that watch has printed; a state is that of the moment when its line is printed."""
    def ends():
        with open(scene.out + '.watch', encoding='utf-8') as file:
            return [line.split()[-1] for line in file.read().split('\n')[:-1]]
    o.check(Watched.until(lambda: len(ends()) >= len(statuses), 20) and ends() == statuses, 'watch says so', ends())


def comes_again(o):
    with Scene(o, 'again', 'printf "%s " "$AGXTRIAGE_STATUS" >>"$OUT"; cat >>"$OUT"', '--hook-max-running', '1') as scene:
        db = scene.daemon.db
        scene.put()
        o.check(hooked(scene, 1) == [('open', 'open', incident(1), None)], 'at first it is open', scene.lines())
        changed = triage(o, db, '--status', 'fixed', '--fixed-in', '24H1', '--note', 'with 15.8')
        o.check(changed.get('changed') == ['status', 'fixed_in', 'note'] and changed.get('on_fixed') == 0, 'it is set', changed)
        watch = o.start('-v', 'watch', '-n', '3', db=db, stdout=open(scene.out + '.watch', 'wb'))
        Watched.until(lambda: b'watching' in watch.stderr.readline(), 20)
        scene.put(osVersion=OLDER)
        watched(o, scene, ['fixed'])
        o.check(hooked(scene, 2)[1] == ('fixed', 'fixed', incident(2), '24H1'), 'an older build', scene.lines())
        scene.put(osVersion=LATER)
        o.check(hooked(scene, 3)[2] == ('regressed', 'regressed', incident(3), '24H1'), 'it comes again', scene.lines())
        watched(o, scene, ['fixed', 'regressed'])
        scene.put(osVersion=OLDER)
        o.check(hooked(scene, 4)[3][0] == 'regressed', 'until somebody says otherwise', scene.lines())
        watched(o, scene, ['fixed', 'regressed', 'regressed'])
        o.check(o.finish(watch).status == 0, 'watch ends')
        o.check([status_of(o, db, n) for n in (1, 2, 3, 4)] == ['regressed'] * 4, 'all of the signature')
        state = o.run('status', '--json', db=db).lines[0]
        o.check(state['regressed'] == 1 and state['running'], 'status counts it', state)
        history = o.run('triage', SITE, '--json', db=db).lines[0]
        o.check(history['status'] == 'fixed' and history['regressed'][0]['count'] == 4, 'the site names it', history)
        shown = o.run('show', incident(3), '--json', db=db).lines[0]['state']
        o.check(shown['regressed_on'] == '24H5' and shown['regressed_by'] == 3, 'show tells how', shown)
        scene.stop()


def odd_registers(o):
    """A register that is called like a member of ours says nothing to the hook."""
    state = {'flavor': 'ARM_THREAD_STATE64', 'x': [{'value': 1}], 'pc': {'value': 2}, 'status': {'value': 5}, 'kind': {'value': 6}}
    frames = good(1)
    body = json.loads(frames.split(b'\n', 1)[1])
    body['threads'][0]['threadState'] = state
    with Scene(o, 'registers', 'printf "%s\\n" "$AGXTRIAGE_STATUS" >>"$OUT"; cat >/dev/null') as scene:
        scene.put(threads=body['threads'])
        o.check(scene.await_lines(1) == ['open'], 'registers: AGXTRIAGE_STATUS', scene.lines())
        scene.stop()


def many_at_once(o):
    """The daemon stores while several change the same state: each change is one line of history."""
    with Scene(o, 'many', None) as scene:
        db = scene.daemon.db
        scene.put()
        scene.await_stored()
        began = [o.start('triage', SITE, '--note', 'number %d' % n, db=db) for n in range(12)]
        scene.put(30)
        for process in began:
            answer = o.finish(process)
            o.check(answer.status == 0, 'many: each is written', answer)
        scene.await_stored()
        history = o.run('triage', SITE, '--json', db=db).lines[0]
        notes = sorted(event['note'] for event in history['history'])
        o.check(notes == sorted('number %d' % n for n in range(12)), 'many: none is lost', notes)
        o.check(history['crashes'] == 31 and history['note'] in notes, 'many: one holds', (history['crashes'], history['note']))
        scene.stop()
        o.integrity(db, 'many')


def reclassify_killed(o):
    """At whatever moment: in the end the site that all incidents have gone to has the state, and nobody else."""
    db, place, own = o.db(), o.new('many'), o.new('own')
    for n in range(1, 2001):
        o.write('%s/Python-%d.ips' % (place, n), good(n))
    o.run('scan', '-q', place, db=db)
    triage(o, db, '--status', 'fixed', '--fixed-in', '24H1', '--note', 'with 15.8')
    rule = {'site': 'my-own-site', 'title': 'Mine', 'priority': 95, 'match': [{'frame': '*setComputePipelineState*'}]}
    os.mkdir(own + '/rules.d')
    o.write(own + '/rules.d/mine.json', json.dumps({'version': 1, 'rules': [rule]}).encode())
    again = ('--config', o.write(own + '/config.json', b'{}'), 'reclassify', '--json')
    began = time.monotonic()
    dry = o.run(*again, '--dry-run', db=db)
    took = time.monotonic() - began
    state = {'target': 'site', 'name': SITE, 'status': 'fixed', 'to': 'my-own-site', 'moved': True}
    o.check(dry.summary.get('changed') == 2000 and dry.summary.get('states') == [state], 'killed: told before', dry)
    for part in (0.3, 0.6):
        process = o.start(*again, db=db)
        time.sleep(took * part)
        process.kill()
        process.communicate()
    last = o.run(*again, db=db)
    o.check(last.status == 0, 'killed: the last run', last)
    states = o.run('triage', '--json', db=db).lines
    o.check([(s['name'], s['status'], s['fixed_in'], s['note'], s['incidents']) for s in states] ==
            [('my-own-site', 'fixed', '24H1', 'with 15.8', 2000)], 'killed: the state has gone with them', states)
    history = o.run('triage', 'my-own-site', '--json', db=db).lines[0]['history']
    o.check([(h['name'], h['cause'], h['status']) for h in history] ==
            [(SITE, 'user', 'fixed'), (SITE, 'reclassify', None), ('my-own-site', 'reclassify', 'fixed')], 'killed: its history', history)
    o.integrity(db, 'killed')


def flat(o):
    """Each file is what show prints; redacted, nothing of others, and no word of the user's own."""
    db, place = o.db(), o.new('reports')
    when = {'captureTime': '2026-02-03 10:11:00.00 +0100', 'osVersion': LATER}
    o.write(place + '/Python-1.ips', good(1, **when))
    o.write(place + '/Python-2.ips', good(2, **when))
    o.write(place + '/gpuEvent-1.ips', dump(
        {'bug_type': '284', 'timestamp': '2026-02-03 10:11:12.00 +0100', 'os_version': 'macOS 15.8 (24H5)', 'incident_id': incident(3)},
        {'process_name': 'Python', 'timestamp': 1770109872, 'bug_type': '284',
         'analysis': {'signature': 579, 'restart_reason': 7, 'restart_reason_desc': 'firmware-detected lockup'}}))
    o.run('scan', '-q', place, db=db)
    triage(o, db, '--status', 'fixed', '--fixed-in', '24H1', '--note', 'ask Zaphod.Beeblebrox@example.org')
    o.write(place + '/Python-4.ips', good(4, **when))
    o.run('scan', '-q', place, db=db)

    def written(*args):
        to = o.new('flat')
        answer = o.run('export', '--flat', to, *args, db=db)
        o.check(answer.status == 0, 'flat', answer)
        return {json.loads(line)['incident_id']: json.loads(line) for line in (open(name, encoding='utf-8').read()
                                                                               for name in glob.glob(to + '/*.json'))}
    whole, clean = written('--no-redact'), written('kind=crash')
    for number in (1, 2, 3, 4):
        shown = o.run('show', incident(number), '--json', db=db).lines[0]
        o.check(whole[incident(number)] == shown, 'flat: as show', (whole[incident(number)], shown))
    one = whole[incident(4)]
    o.check(one['status'] == 'regressed' and one['state']['regressed_on'] == '24H5' and one['state']['fixed_in'] == '24H1' and
            [near['incident_id'] for near in one['neighbours']] == [incident(3)], 'flat: state and neighbours', one['state'])
    one = clean[incident(4)]
    o.check(len(clean) == 3 and one['neighbours'] == [] and one['neighbours_left_out'] == 1, 'flat: others stay', one['neighbours'])
    o.check(one['state']['fixed_in'] == '24H1' and not any(word in json.dumps(clean).lower() for word in ('zaphod', 'beeblebrox', incident(3).lower())),
            'flat: redacted', one['state'])
    both = written()[incident(4)]
    o.check([(near['incident_id'], near['kind']) for near in both['neighbours']] == [(incident(3), 'gpu_event')], 'flat: both leave', both['neighbours'])


def main():
    o = Outsider()
    for test in (comes_again, odd_registers, many_at_once, reclassify_killed, flat):
        test(o)
    o.end()


main()
