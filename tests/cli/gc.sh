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
# Retention: twelve reports of one signature, one a day, in a database of its own.
export AGXTRIAGE_DB=own.db
mkdir days
"$PYTHON" -c '
import sys
text = open(sys.argv[1], encoding="utf-8").read()
import json
head, body = text.split("\n", 1)
head, body = json.loads(head), json.loads(body)
for day in range(10, 22):
    incident = f"00000000-0000-4000-8000-0000000000{day}"
    head["incident_id"] = body["incident"] = incident
    head["timestamp"] = body["captureTime"] = f"2025-03-{day} 12:00:00.00 +0000"
    with open(f"days/python3.11-2025-03-{day}.ips", "w") as file:
        file.write(json.dumps(head) + "\n" + json.dumps(body))' "$FIXTURES/agx-set-compute-pipeline-state.ips"
for name in days/*; do run -q scan "$name" >scan.log; done
size() { "$PYTHON" -c 'import re, sys; print(re.sub(r"[0-9]+ -> (about )?[0-9]+ bytes", r"N -> \1N bytes", sys.stdin.read()), end="")'; }
run gc | size
run gc --raw-max-age 30d --dry-run | size
run gc --raw-max-age 30d | size
run gc --raw-max-age 30d | size
run list --json | "$PYTHON" -c '
import json, sys
for line in sys.stdin.readlines()[1:-1]:
    row = json.loads(line)
    print(row["captured_at"][:10], row["site"], [text for text in row["warnings"] if "retention" in text])'
second=00000000-0000-4000-8000-000000000011
run show $second | grep -v '^  size'
run show $second --raw
"$AGXTRIAGE" show 00000000-0000-4000-8000-000000000010 --raw | cmp - days/python3.11-2025-03-10.ips && echo the first is whole
run show $second --explain | tail -n 3
run reclassify
run top
run gc --recompress >recompress.log
# Named by the user, the bytes come back.
run scan days
run scan days/python3.11-2025-03-11.ips
"$AGXTRIAGE" show $second --raw | cmp - days/python3.11-2025-03-11.ips && echo same bytes
run gc --max-age 30d | size
rm days/python3.11-2025-03-12.ips
run gc --max-age 30d --json | "$PYTHON" -c '
import json, sys
done = json.loads(sys.stdin.readlines()[1])
print({key: done[key] for key in done if not key.startswith("bytes")})'
mkdir copies
cp days/python3.11-2025-03-13.ips copies/
run scan copies
run list --json | grep -c captured_at
run scan copies/python3.11-2025-03-13.ips
run gc --max-age 30d | size
run gc --max-size 1K --dry-run --json | grep -c '"too_big":true'
run gc --max-age soon
run gc --max-size -1
run gc --dry-run --recompress
