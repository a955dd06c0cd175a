#!/usr/bin/env python3
"""Symbols for frames without: which files are asked, what becomes of answers, and what a hanging, crashing, flooding or lying
atos costs. The stand-in for atos writes down how it was called; what it answers stands in files beside it."""
import copy
import json
import os
import pathlib
import signal
import sqlite3
import sys
import time

import macho
import outsider

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'lib'))
import check_schema  # noqa: E402

SCHEMA = json.loads((ROOT / 'schema' / 'incident.schema.json').read_text(encoding='utf-8'))
LIBRARY, TOOL, OTHER = ('%d0000000-1111-2222-3333-444444444444' % n for n in (1, 2, 3))
# At the load address that agxtriage uses: offsets 0x100, 0x200 ... of the library, 0x40 of the tool.
ATOS = r'''#!/bin/sh
here=${0%%/*}
printf '%%s\n' "$*" >>"$here/calls"
%s
'''
ANSWER = r'''
inlined=no; addresses=
while [ $# -gt 0 ]; do
	case $1 in
	-arch|-o|-l) shift;;
	-i) inlined=yes;;
	*) addresses="$addresses $1";;
	esac
	shift
done
for address in $addresses; do
	case $address in
	0x100000100)
		if [ $inlined = yes ]; then echo 'clamp(int) (in libours.dylib) (clamp.h:7)'; fi
		echo 'ours::render(int) (in libours.dylib) (render.cc:42)';;
	0x100000200) echo '_ZN4ours4drawEv (in libours.dylib) + 12';;
	0x100000300) echo '0x0000000100000300 (in libours.dylib)';;
	*) echo "f_$address (in libours.dylib) + 4";;
	esac
	if [ $inlined = yes ]; then echo; fi
done
'''


def make_report(number, library, tool='/opt/nowhere/tool'):
    """Frames of two images, most without symbols."""
    header, body = outsider.report(number)
    images = body['usedImages']
    images.append({'source': 'P', 'arch': 'arm64', 'base': 0x200000000, 'size': 65536, 'name': 'libours.dylib',
                   'uuid': LIBRARY, 'path': library})
    images.append({'source': 'P', 'arch': 'arm64e', 'base': 0x300000000, 'size': 65536, 'name': 'tool', 'uuid': TOOL,
                   'path': tool})
    frames = body['threads'][0]['frames']
    frames += [{'imageOffset': offset, 'imageIndex': 2} for offset in (0x100, 0x200, 0x300, 0x100)]
    frames.append({'imageOffset': 0x40, 'imageIndex': 3})
    body['threads'][1]['frames'].append({'imageOffset': 0x500, 'imageIndex': 2})
    return header, body


class World:
    """A place with images, reports and a stand-in."""

    def __init__(self, answer=ANSWER):
        self.folder = o.new('symbols')
        self.library = os.path.join(self.folder, 'libours.dylib')
        o.write(self.library, macho.thin(LIBRARY))
        self.atos = os.path.join(self.folder, 'atos')
        self.say(answer)
        self.env = dict(o.env, AGXTRIAGE_ATOS=self.atos, AGXTRIAGE_MDFIND='/nonexistent/mdfind')
        self.report = os.path.join(self.folder, 'Python-1.ips')
        self.put()

    def put(self, path=None, **more):
        header, body = make_report(1, self.library if path is None else path, **more)
        o.write(self.report, outsider.dump(header, body))

    def say(self, answer):
        o.write(self.atos, (ATOS % answer).encode())
        os.chmod(self.atos, 0o755)

    def calls(self):
        try:
            with open(os.path.join(self.folder, 'calls'), encoding='utf-8') as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def show(self, *words, db=None, **more):
        return o.run('show', '--json', *words, *([] if db else [self.report]), db=db, env=self.env, **more)

    def frames(self, *words, **more):
        answer = self.show(*words, **more)
        o.check(answer.status == 0, 'shown', answer)
        return (answer.lines or [{'crashed_thread': {'frames': [{}] * 7}}])[0]['crashed_thread']['frames'], answer


def plain(frames):
    return [frame for frame in frames if 'symbolicated' in frame] == []


