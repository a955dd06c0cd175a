. "$LIB"
"$AGXTRIAGE" -q scan . >scan.log
run experiments
run experiments latest
"$FIXTURES/../make-experiments" "$XDG_DATA_HOME/agxtriage/crashes.db" || exit 1
run experiments
run experiments -n 1
run experiments --json -n 2
run experiments 1
run experiments 2 --trials
run experiments 1:3 5 --trials --json | pick experiment condition name simulated backend scenario lock threads outcome signal exit_status site label latency_us
run experiments 3 --trials --json | pick slot outcome ended_at
run experiments 3
run experiments 3:1
run experiments latest --csv
run experiments 9
run experiments 1:6
run experiments nonsense
run experiments 1:x
run experiments 1 -n 3
run experiments --trials
run experiments 1 --trials --csv
run_tty 80 experiments --no-pager --color never
run_tty 80 experiments 1:1 --trials --no-pager --color never
run run -n 600000 --matrix A=1,2 -- true
run run -n 1 --metric "$(printf 'a\tb=([0-9]+)')" --json --wait 0 -- printf 'a\tb=17\n' | pick experiment
run experiments latest --trials --json | pick outcome throughput
mkdir "$(printf 'caf\351')"
(cd "$(printf 'caf\351')" && run run -n 1 -- true)
run experiments -n 1 --json | pick experiment
"$AGXTRIAGE" -q repro --backend sim --threads 1 --lock none --runs 1000 >repro.log 2>&1 &
pid=$!
tries=0
until "$AGXTRIAGE" experiments -n 1 --json | grep -q '"state":"running"' || [ $tries = 100 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
run experiments -n 2 --json | pick experiment state simulated planned
kill -TERM $pid
wait $pid
run experiments -n 1 --json | pick experiment state ended_at
# The picture while it runs.
$TTY 80 "$AGXTRIAGE" run -n 3 --wait 0 -- sh -c 'sleep 0.2; exit 1' 2>&1 | grep -a -o '0 crashed unknown: all failed' | head -n 1
