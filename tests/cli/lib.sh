# What the scripts share. Sourced: . "$LIB"

# Runs agxtriage, with its command line before and its exit status behind.
run() {
	printf '$ agxtriage %s\n' "$*"
	"$AGXTRIAGE" "$@"
	printf '[%d]\n' "$?"
}

# The same on a terminal of $1 columns.
run_tty() {
	columns=$1
	shift
	printf '$ agxtriage %s (%d columns)\n' "$*" "$columns"
	$TTY "$columns" "$AGXTRIAGE" "$@"
	printf '[%d]\n' "$?"
}

# Takes fixtures into the database and says nothing.
take() {
	for name in "$@"; do
		cp "$FIXTURES/$name" . || exit 1
		"$AGXTRIAGE" -q scan "$name" >scan.log 2>&1 || { cat scan.log; exit 1; }
	done
}

# Prints members of each JSON line of stdin, other lines as they are: pick a b.c
pick() {
	"$PYTHON" -c '
import json, sys
for line in sys.stdin:
    if not line.startswith("{"):
        print(line, end="")
        continue
    values = []
    for path in sys.argv[1:]:
        value = json.loads(line)
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        values.append(json.dumps(value, sort_keys=True))
    print(*values)' "$@"
}
