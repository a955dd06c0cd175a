#!/usr/bin/env python3
"""States under a live daemon: what was fixed comes again on a later build, and watch, the hook, list and status say so; an
older build, another site and another machine's build number change nothing; many at once change a state and lose none."""
import json

from outsider import Outsider, good, incident
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


def main():
    o = Outsider()
    for test in (comes_again, odd_registers, many_at_once):
        test(o)
    o.end()


main()
