. "$LIB"
config="$XDG_CONFIG_HOME/agxtriage/config.json"
rules="$XDG_CONFIG_HOME/agxtriage/rules.d"
mkdir -p "$rules" bin reports
printf '#!/bin/sh\n' >bin/tell
chmod +x bin/tell
PATH="$PWD/bin:$PATH"
# Widths follow the length of this folder's path.
check() {
	run daemon --check "$@" 2>&1 | tr -s ' '
}
echo 'the defaults'
check
echo 'a file and flags over it; nothing is made'
cat >"$config" <<END
{
	"folders": ["~/later", "$PWD/reports"],
	"exclude": ["*.tmp"],
	"retention": { "max_age": "52w", "max_size": "500M" },
	"hook": { "command": ["tell", "it all"], "timeout": 90, "kinds": ["crash", "panic"] }
}
END
printf '{"rules": [{"site": "x", "title": "x", "match": {"exception": "EXC_X"}}]}' >"$rules/mine.json"
check --max-age=90d --exclude 'a*' --exclude 'b*' --all --hook-max-running 1
ls "$XDG_DATA_HOME" 2>&1 | sed 's/.*: //'
run daemon --check --json --raw-max-age=30d --forwarder "$PWD/bin/tell" --forwarder-arg -x reports ./reports/ >checked
"$PYTHON" - checked <<'END'
import json, sys
checked = json.loads(open(sys.argv[1]).read().split("\n")[1])
for key, value in checked["values"].items():
    print(key, json.dumps(value["value"]), value["from"], value["source"])
for check in checked["checks"]:
    print(check["what"], check["where"], check["state"], check["ok"])
print(checked["ok"])
END
echo 'what cannot work'
check --hook bin/none --forwarder nonsense "$config" | grep -v '^[a-z_.]* [^ ]* default$'
chmod -x bin/tell
printf '{"rules": [{"site": "x"}]}' >"$rules/mine.json"
check | grep -v '^[a-z_.]* [^ ]* default$' | sed -n '/^error/p; /^rules/p; /^hook/p'
"$AGXTRIAGE" daemon --check --json 2>/dev/null | pick ok
mkdir -p "$XDG_DATA_HOME/agxtriage"
printf 'no database' >"$XDG_DATA_HOME/agxtriage/crashes.db"
check --hook= | sed -n '/^error/p; /^database/p; /^hook/p'
echo 'wrong usage'
run daemon --check --max-age soon
run daemon --check --hook-kind crashes
run daemon --check --hook-arg x
run daemon --check --max-size 1M
run daemon --check --hook-timeout 0
run daemon --check ''
printf '{"hooks": {}}' >"$config"
run daemon --check
