. "$LIB"
run list
run reclassify
run gc --recompress
run --db named.db list
cp "$FIXTURES/agx-bind-resource.ips" .
run -q scan agx-bind-resource.ips
ls -l "$XDG_DATA_HOME/agxtriage" | cut -c 1-10 | tail -n +2 | sort -u
ls -ld "$XDG_DATA_HOME/agxtriage" | cut -c 1-10
run list -n1 --json | pick site
run --db named.db -q scan agx-bind-resource.ips
AGXTRIAGE_DB=named.db run top --json | pick count
AGXTRIAGE_DB=nowhere.db run list
AGXTRIAGE_DB=nowhere.db run --db=named.db top --json | pick count
AGXTRIAGE_DB=nowhere.db run top --json --db named.db | pick count
echo garbage, not a database, but long enough to look at >other.db
run --db other.db list
cat other.db
env -u HOME -u XDG_DATA_HOME "$AGXTRIAGE" list
echo "[$?]"
run --config nowhere/config.json list
