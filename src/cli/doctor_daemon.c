/* Checks of the daemon and of the launchd agent that starts it. */
#include "cli/doctor.h"

#include "base/clock.h"
#include "base/spawn.h"
#include "cli/agent.h"
#include "collect/presence.h"

#include <stdlib.h>
#include <unistd.h>

void doctor_check_daemon(struct doctor *doctor) {
	struct err err = {0};
	int found = presence_find(doctor->db_path, &doctor->pid, &err);
	doctor->running = found > 0;
	if (found < 0)
		doctor_say(doctor, DOCTOR_FAILED, NULL, "%s", err.text);
	else if (!found)
		doctor_say(doctor, DOCTOR_WARNING,
			"'agxtriage agent install' (macOS) or 'agxtriage daemon' starts one",
			"none runs: only 'agxtriage scan' takes reports in");
	else if (presence_in_trouble(doctor->db_path))
		doctor_say(doctor, DOCTOR_FAILED,
			"its log tells why; reports wait in their folders until it can",
			"process %ld cannot write to its database", (long)doctor->pid);
	else
		doctor_say(doctor, DOCTOR_OK, NULL, "runs, process %ld", (long)doctor->pid);
}

/* What the daemon says of itself; asked when the database is known to be whole. When it scanned
 * last tells nothing: a scan that finds nothing writes nothing. */
void doctor_check_daemon_row(struct doctor *doctor) {
	struct store_daemon row;
	struct err err = {0};
	char when[CLOCK_TEXT_BYTES];
	int r = store_find_daemon(doctor->store, &row, &err);
	if (r < 0) {
		doctor_say(doctor, DOCTOR_FAILED, NULL, "%s", err.text);
		return;
	}
	if (!r || !doctor->running)
		return;
	if (!row.last_error)
		return;
	clock_format_local(
		row.last_error_at_us.set ? row.last_error_at_us.value : clock_now_us(), when);
	doctor_say(doctor, DOCTOR_WARNING, NULL, "its last error, at %s: %s", when, row.last_error);
}

void doctor_check_agent(struct doctor *doctor) {
	struct agent agent = {0};
	struct err err = {0};
	struct buf plist = {0};
	char *launchctl = spawn_find("launchctl");
	free(launchctl);
	if (!launchctl) {
		doctor_say(doctor, DOCTOR_SKIPPED, NULL, "no launchd on this system");
		return;
	}
	int r = agent_init(doctor->cli, &agent, &err);
	if (!r)
		r = agent_read_plist(&agent, false, &plist, &err);
	if (r < 0)
		doctor_say(doctor, DOCTOR_FAILED, NULL, "%s", err.text);
	else if (!r)
		doctor_say(doctor, DOCTOR_WARNING,
			"'agxtriage agent install' keeps the daemon running", "not installed");
	else if (!doctor->running)
		doctor_say(doctor, DOCTOR_FAILED, "'agxtriage agent status' tells more",
			"installed (%s), but no daemon runs", agent.plist_path);
	else
		doctor_say(doctor, DOCTOR_OK, NULL, "installed: %s", agent.plist_path);
	agent_finish(&agent);
	buf_finish(&plist);
}
