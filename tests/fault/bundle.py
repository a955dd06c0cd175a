#!/usr/bin/env python3
"""Archives as strangers send them, and as bad luck leaves them: the helper program that reads and writes them, alone and
behind a client that is killed, starved and sent to places where nothing can be written.

AGXTRIAGE names the program, AGXTRIAGE_BUNDLE its helper, AGXTRIAGE_BUNDLE_CLIENT a client of it.
"""
import contextlib
import gzip
import io
import os
import random
import resource
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib

import outsider

HELPER = os.environ['AGXTRIAGE_BUNDLE']
CLIENT = os.environ['AGXTRIAGE_BUNDLE_CLIENT']
SANITIZED = bool(os.environ.get('AGXTRIAGE_SANITIZED'))
HIDDEN = bool(os.environ.get('AGXTRIAGE_BUNDLE_HIDDEN'))
SEED = int(os.environ.get('AGXTRIAGE_FAULT_SEED', '5'))
LONG = bool(os.environ.get('AGXTRIAGE_FAULT_LONG'))
KILLS = int(os.environ.get('AGXTRIAGE_FAULT_KILLS', '12'))
FORMATS = ('tar.gz', 'tar.zst', 'zip')
DAMAGED = 3

o = outsider.Outsider()
chance = random.Random(SEED)


def helper(*words, data=b'', env=None, timeout=60, stdout=subprocess.PIPE, before=None):
    process = subprocess.Popen([HELPER, *words], stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE,
                               env=o.env if env is None else env, preexec_fn=before)
    return o.finish(process, data, timeout, 'agxtriage-bundle %s' % ' '.join(words))


def protocol(members):
    return b''.join(b'%s %d\n%s' % (name.encode(), len(content), content) for name, content in members) + b'end\n'


def unpack(data):
    """The members that come of an archive, strictly read; None when it is refused."""
    answer = helper('read', data=data)
    if answer.status:
        o.check(answer.status == DAMAGED, 'status of a bad archive', answer)
        o.one_line(answer, 'bad archive')
        return None
    o.check(not answer.err, 'nothing to say about a good archive', answer)
    members, at, out = [], 0, answer.out
    while True:
        end = out.index(b'\n', at)
        line, at = out[at:end].decode('ascii'), end + 1
        if line == 'end':
            break
        name, size = line.split(' ')
        members.append((name, out[at:at + int(size)]))
        at += int(size)
    o.check(at == len(out), 'nothing behind the end', out[at:at + 80])
    for name, _ in members:
        parts = name.split('/')
        o.check(all(parts) and '..' not in parts and '.' not in parts, 'name', name)
    return members


def refuses(data, label, *words):
    answer = helper('read', data=data)
    o.check(answer.status == DAMAGED, label + ': refused', answer)
    o.one_line(answer, label, *words)


SAMPLE = [('manifest.json', b'{"members": []}\n'), ('REPORT.md', b'# Report\n' * 40), ('empty', b''),
          ('reports/000001-A.ips', outsider.good(1)), ('reports/000002-B.ips', outsider.good(2)), ('repro/a.m', b'end\n')]


def pack(form, members=None, env=None, before=None, folder='agxtriage-export'):
    answer = helper('write', form, folder, '1766281000', data=protocol(SAMPLE if members is None else members), env=env,
                    before=before)
    o.check(answer.status == 0, 'write ' + form, answer)
    return answer.out


# ---- the same bytes, wherever and whoever ----

def elsewhere(form):
    """Another time zone, locale, umask, folder, user and hour."""
    def before():
        os.umask(0o077)
        os.chdir('/')
        if os.getuid() == 0:
            os.setgid(12345)
            os.setuid(12345)
    env = dict(o.env, TZ='Asia/Kathmandu', LC_ALL='tr_TR.UTF-8', LANG='de_DE', HOME='/nonexistent', USER='planted-name',
               LOGNAME='planted-name', SOURCE_DATE_EPOCH='1', ZSTD_CLEVEL='19', ZSTD_NBTHREADS='4', GZIP='-9')
    return pack(form, env=env, before=before)


