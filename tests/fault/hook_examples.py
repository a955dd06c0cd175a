#!/usr/bin/env python3
"""The hooks in contrib/hooks, with crashes whose names want to be code.

    hook_examples.py webhook    webhook-curl against a server of this machine; 77 without curl
    hook_examples.py notify     notify-macos under node, with stand-ins for what osascript offers; 77 without node"""
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HOOKS = pathlib.Path(__file__).resolve().parents[2] / 'contrib' / 'hooks'
HOSTILE = '<!channel> "quoted\\" $(touch owned) `touch owned` \'; touch owned; # & \n\x1b[31m \u202e site_title":"no \\u003c'
CRASH = {
    'id': 7, 'incident_id': 'AB-7', 'kind': 'crash', 'process': {'name': 'Python', 'pid': 12},
    'os': {'version': 'macOS 15.7.3', 'build': '24G419'}, 'hardware_model': 'Mac16,5',
    'fault': {'address': '0x5c8', 'kind': 'near_null'}, 'operation': 'mul_mps_kernel', 'site': 'agx-x', 'site_title': 'A title',
    'last_exception': None, 'threads': [{'index': 0, 'name': None}] * 500,
}
failures = 0


def check(good, what, *more):
    global failures
    if not good:
        failures += 1
        print('FAILED', what, *more)


def line(crash):
    """As the program writes it: no blanks, no escapes but those that JSON wants."""
    return (json.dumps(crash, ensure_ascii=False, separators=(',', ':')) + '\n').encode()


def hostile():
    return dict(CRASH, process={'name': HOSTILE}, site_title=HOSTILE, operation=HOSTILE, os={'version': HOSTILE})


