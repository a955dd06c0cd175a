. "$LIB"
take agx-bind-resource.ips agx-bind-resource.new-field.ips agx-set-buffer.ips
run reclassify
run reclassify --json | pick incidents changed unreadable dry_run changes
mkdir -p "$XDG_CONFIG_HOME/agxtriage/rules.d"
cat >"$XDG_CONFIG_HOME/agxtriage/rules.d/mine.json" <<'END'
{"version": 1, "rules": [{"site": "my-own-site", "title": "Mine", "priority": 95,
 "match": [{"frame": "AGX::ResourceGroupUsage*::bindResource", "image": "AGXMetalG*"}]}]}
END
run rules check "$XDG_CONFIG_HOME/agxtriage/rules.d/mine.json" | sed "s/of [0-9]*$/of N/"
run reclassify --dry-run
run reclassify --dry-run --json | pick changed signatures_changed dry_run changes
run top --json | pick by.site count title
run reclassify
run top --json | pick by.site count title
run list --json site=my-own-site | pick site triage.rule
run reclassify
rm "$XDG_CONFIG_HOME/agxtriage/rules.d/mine.json"
run -q reclassify
run top --json | pick by.site count
mkdir elsewhere elsewhere/rules.d
echo '{"version": 1, "rules": [{"site": "other", "title": "O", "priority": 95, "match": [{"frame": "*setBuffer*"}]}]}' \
	>elsewhere/rules.d/x.json
echo '{}' >elsewhere/config.json
run --config elsewhere/config.json reclassify --dry-run
