. "$LIB"
run
run --version
run --help
run help top
run top --help
run lsit
run banana
run --colour=always list
run list --limt 3
run list -n 0
run list --since someday
run help nonsense
run sql
run sql a b
run rules
run rules lst
run gc --db x.db extra
echo '$ agxtriage help --json'
"$AGXTRIAGE" help --json >help.json
"$PYTHON" - help.json <<'END'
import json, sys
table = json.load(open(sys.argv[1]))
for command in table["commands"]:
    names = [option["name"] or option["letter"] for option in command["options"]]
    print(command["name"], command["operands"], " ".join(names), sep=" | ")
END
echo 'lines of help too wide for 80 columns:'
for command in scan list show top rules reclassify gc sql help; do
	"$AGXTRIAGE" "$command" --help
done | awk 'length > 80'
"$AGXTRIAGE" --help | awk 'length > 80'
