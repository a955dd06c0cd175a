#!/usr/bin/env python3
"""Holds the man pages against the program and its sources.

    check_man.py table PROGRAM REPRO  each command has a page of its own, and no page is of another one: its name line is the
                                      summary, its synopsis the usage line, and its options are those of `help --json`, all of
                                      them and no others, in their order; the overview lists the commands, the global options
                                      and the fields of MATCH; agxtriage-repro(8) has what REPRO's --help has
    check_man.py status PROGRAM       the exit statuses of a page are those that the command ends with
    check_man.py sources CC           the variables of ENVIRONMENT are those that the sources read, agxtriage(3) has the functions
                                      of the header as they are declared there, and its example compiles with CC
    check_man.py links                each reference to a section or a page of ours leads to one, each page is installed, and
                                      agxtriage(1) leads to each
    check_man.py mandoc               mandoc has nothing to say about the pages, nor about making HTML or text of them, and the text
                                      fits a terminal of 80 columns; exit status 77 without mandoc
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

sys.dont_write_bytecode = True
from mdoc import MAN, ROOT, items, pages, said, sections, words_of

OVERVIEW = "agxtriage.1"
COLUMNS = 80
FAULTS = []


def fault(text):
    FAULTS.append(text)
    print(text)


# ---- the table

def spellings(row):
    return ([f"-{row['letter']}"] if row["letter"] else []) + ([f"--{row['name']}"] if row["name"] else [])


def spelled(row):
    """As --help has it: "-n, --limit=N"."""
    names = spellings(row)
    if row["argument"]:
        names[-1] += ("=" if row["name"] else " ") + row["argument"]
    return ", ".join(names)


def documented(tag):
    """The same of a tag, which repeats the argument behind the letter: "-n N, --limit=N"."""
    return re.sub(r"^(-\w) \S+, (--)", r"\1, \2", tag)


def compare_options(page, tags, rows):
    found, wanted = [documented(tag) for tag in tags], [spelled(row) for row in rows]
    for row, tag in zip(rows, tags):
        if row["letter"] and row["name"] and row["argument"] and not tag.startswith(f"-{row['letter']} {row['argument']},"):
            fault(f"{page}: {tag}: the letter takes {row['argument']} as well")
    for option in [text for text in found if text not in wanted]:
        fault(f"{page}: {option} is no option")
    for option in [text for text in wanted if text not in found]:
        fault(f"{page}: {option} is missing")
    if set(found) == set(wanted) and found != wanted:
        fault(f"{page}: options stand in the order {found} instead of {wanted}")


def usage(command):
    operands = command["operands"] or ""
    return operands.replace(" or ", " | ").replace(" ...", "...")


def synopsis(page, command):
    """The forms of a page in the words of a usage line."""
    forms, start = [], f"agxtriage {command['name']}"
    for form in said(sections(page)["SYNOPSIS"]).split(start)[1:]:
        form = form.strip()
        if command["options"]:
            if not form.startswith("[options]"):
                fault(f"{page}: SYNOPSIS: no [options] behind the name")
            form = form[len("[options]"):].strip()
        # An option that must be given is an option.
        form = re.sub(r"^(-\w \S+|--[\w-]+=\S+)\s*", "", form).replace(" ...", "...")
        if form not in forms:
            forms.append(form)
    named = [form for form in forms if form]
    return f"[{' | '.join(named)}]" if "" in forms and named else " | ".join(named)


def check_command(command):
    page = f"agxtriage-{command['name']}.1"
    if not (MAN / page).exists():
        fault(f"{page} is missing")
        return
    parts = sections(page)
    name = "\n".join(parts["NAME"])
    wanted = f".Nm {page[:-2]}\n.Nd {command['summary']}"
    if name != wanted:
        fault(f"{page}: NAME:\n{name}\ninstead of\n{wanted}")
    if synopsis(page, command) != usage(command):
        fault(f"{page}: SYNOPSIS: {synopsis(page, command)!r} instead of {usage(command)!r}")
    compare_options(page, items(parts["OPTIONS"]), command["options"])
    for title in ("DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
        if not parts.get(title):
            fault(f"{page} has no {title}")


def check_overview(table, fields):
    parts = sections(OVERVIEW)
    compare_options(OVERVIEW, items(parts["OPTIONS"]), table["options"])
    rows = re.findall(r"^\.It Xr agxtriage-(\S+) 1\n(.*)$", "\n".join(parts["COMMANDS"]), re.M)
    wanted = [(c["name"], c["summary"][0].upper() + c["summary"][1:] + ".") for c in table["commands"]]
    if rows != wanted:
        fault(f"{OVERVIEW}: COMMANDS: {rows} instead of {wanted}")
    text = said(parts["MATCHING"]).split("The fields are ", 1)[-1].split(".", 1)[0]
    if re.split(r", | and ", text) != fields:
        fault(f"{OVERVIEW}: MATCHING: the fields are {fields}, not {text}")


def check_strangers(table):
    """A page of section 1 is that of a command."""
    known = {OVERVIEW, *(f"agxtriage-{command['name']}.1" for command in table["commands"])}
    for path in pages():
        if path.suffix == ".1" and path.name not in known:
            fault(f"{path.name}: there is no such command")


def check_repro(program):
    text = subprocess.run([program, "--help"], check=True, stdout=subprocess.PIPE).stdout.decode("utf-8")
    parts = sections("agxtriage-repro.8")
    wanted = {line.group(1): line.group(2) for line in re.finditer(r"^  (--[a-z-]+)(?:, --help$)?(?: ([A-Z]+)(?=\s))?", text, re.M)}
    wanted["--help"] = None
    found = dict(re.fullmatch(r"(?:-h, )?(--[a-z-]+)(?:=([A-Z]+))?", tag).groups() for tag in items(parts["OPTIONS"]))
    if found != wanted:
        fault(f"agxtriage-repro.8: options: {sorted(found.items() ^ wanted.items(), key=str)} differ")
    for title, heading in (("SCENARIOS", "Scenarios"), ("LOCKING POLICIES", "Locking policies"), ("BACK ENDS", "Backends")):
        names = re.findall(r"^  ([a-z][a-z-]*)(?:\s|$)", re.search(rf"^{heading}.*?:\n((?:  .*\n)*)", text, re.M).group(1), re.M)
        tags = [tag for tag in items(parts[title]) if heading != "Backends" or tag in names or tag != "metal"]
        if not names or tags != names:
            fault(f"agxtriage-repro.8: {title}: {tags} instead of {names}")


# Of other programs, on lines of macros.
FOREIGN = {"--export-json", "--password", "--token"}


def check_mentions(table):
    """An option that a text names is one of the page's own command, of the command that is named with it, or a global one."""
    own = {command["name"]: {text for row in command["options"] for text in spellings(row)} for command in table["commands"]}
    everywhere = {text for row in table["options"] for text in spellings(row)} | FOREIGN
    anybody = everywhere.union(*own.values())
    for path in pages():
        of_page = re.fullmatch(r"agxtriage-(\w+)\.1", path.name)
        for line in path.read_text(encoding="utf-8").replace("\\e\n", " ").splitlines():
            shown = re.match(r"(?:\.Dl |\.Ic )?agxtriage .*?\b(%s)\b(.*)" % "|".join(own), line.replace("\\-", "-"))
            known = own[shown.group(1)] | everywhere if shown else anybody if path.suffix != ".8" else None
            if of_page and not shown and path.name != "agxtriage-compare.1":
                known = own[of_page.group(1)] | everywhere
            rest = shown.group(2).split(" -- ")[0] if shown else line
            found = re.findall(r"(?<![\w-])--[a-z][a-z-]+", rest) if shown else []
            found += ["-" + flag for flag in re.findall(r"\bFl (-[a-z][a-z-]+)", rest)]
            for option in [text for text in found if known is not None and text not in known]:
                fault(f"{path.name}: {option} is no option: {line}")


