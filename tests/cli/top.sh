. "$LIB"
"$AGXTRIAGE" -q scan . >scan.log
run top
take agx-set-compute-pipeline-state.ips agx-set-compute-pipeline-state.new-generation.ips \
	agx-prepare-for-enqueue.ips frame-without-symbol.ips gpuEvent-2026-02-03-101112.ips
run top
run top --by site,fault_address
run top --by signature
run top --by driver_version --json
run top --by site --json -n 1
run top --json 'site=agx-*' | pick count share by
run top --by nonsense 2>&1 | cut -c 1-80
run top --by ''
run top --by a,b,c,d,e
run top process=nobody
run top --since 2030-01-01
run_tty 80 top --no-pager --color never
run_tty 60 top --no-pager --color never
