"""export: the same bytes each time, nothing left behind, names that stay inside, limits that hold."""
import hashlib
import json
import os
import pty
import random
import select
import signal
import stat
import subprocess
import sys
import time

import archives
import outsider
from outsider import Outsider, dump, good, incident, report, text

o = Outsider()
random.seed(int(os.environ.get('AGXTRIAGE_FAULT_SEED', '5')))
KILLS = int(os.environ.get('AGXTRIAGE_FAULT_KILLS', '8'))


def filled(count, **changes):
    """A database with so many crashes, a minute apart."""
    place, db = o.new('reports'), o.db()
    for number in range(1, count + 1):
        captured = '2025-12-20 %02d:%02d:18.2862 -0800' % (10 + number // 60, number % 60)
        o.write('%s/Python-%d.ips' % (place, number), good(number, captureTime=captured, **changes))
    o.run('scan', '-q', place, db=db)
    return db


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def export(db, path, *args, label='export', status=0, **more):
    answer = o.run('export', '-o', path, *args, db=db, **more)
    o.check(answer.status == status, label, answer)
    return answer


def same_bytes(db):
    """Another clock, place, language, mask, and another time: the same archive."""
    for form in ('tar.gz', 'tar.zst', 'zip'):
        first = o.new('a') + '/x.' + form
        export(db, first)
        elsewhere = o.new('b')
        time.sleep(1.1)
        os.mkdir(elsewhere + '/tmp')
        env = dict(o.env, TZ='Asia/Kathmandu', LC_ALL='tr_TR.UTF-8', LANG='de_DE.UTF-8', TMPDIR=elsewhere + '/tmp', COLUMNS='40')
        export(db, 'y.' + form, env=env, cwd=elsewhere, before=lambda: os.umask(0o027))
        o.check(digest(first) == digest('%s/y.%s' % (elsewhere, form)), form + ': two runs, two archives')
        o.check(not os.listdir(elsewhere + '/tmp'), form + ': left in TMPDIR', os.listdir(elsewhere + '/tmp'))


def whole(db, count):
    for form in ('tar.gz', 'zip'):
        path = o.new() + '/x.' + form
        answer = export(db, path, '--json')
        members, about = archives.read(path)
        o.check(not archives.sums_hold(members), form + ': SHA256SUMS', archives.sums_hold(members))
        for name in members:
            o.check(archives.NAME.fullmatch(name), form + ': name', name)
        manifest = archives.manifest(members)
        o.check(manifest['counts']['incidents'] == manifest['counts']['reports'] == count, form + ': counts', manifest['counts'])
        o.check([row['name'] for row in manifest['files']] == [name for name in members if name not in ('manifest.json', 'SHA256SUMS')]
                or sorted(row['name'] for row in manifest['files']) == sorted(set(members) - {'manifest.json', 'SHA256SUMS'}),
                form + ': files', [row['name'] for row in manifest['files']][:20])
        for row in manifest['reports']:
            o.check(hashlib.sha256(members[row['name']]).hexdigest() == row['sha256'], form + ': report', row)
        rows = json.loads(members['incidents.json'])
        times = [row['captured_at'] for row in rows]
        o.check(len(rows) == count and times == sorted(times, reverse=True), form + ': newest first', times[:5])
        o.check(answer.summary.get('bytes') == os.path.getsize(path), form + ': bytes', answer)
        o.check(stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0, form + ': readable by others', oct(os.stat(path).st_mode))
        if form == 'tar.gz':
            o.check(len({row[1:6] for row in about}) == 1 and about[0][1:5] == ('', '', 0, 0), 'owners and times', about[0])
            # No name, no time, no comment: flags 0, mtime 0.
            o.check(archives.header_of(path)[3:8] == b'\0' * 5, "gzip's header", archives.header_of(path)[:10])


def purposes(db):
    place = o.new()
    always = {'manifest.json', 'SHA256SUMS', 'REPORT.md', 'report.html', 'incidents.json', 'experiments.json', 'platform.json',
              'repro/agxtriage-repro.m', 'repro/README.md'}
    for purpose, more in (('apple', {'FEEDBACK.md'}), ('github', {'ISSUE.md'}), ('archive', {'FEEDBACK.md', 'ISSUE.md'})):
        export(db, '%s/%s.tar.gz' % (place, purpose), '--for', purpose)
        members, _ = archives.read('%s/%s.tar.gz' % (place, purpose))
        got = {name for name in members if not name.startswith('reports/')}
        o.check(got == always | more, purpose, sorted(got))
        o.check(archives.manifest(members)['purpose'] == purpose, purpose + ': manifest', archives.manifest(members)['purpose'])
        if 'ISSUE.md' in members:
            o.check(0 < len(members['ISSUE.md'].decode('utf-8')) < 65536, 'ISSUE.md', len(members['ISSUE.md']))


def hostile_names():
    """Whatever a report calls itself, its member has a name of our making."""
    place, db = o.new('hostile'), o.db()
    names = ('../../../../tmp/evil', '/etc/passwd', 'a\nb', 'x' * 4000, '..', '.', '', 'C:\\evil', '\u202e79BC', 'CON', '%2e%2e%2f',
             '79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9/../x')
    for number, name in enumerate(names, 1):
        header, body = report(number, procName=name or 'Python')
        header['incident_id'] = body['incident'] = name
        o.write('%s/Python-%d.ips' % (place, number), dump(header, body))
    o.run('scan', '-q', '--all', place, db=db)
    for args in ((), ('--no-redact',)):
        for form in ('tar.gz', 'zip'):
            path = '%s/x%d.%s' % (o.new(), len(args), form)
            export(db, path, *args)
            members, about = archives.read(path)
            for row in about:
                name = row[0].rstrip('/')
                o.check(name == archives.FOLDER.rstrip('/') or name in ('agxtriage-export/reports', 'agxtriage-export/repro') or
                        (name.startswith(archives.FOLDER) and archives.NAME.fullmatch(name.removeprefix(archives.FOLDER))), 'name', name)
            o.check(archives.manifest(members)['counts']['incidents'] >= len(names) - 1, 'hostile names: all there',
                    archives.manifest(members)['counts'])


def hostile_ids():
    """What an incident calls itself is shown to people only where it has the form that all have."""
    place, db = o.new('hostile'), o.db()
    names = ('../../../../tmp/evil', '/etc/passwd', '..', 'C:\\evil', '\u202e79BC', '%2e%2e%2f', '79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9/../x')
    for number, name in enumerate(names, 1):
        header, body = report(number)
        header['incident_id'] = body['incident'] = name
        o.write('%s/Python-%d.ips' % (place, number), dump(header, body))
    o.write(place + '/Python-good.ips', good(20))
    o.run('scan', '-q', '--all', place, db=db)
    for args in ((), ('--no-redact',)):
        path = o.new() + '/x.tar.gz'
        export(db, path, *args)
        members, about = archives.read(path)
        for shown in ('REPORT.md', 'report.html', 'ISSUE.md', 'FEEDBACK.md'):
            found = [odd for odd in ('../', 'passwd', 'evil', '%2e', '\u202e') if odd in members[shown].decode()]
            o.check(not found, 'an odd id in ' + shown, found)
        o.check(incident(20).encode() in members['REPORT.md'] and incident(20).encode() in members['report.html'], 'a good id')
        o.check(all(archives.NAME.fullmatch(name) for name in members), 'odd ids: names', sorted(members))
        flat = o.new('flat')
        o.run('export', '--flat', flat, *args, db=db)
        o.check(sorted(os.listdir(flat)) == ['crash_20251221_013618%s.json' % more for more in [''] + ['_%d' % i for i in range(2, 9)]], 'odd ids: flat',
                sorted(os.listdir(flat)))


def killed(db):
    """Whenever it dies, the old archive stands or the new one, and nothing else."""
    place, temporary = o.new('killed'), o.new('temporary')
    path = place + '/x.tar.gz'
    env = dict(o.env, TMPDIR=temporary)
    began = time.monotonic()
    export(db, path, env=env)
    took = time.monotonic() - began
    want = digest(path)
    os.unlink(path)
    survived = 0
    for number in range(KILLS):
        process = o.start('export', '-o', path, db=db, env=env, start_new_session=True)
        time.sleep(random.uniform(0, took * 1.1))
        process.kill()
        process.communicate()
        time.sleep(0.1)
        left = os.listdir(place)
        o.check(left in ([], ['x.tar.gz']), 'killed: left behind', left)
        o.check(not os.listdir(temporary), 'killed: left in TMPDIR', os.listdir(temporary))
        if left:
            survived += 1
            o.check(digest(path) == want, 'killed: another archive', number)
            os.unlink(path)
    print('killed %d times, %d archives were finished by then' % (KILLS, survived))
    process = o.start('export', '-o', path, db=db, env=env)
    time.sleep(took / 3)
    process.send_signal(signal.SIGINT)
    answer = o.finish(process)
    o.check(answer.status in (0, 1, -2), 'interrupted', answer)
    o.check(answer.status == 0 or os.listdir(place) == [], 'interrupted: left behind', os.listdir(place))


def targets(db):
    """Only a regular file is replaced."""
    place = o.new('targets')
    victim = o.write(place + '/victim', b'mine')
    os.symlink(victim, place + '/link.zip')
    os.mkdir(place + '/folder.zip')
    os.mkfifo(place + '/fifo.zip')
    for name in ('link.zip', 'folder.zip', 'fifo.zip', 'missing/x.zip'):
        answer = export(db, '%s/%s' % (place, name), label=name, status=1)
        o.one_line(answer, name)
    o.check(open(victim, 'rb').read() == b'mine', 'the file behind a link was written')
    o.check(stat.S_ISFIFO(os.lstat(place + '/fifo.zip').st_mode) and os.path.islink(place + '/link.zip'), 'targets are gone')
    o.check(sorted(os.listdir(place)) == ['fifo.zip', 'folder.zip', 'link.zip', 'victim'], 'targets: left', os.listdir(place))
    old = o.write(place + '/old.zip', b'old')
    export(db, old)
    o.check(os.path.getsize(old) > 100, 'an old archive is replaced')
    answer = o.terminal('export', '-o', '-', db=db)
    o.check(answer.status == 2 and b'\x1f\x8b' not in answer.out, 'an archive on a terminal', answer)
    answer = o.run('export', '-o', '-', db=db)
    o.check(answer.status == 0 and answer.out[:2] == b'\x1f\x8b', 'to a pipe', answer.status)
    with open('/dev/full', 'wb') as full:
        answer = o.finish(o.start('export', '-o', '-', db=db, stdout=full))
        o.check(answer.status == 1 and answer.err, 'a full device', answer)


def sizes(db, count):
    """Whole incidents go, from the oldest on, and it is told which."""
    place = o.new('sizes')
    path = place + '/all.tar.gz'
    export(db, path)
    all_members, _ = archives.read(path)
    limit = os.path.getsize(path) - (os.path.getsize(path) - smallest(db, place)) // 2
    answer = export(db, place + '/some.tar.gz', '--json', '--max-size', str(limit))
    members, _ = archives.read(place + '/some.tar.gz')
    dropped = answer.summary['dropped']
    kept = [row['id'] for row in json.loads(members['incidents.json'])]
    everything = [row['id'] for row in json.loads(all_members['incidents.json'])]
    o.check(os.path.getsize(place + '/some.tar.gz') <= limit, 'too large', (os.path.getsize(place + '/some.tar.gz'), limit))
    o.check(0 < len(dropped) < count and kept + dropped == everything, 'dropped from the tail', (kept, dropped))
    left_out = archives.manifest(members)['left_out']
    o.check([row['id'] for row in left_out] == dropped, 'told in the manifest', left_out)
    o.check(b'left out' in answer.err, 'told on stderr', answer)
    told = 'This archive has the newest %d of %d incidents' % (len(kept), count)
    for name in ('REPORT.md', 'report.html', 'FEEDBACK.md', 'ISSUE.md'):
        o.check(told in members[name].decode()[:200000] and 'This archive has' not in all_members[name].decode(), 'told in ' + name, told)
    o.check('%d of %d incidents, the oldest' % (len(dropped), count) in members['FEEDBACK.md'].decode(), 'told where reports/ is told of')
    o.check(not archives.sums_hold(members), 'sums of a smaller one')
    answer = export(db, place + '/none.tar.gz', '--max-size', '1000', status=1)
    o.one_line(answer, 'no incident fits', 'newest incident')
    o.check(not os.path.exists(place + '/none.tar.gz'), 'no incident fits, and yet a file')


def smallest(db, place):
    answer = export(db, place + '/one.tar.gz', '-q', incident(1))
    o.check(answer.status == 0, 'one of them', answer)
    return os.path.getsize(place + '/one.tar.gz')


def flat(db, count):
    """One file per incident, the same names the second time, foreign files untouched."""
    place = o.new('flat')
    foreign = o.write(place + '/crash_20251220_181118.json', b'{"incident_id": "%s", "mine": true}\n' % incident(1).encode())
    o.run('export', '--flat', place, db=db)
    first = {name: open(place + '/' + name, 'rb').read() for name in sorted(os.listdir(place))}
    o.check(len(first) == count + 1, 'flat: files', len(first))
    o.check(first['crash_20251220_181118.json'].endswith(b'true}\n') and 'crash_20251220_181118_2.json' in first, 'flat: a foreign file',
            sorted(first)[:4])
    ids = {json.loads(content)['incident_id'] for content in first.values()}
    o.check(len(ids) == count, 'flat: incidents', len(ids))
    answer = o.run('export', '--flat', place, '--json', db=db)
    second = {name: open(place + '/' + name, 'rb').read() for name in sorted(os.listdir(place))}
    o.check(first == second and answer.summary.get('written') == 0, 'flat: a second run', answer)
    os.unlink(foreign)
    o.run('export', '--flat', place, db=db)
    o.check(not any(name.startswith('.') for name in os.listdir(place)), 'flat: temporary files', os.listdir(place)[:5])


def same_second():
    place, db = o.new('second'), o.db()
    for number in range(1, 6):
        o.write('%s/Python-%d.ips' % (place, number), good(number))
    o.write(place + '/Python-6.ips', good(6, captureTime=None))
    o.run('scan', '-q', place, db=db)
    one, two = o.new('flat'), o.new('flat')
    o.run('export', '--flat', one, incident(3), db=db)
    o.check(os.listdir(one) == ['crash_20251221_013618.json'], 'flat: one', os.listdir(one))
    for folder in (one, two, two):
        o.run('export', '--flat', folder, db=db)
        names = sorted(os.listdir(folder))
        o.check(len({json.load(open('%s/%s' % (folder, name)))['incident_id'] for name in names}) == len(names) == 6, 'flat: same second',
                names)
    o.check({'crash_20251221_013618.json', 'crash_20251221_013618_5.json'} <= set(os.listdir(two)), 'flat: numbers', os.listdir(two))


def without_bytes():
    """What retention has taken the bytes of is there all the same, as far as it is known."""
    db = filled(9)
    answer = o.run('gc', '--raw-max-age', '1s', db=db)
    o.check(answer.status == 0, 'gc', answer)
    path = o.new() + '/x.tar.gz'
    for args in ((), ('--no-redact',)):
        answer = export(db, path, '--json', *args)
        members, _ = archives.read(path)
        rows = json.loads(members['incidents.json'])
        o.check(len(rows) == 9 and answer.summary['without_report'] > 0, 'without bytes', answer)
        o.check(len([name for name in members if name.startswith('reports/')]) == 9 - answer.summary['without_report'], 'reports', answer)
        o.check(all(row['site'] == 'agx-set-compute-pipeline-state' for row in rows), 'without bytes: sites', rows[-1])


def replaced_of(rows):
    return {row['value'] for row in rows}


def dropped_values():
    """What stands only in incidents that are left out is neither counted nor shown, nor is what was said of them."""
    place, db = o.new('dropped'), o.db()
    for number in range(1, 25):
        captured = '2025-12-20 10:%02d:18.2862 -0800' % number
        o.write('%s/Python-%d.ips' % (place, number), good(number, captureTime=captured, coalitionName='sulvenquor%s' % chr(96 + number)))
    header, other = report(25, captureTime='2025-12-19 10:00:18.2862 -0800')
    other['threads'][0]['frames'][0]['symbol'] = 'Renderer::draw()'
    o.write(place + '/Python-old.ips', dump(header, other))
    o.run('scan', '-q', place, db=db)
    old = o.run('list', '--json', incident(25), db=db).lines[0]['signature']['hash']
    new = o.run('list', '--json', incident(1), db=db).lines[0]['signature']['hash']
    for signature, note in ((old, 'morvenquist'), (new, 'tallenbrack')):
        o.run('triage', signature, '--note', note, db=db)
    path = o.new() + '/x.tar.gz'
    everything = export(db, path, '--json', '--review').summary
    values = replaced_of(everything['replacements'])
    o.check({'sulvenquora', 'sulvenquorx', 'morvenquist', 'tallenbrack'} <= values, 'the manifest is reviewed', sorted(values))
    limit = os.path.getsize(path) - (os.path.getsize(path) - smallest(db, os.path.dirname(path))) // 2
    some = export(db, path, '--json', '--review', '--max-size', str(limit)).summary
    members, _ = archives.read(path)
    values = replaced_of(some['replacements'])
    kept = {int(row['incident_id'][:8], 16) for row in json.loads(members['incidents.json'])}
    o.check(some['dropped'] and 'sulvenquorx' in values and 'sulvenquora' not in values, 'of what is left out', sorted(values))
    o.check(some['replaced'] == len(values), 'replaced', (some['replaced'], len(values)))
    o.check(some['replaced'] == export(db, path, '--json', '--max-size', str(limit)).summary['replaced'], 'replaced, without a review')
    for row in some['replacements']:
        o.check(row['first'] in members, 'a member that is there', row)
        if row['value'].startswith('sulvenquor'):
            o.check(ord(row['value'][-1]) - 96 in kept, 'a value that is not there', row)
    states = archives.manifest(members)['states']
    o.check([row['name'] for row in states] == [new], 'states of what is there', states)
    alone = export(db, path, '--json', incident(25)).summary
    states = archives.manifest(archives.read(path)[0])['states']
    o.check(alone['incidents'] == 1 and [row['name'] for row in states] == [old], 'states of one', states)


def words(db):
    """A word that would stay is refused, as is what makes no sense together."""
    path = o.new() + '/x.tar.gz'
    for word in ('python', 'Shared', 'public', 'default', 'AGXMetal', '<acme>', '', '  ', '<user-1>'):
        answer = export(db, path, '--redact', word, label='--redact %r' % word, status=2)
        o.check(b'--redact' in answer.err and not os.path.exists(path), '--redact %r: told' % word, answer)
    for word in ('zarquon', 'zarquon velmora', 'xq', 'Ünique'):
        export(db, path, '--redact', word, label='--redact %r' % word)
    for args in (('--flat', os.path.dirname(path) + '/flat'), ('-o', path)):
        answer = o.run('export', *args, '--redact', 'zarquon', '--no-redact', db=db)
        o.check(answer.status == 2 and not os.path.exists(os.path.dirname(path) + '/flat'), '--redact and --no-redact', answer)


def asked_and_interrupted(db):
    """A person who gives up at the question ends it at once, whatever waited."""
    place, temporary = o.new('asked'), o.new('temporary')
    for way in ('key', signal.SIGINT, signal.SIGTERM):
        child, fd = pty.fork()
        if not child:
            command = [outsider.PROGRAM, '--db', db, 'export', '--review', '-o', place + '/x.tar.gz']
            os.execve(command[0], command, dict(o.env, TMPDIR=temporary))
        seen = b''
        while b'[y/N]' not in seen and select.select([fd], [], [], 30)[0]:
            seen += os.read(fd, 65536)
        began = time.monotonic()
        if way == 'key':
            os.write(fd, b'\x03')
        else:
            os.kill(child, way)
        try:
            while select.select([fd], [], [], 30)[0] and os.read(fd, 65536):
                pass
        except OSError:
            pass  # the other side is closed
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(fd)
        o.check(b'[y/N]' in seen and status != 0 and time.monotonic() - began < 20, 'asked and interrupted', (way, status, time.monotonic() - began))
        o.check(os.listdir(place) == os.listdir(temporary) == [], 'asked and interrupted: left behind', os.listdir(place) + os.listdir(temporary))


def documents():
    """Several reports in one file, text forms, HTML: each is redacted on its own, all are kept as they are without."""
    place, db = o.new('documents'), o.db()
    o.write(place + '/many.txt', b'first\n\n' + text(1) + b'\nand then\n\n' + text(2) + b'\n' + good(3))
    o.write(place + '/html.txt', b'<pre>' + text(4).replace(b'<', b'&lt;').replace(b'>', b'&gt;') + b'</pre>\n')
    o.run('scan', '-q', place + '/many.txt', place + '/html.txt', db=db)
    before = o.run('list', '--json', db=db).lines
    o.check(len(before) == 4, 'documents', len(before))
    for args, files in (((), 4), (('--no-redact',), 2)):
        path = '%s/x.tar.gz' % o.new()
        export(db, path, *args)
        members, _ = archives.read(path)
        o.check(len([name for name in members if name.startswith('reports/')]) == files, 'documents: files', sorted(members)[-5:])
        again = o.db()
        answer = o.run('import', path, db=again)
        after = o.run('list', '--json', db=again).lines
        o.check(answer.status == 0 and [row['signature']['hash'] for row in after] == [row['signature']['hash'] for row in before],
                'documents: imported', answer)
        if args:
            o.check(after == before, 'documents: the same again', (after[0], before[0]))


def main():
    count = 24
    db = filled(count)
    same_bytes(db)
    whole(db, count)
    purposes(db)
    hostile_names()
    hostile_ids()
    killed(db)
    targets(db)
    sizes(db, count)
    flat(db, count)
    same_second()
    without_bytes()
    documents()
    dropped_values()
    words(db)
    asked_and_interrupted(db)
    o.end()


main()
