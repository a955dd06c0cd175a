"""Private strings in the reports, the machine's surroundings, the states and the experiments: none is in an archive.

Looked for as somebody would who wants to find them: in every member, its name, its owner and comment, in the archive's
own header and its unpacked stream; with backslashes, percent signs, entities and JSON's escapes undone, whatever the case.
"""
import base64
import html
import json
import os
import re
import socket
import sys
import urllib.parse

import archives
from outsider import Outsider, dump, good, incident, report, text

o = Outsider()
# Words of no dictionary, so that a hit is one.
LOGIN, PROJECT, COLLEAGUE, CUSTOMER = 'tlindqvist', 'nightjarova', 'Keeneburgh', 'halvorsenium'
PLANTED = {
    LOGIN, PROJECT, COLLEAGUE, CUSTOMER, 'velmoralabs', 'zt3k9xw51mb8v6r0nd2ycl4h0000gn', '10.31.207.44', 'f0:18:98:a4:3e:d7',
    '7E1C93A4-5B20-4D8F-9C61-0FA2D37B8E15', '1A2B3C4D-AAAA-4BBB-8CCC-0123456789AB', 'C02XK1YZJGH5', 'Zk3vQ8mTn1XwR7yLp5BdHs9CfJa2Ge4Uo6Ki',
    'quillonberg', 'threadnameova', 'queueova', 'vmregionova', 'asiova', 'terminova', 'sourceova', 'sshkeyova', 'unknownkeyova',
    'unknownvalova', 'coalitionova', 'parentova', 'responsova', 'lambdaova', 'roleova', 'noteova', 'urlova', 'sitenoteova', 'envvalova',
    'commandova', 'dbfolderova', 'cwdova', 'configova', 'matchova', 'hosthomeova', 'secretwordova', 'warnova', 'imageova', 'exceptova',
    'ktriageova', 'tokenova', 'bundleova', 'macbookova', 'reportfileova', 'siteova', 'ownnoteova', 'titleova', 'reasonova', 'rulefileova',
    'buildova', '58214903771', '60317742985', 'systemova', 'modelova', 'driverova', 'signalova', 'typeova',
}
KEYS = {'crashReporterKey': '7E1C93A4-5B20-4D8F-9C61-0FA2D37B8E15', 'sleepWakeUUID': '1A2B3C4D-AAAA-4BBB-8CCC-0123456789AB',
        'bootSessionUUID': '1A2B3C4D-AAAA-4BBB-8CCC-0123456789AB', 'serialNumber': 'C02XK1YZJGH5'}


def body_changes(number):
    _, body = report(number)
    threads, images = body['threads'], body['usedImages']
    threads[0]['name'] = 'worker of %s threadnameova' % COLLEAGUE
    threads[0]['queue'] = 'com.velmoralabs.queueova'
    threads[0]['frames'][1]['sourceFile'] = '/Users/%s/%s/sourceova/mul.mm' % (LOGIN, PROJECT)
    threads[0]['frames'].append({'imageOffset': 4, 'imageIndex': 2, 'symbolLocation': 1,
                                 'symbol': "run(int)::$_0::operator()() const (lambda at /Users/%s/%s/lambdaova/a.cpp:3:1)" % (LOGIN, PROJECT)})
    threads[1]['name'] = 'ssh %s@10.31.207.44' % LOGIN
    images.append({'source': 'P', 'arch': 'arm64', 'base': 6100273664, 'size': 4096, 'name': 'libhelper.dylib',
                   'uuid': '33333333-2222-3333-4444-555555555555', 'path': '/Users/%s/%s/imageova/libhelper.dylib' % (LOGIN.upper(), PROJECT)})
    return {
        'threads': threads, 'usedImages': images, **KEYS, 'procPath': '/Users/%s/%s/bin/Python' % (LOGIN, PROJECT),
        'parentProc': 'parentova', 'responsibleProc': 'responsova', 'coalitionName': 'com.velmoralabs.coalitionova', 'procRole': 'roleova',
        'bundleInfo': {'CFBundleIdentifier': 'org.python.python', 'bundleova': 'velmoralabs'},
        'asi': {'libsystem_c.dylib': ['%s called abort() for %s asiova\n\x1b[31m 58214903771 60317742985' % (COLLEAGUE, CUSTOMER)]},
        'termination': {'namespace': 'SIGNAL', 'code': 11, 'indicator': 'Segmentation fault: 11', 'byProc': 'terminova', 'byPid': 1,
                        'arguments': ['--customer', CUSTOMER], 'env': {'TOKEN': 'ghp_Zk3vQ8mTn1XwR7yLp5BdHs9CfJa2Ge4Uo6Ki'}},
        'vmRegionInfo': '0x5c8 is in vmregionova of /private/var/folders/q7/zt3k9xw51mb8v6r0nd2ycl4h0000gn/T/%s' % PROJECT,
        'unknownkeyova': {'deep': ['unknownvalova', 'f0:18:98:a4:3e:d7', 'file:///Users/%s/%s%%2Dx' % (LOGIN, PROJECT)]},
        'exception': {'codes': '0x1, 0x5c8', 'rawCodes': [1, 1480], 'type': 'EXC_BAD_ACCESS', 'signal': 'SIGSEGV',
                      'subtype': 'KERN_INVALID_ADDRESS at 0x00000000000005c8 exceptova'},
        'ktriageinfo': 'ktriageova of %s' % CUSTOMER, 'instructionByteStream': {'warnova': 7, 'atPC': 'tokenova of somebody'},
    }


