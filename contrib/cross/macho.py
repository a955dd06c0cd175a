"""Reads Mach-O files: of each processor's part what the loader of macOS would act upon. Layouts: <mach-o/loader.h>,
<mach-o/nlist.h>, <mach-o/fat.h>, and of signatures cs_blobs.h of Apple's open kernel."""

import hashlib
import struct

PROCESSORS = {0x0100000C: "arm64", 0x01000007: "x86_64"}
MAGIC, FAT_MAGIC = 0xFEEDFACF, 0xCAFEBABE
EXECUTE, DYLIB = 2, 6
PIE, TWO_LEVEL = 0x200000, 0x80
PLATFORM_MACOS = 1
SYMTAB, LOAD_DYLIB, ID_DYLIB, CODE_SIGNATURE, BUILD_VERSION = 0x2, 0xC, 0xD, 0x1D, 0x32
LOAD_WEAK_DYLIB, RPATH, REEXPORT_DYLIB = 0x80000018, 0x8000001C, 0x8000001F
SIGNATURE, CODE_DIRECTORY, SHA256 = 0xFADE0CC0, 0xFADE0C02, 2
# Of a symbol: not for the linker but for debuggers, its kind, seen outside; imported, and may be missing when it is loaded.
STAB, TYPE, EXTERNAL, UNDEFINED, WEAK_IMPORT = 0xE0, 0x0E, 0x01, 0x0, 0x40


class Broken(Exception):
    """Not a Mach-O file, or one that ends early."""


class Part:
    """One processor's part of a file."""

    def __init__(self, data):
        self.data = data
        magic, cpu, _, self.kind, count, _, self.flags, _ = self.unpack("<8I", 0)
        if magic != MAGIC:
            raise Broken("no 64-bit Mach-O file")
        self.processor = PROCESSORS.get(cpu, hex(cpu))
        self.platform = self.minos = self.name = None
        self.libraries, self.weak_libraries, self.rpaths = [], [], []
        self.signed = self.intact = False
        # (name, library or None, whether it may be missing), and names.
        self.imports, self.exports = [], []
        symtab, at = None, 32
        for _ in range(count):
            command, size = self.unpack("<2I", at)
            if command == SYMTAB:
                symtab = at
            self.read_command(command, at, size)
            at += size
        if symtab is not None:
            self.read_symbols(*self.unpack("<4I", symtab + 8))

    def unpack(self, layout, at):
        try:
            return struct.unpack_from(layout, self.data, at)
        except struct.error as error:
            raise Broken(f"ends early: {error}") from error

    def text(self, at):
        end = self.data.find(b"\0", at)
        if not 0 <= at < len(self.data) or end < 0:
            raise Broken("a name lies outside of the file")
        return self.data[at:end].decode("utf-8", "replace")

    def read_command(self, command, at, size):
        if size < 8:
            raise Broken("a load command has no size")
        if command in (LOAD_DYLIB, LOAD_WEAK_DYLIB, REEXPORT_DYLIB, ID_DYLIB, RPATH):
            text = self.text(at + self.unpack("<I", at + 8)[0])
            if command == ID_DYLIB:
                self.name = text
            elif command == RPATH:
                self.rpaths.append(text)
            else:
                self.libraries.append(text)
            if command == LOAD_WEAK_DYLIB:
                self.weak_libraries.append(text)
        elif command == BUILD_VERSION:
            self.platform, version = self.unpack("<2I", at + 8)
            self.minos = f"{version >> 16}.{version >> 8 & 0xFF}"
        elif command == CODE_SIGNATURE:
            offset, length = self.unpack("<2I", at + 8)
            self.signed = length > 0 and self.unpack(">I", offset)[0] == SIGNATURE
            self.intact = self.signed and self.pages_fit(offset)

    def pages_fit(self, at):
        """Whether the signature there has the hash of every page in front of it, without which the kernel ends a process."""
        slots = dict(self.unpack(">2I", at + 12 + 8 * index) for index in range(self.unpack(">I", at + 8)[0]))
        directory = at + slots.get(0, 0)
        magic, _, _, _, hashes, _, _, count, limit, size, kind, _, shift = self.unpack(">9I4B", directory)
        if (magic, size, kind, limit) != (CODE_DIRECTORY, 32, SHA256, at) or count != -(-limit >> shift):
            return False
        pages = (self.data[start:min(start + (1 << shift), limit)] for start in range(0, limit, 1 << shift))
        return b"".join(hashlib.sha256(page).digest() for page in pages) == self.data[directory + hashes:directory + hashes + size * count]

    def read_symbols(self, at, count, strings, _):
        for index in range(count):
            name, kind, _, description, _ = self.unpack("<IBBHQ", at + 16 * index)
            if kind & STAB or not kind & EXTERNAL:
                continue
            if kind & TYPE != UNDEFINED:
                self.exports.append(self.text(strings + name))
                continue
            ordinal = description >> 8
            library = self.libraries[ordinal - 1] if 0 < ordinal <= len(self.libraries) else None
            self.imports.append((self.text(strings + name), library, bool(description & WEAK_IMPORT)))


def parts(data):
    """All parts of a file."""
    if len(data) < 8 or struct.unpack_from(">I", data)[0] != FAT_MAGIC:
        return [Part(data)]
    try:
        places = [struct.unpack_from(">5I", data, 8 + 20 * index)[2:4] for index in range(struct.unpack_from(">I", data, 4)[0])]
    except struct.error as error:
        raise Broken(f"ends early: {error}") from error
    return [Part(data[offset:offset + size]) for offset, size in places]