def test_answers():
    world = World()
    before = o.run('show', '--json', world.report, env=world.env).lines[0]
    o.check(plain(before['crashed_thread']['frames']) and not world.calls(), 'nobody asked')
    answer = world.show('--symbolicate')
    after = answer.lines[0]
    findings = check_schema.findings(SCHEMA, after)
    o.check(not findings, 'as its schema says', findings)
    frames = after['crashed_thread']['frames']
    o.check(frames[2] == {'index': 2, 'image': 'libours.dylib', 'image_offset': 0x100, 'symbol': 'ours::render(int)',
                          'symbol_offset': None, 'address': '0x200000100', 'source_file': 'render.cc', 'source_line': 42,
                          'inline': False, 'symbolicated': True,
                          'inlined': [{'symbol': 'clamp(int)', 'source_file': 'clamp.h', 'source_line': 7}]},
            'inlined', frames[2])
    o.check(frames[5]['symbol'] == frames[2]['symbol'], 'the same place twice', frames[5])
    o.check((frames[3]['symbol'], frames[3]['symbol_offset'], frames[3].get('inlined')) == ('ours::draw()', 12, None),
            'offset, demangled', frames[3])
    o.check(frames[4]['symbol'] is None and 'symbolicated' not in frames[4], 'nothing found', frames[4])
    o.check(frames[6]['symbol'] is None, 'no file', frames[6])
    o.check(frames[:2] == before['crashed_thread']['frames'][:2], 'symbols of the report stay', frames[:2])
    o.check(after['threads'][1]['frames'][-1]['symbol'] == 'f_0x100000500', 'other threads', after['threads'][1])
    for name in ('signature', 'site', 'component', 'operation', 'attribution', 'concurrent_threads'):
        o.check(before[name] == after[name], name + ' is of the report alone', after[name])
    calls = world.calls()
    o.check(calls == ['-arch arm64 -o %s -l 0x100000000 -i 0x100000100 0x100000200 0x100000300 0x100000500' % world.library],
            'one call', calls)
    o.check(b'no file with the UUID of tool is here' in answer.err, 'what has no file is told', answer)
    text = o.run('show', '--symbolicate', world.report, env=world.env)
    o.check(b'ours::render(int) (render.cc:42) [symbolicated]' in text.out and b'clamp(int) (clamp.h:7) [inlined]' in text.out,
            'readable', text)
    o.check('0x100000500' not in world.calls()[-1], 'only what is shown', world.calls())


def test_database():
    world, db = World(), o.db()
    o.run('scan', world.report, db=db)
    frames, answer = world.frames('latest', db=db)
    o.check(plain(frames) and not world.calls() and not answer.err, 'nothing known yet', answer)
    frames, answer = world.frames('--symbolicate', 'latest', db=db)
    o.check(frames[2]['symbol'] == 'ours::render(int)' and len(world.calls()) == 1, 'asked', answer)
    for words in (['latest'], ['--symbolicate', 'latest']):
        again, answer = world.frames(*words, db=db)
        o.check(again == frames and len(world.calls()) == 1, '%s: kept' % words, (again, world.calls()))
    # Another report of the same image.
    header, body = make_report(2, '/opt/gone/libours.dylib')
    o.write(world.report, outsider.dump(header, body))
    o.run('scan', world.report, db=db)
    again, answer = world.frames('latest', db=db)
    o.check(again == frames, 'fits every report of the image', again)
    rows = o.run('sql', '--json', 'select * from found_symbols order by offset, depth', db=db).lines
    o.check([(row['offset'], row['depth'], row['symbol'], row['source']) for row in rows] == [
        ('0x100', 0, 'ours::render(int)', 'image'), ('0x100', 1, 'clamp(int)', 'image'), ('0x200', 0, 'ours::draw()', 'image'),
        ('0x500', 0, 'f_0x100000500', 'image')] and rows[0]['uuid'] == LIBRARY, 'the view', rows)
    listed = o.run('list', '--json', db=db).out + o.run('report', '--json', db=db).out
    o.check(b'ours::' not in listed and b'symbolicated' not in listed, 'only show tells', listed[:300])
    # A dSYM that came later knows more than the image did.
    macho.dsym(world.folder, 'libours.dylib', macho.thin(LIBRARY, kind=10))
    world.say('case "$*" in *0x100000300*) echo "late() (in libours.dylib) (late.c:3)";; esac')
    o.write(world.report, outsider.dump(*make_report(3, world.library)))
    o.run('scan', world.report, db=db)
    again, answer = world.frames('--symbolicate', 'latest', db=db)
    o.check(again[4]['symbol'] == 'late()' and again[2:4] == frames[2:4], 'a dSYM is asked for what the image lacks', (again, answer))
    o.check('.dSYM/' in world.calls()[-1] and '0x100000100' not in world.calls()[-1], 'and for that alone', world.calls())
    o.integrity(db, 'with symbols')


