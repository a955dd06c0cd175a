#!/usr/bin/env python3
"""Holds README.md and the man pages against the program.

    check_docs.py names PROGRAM         commands and options of `help --json` and the README are the same, and each --help fits a
                                        terminal of 80 columns
    check_docs.py examples PROGRAM DIR  the examples of README and man pages, run on the generated reports in DIR
    check_docs.py links                 relative links exist, and no path of somebody's machine stands in the text

The README's blocks: ```sh that starts with agxtriage must end with 0; ```console shows commands behind "$ " and what
they print on a terminal of 80 columns, where a line [...] stands for any number of lines; ```json is a file of rules
or a configuration.
The man pages' literal blocks that start with agxtriage, select (SQL) or { (a configuration) follow, page by page in the order
of the commands, and must end with 0 as well. All run one after the other in a home of their own with reports/, report.ips and
issue.txt; its path is printed as ~."""

import difflib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
MAN = ROOT / "contrib" / "man"
COLUMNS = "80"
# The reports that the README's screens show, in the order of their capture.
REPORTS = (
    "agx-allocate-usc-spill-buffer.game.ips", "agx-dispatch-threads.mtlnext.ips", "iogpu-commit-twice.ips",
    "agx-set-compute-pipeline-state.new-generation.ips", "generation-13_3.ips", "agx-prepare-for-enqueue.mtlnext.ips",
    "odd-one-line.ips", "gpuEvent-2026-02-03-101112.ips", "panic-full-panic-complete-memory.ips",
    "agx-set-compute-pipeline-state.ips", "bad-truncated-in-images.ips",
)
REPORT, ISSUE = "agx-set-compute-pipeline-state.ips", "container-full.txt"


def help_names(program):
    """{command: spelled options}; None stands for the global ones."""
    done = subprocess.run([program, "help", "--json"], check=True, stdout=subprocess.PIPE)
    table = json.loads(done.stdout)

    def spelled(rows):
        return {"--" + row["name"] for row in rows if row["name"]} | {"-" + row["letter"] for row in rows if row["letter"]}

    names = {command["name"]: spelled(command["options"]) for command in table["commands"]}
    names[None] = spelled(table["options"])
    return names


def readme_names(text):
    """Rows of the table whose first cell starts with a command in backticks; the last cell has the options."""
    names = {}
    for cells in (line.strip("|").replace("\\|", "/").split("|") for line in text.splitlines() if line.startswith("|")):
        first = re.match(r"\s*`([a-z]+)[^`]*`\s*$|\s*(every command)\s*$", cells[0])
        if first and len(cells) == 3:
            names[first.group(1)] = set(re.findall(r"(?<![\w-])--?[a-zA-Z0-9][a-z-]*", cells[2]))
    return names


def compare_names(where, found, expected):
    faults = 0
    for command in sorted(found.keys() | expected.keys(), key=str):
        label = command or "every command"
        if (command in found) != (command in expected):
            faults += 1
            print(f"{where}: {label} {'is no command' if command in found else 'is missing'}")
            continue
        for option in sorted(found[command] ^ expected[command]):
            faults += 1
            print(f"{where}: {label}: {option} {'does not exist' if option in found[command] else 'is missing'}")
    return faults


def check_width(program, commands):
    faults = 0
    for command in commands:
        words = [program, "--help"] if command is None else [program, command, "--help"]
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE, env={**os.environ, "COLUMNS": COLUMNS})
        for line in done.stdout.decode("utf-8").splitlines():
            if len(line) > int(COLUMNS):
                faults += 1
                print(f"{command or 'agxtriage'} --help: {len(line)} columns: {line}")
    return faults


def check_names(program):
    expected = help_names(program)
    return (compare_names("README.md", readme_names(README.read_text(encoding="utf-8")), expected) +
            check_width(program, expected))


# ---- examples

