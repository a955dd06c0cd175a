"""Reads the man pages: their sections, and what a line of macros says. Knows as much of mdoc as the pages use."""

import pathlib
import shlex

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAN = ROOT / "contrib" / "man"
# Macros that change how a word looks and nothing else.
STYLE = set("Ar Cm Ev Fa Ft Ic In Li No Pa Pq Sq Sx Va Vt Xr".split())


def pages():
    return sorted(path for path in MAN.iterdir() if not path.name.startswith("."))


def sections(name):
    """{title: lines}; the lines before the first section stand under ""."""
    found, title = {"": []}, ""
    for line in (MAN / name).read_text(encoding="utf-8").splitlines():
        if line.startswith(".Sh "):
            title = line[4:].strip().strip('"')
            found[title] = []
        else:
            found[title].append(line)
    return found


def words_of(line):
    return [word.replace("\\&", "").replace("\\-", "-") for word in shlex.split(line.replace("'", "\\'"))]


class Speech:
    """Words of macro lines, joined as a reader sees them."""

    def __init__(self):
        self.text, self.join = "", True

    def add(self, word):
        glued = self.join or word in (",", "]", ".", ";", ":") or self.text.endswith("[")
        self.text += word if glued else " " + word
        self.join = False

    def line(self, line):
        """One line of text or macros. Op spans the rest of its line, Oo what stands before Oc."""
        if not line.startswith("."):
            self.add(line)
            return
        opened, flag, flagged = 0, False, False
        for word in words_of(line[1:]):
            if word == "Op":
                opened += 1
            flag, flagged = self.word(word, flag, flagged)
        if flag:
            self.add("-")
        for _ in range(opened):
            self.join = True
            self.add("]")

    def word(self, word, flag, flagged):
        """flag: a dash is due; flagged: so it is before further words."""
        if word in STYLE or word in ("Op", "Oo", "Oc", "Ns", "Fl", "Nm", "It", "Pp"):
            if flag and word != "Fl":
                self.add("-")
            self.macro(word)
            return word == "Fl", word == "Fl"
        if flag or (flagged and word not in (",", "|")):
            word = "-" + word
        self.add(word)
        return False, flagged

    def macro(self, word):
        if word in ("Op", "Oo"):
            self.add("[")
            self.join = True
        elif word == "Oc":
            self.join = True
            self.add("]")
        elif word == "Ns":
            self.join = True


def said(lines):
    speech = Speech()
    for line in lines:
        speech.line(line)
    return speech.text


def items(lines, depth=1):
    """What the tags of the lists of that depth say."""
    found, inside = [], 0
    for line in lines:
        if line.startswith(".Bl"):
            inside += 1
        elif line.startswith(".El"):
            inside -= 1
        elif line.startswith(".It") and inside == depth:
            found.append(said([line]))
    return found
