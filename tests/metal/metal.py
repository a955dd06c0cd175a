"""What the checks of the Metal backend share: compilers and their options for macOS and for GNUstep, and the list of what
Metal's interface has. Nothing here needs a Mac or anything of Apple's."""

import glob
import json
import os
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SRC = os.path.join(ROOT, "src")
BACKEND = os.path.join(SRC, "repro", "trial", "backend_metal.m")
TARGETS = ["arm64-apple-macos13", "x86_64-apple-macos13"]
# The headers of musl know POSIX and little else, so they serve for a system that is neither.
LIBC = next(iter(glob.glob("/usr/include/*-linux-musl")), None)


def skip(why):
    print("skipped:", why)
    sys.exit(77)


def tool(*names):
    return next((path for path in map(shutil.which, names) if path), None)


def clang():
    return tool("clang-14", "clang") or skip("no clang")


def run(args, **more):
    """The finished process, its output as text. Never waits for ever."""
    return subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=300, check=False, **more)


def must(args, **more):
    done = run(args, **more)
    if done.returncode:
        raise SystemExit(f"{shlex.join(args)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def macos_headers():
    """The declarations beside this file, and a libc."""
    if not LIBC:
        skip("no headers of musl (musl-dev), which stand in for those of macOS's libc")
    return ["-nostdlibinc", "-isystem", LIBC, "-I", os.path.join(HERE, "darwin"), "-I", os.path.join(HERE, "include")]


def macos_options(target):
    """For macOS, with ARC, strictly."""
    return ["-target", target, "-fobjc-arc", "-std=gnu17", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror",
            "-Wno-unused-parameter", *macos_headers(), "-I", SRC]


def gnustep(what):
    """Options of a GNUstep program: objc-flags, base-libs."""
    config = tool("gnustep-config") or skip("no gnustep-config (libgnustep-base-dev)")
    options = shlex.split(must([config, "--" + what]))
    # Each compilation here makes one object for one test: no dependency files.
    return [option for option in options if option not in ("-MMD", "-MP", "-I.")]


def gnustep_options(folder):
    """Without ARC, for the runtime of gcc. Clang does not look for its headers, and their neighbours, gcc's own headers, are not
    for clang: a link in the given folder shows the right ones only."""
    gcc = tool("gcc") or skip("no gcc, where the headers of its Objective-C runtime would be")
    headers = os.path.join(must([gcc, "-print-file-name=include"]).strip(), "objc")
    if not os.path.isdir(headers):
        skip("no headers of gcc's Objective-C runtime (gobjc or libobjc-NN-dev)")
    link = os.path.join(folder, "runtime", "objc")
    if not os.path.islink(link):
        os.makedirs(os.path.dirname(link))
        os.symlink(headers, link)
    return gnustep("objc-flags") + [
        "-fobjc-runtime=gcc", "-isystem", os.path.dirname(link), "-Wextra", "-Wno-unused-parameter", "-Werror", "-D_GNU_SOURCE",
        "-I", os.path.join(HERE, "include"), "-I", HERE, "-I", SRC]


def syntax_tree(path, target=TARGETS[0]):
    """What clang made of the file, as it prints it."""
    options = macos_options(target)
    must([clang(), *options, "-fsyntax-only", path])
    done = subprocess.run([clang(), *options, "-fsyntax-only", "-Xclang", "-ast-dump=json", path],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=300, check=True)
    return json.loads(done.stdout)


def nodes(tree, kind):
    """All nodes of a kind, outer before inner."""
    todo = [tree]
    while todo:
        node = todo.pop()
        if node.get("kind") == kind:
            yield node
        todo.extend(reversed(node.get("inner", [])))


def facts_folder():
    folder = os.environ.get("AGXTRIAGE_MACOS") or os.path.join(ROOT, "..", "shared", "macos")
    if not os.path.isfile(os.path.join(folder, "metal-methods.tsv")):
        skip(f"no list of Metal's interface in {os.path.normpath(folder)} ($AGXTRIAGE_MACOS)")
    return folder


def table(name):
    """Rows of a table of facts, without its heading."""
    with open(os.path.join(facts_folder(), name), encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    return [row for row in rows if row[:2] != ["class", "selector"]]
