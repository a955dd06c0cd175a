#!/usr/bin/env python3
"""A daemon whose hooks work, fail, hang, flood, vanish, or are the README's: what they are given, what the log says of them,
that every report is stored all the same, and that the daemon stops in time."""
import json
import os
import pathlib
import re

from outsider import Outsider, incident
from scene import Scene
from watched import Watched, parameter, put

README = pathlib.Path(__file__).resolve().parents[2] / 'README.md'
RECORD = 'printf "%s %s " "$AGXTRIAGE_ID" "$AGXTRIAGE_INCIDENT_ID" >>"$OUT"; cat >>"$OUT"'


def is_gone(pid):
    """Also a dead one whose end nobody has asked for."""
    try:
        with open('/proc/%d/stat' % pid) as file:
            return file.read().rpartition(')')[2].split()[0] == 'Z'
    except FileNotFoundError:
        return True


def works(o):
    """Once for each new crash, with the JSON of show; not for what is known, nor for another kind, nor again."""
    with Scene(o, 'works', RECORD, '--hook-max-running', '1') as scene:
        scene.put(3)
        for line in scene.await_lines(3):
            number, name, text = line.split(' ', 2)
            shown = o.run('show', number, '--json', db=scene.daemon.db)
            o.check(shown.lines == [json.loads(text)], 'works: the JSON of show', (line[:300], shown))
            o.check(json.loads(text)['incident_id'] == name, 'works: AGXTRIAGE_INCIDENT_ID', line[:300])
        o.check({line.split()[1] for line in scene.lines()} == {incident(n) for n in (1, 2, 3)}, 'works: each of them')
        put(scene.folder, 1, name='Python-again.ips')
        scene.put()
        scene.await_lines(4)
        scene.stop()
        scene.daemon.start()
        scene.put()
        scene.await_lines(5)
        o.check(len(scene.lines()) == 5, 'works: once each', len(scene.lines()))
        scene.stop()


def hostile(o):
    """A name that wants to be code is text for a hook, and what a hook says is text for the log."""
    text = '"; touch owned; $(touch owned) `touch owned` \x1b[31m'
    with Scene(o, 'hostile', RECORD) as scene:
        scene.put(procName=text)
        line = scene.await_lines(1)[0:1]
        o.check('touch owned' in ''.join(line), 'hostile: it arrives', line)
        scene.stop()
    with Scene(o, 'says', r'printf "\n\033]0;owned\007 bad \377\nmore\n" >&2; exit 3') as scene:
        scene.put()
        scene.await_log(b'exit status 3')
        scene.await_stored()
        o.clean(scene.daemon.said(), 'says: the log')
        o.check(b'more' not in scene.daemon.said(), 'says: one line', scene.daemon.said())
        scene.stop()
    o.check(not any('owned' in names for _, _, names in os.walk(o.folder)), 'hostile: nothing was run')


def fails(o):
    """Hooks that come to nothing hold up nothing."""
    for name, script, text, flags in (
            ('signal', 'kill -KILL $$', b'signal 9', ()),
            ('limit', 'trap "" TERM; echo $$ >>"$OUT"; sleep 60', b'time limit', ('--hook-timeout', '1s')),
            ('flood', 'i=0; while [ $i -lt 300 ]; do i=$((i + 1)); printf "%065536d" 0 >&2; done; exit 5', b'exit status 5', ())):
        with Scene(o, name, script, *flags) as scene:
            scene.put(3)
            scene.await_stored()
            scene.await_log(text)
            o.check(len(scene.daemon.said()) < 3000, name + ': the log stays readable', len(scene.daemon.said()))
            scene.stop()
            o.check(all(Watched.until(lambda p=pid: is_gone(int(p)), 5) for pid in scene.lines()), name + ': none is left')


def vanishes(o):
    """The program is taken away, and comes back."""
    program = o.path('hook-program')
    text = b'#!/bin/sh\necho "$AGXTRIAGE_ID" >>"$OUT"\n'
    o.write(program, text)
    os.chmod(program, 0o755)
    with Scene(o, 'vanishes', None, '--hook', program) as scene:
        scene.put()
        scene.await_lines(1)
        os.unlink(program)
        scene.put()
        scene.await_log(b'not started')
        scene.await_stored()
        o.write(program + '.new', text)
        os.chmod(program + '.new', 0o755)
        os.rename(program + '.new', program)
        scene.put()
        scene.await_lines(2)
        scene.stop()


def hangs_at_the_end(o):
    """Those that run when the daemon is told to stop."""
    for name, script in (('hangs', 'echo $$ >>"$OUT"; exec sleep 60'),
                         ('stubborn', 'trap "" TERM; echo $$ >>"$OUT"; sleep 60'),
                         ('leaves', 'sleep 60 & echo $! >>"$OUT"; wait')):
        with Scene(o, name, script, '--hook-timeout', '50s') as scene:
            scene.put(4)
            pids = scene.await_lines(2)
            scene.await_stored()
            scene.stop(15)
            o.check(all(Watched.until(lambda p=pid: is_gone(int(p)), 5) for pid in pids), name + ': none is left', pids)


def burst(o):
    """Many at once: each is run for once, none is forgotten."""
    count = parameter('REPORTS', 300)
    with Scene(o, 'burst', 'echo "$AGXTRIAGE_INCIDENT_ID" >>"$OUT"') as scene:
        scene.put(count)
        lines = scene.await_lines(count, 120)
        scene.await_stored()
        o.check(sorted(lines) == sorted(incident(n + 1) for n in range(count)), 'burst: each once', len(set(lines)))
        scene.stop()


def of_the_readme(o):
    """Its hook, as it stands there; what else the configuration says is of another machine."""
    text = README.read_text(encoding='utf-8').partition('\n## Configuration\n')[2]
    config = re.search(r'^```json\n(.*?)^```$', text, re.M | re.S)
    if not o.check(config, 'README: a configuration'):
        return
    folder = pathlib.Path(o.env['HOME'], '.config', 'agxtriage')
    folder.mkdir(parents=True)
    hook = json.loads(config.group(1))['hook']
    (folder / 'config.json').write_text(json.dumps({'hook': hook}), encoding='utf-8')
    scene = Scene(o, 'readme', None)
    scene.out = os.path.join(o.env['HOME'], 'crashes.jsonl')
    with scene:
        scene.put(2)
        for line in scene.await_lines(2):
            o.check(json.loads(line)['kind'] == 'crash', 'README: a line of JSON', line[:200])
        scene.stop()


def main():
    o = Outsider()
    for test in (works, hostile, fails, vanishes, hangs_at_the_end, burst, of_the_readme):
        test(o)
    o.end()


main()
