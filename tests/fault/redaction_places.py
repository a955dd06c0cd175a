#!/usr/bin/env python3
"""Private strings at every place that the redactor itself lists, in every form in which they get into functions, and values
that a report gives away at one place and has at another.

The places are read from the redactor's own tables, so that a member that is added there is tried here.
"""
import os
import re
import sys

sys.dont_write_bytecode = True
import redaction
from redaction import ALL, LEARNED, TOKENS, WORDS, Trial, base_spec, frames_of, known, make, other

TRIAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'src', 'triage')

# Forms of a value that no text may have. What stands in them is looked for, and so is the sign itself.
SETTINGS = [
    ('short setting', 'pw=Hunter\u2026!9', ('hunter', '!9')), ('marks in a value', 'password=Tr0ub4dor;&3)x9z', ('tr0ub4dor', '3)x9z')),
    ('quoted value', 'secret="light and red <9"', ('light and red', 'red <9')), ('value without an end', "token='light,blue", ('light,blue',)),
    ('variable behind a prefix', 'MPS_NIGHTJAR=3 PYTORCH_HALVORSEN=4', ('nightjar', 'halvorsen')),
    ('unknown setting', 'label=halvorsen-light!9', ('halvorsen', 'light!9')),
    ('setting in JSON', '{"password": "31415926", "pin":47110815}', ('31415926', '47110815')),
    ('setting of known words', '{"api_key":"metal buffer queue"}', ('metal buffer queue',)),
    ('setting in Python', "{'DB_PASSWORD': 'metal queue'}", ('metal queue',)),
    ('setting with backslashes', '{\\"password\\":\\"31415926\\"}', ('31415926',)),
    ('option in a list', '["--password","31415926"]', ('31415926',)), ('setting in XML', '<password>metal queue</password>', ('metal queue',)),
    ('spoken setting', 'passwd 31415926', ('31415926',)), ('credentials', 'credentials metal:31415926', ('31415926', 'metal:')),
    ('spoken variable', 'with AWS_SECRET_ACCESS_KEY 31415926', ('31415926',)), ('arrow', 'secret => "metal queue"', ('metal queue',)),
    ('header', 'cookie: a=31415926; c=47110815', ('31415926', '47110815')),
]
UNSEEN = [
    ('turned word', 'light\u202ered', ('\u202e',)), ('turned text', '\u2066light red\u2069', ('\u2066', '\u2069')),
    ('hidden sign', 'li\u200bght', ('\u200b',)), ('mark of direction', 'light \u200f red', ('\u200f',)),
    ('byte order mark', 'light\ufeff', ('\ufeff',)), ('sign in a name', 'nightjar\u200d.dylib', ('\u200d',)),
]
BASE64 = [
    ('word of base64', 'NightjarMaritime', ('nightjar',)), ('words of base64', 'HalvorsenPryceMaritimeLtd1', ('halvorsen',)),
    ('hexadecimal key', 'd41d8cd98f00b204e9800998ecf8427e'), ('eight letters', 'nightjar'), ('text', 'bG9naW49dGxpbmRxdmlzdDt0ZWFtPXZlbG1vcmE=', ('bG9naW49',)),
]
IDENTIFIERS = [
    ('identifier', 'halvorsen_pryce'), ('joined identifier', 'NightjarHalvorsen'), ('capitals', 'HALVORSENPRYCE'),
]
FULL_NAMES = [('full name in a symbol', 'Tessa Lindqvist', ('tessa', 'lindqvist'))]
SYMBOL_FORMS = [
    'abort@%s', 'abort@@%s', 'abort:%s', 'abort$%s', 'abort #%s', 'abort+%s', 'malloc [inlined] %s', 'malloc\t%s', 'malloc\n%s',
    'malloc.cold.%s', '-[NSString(%s) length]', 'main (%s)', "main at %s's MacBook Pro", '%s', '%s::run(int)', 'void %s<int>::run()',
    '-[%s run]', 'run(%s const&)', '%s.run() -> ()', 'closure #1 in %s.run()', '_ZN3foo3barEv %s', "f('%s')",
    'foo::bar\u202e%s()', 'main(%s)::$_0::operator()()',
]


