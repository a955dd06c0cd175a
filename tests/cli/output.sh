. "$LIB"
take agx-bind-resource.ips
for command in --version --help list 'list --json' top 'top --json' 'rules list' 'sql select+1' 'help --json'; do
	echo "\$ agxtriage $command >/dev/full"
	"$AGXTRIAGE" $command >/dev/full
	echo "[$?]"
done
echo '$ agxtriage sql ... | head -1'
{
	"$AGXTRIAGE" sql --csv 'with recursive c(x) as (select 1 union all select x + 1 from c) select x from c'
	echo "[$?]" >&2
} | head -1
