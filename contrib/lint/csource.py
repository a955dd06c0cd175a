"""What the checks share: the list of our files, and C text without comments and strings."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
_INCLUDE = re.compile(r'^\s*#\s*include\b')


def files(*endings):
    """Paths of our files below ROOT, known to git or about to be; without git (an archive) all there are."""
    try:
        listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "-co", "--exclude-standard"],
                                check=True, capture_output=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = []
        for folder, below, names in os.walk(ROOT):
            below[:] = [d for d in below if d not in (".git", "build", "__pycache__")]
            listed += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return sorted(path for path in set(listed)
                  if path.endswith(endings) and os.path.isfile(os.path.join(ROOT, path)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def code(path):
    """The text with comments and literals blanked, line numbers kept; includes keep their names."""
    def blank(match):
        line = text[text.rfind("\n", 0, match.start()) + 1:match.start()]
        if match.group().startswith('"') and _INCLUDE.match(line):
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())

    text = read(path)
    return _TOKEN.sub(blank, text)


def finish(what, checked, findings):
    """Prints the findings and ends the program."""
    for finding in findings:
        print(finding)
    print(f"{what}: {checked} files, {len(findings)} findings")
    sys.exit(1 if findings else 0)