def test_readonly():
    world, db = World(), o.db()
    o.run('scan', world.report, db=db)
    if os.geteuid() == 0:
        return
    os.chmod(db, 0o400)
    frames, answer = world.frames('--symbolicate', 'latest', db=db)
    o.check(frames[2]['symbol'] == 'ours::render(int)' and b'not kept' in answer.err, 'shown, not kept', answer)


def test_files():
    """Which file is asked; a wrong one never."""
    for label, data, asked in (
            ('fat', macho.fat([('x86_64', macho.thin(OTHER, 'x86_64')), ('arm64', macho.thin(LIBRARY))]), 'arm64'),
            ('fat64', macho.fat([('arm64e', macho.thin(LIBRARY, 'arm64e')), ('arm64', macho.thin(OTHER))], True), 'arm64e'),
            ('another UUID', macho.thin(OTHER), None), ('no UUID', macho.thin(None), None),
            ('another processor', macho.thin(LIBRARY, 'x86_64'), None), ('cut off', macho.thin(LIBRARY)[:-1], None),
            ('empty', b'', None), ('no Mach-O', b'\x7fELF' + bytes(100), None), ('Java', b'\xca\xfe\xba\xbe\0\0\0\x34' + bytes(9), None),
            ('slice beyond the end', macho.fat([('arm64', macho.thin(LIBRARY))])[:4100], None)):
        world = World()
        o.write(world.library, data)
        world.frames('--symbolicate')
        calls = world.calls()
        o.check(len(calls) == bool(asked) and (not asked or calls[0].startswith('-arch %s -o ' % asked)), label, calls)


def test_places():
    world = World()
    link, fifo, folder = (os.path.join(world.folder, name) for name in ('link', 'fifo', 'folder'))
    os.symlink(world.library, link)
    os.mkfifo(fifo)
    os.mkdir(folder)
    huge = o.write(os.path.join(world.folder, 'huge'), macho.thin(LIBRARY)[:-8])
    os.truncate(huge, 1 << 40)
    for path in (link, fifo, folder, '/dev/zero', '/dev/tty', '-o', '-l', '--symbolicate', 'libours.dylib', '', '/', '//' + world.library,
                 os.path.dirname(world.library) + '/../' + os.path.basename(world.folder) + '/libours.dylib', '/net/host/x', '/NETWORK/host/x',
                 world.folder + '/*/libours.dylib', world.folder + '/' + 'x' * 5000, world.folder + '/\u202e\n', huge):
        world.put(path)
        frames, answer = world.frames('--symbolicate', timeout=20)
        o.check(plain(frames) and not world.calls(), repr(path[:80]), (str(answer), world.calls()))
    # The user's own folder stands in reports without its name.
    home = os.path.join(world.folder, 'home')
    os.mkdir(home)
    os.rename(world.library, os.path.join(home, 'libours.dylib'))
    world.env['HOME'] = home
    world.put('/Users/USER/libours.dylib')
    frames, answer = world.frames('--symbolicate')
    o.check(frames[2].get('symbolicated'), '/Users/USER', answer)


def test_dsyms():
    world = World()
    os.unlink(world.library)
    symbols = o.new('dsyms')
    macho.dsym(os.path.join(symbols, 'a'), 'wrong', macho.thin(OTHER))
    right = macho.dsym(os.path.join(symbols, 'build', 'x'), 'other name', macho.fat([('arm64e', macho.thin(TOOL, 'arm64e')),
                                                                                  ('arm64', macho.thin(LIBRARY))]))
    os.symlink('/', os.path.join(symbols, 'root'))
    frames, answer = world.frames('--symbolicate')
    o.check(plain(frames), 'nowhere', answer)
    frames, answer = world.frames('--symbolicate', '--symbols', symbols)
    o.check(frames[2].get('symbolicated') and frames[6].get('symbolicated') and not answer.err, 'in a folder', answer)
    o.check(len(world.calls()) == 2 and all(' -o ' + right + ' ' in call for call in world.calls()), 'the right one', world.calls())
    config = o.write(os.path.join(world.folder, 'config.json'), json.dumps({'symbols': [right.split('.dSYM')[0] + '.dSYM']}).encode())
    frames, answer = world.frames('--symbolicate', '--config', config)
    o.check(frames[2].get('symbolicated'), 'of the configuration', answer)
    # Beside the bundle that the image is in, before the image itself.
    place = os.path.join(world.folder, 'Y.app/Contents/MacOS')
    os.makedirs(place)
    o.write(os.path.join(place, 'Y'), macho.thin(LIBRARY))
    beside = macho.dsym(world.folder, 'Y.app', macho.thin(LIBRARY))
    world.put(os.path.join(place, 'Y'))
    world.frames('--symbolicate')
    o.check(' -o ' + beside + ' ' in world.calls()[-1], 'beside the bundle', world.calls())
    answer = o.run('show', '--symbols', symbols, world.report)
    o.check(answer.status == 2, '--symbols alone', answer)