class Stage:
    """A folder with reports, and an environment with nothing of the user's."""

    def __init__(self, folder, program, fixtures):
        self.here = os.path.realpath(folder)
        os.makedirs(os.path.join(self.here, "reports"))
        for name in REPORTS:
            shutil.copy(os.path.join(fixtures, name), os.path.join(self.here, "reports"))
        shutil.copy(os.path.join(fixtures, REPORT), os.path.join(self.here, "report.ips"))
        shutil.copy(os.path.join(fixtures, ISSUE), os.path.join(self.here, "issue.txt"))
        # One worker takes the reports in one order, so that their numbers are the same each time.
        self.environment = {
            "PATH": os.path.dirname(os.path.abspath(program)) + os.pathsep + os.environ["PATH"],
            "HOME": self.here, "UV_THREADPOOL_SIZE": "1",
            "TZ": "UTC", "LC_ALL": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1", "AGXTRIAGE_PAGER": "cat",
            **{name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ},
        }

    def run(self, command, terminal):
        words = ["sh", "-euc", command]
        if terminal:
            words = [sys.executable, str(ROOT / "tests" / "cli" / "terminal.py"), COLUMNS, *words]
        done = subprocess.run(words, cwd=self.here, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
        # A progress bar is wiped away before the answer is written over it.
        lines = [line.rsplit("^[[K", 1)[-1] for line in done.stdout.decode("utf-8", "replace").splitlines()]
        return [line.replace(self.here, "~").rstrip() for line in lines], done.returncode


def matches(shown, printed):
    """Whether the lines are the same; [...] stands for any number of them."""
    if not shown:
        return not printed
    if shown[0] == "[...]":
        return any(matches(shown[1:], printed[skip:]) for skip in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and matches(shown[1:], printed[1:])


def commands_of(block):
    """(command, lines shown) of a block where commands stand behind "$ " and continue behind "> "."""
    commands = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append([line[2:], []])
        elif line.startswith("> ") and commands and not commands[-1][1]:
            commands[-1][0] += "\n" + line[2:]
        elif commands:
            commands[-1][1].append(line.rstrip())
    return commands


def check_console(stage, block):
    faults = 0
    for command, shown in commands_of(block):
        printed, status = stage.run(command, True)
        while shown and not shown[-1]:
            shown.pop()
        while printed and not printed[-1]:
            printed.pop()
        if status or not matches(shown, printed):
            faults += 1
            print(f"$ {command}\n[{status}]")
            print("\n".join(difflib.unified_diff(shown, printed, "README.md", "what it prints", lineterm="")))
    return faults


def check_shell(stage, block):
    printed, status = stage.run(block, False)
    if status:
        print("\n".join([f"exit status {status} of:", block, *printed]))
    return 1 if status else 0


def check_json(stage, block):
    rules = "rules" in json.loads(block)
    path = os.path.join(stage.here, "mine.json" if rules else "config.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(block)
    return check_shell(stage, "agxtriage rules check mine.json" if rules else
                       "agxtriage --config config.json --db unused.db -q scan")


def man_examples(program):
    """The first command's page comes first: later ones show what earlier ones made."""
    order = [f"agxtriage-{name}.1" for name in help_names(program) if name]
    for path in sorted(MAN.iterdir(), key=lambda path: (order.index(path.name) if path.name in order else -1, path.name)):
        for block in re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", path.read_text(encoding="utf-8"), re.M | re.S):
            block = block.replace("\\(aq", "'").replace("\\-", "-").replace("\\e", "\\")
            if block.startswith("select "):
                block = "agxtriage sql " + shlex.quote(block)
            if block.startswith(("agxtriage ", "agxtriage-", "{")) and (shutil.which("jq") or "| jq " not in block):
                yield block


def check_examples(program, fixtures):
    faults, ran = 0, 0
    with tempfile.TemporaryDirectory(prefix="agxtriage-docs-") as folder:
        stage = Stage(folder, program, fixtures)
        for kind, block in re.findall(r"^```(\w+)\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S):
            if kind == "console":
                faults += check_console(stage, block)
            elif kind == "json":
                faults += check_json(stage, block)
            elif kind == "sh" and block.startswith("agxtriage "):
                faults += check_shell(stage, block)
            else:
                continue
            ran += 1
        for block in man_examples(program):
            faults += (check_json if block.startswith("{") else check_shell)(stage, block)
            ran += 1
    print(f"{ran} blocks, {faults} faults")
    return faults + (0 if ran else 1)


# ---- links

def check_links():
    faults = 0
    for path in (README, *sorted(MAN.iterdir())):
        text = path.read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)\s]+)\)", text) if path.suffix == ".md" else []
        wrong = [link for link in links if "://" not in link and not link.startswith("#") and
                 not (path.parent / link.split("#")[0]).exists()]
        wrong += re.findall(r"(?<![\w.~-])/(?:work|tmp|home|root|Users)/(?!<)[\w./-]*", text)
        for link in wrong:
            faults += 1
            print(f"{path.name}: {link}")
    return faults


def main():
    checks = {"names": check_names, "examples": check_examples, "links": check_links}
    return int(checks[sys.argv[1]](*sys.argv[2:]) > 0)


if __name__ == "__main__":
    sys.exit(main())