# ---- every member ----

def tables():
    """name of a table -> [(member, policy, lists, table of its members)]"""
    with open(os.path.join(TRIAGE, 'redact_json_members.c'), encoding='utf-8') as file:
        source = file.read()
    found = {}
    for name, rows in re.findall(r'const struct redact_member (\w+)\[\] = \{\n(.*?)\n\};', source, re.S):
        found[name] = []
        for macro, first, second in re.findall(r'\b(TEXTS?|NUMBER|OBJECTS?|REGISTER)\("([^"]+)"(?:, (\w+))?\)', rows):
            kind = {'NUMBER': 'POLICY_NUMBER', 'OBJECT': 'POLICY_OBJECT', 'OBJECTS': 'POLICY_OBJECT', 'REGISTER': 'POLICY_OBJECT'}
            policy = kind.get(macro, second)
            table = 'machine_register' if macro == 'REGISTER' else second if policy == 'POLICY_OBJECT' else None
            found[name].append((first, policy, 1 if macro.endswith('S') else 0, table))
        for member, policy, lists, table in re.findall(r'\{"(\w+)", (\w+), (\d), true, (\w+)\}', rows):
            found[name].append((member, policy, int(lists), table if table != 'NULL' else None))
    return found


# What stays where it stands, unless it is private by its form or known; what is found only in the text form.
NAMED = ('POLICY_NAME', 'POLICY_PATH', 'POLICY_SOURCE')
UNTOUCHED = ('POLICY_UUID', 'POLICY_INCIDENT')


def filled(every, table, text, skip, taken):
    result = {}
    for member, policy, lists, inner in every.get(table, []):
        if policy == 'POLICY_OBJECT':
            value = filled(every, inner, text, skip, taken)
        elif policy in skip:
            continue
        else:
            value = text
            taken.append(member)
        result[member if member != '*' else text] = [value] if lists else value
    return result


def merge(into, more):
    """Members of more beside those of into, the first element of a list in all; homes stay known by their images."""
    for key, value in more.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merge(old, value)
        elif isinstance(old, list) and isinstance(value, list) and value and isinstance(value[0], dict):
            for element in old:
                if isinstance(element, dict) and key != 'usedImages':
                    merge(element, value[0])
            old.append(value[0])
        else:
            into[key] = value


def every_member(trial):
    every = tables()
    trial.check(len(every) > 20 and sum(map(len, every.values())) > 200, 'the tables are read', list(every))
    prose = LEARNED + TOKENS + WORDS + SETTINGS + UNSEEN
    for number, (secret, skip) in enumerate(
            [(each, NAMED + UNTOUCHED + ('POLICY_SYMBOL', 'POLICY_SELECTOR', 'POLICY_BACKTRACE')) for each in prose] +
            [(each, UNTOUCHED) for each in LEARNED[:2] + TOKENS + UNSEEN]):
        if not ALL and number % 2:
            continue
        header, body, _ = make.build('every-%d' % number, base_spec())
        known(body)
        taken = []
        merge(body, filled(every, 'redact_report_members', secret[1], skip, taken))
        body['faultingThread'] = 0
        trial.take('every member with ' + secret[0], make.to_json(header, body), [(place, secret) for place in taken], same=False)


# ---- functions ----

def symbols(trial):
    for number, form in enumerate(SYMBOL_FORMS):
        planted = []
        header, body, _ = make.build('symbol-%d' % number, base_spec())
        known(body)
        thread = other(body)
        start = dict(thread['frames'][0])
        for secret in IDENTIFIERS + (FULL_NAMES if ' (' in form or ' at ' in form else []):
            thread['frames'].append(dict(start, symbol=form % secret[1], symbolLocation=4))
            frames_of(body).append(dict(start, symbol=form % secret[1], symbolLocation=4))
            body['asiBacktraces'] = ['0   libx   0x00000001a0a58418 %s + 164' % (form % secret[1]).replace('\n', ' ')]
            planted.append((form, secret))
        trial.take('functions like ' + form, make.to_json(header, body), planted)


