. "$LIB"
# The rules' version and signatures are others' matter.
report() {
	run report "$@" | sed 's/rules [0-9a-f]\{16\}/rules VERSION/; s/^| `[0-9a-f]\{16\}` .*/| SIGNATURE/'
}
"$AGXTRIAGE" -q scan . >scan.log
report
run report nobody
# A GPU event alone is no crash.
take gpuEvent-2026-02-03-101112.ips
report
take agx-set-compute-pipeline-state.ips agx-set-compute-pipeline-state.other-offset.ips \
	agx-prepare-for-enqueue.ips agx-encoder-coalescing.ips frame-without-symbol.ips
report
report --since 2030-01-01
report site=agx-encoder-coalescing --json | pick crashes simulated match sites.count regression
"$AGXTRIAGE" report --json >once.json
"$AGXTRIAGE" report --json >twice.json
cmp once.json twice.json && echo 'the same twice'
# What the simulated driver made is marked, and what was measured comes with its interval.
take simulated.ips
"$FIXTURES/../make-experiments" measured.db || exit 1
report simulated=true
"$AGXTRIAGE" report --db measured.db >measured.md
sed -n '/^## Workarounds/,/^## Measured/p; /^## How to/,/^## Reports/p' measured.md
"$AGXTRIAGE" report --db measured.db --no-experiments | grep -c '^## Measured'
# The page: all of it or nothing, never on a terminal.
run report --html page.html
head -c 15 page.html && echo
run report --html - | tail -n 1
run report --html no/such/folder/page.html 2>&1 | sed 's/.*\(no\/such\)/\1/'
find . -name '.page*' | grep -c .
run report --html page.html --json
run report --html ''
run_tty 80 report --html - --color never
run report sites=agx-encoder-coalescing
# Private words go.
sed 's/metal gpu stream 1/metal gpu hushhush 1/; s/[0-9A-F]\{8\}-\([0-9A-F]\{4\}-3\)/0BADCAFE-\1/' \
	"$FIXTURES/agx-set-buffer.ips" >private.ips
"$AGXTRIAGE" -q scan private.ips >scan.log 2>&1
echo 'private words without and with --redact:'
"$AGXTRIAGE" report | grep -c hushhush
"$AGXTRIAGE" report --redact | grep -c hushhush
"$AGXTRIAGE" report --redact --json | pick redacted
# Every command that is recommended is one; with few runs, so that it ends.
"$PYTHON" - once.json <<'END' >next.txt
import json, re, sys
lines = set()
for site in json.load(open(sys.argv[1]))["sites"]:
    lines.update(line.split(" # ")[0] for line in site["next"])
for line in sorted(lines):
    print(re.sub(r"--runs \d+", "--runs 1 --operations 8 --wait 0", line).replace("-n 30", "-n 1 --wait 0")
          .replace("COMMAND", "true").replace("agxtriage", '"$AGXTRIAGE" -q', 1))
END
while read -r line; do
	eval "$line" >out.log 2>&1 </dev/null
	printf '[%d] %s\n' $? "$line"
done <next.txt
