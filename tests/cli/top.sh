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
# What the simulated driver made is told apart from what it stands among.
take simulated.ips
run top
run top --by driver_version,process
run top --json | pick count simulated by
run top simulated=false
run status 2>/dev/null | grep Stored
run status --json 2>/dev/null | pick stored simulated
