"""Runs the program that the environment variable AGXTRIAGE names, in a private home, and collects findings."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAKE = os.path.join(ROOT, "tests", "data", "make.py")
SKIPPED = 77
HANG_S = 60


class Program:
    def __init__(self, name):
        self.path = os.environ.get("AGXTRIAGE") or shutil.which("agxtriage")
        if not self.path or not os.path.exists(self.path):
            print("AGXTRIAGE names no program", file=sys.stderr)
            sys.exit(SKIPPED)
        self.path = os.path.abspath(self.path)
        self.folder = tempfile.mkdtemp(prefix="agxtriage-%s-" % name)
        self.findings = []
        self.checks = 0
        self.databases = 0
        home = os.path.join(self.folder, "home")
        os.makedirs(home)
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(("AGXTRIAGE", "XDG_"))}
        self.env.update(TZ="UTC", LC_ALL="C.UTF-8", HOME=home, NO_COLOR="1",
                        XDG_DATA_HOME=os.path.join(home, "data"), XDG_CONFIG_HOME=os.path.join(home, "config"),
                        XDG_CACHE_HOME=os.path.join(home, "cache"), XDG_STATE_HOME=os.path.join(home, "state"))

    def new_database(self):
        self.databases += 1
        return os.path.join(self.folder, "db%d" % self.databases, "crashes.db")

    def start(self, *args, db=None, stdin=subprocess.DEVNULL):
        env = dict(self.env)
        if db:
            env["AGXTRIAGE_DB"] = db
        return subprocess.Popen([self.path] + list(args), stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=env, cwd=self.folder)

    def run(self, *args, db=None, input=None):
        """Exit status, stdout and stderr as bytes. A signal or a hang is a finding."""
        process = self.start(*args, db=db, stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL)
        try:
            out, err = process.communicate(input, timeout=HANG_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.finding(" ".join(args), "still running after %d s" % HANG_S)
        if process.returncode < 0:
            self.finding(" ".join(args), "killed by signal %d: %s" % (-process.returncode, err[-600:]))
        return process.returncode, out, err

    def objects(self, *args, **more):
        """Exit status, the JSON objects of stdout (one per line), stderr as text."""
        status, out, err = self.run(*args, **more)
        rows = []
        try:
            for line in out.decode("utf-8").splitlines():
                rows.append(json.loads(line))
        except ValueError as error:
            self.finding(" ".join(args), "stdout is no JSON per line in UTF-8: %s: %r" % (error, out[:200]))
        return status, rows, err.decode("utf-8", "replace")

    def finding(self, where, text):
        self.findings.append((where, text))
        print("%s: %s" % (where, text), flush=True)

    def check(self, where, good, text):
        self.checks += 1
        if not good:
            self.finding(where, text)
        return good

    def one_clear_line(self, where, err, *words):
        """stderr names what is wrong in one line that holds the words and no control bytes."""
        lines = [line for line in err.splitlines() if line.strip()]
        self.check(where, len(lines) == 1, "one line expected on stderr, got %r" % err[:400])
        for word in words:
            self.check(where, word in err, "stderr does not name %r: %r" % (word, err[:400]))
        self.check(where, all(char >= " " for line in lines for char in line),
                   "control bytes on stderr: %r" % err[:400])

    def finish(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        print("%d checks, %d findings" % (self.checks, len(self.findings)))
        return 1 if self.findings else 0


def make_fixtures(folder):
    subprocess.run([sys.executable, "-B", MAKE, folder], check=True)
    with open(os.path.join(folder, "index.json"), encoding="utf-8") as file:
        index = json.load(file)
    os.remove(os.path.join(folder, "index.json"))
    return index
