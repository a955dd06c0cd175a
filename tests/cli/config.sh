. "$LIB"
reports="$XDG_DATA_HOME/agxtriage/reports"
config="$XDG_CONFIG_HOME/agxtriage/config.json"
mkdir -p "$reports" "$XDG_CONFIG_HOME/agxtriage" more
cp "$FIXTURES/agx-bind-resource.ips" "$reports/Python-1.ips"
cp "$FIXTURES/breakpoint.ips" more/Other-1.ips
cp "$FIXTURES/agx-prepare-for-enqueue.ips" more/Python-2.ips
echo 'scan reads the configured folders'
printf '{\n\t"folders": ["%s"],\n\t"exclude": ["*-2.ips"]\n}\n' "$PWD/more" >"$config"
run scan --json
echo 'flags are stronger, PATH as well'
run scan --json --all
run scan --json --exclude 'nothing*'
run scan --json --exclude '*-1.ips' --exclude '*-2.ips' "$reports"
run scan --json "$reports"
printf '{"all": true}' >all.json
run --config all.json --db all.db scan --json more
printf '{"include": ["Other-*"]}' >other.json
run --config other.json --db other.db scan --json more
run --db other.db scan --json --include 'Else*' --include '*-2*' more
echo 'an empty file and none at all say nothing'
: >empty.json
run --config empty.json --db empty.db scan --json
rm "$config"
run --db none.db scan --json
echo 'a broken one is no default'
printf '{\n\t"folders": ["%s"],\n\t"exlude": ["*-2.ips"]\n}\n' "$PWD/more" >"$config"
run --db broken.db scan
ls broken.db 2>/dev/null
printf '{\n\t"retention": {"max_size": "1M"}\n}\n' >"$config"
run scan
run list -n 1 --json | pick process.name
run --config nowhere.json scan
run --config more scan
rm "$config"
run scan --include a/b
