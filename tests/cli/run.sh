. "$LIB"
# shellcheck disable=SC3045
ulimit -c 0
reports=$XDG_DATA_HOME/agxtriage/reports
mkdir -p "$reports"
# pids and durations are never the same
steady() {
	sed -E '/^ *Claimed  by launch:/d; s/ \[[0-9]+\]/ [PID]/g; s/after [0-9]+\.[0-9] s/after N s/'
}
# a program that is reported and then crashes: crash FIXTURE SIGNAL
cat >crash.sh <<'END'
"$PYTHON" - "$FIXTURES/$1" "$2" $$ <<'PYTHON' || exit 9
import os, re, sys, time
text = open(sys.argv[1]).read()
at = time.time()
now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at)) + ".%04d +0000" % (at % 1 * 10000)
text = re.sub(r'("pid" : )\d+', r"\g<1>" + sys.argv[3], text)
text = re.sub(r'("(?:captureTime|procLaunch)" : )"[^"]*"', r'\1"' + now + '"', text)
text = re.sub(r'("incident(?:_id)?"\s*:\s*")[0-9A-F]{8}', r"\g<1>%08X" % int(sys.argv[3]), text)
folder = os.environ["XDG_DATA_HOME"] + "/agxtriage/reports/"
open(folder + ".new", "w").write(text)
os.rename(folder + ".new", folder + "Python-%s.ips" % sys.argv[3])
PYTHON
echo "Traceback (most recent call last):" >&2
echo "  File \"bench.py\", line 3, in <module>" >&2
echo "RuntimeError: before the end" >&2
echo "-[_MTLCommandBuffer commit]:12: failed assertion \`committed twice'" >&2
kill -"$2" $$
END
echo 'a run without a crash: nothing but what the command says'
run run --wait 0 -- sh -c 'echo said; exit 3' 2>&1 | steady
run -q run --wait 0 sh -c 'exit 0'
echo 'a crash: the signal shows, or 1'
run run -- sh crash.sh agx-set-compute-pipeline-state.ips SEGV 2>&1 | steady
run -q run --fail-on-crash -- sh crash.sh agx-prepare-for-enqueue.ips SEGV 2>&1 | steady | grep -e Site -e '^\['
echo 'a child of it: 0, or 1'
run run -- sh -c 'sh crash.sh agx-bind-resource.ips ABRT; exit 0' 2>/dev/null | steady
run -q run --fail-on-crash -- sh -c 'sh crash.sh agx-bind-resource.ips BUS; exit 0' 2>/dev/null | steady | tail -1
echo 'no report'
run run --wait 0 -- sh -c 'kill -ILL $$' 2>&1 | steady
run run --wait 0 -- sh -c 'kill -TERM $$' 2>&1 | steady
run run --wait 0 -- sh -c 'exit 136' 2>&1 | steady
echo 'JSON'
run run --json --wait 0 -- sh -c 'echo said; exit 3' 2>/dev/null |
	sed -E 's/"command":\[[^]]*\]/"command":[...]/'
run run --fail-on-crash --json -- sh crash.sh agx-set-compute-pipeline-state.ips SEGV 2>/dev/null |
	pick conditions signal exit_status unreported tracebacks metal_errors not_started
echo 'files'
echo 'there before' >page.md
run -q run --summary page.md --junit junit.xml -- sh crash.sh agx-set-compute-pipeline-state.ips SEGV >/dev/null 2>&1
sed -E 's/\[[0-9]+\]/[PID]/g; s/after [0-9]+\.[0-9] s/after N s/; s/`[0-9A-F]{8}-/`ID-/' page.md
sed -E 's/\[[0-9]+\]/[PID]/g; s/time="[^"]*"/time="..."/g; s/timestamp="[^"]*"/timestamp="..."/; s/id: [0-9A-F]{8}/id: ID/' junit.xml
echo 'states: whatever is known of it, it is a crash'
"$AGXTRIAGE" -q triage agx-bind-resource --status ignored --note 'not ours' --url https://example.com/17 >/dev/null
run run --fail-on-crash -- sh crash.sh agx-bind-resource.ips BUS 2>/dev/null | steady | grep -e Status -e '^ *not ours' -e '^\['
"$AGXTRIAGE" -q triage agx-bind-resource --status fixed --fixed-in 24G419 >/dev/null 2>&1
run -q run --summary again.md --junit again.xml -- sh crash.sh agx-bind-resource.ips BUS 2>/dev/null | grep -e Status -e '^\[' |
	sed -E 's/stored [^(]*/stored NOW /; s/incident [0-9]+/incident N/'
grep -c 'Status | .*regressed' again.md
grep -c 'status: regressed: it was fixed in 24G419' again.xml
echo 'not started'
run run nothing-there
run run --json ./page.md | pick conditions not_started
echo 'wrong usage'
run run
run run --wait soon true
run run --timeout 0 true
run run --timeout 1 --wait 0 sleep 30 2>&1 | steady
run run --help
