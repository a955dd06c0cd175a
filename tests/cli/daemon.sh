. "$LIB"
echo 'wrong usage: a file, --json without --check'
: >file
run daemon file
run daemon --json
echo 'a place that cannot be written to'
run --db /proc/none/x.db daemon . 2>&1 | sed 's/\[[0-9]*\] c/[N] c/; s/error: .*/error/'
mkdir -p reports/Retired
# $1: the number of incidents that is waited for.
wait_for() {
	for _ in $(seq 400); do
		[ "$("$AGXTRIAGE" sql 'select count(*) from incidents' --json 2>/dev/null)" = "{\"count(*)\":$1}" ] && return
		sleep 0.05
	done
	echo "never: $1 incidents"
}
echo 'it takes what is there, what appears, and what is moved to Retired/ at once; nothing twice'
cp "$FIXTURES/agx-bind-resource.ips" reports/Python-1.ips
"$AGXTRIAGE" daemon reports 2>log &
daemon=$!
wait_for 1
cp "$FIXTURES/agx-prepare-for-enqueue.ips" reports/.Python-2.ips
mv reports/.Python-2.ips reports/Python-2.ips
mv reports/Python-2.ips reports/Retired/Python-2.ips
wait_for 2
"$AGXTRIAGE" list --json | pick site | sort
echo 'a second one'
run daemon reports 2>&1 | sed 's/[^ ]*crashes.db/DB/; s/id [0-9]*/id N/; s/\[[0-9][0-9]*\] c/[N] c/'
echo 'a configuration that is broken changes nothing'
mkdir -p "$XDG_CONFIG_HOME/agxtriage"
echo '{' >"$XDG_CONFIG_HOME/agxtriage/config.json"
kill -HUP "$daemon"
for _ in $(seq 400); do
	grep -q 'stays in force' log && break
	sleep 0.05
done
grep -c 'what was in force stays in force' log
echo 'it ends when it is told to'
kill "$daemon"
wait "$daemon"
echo "[$?]"
sed -n '$p' log
grep -c ': crash ' log