def check_tar(data, form):
    raw = gzip.decompress(data) if form == 'tar.gz' else subprocess.run(
        ['zstd', '-dc'], input=data, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        entries = tar.getmembers()
        o.check([e.name for e in entries] == ['agxtriage-export/' + name for name, _ in SAMPLE], form + ': order of names', entries)
        for entry, (_, content) in zip(entries, SAMPLE):
            seen = (entry.uid, entry.gid, entry.uname, entry.gname, entry.mode, entry.mtime, entry.type, entry.pax_headers)
            o.check(seen == (0, 0, '', '', 0o644, 1766281000, tarfile.REGTYPE, {}), form + ': header', seen)
            o.check(tar.extractfile(entry).read() == content, form + ': content', entry.name)


def check_zip(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        o.check(archive.testzip() is None and not archive.comment, 'zip: whole')
        o.check(archive.namelist() == ['agxtriage-export/' + name for name, _ in SAMPLE], 'zip: order of names')
        for info in archive.infolist():
            o.check(info.date_time == (2025, 12, 21, 1, 36, 40) and info.external_attr >> 16 == 0o100644 and not info.comment,
                    'zip: header', (info.date_time, oct(info.external_attr >> 16)))
            check_extra(info.extra)


def check_extra(extra):
    """Unix owners are 0; the one time is the member's own."""
    while extra:
        kind, size = struct.unpack('<HH', extra[:4])
        body, extra = extra[4:4 + size], extra[4 + size:]
        if kind == 0x5455:
            o.check(body == struct.pack('<BI', 1, 1766281000), 'zip: extra time', body)
        else:
            o.check(kind == 0x7875 and body == b'\1\4\0\0\0\0\4\0\0\0\0', 'zip: extra field', (hex(kind), body))


def same_bytes():
    for form in FORMATS:
        first = pack(form)
        o.check(first == pack(form), form + ': twice the same')
        o.check(first == elsewhere(form), form + ': the same elsewhere')
        path = o.path('file.' + form)
        with open(path, 'wb') as file:
            answer = helper('write', form, 'agxtriage-export', '1766281000', data=protocol(SAMPLE), stdout=file)
        with open(path, 'rb') as file:
            content = file.read()
        o.check(content == first and int(answer.err) == len(first), form + ': a file and a pipe get the same', answer)
        if form == 'zip':
            check_zip(first)
        elif form == 'tar.gz' or shutil.which('zstd'):
            check_tar(first, form)
        o.check(unpack(first) == SAMPLE, form + ': comes back')
    head = pack('tar.gz')[:10]
    o.check(head[3:8] == b'\0\0\0\0\0', 'gzip: neither name nor time in the header', head)


# ---- what the helper is sent ----

def bad_protocol():
    for label, data in {
            'ends early': b'a 5\nab', 'no end': b'a 2\nab', 'nothing': b'', 'no size': b'a\n', 'huge': b'a 99999999999999999999\n',
            'negative': b'a -1\n', 'beyond the limit': b'a 9223372036854775807\n', 'leaves': b'../a 1\nxend\n',
            'absolute': b'/a 1\nxend\n', 'twice': b'a 1\nxA 1\nyend\n', 'behind the end': b'a 1\nxend\nmore', 'a blank': b'a b 1\nxend\n',
            'binary': bytes(range(256)), 'too many bytes': b'a 1\nxyend\n', 'endless line': b'a' * 100000}.items():
        for form in FORMATS:
            answer = helper('write', form, 'folder', '0', data=data)
            o.check(answer.status in (1, 2), 'protocol, %s: refused' % label, answer)
            o.one_line(answer, 'protocol, ' + label)
    for words in (['write'], ['write', 'tar', 'f', '0'], ['write', 'zip', '../f', '0'], ['write', 'zip', 'f', 'x'], ['read', 'x'], []):
        answer = helper(*words)
        o.check(answer.status == 2 and not answer.out, 'usage %s' % words, answer)


# ---- archives of strangers ----

def tar_of(*entries, form=tarfile.PAX_FORMAT):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode='w', format=form) as tar:
        for name, content, more in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in more.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))
    return data.getvalue()


def zip_of(*entries):
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return data.getvalue()


GOOD = ('x/good', b'good', {})
ONLY_GOOD = [('good', b'good')]


