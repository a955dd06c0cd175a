/* The table of commands, in the order of the help. */
#include "cli/commands.h"

const struct command *const cli_commands[] = {
	&scan_command,
	&daemon_command,
	&agent_command,
	&list_command,
	&show_command,
	&top_command,
	&watch_command,
	&run_command,
	&repro_command,
	&compare_command,
	&experiments_command,
	&report_command,
	&export_command,
	&import_command,
	&rules_command,
	&triage_command,
	&reclassify_command,
	&status_command,
	&doctor_command,
	&gc_command,
	&sql_command,
	&help_command,
	NULL,
};
