#!/usr/bin/env python3
"""check_install.py BUILD FIXTURES: installs the build into an empty folder, moves that elsewhere, and uses everything from there.

Nothing may be missing, nothing may be there that is not listed here, no installed text may name the source or the build folder,
and no program may open anything in them."""

import html
import json
import os
import pathlib
import plistlib
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORTS = ("agx-set-compute-pipeline-state.ips", "agx-prepare-for-enqueue.mtlnext.ips", "gpuEvent-2026-02-03-101112.ips")
REPORT = REPORTS[0]
DARWIN = sys.platform == "darwin"


class Stage:
    """The installation, where it was put and where it is used, and a home that knows nothing else."""

    def __init__(self, build, fixtures, folder):
        self.build, self.folder, self.faults = os.path.realpath(build), folder, []
        with open(os.path.join(build, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as file:
            self.options = {row["name"]: row["value"] for row in json.load(file)}
        self.prefix = self.options["prefix"]
        staged = os.path.join(folder, "staged")
        # The umask of whoever installs must not keep others out.
        done = subprocess.run([*find_meson(build), "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", staged],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
        if done.returncode:
            sys.exit(f"meson install: {done.stdout.decode()}")
        self.place = os.path.join(folder, "else where")
        os.rename(staged + self.prefix, self.place)
        rest = [os.path.join(where, name) for where, _, names in os.walk(staged) for name in names]
        self.expect(not rest, f"installed outside of the prefix: {rest}")
        self.home = os.path.join(folder, "home")
        os.makedirs(self.home + "/reports")
        for name in REPORTS:
            shutil.copy(os.path.join(fixtures, name), self.home + "/reports")
        self.env = {"HOME": self.home, "PATH": self.path("bindir") + ":/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
                    "PKG_CONFIG_PATH": self.path("libdir", "pkgconfig")}

    def path(self, option, *names):
        return os.path.join(self.place, self.options[option], *names)

    def expect(self, right, text):
        if not right:
            self.faults.append(text)

    def run(self, *words, status=0, **more):
        done = subprocess.run(words, env={**self.env, **more}, cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, check=False)
        text = done.stdout.decode("utf-8", "replace")
        self.expect(done.returncode == status, f"{words}: {done.returncode}: {done.stderr.decode()}{text[-2000:]}")
        return text


def find_meson(build):
    """Of that version that made the build: others may not read its data."""
    with open(os.path.join(build, "meson-info", "meson-info.json"), encoding="utf-8") as file:
        version = json.load(file)["meson_version"]["full"]
    for folder in os.environ["PATH"].split(os.pathsep):
        program = os.path.join(folder, "meson")
        if os.access(program, os.X_OK):
            done = subprocess.run([program, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            if done.stdout.decode().strip() == version:
                return [program]
    sys.exit(f"no meson {version} on the PATH")


# ---- what is there

def wanted_files(stage):
    data, lib = stage.options["datadir"], stage.options["libdir"]
    library = ["libagxtriage.0.dylib", "libagxtriage.dylib"] if DARWIN else [
        "libagxtriage.so", "libagxtriage.so.0", "libagxtriage.so.0.1.0"]
    pages = sorted(path.name for path in (ROOT / "contrib" / "man").glob("*.[1-9]"))
    return {
        stage.options["bindir"] + "/agxtriage", stage.options["includedir"] + "/agxtriage.h",
        *(f"{stage.options['libexecdir']}/agxtriage/{name}" for name in ("agxtriage-bundle", "agxtriage-repro")),
        *(f"{lib}/{name}" for name in (*library, "pkgconfig/agxtriage.pc")),
        *(f"{data}/agxtriage/{name}" for name in (
            "agxtriage-repro.m", "launchd/agxtriage.plist", "hooks/notify-macos", "hooks/webhook-curl",
            "schema/config.schema.json", "schema/incident.schema.json", "schema/rules.schema.json")),
        *(f"{data}/doc/agxtriage/{name}" for name in ("README.md", "COPYING")),
        data + "/bash-completion/completions/agxtriage", data + "/zsh/site-functions/_agxtriage",
        data + "/fish/vendor_completions.d/agxtriage.fish",
        *(f"{stage.options['mandir']}/man{name[-1]}/{name}" for name in pages),
        *([] if DARWIN else [data + "/systemd/user/agxtriage.service"]),
    }


def installed_files(stage):
    for where, _, names in os.walk(stage.place):
        for name in names:
            yield os.path.relpath(os.path.join(where, name), stage.place)


def check_files(stage):
    found, wanted = set(installed_files(stage)), wanted_files(stage)
    stage.expect(found == wanted, f"missing: {sorted(wanted - found)}, not known: {sorted(found - wanted)}")
    for name in found & wanted:
        path = os.path.join(stage.place, name)
        mode, runs = os.stat(path).st_mode, any(part in name for part in ("bin/", "libexec/", "/hooks/"))
        stage.expect(mode & 0o444 == 0o444 and not mode & 0o022, f"{name} has mode {stat.filemode(mode)}")
        stage.expect(runs == bool(mode & 0o111) or ".so" in name or "dylib" in name, f"{name} has mode {stat.filemode(mode)}")


def without_debug(path, folder):
    """What a program says of itself but for debuggers."""
    with open(path, "rb") as file:
        if not file.read(4).startswith(b"\x7fELF"):
            return path
    copy = os.path.join(folder, "stripped")
    subprocess.run(["strip", "--strip-debug", "-o", copy, path], check=True)
    return copy


def check_paths(stage):
    """The name of a source file in an assertion is relative, and opened by nobody."""
    roots = re.compile(b"|".join(rb"(?<![\w./])" + re.escape(os.fsencode(p)) for p in (str(ROOT), stage.build)))
    for name in installed_files(stage):
        with open(without_debug(os.path.join(stage.place, name), stage.folder), "rb") as file:
            found = roots.search(file.read())
        stage.expect(not found, f"{name} names {found and found.group()}")


def check_texts(stage):
    for name in ("config", "incident", "rules"):
        with open(stage.path("datadir", "agxtriage", "schema", name + ".schema.json"), encoding="utf-8") as file:
            stage.expect("$schema" in json.load(file), name + ".schema.json")
    if not DARWIN:
        program = os.path.join(stage.prefix, stage.options["bindir"], "agxtriage").replace("%", "%%")
        with open(stage.path("datadir", "systemd", "user", "agxtriage.service"), encoding="utf-8") as file:
            unit = file.read()
        # Quoted for systemd.
        stage.expect(f'\nExecStart="{program}" daemon --agent\n' in unit, unit)
        with open(ROOT / "contrib/systemd/agxtriage.service", encoding="utf-8") as file:
            source = file.read()
        stage.expect(unit == source.replace("ExecStart=agxtriage ", f'ExecStart="{program}" '), "the unit has lost something")
    for page in sorted(pathlib.Path(stage.path("mandir")).glob("man*/*")):
        if shutil.which("mandoc"):
            title = "{}({})".format(*page.name.upper().split("."))
            stage.expect(title in stage.run("mandoc", "-T", "utf8", str(page)), f"{page.name} has no title {title}")
        if shutil.which("man"):
            name, _, section = page.name.rpartition(".")
            stage.expect(str(page) in stage.run("man", "-M", stage.path("mandir"), "-w", section, name), f"man {page.name}")


# ---- what it does

def check_commands(stage):
    def tell(*words, **more):
        return stage.run("agxtriage", *words, **more)

    tell("scan", "reports")
    listed = [json.loads(line) for line in tell("list", "--json").splitlines()]
    stage.expect(len(listed) == len(REPORTS), f"{len(listed)} incidents")
    stage.expect("setComputePipelineState" in tell("show", "reports/" + REPORT), "show")
    stage.expect("agx-set-compute-pipeline-state" in tell("top"), "top")
    stage.expect("# " in tell("report"), "report")
    tell("report", "--html", "page.html")
    tell("repro", "--backend", "sim", "--runs", "2", "--lock", "none,global", "--threads", "2", "--operations", "20", "--elements",
         "64", "--wait", "0")
    stage.expect("global" in tell("experiments", "latest"), "experiments")
    tell("run", "--wait", "0", "--", "true")
    for words in ("doctor", "rules list", "gc --dry-run", "reclassify --dry-run", "help --json", "--version"):
        tell(*words.split())
    stage.expect("triaged right" in tell("doctor", "--self-test", "--wait", "60"), "doctor --self-test")
    tell("export", "--format", "tar.gz", "-o", "all.tar.gz")
    with tarfile.open(stage.home + "/all.tar.gz") as archive:
        with open(stage.path("datadir", "agxtriage", "agxtriage-repro.m"), "rb") as file:
            packed = next(name for name in archive.getnames() if name.endswith("agxtriage-repro.m"))
            stage.expect(archive.extractfile(packed).read() == file.read(), packed)
    tell("--db", "other.db", "import", "all.tar.gz")
    stage.expect(tell("--db", "other.db", "list", "--json"), "import")
    os.makedirs(stage.home + "/self")
    stage.run(stage.path("libexecdir", "agxtriage", "agxtriage-repro"), "--self-test", "--reports", stage.home + "/self")
    stage.expect(len(os.listdir(stage.home + "/self")) == 1, "agxtriage-repro --self-test")


def check_link(stage):
    """As Homebrew does: the program on the PATH is a link into the installation."""
    os.makedirs(stage.home + "/bin")
    os.symlink(stage.path("bindir", "agxtriage"), stage.home + "/bin/agxtriage")
    stage.run(stage.home + "/bin/agxtriage", "export", "-o", "linked.zip")
    stage.expect(os.path.exists(stage.home + "/linked.zip"), "export through a link")


def check_opened(stage):
    """Where a process may be traced, every file that it and its children touch is known."""
    log = os.path.join(stage.folder, "opened")
    trace = ["strace", "-f", "-qq", "-e", "trace=%file", "-e", "signal=none", "-o", log]
    if not shutil.which("strace") or subprocess.run([*trace, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        print("no strace, or it may not trace: which files are opened is not looked at")
        return
    for words in (("export", "-o", "traced.zip"), ("list",), ("repro", "--backend", "sim", "--runs", "1", "--lock", "none", "--threads",
                                                            "1", "--operations", "5", "--elements", "16", "--wait", "0")):
        stage.run(*trace, "agxtriage", *words)
        with open(log, encoding="utf-8", errors="replace") as file:
            calls = file.read()
        stage.expect("agxtriage-bundle" in calls or words[0] != "export", "the helper was not traced")
        for root in (str(ROOT), stage.build):
            touched = re.search('"' + re.escape(root) + '(/[^"]*)?"', calls)
            stage.expect(not touched, f"{words[0]} looks at {touched and touched.group()}")


def check_library(stage):
    """The README's program, built as a stranger would."""
    blocks = re.findall(r"^```c\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    example = next(block for block in blocks if "#include <agxtriage.h>" in block)
    with open(stage.home + "/example.c", "w", encoding="utf-8") as file:
        file.write(example)
    with open(stage.path("libdir", "pkgconfig", "agxtriage.pc"), encoding="utf-8") as file:
        relocatable = "prefix=${pcfiledir}" in file.read()
    # A build that was set up without the project's default has the prefix in there.
    where = {} if relocatable else {"PKG_CONFIG_SYSROOT_DIR": stage.place.removesuffix(stage.prefix)}
    if not relocatable:
        os.makedirs(stage.folder + "/root" + os.path.dirname(stage.prefix), exist_ok=True)
        os.symlink(stage.place, stage.folder + "/root" + stage.prefix)
        where = {"PKG_CONFIG_SYSROOT_DIR": stage.folder + "/root"}
    flags = stage.run("pkg-config", "--cflags", "--libs", "agxtriage", **where)
    stage.run("sh", "-c", f"cc -std=c99 -Wall -Wextra -Werror example.c {flags.strip()} -o example")
    loader = "DYLD_LIBRARY_PATH" if DARWIN else "LD_LIBRARY_PATH"
    said = stage.run("./example", "reports/" + REPORT, **{loader: stage.path("libdir")})
    stage.expect(said.strip() == "agx-set-compute-pipeline-state 0x5c8", f"the README's program said {said!r}")
    version = stage.run("pkg-config", "--modversion", "agxtriage").strip()
    stage.expect(stage.run("agxtriage", "--version").split() == ["agxtriage", version], f"pkg-config says {version}")


def check_launchd(stage):
    """The template is what 'agent install' writes, but for the places. It writes before it asks launchctl."""
    tools = os.path.join(stage.folder, "tools")
    os.makedirs(tools)
    with open(tools + "/launchctl", "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexit 1\n")
    shutil.copy(tools + "/launchctl", tools + "/plutil")
    with open(tools + "/plutil", "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexit 0\n")
    for name in ("launchctl", "plutil"):
        os.chmod(os.path.join(tools, name), 0o755)
    stage.run("agxtriage", "agent", "install", status=1, PATH=tools + ":" + stage.env["PATH"])
    with open(stage.home + "/Library/LaunchAgents/agxtriage.plist", "rb") as file:
        written = plistlib.load(file)
    with open(stage.path("datadir", "agxtriage", "launchd", "agxtriage.plist"), encoding="utf-8") as file:
        text = file.read()
    program = html.escape(os.path.join(stage.prefix, stage.options["bindir"], "agxtriage"), quote=False)
    stage.expect(f"<string>{program}</string>" in text, "the template has not the program's path")
    here = text.replace(program, stage.path("bindir", "agxtriage")).replace("@HOME@", stage.home)
    stage.expect(plistlib.loads(here.encode()) == written, f"{plistlib.loads(here.encode())} is not {written}")


CHECKS = (check_files, check_paths, check_texts, check_commands, check_link, check_opened, check_library, check_launchd)


def main():
    with tempfile.TemporaryDirectory(prefix="agxtriage-install-") as folder:
        stage = Stage(*sys.argv[1:], os.path.realpath(folder))
        for check in CHECKS:
            check(stage)
    for fault in stage.faults:
        print(fault)
    return 1 if stage.faults else 0


if __name__ == "__main__":
    sys.exit(main())
