. "$LIB"
"$AGXTRIAGE" -q scan . >scan.log
"$FIXTURES/../make-experiments" "$XDG_DATA_HOME/agxtriage/crashes.db" || exit 1
run compare
run_tty 80 compare 1 --no-pager --color never
run_tty 110 compare 1 --no-pager --color always
run compare 2
run compare 4 5
run compare 4:0 1:3
run compare 3
run compare 1 --json
run compare 2 1:0 --json | pick experiment experiments simulated platforms
run compare 1 2 --csv
run compare 1 --markdown
run compare 2 --markdown
run compare 2 3 --hyperfine
run compare 1 --csv --json
run compare 9
