#!/usr/bin/env python3
"""check_completions.py PROGRAM SHELL: the completions of that shell, in a real one.

They offer the commands and options that the program's table has, no others, and what its choices are; they know the values in
the database, write them so that the program reads the very same, and run nothing of what strangers named their processes.
Exit status 77 without that shell."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import shells

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPLETIONS = ROOT / "contrib" / "completions"
REPORT = ROOT / "tests" / "lib" / "report.ips"
# Behind a prefix that leads to it alone; what is evaluated leaves a file "ran".
HOSTILE = (
    "$(touch ran)", "`touch ran`", ";touch ran;", "&touch ran&", "|touch ran|", "\n touch ran\n", "'$(touch ran)'",
    "\"$(touch ran)\"", "\\$(touch ran)", "$HOME", "${HOME}", "*", "?", "[a-z]", "[", "~", "~root", "a b", " a  b ", "a\tb",
    "#a", "{a,b}", "(a)", "<a>", "!!", "%s%n", "--all", "a=b", "a:b", "a,b", "\\", "\\\\", "'", "\"", "a'b\"c", "^a",
    "\x1b[31m", "\x07", "\u202eb", "\u00e9\u6f22\U0001f600", "$'\\n'", "=(touch ran)", "<(touch ran)", "x" * 150, "(e:touch ran:)",
)


def bad_in_terminals(text):
    return any(ord(c) < 32 or 127 <= ord(c) < 160 or 0x2028 <= ord(c) <= 0x202e for c in text)


def spelled(rows):
    return {dashes + row[key] for row in rows for key, dashes in (("letter", "-"), ("name", "--")) if row[key]}


class Stage:
    """A folder, a database with hostile names, and the shell."""

    def __init__(self, program, name, folder):
        self.program, self.name, self.folder, self.faults = os.path.abspath(program), name, folder, []
        self.db = os.path.join(folder, "crashes.db")
        tools = os.path.join(folder, "tools")
        for path in (tools, os.path.join(folder, "here"), os.path.join(folder, "home")):
            os.makedirs(path)
        os.symlink(self.program, os.path.join(tools, "agxtriage"))
        # A program of that name in the current folder is not the user's choice.
        self.script("here/agxtriage", "touch ran")
        self.script("here/args", "printf '%s\\0' \"$@\"; printf '\\001\\n'")
        self.env = {"PATH": tools + ":/usr/bin:/bin", "HOME": os.path.join(folder, "home"), "LC_ALL": "C.UTF-8", "TZ": "UTC",
                    "AGXTRIAGE_DB": self.db,
                    **{n: os.environ[n] for n in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if n in os.environ}}
        self.table = json.loads(self.run("help", "--json"))
        self.here = os.path.join(folder, "here")
        self.shell = shells.Shell(name, self.here, str(COMPLETIONS), self.env)
        self.list = shells.FishList(self.here, str(COMPLETIONS), self.env) if name == "fish" else None

    def script(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o755)

    def run(self, *words, status=0):
        done = subprocess.run([self.program, *words], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=False)
        if done.returncode != status:
            self.faults.append(f"{words}: {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode("utf-8")

    def expect(self, right, text):
        if not right:
            self.faults.append(text)

    def offers(self, line):
        """The words that may stand there, without what closes them."""
        if self.list:
            return set(self.list.offers(line))
        return {word.rstrip("=") if word.startswith("-") else word for word in self.shell.complete(line)[1]}

    def fill(self):
        reports = os.path.join(self.folder, "reports")
        os.makedirs(reports)
        head, body = REPORT.read_text(encoding="utf-8").split("\n", 1)
        head, body = json.loads(head), json.loads(body)
        for i, name in enumerate(HOSTILE):
            head["incident_id"] = body["incident"] = f"00000000-0000-0000-0000-{i:012d}"
            head["app_name"] = head["name"] = body["procName"] = f"h{i:02d}{name}"
            with open(f"{reports}/{i}.ips", "w", encoding="utf-8") as file:
                file.write(json.dumps(head) + "\n" + json.dumps(body))
        self.run("scan", "--all", reports)

    def close(self):
        self.shell.close()
        if self.list:
            self.list.close()


# ---- the table

def check_words(stage):
    commands = {row["name"] for row in stage.table["commands"]}
    stage.expect(stage.offers("agxtriage ") == commands, f"commands: {stage.offers('agxtriage ') ^ commands}")
    stage.expect(stage.offers("agxtriage help ") == commands, "commands of help")
    everywhere = spelled(stage.table["options"])
    stage.expect(stage.offers("agxtriage -") == everywhere, f"global options: {stage.offers('agxtriage -') ^ everywhere}")
    for command in stage.table["commands"]:
        offered, wanted = stage.offers(f"agxtriage {command['name']} -"), everywhere | spelled(command["options"])
        # The operand "-" is one as well.
        stage.expect(offered - {"-"} == wanted, f"{command['name']}: {offered ^ wanted}")


def check_choices(stage):
    for command in [{"name": "", "options": stage.table["options"]}, *stage.table["commands"]]:
        for row in command["options"]:
            for way in ("=", " ") if "choices" in row else ():
                lead = f"--{row['name']}{way}" if stage.name == "fish" and way == "=" else ""
                offered = stage.offers(f"agxtriage {command['name']} --{row['name']}{way}")
                stage.expect(offered == {lead + word for word in row["choices"]}, f"--{row['name']}{way}: {offered}")
    for line, wanted in (("repro --lock ", "none global pipeline queue"), ("triage --status ", "open known fixed ignored"),
                         ("repro --kernels ", "add mul copy"), ("repro --queues ", "shared per-thread"),
                         ("repro --sim-fault ", "none gpu-error wrong-result hang"),
                         ("repro --scenario ", "independent shared-queue shared-buffer use-after-end release-in-use torch"),
                         ("agent ", "install uninstall status"), ("rules ", "list check test")):
        offered = stage.offers("agxtriage " + line)
        stage.expect(offered == set(wanted.split()), f"{line}: {offered}")
        # The program itself names them when it gets something else.
        words = line.split()
        done = subprocess.run([stage.program, *words, "no-such-word", *(["x"] if words[0] == "triage" else [])], env=stage.env,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=60)
        missing = [word for word in wanted.split() if word not in done.stderr.decode()]
        stage.expect(words[0] in ("agent", "rules") or not missing, f"{line}: {missing} not in {done.stderr.decode()}")
    kinds = stage.offers("agxtriage daemon --hook-kind ")
    for kind in kinds | {"no-such-kind"}:
        stage.run("daemon", "--check", "--hook-kind", kind, status=2 if kind == "no-such-kind" else 0)
    stage.expect(len(kinds) > 5, f"--hook-kind: {kinds}")


def check_places(stage):
    """What TAB makes of a line."""
    os.makedirs(stage.here + "/folder of reports")
    quoted = {"bash": "folder\\ of\\ reports/", "zsh": "folder\\ of\\ reports/", "fish": "folder\\ of\\ reports/"}[stage.name]
    for line, wanted in (("scan fold", "scan " + quoted), ("--db fold", "--db " + quoted), ("rules check fold", "rules check " + quoted),
                         ("top --by site,oper", "top --by site,operation"), ("run --wait 3 -- touc", "run --wait 3 -- touch"),
                         ("run env --unset=", "run env --unset="), ("-v --color never li", "-v --color never list"),
                         ("show lat", "show latest"), ("list -- --l", "list -- --l"), ("list -n 3 --no-p", "list -n 3 --no-pager")):
        made = stage.shell.complete("agxtriage " + line)[0]
        stage.expect(made.removeprefix("agxtriage ").rstrip(" ,") == wanted, f"{line}: {made!r}")
    for line, word in (("agxtriage run -- touc", "touch"), ("agxtriage run --wait 3 touc", "touch"), ("agxtriage watch --exec touc", "touch")):
        stage.expect(word in stage.offers(line) or word in stage.shell.complete(line)[0].split(), f"{line}: {stage.offers(line)}")
    stage.expect(not stage.offers("agxtriage list --limit "), "a number is nobody's to offer")


# ---- values

def plain_offers(stage, line):
    """The same, without a field in front of them or the shell's quoting, where that matters."""
    return {word.split("=", 1)[-1] for word in stage.offers(line)}


