# The points of contrib/mac-acceptance about the collector: agent, reports, events. Sourced by it, on bash 3.2.
# shellcheck shell=bash disable=SC2034,SC2154

agent_ours=false daemon='' log_folder_ours=false
readonly label=agxtriage
db=$work/crashes.db config=$work/config.json

# ---- the agent

# The program with the database and the configuration of this run.
ours() {
	"$program" --db "$db" --config "$config" "$@"
}

write_config() {
	if $rehearsal; then
		printf '{"folders":[%s]}\n' "$(printf '%s' "$reports" | sed 's/[\\"]/\\&/g; s/.*/"&"/')" >"$config"
	else
		printf '{}\n' >"$config"
	fi
}

# Whether launchd has nothing of that name, neither loaded nor on disk nor forbidden: then nobody loses anything.
agent_is_absent() {
	local state
	state=$("$program" agent status --json 2>"$work/log/agent.err")
	printf '%s\n' "$state" | grep -q '"installed":false,"current":false,"loaded":false,"disabled":false'
}

point_agent() {
	lacks_program && return
	write_config
	if ! command -v launchctl >/dev/null; then
		skip "no launchctl"
	elif ! agent_is_absent; then
		skip "an agent named $label is there, or its name is disabled: left alone ('agxtriage agent uninstall', then this again)"
	else
		[ -e "$HOME/Library/Logs/agxtriage" ] || log_folder_ours=true
		# From here on put_back() removes it, whatever comes.
		agent_ours=true
		install_agent
	fi
}

install_agent() {
	bounded "$limit" agent ours agent install || { fail "status $?: $(said agent 2)"; return; }
	if ours agent status --json >"$work/log/agent-status.out" 2>&1; then
		data=$(json_object "$work/log/agent-status.out")
		pass "runs as $(json_first service <"$work/log/agent-status.out")"
	else
		data=$(json_object "$work/log/agent-status.out")
		fail "installed, but does not run"
	fi
}

lacks_agent() {
	if $agent_ours; then
		return 1
	fi
	skip "no agent of this run"
}

point_folders() {
	lacks_program && return
	lacks_agent && return
	# The agent has just begun to look at them.
	while bounded "$limit" folders ours status --json; [ "$((SECONDS - began))" -lt 10 ]; do
		grep -qF "{\"path\":\"$reports\",\"state\":\"watched\"}" "$work/log/folders.out" && break
		sleep 1
	done
	data=$(json_object "$work/log/folders.out")
	if grep -qF "{\"path\":\"$reports\",\"state\":\"watched\"}" "$work/log/folders.out"; then
		pass "watched"
	else
		fail "$(json_first folders <"$work/log/folders.out")"
	fi
}

# The JSON lines of doctor as a list.
findings() {
	printf '[%s]' "$(redact <"$work/log/$1.out" | grep '^{.*}$' | paste -s -d , -)"
}

point_doctor() {
	local status=0
	lacks_program && return
	write_config
	bounded "$limit" doctor ours doctor --json || status=$?
	data=$(findings doctor)
	if [ $status != 0 ]; then
		fail "status $status: $(grep '"state":"failed"' "$work/log/doctor.out" | json_first finding)"
	elif grep -q '"state":"warning"' "$work/log/doctor.out"; then
		note "$(grep '"state":"warning"' "$work/log/doctor.out" | json_first finding)"
	else
		pass "$(grep -c '"state":"ok"' "$work/log/doctor.out") checks"
	fi
}

point_self_test() {
	local status=0 finding
	lacks_program && return
	write_config
	bounded "$limit" self-test ours doctor --self-test --wait $((limit > 30 ? limit - 20 : 10)) --json || status=$?
	data=$(findings self-test)
	finding=$(grep '"check":"self-test"' "$work/log/self-test.out" | json_first finding)
	if ! grep -q '"check":"self-test","state":"ok"' "$work/log/self-test.out"; then
		fail "status $status: ${finding:-no finding}"
	elif $agent_ours && ! printf '%s' "$finding" | grep -q 'by the daemon'; then
		fail "not by the collector: $finding"
	else
		pass "$finding"
	fi
}

point_run() {
	local status=0 found
	lacks_program && return
	write_config
	set -- "$helper" --self-test
	if $rehearsal; then
		set -- "$@" --reports "$reports"
	fi
	bounded "$limit" run ours run --fail-on-crash --json --wait $((limit > 40 ? 60 : 10)) -- "$@" || status=$?
	found=$(grep -c '"incidents":\[{.*"address":"0x5c8"' "$work/log/run.out")
	if [ $status = 1 ] && [ "$found" = 1 ]; then
		pass "the crash at 0x5c8 was found"
	else
		fail "status $status; $(json_first unreported <"$work/log/run.out")"
	fi
}

# ---- folders and their events

start_daemon() {
	local deadline=$((SECONDS + 10 * patience))
	set -m
	"$program" --db "$work/watch.db" --config "$work/none.json" daemon --all "$work/watched" \
		>"$work/log/daemon.out" 2>"$work/log/daemon.err" </dev/null &
	daemon=$!
	set +m
	while ! "$program" --db "$work/watch.db" status >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.1
	done
}

stop_daemon() {
	local deadline=$((SECONDS + 5))
	[ -n "$daemon" ] || return 0
	kill -s TERM "$daemon" 2>/dev/null
	while kill -0 "$daemon" 2>/dev/null && [ $SECONDS -lt $deadline ]; do
		sleep 0.1
	done
	kill -s KILL "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null
	daemon=''
}

