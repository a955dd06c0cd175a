#!/usr/bin/env python3
"""An include points to its own folder or to one further up in the list, never down; each outside library has its home."""

import re

import csource

LAYERS = ["base", "ips", "triage", "store", "collect", "export", "repro", "lib", "cli"]
# Programs of their own, which take only these.
APART = {"fleet": {"base", "store"}}
# Outside library: the folders that may know it.
HOMES = {
    "cjson/cJSON.h": {"ips", "triage", "collect"},
    "sqlite3.h": {"store"},
    "zstd.h": {"store"},
    "zdict.h": {"store"},
    "uv.h": {"collect", "repro", "cli"},
    "archive.h": {"export"},
    "archive_entry.h": {"export"},
    "libpq-fe.h": {"fleet"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def may_know(folder):
    if folder in APART:
        return APART[folder] | {folder}
    if folder in LAYERS:
        return set(LAYERS[:LAYERS.index(folder) + 1])
    return None


def check(path):
    folder = path.split("/")[1]
    known = may_know(folder)
    if known is None:
        yield f"{path}: src/{folder} is in no list of layers.py"
        return
    text = csource.code(path)
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        name = match.group(2)
        if match.group(1) == "<" or name in HOMES:
            homes = HOMES.get(name)
            if homes and folder not in homes:
                yield f"{path}:{line}: <{name}> belongs to {', '.join(sorted(homes))} only"
            continue
        target = name.split("/")[0]
        if name == "agxtriage.h":
            if folder not in ("lib", "cli"):
                yield f"{path}:{line}: the public header is for lib and cli only"
        elif "/" not in name:
            yield f'{path}:{line}: include "{name}" with its folder'
        elif target not in known:
            yield f'{path}:{line}: {folder} must not know "{name}"'


def main():
    paths = [p for p in csource.files(".c", ".h", ".m") if p.startswith("src/") and p.count("/") > 1]
    csource.finish("layers", len(paths), [f for p in paths for f in check(p)])


main()