def test_large_folder():
    """Where not everything was looked at, nobody says that the file is not there without saying so."""
    world, symbols = World(), o.new('large')
    world.put('/opt/gone/x')
    for number in range(20001):
        os.mkfifo(os.path.join(symbols, str(number)))
    answer = world.show('--symbolicate', '--symbols', symbols)
    o.check(answer.status == 0 and b'too many files to look through' in answer.err, 'told', answer)
    answer = world.show('--symbolicate', '--symbols', world.folder)
    o.check(b'too many' not in answer.err and b'no file with the UUID' in answer.err, 'a small one', answer)


def test_many_folders():
    """Those that are named and configured count once; so does each of them when a file has many reports."""
    world = World()
    folders = [os.path.join(world.folder, 'symbols-%d' % number) for number in range(200)]
    config = o.write(os.path.join(world.folder, 'config.json'), json.dumps({'symbols': folders}).encode())
    words = [word for folder in folders for word in ('--symbols', folder)]
    frames, answer = world.frames('--symbolicate', '--config', config, *words)
    o.check(frames[2].get('symbolicated'), 'the configured ones named again, as the daemon does', answer)
    o.write(world.report, b''.join(outsider.dump(*make_report(number, '/opt/gone/x')) for number in range(60)))
    answer = world.show('--symbolicate', *('--symbols=%d' % number for number in range(5)), cwd=world.folder)
    o.check(answer.status == 0 and len(answer.lines) == 60, 'many reports', str(answer)[:500])


def test_spotlight():
    world = World()
    os.unlink(world.library)
    symbols = o.new('dsyms')
    right = macho.dsym(os.path.join(symbols, 'Z.xcarchive', 'dSYMs'), 'libours', macho.thin(LIBRARY))
    wrong = macho.dsym(symbols, 'wrong', macho.thin(OTHER)).split('/Contents')[0]
    mdfind = os.path.join(world.folder, 'mdfind')
    o.write(mdfind, ('#!/bin/sh\necho "$*" >>%s/asked\ncase $* in *%s*) echo -x; echo %s; echo %s/Z.xcarchive;; esac\n' % (
        world.folder, LIBRARY.upper(), wrong, symbols)).encode())
    os.chmod(mdfind, 0o755)
    world.env['AGXTRIAGE_MDFIND'] = mdfind
    frames, answer = world.frames('--symbolicate')
    o.check(frames[2].get('symbolicated') and ' -o ' + right + ' ' in world.calls()[0], 'an archive that Spotlight knows', answer)
    with open(os.path.join(world.folder, 'asked'), encoding='utf-8') as file:
        asked = file.read().splitlines()
    o.check('com_apple_xcode_dsym_uuids == ' + LIBRARY.upper() in asked, 'how it was asked', asked)
    o.check(not any('5555' in line for line in asked), 'nobody asks for images with symbols', asked)


