#!/usr/bin/env python3
"""Makes C texts of the page's style and script, with the digests that its policy names: embed.py OUT CSS JS."""
import base64
import hashlib
import sys

out, style, script = sys.argv[1:]
lines = ['#include "export/page_assets.h"', '']
for name, path in (('style', style), ('script', script)):
    with open(path, 'rb') as file:
        data = file.read()
    if b'</' in data:
        sys.exit(f'{path}: "</" would end its element')
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    lines.append(f'const char page_{name}[] = {{')
    for at in range(0, len(data), 16):
        lines.append('\t' + ' '.join(f'{byte},' for byte in data[at:at + 16]))
    lines += ['\t0,', '};', f'const char page_{name}_digest[] = "sha256-{digest}";', '']
with open(out, 'w') as file:
    file.write('\n'.join(lines))
