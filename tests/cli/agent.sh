. "$LIB"
# What launchctl is asked, and what comes of it, is tested in tests/fault/agent.py.
# shellcheck disable=SC2123
PATH=/nonexistent
run agent
run agent start
run agent install now
run agent install --json
run agent install
run agent uninstall
run agent status
run agent status --json
[ ! -e "$HOME/Library" ] && echo nothing was made
