#!/usr/bin/env python3
"""An include points to its own folder or to one further up in the list, never down; each outside library has its home."""

import re

import csource

LAYERS = ["base", "ips", "triage", "store", "collect", "export", "repro", "lib", "cli"]
# Programs of their own, which take only these.
APART = {"fleet": {"base", "store"}}
# Folders within a layer that take only these folders and headers; of the others, only their own layer may know them.
WITHIN = {"export/bundle": {"base", "export/bundle", "export/bundle.h", "export/bundle_child.h", "export/bundle_line.h"}}
# Outside library: the folders that may know it.
HOMES = {
    "cjson/cJSON.h": {"ips", "triage", "collect"},
    "sqlite3.h": {"store"},
    "zstd.h": {"store"},
    "zdict.h": {"store"},
    "uv.h": {"collect", "repro", "cli"},
    "archive.h": {"export/bundle"},
    "archive_entry.h": {"export/bundle"},
    "libpq-fe.h": {"fleet"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def may_know(folder):
    if folder in APART:
        return APART[folder] | {folder}
    if folder in LAYERS:
        return set(LAYERS[:LAYERS.index(folder) + 1])
    return None


def folder_of(path):
    """The folder of src; with the one in it, where that is a world of its own."""
    parts = path.split("/")[1:-1]
    within = "/".join(parts[:2])
    return within if within in WITHIN else parts[0]


def allows(known, name):
    parts = name.split("/")
    within = "/".join(parts[:2])
    return name in known or within in known or (parts[0] in known and within not in WITHIN)


def check(path):
    folder = folder_of(path)
    known = WITHIN.get(folder) or may_know(folder)
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
        if name == "agxtriage.h":
            if folder not in ("lib", "cli"):
                yield f"{path}:{line}: the public header is for lib and cli only"
        elif "/" not in name:
            yield f'{path}:{line}: include "{name}" with its folder'
        elif not allows(known, name):
            yield f'{path}:{line}: {folder} must not know "{name}"'


def main():
    paths = [p for p in csource.files(".c", ".h", ".m") if p.startswith("src/") and p.count("/") > 1]
    csource.finish("layers", len(paths), [f for p in paths for f in check(p)])


main()