def test_bad_atos():
    line = 'f (in libours.dylib) + 4'
    for label, answer, words in (
            ('fails', 'echo "no such file" >&2; exit 1', 'no such file'),
            ('crashes', 'kill -SEGV $$', 'crashed itself'),
            ('too few', 'echo "%s"' % line, 'does not fit'),
            ('too many', 'for i in 1 2 3 4 5 6 7 8 9; do echo "%s"; echo; done' % line, 'does not fit'),
            ('silent', '', 'does not fit'),
            ('floods', 'head -c 60000000 /dev/zero | tr "\\0" "x"', 'does not fit'),
            ('floods errors', 'head -c 30000000 /dev/zero | tr "\\0" "\\033" >&2; exit 3', '\ufffd')):
        world, db = World(answer), o.db()
        o.run('scan', world.report, db=db)
        frames, shown = world.frames('--symbolicate', 'latest', db=db)
        o.check(plain(frames), label + ': no symbols', shown)
        o.check(words in shown.err.decode() and b'libours.dylib' in shown.err, label + ': told', shown)
        o.clean(shown.err, label)
        o.check(o.count(db, 'select count(*) from found_symbol') == 0, label + ': nothing kept')
    # One that knows no inlined functions.
    world = World('case "$*" in *" -i "*) echo usage >&2; exit 64;; esac' + ANSWER)
    frames, shown = world.frames('--symbolicate')
    o.check(frames[2]['symbol'] == 'ours::render(int)' and 'inlined' not in frames[2], 'an older atos', shown)
    o.check(len(world.calls()) == 2 and b'64' not in shown.err, 'is asked once more', (world.calls(), shown))


def test_hostile_answer():
    evil = ('\\033]0;x\\007\\033[31m\\302\\205\\377<script>(in ) + 1', 'a\\000b', '%s%n', ' (in ', ')', 'x (in y) (f:99999999999999999999)',
            'x' * 30000 + ' (in l) + 1', 'n (in l) (a\\033[2J:3)', '(in l) + 1', '   ')
    answer = 'for i in 1 2 3 4; do printf "%s (in l) + 7\\n\\n"; done'
    for text in evil:
        world, db = World(answer % text.replace('%', '%%').replace('"', '')), o.db()
        o.run('scan', world.report, db=db)
        for words in (['--symbolicate', '--all'], ['--all']):
            shown = o.terminal('show', '--no-pager', *words, 'latest', db=db, env=world.env)
            o.check(shown.status == 0, repr(text[:40]), shown)
            o.clean(shown.out, repr(text[:40]))
        frames, shown = world.frames('latest', db=db)
        o.check(len(json.dumps(frames)) < 60000, 'bounded', len(json.dumps(frames)))


def alive(path):
    try:
        with open(path, encoding='utf-8') as file:
            os.kill(int(file.read()), 0)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return False
    return True


