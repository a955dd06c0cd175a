#!/usr/bin/env python3
"""The HTML report in a browser: it renders, asks for nothing, runs nothing of a report's, and everybody can read it.

page.py FOLDER: where outsider.py is. AGXTRIAGE names the program, AGXTRIAGE_EXPERIMENTS one that makes a database of experiments,
AGXTRIAGE_GENERATE one that makes incidents; AGXTRIAGE_SHOTS a folder that is to have pictures of the pages.
"""
import os
import subprocess
import sys
import time

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import browser  # noqa: E402
import outsider  # noqa: E402
import structure  # noqa: E402

SLOW = bool(os.environ.get('AGXTRIAGE_SANITIZED'))
SHOTS = os.environ.get('AGXTRIAGE_SHOTS')
INCIDENTS = 10000

# What a report may say to take the page over, and what the page shows instead where it is not the same.
HOSTILE = ['<script>window.pwned=1</script>', '"><img src=x onerror=window.pwned=1>', "'onmouseover='window.pwned=1", ']]>',
           '</style><b>', '--!><!--', '<svg onload=window.pwned=1>', '&lt;b&gt;&amp;', 'javascript:window.pwned=1', '{{7*7}}',
           '</script></title>', '\u05d0\u05d1<b>', '<base href=//x.example>', '<iframe srcdoc=x>', '</table></section>']
SHOWN = {'left\u202eright\u202c': 'left\ufffdright\ufffd', 'a\u2066b\u200fc': 'a\ufffdb\ufffdc', 'a\u0000b': 'a\ufffdb',
         'lone\ud800': 'lone\ufffd', 'line\u2028break': 'line\ufffdbreak'}

CONTRAST = '''(() => {
  const parse = text => { const n = (text.match(/[\\d.]+/g) || []).map(Number); return n.length > 3 ? n : n.concat(1); };
  const light = c => { const v = c.slice(0, 3).map(x => (x /= 255) <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c[3] > 0.99) return c; } return [255, 255, 255, 1]; };
  const bad = {}; let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || e.closest('title,desc,script,style') || !e.getClientRects().length) continue;
    const style = getComputedStyle(e), drawn = e.namespaceURI.endsWith('svg'), before = e.previousElementSibling;
    const ink = parse(drawn ? style.fill : style.color);
    const paper = drawn && before && before.tagName === 'rect' && before.classList[0][0] === 'h' ? parse(getComputedStyle(before).fill) : behind(e);
    const a = light(ink), b = light(paper), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 600);
    seen++;
    if (ratio < (large ? 3 : 4.5)) bad[e.tagName + '.' + (e.getAttribute('class') || e.parentElement.getAttribute('class'))] = ratio.toFixed(2);
  }
  return {seen, bad};
})()'''


# Short words, as names of exceptions and operations are, that stand on more than one line.
BROKEN = '''(() => {
  const bad = [], range = document.createRange(); let seen = 0;
  for (const e of document.querySelectorAll(".facts dd, #sites td, .list td, .tile")) {
    const walker = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) for (const word of walker.currentNode.data.matchAll(/(?<!\\S)[A-Za-z0-9_]{2,24}(?![^\\s,)])/g)) {
      range.setStart(walker.currentNode, word.index);
      range.setEnd(walker.currentNode, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map(r => Math.round(r.top)));
      seen += lines.size > 0;
      if (lines.size > 1) bad.push(word[0]);
    }
  }
  return {seen, bad: bad.slice(0, 9)};
})()'''


def hostile_reports():
    """Reports that say such things wherever a report can say something."""
    for number, text in enumerate(HOSTILE + list(SHOWN)):
        header, body = outsider.report(100 + number)
        header['app_version'] = header['name'] = header['app_name'] = text
        header['os_version'] = 'macOS %s (24G%d)' % (text, 400 + number)
        body.update(procName=text, procPath='/opt/' + text, parentProc=text, cpuType=text, modelCode='Mac' + text,
                    asi={'lib': [text + '\nsecond line']}, vmRegionInfo=text, osVersion={'train': text, 'build': text})
        body['exception'].update(message=text, subtype='KERN_INVALID_ADDRESS at 0x5c8 ' + text)
        body['termination'].update(indicator=text, byProc=text)
        for thread in body['threads']:
            thread.update(name=text, queue=text)
            for frame in thread['frames']:
                frame.update(symbol=text, sourceFile=text)
        body['threads'][0]['frames'].insert(0, {'imageIndex': 0, 'imageOffset': 4, 'symbolLocation': 32,
                                                'symbol': '-[AGXG16XFamilyComputeContext setComputePipelineState:]'})
        for image in body['usedImages']:
            image.update(path='/' + text, CFBundleShortVersionString=text, CFBundleIdentifier=text)
        body['usedImages'].append(dict(body['usedImages'][1], name=text, uuid=text))
        yield outsider.dump(header, body)


