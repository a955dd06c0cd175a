#!/usr/bin/env python3
"""inspect_files.py ZIG MINOS TREE=FILE...: whether a Mac would load the Mach-O files. TREE tells the processors: arm64, x86_64, or
universal for both. What is imported is compared with what Apple's libraries export (stubs.py); that none of it is newer than
MINOS is not for the stubs to tell, which have no dates, but for the compiler (-Wunguarded-availability-new)."""

import re
import sys

import macho
import stubs

OURS = "@rpath/libagxtriage.0.dylib"
# Imports that may be missing when the program is loaded, with the reason why that is well.
MAY_BE_MISSING = {}
TREES = {"arm64": ["arm64"], "x86_64": ["x86_64"], "universal": ["arm64", "x86_64"]}


def library_findings(part, known):
    """What it is linked with."""
    for library in part.libraries:
        if library != OURS and (not library.startswith(("/usr/lib/", "/System/Library/")) or library not in known.symbols):
            yield f"is linked with {library}"
    for library in part.weak_libraries:
        yield f"may run without {library}"
    for path in part.rpaths:
        if not path.startswith(("@loader_path", "@executable_path")):
            yield f"looks for libraries in {path}"


def import_findings(part, known):
    """What it takes from them."""
    if not part.imports:
        yield "imports nothing"
    for symbol, library, may_be_missing in part.imports:
        if library is None:
            yield f"takes {symbol} from any library"
        elif library != OURS and not known.export(library, part.processor, symbol):
            yield f"{library} has no {symbol}"
        if may_be_missing and symbol not in MAY_BE_MISSING:
            yield f"{symbol} may be missing when it is loaded"


def own_findings(part):
    """What it is itself."""
    if part.kind == macho.DYLIB:
        if part.name != OURS:
            yield f"calls itself {part.name}"
        with open("include/agxtriage.h", encoding="utf-8") as file:
            promised = set(re.findall(r"\b(agxtriage_\w+)\(", file.read()))
        for name in sorted(promised - {symbol.removeprefix("_") for symbol in part.exports}):
            yield f"does not export {name}()"
    elif part.kind != macho.EXECUTE:
        yield f"is neither a program nor a library but of kind {part.kind}"
    elif not part.flags & macho.PIE:
        yield "has a fixed address"
    if not part.flags & macho.TWO_LEVEL:
        yield "does not say from which library a symbol comes"


def part_findings(part, minos, known):
    if (part.platform, part.minos) != (macho.PLATFORM_MACOS, minos):
        yield f"is for macOS {part.minos} (platform {part.platform}) instead of {minos}"
    # Macs with Apple's processors run nothing without; those with Intel's do not ask.
    if part.processor == "arm64" and not part.signed:
        yield "is not signed"
    if part.signed and not part.intact:
        yield "is not what was signed"
    yield from own_findings(part)
    yield from library_findings(part, known)
    yield from import_findings(part, known)


def findings(data, tree, minos, known):
    """All that is wrong with a file, in words; nothing when all is well."""
    try:
        parts = macho.parts(data)
    except macho.Broken as error:
        return [str(error)]
    found = sorted(part.processor for part in parts)
    wrong = [] if found == TREES[tree] else [f"is for {' and '.join(found)} instead of {' and '.join(TREES[tree])}"]
    return wrong + [f"({part.processor}) {finding}" for part in parts for finding in part_findings(part, minos, known)]


def main():
    known = stubs.Stubs(sys.argv[1])
    bad = symbols = 0
    for argument in sys.argv[3:]:
        tree, _, path = argument.partition("=")
        with open(path, "rb") as file:
            data = file.read()
        wrong = findings(data, tree, sys.argv[2], known)
        for finding in wrong:
            print(f"{path}: {finding}")
        bad += bool(wrong)
        symbols += 0 if wrong else sum(len(part.imports) for part in macho.parts(data))
    print(f"{len(sys.argv) - 3} Mach-O files for macOS {sys.argv[2]}, {symbols} imports, {bad} files with findings")
    return 1 if bad or len(sys.argv) < 4 else 0


if __name__ == "__main__":
    sys.exit(main())
