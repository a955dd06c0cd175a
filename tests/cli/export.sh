. "$LIB"
# Sizes depend on the compressing library, what of the machine's description is replaced on the machine.
sized() {
	sed -E 's/; [0-9]+ private values? replaced/; N private values replaced/; s/"replaced":[0-9]+/"replaced":N/; s/, [0-9.]+ (kB|MB|bytes);/, SIZE;/; s/"bytes":[0-9]+/"bytes":N/; s/makes [0-9]+ bytes/makes N bytes/'
}
run_sized() {
	printf '$ agxtriage %s\n' "$*"
	"$AGXTRIAGE" "$@" >out.log 2>&1
	status=$?
	sized <out.log
	printf '[%d]\n' "$status"
}
members() {
	"$PYTHON" -c '
import sys, tarfile
for member in tarfile.open(sys.argv[1]):
    print(member.name)' "$1"
}
"$AGXTRIAGE" -q scan . >scan.log
run export
run export -o x.tar.gz
take agx-set-compute-pipeline-state.ips agx-prepare-for-enqueue.ips gpuEvent-2026-02-03-101112.ips simulated.ips
run export
run export -o x.rar
run export -o x.tar.gz --for nobody
run export -o x.tar.gz --max-size many
run export -o x.tar.gz --flat flat
run export -o x.tar.gz --review --no-redact
run export -o x.tar.gz --redact a --no-redact
run export -o - --json
run_tty 80 export -o -
run export -o x.tar.gz nosuchfield=1
run export -o x.tar.gz --site nonsense
ls x.tar.gz 2>&1 | sed 's/.*: //'
run_sized export -o x.tar.gz
members x.tar.gz
run_sized export --site agx-set-compute-pipeline-state --for apple -o x.tgz
members x.tgz
run_sized export --site agx-set-compute-pipeline-state 'site=agx-*' simulated=false -o y.tgz
run_sized export --since 2026-02-03 --until 2026-02-04 --for github --format tar.gz -o x.archive
members x.archive
run_sized export --json --no-redact -o x.zip
run_sized export -o x.zip --max-size 1000
mkdir folder.zip
run export -o folder.zip
run export -o missing/x.zip
run_sized export -o ./x.tar.zst
run export --flat flat
ls flat
run_sized export --flat flat --json
run export --flat flat --review
run export --flat flat --format zip
run export -o x.tar.gz -y
run export -o x.tar.gz --redact ''
run export -o x.tar.gz --redact python
run_sized export -o x.tar.gz --redact Zephyrine
run export --flat flat --redact ProjectPlan
# What the archive is about, as the manifest has it.
mkdir unpacked
"$PYTHON" -c '
import json, tarfile
archive = tarfile.open("x.tgz")
manifest = json.load(archive.extractfile("agxtriage-export/manifest.json"))
for name in ("format", "format_version", "redacted", "purpose", "filter", "counts", "missing", "states", "left_out"):
    print(name, json.dumps(manifest[name], sort_keys=True))
print(*manifest["incidents"][0])
print(*manifest["reports"][0])'
# A private word in a symbol changes the signature, which is told.
sed 's/exec_binary_kernel/zephyrine_kernel/g; s/1CD62235/1CD62236/g' "$FIXTURES/agx-set-compute-pipeline-state.ips" >Python-mine.ips
"$AGXTRIAGE" -q scan Python-mine.ips >scan.log
"$AGXTRIAGE" export -o x.tar.gz --redact zephyrine --review 1CD62236 >out.log 2>&1
grep -E '^KIND|zephyrine|signature' out.log | sed -E 's/<word-[0-9]+>/<word-N>/; s/  +/  /g; s/  [0-9]+  /  N  /'