def crowded():
    """A process of many threads with deep stacks and long symbols."""
    header, body = outsider.report(500)
    for at in range(300):
        symbol = 'std::__1::function<void (at::TensorIteratorBase&)>::operator()<%d>(%s) const' % (at, 'unsigned long, ' * 12)
        body['threads'].append({'id': at, 'name': 'worker %d' % at, 'frames': [
            {'imageIndex': 1, 'imageOffset': at * 64 + deep, 'symbol': symbol, 'symbolLocation': deep} for deep in range(40)]})
    return outsider.dump(header, body)


class Web:
    def __init__(self, test, chromium):
        self.test, self.page = test, chromium.page()

    def make(self, db, name):
        """The report of a database as a file, its bytes, and the processor time that it took."""
        path = self.test.path(name + '.html')
        before = os.times()
        answer = self.test.run('report', '--html', path, db=db)
        after = os.times()
        self.test.check(answer.status == 0, name + ': report --html', answer)
        with open(path, 'rb') as file:
            return path, file.read(), after.children_user + after.children_system - before.children_user - before.children_system

    def quiet(self, path, label):
        """Nothing on the console, and no request but the page's own."""
        self.page.browser.pump(lambda: False, 0.15)
        self.test.check(not self.page.complaints(), label + ': console', self.page.complaints())
        self.test.check(self.page.requests() == ['file://' + path], label + ': requests', self.page.requests())

    def sound(self, data, label):
        findings, text = structure.check(data)
        self.test.check(not findings, label + ': markup', findings[:10])
        return text

    def shot(self, name, height=2400):
        if SHOTS:
            size = self.page.evaluate('[innerWidth, innerHeight]')
            self.page.call('Emulation.setDeviceMetricsOverride', width=size[0], height=height, deviceScaleFactor=1, mobile=False)
            self.page.shot(os.path.join(SHOTS, name + '.png'))

    # ---- scenes ----

    def rendered(self, db):
        page, test = self.page, self.test
        path, data, _ = self.make(db, 'whole')
        test.check(self.make(db, 'again')[1] == data, 'the same bytes again')
        text = self.sound(data, 'whole')
        for word in ('agx-set-compute-pipeline-state', '0x5c8', 'simulated', 'Wilson', 'metal gpu stream 1', 'AGXMetalG16X'):
            test.check(word in text, 'the page says ' + word)
        for scheme in ('light', 'dark'):
            page.look(scheme)
            page.open(path)
            self.quiet(path, scheme)
            self.shot(scheme)
            self.contrast(scheme)
        light = page.evaluate('getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)')
        test.check(max(light) < 60, 'dark is dark', light)
        sizes = page.evaluate('[...document.querySelectorAll("svg.chart")].map(e => [e.getBoundingClientRect().width, e.childElementCount])')
        test.check(len(sizes) >= 4 and all(width > 200 and parts > 5 for width, parts in sizes), 'diagrams are drawn', sizes)
        for width in (1200, 390):
            page.look('light', width=width)
            broken = page.evaluate(BROKEN)
            test.check(broken['seen'] > 100 and not broken['bad'], 'no word is broken at %d' % width, broken)
        page.look('light', width=1200)
        wide = page.evaluate('[...document.querySelectorAll("#incidents .scroll, #sites > .scroll")].map(e => e.scrollWidth - e.clientWidth)')
        test.check(wide and max(wide) <= 0, 'the tables fit at 1200', wide)
        page.look('dark')
        self.named()
        self.keyboard()
        self.tools(data)
        self.narrow(path)
        self.printed(path)
        self.without_script(path)

    def contrast(self, scheme):
        self.page.evaluate('document.querySelectorAll("details").forEach(d => { d.open = true; })')
        seen = self.page.evaluate(CONTRAST)
        self.test.check(seen['seen'] > 200, 'texts to look at', seen['seen'])
        self.test.check(not seen['bad'], 'contrast, ' + scheme, seen['bad'])

    def named(self):
        """Whatever a screen reader stops at has a name."""
        nodes = self.page.call('Accessibility.getFullAXTree')['nodes']
        roles = {}
        for node in nodes:
            role = node.get('role', {}).get('value')
            if node.get('ignored') or role not in ('link', 'button', 'region', 'image', 'img', 'navigation', 'searchbox', 'table', 'DisclosureTriangle'):
                continue
            roles[role] = roles.get(role, 0) + 1
            self.test.check(node.get('name', {}).get('value'), 'a %s without a name' % role, node.get('nodeId'))
        self.test.check({'link', 'button', 'region', 'navigation', 'searchbox', 'table'} <= set(roles), 'roles', roles)

    def keyboard(self):
        page, test = self.page, self.test
        where = '''(() => { const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
            return {tag: e.tagName, name: e.className, top: r.top, bottom: r.bottom, height: innerHeight, outline: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 1}; })()'''
        page.evaluate('document.activeElement.blur(); scrollTo(0, 0); getSelection().removeAllRanges()')
        page.key('Tab')
        first = page.evaluate(where)
        test.check(first['name'] == 'skip' and first['top'] >= 0, 'the skip link comes first', first)
        page.key('Enter', text='\r')
        test.check(page.evaluate('document.activeElement.id') == 'main', 'it leads to the report')
        seen = set()
        for _ in range(30):
            page.key('Tab')
            at = page.evaluate(where)
            seen.add(at['tag'])
            test.check(at['outline'], 'focus is seen', at)
            test.check(at['bottom'] > 0 and at['top'] < at['height'], 'focus is in view', at)
        test.check({'A', 'SUMMARY', 'DIV'} <= seen, 'links, folds and scrolled parts are reached', seen)
        page.evaluate('document.querySelector("details:not([open]) > summary, details > summary").focus()')
        was = page.evaluate('document.activeElement.parentElement.open')
        page.key('Enter', text='\r')
        test.check(page.evaluate('document.activeElement.parentElement.open') != was, 'a fold turns by keyboard')

    def tools(self, data):
        page, test = self.page, self.test
        rows = 'document.querySelectorAll(".list tbody tr:not([hidden])").length'
        all_rows = page.evaluate(rows)
        test.check(all_rows == data.count(b'<tr><th scope="row"><a href="#incident-') + data.count(b'<code>agxtriage show '), 'rows', all_rows)
        self.search('ollama')
        test.check(0 < page.evaluate(rows) < all_rows, 'search finds some', page.evaluate(rows))
        test.check('of' in page.evaluate('document.querySelector("[role=status]").textContent'), 'and says how many')
        self.search('<b>nothing has this')
        test.check(page.evaluate(rows) == 0, 'search finds nothing')
        self.search('')
        test.check(page.evaluate(rows) == all_rows, 'search finds all')
        page.evaluate('document.querySelectorAll("#list thead button")[1].click()')
        times = page.evaluate('[...document.querySelectorAll("#list tbody tr")].map(r => r.cells[1].textContent)')
        test.check(times == sorted(times) and len(times) == all_rows, 'sorted by time', times[:4])
        page.evaluate('document.querySelectorAll("#fold button")[0].click()')
        test.check(page.evaluate('[...document.querySelectorAll(".incident details")].every(d => d.open)'), 'all unfolded')
        page.evaluate('document.querySelectorAll("#fold button")[1].click()')
        test.check(page.evaluate('![...document.querySelectorAll(".incident details")].some(d => d.open)'), 'all folded')

    def search(self, words):
        self.page.evaluate('(() => { const e = document.getElementById("find-text"); e.value = %r; '
                           'e.dispatchEvent(new Event("input")); return new Promise(done => setTimeout(done, 400)); })()' % words)

    def narrow(self, path):
        self.page.look('light', width=360)
        self.page.open(path)
        wide = self.page.evaluate('document.scrollingElement.scrollWidth')
        self.test.check(wide <= 360, 'fits a narrow screen', wide)
        self.shot('narrow')

    def printed(self, path):
        page, test = self.page, self.test
        page.look('dark', media='print')
        page.open(path)
        folded = '[...document.querySelectorAll("details:not([open])")].filter(d => d.closest(".incident") %s null).map(d => !d.lastElementChild.checkVisibility())'
        of_all, of_incidents = page.evaluate(folded % '==='), page.evaluate(folded % '!==')
        test.check(len(of_all) > 3 and not any(of_all), 'print unfolds what is told of all', of_all)
        test.check(len(of_incidents) > 5 and all(of_incidents), 'what is folded of an incident stays so in print', of_incidents)
        test.check(page.evaluate('getComputedStyle(document.body).backgroundColor') == 'rgb(255, 255, 255)', 'print is on white')
        page.look('dark', media='print', width=718)  # what margins leave of A4
        wide = page.evaluate('[...document.querySelectorAll(".scroll")].map(e => e.scrollWidth - e.clientWidth)')
        test.check(len(wide) > 5 and max(wide) <= 0, 'nothing is cut off in print', wide)
        page.look('dark', media='print')
        self.contrast('print')
        self.shot('print')
        pdf = page.pdf()
        test.check(pdf.startswith(b'%PDF') and pdf.count(b'/Type /Page\n') + pdf.count(b'/Type /Page ') >= 2, 'prints', len(pdf))

    def without_script(self, path):
        page, test = self.page, self.test
        page.look('light')
        page.scripts(False)
        page.open(path)
        test.check(page.evaluate('document.querySelectorAll("button, input").length') == 0, 'no tools without a script')
        seen = page.evaluate('document.querySelector("main").innerText')
        test.check('Incidents in full' in seen and '0x5c8' in seen and 'setComputePipelineState' in seen, 'readable without a script')
        page.evaluate('document.querySelector(".incident details:not([open]) > summary").click()')
        self.quiet(path, 'without a script')
        self.shot('no-script')
        page.scripts(True)

    def hostile(self):
        page, test = self.page, self.test
        db, folder = test.db(), test.new('hostile')
        for number, data in enumerate(hostile_reports()):
            test.write('%s/Python-2025-12-20-17%04d.ips' % (folder, number), data)
        test.check(test.run('scan', '--all', folder, db=db).status == 0, 'hostile reports are taken')
        path, data, _ = self.make(db, 'hostile')
        text = self.sound(data, 'hostile')
        for word in HOSTILE:
            test.check(text.count(word) >= 8, 'shown as text: ' + word, text.count(word))
        for word, shown in SHOWN.items():
            test.check(text.count(shown) >= 8, 'shown as text: %r' % word, text.count(shown))
        page.look('light')
        page.open(path)
        self.quiet(path, 'hostile')
        page.evaluate('document.querySelectorAll("details").forEach(d => { d.open = true; })')
        test.check(page.evaluate('typeof window.pwned') == 'undefined', 'nothing of a report runs')
        test.check(page.evaluate('document.querySelectorAll("img, iframe, base, object, embed, form, link, foreignObject, use").length') == 0, 'no element')
        test.check(page.evaluate('document.scripts.length') == 1, 'one script')
        self.shot('hostile')

    def many(self):
        page, test = self.page, self.test
        db = test.path('many.db')
        subprocess.run([os.environ['AGXTRIAGE_GENERATE'], db, str(INCIDENTS)], check=True, timeout=120)
        path, data, seconds = self.make(db, 'many')
        test.check(4500000 < len(data) < 5000000, 'ten thousand incidents: the page is used, and below 5 MB', len(data))
        test.check(SLOW or seconds < 2, 'ten thousand incidents: seconds of processor time', seconds)
        self.sound(data, 'many')
        page.look('light')
        took = page.open(path)
        self.quiet(path, 'many')
        test.check(page.evaluate('document.querySelectorAll(".list tbody tr").length') == INCIDENTS, 'all are listed')
        self.search('0x5c8 24g419')
        some = page.evaluate('document.querySelectorAll(".list tbody tr:not([hidden])").length')
        test.check(100 < some < INCIDENTS / 2, 'search among many', some)
        seen = page.evaluate('[...document.querySelectorAll(".list tbody tr:not([hidden])")].every(r => r.getClientRects().length)')
        test.check(seen, 'what is found is seen')
        page.evaluate('document.querySelectorAll("#list thead button")[0].click()')
        test.check(page.evaluate('document.querySelectorAll("#list tbody tr").length') == INCIDENTS, 'sorted, they are one table')
        print('%d incidents: %.2f s, %d bytes; %.1f s in the browser' % (INCIDENTS, seconds, len(data), took))

    def lands(self):
        """A link leads to its incident, however the page is laid out on the way and afterwards."""
        page, db = self.page, self.test.path('lands.db')
        subprocess.run([os.environ['AGXTRIAGE_GENERATE'], db, '100'], check=True, timeout=60)
        path, data, _ = self.make(db, 'lands')
        self.test.check(data.count(b'class="card incident"') == 100, 'every incident stands in full', data.count(b'class="card incident"'))
        for way, motion, script in (('mouse', 'no-preference', True), ('mouse', 'reduce', False), ('direct', 'no-preference', True),
                                    ('direct', 'no-preference', False), ('back', 'no-preference', True)):
            page.look('light', width=1200, motion=motion)
            page.scripts(script)
            page.open('/dev/null')
            page.open(path, 'incident-50' if way == 'direct' else '')
            if way != 'direct':
                page.evaluate('document.querySelector("a[href=\\"#incident-50\\"]").scrollIntoView({block: "center", behavior: "instant"})')
                page.click('a[href="#incident-50"]')
            if way == 'back':
                page.evaluate('location.hash = "#incident-20"; new Promise(done => setTimeout(done, 100))')
                page.evaluate('history.back()')
            self.landed('%s, %s, %s script' % (way, motion, 'with' if script else 'no'))
            page.scripts(True)

    def landed(self, label):
        seen = []
        for _ in range(3):
            self.page.browser.pump(lambda: False, 0.4)
            seen.append(self.page.evaluate('(() => { const at = document.elementFromPoint(600, 60); return [location.hash, '
                                           'at && at.closest("[id^=incident-]") ? at.closest("[id^=incident-]").id : null, '
                                           'Math.round(document.getElementById("incident-50").getBoundingClientRect().top)]; })()'))
        self.test.check(all(one[:2] == ['#incident-50', 'incident-50'] and 0 <= one[2] < 40 for one in seen), 'lands: ' + label, seen)

    def crowd(self):
        test, db = self.test, self.test.db()
        folder = test.new('crowd')
        data, known = crowded(), outsider.incident(500).encode()
        for number in range(40):
            test.write('%s/Python-2025-12-21-17%04d.ips' % (folder, number), data.replace(known, outsider.incident(500 + number).encode()))
        test.run('scan', '--all', folder, db=db)
        _, data, seconds = self.make(db, 'crowd')
        test.check(len(data) < 5000000 and 2 <= data.count(b'class="card incident"') < 40, 'many threads: bytes', len(data))
        test.check(SLOW or seconds < 2, 'many threads: seconds', seconds)
        self.sound(data, 'crowd')


