. "$LIB"
run gc
for name in "$FIXTURES"/agx-*.ips; do cp "$name" .; done
run -q scan . >scan.log
"$AGXTRIAGE" show latest --raw >before
run gc --recompress --json | "$PYTHON" -c '
import json, sys
line = sys.stdin.readlines()[1]
done = json.loads(line)
print(sorted(done), done["recompressed"] > 0, done["bytes_after"] < done["bytes_before"])'
"$AGXTRIAGE" show latest --raw >after
cmp before after && echo same bytes
run gc --recompress
