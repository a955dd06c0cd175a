. "$LIB"
take agx-set-compute-pipeline-state.ips agx-prepare-for-enqueue.ips simulated.ips
"$AGXTRIAGE" triage agx-prepare-for-enqueue --status known --note 'see the tracker' >state.log
"$AGXTRIAGE" list --json >before.json
"$AGXTRIAGE" export --no-redact -o original.tar.gz >export.log 2>&1
"$AGXTRIAGE" export -o redacted.tar.zst >>export.log 2>&1
mkdir other
export AGXTRIAGE_DB=other/crashes.db
run import
run import missing.tar.gz
run import agx-set-compute-pipeline-state.ips
run import original.tar.gz
"$AGXTRIAGE" list --json | cmp - before.json && echo the same
run import original.tar.gz
run import redacted.tar.zst
run import --json original.tar.gz redacted.tar.zst
run list
export AGXTRIAGE_DB=other/redacted.db
echo '$ agxtriage import - <redacted.tar.zst'
"$AGXTRIAGE" import - <redacted.tar.zst
run list
# One byte of a report is another one.
"$PYTHON" -c '
import io, tarfile
source, target = tarfile.open("original.tar.gz"), tarfile.open("damaged.tar.gz", "w:gz")
for member in source:
    content = source.extractfile(member).read() if member.isfile() else b""
    if "reports/000002" in member.name:
        content = content.replace(b"Python", b"Qython", 1)
    target.addfile(member, io.BytesIO(content))
target.close()'
export AGXTRIAGE_DB=other/damaged.db
run import damaged.tar.gz
run list