class Server(http.server.ThreadingHTTPServer):
    """Keeps what is posted; answers with the statuses it was told, the last one for ever."""

    def __init__(self, statuses=(200,)):
        super().__init__(('127.0.0.1', 0), Handler)
        self.statuses, self.posts = list(statuses), []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return 'http://127.0.0.1:%d/hook?a=%%20b&c=$d' % self.server_address[1]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.server.posts.append((self.path, self.headers['Content-Type'], body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.end_headers()

    def log_message(self, *args):
        pass


def webhook(folder, body, *words, **env):
    base = {'PATH': os.environ['PATH'], 'HOME': folder, 'AGXTRIAGE_ID': '7'}
    return subprocess.run([HOOKS / 'webhook-curl', *words], input=body, cwd=folder, env=dict(base, **env), timeout=40,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def posted(server, done, what):
    check(done.returncode == 0 and not done.stderr and not done.stdout, what, done)
    check(len(server.posts) == 1, what, 'posts', len(server.posts))
    path, kind, body = server.posts.pop() if server.posts else ('', '', b'{}')
    check((path, kind) == ('/hook?a=%20b&c=$d', 'application/json'), what, path, kind)
    return body


def test_posts(folder):
    server = Server()
    for crash in (CRASH, hostile()):
        body = posted(server, webhook(folder, line(crash), AGXTRIAGE_WEBHOOK_URL=server.url()), 'the whole')
        check(body.rstrip(b'\n') == line(crash).rstrip(b'\n'), 'the JSON arrives as it was')
    body = posted(server, webhook(folder, line(CRASH), 'slack', AGXTRIAGE_WEBHOOK_URL=server.url()), 'slack')
    check(json.loads(body) == {'text': 'Crash: Python, A title, 0x5c8, mul_mps_kernel, macOS 15.7.3, Mac16,5. agxtriage show 7'},
          'the text for Slack', body)
    body = posted(server, webhook(folder, line(hostile()), 'slack', AGXTRIAGE_WEBHOOK_URL=server.url()), 'hostile')
    safe = HOSTILE.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
    check(json.loads(body)['text'] == 'Crash: ' + ', '.join([safe, safe, '0x5c8', safe, safe, 'Mac16,5']) + '. agxtriage show 7',
          'hostile names arrive as text', body)
    for kind, status, word in (('panic', 'open', 'Kernel panic'), ('gpu_event', 'known', 'GPU event'), ('crash', 'open', 'Crash'),
                               ('crash', 'regressed', 'Crash, regressed'), ('crash', 'ignored', 'Crash, ignored'),
                               ('crash', '0x5c8 "', 'Crash')):
        body = posted(server, webhook(folder, line({'id': 1, 'kind': kind}), 'slack', AGXTRIAGE_WEBHOOK_URL=server.url(),
                                      AGXTRIAGE_STATUS=status), kind)
        check(json.loads(body) == {'text': word + ': . agxtriage show 7'}, 'the kind', kind, status, body)
    check(not os.path.exists(os.path.join(folder, 'owned')), 'nothing was run')


def test_url_file(folder):
    server = Server()
    place = pathlib.Path(folder, '.config', 'agxtriage')
    place.mkdir(parents=True)
    (place / 'webhook').write_text(server.url() + '\nsecond line\n')
    posted(server, webhook(folder, line(CRASH)), 'URL from the file')
    (place / 'webhook').write_text(server.url())
    posted(server, webhook(folder, line(CRASH), XDG_CONFIG_HOME=folder + '/.config', HOME='/nowhere'), 'no line feed')
    (place / 'webhook').write_text('')
    refused(webhook(folder, line(CRASH)), 'is empty')
    (place / 'webhook').unlink()
    refused(webhook(folder, line(CRASH)), 'no URL')


def refused(done, text):
    said = done.stderr.decode()
    check(done.returncode == 1 and text in said, 'refused:', text, done)


def test_refusals(folder):
    for url in ('ftp://x/y', 'https://', 'file:///etc/passwd', 'x'):
        refused(webhook(folder, line(CRASH), AGXTRIAGE_WEBHOOK_URL=url), 'does not start with')
    for url in ('https://x/"\noutput = "owned', 'https://x/\\', 'https://x/ y', 'https://x/[1-9]', 'https://x/{a,b}', 'https://\xe4/'):
        refused(webhook(folder, line(CRASH), AGXTRIAGE_WEBHOOK_URL=url), 'a character')
    refused(webhook(folder, b'', AGXTRIAGE_WEBHOOK_URL='http://127.0.0.1:1/'), 'nothing came')
    refused(webhook(folder, line(CRASH), 'teams', AGXTRIAGE_WEBHOOK_URL='http://127.0.0.1:1/'), 'unknown word')
    check(not os.path.exists(os.path.join(folder, 'owned')), 'nothing was written')


def test_errors(folder):
    """An HTTP error is a failure, a passing one is tried again; a server that is not there, or says nothing, holds nobody."""
    server = Server([404])
    refused(webhook(folder, line(CRASH), AGXTRIAGE_WEBHOOK_URL=server.url()), '404')
    check(len(server.posts) == 1, 'a final error is final', len(server.posts))
    server = Server([503, 200])
    done = webhook(folder, line(CRASH), AGXTRIAGE_WEBHOOK_URL=server.url())
    check(done.returncode == 0 and len(server.posts) == 2, 'tried again', done, len(server.posts))
    check(all(body == line(CRASH).rstrip(b'\n') for _, _, body in server.posts), 'the body is sent again')
    begin = time.monotonic()
    refused(webhook(folder, line(CRASH), AGXTRIAGE_WEBHOOK_URL='http://127.0.0.1:1/'), 'status 7')
    check(time.monotonic() - begin < 25, 'nobody listens', time.monotonic() - begin)


def test_secret(folder):
    """The URL is not among the words of any program that the hook starts."""
    stand_in = pathlib.Path(folder, 'bin')
    stand_in.mkdir()
    (stand_in / 'curl').write_text('#!/bin/sh\nprintf "%s\\n" "$@" >words\ncat /dev/fd/3 >configuration\ncat >/dev/null\n')
    (stand_in / 'curl').chmod(0o755)
    done = webhook(folder, line(CRASH), PATH='%s:%s' % (stand_in, os.environ['PATH']), AGXTRIAGE_WEBHOOK_URL='https://x/secret')
    check(done.returncode == 0, 'with a stand-in', done)
    check('secret' not in pathlib.Path(folder, 'words').read_text(), 'the URL is no word')
    check('url = "https://x/secret"\n' in pathlib.Path(folder, 'configuration').read_text(), 'the URL is in the configuration')


STAND_IN = r'''
const fs = require('fs'), vm = require('vm');
const code = fs.readFileSync(process.argv[2], 'utf8').replace(/^#!.*/, '');
const NSString = {alloc: {initWithDataEncoding: (data, encoding) => ({held: encoding === 4 ? data.toString('utf8') : null})}};
const shown = [];
const app = {displayNotification(text, options) {
  if (!app.includeStandardAdditions) throw new Error('no additions');
  shown.push([text, options]);
}};
const world = {
  ObjC: {import(name) { if (name !== 'Foundation') throw new Error(name); }, unwrap: (value) => value.held},
  $: {NSUTF8StringEncoding: 4, NSString, NSFileHandle: {fileHandleWithStandardInput: {
    get readDataToEndOfFile() { return fs.readFileSync(0); }}}},
  Application: {currentApplication: () => app},
};
vm.createContext(world);
vm.runInContext(code, world);
vm.runInContext('run', world)([]);
console.log(JSON.stringify(shown));
'''


def notify(folder, body):
    pathlib.Path(folder, 'stand-in.js').write_text(STAND_IN)
    return subprocess.run(['node', 'stand-in.js', HOOKS / 'notify-macos'], input=body, cwd=folder, timeout=30,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def shown(folder, crash):
    done = notify(folder, line(crash))
    check(done.returncode == 0 and not done.stderr, 'shown', done)
    rows = json.loads(done.stdout or b'[]')
    check(len(rows) == 1, 'one notification', rows)
    return (rows[0][0], rows[0][1]['withTitle'], rows[0][1]['subtitle']) if rows else ('', '', '')


def test_notify(folder):
    first = (HOOKS / 'notify-macos').read_text().splitlines()[0]
    check(first == '#!/usr/bin/osascript -l JavaScript', 'the interpreter', first)
    check(os.access(HOOKS / 'notify-macos', os.X_OK), 'it can be run')
    check(shown(folder, CRASH) == ('mul_mps_kernel, fault at 0x5c8, macOS 15.7.3', 'Python crashed', 'A title'), 'the text')
    text, title, below = shown(folder, hostile())
    check(title.startswith('<!channel> "quoted\\" $(touch owned) `touch owned` \''), 'names are text', title)
    for part in (text, title, below):
        check(len(part) <= 130 and not any(ord(c) < 32 or c == '\u202e' for c in part), 'one clean line', part)
    check(shown(folder, {'id': 1, 'process': None, 'fault': {'address': None}}) ==
          ('Crash', 'A process crashed', 'unknown site'), 'nothing is known')
    check(shown(folder, dict(CRASH, process={'name': ['x']}, operation={'a': 1}, site_title=5)) ==
          ('fault at 0x5c8, macOS 15.7.3', 'A process crashed', ''), 'wrong types')
    check(shown(folder, dict(CRASH, status='open', state={'fixed_in': None}))[1] == 'Python crashed', 'an open one')
    text, title, _ = shown(folder, dict(CRASH, status='regressed', state={'fixed_in': '24G84'}))
    check((text, title) == ('regressed, was fixed in 24G84, mul_mps_kernel, fault at 0x5c8, macOS 15.7.3', 'Python crashed again: regressed'),
          'a regression says so', text, title)
    check(shown(folder, dict(CRASH, status='known'))[0].startswith('known, mul_mps_kernel'), 'a known one')
    for kind, title in (('gpu_event', 'The GPU was restarted under Python'), ('panic', 'The kernel panicked'),
                        ('jetsam', 'Python: jetsam')):
        check(shown(folder, dict(CRASH, kind=kind))[1] == title, 'only a crash is called one', kind)
    for body in (b'', b'{', b'null\n'):
        done = notify(folder, body)
        check(done.returncode != 0 and not done.stdout, 'no crash, no notification', body, done)


def main():
    which = sys.argv[1]
    needed = {'webhook': 'curl', 'notify': 'node'}[which]
    if not shutil.which(needed):
        print('no', needed)
        sys.exit(77)
    tests = {'webhook': (test_posts, test_url_file, test_refusals, test_errors, test_secret), 'notify': (test_notify,)}[which]
    for test in tests:
        with tempfile.TemporaryDirectory(prefix='agxtriage-hooks-') as folder:
            test(folder)
    print('%s: %d failures' % (which, failures))
    sys.exit(failures > 0)


main()
