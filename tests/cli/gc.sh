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
# Free pages that the file cannot give back are no reason to go on for ever.
"$PYTHON" -c '
import os, sqlite3
path = os.environ["XDG_DATA_HOME"] + "/agxtriage/crashes.db"
db = sqlite3.connect(path, isolation_level=None)
for statement in ("pragma auto_vacuum = 0", "pragma journal_mode = delete", "vacuum", "pragma journal_mode = wal",
                  "create table spare (a)", "insert into spare values (zeroblob(100000))", "drop table spare"):
    db.execute(statement).fetchall()
print(db.execute("pragma auto_vacuum").fetchone()[0], db.execute("pragma freelist_count").fetchone()[0] > 0)'
run gc --recompress
