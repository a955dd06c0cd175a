"""A headless Chromium that is asked over a pipe, with what the tests want to know of a page.

Nothing but the standard library; a profile that is deleted afterwards; ended by its process id. On its pipe the browser takes
and gives JSON messages, each with a NUL behind it (the DevTools protocol).
"""
import base64
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
FLAGS = ['--headless=new', '--remote-debugging-pipe', '--disable-gpu', '--no-first-run', '--no-default-browser-check',
         '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions',
         '--disable-default-apps', '--disable-dev-shm-usage', '--disable-breakpad', '--mute-audio', '--hide-scrollbars',
         '--font-render-hinting=none', '--proxy-server=127.0.0.1:9', '--host-resolver-rules=MAP * ~NOTFOUND']


def find():
    """The path of a browser, or None. AGXTRIAGE_BROWSER names another one."""
    named = os.environ.get('AGXTRIAGE_BROWSER')
    return named or next((path for path in map(shutil.which, NAMES) if path), None)


class Failed(Exception):
    """The browser did not do as told."""


class Browser:
    """with Browser(path) as browser: page = browser.page()"""

    def __init__(self, path, seconds=90):
        self.path, self.seconds = path, seconds
        self.profile = tempfile.mkdtemp(prefix='agxtriage-web-')
        self.number, self.answers, self.events = 0, {}, {}
        self.process = None

    def __enter__(self):
        try:
            return self._start()
        except BaseException:
            self.__exit__()
            raise

    def _start(self):
        to_read, self.to = os.pipe()
        self.back, from_write = os.pipe()

        def streams():
            # Its pipe is at 3 and 4; the copies above them are out of the way first.
            high = os.dup2(to_read, 100), os.dup2(from_write, 101)
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
        flags = FLAGS + ['--user-data-dir=' + self.profile] + (['--no-sandbox'] if os.geteuid() == 0 else [])
        environment = dict(os.environ, HOME=self.profile, XDG_CONFIG_HOME=self.profile, XDG_CACHE_HOME=self.profile)
        self.log = open(os.path.join(self.profile, 'log'), 'wb')
        self.process = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn
            [self.path] + flags + ['about:blank'], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=streams, close_fds=False, start_new_session=True, env=environment)
        os.close(to_read)
        os.close(from_write)
        self.replies = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.version = self.call('Browser.getVersion')['product']
        except Failed as error:
            self.log.flush()
            with open(self.log.name, 'rb') as log:
                raise Failed('%s: %s' % (error, log.read()[-400:].decode('utf-8', 'replace'))) from error
        return self

    def __exit__(self, *_):
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)  # the group is its own
            except ProcessLookupError:
                pass
            self.process.wait()
            self.log.close()
            for descriptor in (self.to, self.back):
                os.close(descriptor)
        for _ in range(20):
            shutil.rmtree(self.profile, ignore_errors=True)
            if not os.path.exists(self.profile):
                break
            time.sleep(0.05)

    def _read(self):
        rest = b''
        while True:
            try:
                got = os.read(self.back, 1 << 16)
            except OSError:
                got = b''
            if not got:
                self.replies.put(None)
                return
            *whole, rest = (rest + got).split(b'\0')
            for message in whole:
                self.replies.put(json.loads(message))

    def pump(self, until, seconds=None):
        """Takes messages in until the condition holds; False when it does not in time."""
        end = time.monotonic() + (seconds or self.seconds)
        while not until():
            try:
                message = self.replies.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return until()
            if message is None:
                raise Failed('the browser is gone')
            if 'id' in message:
                self.answers[message['id']] = message
            else:
                self.events.setdefault(message.get('sessionId'), []).append(message)
        return True

    def call(self, method, session=None, **params):
        self.number += 1
        number = self.number
        message = {'id': number, 'method': method, 'params': params}
        if session:
            message['sessionId'] = session
        data = json.dumps(message).encode() + b'\0'
        try:
            while data:
                data = data[os.write(self.to, data):]
        except BrokenPipeError:
            raise Failed('the browser is gone') from None
        if not self.pump(lambda: number in self.answers):
            raise Failed('no answer to ' + method)
        answer = self.answers.pop(number)
        if 'error' in answer:
            raise Failed('%s: %s' % (method, answer['error'].get('message')))
        return answer['result']

    def page(self):
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        return Page(self, target, self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId'])


class Page:
    def __init__(self, browser, target, session):
        self.browser, self.target, self.session = browser, target, session
        for domain in ('Page', 'Runtime', 'Log', 'Network', 'DOM'):
            self.call(domain + '.enable')

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def close(self):
        self.browser.call('Target.closeTarget', targetId=self.target)
        self.browser.events.pop(self.session, None)

    def events(self, *methods):
        return [e for e in self.browser.events.get(self.session, []) if e['method'] in methods]

    def open(self, path, part=''):
        """Loads a file and waits until it is there; seconds that it took."""
        self.browser.events[self.session] = []
        started = time.monotonic()
        self.call('Page.navigate', url='file://' + path + ('#' + part if part else ''))
        if not self.browser.pump(lambda: self.events('Page.loadEventFired')):
            raise Failed('%s did not load' % path)
        return time.monotonic() - started

    def evaluate(self, expression):
        """The value of a JavaScript expression, also where the page's own scripts are off."""
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise Failed('%s: %s' % (expression[:80], answer['exceptionDetails'].get('exception', {}).get('description')))
        return answer['result'].get('value')

    def complaints(self):
        """Whatever the page said on the console, threw, or had refused."""
        said = ['%s: %s' % (e['params']['type'], e['params']['args']) for e in self.events('Runtime.consoleAPICalled')]
        said += [str(e['params']['exceptionDetails']) for e in self.events('Runtime.exceptionThrown')]
        said += ['%(level)s: %(text)s' % e['params']['entry'] for e in self.events('Log.entryAdded')]
        return said

    def requests(self):
        return [e['params']['request']['url'] for e in self.events('Network.requestWillBeSent')]

    def look(self, scheme='light', media='', width=1280, height=900, motion='reduce'):
        self.call('Emulation.setEmulatedMedia', media=media, features=[
            {'name': 'prefers-color-scheme', 'value': scheme}, {'name': 'prefers-reduced-motion', 'value': motion}])
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scripts(self, on):
        self.call('Emulation.setScriptExecutionDisabled', value=not on)

    def key(self, name, code=None, text=None):
        for kind in ('keyDown', 'keyUp'):
            params = {'type': kind, 'key': name, 'code': code or name, 'windowsVirtualKeyCode': {'Tab': 9, 'Enter': 13}.get(name, 0)}
            if text and kind == 'keyDown':
                params['text'] = text
            self.call('Input.dispatchKeyEvent', **params)

    def click(self, selector):
        """With the mouse, in the middle of what must be in view."""
        x, y = self.evaluate('(() => { const r = document.querySelector(%s).getBoundingClientRect(); '
                             'return [r.x + r.width / 2, r.y + r.height / 2]; })()' % json.dumps(selector))
        for kind in ('mousePressed', 'mouseReleased'):
            self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=1)

    def shot(self, path, whole=False):
        data = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data']
        with open(path, 'wb') as file:
            file.write(base64.b64decode(data))

    def pdf(self):
        return base64.b64decode(self.call('Page.printToPDF', printBackground=True)['data'])
