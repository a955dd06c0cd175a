#!/usr/bin/env python3
"""Makes the C array of the built-in rules: embed.py OUT FILE."""
import sys

out, path = sys.argv[1:]
with open(path, 'rb') as file:
    data = file.read()
lines = ['#include "triage/rules_builtin.h"', '', 'const char rules_builtin[] = {']
for at in range(0, len(data), 16):
    lines.append('\t' + ' '.join(f'{byte},' for byte in data[at:at + 16]))
lines += ['\t0,', '};', f'const size_t rules_builtin_len = {len(data)};', '']
with open(out, 'w') as file:
    file.write('\n'.join(lines))
