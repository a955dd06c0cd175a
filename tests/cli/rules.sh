. "$LIB"
run rules list --json | pick site source | head -3
run rules list | head -4 | cut -c 1-60
cp "$FIXTURES/agx-bind-resource.ips" "$FIXTURES/frame-without-symbol.ips" .
run rules test agx-bind-resource.ips | grep "^[^a-z]\|^site \|^rule \|^rule: fault"
run rules test --json - <agx-bind-resource.ips | pick site rule
run rules test frame-without-symbol.ips >test.log
tail -1 test.log
run rules test nowhere.ips
echo nothing in here >prose.txt
run rules test prose.txt
mkdir -p "$XDG_CONFIG_HOME/agxtriage/rules.d"
echo '{"rules": [' >"$XDG_CONFIG_HOME/agxtriage/rules.d/broken.json"
run rules test --json agx-bind-resource.ips | pick site rule
run rules check "$XDG_CONFIG_HOME/agxtriage/rules.d/broken.json"
run rules check nowhere.json
run rules check --json prose.txt