def check_table(program, repro):
    table = json.loads(subprocess.run([program, "help", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    usage_text = subprocess.run([program, "help", "list"], check=True, stdout=subprocess.PIPE).stdout.decode("utf-8")
    fields = usage_text.split("\nFields\n")[1].split("\n\n")[0].split()
    for command in table["commands"]:
        check_command(command)
    check_overview(table, fields)
    check_strangers(table)
    check_mentions(table)
    check_repro(repro)


# ---- exit statuses

# What ends with 3 on a machine where one report is stored, and no other command can.
NOTHING = {
    "compare": ["compare"], "experiments": ["experiments"], "export": ["export", "nobody", "-o", "x.zip"],
    "import": ["import", "none.zip"], "list": ["list", "nobody"], "report": ["report", "nobody"],
    "repro": ["repro", "--resume"], "rules": ["rules", "test", "plain.ips"], "run": ["run", "--resume"], "show": ["show", "9999"],
    "top": ["top", "nobody"], "triage": ["triage", "nobody"],
}
# Only launchd can tell that there is no agent.
ELSEWHERE = {"agent"}
# Operands without which a command does not come as far as reading its configuration.
OPERANDS = {"agent": ["status"], "import": ["x"], "run": ["true"], "rules": ["list"], "sql": ["select 1"]}
# What else run tells of its command: the tag, what is run, and the status that comes of it.
OF_RUN = {
    "124": (["--timeout", "1", "sleep", "30"], 124), "126": (["./plain.ips"], 126), "127": (["./not-there"], 127),
    "128 + N": (["sh", "-c", "kill -TERM $$"], 128 + signal.SIGTERM),
}
PLAIN = b'{"app_name":"x","bug_type":"309","incident_id":"79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9"}\n' \
    b'{"procName":"x","pid":7,"captureTime":"2025-12-21 01:36:18.2862 +0000"}\n'


def run_it(program, home, words):
    return subprocess.run([os.path.abspath(program), *words], cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, timeout=60, check=False,
                          env={**os.environ, "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home,
                               "AGXTRIAGE_DB": os.path.join(home, "crashes.db")}).returncode


def statuses(page):
    return set(items(sections(page)["EXIT STATUS"]))


def check_status(program):
    table = json.loads(subprocess.run([program, "help", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    wanted = dict(re.findall(r"^\tCLI_(\w+) = (\d+),", (ROOT / "src/cli/cli.h").read_text(encoding="utf-8"), re.M))
    if statuses(OVERVIEW) != set(wanted.values()):
        fault(f"{OVERVIEW}: EXIT STATUS: {statuses(OVERVIEW)} instead of {wanted}")
    with tempfile.TemporaryDirectory(prefix="agxtriage-man-") as home:
        pathlib.Path(home, "plain.ips").write_bytes(PLAIN)
        with zipfile.ZipFile(os.path.join(home, "none.zip"), "w") as archive:
            archive.writestr("notes.txt", "no report\n")
        run_it(program, home, ["scan", "plain.ips"])
        for command in table["commands"]:
            name = command["name"]
            check_statuses(program, home, name, statuses(f"agxtriage-{name}.1") - (OF_RUN.keys() if name == "run" else set()))
        if not OF_RUN.keys() <= statuses("agxtriage-run.1"):
            fault(f"agxtriage-run.1: EXIT STATUS: {sorted(OF_RUN.keys() - statuses('agxtriage-run.1'))} is missing")
        for words, status in OF_RUN.values():
            expect_status(program, home, ["run", "--wait", "0", *words], status)


def check_statuses(program, home, name, told):
    can_fail = [name, *OPERANDS.get(name, [])]
    tries = {"2": [name, "--no-such-option"], "1": ["--config", "not-there", *can_fail]}
    if name in NOTHING:
        tries["3"] = NOTHING[name]
    wanted = {"0", *tries} | ({"3"} if name in ELSEWHERE else set())
    if told != wanted:
        fault(f"agxtriage-{name}.1: EXIT STATUS: {sorted(told)} instead of {sorted(wanted)}")
    for status, words in tries.items():
        expect_status(program, home, words, int(status))


def expect_status(program, home, words, status):
    found = run_it(program, home, words)
    if found != status:
        fault(f"agxtriage {' '.join(words)}: ends with {found} instead of {status}")


# ---- sources

def variables_of(source, constants):
    """The names that a file reads, by themselves, by a constant or from a list of names."""
    found = set(re.findall(r'\bgetenv\("(\w+)"\)', source))
    found.update(constants[name] for name in re.findall(r"\bgetenv\(([A-Z_]+)\)", source))
    for name in re.findall(r"\bgetenv\((\w+)\[", source):
        for row in re.findall(rf"\b{name}\[\] = \{{([^}}]*)\}}", source):
            found.update(re.findall(r'"([A-Z_]+)"', row))
    return found


def check_environment():
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.[ch]"))]
    text, read, told = "".join(sources), set(), set()
    constants = dict(re.findall(r'^#define (\w+) "([A-Z_]+)"', text, re.M))
    for source in sources:
        read.update(variables_of(source, constants))
    for path in pages():
        for tag in items(sections(path.name).get("ENVIRONMENT", [])):
            told.update(tag.split(", "))
    for name in sorted(read - told):
        fault(f"{name} is read, and no ENVIRONMENT has it")
    for name in sorted(told):
        if f'"{name}"' not in text:
            fault(f"ENVIRONMENT: {name} stands nowhere in the sources")


def declared():
    """{function: (result, arguments)} of the header."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / "include/agxtriage.h").read_text(encoding="utf-8"), flags=re.S)
    found = re.findall(r"AGXTRIAGE_PUBLIC ([^;]*?)(\w+)\(([^;]*)\);", text)
    return {name: (" ".join(result.split()), [" ".join(word.split()) for word in arguments.split(",")])
            for result, name, arguments in found}


def check_library(compiler):
    parts, wanted, found, result = sections("agxtriage.3"), declared(), {}, None
    for line in parts["SYNOPSIS"]:
        if line.startswith(".Ft "):
            result = words_of(line)[1]
        elif line.startswith(".Fn "):
            found[words_of(line)[1]] = (result, words_of(line)[2:])
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            fault(f"agxtriage.3: {name}: {found.get(name)} instead of {wanted.get(name)}")
    rest = "\n".join(line for title, lines in parts.items() if title != "SYNOPSIS" for line in lines)
    for name in re.findall(r"^\.Fn (\w+)$", rest, re.M):
        if name not in wanted:
            fault(f"agxtriage.3: there is no {name}")
    example = re.search(r"^\.Bd -literal\n(.*?)^\.Ed", "\n".join(parts["EXAMPLES"]), re.M | re.S).group(1).replace("\\e", "\\")
    done = subprocess.run([*shlex.split(compiler), "-x", "c", "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                           f"-I{ROOT / 'include'}", "-"], input=example.encode("utf-8"), check=False)
    if done.returncode:
        fault("agxtriage.3: the example does not compile")


# ---- references and files

def check_links():
    names, leads = {path.name for path in pages()}, {}
    for path in pages():
        text = path.read_text(encoding="utf-8")
        leads[path.name] = {f"{name}.{number}" for name, number in re.findall(r"\bXr (agxtriage\S*) (\d)", text)}
        for page in sorted(leads[path.name] - names):
            fault(f"{path.name}: there is no {page}")
        titles = {title.strip() for title in re.findall(r"^\.S[hs] (.*)$", text, re.M)}
        for title in re.findall(r"^\.Sx (.*?)(?: [.,;:)])*$", text, re.M):
            if title not in titles:
                fault(f"{path.name}: there is no section {title}")
        title = re.search(r"^\.Dt (\S+) (\d)$", text, re.M)
        if not title or f"{title.group(1).lower()}.{title.group(2)}" != path.name:
            fault(f"{path.name}: .Dt is {title and title.group(0)}")
    for page in sorted(names - leads[OVERVIEW] - {OVERVIEW}):
        fault(f"{page} cannot be reached from {OVERVIEW}")
    build = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "meson.build", ROOT / "contrib/meson.build") if path.exists())
    for call in re.findall(r"install_man\((.*?)\)", build, re.S):
        installed = re.findall(r"'([^']+)'", call)
        if installed != sorted(installed):
            fault("install_man: the pages are not in their order")
        for page in sorted({os.path.basename(name) for name in installed} ^ names):
            fault(f"{page} {'is not installed' if page in names else 'is installed and does not exist'}")
    if "install_man(" not in build:
        fault("no page is installed")


def check_width(mandoc, path):
    """What cannot be wrapped, examples above all, may be too long. Declarations of C are as long as their names."""
    text = subprocess.run([mandoc, "-T", "utf8", "-O", f"width={COLUMNS}", path], check=True, stdout=subprocess.PIPE).stdout
    for line in re.sub(".\b", "", text.decode("utf-8")).expandtabs(8).splitlines():
        if len(line) > COLUMNS and not line.strip().startswith("agxtriage_"):
            fault(f"{path.name}: {len(line)} columns: {line.strip()}")


def check_mandoc():
    mandoc = shutil.which("mandoc")
    if not mandoc:
        print("no mandoc")
        return 77
    done = subprocess.run([mandoc, "-T", "lint", "-W", "warning", *pages()], check=False)
    if done.returncode:
        fault("mandoc -T lint")
    for form in ("html", "utf8", "ascii"):
        done = subprocess.run([mandoc, "-T", form, "-W", "warning", *pages()], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode or done.stderr:
            fault(f"mandoc -T {form}: {done.returncode} {done.stderr.decode('utf-8', 'replace')}")
    for path in pages():
        check_width(mandoc, path)
    return 0


def main():
    checks = {"table": check_table, "status": check_status, "links": check_links, "mandoc": check_mandoc,
              "sources": lambda compiler: (check_environment(), check_library(compiler))}
    status = checks[sys.argv[1]](*sys.argv[2:])
    if status == 77:
        return 77
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
