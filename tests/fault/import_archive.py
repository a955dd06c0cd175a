"""import: an archive comes back as it was; one that lies or is broken does no harm."""
import gzip
import hashlib
import json
import os
import random
import sqlite3
import zipfile

import archives
from outsider import Outsider, dump, good, report, text

o = Outsider()
random.seed(6)
COUNT = 12


def filled():
    place, db = o.new('reports'), o.db()
    for number in range(1, COUNT + 1):
        o.write('%s/Python-%d.ips' % (place, number), good(number))
    # Seen twice, once with other bytes: a conflict.
    o.run('scan', '-q', place, db=db)
    o.write(place + '/Python-again.ips', good(3, uptime=1))
    o.run('scan', '-q', place, db=db)
    return db


def listed(db):
    return o.run('list', '--json', db=db).lines


def round_trip(db):
    want = listed(db)
    o.check(sum(row['conflicts'] for row in want) == 1, 'a conflict was counted', [row['conflicts'] for row in want])
    for form in ('tar.gz', 'tar.zst', 'zip'):
        path = '%s/x.%s' % (o.new(), form)
        o.run('export', '--no-redact', '-o', path, db=db)
        for how in ('file', 'stdin'):
            again = o.db()
            if how == 'file':
                answer = o.run('import', '--json', path, db=again)
            else:
                answer = o.run('import', '--json', '-', db=again, input=open(path, 'rb').read())
            o.check(answer.status == 0 and answer.summary['added'] == COUNT, '%s, %s' % (form, how), answer)
            o.check(listed(again) == want, '%s, %s: list' % (form, how))
            for row in want:
                raw = o.run('show', '--raw', str(row['id']), db=again).out
                o.check(hashlib.sha256(raw).hexdigest() == row['source']['sha256'], '%s, %s: bytes' % (form, how), row['id'])
            o.integrity(again, 'imported')
            answer = o.run('import', '--json', path, db=again)
            o.check(answer.status == 0 and answer.summary['added'] == 0 and answer.summary['known'] == COUNT, 'twice', answer)
            o.check(listed(again) == want, 'twice: list')


def redacted(db):
    path = o.new() + '/x.tar.gz'
    o.run('export', '-o', path, db=db)
    want, again = listed(db), o.db()
    answer = o.run('import', '--json', path, db=again)
    o.check(answer.status == 0 and answer.summary['redacted'] is True and answer.summary['added'] == COUNT, 'redacted', answer)
    got = listed(again)
    for member in ('incident_id', 'site', 'kind', 'captured_at', 'status', 'id', 'fault', 'operation'):
        o.check([row[member] for row in got] == [row[member] for row in want], 'redacted: ' + member)
    o.check([row['signature']['hash'] for row in got] == [row['signature']['hash'] for row in want], 'redacted: signatures')
    o.check(all(row['source']['path'].startswith(path + '/reports/') for row in got), 'redacted: paths', got[0]['source'])
    for args in (('show', 'latest'), ('show', '--explain', '1'), ('top',), ('list',), ('reclassify',), ('sql', 'select count(*) from frames')):
        answer = o.run(*args, db=again)
        o.check(answer.status == 0, 'redacted: %s' % (args,), answer)
    # Its own reports, come back redacted, contradict nothing.
    answer = o.run('import', '--json', path, db=db)
    o.check(answer.status == 0 and answer.summary['known'] == COUNT and answer.summary['conflicts'] == 0, 'into its own database', answer)
    o.check(listed(db) == want, 'into its own database: list')


def states(db):
    signature = listed(db)[0]['signature']['hash']
    o.run('triage', 'agx-set-compute-pipeline-state', '--status', 'known', '--note', 'see the tracker', db=db)
    o.run('triage', signature, '--status', 'fixed', '--fixed-in', '25A354', db=db)
    path, want = o.new() + '/x.tar.gz', listed(db)
    o.run('export', '--no-redact', '-o', path, db=db)
    again = o.db()
    answer = o.run('import', '--json', path, db=again)
    o.check(answer.summary.get('states') == 2, 'states', answer)
    o.check(listed(again) == want, 'states: list', (listed(again)[0]['status'], want[0]['status']))
    # What somebody decided here stays.
    o.run('triage', signature, '--status', 'ignored', db=again)
    answer = o.run('import', '--json', path, db=again)
    o.check(answer.summary.get('states') == 0 and listed(again)[0]['status'] == 'ignored', 'states: ours stay', answer)


