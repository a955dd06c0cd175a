# One report from the database, a file and stdin: readable, explained, as JSON, as bytes; and what is refused.
. "$LIB"
cp "$FIXTURES"/*.ips "$FIXTURES"/*.crash "$FIXTURES"/container-two.txt .
run show
take agx-set-compute-pipeline-state.ips agx-encoder-coalescing.ips simulated.ips
run show 1
run show latest --explain | sed -n '/^How/,$p'
run_tty 90 --color never show --no-pager agx-encoder-coalescing.ips
run_tty 90 show --no-pager simulated.ips
run_tty 90 show --no-pager gpuEvent-2026-02-03-101112.ips
run show panic-full-panic-complete-memory.ips
run show kind-298.ips
run show kind-308.ips
run show kind-288.ips
run show -a agx-prepare-for-enqueue.text.crash | grep -E '^[A-Z]|^>|  x20 | esr '
run show container-two.txt --json | pick incident_id site fault.address source.path source.ordinal
echo '$ agxtriage show - --json < agx-bind-resource.ips'
"$AGXTRIAGE" show - --json <agx-bind-resource.ips | pick id site fault.address source.path status
echo '$ agxtriage show --json 1'
"$AGXTRIAGE" show --json 1 | "$PYTHON" -c 'import json, sys; print(*json.load(sys.stdin))'
for name in 1 agx-set-compute-pipeline-state.ips; do
	"$AGXTRIAGE" show --raw "$name" | cmp - agx-set-compute-pipeline-state.ips && echo "$name: same bytes"
done
"$AGXTRIAGE" show --json latest | pick incident_id simulated
# The beginning of an incident id; what matches nothing; files that are none.
id=$("$AGXTRIAGE" show --json 1 | pick incident_id | cut -c 2-9)
"$AGXTRIAGE" show --json "$id" | pick id site
run show 4711
run show ffffffff
run show ./none.ips
run show bad-truncated-in-string.ips
run show bad-empty.ips
run show /
run show --raw --json 1
run show 1 2
# No unclean byte reaches a terminal, as it is or in the view.
run_tty 90 show --raw odd-text-raw-escape.ips
run_tty 90 show --no-pager odd-text-escape.ips | grep -A2 '(crashed)'