def check_values(stage):
    stage.expect("agx-set-compute-pipeline-state" in plain_offers(stage, "agxtriage list site="), "sites")
    stage.expect(plain_offers(stage, "agxtriage export --site ") == {"agx-set-compute-pipeline-state"}, "--site")
    stage.expect(plain_offers(stage, "agxtriage list month=") == {"2025-12"}, "months")
    stage.expect(not plain_offers(stage, "agxtriage list nonsense="), "a field that is none")
    stage.expect({"latest", "1", "2"} <= stage.offers("agxtriage show "), "incidents")
    known = stage.offers("agxtriage triage ")
    stage.expect("agx-set-compute-pipeline-state" in known and any(len(word) == 16 for word in known), f"triage: {known}")
    stage.expect("24G419" in stage.offers("agxtriage triage --fixed-in "), "builds")
    fields = {word.rstrip("=") for word in stage.offers("agxtriage list s") | stage.offers("agxtriage list d")}
    stage.expect(fields == {f for f in stage.table["fields"] if f[0] in "sd"}, f"fields: {fields}")
    elsewhere = dict(stage.env, AGXTRIAGE_DB=stage.folder + "/none.db")
    shell = shells.Shell(stage.name, stage.here, str(COMPLETIONS), elsewhere)
    for line in ("--db ../crashes.db list site=", "--db=../crashes.db list site=", "list --db ../crashes.db site="):
        made = shell.complete("agxtriage " + line + "agx-s")[0]
        stage.expect("site=agx-set-compute-pipeline-state" in made, f"{line}: {made!r}")
    shell.close()


