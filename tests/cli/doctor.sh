. "$LIB"
# What differs from machine to machine.
steady() {
	sed -E -e 's/(it is )[0-9-]+ [0-9:]+/\1NOW/' -e 's/[0-9]+ MiB are/N MiB are/' -e 's/version [0-9a-f]{16}/version V/' \
		-e 's/process [0-9]+ /process N /' -e 's/[0-9]+ ms/N ms/g' -e 's/[0-9]+ bytes/N bytes/' \
		-e 's/damaged-[0-9]{8}-[0-9]{6}/damaged-TIME/g' -e 's/damaged: .*; set aside/damaged: WHY; set aside/'
}
states() {
	pick check state
}
run doctor | steady
mkdir -p "$XDG_DATA_HOME/agxtriage/reports"
cp "$FIXTURES/agx-bind-resource.ips" "$XDG_DATA_HOME/agxtriage/reports/Python-2025-12-20-173618.ips"
run -q scan
# The fixture's capture time may lie in a slow clock's future.
run doctor --full | grep -v 'clock\|failed, ' | steady
# A crash of our own, taken in without a daemon.
run doctor --self-test --json | tail -n 2 | steady
run list --json | pick kind simulated exception.signal fault.address fault.access fault.kind status | sort
ls "$XDG_DATA_HOME/agxtriage/reports"
# Open to others.
chmod 755 "$XDG_DATA_HOME/agxtriage"
chmod 644 "$XDG_DATA_HOME/agxtriage/crashes.db"
run doctor -n --json | states | grep -v '"ok"'
run doctor --json | states | grep repaired
ls -ld "$XDG_DATA_HOME/agxtriage" "$XDG_DATA_HOME/agxtriage/crashes.db" | cut -c 1-10
# Damaged.
"$PYTHON" -c '
import os
with open(os.environ["XDG_DATA_HOME"] + "/agxtriage/crashes.db", "r+b") as file:
    file.seek(0)
    file.write(b"\xff" * 60)'
run doctor -n | grep '^failed' | steady
run doctor | grep '^repaired' | steady
run list --json | pick process.name simulated | sort
run doctor --json | states | grep set-aside
# A stand-in for a Mac whose reporter is switched off, and one whose is not.
mkdir bin
cat >bin/launchctl <<'END'
#!/bin/sh
echo 'disabled services = {'
echo '	"com.apple.ReportCrash" => '"$REPORTER"
echo '}'
END
printf '#!/bin/sh\necho crashreport\n' >bin/defaults
chmod 755 bin/launchctl bin/defaults
PATH=$PWD/bin:$PATH
export REPORTER=disabled
run doctor --json | pick check state finding | grep '"reporter"'
export REPORTER=enabled
run doctor --json | pick check state finding | grep '"reporter"'
# Twenty-five of one program.
for n in $(seq 10 34); do cp "$FIXTURES/agx-bind-resource.ips" "$XDG_DATA_HOME/agxtriage/reports/python3.11-2025-12-21-1736$n.ips"; done
run doctor --json | pick check state finding | grep '"quota"'
