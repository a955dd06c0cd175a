/* agent: the daemon as a launchd agent. */
#include "cli/agent.h"

#include "base/log.h"
#include "cli/commands.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct agent_options {
	bool json;
};

static const struct option_row options[] = {
	{.name = "json",
		.help = "status as one JSON object",
		.type = OPTION_FLAG,
		.offset = offsetof(struct agent_options, json)},
	{0},
};

enum verb { VERB_INSTALL, VERB_UNINSTALL, VERB_STATUS, VERB_COUNT };

static const char *const verbs[VERB_COUNT] = {"install", "uninstall", "status"};

static enum verb find_verb(const char *word) {
	int verb = 0;
	while (verb < VERB_COUNT && strcmp(verbs[verb], word) != 0)
		verb++;
	return (enum verb)verb;
}

/* sudo keeps HOME or not, as it is set up; either way launchd would run the agent as root, for the
 * wrong home. */
static bool under_sudo(void) {
	const char *user = getenv("SUDO_USER");
	return geteuid() == 0 && user && *user && strcmp(user, "root") != 0;
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct agent_options *chosen = values;
	enum verb verb = find_verb(operands[0]);
	struct agent agent;
	struct err err = {0};
	if (verb == VERB_COUNT)
		return cli_usage(
			cli, "install, uninstall or status is needed, not '%s'", operands[0]);
	if (chosen->json && verb != VERB_STATUS)
		return cli_usage(cli, "--json is for status");
	if (under_sudo()) {
		log_error("the agent belongs to a user: run this without sudo, as %s",
			getenv("SUDO_USER"));
		return CLI_FAILED;
	}
	if (agent_init(cli, &agent, &err) < 0)
		return cli_fail(&err);
	enum cli_status status = CLI_FAILED;
	if (verb == VERB_INSTALL)
		status = agent_install(cli, &agent);
	else if (verb == VERB_UNINSTALL)
		status = agent_uninstall(cli, &agent);
	else
		status = agent_status(cli, &agent, chosen->json);
	agent_finish(&agent);
	return status;
}

const struct command agent_command = {
	.name = "agent",
	.operands = "install | uninstall | status",
	.summary = "have launchd keep the daemon running (macOS)",
	.details =
		"install takes in what is on disk, writes ~/Library/LaunchAgents/agxtriage.plist,\n"
		"loads it and checks that the daemon runs; --db and --config become part of it.\n"
		"Run it again after an upgrade. uninstall ends the daemon and removes the file;\n"
		"database and log stay. status exits with 0 when the agent runs, 1 when it does\n"
		"not, 3 when it is not installed.",
	.options = options,
	.options_bytes = sizeof(struct agent_options),
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