def planted_reports(place):
    for number in range(1, 5):
        o.write('%s/Python-2025-12-20-%06d_macbookova.ips' % (place, number), good(number, **body_changes(number)))
    body = text(5).replace(b'/opt/example/Python', b'/Users/%s/%s/Python' % (LOGIN.encode(), PROJECT.encode()))
    body = body.replace(b'Parent Process:        zsh', b'Parent Process:        parentova')
    body = body.replace(b'Report Version:', b'Anonymous UUID:        7E1C93A4-5B20-4D8F-9C61-0FA2D37B8E15\nquillonberg says so\nReport Version:')
    o.write(place + '/Python-reportfileova.crash', body)
    # One that only the user's own rule knows, with something private wherever facts of the system stand.
    header, own = report(7, modelCode='modelova', osVersion={'train': 'macOS systemova', 'build': 'buildova', 'releaseType': 'User'})
    own['exception'].update(type='EXC_TYPEOVA', signal='SIGSIGNALOVA')
    own['threads'][0]['frames'][0]['symbol'] = 'OwnovaRenderer::draw()'
    for image in own['usedImages']:
        if image['name'].startswith('AGXMetal'):
            image['CFBundleVersion'] = image['CFBundleShortVersionString'] = 'driverova'
    o.write(place + '/Python-own.ips', dump(header, own))
    header, odd = report(6, **body_changes(6))
    o.write(place + '/Python-escaped.ips', dump(header, odd).replace(b'/Users/', b'\\/Users\\/').replace(b'nightjar', b'\\u006eightjar'))


# The second one gives words of its own to a site that is built in.
RULES = {'version': 1, 'rules': [
    {'site': 'siteova-of-keeneburgh', 'title': 'titleova of %s' % COLLEAGUE, 'match': [{'frame': 'OwnovaRenderer::*'}],
     'attribution': 'api_misuse', 'reason': 'reasonova: %s again' % CUSTOMER},
    {'site': 'agx-set-compute-pipeline-state', 'title': 'titleova in the pipeline', 'match': [{'frame': '*setComputePipelineState:*'}],
     'attribution': 'driver', 'reason': 'reasonova, as %s knows' % COLLEAGUE}]}


