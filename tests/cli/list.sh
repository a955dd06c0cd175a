. "$LIB"
"$AGXTRIAGE" -q scan . >scan.log
run list
run -q list
take agx-set-compute-pipeline-state.ips agx-prepare-for-enqueue.ips frame-without-symbol.ips \
	gpuEvent-2026-02-03-101112.ips simulated.ips
run list
run list -r -n 2
run list -1
run list -n2 --reverse
run list Python
run list 'site=agx-*' fault_access=read
run list kind=gpu_event
run list site=nonsense-*
run list nosuchfield=1
run list proces=Python
run list agx-set-compute-pipeline-state
run list --since 2026-02-04 --until 2026-02-05 site=agx-set-compute-pipeline-state
run list --since 2400-01-01
run list --json --no-pager | pick id kind site fault.address status source.path
echo '$ agxtriage list --json -1'
"$AGXTRIAGE" list --json -1 | "$PYTHON" -c 'import json, sys; print(*json.load(sys.stdin))'
