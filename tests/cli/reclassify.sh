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
echo '# what was decided goes with the incidents'
mine() {
	cat >"$XDG_CONFIG_HOME/agxtriage/rules.d/mine.json" <<-END
	{"version": 1, "rules": [{"site": "$1", "title": "Mine", "priority": 95,
	 "match": [{"frame": "AGX::ResourceGroupUsage*::bindResource", "image": "AGXMetalG*"}]}]}
	END
}
mine my-own-site
run triage agx-bind-resource --status fixed --fixed-in 24H1 --note 'since 24D60'
run reclassify --dry-run
run triage --json | pick name status fixed_in incidents
run reclassify
run triage --json | pick name status fixed_in incidents
run list --json status=fixed | pick site
history() {
	run triage "$1" | sed -nE 's/20[0-9-]{8} [0-9:]{8}/NOW/; /^History/,$p'
}
history my-own-site
history agx-bind-resource
mine my-other-site
run reclassify --json | pick changed states
run triage my-own-site --json | pick name status
run triage --json | pick name status fixed_in incidents
echo '# and stays where it cannot'
run triage agx-bind-resource --status known
rm "$XDG_CONFIG_HOME/agxtriage/rules.d/mine.json"
run reclassify --dry-run --json | pick states
run reclassify
run triage --json | pick name status fixed_in incidents
mkdir elsewhere elsewhere/rules.d
echo '{"version": 1, "rules": [{"site": "other", "title": "O", "priority": 95, "match": [{"frame": "*setBuffer*"}]}]}' \
	>elsewhere/rules.d/x.json
echo '{}' >elsewhere/config.json
run --config elsewhere/config.json reclassify --dry-run