def prepared():
    """A database in a folder of a telling name, used by somebody with a name, on a machine with surroundings."""
    home, cwd = o.new('hosthomeova'), o.new('cwdova')
    os.makedirs(home + '/.config/agxtriage')
    o.write(home + '/.config/agxtriage/config.json', b'{"include": ["Python*", "configova*"]}')
    os.makedirs(home + '/.config/agxtriage/rules.d')
    o.write(home + '/.config/agxtriage/rules.d/rulefileova.json', json.dumps(RULES).encode())
    env = dict(o.env, HOME=home, USER=LOGIN, LOGNAME=LOGIN, HOSTNAME='macbookova', SECRET='envvalova', PWD=cwd, EMAIL=LOGIN + '@velmoralabs.example')
    db = o.path('dbfolderova/crashes.db')
    planted_reports(cwd)

    def run(*args, status=0):
        answer = o.run(*args, db=db, env=env, cwd=cwd)
        o.check(answer.status == status, '%s' % (args,), answer)
        return answer

    run('scan', '-q', '--all', cwd)
    signature = run('list', '--json').lines[0]['signature']['hash']
    run('triage', signature, '--status', 'known', '--note', 'noteova of %s: ask %s' % (CUSTOMER, COLLEAGUE), '--url',
        'https://tracker.velmoralabs.example/urlova/1')
    run('triage', 'agx-set-compute-pipeline-state', '--note', 'sitenoteova %s' % LOGIN, '--status', 'known')
    run('triage', 'siteova-of-keeneburgh', '--note', 'ownnoteova %s' % LOGIN)
    o.write(cwd + '/commandova.sh', b'exit 0\n')
    run('run', '-n', '2', '--wait', '0', '--env', 'VELMORALABS_KEY=envvalova', '--env', 'velmoralabs_key=envvalova', '--env', 'MPS_TOKENOVA=1',
        '--env', 'MTL_DEBUG_LAYER=1', '--env', 'DB_PASSWORD=58214903771', '--', 'sh', cwd + '/commandova.sh', '--for', CUSTOMER,
        '--token', '60317742985')
    return db, env, cwd


def readings(content):
    """The bytes as they are and with one layer of escaping after the other undone."""
    plain = content.decode('utf-8', 'replace')
    found = [plain, plain.replace('\\/', '/'), urllib.parse.unquote(plain), html.unescape(plain), plain.replace('\0', ''),
             re.sub(r'\\u([0-9a-fA-F]{4})', lambda match: chr(int(match.group(1), 16)), plain),
             urllib.parse.unquote(html.unescape(plain).replace('\\/', '/')), re.sub(r'\\([^\w\s])', r'\1', plain)]
    for piece in set(re.findall(r'[A-Za-z0-9+/]{24,}={0,2}', plain)):
        try:
            found.append(base64.b64decode(piece + '=' * (-len(piece) % 4)).decode('utf-8', 'replace'))
        except ValueError:
            pass
    return '\n'.join(found).casefold()


def search(label, content, more=()):
    seen = readings(content)
    for word in list(PLANTED) + list(more):
        at = seen.find(word.casefold())
        o.check(at < 0, '%s: %s' % (label, word), seen[max(0, at - 80):at + 80])


def each_once(pairs):
    names = [name for name, _ in pairs]
    o.check(len(set(names)) == len(names), 'a member twice', names)
    return dict(pairs)


def searched(db, env, cwd, form, *args):
    path = '%s/x.%s' % (o.new(), form)
    # What the filter asks for is private too.
    words = ('--redact', 'secretwordova', 'process=Pyth*', 'process=matchova', 'path=*/%s/*' % LOGIN, 'path=*')
    answer = o.run('export', '-o', path, *words, *args, db=db, env=env, cwd=cwd)
    o.check(answer.status == 0, 'export', answer)
    members, about = archives.read(path)
    o.check(sum(name.startswith('reports/') for name in members) == 7, 'reports', sorted(members))
    host = [name for name in {socket.gethostname(), socket.gethostname().split('.')[0]} if len(name) > 7]
    for name, content in members.items():
        search('%s %s' % (form, name), content, () if name.startswith('repro/') else host)
    search(form + ': names and owners', repr(about).encode(), host)
    search(form + ': header', archives.header_of(path))
    if form == 'tar.gz':
        search('the stream', archives.unpacked(path)[:1 << 20])
    for name in members:
        if name.endswith('.json'):
            json.loads(members[name], object_pairs_hook=each_once)
    experiments = json.loads(members['experiments.json'])
    o.check(len(experiments) == 1 and b'MTL_DEBUG_LAYER' in members['experiments.json'], 'the experiment is there', experiments)
    return members


