. "$LIB"
echo 'no PATH: the folders of the system'
run scan
mkdir -p "$XDG_DATA_HOME/agxtriage/reports/Retired"
cp "$FIXTURES/agx-bind-resource.ips" "$XDG_DATA_HOME/agxtriage/reports/Retired/Python-1.ips"
run scan
run scan --json
echo 'a folder: new, known, passed over, rejected, hidden, deeper'
mkdir -p reports/Retired reports/deeper
cp "$FIXTURES/agx-prepare-for-enqueue.ips" "$FIXTURES/agx-bind-resource.ips" reports
cp "$FIXTURES/agx-prepare-for-enqueue.ips" reports/Retired/moved.ips
cp "$FIXTURES/breakpoint.ips" reports/Other-1.ips
cp "$FIXTURES/bad-empty.ips" "$FIXTURES/kind-298.ips" reports
cp "$FIXTURES/simulated.ips" reports/.hidden.ips
cp "$FIXTURES/gpuEvent-2026-02-03-101112.ips" reports/deeper
run scan reports
run scan reports
run scan --json reports
run -q scan --recursive reports
run scan --all --json reports
"$AGXTRIAGE" list --json | pick process.name kind | sort
echo 'what is named is taken'
cp "$FIXTURES/non-canonical.ips" Other-2.ips
run scan Other-2.ips
run -q scan reports/Retired/moved.ips
echo 'a file of several reports, of which only some are taken at first'
mkdir mixed
cat "$FIXTURES/agx-set-buffer.text.crash" "$FIXTURES/ns-exception.text.crash" >mixed/two.txt
run scan --json mixed
run scan --json mixed
run scan --json --all mixed
run scan --json --all mixed
echo 'an incident that comes again with other bytes'
sed 's/"bug_type":"309"/"bug_type": "309"/' reports/agx-bind-resource.ips >reports/again.ips
run scan --json reports/again.ips
echo 'nothing that could be taken'
mkdir empty
run scan empty
run scan nowhere
run scan --json nowhere nowhere-else
run scan reports/bad-empty.ips
run scan nowhere reports/kind-298.ips
echo 'files stay as they are'
cmp reports/agx-bind-resource.ips "$FIXTURES/agx-bind-resource.ips" && ls reports
run scan --jsn
run --db /proc/none/x.db scan empty 2>&1 | sed 's/: .*//'
echo 'a bar on a terminal, within its width'
for columns in 30 80; do
	rm -f x.db
	run_tty "$columns" --db x.db scan reports | tr '\r' '\n' | grep -c 'of [0-9]* reports' >count
	[ "$(cat count)" -gt 0 ] && echo "$columns columns: drawn"
	rm -f x.db
	run_tty "$columns" --db x.db scan reports >seen
	"$PYTHON" - "$columns" seen <<'END'
import sys
widest = max(len(part.split("^[[K")[0]) for line in open(sys.argv[2]) for part in line.rstrip("\n").split("^[[K")
             if "#" in part or part.endswith("reports"))
print("fits" if widest < int(sys.argv[1]) else f"{widest} columns")
END
done
rm -f x.db
TERM=dumb run_tty 80 --db x.db scan reports/kind-298.ips
