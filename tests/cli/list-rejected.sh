. "$LIB"
take agx-bind-resource.ips
run list --rejected
cp "$FIXTURES/bad-empty.ips" .
"$AGXTRIAGE" -q scan --all . >scan.log 2>&1
cp "$FIXTURES/bad-truncated-in-string.ips" "$(printf 'odd\033[31m\nname.ips')"
"$AGXTRIAGE" -q scan --all . >scan.log 2>&1
run list --rejected | sed 's/^20[^ ]* [^ ]*/TIME               /'
run list --rejected --json | pick path size reason
run list --rejected -n1 --json | pick reason
run list --rejected --until 2020-01-01
run list --rejected Python
run list --rejected -r