stored() {
	"$program" --db "$work/watch.db" sql 'select count(*) from incidents' 2>/dev/null | tail -n 1 | tr -d ' '
}

# await COUNT SECONDS: until so many are stored; false when the time is over.
await() {
	local deadline=$((SECONDS + $2 * patience))
	while [ "$(stored)" != "$1" ]; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.1
	done
}

# appear NUMBER FOLDER: whole at once, as ReportCrash's reports do.
appear() {
	sample "$work/new.ips" "$1"
	mv "$work/new.ips" "$2/agxtriage-repro-$1.ips"
}

point_watch() {
	local before i
	lacks_program && return
	printf '{}\n' >"$work/none.json"
	start_daemon || { stop_daemon; fail "the daemon does not start: $(said daemon 1)"; return; }
	appear 100 "$work/watched"
	before=$SECONDS
	if ! await 1 6; then
		fail "not stored after 6 s"
	else
		came="one after $((SECONDS - before)) s"
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
			appear $((200 + i)) "$work/watched"
		done
		before=$SECONDS
		if await 31 10; then
			pass "$came, 30 at once after $((SECONDS - before)) s (whole seconds)"
		else
			fail "$came, then only $(stored) of 31"
		fi
	fi
	stop_daemon
}

point_retired() {
	lacks_program && return
	printf '{}\n' >"$work/none.json"
	rm -f "$work/watch.db" "$work/watched"/*.ips "$work/watched/Retired"/*.ips
	start_daemon || { stop_daemon; fail "the daemon does not start: $(said daemon 1)"; return; }
	appear 300 "$work/watched"
	if ! await 1 10; then
		fail "not stored after 10 s"
	else
		mv "$work/watched/agxtriage-repro-300.ips" "$work/watched/Retired/"
		appear 301 "$work/watched/Retired"
		if await 2 10; then
			pass "two incidents of two, one of them in both folders"
		else
			fail "$(stored) incidents instead of 2"
		fi
	fi
	stop_daemon
}

# ---- symbols

# The crashed function as atos sees it: by the image's load address, from the helper's own file.
atos_name() {
	local base address
	base=$(sed -n 's/.*{"name":"agxtriage-repro"[^}]*"base":"\(0x[0-9a-f]*\)".*/\1/p' "$1")
	address=$(json_first address <<END
$(sed 's/.*"crashed_thread"//' "$1")
END
	)
	[ -n "$base" ] && [ -n "$address" ] || return
	bounded "$limit" atos atos -o "$helper" -l "$base" "$address"
	sed 's/ (in .*//' "$work/log/atos.out"
}

point_symbols() {
	local file=$work/log/symbols.out id reported
	lacks_program && return
	command -v atos >/dev/null || { skip "no atos"; return; }
	write_config
	id=$(ours list --json -1 process=agxtriage-repro simulated=true 2>/dev/null | json_first id)
	bounded "$limit" symbols ours show "${id:-latest}" --json
	reported=$(sed 's/.*"crashed_thread"//' "$file" | json_first symbol)
	if [ -z "$reported" ] || [ "$reported" = null ]; then
		skip "no crash of agxtriage-repro with symbols is stored"
	elif [ "$(atos_name "$file")" != "$reported" ]; then
		fail "atos says '$(atos_name "$file")', the report '$reported'"
	elif ! "$program" show --help | grep -q -e --symbolicate; then
		note "atos says the same as the report, $reported; this version has no show --symbolicate"
	elif ! bounded "$limit" symbolicate ours show --symbolicate --json "$id" ||
		[ "$(sed 's/.*"crashed_thread"//' "$work/log/symbolicate.out" | json_first symbol)" != "$reported" ]; then
		fail "show --symbolicate: $(said symbolicate 1)"
	else
		pass "$reported"
	fi
}

# ---- the agent's end

remove_agent() {
	$agent_ours || return 0
	ours agent uninstall >"$work/log/uninstall.out" 2>"$work/log/uninstall.err"
	agent_ours=false
	if $log_folder_ours; then
		rm -f "$HOME/Library/Logs/agxtriage"/daemon.log*
		rmdir "$HOME/Library/Logs/agxtriage" 2>/dev/null
	fi
}

# What of it is still there, in words.
remains() {
	[ ! -e "$HOME/Library/LaunchAgents/$label.plist" ] || echo "its property list"
	launchctl print "gui/$(id -u)/$label" >/dev/null 2>&1 && echo "launchd's job"
	ps -axo pid=,command= 2>/dev/null | awk -v program="$program" '$2 == program && $0 ~ / daemon / { print "process " $1 }'
	if $log_folder_ours && [ -e "$HOME/Library/Logs/agxtriage" ]; then
		echo "its log"
	fi
}

point_uninstall() {
	local left
	lacks_program && return
	lacks_agent && return
	remove_agent
	left=$(remains | paste -s -d , -)
	if [ -n "$left" ]; then
		fail "still there: $left"
	else
		pass "no property list, no job, no process, no log"
	fi
}

# Reports of the crashes made here, when they have been read: macOS keeps only so many of one program.
remove_reports() {
	find "$reports" "$reports/Retired" -maxdepth 1 -type f -name 'agxtriage-repro-*.ips' -newer "$work/start" \
		-exec rm -f {} + 2>/dev/null
}
