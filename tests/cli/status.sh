. "$LIB"
# Nothing there at all.
run status
run status --json
mkdir -p "$XDG_DATA_HOME/agxtriage/reports"
cp "$FIXTURES/agx-bind-resource.ips" "$XDG_DATA_HOME/agxtriage/reports/Python-2025-12-20-173618.ips"
cp "$FIXTURES/bad-truncated-in-images.ips" "$XDG_DATA_HOME/agxtriage/reports/Python-2025-12-20-173619.ips"
run -q scan
run status | grep -v 'bytes$\|kB$'
run status --json | pick running pid since folders stored known rejected queue last_error trouble
# A damaged database is told of, and the rest all the same.
"$PYTHON" -c '
import os
with open(os.environ["XDG_DATA_HOME"] + "/agxtriage/crashes.db", "r+b") as file:
    file.seek(100)
    file.write(b"\xff" * 4000)'
run status --json | pick running stored trouble
# One of another program.
echo text >other.db
run --db other.db status --json | pick running stored trouble
# A configuration that cannot be read.
mkdir -p "$XDG_CONFIG_HOME/agxtriage"
echo '{"folder": []}' >"$XDG_CONFIG_HOME/agxtriage/config.json"
run --db none.db status --json | pick running folders trouble
run status extra
