# What is known of a site or a signature: set, shown, refused; regressions; what stands near in time; and that all of it
# survives reclassify.
. "$LIB"
db=$XDG_DATA_HOME/agxtriage/crashes.db
# A copy of a fixture with another id: remake FIXTURE NEW-NAME OLD NEW [OLD NEW...]
remake() {
	"$PYTHON" - "$FIXTURES" "$@" <<'END'
import re, sys, uuid
fixtures, old, new, *changes = sys.argv[1:]
with open(fixtures + "/" + old, encoding="utf-8") as file:
    text = file.read()
text = text.replace(re.search(r'"incident_id":"([^"]*)"', text)[1], str(uuid.uuid5(uuid.NAMESPACE_URL, new)).upper())
for before, after in zip(changes[::2], changes[1::2]):
    assert before in text, before
    text = text.replace(before, after)
with open(new, "w", encoding="utf-8") as file:
    file.write(text)
END
	"$AGXTRIAGE" -q scan "$2" >scan.log 2>&1 || cat scan.log
}
nothing() {
	run triage
	take agx-bind-resource.ips agx-set-buffer.ips frame-without-symbol.ips
	run triage
}
names() {
	echo '# names'
	run triage agx-bind-resource
	run triage agx-end-render-pass
	run triage agx-bind-resourse
	run triage buffer
	run triage nonsense
	run triage ''
	run triage zz/../x --status known
	run triage a b
	run triage --status known
}
values() {
	echo '# values'
	run triage agx-set-buffer --status knwon
	run triage agx-set-buffer --status regressed
	run triage agx-set-buffer --url ftp://example.com/1
	run triage agx-set-buffer --url 'https://example.com/a b'
	run triage agx-set-buffer --url https://
	run triage agx-set-buffer --fixed-in 15.7.3
	run triage agx-set-buffer --fixed-in 'macOS 14.1'
	run triage agx-set-buffer --fixed-in next
	run triage agx-set-buffer --note "$(printf 'a\033[31mb')"
	run triage agx-set-buffer --note "$("$PYTHON" -c 'print("x" * 2001)')" 2>&1 | cut -c 1-80
	run triage
}
setting() {
	echo '# setting'
	run triage agx-bind-resource --status known --note 'since 24D60' --url https://example.com/bugs/17
	run triage agx-bind-resource --status known
	run triage agx-bind-resource --note ''
	run triage agx-bind-resource --fixed-in 24H10
	run triage agx-bind-resource --status fixed
	run triage agx-set-buffer --status fixed
	run triage agx-set-buffer --fixed-in 24G84 --json | pick name status fixed_in crashes on_fixed before.status changed
	run triage agx-end-render-pass --status ignored
	run triage
	run triage --json | pick target name status crashes on_fixed
	run triage agx-bind-resource
	run list
	run_tty 80 --color never list --no-pager
	run list status=fixed --json | pick id
	run top --json | pick by.site status
}
strength() {
	echo '# a signature is stronger than its site'
	hash=$("$AGXTRIAGE" list --json site=agx-set-buffer | pick signature.hash | tr -d '"')
	echo '$ agxtriage triage BEGINNING --status open'
	"$AGXTRIAGE" triage "$(echo "$hash" | cut -c 1-6)" --status open
	run triage "$(echo "$hash" | tr a-f A-F)" --json | pick target name site status own_status
	run top --by signature --json | pick by.signature status
	run triage "$hash" --status ''
	run triage "$hash" --json | pick status own_status
}
regression() {
	echo '# it comes again'
	remake agx-bind-resource.ips before.ips 24G419 24G900
	run status --json 2>/dev/null | pick regressed
	remake agx-bind-resource.ips again.ips 24G419 24H12 2026-02-27 2026-03-01
	run list site=agx-bind-resource
	run list status=regressed --json | pick id
	run_tty 80 list --no-pager --color always status=regressed -1
	run status 2>/dev/null | grep Regressed
	run status --json 2>/dev/null | pick regressed
	run top
	run show 5 | sed -n '/Status/,/When/p'
	run show 5 --json | pick status state.fixed_in state.regressed_by state.regressed_on state.url
	run triage agx-bind-resource
	run triage "$("$AGXTRIAGE" show 5 --json | pick signature.hash | tr -d '"')"
	run triage
	run triage agx-bind-resource --status known
	run triage agx-bind-resource --status fixed 2>/dev/null
}
successors() {
	echo '# old signatures'
	"$PYTHON" - "$db" <<'END'
import sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("insert into signature (hash, version, text, site_id, status, note) select '00000000deadbeef', 1, 'as it was', "
             "site_id, 'ignored', 'from before' from incident where id = 2")
base.execute("update incident set signature_id = (select id from signature where hash = '00000000deadbeef') where id = 2")
END
	run triage 00000000
	run reclassify
	run triage 00000000DEADBEEF --json | pick name status note
	run triage 0000
	run list status=ignored --json | pick id
	run triage agx-bind-resource --json | pick status fixed_in url regressed
	run list status=regressed --json | pick id
}
neighbours() {
	echo '# near in time'
	when='2026-02-27 09:37:5'
	remake gpuEvent-2026-02-03-101112.ips gpuEvent-2026-02-27-093730.ips '2026-02-03 10:11:12.00 +0100' "${when}0.00 -0800" python3.14-long- Python \
		1770109872 1772213870
	remake panic-full-panic-complete-memory.ips panic-full.ips '2026-02-03 10:11:12.00 +0100' '2026-02-27 09:41:00.00 -0800' \
		'2026-02-03 10:11:12.34 +0100' '2026-02-27 09:41:00.34 -0800'
	run list kind=gpu_event kind=panic
	run show 1 | sed -n '/^Near/,$p'
	run show 1 --json | "$PYTHON" -c 'import json, sys
for near in json.loads(sys.stdin.readlines()[1])["neighbours"]:
    near.pop("incident_id")
    print(json.dumps(near))'
	run show 6 | sed -n '/^Near/,$p'
	run show 7 | sed -n '/^Near/,$p'
	run show 2 --json | pick neighbours neighbours_left_out
	run top --json kind=crash | pick by.site count
	echo '# no crashes, and fixed like them'
	for id in 6 7; do
		hash=$("$AGXTRIAGE" show "$id" --json | pick signature.hash | tr -d '"')
		build=$("$AGXTRIAGE" show "$id" --json | pick os.build | tr -d '"')
		echo "\$ agxtriage triage $hash --status fixed --fixed-in $build"
		"$AGXTRIAGE" triage "$hash" --status fixed --fixed-in "$build"
		run triage "$hash" --json | pick status crashes incidents on_fixed
	done
	remake gpuEvent-2026-02-03-101112.ips gpuEvent-2026-02-28-000000.ips '2026-02-03 10:11:12.00 +0100' '2026-02-28 00:00:00.00 -0800'
	remake panic-full-panic-complete-memory.ips panic-full-again.ips '2026-02-03 10:11:12.00 +0100' '2026-02-28 00:00:00.00 -0800' \
		'2026-02-03 10:11:12.34 +0100' '2026-02-28 00:00:00.34 -0800'
	run list status=regressed --json | pick id kind
	run triage --json | pick name status crashes incidents
	run triage
	run show "$FIXTURES/agx-bind-resource.ips" --json | pick state neighbours status
}
everything() {
	for part in nothing names values setting strength regression successors neighbours; do
		"$part"
	done
}
# Moments of this very run, and hashes, which change with the algorithm.
everything 2>&1 | sed -E 's/20[0-9-]{8} [0-9:]{8}(  (open|known|fixed|ignored|regressed|as its)| \(incident)/NOW\1/
	s/[0-9a-f]{16}|[0-9A-F]{16}/HASH/g'
