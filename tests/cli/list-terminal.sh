. "$LIB"
take agx-set-compute-pipeline-state.ips agx-prepare-for-enqueue.ips frame-without-symbol.ips \
	gpuEvent-2026-02-03-101112.ips
run_tty 80 list --no-pager --color never
run_tty 110 list --no-pager --color never
run_tty 200 list --no-pager --color never
run_tty 30 list --no-pager --color never -1
run_tty 80 list --no-pager -1
NO_COLOR=1 run_tty 80 list --no-pager -1
TERM=dumb run_tty 80 list --no-pager -1
run --color always list -1
export AGXTRIAGE_PAGER='sed s/^/paged:/'
run_tty 80 --color never list -1
run_tty 80 list -1 --json --no-pager | pick site
run list -1 | cut -c 1-12
export AGXTRIAGE_PAGER=cat
run_tty 80 --color never list -1
export AGXTRIAGE_PAGER=/nonexistent/pager
run_tty 80 --color never list -1
export AGXTRIAGE_PAGER=true
run_tty 80 --color never list
unset AGXTRIAGE_PAGER
export PAGER='tr a-z A-Z'
run_tty 80 --color never list -1