def bad_names():
    for name in ('../evil', 'x/../../evil', '/etc/evil', 'x/..', '..\\evil', '\\evil', 'C:\\evil', 'C:evil', './../evil', 'x//../y'):
        refuses(tar_of(GOOD, (name, b'evil', {})), 'tar: name %r' % name, 'out of its folder')
        refuses(tar_of((name, b'evil', {})), 'tar: first name %r' % name)
        refuses(zip_of(('x/good', b'good', 0o100644), (name, b'evil', 0o100644)), 'zip: name %r' % name)
    for name in ('x/new\nline', 'x/tab\there', 'x/a b', 'x/\x1b[31mred', 'x/back\\slash', 'x/\u00e4', 'x/\u202egnp', 'x/a//b', 'x/-rf',
                 'x/' + 'n' * 300, 'x/' + 'd/' * 200 + 'deep', 'x/nul\0', 'x/._good', '__MACOSX/x/._good', 'x/.', 'x/./b', 'x/end 3'):
        o.check(unpack(tar_of(GOOD, (name, b'odd', {}))) in (ONLY_GOOD, ONLY_GOOD + [('nul', b'odd')]), 'tar: passes over %r' % name)
    for name in ('x/\u00e4', 'x/a b', 'x/back\\slash', 'x/\x7f', '__MACOSX/x/._good'):
        o.check(unpack(zip_of(('x/good', b'good', 0o100644), (name, b'odd', 0o100644))) == ONLY_GOOD, 'zip: passes over %r' % name)
    raw = tar_of(GOOD, ('x/AAAA', b'odd', {}), form=tarfile.USTAR_FORMAT)
    o.check(unpack(fix_sums(raw.replace(b'x/AAAA', b'x/\xff\xfe\xc3('))) == ONLY_GOOD, 'tar: passes over what is no UTF-8')
    for first, second in (('x/a', 'x/a'), ('x/a', 'x/A'), ('x/a', './x/a')):
        refuses(tar_of((first, b'1', {}), (second, b'2', {})), 'tar: %s and %s' % (first, second), 'two members')
    refuses(zip_of(('x/a', b'1', 0o100644), ('x/A', b'2', 0o100644)), 'zip: equal names', 'two members')


def fix_sums(raw):
    """The headers' checksums after bytes were changed (those of one block each, without content beyond one)."""
    raw = bytearray(raw)
    for at in range(0, len(raw), 512):
        if raw[at + 257:at + 262] == b'ustar':
            raw[at + 148:at + 156] = b' ' * 8
            raw[at + 148:at + 156] = b'%06o\0 ' % sum(raw[at:at + 512])
    return bytes(raw)


def folders():
    """The folder around everything, whatever its name; or none."""
    for names in (['x/good', 'x/sub/b'], ['./x/good', './x/sub/b'], ['A folder \u00e4/good', 'A folder \u00e4/sub/b'], ['good', 'sub/b']):
        entries = [(name, b'good', {}) for name in names]
        o.check(unpack(tar_of(*entries)) == [('good', b'good'), ('sub/b', b'good')], 'folder around %s' % names)
    directory = {'type': tarfile.DIRTYPE, 'mode': 0o755}
    o.check(unpack(tar_of(('./', b'', directory), ('./sub', b'', directory), ('./sub/b', b'good', {}))) in
            ([('sub/b', b'good')], [('b', b'good')]), 'a folder of its own')
    o.check(unpack(tar_of(('x', b'', directory), ('x/sub', b'', directory), ('x/sub/b', b'good', {}), ('y/c', b'', {}))) ==
            [('sub/b', b'good'), ('y/c', b'')], 'folders')
    o.check(unpack(zip_of(('__MACOSX/x/._a', b'shadow', 0o100644), ('x/', b'', 0o40755), ('x/sub/b', b'good', 0o100644))) ==
            [('sub/b', b'good')], 'Finder\'s zip')