def check_hostile(stage):
    """Every name goes through the shell and comes to the program as it was."""
    made, wanted = [], []
    for row in map(json.loads, stage.run("sql", "--json", "select process from incidents").splitlines()):
        name = row["process"]
        literal = "".join("\\" + c if c in "\\*?[" else c for c in name)
        for field in ("process=", ""):
            typed = f"agxtriage list {field}{name[:3]}"
            line = stage.shell.complete(typed)[0].rstrip(" ")
            if bad_in_terminals(name) or (not field and "=" in name):
                stage.expect(line == typed, f"{name!r}: offered as {line!r}")
            else:
                # A blank at the end that is quoted belongs to the name.
                made.append(line.replace("agxtriage", "./args", 1) + (" " if line.endswith("\\") else ""))
                wanted.append(["list", field + literal])
        if not bad_in_terminals(name):
            stage.run("list", "--json", "process=" + literal)
    for line, words, found in zip(made, wanted, read_by_shell(stage, made)):
        stage.expect(found == words, f"{line!r} came as {found}")
    stage.expect(len(made) > 60, f"only {len(made)} names were offered")
    stage.expect(not os.path.exists(stage.here + "/ran"), "something of a report was run")


def read_by_shell(stage, lines):
    """The words of each line, as ./args gets them."""
    words = {"bash": ["bash", "--norc"], "zsh": ["zsh", "-f"], "fish": ["fish", "--no-config"]}[stage.name]
    done = subprocess.run([*words, "-c", "\n".join(lines)], cwd=stage.here, env=stage.env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    stage.expect(not done.returncode and not done.stderr, f"{stage.name}: {done.stderr.decode()}")
    answers = [text.split("\0")[:-1] for text in done.stdout.decode("utf-8").split("\1\n")[:-1]]
    stage.expect(len(answers) == len(lines), f"{len(lines)} lines, {len(answers)} answers")
    return answers


def check_without_database(stage):
    """Nothing to offer, nothing said, nothing made."""
    for line in ("list site=", "show 1", "triage ag", "compare 1", "export --site "):
        made = stage.shell.complete("agxtriage " + line)[0]
        stage.expect(made.strip() == ("agxtriage " + line).strip(), f"without a database: {made!r}")
    stage.expect(b"error: " not in stage.shell.said and b"no database" not in stage.shell.said, f"said: {stage.shell.said!r}")
    stage.expect(not os.path.exists(stage.db), "a database was made")


def check_without_program(stage):
    shell = shells.Shell(stage.name, stage.here, str(COMPLETIONS), dict(stage.env, PATH="/usr/bin:/bin"))
    for line in ("li", "list site="):
        made = shell.complete("agxtriage " + line)[0].rstrip()
        stage.expect(made == "agxtriage " + line.replace("li", "list", line == "li"), f"without the program: {made!r}")
    stage.expect(b"not found" not in shell.said and b"nknown" not in shell.said, f"without the program: {shell.said!r}")
    shell.close()
    stage.expect(not os.path.exists(stage.here + "/ran"), "a program of the current folder was run")


def main():
    program, name = sys.argv[1:]
    if not shells.find(name):
        print(f"no {name}")
        return 77
    if subprocess.run([sys.executable, "-B", COMPLETIONS / "make", "--check", program], check=False).returncode:
        return 1
    with tempfile.TemporaryDirectory(prefix="agxtriage-completions-") as folder:
        stage = Stage(program, name, os.path.realpath(folder))
        try:
            check_words(stage)
            check_without_database(stage)
            check_choices(stage)
            check_places(stage)
            stage.fill()
            check_without_program(stage)
            check_values(stage)
            check_hostile(stage)
        finally:
            stage.close()
    for fault in stage.faults:
        print(fault)
    return 1 if stage.faults else 0


if __name__ == "__main__":
    sys.exit(main())
