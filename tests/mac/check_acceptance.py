#!/usr/bin/env python3
"""check_acceptance.py PROGRAM BUILD [SCENE...]: contrib/mac-acceptance, rehearsed with the simulated driver and stand-ins for
macOS's own tools, tells what passes and what fails, leaves nothing behind however it ends, and writes down nothing private."""

import ast
import concurrent.futures
import json
import os
import platform
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCRIPT = os.path.join(ROOT, "contrib", "mac-acceptance")
PARTS = os.path.join(ROOT, "contrib", "mac")
LAUNCHCTL = os.path.join(ROOT, "tests", "fault", "launchctl.py")
BASH = os.environ.get("AGXTRIAGE_BASH", "bash")
PRIVATE = ["C02XK0ACCEPT", "Jo's Mac Studio", "jos-mac-studio", "Jo Doe-Roe"]
POINTS = 23
FAULTS = []


def check(true, what, *more):
    if not true:
        FAULTS.append(what)
        print("WRONG:", what, *more, sep="\n  ")


def machine(program):
    """What the system says of itself, for the stand-ins to say the same."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([program, "--db", folder + "/x.db", "run", "-n", "1", "--wait", "1", "--json", "--", "true"], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(os.environ, HOME=folder))
    return json.loads(done.stdout)["platforms"][0]


def torch_stand_in():
    """The one that the trial's own test computes with."""
    with open(os.path.join(ROOT, "tests", "fault", "torch_trial.py"), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    return next(node.value.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "STAND_IN")


class Mac:
    """A home with the tools of a Mac in its PATH."""

    def __init__(self, folder, facts):
        self.folder = folder
        self.home, self.tools = os.path.join(folder, "home"), os.path.join(folder, "tools")
        self.temporary, self.output = os.path.join(folder, "tmp"), os.path.join(folder, "out")
        self.launchd = os.path.join(folder, "launchd")
        for path in (self.home, self.tools, self.temporary, os.path.join(self.launchd, "jobs")):
            os.makedirs(path)
        self.plist = os.path.join(self.home, "Library/LaunchAgents/agxtriage.plist")
        self.plan()
        self.system("15.7.3", facts)
        self.tool("launchctl", f'exec {shlex.quote(sys.executable)} {shlex.quote(LAUNCHCTL)} "$@"')
        self.tool("plutil", "exit 0")
        self.tool("xcode-select", "echo /Library/Developer/CommandLineTools")
        self.tool("system_profiler", "printf '    Chipset Model: Apple M4 Max\\n      Total Number of Cores: 40\\n"
                                     "      Metal Support: Metal 3\\n'")
        self.tool("ioreg", f"echo '    \"IOPlatformSerialNumber\" = \"{PRIVATE[0]}\"'")
        self.tool("scutil", f"""case $2 in ComputerName) echo "{PRIVATE[1]}" ;; *) echo {PRIVATE[2]} ;; esac""")
        self.tool("hostname", f"echo {PRIVATE[2]}.local")
        self.tool("id", f'[ "$1" = -F ] && {{ echo "{PRIVATE[3]}"; exit; }}; PATH=/usr/bin:/bin exec id "$@"')
        self.tool("atos", "echo 'agxtriage_simulated_set_pipeline_state (in agxtriage-repro) (self_test.c:40)'")
        # As on a Mac: what GNU's tools have beyond it is an error.
        for name, words in {"date": "-d --date +%N +%s%N", "sed": "-i -z -s -r", "stat": "-c --format", "grep": "-P",
                            "readlink": "-e -m", "mktemp": "--tmpdir -p", "tail": "--pid", "xargs": "-r"}.items():
            self.tool(name, f'for word in "$@"; do case $word in {"|".join(map(shlex.quote, words.split()))}) '
                            f'echo "{name}: illegal option $word" >&2; exit 64 ;; esac; done\n'
                            f'for folder in /usr/bin /bin; do [ -x $folder/{name} ] && exec $folder/{name} "$@"; done')
        for name in ("timeout", "seq", "tac", "sha256sum", "realpath", "nproc"):
            self.tool(name, f"echo {name}: there is none on macOS >&2; exit 127")
        self.env = dict(os.environ, HOME=self.home, TMPDIR=self.temporary, LAUNCHD_STAND_IN=self.launchd,
                        PATH=self.tools + os.pathsep + os.environ["PATH"])
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "AGXTRIAGE_DB"):
            self.env.pop(name, None)

    def tool(self, name, script):
        path = os.path.join(self.tools, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + script + "\n")
        os.chmod(path, 0o755)

    def system(self, version, facts):
        self.tool("sw_vers", f"case $1 in -productVersion) echo {version} ;; *) echo 24G419 ;; esac")
        values = {"hw.model": "Mac16,5", "machdep.cpu.brand_string": facts["cpu"], "hw.logicalcpu": facts["cores"],
                  "hw.memsize": facts["memory_bytes"]}
        cases = " ".join(f"{name}) echo {shlex.quote(str(value))} ;;" for name, value in values.items())
        self.tool("sysctl", f"case $2 in {cases} *) exit 1 ;; esac")

    def plan(self, **plan):
        with open(os.path.join(self.launchd, "plan.json"), "w", encoding="utf-8") as file:
            json.dump(dict(plan, throttle=0.2), file)

    def calls(self):
        try:
            with open(os.path.join(self.launchd, "calls"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def start(self, build, *words):
        return subprocess.Popen([BASH, SCRIPT, "--rehearse", "--output", self.output, *(["--build", build] if build else []), *words],
                                env=self.env, cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def finish(self, process, what):
        """The record, what was printed, and the status; whoever is late is ended."""
        try:
            text, _ = process.communicate(timeout=200)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            text, _ = process.communicate()
            check(False, what + ": took too long", text)
        names = os.listdir(self.output) if os.path.isdir(self.output) else []
        if len(names) != 1:
            check(False, f"{what}: one file is written, not {names}", text)
            return {"points": [], "text": [], "machine": {}}, text, process.returncode
        path = os.path.join(self.output, names[0])
        with open(path, encoding="utf-8") as file:
            raw = file.read()
        os.unlink(path)
        record = json.loads(raw)
        self.look_behind(what, names[0], raw, record)
        return record, text, process.returncode

    def look_behind(self, what, name, raw, record):
        check(name.startswith("agxtriage-rehearsal-") and record["rehearsal"] is True, what + ": is told to be a rehearsal", name)
        for word in [*PRIVATE, self.home, self.folder, ROOT, socket.gethostname()]:
            check(len(word) < 3 or word in ("localhost", "root") or not re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", raw),
                  f"{what}: {word!r} stands in the file")
        check(os.listdir(self.temporary) == [], what + ": the folder is gone", os.listdir(self.temporary))
        check(not os.path.exists(os.path.join(self.home, "Library/Logs/agxtriage")), what + ": no log is left")

    def run(self, build, what, *words):
        return self.finish(self.start(build, *words), what)


def results(record):
    return {point["name"]: point["result"] for point in record["points"]}


def came(record, name):
    return next((point["came"] for point in record["points"] if point["name"] == name), "")


def counts(text):
    found = re.search(r"^(\d+) passed, (\d+) failed, (\d+) noted, (\d+) skipped\Z", text.strip().splitlines()[-1])
    return tuple(map(int, found.groups())) if found else None


# ---- scenes

def whole(mac, program, build):
    """Everything that needs no GPU of Apple's; the scenarios' rates are chance."""
    with open(os.path.join(mac.folder, "torch.py"), "w", encoding="utf-8") as file:
        file.write(torch_stand_in())
    mac.env["PYTHONPATH"] = mac.folder
    record, text, status = mac.run(build, "whole", "--quick", "--skip", "shared-queue", "--skip", "release-in-use",
                                   "--python", sys.executable)
    found = results(record)
    wanted = dict.fromkeys(("machine", "install", "agent", "folders", "doctor", "self-test", "run", "watch", "retired", "symbols",
                            "uninstall", "gpu", "fingerprint", "independent"), "pass")
    wanted.update({"use-after-end": "note", "torch": "note"})
    wanted.update(dict.fromkeys(("packages", "start", "build", "tests", "shared-queue", "release-in-use"), "skip"))
    # Its assertion is one of two ways in which the simulated driver crashes.
    chance = found.pop("shared-buffer", None)
    check(found == wanted, "whole: how the points end", {k: (v, came(record, k)) for k, v in found.items() if wanted.get(k) != v}, text)
    check(chance in ("pass", "fail"), "whole: shared-buffer", chance)
    failed = int(chance == "fail")
    check(status == failed and counts(text) == (15 - failed, failed, 2, 6) and record["complete"] is True, "whole: the end", status, text)
    check(len(record["points"]) == POINTS, "whole: every point is in the file", len(record["points"]))
    check(record["summary"] == dict(zip(("passed", "failed", "noted", "skipped"), counts(text) or ())), "whole: the summary")
    check(record["machine"].get("model") == "Mac16,5" and record["machine"].get("gpu") == "Apple M4 Max", "whole: the machine",
          record["machine"])
    data = {point["name"]: point["data"] for point in record["points"]}
    check(data["independent"]["conditions"][0]["crashed"] == 0 and data["independent"]["simulated"] is True, "whole: independent's data")
    check("0.stand-in" in came(record, "torch") and " 0 of 3 crashed" in came(record, "torch"), "whole: torch", came(record, "torch"))
    check(record["crashes"] and record["text"] and all(line in text for line in record["text"]), "whole: crashes and text",
          record["crashes"], record["text"])
    check(not os.path.exists(mac.plist) and "bootout" in mac.calls(), "whole: the agent is gone again", mac.calls())


def wrong(mac, program, build):
    """What is wrong is told, and ends with 1."""
    facts = machine(program)
    mac.system("12.7", dict(facts, cores=facts["cores"] + 1))
    mac.tool("atos", "echo somewhere_else")
    mac.plan(answers={"bootstrap": [[122, "Bootstrap failed: 122: Path had bad ownership/permissions"]]})
    record, text, status = mac.run(build, "wrong", "--only", "fingerprint", "--only", "run", "--only", "symbols", "--only", "agent")
    found = results(record)
    check([found[name] for name in ("machine", "agent", "fingerprint", "symbols", "run")] == ["fail"] * 4 + ["pass"],
          "wrong: the points", found, text)
    check("older than 13" in came(record, "machine") and "cores is" in came(record, "fingerprint") and
          "somewhere_else" in came(record, "symbols") and "122" in came(record, "agent"), "wrong: says what", text)
    check(status == 1 and (counts(text) or (0, 0))[1] == 4, "wrong: the end", status, text)
    check(not os.path.exists(mac.plist), "wrong: no property list is left", text)


def existing(mac, program, build):
    """An agent of the user's is not touched, not even asked about more than once."""
    os.makedirs(os.path.dirname(mac.plist))
    with open(mac.plist, "w", encoding="utf-8") as file:
        file.write("<plist>somebody's</plist>")
    record, text, status = mac.run(build, "existing", "--only", "agent", "--only", "self-test")
    found = results(record)
    check((found["agent"], found["uninstall"], found["self-test"], status) == ("skip", "skip", "pass", 0), "existing: skipped", found, text)
    check("left alone" in came(record, "agent"), "existing: says so", text)
    with open(mac.plist, encoding="utf-8") as file:
        check(file.read() == "<plist>somebody's</plist>", "existing: the property list is the same")
    verbs = {line.split()[0] for line in mac.calls().splitlines()}
    check(verbs <= {"print", "print-disabled"}, "existing: launchd was only asked", verbs)


def stopped(mac, program, build):
    """Ctrl-C while launchd hangs in the middle of an installation."""
    mac.plan(answers={"kickstart": [["hang", ""]]})
    process = mac.start(build, "--only", "agent", "--only", "gpu")
    until = time.monotonic() + 60
    while "kickstart" not in mac.calls() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)
    check(os.path.exists(mac.plist), "stopped: the agent was there")
    process.send_signal(signal.SIGINT)
    record, text, status = mac.finish(process, "stopped")
    found = results(record)
    check(status == 130 and record["complete"] is False and "gpu" not in found, "stopped: the end", status, text)
    check(found.get("agent") == "note" and "stopped" in came(record, "agent"), "stopped: what it was doing", found, text)
    check(not os.path.exists(mac.plist) and "bootout" in mac.calls().split("kickstart", 1)[1], "stopped: the agent is gone again",
          mac.calls())


def library(mac, words):
    """Runs a piece of shell with record.sh."""
    return subprocess.run([BASH, "-c", 'set -u; work=$1; grace=1; mkdir -p "$work/log"; : >"$work/private"; . "$2/record.sh"; ' + words,
                           "x", mac.folder + "/work", PARTS], env=mac.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False).stdout


def pieces(mac, program, build):
    """What hangs is ended, with all that it started; texts are escaped; words are replaced whole."""
    began = time.monotonic()
    text = library(mac, """bounded 1 stubborn sh -c 'trap "" INT TERM; sleep 71 & echo $!; sleep 72'; echo "status $?"
        left=$(cat "$work/log/stubborn.out"); ps -o stat= -p "$left" | grep -v Z
        bounded 9 quick sh -c 'exit 7'; echo "status $?"
        bounded 1 polite sh -c 'trap "echo told; exit 3" INT; while :; do sleep 0.1; done'; echo "status $?"; cat "$work/log/polite.out" """)
    check(text.split("\n") == ["status 124", "status 7", "status 124", "told", ""], "pieces: bounded", text)
    check(time.monotonic() - began < 30, "pieces: bounded in time")
    text = library(mac, r"""private 'a.b*c' '<x>'; private jo '<user>'; private 'Q"R' '<q>'; private true '<no>'; private 5 '<no>'
        printf 'jo joe /jo/ jo\n' | redact; printf 'a.b*c aXbbc true 5\n' | redact
        printf 'one "Q"R"\\\ttwo\001\033\303\251\nlast' | json_string; echo
        printf '{"a":{"rate":0.5,"t":"x\\"y"},"rate":7}' | json_first rate; printf '{"t":"x\\"y"}' | json_first t""")
    wanted = ["<user> joe /<user>/ <user>", "<x> aXbbc true 5", r'"one \"<q>\"\\ two??\nlast"', "0.5", 'x\\"y', ""]
    check(text.split("\n") == wanted, "pieces: texts", text)


# What bash 3.2 lacks, and what macOS's tools lack.
NEWER = {r"\b(declare|local|typeset|readonly) +-[a-z]*[Agn]": "arrays with keys, references", r"\b(mapfile|readarray|coproc)\b": "",
         r"\$\{\w+(\[[^]]*\])?(\^|,)": "letters' case", r"\$\{\w+@": "transformations", r"\|&|&>>": "", r"\bwait +-n": "",
         r"%\([^)]*\)T": "printf's dates", r"\[\[ +-v": "", r"\$\{\w+:[^}]*: *-\d": "negative lengths",
         r"\b(BASHPID|EPOCH\w+|SRANDOM|BASH_ARGV0)\b": "", r";;&|;&": "", r"\{\d+\.\.\d+\.\.": "",
         r"\bsed\b[^|]* -(i|z|r|s)\b": "GNU's sed", r"\bdate\b[^|;)]* (-d|--date|\+\S*%N)": "GNU's date", r"\bstat +-c": "GNU's stat",
         r"\bgrep\b[^|]* -[a-zA-Z]*P": "GNU's grep", r"\bfind\b[^|]* -printf": "GNU's find", r"\bsort\b[^|]* -[a-zA-Z]*V": "",
         r"(^|[|;&(]|\bif|\bthen|!) *(timeout|seq|tac|nproc|sha256sum|realpath|shuf|numfmt) ": "not on macOS",
         r"\bxargs +-r": "", r"\bhead +-n +-": "", r"\breadlink +-[em]": "", r"\bmktemp\b.* (-p|--)": ""}


def newer(text):
    for number, line in enumerate(text.splitlines(), 1):
        code = re.sub(r"(^|\s)#.*", "", line)
        for pattern, what in NEWER.items():
            if re.search(pattern, code):
                yield f"line {number}: {what or pattern}: {line.strip()}"


def language(mac, program, build):
    paths = [SCRIPT, *(os.path.join(PARTS, name) for name in sorted(os.listdir(PARTS)))]
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for fault in newer(file.read()):
                check(False, f"{path}: {fault}")
    for slip in ("declare -A map", "mapfile -t x", "echo ${name,,}", "sed -i s/a/b/ file", "x=$(date +%s%N)", "timeout 5 x", "stat -c %s x"):
        check(any(newer(slip)), f"a slip is found: {slip}")


def usage(mac, program, build):
    """Nothing happens where nothing can, or should."""
    def ask(*words):
        done = subprocess.run([BASH, SCRIPT, *words], env=mac.env, cwd=mac.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr
    listed = [line.split()[0] for line in ask("--list")[1].splitlines()]
    check(len(listed) == POINTS and listed[0] == "machine", "usage: --list", listed)
    status, text, _ = ask("--dry-run", "--only", "self-test")
    check(status == 0 and [line.split()[0] for line in text.splitlines()] == [
        "machine", "packages", "build", "install", "agent", "self-test", "uninstall"], "usage: --dry-run", text)
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        section = file.read().split("\n## What is verified")[1].split("\n## ")[0]
    cells = [line.split("|")[3] for line in section.splitlines() if line.startswith("| ") and "`--only`" not in line][1:]
    named = {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}
    check({"agent", "gpu"} <= named <= set(listed), "usage: the README names points", named - set(listed))
    for words in (["--only", "nothing"], ["--only"], ["--sideways"], ["--rehearse", "--build", mac.home]):
        status, text, err = ask(*words)
        check(status == 2 and not text and err, f"usage: {words}", status, text, err)
    if platform.system() != "Darwin":
        status, _, err = ask()
        check(status == 2 and "needs a Mac" in err, "usage: elsewhere only a rehearsal", status, err)
    check(os.listdir(mac.temporary) == [] and os.listdir(mac.home) == [], "usage: nothing is made")


SCENES = [whole, wrong, existing, stopped, pieces, language, usage]


def play(scene, program, build, facts):
    with tempfile.TemporaryDirectory(prefix="agxtriage-mac-") as folder:
        try:
            scene(Mac(os.path.realpath(folder), facts), program, build)
        except Exception:  # pylint: disable=broad-except
            check(False, scene.__name__ + ": " + traceback.format_exc())


def main():
    program, build = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    chosen = [scene for scene in SCENES if not sys.argv[3:] or scene.__name__ in sys.argv[3:]]
    if platform.system() == "Darwin":
        print("skipped: a Mac has tools of its own")
        return 77
    facts = machine(program)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda scene: play(scene, program, build, facts), chosen))
    print(f"{len(chosen)} scenes, {len(FAULTS)} findings")
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
