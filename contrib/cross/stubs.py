"""What Apple's libraries export, from their descriptions (.tbd, version 4): those that come with zig, and ours for the rest."""

import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
SECTION = re.compile(r"^([\w-]+):", re.M)
ITEM = re.compile(r"^  - targets:", re.M)
LIST = re.compile(r"([\w-]+):\s*\[([^]]*)\]")
# What one class is for the linker.
OF_CLASS = ["_OBJC_CLASS_$_", "_OBJC_METACLASS_$_"]


class Stubs:
    """Exports by library and processor, with what a library hands on of others."""

    def __init__(self, zig):
        self.symbols, self.handed_on = {}, {}
        lib = os.path.join(os.path.dirname(zig), "..", "..", "lib")
        self.read(os.path.join(lib, "libc", "darwin", "libSystem.tbd"))
        for folder, _, names in os.walk(os.path.join(HERE, "stubs")):
            for name in names:
                self.read(os.path.join(folder, name))

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            documents = file.read().split("--- !tapi-tbd")[1:]
        for document in documents:
            marks = [*SECTION.finditer(document)]
            ends = [mark.start() for mark in marks[1:]] + [len(document)]
            sections = {mark[1]: document[mark.end():end] for mark, end in zip(marks, ends)}
            self.add(sections["install-name"].strip().strip("'"), sections)

    def add(self, library, sections):
        self.symbols.setdefault(library, {})
        for section in ("exports", "reexports", "reexported-libraries"):
            for item in ITEM.split(sections.get(section, ""))[1:]:
                lists = {name: [word.strip(" \n'") for word in words.split(",")] for name, words in LIST.findall("targets:" + item)}
                self.handed_on.setdefault(library, []).extend(lists.get("libraries", []))
                names = lists.get("symbols", []) + lists.get("weak-symbols", [])
                names += [prefix + name for name in lists.get("objc-classes", []) for prefix in OF_CLASS]
                for target in lists["targets"]:
                    # An arm64 program runs against the libraries of arm64e.
                    processor = target.removesuffix("-macos").replace("arm64e", "arm64")
                    self.symbols[library].setdefault(processor, set()).update(names)

    def export(self, library, processor, symbol):
        """Whether the library, or one that it hands on, has the symbol."""
        todo, seen = [library], set()
        while todo:
            name = todo.pop()
            if symbol in self.symbols.get(name, {}).get(processor, ()):
                return True
            seen.add(name)
            todo += [other for other in self.handed_on.get(name, []) if other not in seen]
        return False