def wait_for(condition, label, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return o.check(False, label)


HANG = 'trap "" TERM; echo $$ >"$here/pid.new"; mv "$here/pid.new" "$here/pid"; while :; do sleep 1; done'


def test_hanging():
    """Whoever ends show ends atos too."""
    world = World(HANG)
    pid = os.path.join(world.folder, 'pid')
    for number in (signal.SIGINT, signal.SIGTERM):
        process = o.start('show', '--symbolicate', world.report, env=world.env)
        wait_for(lambda: alive(pid), 'it hangs')
        process.send_signal(number)
        answer = o.finish(process, timeout=20)
        o.check(answer.status == -number, 'ended by the signal', answer)
        o.check(not alive(pid), 'atos is gone')
        if os.path.exists(pid):
            os.unlink(pid)


def test_no_atos():
    world = World()
    world.env['AGXTRIAGE_ATOS'] = '/nonexistent/atos'
    frames, answer = world.frames('--symbolicate')
    o.check(plain(frames), 'shown without', answer)
    o.one_line(answer, 'no such atos', '/nonexistent/atos')
    del world.env['AGXTRIAGE_ATOS']
    world.env['PATH'] = '/nonexistent'
    frames, answer = world.frames('--symbolicate')
    o.check(plain(frames), 'shown without any', answer)
    o.one_line(answer, 'no atos', 'there is no atos here')
    o.check(o.run('show', '--raw', '--symbolicate', world.report).status == 2, '--raw shows the bytes and nothing else')


def daemon(world, db, *words):
    folder = os.path.join(world.folder, 'reports')
    os.makedirs(folder, exist_ok=True)
    # It finds itself under its name.
    return folder, o.start('daemon', *words, folder, db=db, env=world.env)


def stored(db, count):
    try:
        return os.path.exists(db) and o.count(db) >= count
    except sqlite3.Error:
        return False


def symbols_in(db):
    try:
        return o.count(db, 'select count(*) from found_symbol where symbol is not null')
    except sqlite3.Error:
        return 0


def test_daemon():
    world, db = World(), o.db()
    folder, process = daemon(world, db)
    o.write(os.path.join(folder, 'Python-a.ips'), outsider.dump(*make_report(1, world.library)))
    wait_for(lambda: stored(db, 1), 'stored')
    process.terminate()
    o.finish(process)
    o.check(not world.calls(), 'off by default', world.calls())
    folder, process = daemon(world, db, '--symbolicate')
    o.write(os.path.join(folder, 'Python-b.ips'), outsider.dump(*make_report(2, world.library)))
    wait_for(lambda: symbols_in(db) == 4, 'symbols of a new crash')
    process.terminate()
    answer = o.finish(process)
    o.check(answer.status == 0, 'the daemon', answer)
    frames, answer = world.frames('latest', db=db)
    o.check(frames[2].get('symbolicated') and len(world.calls()) == 1, 'are shown', (answer, world.calls()))


def test_daemon_hanging():
    """A hanging atos delays nothing, and ends with the daemon."""
    world, db = World(HANG), o.db()
    pid = os.path.join(world.folder, 'pid')
    folder, process = daemon(world, db, '--symbolicate')
    o.write(os.path.join(folder, 'Python-a.ips'), outsider.dump(*make_report(1, world.library)))
    wait_for(lambda: alive(pid), 'it hangs')
    for number in range(2, 30):
        o.write(os.path.join(folder, 'Python-%d.ips' % number), outsider.dump(*make_report(number, world.library)))
    wait_for(lambda: stored(db, 29), 'all others are stored')
    o.check(alive(pid) and len(world.calls()) == 1, 'one at a time', world.calls())
    process.terminate()
    answer = o.finish(process, timeout=30)
    o.check(answer.status == 0, 'the daemon', answer)
    wait_for(lambda: not alive(pid), 'atos is gone')
    o.integrity(db, 'after all')


def test_migration():
    """A database of the schema before gets the table and keeps all else."""
    world, db = World(), o.db()
    o.run('scan', world.report, db=db)
    before = o.run('show', '--json', 'latest', db=db).out
    base = sqlite3.connect(db)
    base.executescript('drop view found_symbols; drop table found_symbol; pragma user_version = 4;')
    base.close()
    answer = o.run('show', 'latest', db=db)
    o.check(answer.status == 1 and b'brings it up to date' in answer.err, 'a reader changes nothing', answer)
    o.run('scan', world.report, db=db)
    o.check(o.run('show', '--json', 'latest', db=db).out == before, 'all is there')
    frames, answer = world.frames('--symbolicate', 'latest', db=db)
    o.check(frames[2].get('symbolicated'), 'and symbols', answer)
    o.integrity(db, 'migrated')


def test_foreign_rows():
    """Whatever stands in the table, no terminal gets it raw, and no lookup fails."""
    world, db = World(), o.db()
    o.run('scan', world.report, db=db)
    base = sqlite3.connect(db)
    add = 'insert into found_symbol (uuid, offset, depth, symbol, symbol_offset, source_file, source_line, source, at) ' \
        "values (?, ?, ?, ?, ?, ?, ?, 'dsym', ?)"
    for depth in range(100):
        base.execute(add, (LIBRARY, 0x100, depth, 'a\x1b[31m\u202e%d' % depth, -1, 'f\x07', -5, 2**63 - 1))
    base.execute(add, (LIBRARY, 0x200, 3, 'halved', 1, None, None, -2**63))
    base.execute(add, (LIBRARY, 0x300, 0, None, None, None, None, 2**63 - 1))
    base.commit()
    base.close()
    shown = o.terminal('show', '--no-pager', '--all', 'latest', db=db)
    o.check(shown.status == 0 and b'halved' not in shown.out, 'shown', shown)
    o.clean(shown.out, 'foreign rows')
    # What cannot be read of them hides no report.
    base = sqlite3.connect(db)
    base.executescript('drop view found_symbols; drop table found_symbol')
    base.close()
    frames, answer = world.frames('latest', db=db)
    o.check(plain(frames) and b'not all found symbols are shown' in answer.err, 'shown without them', answer)
    frames, answer = world.frames('--symbolicate', 'latest', db=db)
    o.check(frames[2].get('symbolicated') and b'not kept' in answer.err, 'asked all the same', answer)


o = outsider.Outsider()
for test in (test_answers, test_database, test_readonly, test_files, test_places, test_dsyms, test_large_folder, test_many_folders, test_spotlight,
             test_bad_atos, test_hostile_answer, test_hanging, test_no_atos, test_daemon, test_daemon_hanging, test_migration, test_foreign_rows):
    began = time.monotonic()
    test()
    print('%s %.1f s' % (test.__name__, time.monotonic() - began), flush=True)
o.end()
