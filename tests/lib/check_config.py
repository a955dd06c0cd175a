#!/usr/bin/env python3
"""Holds schema/config.schema.json and agxtriage-config(5) against the program.

check_config.py PROGRAM PRINTER: the schema accepts and refuses the same configurations as the program, has the same keys
and defaults, and the page describes each key and names its flag. `PRINTER --print` prints key, flag and default.
Standard library only."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import check_schema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "schema" / "config.schema.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "contrib" / "man" / "agxtriage-config.5").read_text(encoding="utf-8")

TAKEN = [
    {}, {"$schema": "x"}, {"folders": ["/a", "~/b", "~"]}, {"all": True}, {"include": []}, {"exclude": ["*", "[a-z]"]},
    {"retention": {}}, {"retention": {"max_age": 0, "raw_max_age": "0", "max_size": 0}},
    {"retention": {"max_age": "365d", "raw_max_age": "24h", "max_size": "16M"}},
    {"retention": {"max_size": 16777216}}, {"retention": {"max_size": "999999999"}},
    {"hook": {"command": [], "timeout": 1, "max_running": 64, "kinds": ["panic"]}},
    {"hook": {"command": ["a", "", "b\nc"], "timeout": "86400", "max_running": 1}}, {"hook": {"timeout": 86400}},
    {"hook": {"timeout": "2m"}}, {"forwarder": {"command": ["/a", "b"]}}, {"forwarder": {}},
    {"hook": {"kinds": SCHEMA["properties"]["hook"]["properties"]["kinds"]["items"]["enum"]}},
    {"include": ["x%d" % n for n in range(256)]}, {"symbolicate": True, "symbols": ["~/a", "/b"]}, {"symbols": []},
]
REFUSED = [
    [], "x", {"folder": ["/a"]}, {"folders": []}, {"folders": "/a"}, {"folders": ["a"]}, {"folders": ["~a"]},
    {"folders": [""]}, {"folders": [1]}, {"all": 1}, {"all": "true"}, {"all": None}, {"include": "x"},
    {"include": [""]}, {"include": ["a/b"]}, {"exclude": [None]}, {"retention": []}, {"retention": {"age": 0}},
    {"retention": {"max_age": 90}}, {"retention": {"max_age": "90"}}, {"retention": {"max_age": "1.5d"}},
    {"retention": {"max_age": "1y"}}, {"retention": {"max_age": -1}}, {"retention": {"max_size": "1k"}},
    {"retention": {"max_size": 16777215}}, {"retention": {"max_size": -1}}, {"retention": {"max_size": 1.5}},
    {"retention": {"max_size": True}}, {"hook": {"command": "a b"}}, {"hook": {"command": [1]}},
    {"hook": {"timeout": 0}}, {"hook": {"timeout": 86401}}, {"hook": {"timeout": True}}, {"hook": {"max_running": 0}},
    {"hook": {"max_running": 65}}, {"hook": {"max_running": "2"}}, {"hook": {"kinds": []}},
    {"hook": {"kinds": ["crashes"]}}, {"forwarder": {"args": []}}, {"forwarder": None}, {"max_age": "1d"},
    {"include": ["x%d" % n for n in range(257)]}, {"exclude": ["x" * 4097]}, {"$schema": 1},
    {"symbolicate": "true"}, {"symbols": "/a"}, {"symbols": ["a"]},
]
# What the schema leaves to the program: units, and what a list means as a whole.
REFUSED_BY_PROGRAM = [
    {"retention": {"max_age": "23h"}}, {"retention": {"max_size": "15M"}}, {"hook": {"timeout": "0s"}},
    {"hook": {"timeout": "2d"}}, {"hook": {"command": [""]}}, {"hook": {"command": ["a/b"]}},
]


class Program:
    def __init__(self, path, folder):
        self.path, self.folder = path, pathlib.Path(folder)
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8"}
        self.environment |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}

    def run(self, *words):
        return subprocess.run([self.path, *words], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60, check=False)

    def takes(self, value):
        path = self.folder / "config.json"
        path.write_text(json.dumps(value), encoding="utf-8")
        done = self.run("--config", path, "scan", self.folder / "empty")
        said = done.stderr.decode()
        if done.returncode not in (0, 1) or (done.returncode == 1 and f"{path}:1:" not in said):
            raise SystemExit(f"{value}: status {done.returncode}, {said}")
        return done.returncode == 0


def check_values(program):
    for value, schema_takes, program_takes in ([(v, True, True) for v in TAKEN] + [(v, False, False) for v in REFUSED] +
                                               [(v, True, False) for v in REFUSED_BY_PROGRAM]):
        if (not check_schema.findings(SCHEMA, value)) != schema_takes:
            yield f"the schema {'refuses' if schema_takes else 'takes'} {value!r:.200}"
        if program.takes(value) != program_takes:
            yield f"the program {'refuses' if program_takes else 'takes'} {value!r:.200}"


def schema_defaults():
    """{"retention.max_age": default}; None where there is none."""
    found = {}
    for name, node in SCHEMA["properties"].items():
        members = node.get("properties")
        found |= {f"{name}.{leaf}": inner.get("default") for leaf, inner in members.items()} if members else {
            name: node.get("default")}
    del found["$schema"]
    return found


def check_keys(printer):
    done = subprocess.run([printer, "--print"], stdout=subprocess.PIPE, check=True)
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    defaults = schema_defaults()
    described = set(re.findall(r"^\.It Cm ([a-z_.]+)$", PAGE, re.M))
    flags = {"--" + flag for flag in re.findall(r"^\.Fl -([a-z-]+)", PAGE, re.M)}
    for key in sorted({row[0] for row in rows} ^ set(defaults)):
        yield f"{key} stands in the schema or the program alone"
    for key in sorted({row[0] for row in rows} ^ described):
        yield f"{key} stands in the page or the program alone"
    for key, flag, text in rows:
        default = defaults.get(key)
        same = json.loads(text) == default if text[0] in "[tf" else text == str(default)
        # Where the system puts reports differs from system to system.
        if not same and key != "folders":
            yield f"{key}: the default is {text}, the schema says {default}"
        if flag != "PATH" and flag not in flags:
            yield f"{key}: the page does not name {flag}"


def main():
    with tempfile.TemporaryDirectory(prefix="agxtriage-config-") as folder:
        os.mkdir(os.path.join(folder, "empty"))
        program = Program(sys.argv[1], folder)
        findings = [*check_values(program), *check_keys(sys.argv[2])]
    for finding in findings:
        print(finding)
    print(f"{len(TAKEN) + len(REFUSED) + len(REFUSED_BY_PROGRAM)} configurations, {len(findings)} findings")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