def bad_kinds():
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
        odd = ('x/odd', b'', {'type': kind, 'linkname': '/etc/passwd', 'devmajor': 1, 'devminor': 3})
        o.check(unpack(tar_of(GOOD, odd)) == ONLY_GOOD, 'tar: passes over type %r' % kind)
        o.check(unpack(tar_of(GOOD, odd, form=tarfile.GNU_FORMAT)) == ONLY_GOOD, 'tar: passes over type %r' % kind)
    for mode in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK):
        o.check(unpack(zip_of(('x/good', b'good', 0o100644), ('x/odd', b'/etc/passwd', mode | 0o777))) == ONLY_GOOD,
                'zip: passes over mode %o' % mode)
    sparse = {'pax_headers': {'GNU.sparse.major': '0', 'GNU.sparse.minor': '1', 'GNU.sparse.name': 'x/holes', 'GNU.sparse.size': str(1 << 45),
                              'GNU.sparse.numblocks': '1', 'GNU.sparse.map': '0,0'}}
    refuses(tar_of(GOOD, ('x/holes', b'', sparse)), 'sparse bomb')
    encrypted = bytearray(zip_of(('x/good', b'good', 0o100644)))
    for start, offset in ((encrypted.index(b'PK\3\4'), 6), (encrypted.index(b'PK\1\2'), 8)):
        encrypted[start + offset] |= 1
    refuses(bytes(encrypted), 'encrypted zip', 'encrypted')
    huge = {'pax_headers': {'comment': 'c' * (3 << 20)}}
    o.check(unpack(tar_of(('x/good', b'good', huge))) in (None, ONLY_GOOD), 'huge pax header')
    longer = {'pax_headers': {'path': 'x/' + 'n' * (1 << 19)}}
    o.check(unpack(tar_of(GOOD, ('x/odd', b'odd', longer))) == ONLY_GOOD, 'a name of half a megabyte')
    claims = {'pax_headers': {'size': str(1 << 60)}}
    refuses(tar_of(GOOD, ('x/large', b'', claims)), 'a size beyond all limits')


def bad_forms():
    plain = tar_of(GOOD)
    o.check(unpack(plain) == ONLY_GOOD, 'plain tar')
    o.check(unpack(gzip.compress(plain)) == ONLY_GOOD, 'another\'s tar.gz')
    for label, data in {'nothing': b'', 'text': b'{"a": 1}\n' * 100, 'zeros': bytes(10240), 'noise': chance.randbytes(20000),
                        'gzip of nothing': gzip.compress(b''), 'gzip of text': gzip.compress(b'text' * 1000),
                        'gzip in gzip': gzip.compress(gzip.compress(plain)), 'zip in gzip': gzip.compress(pack('zip')),
                        'gzip of zeros': gzip.compress(bytes(4096)), 'pax header alone': plain[:512]}.items():
        o.check(not unpack(data), 'no archive: ' + label)
    for module in ('bz2', 'lzma'):
        refuses(__import__(module).compress(plain), module)
    cpio = b'070701' + b'0' * 104 + b'TRAILER!!!\0'
    refuses(cpio, 'cpio')
    refuses(b'#mtree\n./a type=file content=/etc/passwd\n', 'mtree')
    refuses(b'!<arch>\n' + b'a/              0           0     0     100644  4         `\ntext', 'ar')
    refuses(gzip.compress(plain) + b'something else', 'behind gzip\'s end', 'behind its end')
    o.check(unpack(gzip.compress(plain) + bytes(100000)) == ONLY_GOOD, 'zeros behind gzip\'s end')
    refuses(plain + b'x' * 1024, 'behind tar\'s end')
    refuses(gzip.compress(plain + b'x' * 1024), 'behind tar\'s end, compressed')


def damage():
    for form in FORMATS:
        whole = pack(form)
        for size in sorted({chance.randrange(len(whole)) for _ in range(25)} | {1, len(whole) - 1, len(whole) - 8, len(whole) - 9}):
            refuses(whole[:size], '%s cut at %d' % (form, size))
        for _ in range(40):
            changed = bytearray(whole)
            at = chance.randrange(10 if form == 'tar.gz' else 0, len(changed))
            changed[at] ^= 1 << chance.randrange(8)
            members = unpack(bytes(changed))
            if form == 'tar.gz':
                o.check(members is None, 'tar.gz with another bit at %d: noticed' % at)
    plain = tar_of(GOOD, ('x/more', b'm' * 5000, {}))
    end = len(plain.rstrip(b'\0'))
    for size in (100, 512, 515, 1024, 1536, 1540, 2048, end - 1):
        refuses(plain[:size], 'tar cut at %d' % size)


# ---- bombs ----

