#!/usr/bin/env python3
"""Makes the C table of migrations from schema/NNN-*.sql: embed.py OUT FILE..."""
import os
import sys

out, files = sys.argv[1], sorted(sys.argv[2:], key=os.path.basename)
lines = ['#include "store/internal.h"', '']
for number, path in enumerate(files, 1):
    name = os.path.basename(path)
    if int(name.split('-')[0]) != number:
        sys.exit(f'{path}: migrations must be numbered without gaps, expected {number:03}')
    with open(path, 'rb') as file:
        data = file.read() + b'\0'
    lines.append(f'static const char migration_{number}[] = {{')
    for at in range(0, len(data), 16):
        lines.append('\t' + ' '.join(f'{byte},' for byte in data[at:at + 16]))
    lines += ['};', '']
lines.append('const struct migration store_migrations[] = {')
for number, path in enumerate(files, 1):
    lines.append(f'\t{{"{os.path.basename(path)}", migration_{number}}},')
lines += ['};', f'const size_t store_migration_count = {len(files)};', '']
with open(out, 'w') as file:
    file.write('\n'.join(lines))
