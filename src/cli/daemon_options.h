/*
 * What daemon can be told on its command line: a flag for every key of the configuration and a few
 * of its own. Knows nothing of how the daemon runs.
 */
#ifndef CLI_DAEMON_OPTIONS_H
#define CLI_DAEMON_OPTIONS_H

#include "cli/cli.h"

struct daemon_options {
	bool all, check, agent, symbolicate, json; /* json: with check */
	const char *log;                           /* NULL: stderr */
	/* The rest is for daemon_options_apply(). */
	const char *max_age, *raw_max_age, *max_size, *hook, *hook_timeout, *hook_max_running,
		*forwarder;
	struct option_list include, exclude, hook_args, hook_kinds, forwarder_args, symbols;
};

extern const struct option_row daemon_option_rows[];

/*
 * Puts the flags and the PATHs (the watched folders, may be none) over config. -EINVAL names the
 * flag: wrong usage; config may then have some of the flags. -ENOMEM.
 */
int daemon_options_apply(const struct daemon_options *options, int count, char **operands,
	struct config *config, struct err *err);

/*
 * daemon --check: prints what is in force in cli->config (the flags already over it), where each
 * value came from, and whether it can work: database, rules, folders, hook, forwarder. Changes
 * nothing. CLI_FAILED, with the reasons on stderr, when something in force cannot work.
 */
enum cli_status daemon_check(struct cli *cli, bool json);

#endif
