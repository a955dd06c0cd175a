#!/usr/bin/env python3
"""check_service.py PROGRAM UNIT: the systemd unit has the keys that keep a daemon running, no others, and starts the daemon with
options that it has. Where systemd-analyze is installed, it must have nothing to say either."""
import configparser
import json
import os
import shutil
import subprocess
import sys
import tempfile

WANTED = {
    "Unit": {"Description": None, "Documentation": "man:agxtriage(1)"},
    "Service": {"Type": "exec", "ExecStart": "agxtriage daemon --agent", "ExecReload": "kill -HUP $MAINPID",
                "Restart": "on-failure", "RestartSec": "30", "TimeoutStopSec": "20", "UMask": "0077", "Nice": "10",
                "IOSchedulingClass": "idle"},
    "Install": {"WantedBy": "default.target"},
}


def check_keys(unit):
    parser = configparser.ConfigParser(interpolation=None, strict=True, comment_prefixes=("#",))
    parser.optionxform = str
    with open(unit, encoding="utf-8") as file:
        parser.read_file(file)
    found = {section: dict(parser[section]) for section in parser.sections()}
    if {s: set(k) for s, k in found.items()} != {s: set(k) for s, k in WANTED.items()}:
        yield f"keys: {found}"
    for section, keys in WANTED.items():
        for key, value in keys.items():
            if value is not None and found.get(section, {}).get(key) != value:
                yield f"{section}.{key}: {found.get(section, {}).get(key)!r} instead of {value!r}"


def check_command(program):
    table = json.loads(subprocess.run([program, "help", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    words = WANTED["Service"]["ExecStart"].split()
    options = {c["name"]: {"--" + o["name"] for o in c["options"] if o["name"]} for c in table["commands"]}
    if words[1] not in options:
        yield f"there is no command {words[1]}"
    elif not set(words[2:]) <= options[words[1]]:
        yield f"{words[1]} has no {words[2:]}"


def check_systemd(program, unit):
    """The same unit with the program's full path, because it is not installed here."""
    with tempfile.TemporaryDirectory(prefix="agxtriage-unit-") as folder:
        copy = os.path.join(folder, os.path.basename(unit))
        with open(unit, encoding="utf-8") as source, open(copy, "w", encoding="utf-8") as target:
            target.write(source.read().replace("ExecStart=agxtriage", "ExecStart=" + os.path.abspath(program)))
        done = subprocess.run(["systemd-analyze", "--user", "--man=no", "verify", copy], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                              env=dict(os.environ, XDG_RUNTIME_DIR=folder, HOME=folder))
    if done.returncode or done.stdout:
        yield f"systemd-analyze: {done.returncode}: {done.stdout.decode('utf-8', 'replace')}"


def main():
    program, unit = sys.argv[1:]
    faults = [*check_keys(unit), *check_command(program)]
    if shutil.which("systemd-analyze"):
        faults += check_systemd(program, unit)
    else:
        print("no systemd-analyze")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