def whole(test):
    """A database with everything: crashes of three sites, simulated ones, other reports, experiments."""
    db, folder = test.path('whole.db'), test.new('whole')
    subprocess.run([os.environ['AGXTRIAGE_EXPERIMENTS'], db], check=True, timeout=60)
    for number in range(14):
        header, body = outsider.report(1000 + number)
        body['captureTime'] = '2025-12-%02d 17:36:18.2862 -0800' % (1 + 2 * number)
        if number % 3 == 1:
            body['threads'][0]['frames'][0]['symbol'] = 'AGX::ComputeContext<AGX::G16X>::prepareForEnqueue(bool)'
            body['exception'].update(rawCodes=[1, 0x98], subtype='KERN_INVALID_ADDRESS at 0x98')
        if number % 7 == 2:
            header['agxtriage_simulated'] = True
        if number % 5 == 3:
            header['app_name'] = header['name'] = body['procName'] = 'ollama'
            body['osVersion']['build'] = '25B78'
        test.write('%s/Python-2025-12-21-18%04d.ips' % (folder, number), outsider.dump(header, body))
    test.check(test.run('scan', '--all', folder, db=db).status == 0, 'reports are taken')
    return db


def main():
    path = browser.find()
    if not path:
        print('skipped: no browser (chromium) is installed')
        sys.exit(77)
    test, started = outsider.Outsider(), time.monotonic()
    try:
        with browser.Browser(path) as chromium:
            web = Web(test, chromium)
            web.rendered(whole(test))
            rendered = time.monotonic() - started
            web.hostile()
            web.many()
            web.lands()
            web.crowd()
            print('%s, %.1f s, %.1f s of them for one page in all its looks' % (chromium.version, time.monotonic() - started, rendered))
    except browser.Failed as error:
        if 'web' not in locals():
            print('skipped: %s does not run headless: %s' % (path, ' '.join(str(error).split())[:300]))
            sys.exit(77)
        test.fail(str(error))
    test.end()


main()
