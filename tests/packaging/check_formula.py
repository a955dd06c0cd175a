#!/usr/bin/env python3
"""check_formula.py BUILD: the Homebrew formula, as far as that can be told without Homebrew.

Its syntax, its layout after the rules of `brew style` (order, description, widths), that it names no archive that does not exist,
that its dependencies are those of the build; its `test` block is run against an installation of the build, and the script that makes
a tap against a stand-in for brew. Exit status 77 without ruby."""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

from check_install import find_meson

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMULA = ROOT / "contrib" / "homebrew" / "agxtriage.rb"
STAGE = pathlib.Path(__file__).with_name("formula_stage.rb")
# The parts of a formula in Homebrew's order, as far as one of ours could have them.
ORDER = ("desc", "homepage", "url", "sha256", "license", "head", "livecheck", "bottle", "depends_on", "uses_from_macos", "conflicts_with",
         "resource", "patch", "def install", "def post_install", "def caveats", "service", "test")
# What Homebrew calls the dependencies of meson.build.
NAMES = {"libcjson": "cjson", "sqlite3": "sqlite", "libzstd": "zstd", "libuv": "libuv", "libarchive": "libarchive"}
WIDTH = 118
faults = []


def expect(right, text):
    if not right:
        faults.append(text)


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, timeout=120, **more)
    text = done.stdout.decode("utf-8", "replace")
    expect(not done.returncode, f"{words}: {done.returncode}: {text[-3000:]}")
    return text


def check_layout(text):
    parts = re.findall(r"^  (def \w+|[a-z_0-9]+)\b", text, re.M)
    parts = [part for part in parts if part != "end"]
    expect(not set(parts) - set(ORDER), f"not known here: {set(parts) - set(ORDER)}")
    expect(parts == sorted(parts, key=ORDER.index), f"order: {parts}")
    for number, line in enumerate(text.splitlines(), 1):
        expect(len(line) <= WIDTH and line == line.rstrip() and "\t" not in line, f"line {number}: {line!r}")
    code = re.sub(r"<<~EOS.*?^    EOS$", "", re.sub(r"^#.*$", "", text, flags=re.M), flags=re.M | re.S)
    expect("'" not in code.replace("Apple's", ""), "strings stand in double quotes")
    expect(text.endswith("end\n") and "\n\n\n" not in text, "blank lines")
    expect(not re.search(r"\n\n *end$", text, re.M), "a blank line before an end")


def check_facts(facts):
    single = {row[0]: row[1] for row in facts["declared"] if isinstance(row[1], str)}
    desc = single["desc"]
    expect(1 <= len(desc) <= 80 and desc[0].isupper() and not desc.endswith(".") and desc == desc.strip(), f"desc: {desc}")
    expect(not re.match(r"(?i)(the|an?)\s|agxtriage", desc) and "command line" not in desc.lower(), f"desc: {desc}")
    expect(single["license"] == "MIT" and "MIT" in (ROOT / "COPYING").read_text(encoding="utf-8"), "license")
    expect(single["homepage"].startswith("https://"), "homepage")
    expect("url" not in single and "sha256" not in single, "a release that does not exist yet")


def check_dependencies(text):
    build = re.findall(r'^  depends_on "([^"]+)" => :build$', text, re.M)
    needed = re.findall(r'^  depends_on "([^"]+)"$', text, re.M)
    expect(build == sorted(build) and needed == sorted(needed), f"dependencies in alphabetical order: {build} {needed}")
    expect(build == ["meson", "ninja", "pkgconf"], f"for the build: {build}")
    wanted = set()
    for path in [ROOT / "meson.build", *(ROOT / "src").rglob("meson.build")]:
        wanted |= set(re.findall(r"= dependency\('([^']+)'", path.read_text(encoding="utf-8")))
    wanted -= {"threads"}
    expect(wanted == set(NAMES), f"meson.build: {wanted}")
    expect(set(needed) == {NAMES[name] for name in wanted if name in NAMES}, f"depends_on: {needed}")


def check_test(build, folder):
    """The block must pass, and must not pass when the program is not as it should be."""
    run(*find_meson(build), "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", folder + "/staged")
    with open(os.path.join(build, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as file:
        prefix = next(row["value"] for row in json.load(file) if row["name"] == "prefix")
    place = folder + "/Cellar/agxtriage/HEAD-1234567"
    os.makedirs(os.path.dirname(place))
    os.rename(folder + "/staged" + prefix, place)
    env = {"PATH": "/usr/bin:/bin:" + os.path.dirname(shutil.which("ruby")), "HOME": folder, "LC_ALL": "C.UTF-8"}
    os.makedirs(folder + "/test")
    run("ruby", "-w", STAGE, FORMULA, "test", place, folder + "/test", env=env)
    os.rename(place + "/libexec", place + "/gone")
    shutil.rmtree(folder + "/test")
    os.makedirs(folder + "/test")
    done = subprocess.run(["ruby", STAGE, FORMULA, "test", place, folder + "/test"], env=env, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False, timeout=120)
    expect(done.returncode, "the test block passes without the helpers")


def check_tap(folder):
    """contrib/homebrew/tap in a clone of its own, with a brew that knows two verbs."""
    clone, tools = folder + "/clone", folder + "/tools"
    os.makedirs(clone + "/contrib/homebrew")
    os.makedirs(tools)
    for name in ("agxtriage.rb", "tap"):
        shutil.copy(FORMULA.with_name(name), clone + "/contrib/homebrew")
    env = {"PATH": tools + ":/usr/bin:/bin", "HOME": folder, "TAPS": folder + "/taps", "GIT_CONFIG_NOSYSTEM": "1"}
    run("git", "init", "-q", "-b", "work", clone, env=env)
    with open(tools + "/brew", "w", encoding="utf-8") as file:
        file.write('#!/bin/sh\ncase $1 in\n--repository) echo "$TAPS/$2" ;;\ntap-new) mkdir -p "$TAPS/$3/Formula" ;;\n*) exit 1 ;;\nesac\n')
    os.chmod(tools + "/brew", stat.S_IRWXU)
    for _ in range(2):
        said = run(clone + "/contrib/homebrew/tap", env=env)
        expect("brew install --HEAD agxtriage/clone/agxtriage" in said, said)
    made = folder + "/taps/agxtriage/clone/Formula/agxtriage.rb"
    run("ruby", "-wc", made)
    facts = json.loads(run("ruby", "-w", STAGE, made, "facts"))
    head = [row for row in facts["declared"] if row[0] == "head"]
    expect(head == [["head", "file://" + clone, {"using": "git", "branch": "work"}]], f"head: {head}")


def main():
    if not shutil.which("ruby") or subprocess.run(["ruby", "--version"], stdout=subprocess.DEVNULL, check=False).returncode:
        print("no ruby")
        return 77
    text = FORMULA.read_text(encoding="utf-8")
    expect(run("ruby", "-wc", FORMULA).strip() == "Syntax OK", "ruby -wc")
    facts = json.loads(run("ruby", "-w", STAGE, FORMULA, "facts"))
    check_layout(text)
    check_facts(facts)
    check_dependencies(text)
    expect([words[:2] for words in facts["install"]] == [["meson", "setup"], ["meson", "compile"], ["meson", "install"]], "install")
    expect(facts["tests"] == 1 and "agent install" in facts["caveats"], "test and caveats")
    with tempfile.TemporaryDirectory(prefix="agxtriage-formula-") as folder:
        check_test(os.path.abspath(sys.argv[1]), os.path.realpath(folder))
        check_tap(os.path.realpath(folder))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