# ---- what a report gives away ----

KEY = 'A1B2C3D4-E5F6-0718-293A-4B5C6D7E8F90'
KEY_FORMS = [
    ('as it is', KEY), ('lower case', KEY.lower()), ('without dashes', KEY.replace('-', '')), ('underscores', KEY.replace('-', '_').lower()),
    ('behind a prefix', 'init_' + KEY.replace('-', '_')), ('in front of a suffix', KEY.replace('-', '').lower() + '_run'),
    ('in a word', 'run%sx' % KEY.replace('-', '')),
]
KEY_NEEDLES = (KEY, KEY.replace('-', ''), KEY.replace('-', '_'))
KEY_PLACES = {
    'symbol': lambda h, b, t: frames_of(b)[-3].update(symbol='%s()' % t, symbolLocation=4),
    'other symbol': lambda h, b, t: other(b)['frames'][0].update(symbol=t, symbolLocation=4),
    'image': lambda h, b, t: b['usedImages'][-1].update(name='lib%s.dylib' % t, path='/opt/x/lib%s.dylib' % t),
    'folder': lambda h, b, t: b['usedImages'][-2].update(path='/usr/lib/%s/x.dylib' % t),
    'prose': lambda h, b, t: b.setdefault('asi', {}).__setitem__('libsystem_c.dylib', ['abort() called with %s' % t]),
    'queue': lambda h, b, t: other(b).__setitem__('queue', 'com.apple.%s' % t),
    'bundle': lambda h, b, t: b['usedImages'][-3].update(CFBundleIdentifier='com.apple.%s' % t),
    'source': lambda h, b, t: frames_of(b)[-2].update(sourceFile='%s.c' % t, sourceLine=7),
}


def keys_of_the_machine(trial):
    for member in ('crashReporterKey', 'sleepWakeUUID', 'bootSessionUUID'):
        for name, text in KEY_FORMS:
            for place, put_it in KEY_PLACES.items():
                header, body, _ = make.build('key-%s-%s-%s' % (member, name, place), base_spec())
                known(body)
                body[member] = KEY
                put_it(header, body, text)
                secret = ('key of the machine, %s' % name, text, KEY_NEEDLES)
                trial.take('%s %s in %s' % (member, name, place), make.to_json(header, body), [(place, secret)])
            if not ALL:
                break


GIVEN = {
    'parent': lambda b, t: b.__setitem__('parentProc', t), 'responsible': lambda b, t: b.__setitem__('responsibleProc', t),
    'coalition': lambda b, t: b.__setitem__('coalitionName', 'com.velmora.' + t), 'byProc': lambda b, t: b['termination'].__setitem__('byProc', t),
    'thread name': lambda b, t: other(b).__setitem__('name', t + ' worker'), 'queue': lambda b, t: other(b).__setitem__('queue', 'com.velmora.%s.queue' % t),
}


def values_given_away(trial):
    """The owner of a value of one member is known by it in the functions of the same report."""
    for place, give in GIVEN.items():
        header, body, _ = make.build('given-' + place, base_spec())
        known(body)
        give(body, 'halvorsend')
        frames_of(body)[-3].update(symbol='load_render_buffer_halvorsend_pass(int)', symbolLocation=4)
        other(body)['frames'][0].update(symbol='Render::halvorsend::load()', symbolLocation=4)
        trial.take('given away by ' + place, make.to_json(header, body), [(place, ('value of ' + place, 'halvorsend'))])


# ---- lines of the text form ----

# Their values are names, or the last part of a path is.
NAME_KEYS = ('Process', 'Path', 'Identifier', 'Incident Identifier')