def survives(members):
    """What is no secret is still there: otherwise the search above proves nothing."""
    rows = json.loads(members['incidents.json'])
    own = [row for row in rows if row['site'] != 'agx-set-compute-pipeline-state']
    o.check(len(own) == 1 and own[0]['site'] and own[0]['triage']['rule'] == own[0]['site'] + ' (own)', 'the own site', own)
    o.check(all(own[0]['site'] in html.unescape(members[name].decode()) for name in ('report.html', 'REPORT.md')), 'the own site is in the report', own[0]['site'])
    rows = [row for row in rows if row not in own]
    o.check(all(row['site'] == 'agx-set-compute-pipeline-state' and row['fault']['address'] == '0x5c8' for row in rows), 'sites', rows[0]['site'])
    for row in rows:
        symbols = [frame['symbol'] for frame in row['crashed_thread']['frames']]
        o.check('at::native::mps::mul_mps_kernel(at::TensorIteratorBase&)' in symbols, 'symbols', symbols)
    manifest = archives.manifest(members)
    o.check(manifest['counts']['changed'] == 0 and manifest['redacted'], 'changed', manifest['counts'])
    o.check(len(manifest['states']) == 3 and all(row['note'] for row in manifest['states']), 'states', manifest['states'])


def reviewed(db, env, cwd):
    """What a person is shown first: every value, where it stands and what becomes of it."""
    path = o.new() + '/x.zip'
    answer = o.run('export', '-o', path, '--review', '--json', db=db, env=env, cwd=cwd)
    rows = answer.summary.get('replacements') or []
    members, _ = archives.read(path)
    o.check(answer.status == 0 and len(rows) == answer.summary['replaced'] > 10, 'review', answer)
    o.check(any(row['value'].casefold() == LOGIN and row['kind'] == 'user' for row in rows), 'review: the login', rows[:5])
    for row in rows:
        place = members.get(row['first'] or '')
        o.check(place is not None and row['count'] > 0, 'review: place', row)
        shown = (place or b'').decode('utf-8', 'replace')
        name = row['placeholder']
        o.check(name in shown or name in html.unescape(shown) or name[1:-1] in shown, 'review: the placeholder stands there', row)
    placeholders = [row['placeholder'] for row in rows]
    o.check(len(set(placeholders)) == len(placeholders), 'review: one placeholder, one value')
    for reply, status, there in ((b'n\n', 1, False), (b'\n', 1, False), (b'y\n', 0, True)):
        target = o.new() + '/x.zip'
        answer = o.terminal('export', '-o', target, '--review', db=db, env=env, feed=reply)
        o.check(answer.status == status and os.path.exists(target) == there and LOGIN.encode() in answer.out, 'asked, %r' % reply, answer)
        o.clean(answer.out, 'review on a terminal')


def main():
    db, env, cwd = prepared()
    for form in ('tar.gz', 'zip'):
        members = searched(db, env, cwd, form)
        survives(members)
    for purpose in ('apple', 'github'):
        searched(db, env, cwd, 'tar.gz', '--for', purpose)
    flat = o.new('flat')
    o.run('export', '--flat', flat, db=db, env=env, cwd=cwd)
    for name in os.listdir(flat):
        with open(flat + '/' + name, 'rb') as file:
            search('flat', file.read())
    o.check(len(os.listdir(flat)) == 7, 'flat', os.listdir(flat))
    # Rows alone, without the bytes of their reports.
    reviewed(db, env, cwd)
    o.run('gc', '--raw-max-age', '1s', db=db, env=env)
    searched_gone(db, env, cwd)
    o.end()


def searched_gone(db, env, cwd):
    path = o.new() + '/x.tar.gz'
    answer = o.run('export', '-o', path, '--json', db=db, env=env, cwd=cwd)
    members, _ = archives.read(path)
    o.check(answer.summary.get('without_report', 0) > 0, 'bytes are gone', answer)
    for name, content in members.items():
        search('gone: ' + name, content)


main()
