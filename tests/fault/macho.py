"""Mach-O files with nothing in them but their headers and UUIDs, for those who look for symbol files."""
import os
import struct
import uuid

ARM64, X86_64 = 0x0100000c, 0x01000007
ARCHS = {'arm64': (ARM64, 0), 'arm64e': (ARM64, 0x80000002), 'x86_64': (X86_64, 3)}
LC_UUID, LC_OTHER = 0x1b, 0x26


def thin(name, arch='arm64', order='<', wide=True, before=3, kind=6):
    """One slice; name: its UUID as text, None for none; before: commands in front of it."""
    commands = struct.pack(order + 'IIQ', LC_OTHER, 16, 0) * before
    count = before
    if name:
        commands += struct.pack(order + 'II', LC_UUID, 24) + uuid.UUID(name).bytes
        count += 1
    cpu, subtype = ARCHS[arch]
    magic = 0xfeedfacf if wide else 0xfeedface
    header = struct.pack(order + 'IIIIIII', magic, cpu, subtype, kind, count, len(commands), 0)
    return header + (struct.pack(order + 'I', 0) if wide else b'') + commands


def fat(slices, wide=False):
    """slices: [(arch, bytes)]"""
    start = 4096
    table, body = b'', b''
    for arch, data in slices:
        at = start + len(body)
        table += struct.pack('>IIQQII' if wide else '>IIIII', *ARCHS[arch], at, len(data), 12, *((0,) if wide else ()))
        body += data + bytes(-len(data) % 4096)
    head = struct.pack('>II', 0xcafebabf if wide else 0xcafebabe, len(slices)) + table
    return head + bytes(start - len(head)) + body


def dsym(folder, name, data):
    """folder/NAME.dSYM with one file; returns the path of that file."""
    place = os.path.join(folder, name + '.dSYM', 'Contents', 'Resources', 'DWARF')
    os.makedirs(place)
    path = os.path.join(place, name)
    with open(path, 'wb') as file:
        file.write(data)
    return path