# Of every section, as a line of its own and beside what has a form there.
SECTIONS = [
    'Thread 90 name:  %s\nThread 90:\n%s', 'Thread 91:: %s  Dispatch queue: %s', 'Thread 92 name:   Dispatch queue: %s',
    'Last Exception Backtrace:\n(0x1a2b3c4d5 0x1a2b3c4d6 %s)', 'Application Specific Information:\nabort() called\n%s',
    'Application Specific Signatures:\n%s', 'VM Region Info: %s\n      MALLOC  1000-2000 [ 4K] rw-/rwx SM=PRV  %s',
    'VM Regions Near 0x5c8: %s\n--> %s', 'Error Formulating Crash Report:\n%s', 'Kernel Triage:\nVM - %s',
    'External Modification Summary:\n  Calls made by other processes targeting this process:\n    %s: 0', 'External Modification Warnings:\n%s',
    'VM Region Summary:\nReadOnly portion of Libraries: Total=%s', 'Microstackshots:\n%s', 'Extra Information:\n%s',
    'Call graph:\n    2796 Thread_1: %s\n    + 2796 %s', 'Thread 93 instruction stream:\n  5b 5b 2a 11 %s\n',
    'Thread 94 crashed with ARM Thread State (64-bit):\n  x0: 0x0000000000000001 %s\n  %s', 'Full Report\n%s', 'System Profile:\n%s\n%s: %s', 'EOF\n%s',
]


def text_keys():
    with open(os.path.join(TRIAGE, 'redact_line_header.c'), encoding='utf-8') as file:
        return re.findall(r'^\t\{"([^"]+)", KEY_\w+, POLICY_\w+\},$', file.read(), re.M)


def text_lines(trial):
    keys = text_keys()
    trial.check(len(keys) > 40, 'the keys are read', keys)
    lines = [key for key in keys if key not in NAME_KEYS]
    for number, secret in enumerate(LEARNED + TOKENS + WORDS + SETTINGS + UNSEEN):
        if not ALL and number % 2:
            continue
        text = secret[1]
        header, body, _ = make.build('line-%d' % number, base_spec())
        known(body)
        raw = make.to_text(header, body).decode()
        head, tail = raw.split('\n\nTime Awake', 1)
        added = ['%-22s %s' % (key + ':', form % text) for key in lines for form in ('%s', '5 %s [7] x')]
        raw = '\n'.join(added) + '\n' + head + '\n\nTime Awake' + tail
        raw += ''.join('\n' + form % ((text,) * form.count('%s')) + '\n' for form in SECTIONS)
        trial.take('lines with ' + secret[0], raw.encode(), [(line, secret) for line in lines + SECTIONS], is_json=False,
                   same=False)


def code(trial):
    for secret in BASE64 + TOKENS:
        header, body, _ = make.build('code-' + secret[0], base_spec())
        known(body)
        body['instructionByteStream'] = {'beforePC': secret[1], 'atPC': secret[1]}
        trial.take('instructions with ' + secret[0], make.to_json(header, body), [('instructions', secret)], same=False)


def prose(trial):
    waiting = [(place, put_it, secret) for place, put_it in redaction.PROSE.items() for secret in SETTINGS + UNSEEN]
    waiting += [(place, put_it, secret) for place, put_it in redaction.SYMBOLS.items() for secret in UNSEEN]
    number = 0
    while waiting:
        number += 1
        header, body, _ = make.build('prose-%d' % number, base_spec())
        known(body)
        planted, later, used = [], [], set()
        for place, put_it, secret in waiting:
            if place in used or redaction.clashes(place, planted):
                later.append((place, put_it, secret))
                continue
            used.add(place)
            put_it(header, body, secret[1])
            planted.append((place, secret))
        waiting = later
        trial.take('prose %d' % number, make.to_json(header, body), planted)


def main():
    trial = Trial()
    for part in (every_member, symbols, keys_of_the_machine, values_given_away, text_lines, code, prose):
        part(trial)
    trial.done()


if __name__ == '__main__':
    main()
