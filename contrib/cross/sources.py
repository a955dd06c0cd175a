#!/usr/bin/env python3
"""sources.py [ETC]: prints, as a sources file of apt, where the sources stand of the packages that this machine takes from its
distribution: the entries of ETC (default: /etc) with another type. Both forms of such entries are read, nothing is changed.
Repositories of others are left out: many have no sources, and what we build comes from the distribution."""

import glob
import os
import re
import sys

# One line: type, options in brackets, address, suite, components.
LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#\n]+)", re.M)
# A value goes on in lines that begin with a blank.
FIELD = re.compile(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", re.M)
OPTIONS = {"signed-by": "Signed-By", "trusted": "Trusted"}
CODENAME = re.compile(r'^VERSION_CODENAME="?([\w-]+)', re.M)


def texts(folder, *patterns):
    for path in sorted(path for pattern in patterns for path in glob.glob(os.path.join(folder, pattern))):
        with open(path, encoding="utf-8", errors="replace") as file:
            yield file.read()


def of_lines(text):
    """Entries of one line each."""
    for match in LINE.finditer(text):
        options = (option.partition("=") for option in (match["options"] or "").split())
        yield {"URIs": match["uri"], "Suites": match["suite"], "Components": match["components"],
               **{OPTIONS[name.lower()]: value for name, _, value in options if name.lower() in OPTIONS}}


def of_paragraphs(text):
    """Entries of one paragraph each."""
    for paragraph in re.split(r"\n\s*\n", re.sub(r"^#.*\n", "", text, flags=re.M)):
        entry = dict(FIELD.findall(paragraph))
        if "deb" in entry.get("Types", "").split() and entry.get("Enabled", "yes").strip() != "no":
            yield entry


def stanza(entry, names):
    """The same for sources, of the distribution's own suites and its main part; None when there is no such thing in it."""
    suites = [suite for suite in entry.get("Suites", "").split() if suite in names]
    if not suites or "main" not in entry.get("Components", "").split():
        return None
    fields = {"Types": "deb-src", "Suites": " ".join(suites), "Components": "main",
              **{name: entry[name] for name in ("URIs", "Signed-By", "Trusted") if name in entry}}
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def main():
    etc = sys.argv[1] if len(sys.argv) > 1 else "/etc"
    names = {name + pocket for text in texts(etc, "os-release") for name in CODENAME.findall(text) + ["stable", "oldstable"]
             for pocket in ("", "-updates", "-security")}
    entries = [entry for text in texts(etc, "apt/sources.list", "apt/sources.list.d/*.list") for entry in of_lines(text)]
    entries += [entry for text in texts(etc, "apt/sources.list.d/*.sources") for entry in of_paragraphs(text)]
    stanzas = dict.fromkeys(filter(None, (stanza(entry, names) for entry in entries)))
    print("\n".join(stanzas), end="")
    return 0 if stanzas else 1


if __name__ == "__main__":
    sys.exit(main())
