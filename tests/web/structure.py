"""What has to be true of the page's markup, read strictly and without a browser."""
import html.parser
import re

VOID = {'meta', 'br', 'input', 'hr', 'link', 'img', 'wbr'}
# What the page is made of; anything else came from a text.
ELEMENTS = set('''html head meta title style body a svg defs pattern rect path header p h1 h2 h3 code strong span div nav ul li main
    section dl dt dd b i small table caption thead tbody tr th td time line text desc circle details summary ol mark blockquote pre
    footer script'''.split())


class Structure(html.parser.HTMLParser):
    """Collects findings: tags out of balance, ids used twice, references into nothing, headings out of order."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.findings, self.ids, self.refs, self.heading = [], [], {}, set(), 0
        self.count, self.text = {}, []

    def complain(self, what):
        self.findings.append('line %d: %s' % (self.getpos()[0], what))

    def handle_decl(self, decl):
        if decl.lower() != 'doctype html' or self.getpos() != (1, 0):
            self.complain('declaration ' + decl)

    def handle_comment(self, data):
        self.complain('a comment')

    def unknown_decl(self, data):
        self.complain('a section ' + data)

    def handle_pi(self, data):
        self.complain('an instruction')

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in ELEMENTS:
            self.complain('element ' + tag)
        if tag not in VOID:
            self.open.append(tag)
        if len({name for name, _ in attrs}) != len(attrs):
            self.complain('an attribute stands twice')
        for name, value in attrs:
            self.attribute(tag, name, value or '')
        if re.fullmatch('h[1-6]', tag):
            level = int(tag[1])
            if level > self.heading + 1 or (level == 1 and self.heading):
                self.complain('%s behind h%d' % (tag, self.heading))
            self.heading = level
        if tag == 'th' and 'scope' not in dict(attrs):
            self.complain('th without scope')
        if tag == 'caption' and self.open[-2:-1] != ['table']:
            self.complain('a caption that is not the first of its table')

    def attribute(self, tag, name, value):
        if name.startswith('on') or name in ('style', 'src', 'srcset', 'action', 'formaction', 'srcdoc', 'xlink:href'):
            self.complain('attribute %s of %s' % (name, tag))
        if name == 'id':
            if value in self.ids:
                self.complain('id %s again' % value)
            self.ids[value] = True
            if not value or re.search(r'\s', value):
                self.complain('id %r' % value)
        if name == 'href' and not value.startswith('#'):
            if not re.match(r'https?://', value):
                self.complain('href ' + value)
        elif name == 'href':
            self.refs.add(value[1:])
        if name in ('aria-labelledby', 'for'):
            self.refs.update(value.split())

    def handle_startendtag(self, tag, attrs):
        self.complain('<%s/>' % tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.complain('</%s> inside of %s' % (tag, self.open[-1:]))
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ('script', 'style'):
            self.text.append(data)


def check(page):
    """Findings on the bytes of a page, and its text."""
    reader = Structure()
    try:
        text = page.decode('utf-8', 'strict')
    except UnicodeDecodeError as error:
        return [str(error)], ''
    for bad in re.finditer('[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]', text):
        reader.findings.append('a control character %r at %d' % (bad.group(), bad.start()))
    reader.feed(text)
    reader.close()
    if reader.open:
        reader.findings.append('not closed: %s' % reader.open)
    reader.findings += ['no element has the id %s' % name for name in sorted(reader.refs - set(reader.ids))]
    for name, count in (('h1', 1), ('main', 1), ('nav', 1), ('script', 1), ('style', 1), ('title', None)):
        if count is not None and reader.count.get(name, 0) != count:
            reader.findings.append('%d of %s' % (reader.count.get(name, 0), name))
    if reader.count.get('table', 0) != reader.count.get('caption', 0):
        reader.findings.append('a table without a caption')
    return reader.findings, ''.join(reader.text)