def damaged(db):
    path = o.new() + '/x.tar.gz'
    o.run('export', '--no-redact', '-o', path, db=db)
    members, _ = archives.read(path)
    reports = [name for name in members if name.startswith('reports/')]
    bad = dict(members)
    bad[reports[2]] = members[reports[2]].replace(b'"pid"', b'"qid"', 1)
    del bad[reports[4]]
    bad['REPORT.md'] += b'!'
    again = o.db()
    answer = o.run('import', '--json', archives.repack(o.new() + '/bad.tar.gz', bad), db=again)
    o.check(answer.status == 1 and answer.summary['added'] == COUNT - 2 and answer.summary['rejected'] == 1 and
            answer.summary['damaged'] == 2 and answer.summary['missing'] == 1, 'damaged', answer)
    for name in (reports[2], reports[4], 'REPORT.md'):
        o.check(name.encode() in answer.err, 'damaged: told', answer)
    # The rest of a broken stream is lost, what came before is not.
    with open(path, 'rb') as file:
        whole = file.read()
    for cut in (10, 200, len(whole) // 2, len(whole) - 20):
        again = o.db()
        answer = o.run('import', '--json', o.write(o.new() + '/cut.tar.gz', whole[:cut]), db=again)
        o.check(answer.status == 1 and answer.err, 'cut at %d' % cut, answer)
        o.clean(answer.err, 'cut at %d' % cut)
        if cut > 500 and os.path.exists(again):
            o.integrity(again, 'cut at %d' % cut)


def other_orders(db):
    """Others unpack and pack again: in another order, without the manifest, with files of their own."""
    path = o.new() + '/x.tar.gz'
    o.run('export', '--no-redact', '-o', path, db=db)
    members, _ = archives.read(path)
    want = listed(db)
    again = o.db()
    o.run('import', archives.repack(o.new() + '/r.tar.gz', members, sorted(members, reverse=True)), db=again)
    o.check(listed(again) == want, 'another order')
    # A pipe is read once.
    for order in (sorted(members, reverse=True), sorted(members, key=lambda name: name == 'manifest.json')):
        again = o.db()
        backwards = open(archives.repack(o.new() + '/r.tar.gz', members, order), 'rb').read()
        answer = o.run('import', '--json', '-', db=again, input=backwards)
        o.check(answer.status == 0 and answer.summary['added'] == COUNT and not answer.err, 'another order through a pipe', answer)
        o.check(listed(again) == want, 'another order through a pipe: list')
        again = o.db()
        answer = o.run('import', '--json', '-', db=again, input=gzip.decompress(backwards)[:-12000])
        o.check(answer.status == 1 and answer.summary['added'] > 0, 'most of it through a pipe', answer)
    bare = {name: content for name, content in members.items() if name != 'manifest.json'}
    again = o.db()
    answer = o.run('import', '--json', archives.repack(o.new() + '/bare.tar.gz', bare), db=again)
    o.check(answer.status == 0 and answer.summary['added'] == answer.summary['unverified'] == COUNT, 'without a manifest', answer)
    o.one_line(answer, 'without a manifest', 'no manifest: %d reports were taken, but nothing could be verified' % COUNT)
    again = o.db()
    answer = o.run('import', '--json', '-', db=again, input=open(archives.repack(o.new() + '/bare.zip', bare), 'rb').read())
    o.check(answer.status == 0 and answer.summary['added'] == COUNT, 'without a manifest through a pipe', answer)
    more = dict(members)
    more['reports/mine.ips'] = good(77)
    again = o.db()
    answer = o.run('import', '--json', archives.repack(o.new() + '/more.tar.gz', more), db=again)
    o.check(answer.status == 0 and answer.summary['added'] == COUNT + 1 and answer.summary['unverified'] == 1, 'one more report', answer)
    o.one_line(answer, 'one more report', '1 report was taken that the manifest does not name')


def lies(db):
    """Every name and number in a manifest is somebody else's."""
    path = o.new() + '/x.tar.gz'
    o.run('export', '--no-redact', '-o', path, db=db)
    members, _ = archives.read(path)
    manifest = archives.manifest(members)
    ids = (-1, 0, 2**31, 2**63 - 1, 2**64, -2**63, 1.5, '7', None, [], 2**31 - 1, 3)
    for row, number in zip(manifest['incidents'], ids):
        row['id'] = number
    for row, value in zip(manifest['incidents'], ('../../x', '/etc/passwd', '/' + 'a' * 100000, '\x1b[31mred', 'relative', '/..', '/a\nb', 7, None)):
        row['path'] = value
        row['first_seen_at_us'] = -2**63
        row['conflicts'] = 2**63 - 1
    manifest['incidents'][9].update(ordinal=63)
    manifest['incidents'][10].update(ordinal=2**62)
    manifest['incidents'][11].update(report='../../etc/passwd')
    manifest['files'].append({'name': '../../../etc/shadow', 'sha256': 'x', 'size': -5})
    manifest['states'] = [
        {'target': 'site', 'name': 'agx-set-compute-pipeline-state', 'status': 'broken', 'note': '\x1b[2J' + 'n' * 1000, 'url': 'javascript:1'},
        {'target': 'moon', 'name': 'x'}, {'target': 'signature', 'name': "' or 1=1 --", 'status': 'known'}, 7, None,
        {'target': 'signature', 'name': 'ffff', 'fixed_in': 'no build'}, {'name': 'x' * 100000, 'target': 'site', 'status': 'known'}]
    lying = dict(members, **{'manifest.json': json.dumps(manifest).encode()})
    again = o.db()
    answer = o.run('import', '--json', archives.repack(o.new() + '/lies.tar.gz', lying), db=again)
    o.check(answer.status in (0, 1) and answer.summary.get('added', 0) >= COUNT - 2, 'lies', answer)
    o.clean(answer.err, 'lies')
    o.integrity(again, 'lies')
    rows = listed(again)
    o.check(all(0 < row['id'] < 2**31 for row in rows), 'lies: ids', [row['id'] for row in rows])
    # Scanning goes on after the highest id that was taken over.
    answer = o.run('scan', '--json', o.write(o.new() + '/Python-9.ips', good(999)), db=again)
    o.check(answer.summary.get('added') == 1, 'scan after lies', answer)
    o.clean(o.terminal('list', db=again).out, 'list after lies')
    for content in (b'', b'{', b'[]', b'{"format":"agxtriage-export","format_version":99}', b'{"a":' * 5000, b'\xff\xfe' * 100,
                    b'{"format":"agxtriage-export","format_version":1,"incidents":[' + b'{},' * 50000 + b'{}]}'):
        again = o.db()
        odd = dict(members, **{'manifest.json': content})
        answer = o.run('import', '--json', archives.repack(o.new() + '/odd.tar.gz', odd), db=again)
        readable = content.endswith(b'{}]}')
        o.check(answer.status == (0 if readable else 1) and answer.summary.get('added') == COUNT, 'odd manifest %r' % content[:30], answer)
        o.one_line(answer, 'odd manifest', 'the manifest does not name' if readable else
                   'manifest.json: ', '' if readable else '%d reports were taken, but nothing could be verified' % COUNT)
    # The same where it comes last through a pipe.
    odd = dict(members, **{'manifest.json': b'7'})
    piped = open(archives.repack(o.new() + '/odd.tar.gz', odd, sorted(odd, reverse=True)), 'rb').read()
    answer = o.run('import', '--json', '-', db=o.db(), input=piped)
    o.check(answer.status == 1 and answer.summary.get('added') == COUNT, 'odd manifest, pipe', answer)


def nothing_in_it():
    path = o.new() + '/empty.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('agxtriage-export/README.md', 'hello')
    answer = o.run('import', path, db=o.db())
    o.check(answer.status == 3, 'no report', answer)
    o.one_line(answer, 'no report', 'has no report in it')


def breaks_late():
    """What comes before a break is stored, what does not is told."""
    count, db, place = 40, o.db(), o.new('reports')
    for number in range(1, count + 1):
        o.write('%s/Python-%d.ips' % (place, number), good(number, asi={'x': [random.randbytes(3000).hex()]}))
    o.run('scan', '-q', place, db=db)
    for form, cut in (('tar.gz', True), ('zip', True), ('zip', False)):
        path = '%s/x.%s' % (o.new(), form)
        o.run('export', '--no-redact', '-o', path, db=db)
        members, _ = archives.read(path)
        reports = [name for name in members if name.startswith('reports/')]
        with open(path, 'rb') as file:
            whole = file.read()
        # The last report but one, or the last tenth of the stream.
        at = whole.index(reports[-2].encode()) + 600 if form == 'zip' else len(whole) * 9 // 10
        broken = whole[:at] if cut else whole[:at] + bytes(200) + whole[at + 200:]
        for how in ('file', 'stdin'):
            again = o.db()
            if how == 'file':
                answer = o.run('import', '--json', o.write('%s/broken.%s' % (o.new(), form), broken), db=again)
            else:
                answer = o.run('import', '--json', '-', db=again, input=broken)
            label, added = 'breaks late: %s, %s, %s' % (form, 'cut' if cut else 'other bytes', how), answer.summary.get('added', 0)
            o.check(answer.status == 1 and added == (count - 2 if form == 'zip' else added) and 0 < added < count, label, answer)
            o.check(o.count(again) == added, label + ': stored', o.count(again))
            o.check(answer.summary['missing'] >= count - added, label + ': missing', answer)
            for words in ('%d of %d reports came' % (added, count), 'did not come before the archive broke', reports[added]):
                o.check(words.encode() in answer.err, '%s: says "%s"' % (label, words), answer)
            o.check('\ufffd' not in answer.err.decode(), label + ': no odd characters', answer)
            o.clean(answer.err, label)
            # What is there later is whole.
            o.run('import', path, db=again)
            o.check(o.count(again) == count, label + ': again', o.count(again))


def unnamed():
    """Reports without an id, or with one that says something, come back redacted to their originals."""
    def named(number, name):
        header, body = report(number)
        header['incident_id'] = body['incident'] = name
        if name is None:
            del header['incident_id'], body['incident']
        return dump(header, body)
    place, db = o.new('reports'), o.db()
    o.write(place + '/Python-1.ips', named(1, None))
    o.write(place + '/Python-2.ips', named(2, 'the crash of alice'))
    o.write(place + '/Python-3.ips', text(3, False))
    o.write(place + '/Python-4.ips', good(4))
    o.write(place + '/Python-5.ips', b'\n'.join([named(5, None), named(6, None), named(7, 'my id')]))
    o.run('scan', '-q', place, db=db)
    want = listed(db)
    o.check(len(want) == 7, 'unnamed: taken', len(want))
    path, less = o.new() + '/x.tar.gz', o.new() + '/y.tar.gz'
    o.run('export', '-o', path, db=db)
    o.run('export', '-o', less, 'pid=1004', db=db)
    answer = o.run('import', '--json', path, db=db)
    o.check(answer.status == 0 and answer.summary['known'] == 7 and answer.summary['conflicts'] == 0, 'unnamed: known', answer)
    o.check(listed(db) == want, 'unnamed: list')
    # One of three reports of a file was not taken here: it is new.
    base = sqlite3.connect(db)
    gone = base.execute("select i.id from incident i where i.ordinal = 1").fetchone()[0]
    base.execute('delete from incident where id = ?', (gone,))
    base.commit()
    base.close()
    answer = o.run('import', '--json', path, db=db)
    o.check(answer.summary['added'] == 1 and answer.summary['known'] == 6, 'unnamed: a part of a file', answer)
    # Redacted first: neither another archive of the same incidents nor the originals contradict what is here.
    again = o.db()
    for archive, added in ((path, 7), (less, 0), (path, 0)):
        answer = o.run('import', '--json', archive, db=again)
        o.check(answer.status == 0 and answer.summary['added'] == added and answer.summary['conflicts'] == 0, 'redacted first', answer)
    answer = o.run('scan', '--json', place + '/Python-4.ips', place + '/Python-3.ips', db=again)
    o.check(answer.summary['known'] == 2 and answer.summary['conflicts'] == 0, 'redacted first, then originals', answer)


def escapes():
    """No member is ever written anywhere."""
    place = o.new('escape')
    before = sorted(os.listdir(o.folder))
    path = archives.pack(place + '/x.tar.gz', [
        ('../../evil.ips', good(1)), ('/tmp/agxtriage-evil.ips', good(2)), ('agxtriage-export/reports/../../../evil.ips', good(3)),
        ('a' * 180 + '.ips', good(4)), ('\u202eevil\x1b[31m.ips', good(5)), ('reports/', b''), ('', good(6)), ('x.ips', good(7))])
    db = o.db()
    answer = o.run('import', '--json', path, db=db)
    o.check(answer.status == 1 and answer.err, 'a member that leads out', answer)
    o.clean(answer.err, 'escapes')
    path = archives.pack(place + '/y.tar.gz', [
        ('a' * 180 + '.ips', good(4)), ('\u202eevil\x1b[31m.ips', good(5)), ('reports/', b''), ('deep/' * 40 + 'x.ips', good(6)), ('x.ips', good(7))])
    answer = o.run('import', '--json', path, db=db)
    o.check(answer.status in (0, 1) and answer.summary.get('added', 0) >= 1, 'odd names', answer)
    o.clean(answer.err, 'odd names')
    o.clean(o.terminal('list', '--json', db=db).out, 'escapes: list')
    made = set(os.listdir(o.folder)) - set(before)
    o.check(all(name.startswith('db-') for name in made) and not os.path.exists('/tmp/agxtriage-evil.ips'), 'escapes: files', made)
    for content in (b'', b'hello', random.randbytes(5000), b'\x1f\x8b' + random.randbytes(500), b'PK\x03\x04' + random.randbytes(500)):
        answer = o.run('import', o.write(place + '/junk', content), db=o.db())
        o.check(answer.status == 1 and answer.err, 'junk', answer)
        o.clean(answer.err, 'junk')
    for name in ('missing.tar.gz', '.'):
        answer = o.run('import', place + '/' + name, db=o.db())
        o.check(answer.status == 1, name, answer)
        o.one_line(answer, name)


def main():
    db = filled()
    round_trip(db)
    redacted(db)
    damaged(db)
    other_orders(db)
    lies(db)
    escapes()
    nothing_in_it()
    breaks_late()
    unnamed()
    states(db)
    o.end()


main()
