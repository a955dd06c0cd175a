#!/usr/bin/env python3
"""Checks lines of JSON against a JSON Schema, with the part of JSON Schema that ours uses.

check_schema.py SCHEMA PROGRAM [ARG...]: runs PROGRAM and checks each line that it prints, then that the checker itself
finds what is wrong with damaged lines. Standard library only."""
import copy
import json
import re
import subprocess
import sys

TYPES = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}
KNOWN = {"$schema", "$defs", "$ref", "title", "description", "default", "type", "enum", "anyOf", "pattern", "minimum",
         "maximum", "minLength", "maxLength", "minItems", "maxItems", "required", "properties", "additionalProperties",
         "items"}
# Keyword: (the Python type it is about, what it measures, whether it is an upper limit)
LIMITS = {"minimum": (int, int, False), "maximum": (int, int, True), "minLength": (str, len, False),
          "maxLength": (str, len, True), "minItems": (list, len, False), "maxItems": (list, len, True)}


class Checker:
    def __init__(self, schema):
        self.root = schema
        self.findings = []

    def fail(self, path, what):
        self.findings.append(f"{path or '/'}: {what}")

    def resolve(self, ref):
        node = self.root
        for part in ref.removeprefix("#/").split("/"):
            node = node[part]
        return node

    def matches(self, schema, value, path):
        before, self.findings = self.findings, []
        self.check(schema, value, path)
        found, self.findings = self.findings, before
        return not found

    def check(self, schema, value, path=""):
        unknown = set(schema) - KNOWN
        if unknown:
            raise SystemExit(f"the checker does not know {unknown}")
        if "$ref" in schema:
            self.check(self.resolve(schema["$ref"]), value, path)
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(TYPES[t](value) for t in types):
            self.fail(path, f"{value!r:.60} is no {' or '.join(types)}")
            return
        if "enum" in schema and not any(v == value and type(v) is type(value) for v in schema["enum"]):
            self.fail(path, f"{value!r:.60} is none of {schema['enum']}")
        if "anyOf" in schema and not any(self.matches(s, value, path) for s in schema["anyOf"]):
            self.fail(path, f"{value!r:.60} fits no alternative")
        if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
            self.fail(path, f"{value!r:.60} does not match {schema['pattern']}")
        self.check_limits(schema, value, path)
        if isinstance(value, dict):
            self.check_object(schema, value, path)
        if isinstance(value, list) and "items" in schema:
            for i, item in enumerate(value):
                self.check(schema["items"], item, f"{path}/{i}")

    def check_limits(self, schema, value, path):
        for keyword, (kind, measure, upper) in LIMITS.items():
            if keyword not in schema or not isinstance(value, kind):
                continue
            if (measure(value) > schema[keyword]) if upper else (measure(value) < schema[keyword]):
                self.fail(path, f"{value!r:.60} is {'above' if upper else 'below'} {keyword} {schema[keyword]}")

    def check_object(self, schema, value, path):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                self.fail(path, f"lacks {name}")
        for name, item in value.items():
            if name in properties:
                self.check(properties[name], item, f"{path}/{name}")
            elif isinstance(schema.get("additionalProperties"), dict):
                self.check(schema["additionalProperties"], item, f"{path}/{name}")
            elif schema.get("additionalProperties") is False:
                self.fail(path, f"has {name}")


def findings(schema, value):
    checker = Checker(schema)
    checker.check(schema, value)
    return checker.findings


def no_twins(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise SystemExit(f"a member stands twice among {names}")
    return dict(pairs)


DAMAGE = [
    ("without kind", lambda v: v.pop("kind")),
    ("an unknown kind", lambda v: v.update(kind="Crash")),
    ("a number as address", lambda v: v["fault"].update(address=0x5c8)),
    ("a padded address", lambda v: v["fault"].update(address="0x00000000000005c8")),
    ("upper case", lambda v: v["fault"].update(address="0x5C8")),
    ("a time without fraction", lambda v: v.update(captured_at="2025-12-21T01:36:18Z")),
    ("one frame that is a text", lambda v: v["crashed_thread"]["frames"].append("frame")),
    ("a frame without symbol", lambda v: v["crashed_thread"]["frames"][0].pop("symbol")),
    ("a boolean that is a number", lambda v: v.update(simulated=0)),
    ("a thread without state", lambda v: v["concurrent_threads"].append({"index": 1})),
    ("warnings missing", lambda v: v.pop("warnings")),
    ("a register that is a number", lambda v: v["registers"].update(x0=1)),
]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    run = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, check=True)
    lines = run.stdout.decode("utf-8").splitlines()
    bad = 0
    for number, line in enumerate(lines, 1):
        for finding in findings(schema, json.loads(line, object_pairs_hook=no_twins)):
            print(f"line {number}: {finding}")
            bad += 1
    if not lines:
        print("nothing was printed")
        bad += 1
    sound = json.loads(lines[0])
    for name, damage in DAMAGE:
        broken = copy.deepcopy(sound)
        damage(broken)
        if not findings(schema, broken):
            print(f"the checker overlooks {name}")
            bad += 1
    print(f"{len(lines)} lines checked, {len(DAMAGE)} damages tried, {bad} findings")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
