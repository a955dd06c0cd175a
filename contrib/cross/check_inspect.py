#!/usr/bin/env python3
"""check_inspect.py FILE ZIG MINOS: inspect_files.py finds nothing in a program for arm64, and finds what is done to it here."""

import struct
import sys

import inspect_files
import macho
import stubs

LIBRARY = b"/usr/lib/libSystem.B.dylib"


def command(data, wanted):
    """Where a load command is."""
    at = 32
    for _ in range(struct.unpack_from("<I", data, 16)[0]):
        found, size = struct.unpack_from("<2I", data, at)
        if found == wanted:
            return at
        at += size
    raise SystemExit(f"the program has no load command {wanted:#x}")


def symbol(data, name):
    """Where the entry of an imported symbol is."""
    at, count, strings, _ = struct.unpack_from("<4I", data, command(data, macho.SYMTAB) + 8)
    for entry in range(at, at + 16 * count, 16):
        offset, kind = struct.unpack_from("<IB", data, entry)
        if kind & macho.TYPE == macho.UNDEFINED and data.startswith(name + b"\0", strings + offset):
            return entry, strings + offset
    raise SystemExit(f"the program does not import {name.decode()}")


def with_bytes(data, at, new):
    return data[:at] + new + data[at + len(new):]


def damages(data):
    """What is done, and what must be said about it."""
    build, (entry, name) = command(data, macho.BUILD_VERSION), symbol(data, b"_malloc")
    library = data.index(LIBRARY)
    described = struct.unpack_from("<H", data, entry + 6)[0]
    return [
        (with_bytes(data, build + 12, struct.pack("<I", 14 << 16)), "is for macOS 14.0"),
        (with_bytes(data, build + 8, struct.pack("<I", 2)), "(platform 2)"),
        (with_bytes(data, 4, struct.pack("<I", 0x01000007)), "is for x86_64 instead of arm64"),
        (with_bytes(data, library, b"/opt/lib/libSystem.B.dylib"), "is linked with /opt/lib/libSystem.B.dylib"),
        (with_bytes(data, library, b"/usr/lib/libSusten.B.dylib"), "is linked with /usr/lib/libSusten.B.dylib"),
        (with_bytes(data, name, b"_mallox"), "libSystem.B.dylib has no _mallox"),
        (with_bytes(data, entry + 6, struct.pack("<H", described | macho.WEAK_IMPORT)), "_malloc may be missing"),
        (with_bytes(data, entry + 6, struct.pack("<H", described & 0xFF)), "takes _malloc from any library"),
        (with_bytes(data, command(data, macho.CODE_SIGNATURE), struct.pack("<I", 0x26)), "is not signed"),
        (with_bytes(data, len(data) // 2, bytes([data[len(data) // 2] ^ 1])), "is not what was signed"),
        (data[:len(data) // 8], "ends early"),
        (b"\x7fELF" + data[4:], "no 64-bit Mach-O file"),
    ]


def main():
    path, zig, minos = sys.argv[1:]
    known = stubs.Stubs(zig)
    with open(path, "rb") as file:
        data = file.read()
    wrong = [f"the program itself: {finding}" for finding in inspect_files.findings(data, "arm64", minos, known)]
    cases = damages(data)
    for damaged, wanted in cases:
        said = inspect_files.findings(damaged, "arm64", minos, known)
        if not any(wanted in finding for finding in said):
            wrong.append(f"missed: {wanted}; said: {said[:3]}")
    for line in wrong:
        print(f"check_inspect: {line}")
    print(f"check_inspect: {len(cases)} damages, {len(wrong)} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