def zeros_gz(mib):
    """A tar.gz of a member of so many MiB of zeros: the compressed bytes of eight, again and again."""
    info = tarfile.TarInfo('x/zeros')
    info.size = mib << 20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(info.tobuf(tarfile.PAX_FORMAT)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(8 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b'\x1f\x8b\x08' + bytes(6) + b'\3' + start + block * (mib // 8)


def zeros_helper(form, mib):
    """The same by the helper itself."""
    zeros, archive = o.path('zeros'), o.path('zeros.' + form)
    with open(zeros, 'wb') as file:
        file.write(b'zeros %d\n' % (mib << 20))
        file.truncate(file.tell() + (mib << 20))
        file.seek(0, os.SEEK_END)
        file.write(b'end\n')
    with open(zeros, 'rb') as file, open(archive, 'wb') as out:
        o.check(subprocess.run([HELPER, 'write', form, 'x', '0'], stdin=file, stdout=out, stderr=subprocess.DEVNULL, env=o.env,
                               check=False).returncode == 0, 'zeros as ' + form)
    with open(archive, 'rb') as file:
        return file.read()


def peak_kb(words, path, out=subprocess.DEVNULL):
    """Status of the helper on a file, and the most memory that it was seen to have (what the system tells at its end counts the
    moment before exec, too)."""
    peak = 0
    with open(path, 'rb') as file:
        process = subprocess.Popen([HELPER, *words], stdin=file, stdout=out, stderr=subprocess.DEVNULL, env=o.env)
        while process.poll() is None:
            with contextlib.suppress(OSError), open('/proc/%d/status' % process.pid, encoding='ascii') as status:
                peak = max([peak] + [int(line.split()[1]) for line in status if line.startswith('VmHWM')])
            time.sleep(0.005)
    return process.returncode, peak


def bombs():
    for form in FORMATS if LONG else FORMATS[:2]:
        data = zeros_gz(272) if form == 'tar.gz' else zeros_helper(form, 272)
        path = o.write(o.path('bomb.' + form), data)
        status, kb = peak_kb(['read'], path)
        o.check(status == DAMAGED, '%s: a bomb of %d bytes' % (form, len(data)), status)
        o.check(SANITIZED or kb < 16384, form + ': memory of a bomb', kb)
    # Entries of a zip archive that all have the same bytes: read once, or not at all.
    o.check(len(unpack(overlapping(400)) or []) <= 1, 'zip: overlapping entries')


def overlapping(count):
    """One compressed megabyte, named again and again by the central directory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = bytes(1 << 20)
    packed, crc = packer.compress(content) + packer.flush(), zlib.crc32(content)
    local = struct.pack('<4sHHHHHIIIHH', b'PK\3\4', 20, 0, 8, 0, 0x5b95, crc, len(packed), len(content), 3, 0) + b'x/a' + packed
    central = b''
    for number in range(count):
        name = b'x/%d' % number
        central += struct.pack('<4sHHHHHHIIIHHHHHII', b'PK\1\2', 0x31e, 20, 0, 8, 0, 0x5b95, crc, len(packed), len(content), len(name), 0,
                               0, 0, 0, 0o100644 << 16, 0) + name
    return local + central + struct.pack('<4sHHHHIIH', b'PK\5\6', 0, 0, count, count, len(central), len(local), 0)


def memory():
    """However large: noise through each format, more of it than the memory that may be used."""
    if SANITIZED:
        return
    path = o.path('protocol')
    block = chance.randbytes(1 << 20)
    with open(path, 'wb') as file:
        for number in range(100 if LONG else 6):
            file.write(b'reports/%06d.ips %d\n' % (number, 2 << 20) + block + block[::-1])
        file.write(b'end\n')
    for form in FORMATS:
        archive = o.path('large.' + form)
        with open(archive, 'wb') as out:
            status, kb = peak_kb(['write', form, 'x', '0'], path, out)
        o.check(status == 0 and kb < 16384, form + ': memory of writing', (status, kb))
        status, kb = peak_kb(['read'], archive)
        o.check(status == 0 and kb < 16384, form + ': memory of reading', (status, kb))
        os.unlink(archive)
    os.unlink(path)


# ---- ends ----

def helpers_of(folder):
    """Processes of the helper that have a file of this folder open, or work for a client that we started."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            if os.path.samefile('/proc/%s/exe' % pid, HELPER) and any(
                    os.readlink('/proc/%s/fd/%s' % (pid, fd)).startswith(folder) for fd in os.listdir('/proc/%s/fd' % pid)):
                found.append(int(pid))
    return found


def gone(folder, label):
    """No helper is left soon after."""
    end = time.monotonic() + 10
    while sys.platform == 'linux' and helpers_of(folder) and time.monotonic() < end:
        time.sleep(0.02)
    o.check(sys.platform != 'linux' or not helpers_of(folder), label + ': a helper is left')


def client(*words, before=None, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL):
    return subprocess.Popen([CLIENT, words[0], HELPER, *words[1:]], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=o.env,
                            preexec_fn=before)


def run_client(*words, **more):
    return o.finish(client(*words, **more), label='client %s' % (words,))


def left_in(folder):
    """What stands there; a hidden file whose writers are both gone goes with the next archive that is written there."""
    names = os.listdir(folder)
    if HIDDEN and any(name.startswith('.agxtriage-bundle.') for name in names):
        other = os.path.join(folder, 'other')
        answer = run_client('write', '.zip', other, '1', '1')
        o.check(answer.status == 0, 'the next archive', answer)
        os.unlink(other)
        names = os.listdir(folder)
    return names


def kills():
    for number in range(KILLS):
        form = FORMATS[number % 3]
        folder = o.new('kill')
        path = os.path.join(folder, 'out')
        old = number % 2 == 0
        if old:
            o.write(path, b'precious')
        process = client('write', '.' + form, path, '40', '8')
        time.sleep(chance.uniform(0, 0.25))
        victims = [process.pid] if number % 4 < 2 or sys.platform != 'linux' else helpers_of(folder)
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        answer = o.finish(process, label='killed client')
        gone(folder, 'kill %d' % number)
        names = left_in(folder)
        if answer.status == 0 or (os.path.exists(path) and os.path.getsize(path) > 8):
            read = run_client('read', path)
            o.check(read.status == 0 and len(read.out.splitlines()) == 40, 'kill %d: whole' % number, read)
            o.check(names == ['out'], 'kill %d: nothing beside it' % number, names)
        else:
            o.check(names == (['out'] if old else []), 'kill %d: nothing is left' % number, (names, answer))
            if victims and victims != [process.pid]:
                o.one_line(answer, 'kill %d' % number, 'signal 9')
        if old and answer.status != 0 and os.path.getsize(path) == 8:
            with open(path, 'rb') as file:
                o.check(file.read() == b'precious', 'kill %d: the old file' % number)


def interrupts():
    """Signals that a terminal sends to all in the foreground, and one that only the client gets."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        folder = o.new('interrupt')
        process = client('write', '.tar.gz', os.path.join(folder, 'out'), '200', '8')
        time.sleep(0.15)
        process.send_signal(number)
        answer = o.finish(process, label='interrupted client')
        gone(folder, 'signal %d' % number)
        o.check(answer.status in (-number, 0) and (answer.status == 0) == bool(left_in(folder)), 'signal %d' % number, answer)


def early_readers():
    """Who wanted the members is gone, while the archive comes slowly, or never."""
    data = pack('tar.gz')
    for sent in (b'', data[:20], data):
        process = subprocess.Popen([HELPER, 'read'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=o.env)
        if sent:
            process.stdin.write(sent)
            process.stdin.flush()
        time.sleep(0.05)
        process.stdout.close()
        began = time.monotonic()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        o.check(time.monotonic() - began < 20, 'a reader that is gone ends the helper', time.monotonic() - began)
        process.stdin.close()
        process.stderr.close()
        process.wait()


# ---- places ----

def places():
    folder = o.new('places')
    path = os.path.join(folder, 'out')
    words = ('write', '.tar.gz', path, '20', '8')
    # Too large a file, which is what a full disk looks like from inside.
    answer = run_client(*words, before=outsider.limit(resource.RLIMIT_FSIZE, 500000))
    o.check(answer.status == 1 and not os.listdir(folder), 'a file that may not grow', answer)
    o.one_line(answer, 'a file that may not grow', path, 'cannot write')
    o.write(path, b'precious')
    answer = run_client(*words, before=outsider.limit(resource.RLIMIT_FSIZE, 500000))
    with open(path, 'rb') as file:
        o.check(answer.status == 1 and file.read() == b'precious' and os.listdir(folder) == ['out'], 'the old file stays', answer)
    if os.path.exists('/dev/full'):
        with open('/dev/full', 'wb') as full:
            answer = run_client('write', '.zip', '-', '20', '8', stdout=full)
        o.check(answer.status == 1, 'full', answer)
        o.one_line(answer, 'full', 'No space left')
    answer = run_client('write', '.zip', '-', '2', '1', before=lambda: os.close(1))
    o.check(answer.status == 1, 'closed standard output', answer)
    o.one_line(answer, 'closed standard output', 'standard output is closed')
    answer = run_client('read', '-', before=lambda: os.close(0))
    o.check(answer.status == 1, 'closed standard input', answer)
    reader, writer = os.pipe()
    os.close(reader)
    answer = run_client('write', '.zip', '-', '20', '8', stdout=writer)
    os.close(writer)
    o.check(answer.status == 1, 'closed pipe', answer)
    o.one_line(answer, 'closed pipe', 'Broken pipe')
    read_only()
    full_disk()


def as_nobody():
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


def read_only():
    folder = o.new('readonly')
    os.chmod(folder, 0o555)
    answer = run_client('write', '.tar.gz', os.path.join(folder, 'out'), '2', '1', before=as_nobody)
    o.check(answer.status == 1 and not os.listdir(folder), 'a folder that is read only', answer)
    o.one_line(answer, 'a folder that is read only', folder, 'Permission denied')
    os.chmod(folder, 0o755)


def full_disk():
    """A small file system, when we may make one; it is also one of another kind than the rest."""
    if os.getuid() != 0 or sys.platform != 'linux':
        return
    for kind, options in (('tmpfs', 'size=1m'), ('ramfs', 'mode=755')):
        folder = o.new(kind)
        if subprocess.run(['mount', '-t', kind, '-o', options, 'none', folder], stderr=subprocess.DEVNULL, check=False).returncode:
            continue
        try:
            path = os.path.join(folder, 'out')
            answer = run_client('write', '.tar.gz', path, '20', '8')
            if kind == 'tmpfs':
                o.check(answer.status == 1 and not os.listdir(folder), 'a full disk', answer)
                o.one_line(answer, 'a full disk', path, 'No space left')
            else:
                o.check(answer.status == 0 and os.listdir(folder) == ['out'], 'another file system', answer)
        finally:
            subprocess.run(['umount', folder], check=False)


def pipes():
    """A zip archive is found by its end, so one from a pipe is copied; nothing of that is left."""
    data, folder = pack('zip'), o.new('spool')
    env = dict(o.env, TMPDIR=folder)
    answer = helper('read', data=data, env=env)
    o.check(answer.status == 0 and not os.listdir(folder), 'zip from a pipe', answer)
    answer = helper('read', data=data, env=dict(o.env, TMPDIR=folder + '/none'))
    o.check(answer.status == 1, 'zip from a pipe without a place', answer)
    o.one_line(answer, 'zip from a pipe without a place', 'temporary file')
    path = o.write(o.path('from-middle'), b'junk' + data)
    with open(path, 'rb') as file:
        file.seek(4)
        answer = run_client('read', '-', stdin=file)
    o.check(answer.status == 0 and len(answer.out.splitlines()) == len(SAMPLE), 'zip from the middle of a file', answer)


def libraries():
    """Everyday commands do not pay for libarchive."""
    tool = ['otool', '-L'] if sys.platform == 'darwin' else ['ldd']
    if not shutil.which(tool[0]):
        return
    for program, wanted in ((outsider.PROGRAM, False), (HELPER, True)):
        listed = subprocess.run([*tool, program], capture_output=True, check=True).stdout
        o.check((b'libarchive' in listed) == wanted and b'libc' in listed.replace(b'libSystem', b'libc'), 'libraries of ' + program, listed)


parts = (same_bytes, bad_protocol, bad_names, folders, bad_kinds, bad_forms, damage, bombs, memory, kills, interrupts, early_readers,
         places, pipes, libraries)
for part in parts:
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        began = time.monotonic()
        part()
        print('%-14s %.1f s' % (part.__name__, time.monotonic() - began), flush=True)
o.end()
