#!/usr/bin/env python3
"""Reports with private strings in every place that can hold a string, and a search for them in what redaction leaves.

The helper AGXTRIAGE_REDACTOR redacts a file and says what the result has not in common with the original. What it
writes is searched as a hostile examiner would: raw, as decoded JSON, with "\\/" and percent signs undone, in any case,
and in every stretch of base64. AGXTRIAGE_FAULT_ALL in the environment makes the run longer.
"""
import base64
import binascii
import copy
import json
import os
import re
import subprocess
import sys
import unicodedata
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'data'))
import make
import sites
from outsider import Outsider

REDACTOR = os.environ.get('AGXTRIAGE_REDACTOR')
ALL = os.environ.get('AGXTRIAGE_FAULT_ALL')
LOGIN, SHORT, WORD_LOGIN, FULL = 'marlow.keene', 'qz', 'python', "Zoë O'Brien-Ünal"
HOMES = ['/Users/%s/' % LOGIN, '/Users/%s/' % SHORT, '/Users/%s/' % WORD_LOGIN, '/Users/%s/' % FULL]

# What a text may hold: (name, text, what must not be found). Where nothing is named, the text itself must not be.
# "learned" ones are known from a home folder elsewhere in the report and must go even as part of a name; "token"
# ones have a form of their own and must go everywhere; "word" ones are ordinary words and must go from prose and paths.
LEARNED = [
    ('login', LOGIN), ('login in capitals', LOGIN.upper()), ('login first', 'keene.marlow', ('marlow.keene',)),
    ('login in a host', 'keene-macbook-pro.local', ('keene',)),
]
TOKENS = [
    ('e-mail', 'tessa.lindqvist@velmora-labs.example'), ('e-mail of two letters', 'qz@vx.example', ('qz@',)),
    ('IPv4', '10.31.207.44'), ('IPv4 and port', '172.23.91.8:8443', ('172.23.91.8',)),
    ('IPv6', 'fe80::1c3d:52ff:fea9:7b21%en0', ('52ff:fea9',)), ('IPv6 whole', '2001:db8:7f3:91a::c0de:51', ('7f3:91a',)),
    ('IPv4 in a word', 'worker_10.213.35.61', ('213.35',)), ('IPv4 behind a word', 'peer10.213.35.62_tx', ('213.35',)),
    ('IPv4 with dashes', '10-213-35-63', ('213-35',)), ('MAC in a word', 'mac_20:a0:0d:a3:a2:03', ('0d:a3',)),
    ('UUID in a word', 'id_79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9', ('C45B', '94FE1DDC')),
    ('telephone in a word', 'tel_+14155550132', ('4155550132',)),
    ('MAC', 'f0:18:98:a4:3e:d7'), ('MAC with dashes', 'F0-18-98-A4-3E-D8'),
    ('UUID of the machine', '7E1C93A4-5B20-4D8F-9C61-0FA2D37B8E15'),
    ('GitHub token', 'ghp_' + 'Zk3vQ8mTn1XwR7yLp5BdHs9CfJa2Ge4Uo6Ki'), ('GitLab token', 'glpat-' + 'x9Qv2Lm7Tz4Wc8Rn1Yb5'),
    ('AWS key', 'AKIA' + 'QX7LMV3ZP2TNRB5K'),
    ('Slack token', 'xoxb-' + '2716354891-9081726354-QwErTyUiOpAsDfGhJkLzXcVb', ('QwErTyUiOp',)),
    ('OpenAI key', 'sk-proj-' + 'T3q8ZvXn5LwYb2Km7RcPd4HsJ9fAe6Gu', ('T3q8ZvXn5L',)),
    ('Hugging Face token', 'hf_' + 'qLmXzTnVbRcYwKpDsHgJfAeUoIiBvNxMqZ'), ('Google key', 'AIza' + 'SyD8xQm3Zn7Lv5Tb2Wk9Rc4Yp6Hs1JfGeAu'),
    ('Stripe key', 'sk_live_' + '51Hq8ZvXn5LwYb2Km7RcPd4Hs'), ('npm token', 'npm_' + 'aQ7vLm2Zx9Tn4Wc8Rk1Yb5Pd3Hs6JfGe0Ui2'),
    ('SendGrid key', 'SG.' + 'k3Vq8mTn1XwR7yLp5BdHs9.CfJa2Ge4Uo6KiZt0Vb8Nx3Mq7Lw5Yc1Rp9', ('k3Vq8mTn1', 'CfJa2Ge4Uo')),
    ('JWT', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYXJsb3cifQ.k8Zv3XnQ5LwYb2Km7RcPd4HsJ9fAe6Gu1Ti0Vo', ('k8Zv3XnQ5', 'eyJzdWIi')),
    ('SSH key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKq8ZvXn5LwYb2Km7RcPd4HsJ9fAe6Gu1Ti0VoXx9', ('IKq8ZvXn5L',)),
    ('URL with credentials', 'https://tlindqvist:hunter2pass@git.velmora.example/atlas.git',
     ('tlindqvist', 'hunter2pass', 'velmora')),
    ('home', '/Users/%s/ProjectNightjar/train.py' % LOGIN, (LOGIN, 'ProjectNightjar')),
    ('home of two letters', '/Users/%s/ProjectNightjar/a.py' % SHORT, ('/%s/' % SHORT, 'ProjectNightjar')),
    ('home of a word', '/Users/%s/nightjar-private/a.py' % WORD_LOGIN, ('users/python', 'nightjar-private')),
    ('home of a full name', '/Users/%s/nightjar-private/a.py' % FULL, ('Brien', 'nightjar-private')),
    ('home on Linux', '/home/tlindqvist/nightjar-private/a.py', ('tlindqvist', 'nightjar-private')),
    ('tilde', '~tlindqvist/nightjar-private/a.py', ('tlindqvist', 'nightjar-private')),
    ('temporary folder', '/private/var/folders/q7/zt3k9xw51mb8v6r0nd2ycl4h0000gn/T/nightjar-private/a', ('zt3k9xw51', 'nightjar')),
    ('volume', '/Volumes/Velmora Backup/nightjar-private/a.py', ('velmora', 'nightjar')),
    ('data volume', '/System/Volumes/Data/Users/tlindqvist/nightjar-private/a.py', ('tlindqvist', 'nightjar')),
    ('file URL', 'file:///Users/tlindqvist/nightjar%2Dprivate/a.py', ('tlindqvist', 'nightjar')),
    ('escaped home', '%2FUsers%2Ftlindqvist%2Fnightjar-private%2Fa.py', ('tlindqvist', 'nightjar')),
    ('Windows home', 'C:\\Users\\tlindqvist\\nightjar-private\\a.py', ('tlindqvist', 'nightjar')),
    ('climbing path', '/System/../Users/tlindqvist/nightjar-private/a.py', ('tlindqvist', 'nightjar')),
    ('doubled slashes', '//Users//tlindqvist//nightjar-private//a.py', ('tlindqvist', 'nightjar')),
    ('base64 of a login', base64.b64encode(b'login=tlindqvist;team=velmora').decode(), ('bG9naW49',)),
]
WORDS = [
    ('AWS secret', 'wJq7XtnFEMI/K7MDENG/bPxRfi' + 'CYzQ8VkTLm9', ('bPxRfi',)),
    ('full name', FULL, ('Brien', 'Zoë')), ('host', 'tessas-mac-studio', ('tessas',)),
    ('customer', 'Halvorsen & Pryce Maritime', ('halvorsen', 'pryce', 'maritime')), ('project', 'nightjar-atlas', ('nightjar',)),
    ('serial number', 'C02XK1YZJGH5'), ('Wi-Fi', 'Velmora-Guest-5G', ('velmora',)), ('phone', '+49 170 5558 3141', ('5558', '3141')),
    ('IBAN', 'DE89 3704 0044 0532 0130 00', ('3704', '0532')), ('credit card', '4929 1183 6620 7745', ('1183', '7745')),
    ('IMEI', 'IMEI: 490154203237518', ('4901542',)), ('social number', 'SSN 123-45-6789', ('45-6789',)),
    ('telephone with a word', 'mobile number is 5551234567', ('5551234',)), ('telephone', 'call 0171 1234567', ('1234567',)),
    ('telephone behind a word', 'job-4155550132', ('4155550',)), ('account', 'arn:aws:iam::123456789012:role/x', ('123456789',)),
    ('place', '52.52001, 13.40495', ('52001', '40495')), ('serial number with a word', 'serialNumber = 9281736450', ('9281736',)),
    ('licence key', 'VX7Q2-9KMZT-4LPWR-8NBHC', ('9KMZT', '4LPWR')), ('password', 'password=Tr0ub4dor&3x', ('Tr0ub4dor',)),
    ('environment', 'VELMORA_HOME=/opt/velmora SECRET_TOKEN=qX8vLm2z', ('velmora', 'qX8vLm2z')),
    ('arguments', 'train.py --customer halvorsen --run nightjar7', ('halvorsen', 'nightjar')),
    ('bundle id', 'com.velmora.nightjar.agent', ('velmora', 'nightjar')),
    ('chat', 'hey Tessa, the Halvorsen demo broke again, call me', ('tessa', 'halvorsen')),
    ('Cyrillic name', 'Ксения Воронова', ('ксения', 'воронова')), ('Chinese name', '王小明的电脑', ('王小明',)),
    ('medical word', 'oncology-ward-7', ('oncology',)),
]


def needles(secret):
    return secret[2] if len(secret) > 2 else (secret[1],)


# ---- places ----

def frames_of(body):
    return body['threads'][body['faultingThread']]['frames']


def other(body):
    return next(thread for index, thread in enumerate(body['threads']) if index != body['faultingThread'])


def put(*path):
    """A place: the member of the body at path."""
    def place(header, body, text):
        target = body
        for key in path[:-1]:
            target = target.setdefault(key, {}) if isinstance(target, dict) else target[key]
        if isinstance(target, list) and path[-1] == len(target):
            target.append(text)
        else:
            target[path[-1]] = text
    return place


def in_header(key):
    def place(header, body, text):
        header[key] = text
    return place


def crashed(key):
    def place(header, body, text):
        body['threads'][body['faultingThread']][key] = text
    return place


def frame(number, key, form='%s'):
    def place(header, body, text):
        frames_of(body)[number][key] = form % text
        frames_of(body)[number].setdefault('symbolLocation', 4)
    return place


def other_frame(key, form='%s'):
    def place(header, body, text):
        other(body)['frames'][0][key] = form % text
        other(body)['frames'][0].setdefault('symbolLocation', 4)
    return place


def register(key):
    def place(header, body, text):
        body['threads'][body['faultingThread']]['threadState']['x'][7][key] = text
    return place


def key_name(header, body, text):
    body[text] = {'a': 1}
    body['exception'][text] = 'x'
    other(body)[text] = 7
    body['usedImages'][-1][text] = [text]


def asi_key(header, body, text):
    body.setdefault('asi', {})[text] = ['abort() called']


def backtrace(header, body, text):
    body['asiBacktraces'] = ['0   CoreFoundation   0x00000001a0a58418 __exceptionPreprocess + 164\n1   libx   0x1 %s + 4' % text]


PROSE = {
    'asi': lambda h, b, t: b.setdefault('asi', {}).__setitem__('libsystem_c.dylib', ['abort() called', 'Fatal: %s!' % t]),
    'thread name': crashed('name'), 'queue': crashed('queue'),
    'other thread': lambda h, b, t: other(b).__setitem__('name', t),
    'other queue': lambda h, b, t: other(b).__setitem__('queue', 'worker.' + t),
    'reasons': lambda h, b, t: b['termination'].__setitem__('reasons', ['ok', 'because of ' + t]),
    'details': lambda h, b, t: b['termination'].__setitem__('details', [t]),
    'byProc': put('termination', 'byProc'), 'indicator': put('termination', 'indicator'),
    'message': put('exception', 'message'), 'subtype': lambda h, b, t: b['exception'].__setitem__(
        'subtype', 'KERN_INVALID_ADDRESS at 0x00000000000005c8 ' + t),
    'region': lambda h, b, t: b.__setitem__('vmRegionInfo', '0x5c8 is not in any region.\n      mapped file  104000-105000 [ 4K] r--/rwx SM=COW  %s\n' % t),
    'summary': put('vmSummary'), 'notes': lambda h, b, t: b.__setitem__('reportNotes', [t]),
    'parent': put('parentProc'), 'responsible': put('responsibleProc'), 'coalition': put('coalitionName'),
    'triage info': put('ktriageinfo'), 'legacy queue': lambda h, b, t: b.__setitem__(
        'legacyInfo', {'threadTriggered': {'queue': t, 'name': t}}),
    'register text': register('description'), 'role': put('procRole'), 'model': put('modelCode'),
    'system': put('osVersion', 'train'), 'build': put('osVersion', 'build'), 'cpu': put('cpuType'),
    'version': put('bundleInfo', 'CFBundleShortVersionString'), 'sip': put('sip'), 'flavor': lambda h, b, t: b['threads'][
        b['faultingThread']]['threadState'].__setitem__('flavor', t),
    'image version': lambda h, b, t: b['usedImages'][-1].__setitem__('CFBundleVersion', t),
    'image source': lambda h, b, t: b['usedImages'][-1].__setitem__('source', t),
    'os version': in_header('os_version'), 'app version': in_header('app_version'),
    'namespace': put('termination', 'namespace'),
}
GONE = {
    'unknown value': put('velvet'), 'unknown object': put('velour', 'a', 'b'), 'key': key_name,
    'image uuid': lambda h, b, t: b['usedImages'][-1].__setitem__('uuid', t),
    'slice': in_header('slice_uuid'), 'trial': put('trialInfo', 'rollouts'), 'store': put('storeInfo', 'itemID'),
    'signing id': put('codeSigningID'), 'signing team': put('codeSigningTeamID'), 'signature': put('logWritingSignature'),
    'reporter key': put('crashReporterKey'), 'sleep': put('sleepWakeUUID'), 'boot': put('bootSessionUUID'),
    'pid': put('parentPid'), 'uptime': put('uptime'), 'codes': put('exception', 'codes'), 'launch': put('procLaunch'),
    'base': lambda h, b, t: b['usedImages'][-1].__setitem__('size', t),
    'register': lambda h, b, t: b['threads'][b['faultingThread']]['threadState'].__setitem__('q' + t[:3], {'value': 1, 'symbol': t}),
    'fault state': put('os_fault', 'process'), 'voucher': lambda h, b, t: b.__setitem__('voucherInfos', [{'proximateName': t}]),
    'instruction bytes': put('instructionByteStream', 'more'), 'header unknown': in_header('web4'),
    'objects for texts': lambda h, b, t: b.__setitem__('parentProc', {'name': t, t: [t]}),
    'list for text': lambda h, b, t: b.__setitem__('responsibleProc', [t]),
    'text for list': lambda h, b, t: b.__setitem__('extMods', t), 'text for object': put('sharedCache'),
    'cohort': in_header('app_cohort'),
    'number place': lambda h, b, t: frames_of(b)[-1].__setitem__('sourceLine', t),
}
SYMBOLS = {
    'symbol': frame(-3, 'symbol', 'outer::run(lambda at %s)'), 'symbol bare': other_frame('symbol'),
    'symbol quoted': other_frame('symbol', 'f("%s")'), 'source file': frame(-3, 'sourceFile'),
    'other source': other_frame('sourceFile'), 'register symbol': register('symbol'), 'selector': register('objc-selector'),
    'asi key': asi_key, 'asi backtrace': backtrace,
    'image path': lambda h, b, t: b['usedImages'][-1].__setitem__('path', '/opt/%s/lib/x.dylib' % t.strip('/')),
    'last exception': lambda h, b, t: b.__setitem__('lastExceptionBacktrace', [
        {'imageOffset': 4, 'imageIndex': 0, 'symbol': t, 'symbolLocation': 4}]),
    'image name': lambda h, b, t: b['usedImages'][-1].__setitem__('name', t),
    'image bundle': lambda h, b, t: b['usedImages'][-1].__setitem__('CFBundleIdentifier', t),
    'process path': lambda h, b, t: b.__setitem__('procPath', t if '/' in t else '/Applications/%s/run' % t),
    'bundle': put('bundleInfo', 'CFBundleIdentifier'), 'app name': in_header('app_name'),
}
PATHS = {
    'folder': lambda h, b, t: b['usedImages'][-1].__setitem__('path', '/opt/%s/lib/x.dylib' % t.replace('/', ':')),
    'folder of source': frame(-3, 'sourceFile', '/src/%s/main.mm'),
    'folder in a symbol': frame(-3, 'symbol', 'run(lambda at /srv/%s/x.mm:7:9)'),
    'folder of process': lambda h, b, t: b.__setitem__('procPath', '/Volumes/%s/bin/Python' % t.replace('/', ':')),
}


# A UUID in the place of an image's is an image's to anybody who looks at it.
EXPECTED = {('image uuid', 'UUID of the machine'), ('slice', 'UUID of the machine')}


# ---- the examiner ----

def undone(text):
    """The text as it may be read."""
    seen, last = [text], None
    for _ in range(3):
        text = urllib.parse.unquote(text.replace('\\/', '/').replace('\\\\', '\\'))
        if text != last:
            seen.append(text)
        last = text
    try:
        seen.append(re.sub(r'\\u([0-9a-fA-F]{4})', lambda found: chr(int(found.group(1), 16)), seen[-1]))
    except ValueError:
        pass
    return seen


def decoded(text):
    for found in re.findall(r'[A-Za-z0-9+/]{12,}={0,2}', text):
        for start in range(4 if len(found) < 2000 else 1):
            piece = found[start:].rstrip('=')
            piece = piece[:len(piece) - (1 if len(piece) % 4 == 1 else 0)]
            try:
                yield base64.b64decode(piece + '=' * (-len(piece) % 4)).decode('latin-1')
            except (binascii.Error, ValueError):
                pass


def leaves(value):
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield str(value)


def objects(text):
    decoder, at, found = json.JSONDecoder(strict=True), 0, []
    while at < len(text) and text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


def folded(text):
    return unicodedata.normalize('NFC', text).casefold()


def haystack(raw, is_json):
    text = raw.decode('utf-8')
    parts, hidden = list(undone(text)), list(decoded(text))
    if is_json:
        joined = '\n'.join(leaf for value in objects(text.lstrip('\ufeff')) for leaf in leaves(value))
        parts += undone(joined)
        hidden += decoded(joined)
    return folded('\n'.join(parts)), folded('\n'.join(hidden))


def stands_in(needle, hay):
    """Where it begins, or -1; short ones must stand alone, and not in what happens to decode to them."""
    needle, (plain, hidden) = folded(needle), hay
    if re.fullmatch(r'\w{1,4}', needle):
        found = re.search(r'(?<![\w+/.-])%s(?![\w+/.-])' % re.escape(needle), plain)
        return found.start() if found else -1
    return max(plain.find(needle), 0 if needle in hidden else -1)


# ---- the trial ----

class Trial(Outsider):
    def __init__(self):
        super().__init__()
        if not REDACTOR:
            sys.exit('AGXTRIAGE_REDACTOR does not name the helper')
        self.plants, self.batch = 0, []

    def take(self, label, raw, planted, is_json=True, same=True):
        """A file to be redacted, and what was planted in it: (place, secret)."""
        folder = self.new('planted')
        path = self.write(folder + '/in.ips', raw)
        out = folder + '/out'
        os.mkdir(out)
        process = subprocess.Popen([REDACTOR, out, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env)
        self.batch.append((label, process, out, planted, is_json, same))
        if len(self.batch) >= 2:
            self.judge(*self.batch.pop(0))

    def judge(self, label, process, out, planted, is_json, same):
        answer = self.finish(process, label=label, timeout=30)
        self.check(answer.status == 0, label + ': ends well', answer)
        try:
            result = json.loads(answer.out)
        except ValueError:
            self.fail('%s: no answer: %s' % (label, answer))
            return
        if not self.check(result['reports'] >= 1 and not result['error'], label + ': is redacted', result):
            return
        if same:
            self.check(not result['found'], label + ': is the same report', result['found'][:1500])
        raw = b'\n'.join(open(os.path.join(out, name), 'rb').read() for name in sorted(os.listdir(out)))
        hay = haystack(raw, is_json)
        self.plants += len(planted)
        for secret in {secret for _, secret in planted}:
            places = [place for place, each in planted if each == secret]
            found = [(needle, stands_in(needle, hay)) for needle in needles(secret)]
            left = [hay[0][max(0, at - 70):at + 60] for _, at in found if at >= 0]
            self.check(not left, '%s: %s is left, which was put into %s' % (label, secret[0], ', '.join(places)[:200]), left)

    def done(self):
        while self.batch:
            self.judge(*self.batch.pop(0))
        print('%d plants searched for' % self.plants)
        self.end()


def base_spec():
    return make.variant('agx-set-compute-pipeline-state', concurrency=True)


def known(body):
    """Homes elsewhere, so that their owners are no secret to the redactor."""
    for number, home in enumerate(HOMES):
        body['usedImages'].append({'source': 'P', 'arch': 'arm64', 'base': 0x700000000 + 0x10000 * number, 'size': 4096,
                                   'uuid': make.uuid_of(home), 'path': home + 'lib/libnothing.dylib', 'name': 'libnothing.dylib'})
    body['usedImages'].append({'source': 'P', 'arch': 'arm64', 'base': 0x7f0000000, 'size': 4096, 'uuid': make.uuid_of('end'),
                               'path': '/opt/x/libend.dylib', 'name': 'libend.dylib'})


def plants():
    """Groups of places and the secrets that each place of it is tried with."""
    yield PROSE, LEARNED + TOKENS + WORDS
    yield GONE, LEARNED + TOKENS + WORDS
    yield SYMBOLS, LEARNED[:2] + TOKENS
    yield PATHS, LEARNED + [each for each in TOKENS + WORDS if '/' not in each[1] and '\\' not in each[1]]


def clashes(place, planted):
    """Two plants in one member."""
    groups = [{'image path', 'folder'}, {'symbol', 'folder in a symbol', 'source file', 'folder of source'},
              {'process path', 'folder of process'}, {'symbol bare', 'symbol quoted'}, {'parent', 'objects for texts'},
              {'responsible', 'list for text'}, {'flavor'}]
    return any(place in group and any(other_place in group for other_place, _ in planted) for group in groups)


def planted_reports():
    """All pairs of place and secret, many of them in each report."""
    waiting = [(place, put_it, secret) for places, secrets in plants() for place, put_it in places.items() for secret in secrets
               if (place, secret[0]) not in EXPECTED]
    number = 0
    while waiting:
        number += 1
        header, body, _ = make.build('plant-%d' % number, base_spec())
        known(body)
        planted, later, used = [], [], set()
        for place, put_it, secret in waiting:
            if place in used or clashes(place, planted) or (len(planted) > 70):
                later.append((place, put_it, secret))
                continue
            used.add(place)
            put_it(header, body, secret[1])
            planted.append((place, secret))
        waiting = later
        yield number, header, body, planted


TEXT_LINES = [
    ('Parent Process:        %s [1]', ('parent',)), ('Responsible:           %s [7]', ()), ('Coalition:             %s [9]', ()),
    ('CrashReporter Key:     %s', ()), ('Anonymous UUID:        %s', ()), ('Sleep/Wake UUID:       %s', ()),
    ('Beta Identifier:       %s', ()), ('Hardware Model:        %s', ()), ('Note:                  %s', ()), ('%s', ()),
    ('Terminating Process:   %s [12]', ()), ('Exception Note:        %s', ()), ('Launch Time:           %s', ()),
]
TEXT_TAILS = [
    '\nVM Region Summary:\n%s\nMALLOC   1.2G  %s\n', '\nExternal Modification Summary:\n  %s\n',
    '\nSystem Profile:\nNetwork Service: %s, AirPort, en0\nUSB Device: %s\nSerial ATA Device: %s\n',
    '\nModel: Mac16,5, BootROM %s, proc 16, %s\nGraphics: %s\nBluetooth: Version 9, %s\n', '\nEOF\n\n%s said so\n',
    '\nKernel Triage:\nVM - %s\n', '\n%s: %s\n',
]


def text_report(number, secret, spec):
    """A report in the text form with one secret on every kind of line."""
    header, body, _ = make.build('plant-text-%d' % number, spec)
    known(body)
    text = secret[1].replace('\n', ' ')
    body['parentProc'] = body['responsibleProc'] = text
    body['asi'] = {'libx': ['abort() called', 'Fatal: ' + text]}
    body['vmRegionInfo'] = '0x5c8 is not in any region.\n    mapped file   1040-1050 [ 4K] r--/rwx  ' + text
    body['termination']['byProc'] = text
    body['crashReporterKey'] = text
    other(body)['name'], other(body)['queue'] = text, text
    planted = [('text', secret)]
    raw = make.to_text(header, body).decode()
    head, tail = raw.split('\n\nTime Awake', 1)
    lines = [form % text for form, _ in TEXT_LINES]
    raw = head + '\n' + '\n'.join(lines) + '\n\nTime Awake' + tail
    form = TEXT_TAILS[number % len(TEXT_TAILS)]
    raw += form % ((text,) * form.count('%s'))
    return raw.encode(), planted


def text_symbols(number, secret):
    header, body, _ = make.build('plant-text-symbol-%d' % number, base_spec())
    known(body)
    frames_of(body)[-3]['symbol'] = 'outer::run(lambda at %s)' % secret[1]
    other(body)['frames'][0].update(symbol=secret[1], symbolLocation=4, sourceFile=secret[1], sourceLine=7)
    body['usedImages'][-1]['path'] = '/opt/%s/lib/x.dylib' % secret[1].strip('/')
    return make.to_text(header, body), [('text symbol', secret)]


def escaped(raw):
    """Every letter inside the strings of the body as an escape."""
    def letters(found):
        inside = found.group(1)
        if '\\' in inside or len(inside) > 400:
            return found.group(0)
        return '"' + ''.join('\\u%04x' % ord(c) if ord(c) < 0x10000 and c.isalpha() else c for c in inside) + '"'
    return re.sub(r'"((?:[^"\\]|\\.)*)"', letters, raw.decode()).encode()


def forms(trial):
    """The same plants in other clothes: escapes, UTF-16, HTML, a report quoted in a mail."""
    for number, secret in enumerate(TOKENS + LEARNED + WORDS if ALL else TOKENS[::4] + LEARNED + WORDS[::4]):
        header, body, _ = make.build('plant-form-%d' % number, base_spec())
        known(body)
        for place, put_it in list(PROSE.items())[:18]:
            put_it(header, body, secret[1])
        raw = make.to_json(header, body)
        planted = [('escaped prose', secret)]
        trial.take('escapes of %s' % secret[0], escaped(raw), planted)
        if number % 3 == 0:
            trial.take('UTF-16 of %s' % secret[0], b'\xff\xfe' + raw.decode().encode('utf-16-le'), planted)
        if number % 3 == 1:
            mail = 'Hi, %s here\n' % secret[1] + raw.decode() + '\nregards, %s\n' % secret[1]
            trial.take('mail of %s' % secret[0], mail.encode(), planted)
        if number % 3 == 2:
            page = raw.decode().replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
            trial.take('page of %s' % secret[0], ('<p>%s</p><pre><code>%s</code></pre><p>%s</p>' % (
                LOGIN, page, LOGIN)).encode(), planted)


def kinds(trial):
    """GPU events, panics, jetsam events, stackshots, hangs with a text behind the header."""
    secrets = LEARNED[:2] + TOKENS + WORDS
    for number, secret in enumerate(secrets if ALL else secrets[::3]):
        text = secret[1]
        planted = [('another kind', secret)]
        path = '/Users/%s/x' % LOGIN
        header = make.plain_header('plant-gpu', '284')
        trial.take('GPU event with ' + secret[0], make.to_json(header, {
            'process_name': 'python3.14-long-', 'timestamp': 1770109872, 'bug_type': '284', 'velvet': path, 'analysis': {
                'signature': 579, 'restart_reason': 7, 'restart_reason_desc': 'firmware-detected lockup', 'guilty_dm': 1,
                'command_buffer_trace_id': text, 'label': text, 'command_buffer_labels': [text, [text]], text: text}}), planted)
        header = make.plain_header('plant-panic', '210')
        trial.take('panic with ' + secret[0], make.to_json(header, {
            'build': 'macOS 15.7.3 (24G419)', 'product': text, 'kernel': 'Darwin Kernel Version 24.6.0: ' + text,
            'incident': header['incident_id'], 'panicFlags': text, 'macOSProcessedStackshotData': text, 'roots': [text],
            'panicString': 'panic(cpu 3 caller 0xfffffe0023a5c7d8): completeMemory() prepare count underflow\nPanicked task '
            '0xfffffe1b: 500 pages, 3 threads: pid 81: %s\n%s\n' % (text, path), 'otherString': text,
            'notes': [text], 'processByPid': {'1': {'procname': text, text: 1}}}), planted)
        header = make.plain_header('plant-jetsam', '298')
        trial.take('jetsam event with ' + secret[0], make.to_json(header, {
            'crashReporterKey': text, 'memoryStatus': {'memoryPages': {'free': 1000, text: 1}}, 'largestProcess': text,
            'velvet': path, 'processes': [{'pid': 12, 'name': text, 'reason': text, 'uuid': text, 'states': [text]}]}), planted)
        header = make.plain_header('plant-hang', '228')
        hang = 'Command:         %s\nPath:            %s\nNote:            %s\n\n%s\n' % (text, path, text, text)
        trial.take('hang with ' + secret[0], json.dumps(header).encode() + b'\n' + hang.encode(), planted, is_json=False)


def main():
    trial = Trial()
    for number, header, body, planted in planted_reports():
        trial.take('report %d' % number, make.to_json(header, body), planted)
    for number, secret in enumerate(LEARNED + TOKENS + WORDS):
        trial.take('text with ' + secret[0], *text_report(number, secret, base_spec()), is_json=False)
    for number, secret in enumerate((LEARNED[:2] + TOKENS)[::1 if ALL else 2]):
        trial.take('text symbols with ' + secret[0], *text_symbols(number, secret), is_json=False)
    forms(trial)
    kinds(trial)
    trial.done()


if __name__ == '__main__':
    main()
