/* The rows of the table of commands; each stands in the file of its command. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct command agent_command;
extern const struct command compare_command;
extern const struct command daemon_command;
extern const struct command doctor_command;
extern const struct command experiments_command;
extern const struct command export_command;
extern const struct command gc_command;
extern const struct command help_command;
extern const struct command import_command;
extern const struct command list_command;
extern const struct command reclassify_command;
extern const struct command report_command;
extern const struct command repro_command;
extern const struct command rules_command;
extern const struct command run_command;
extern const struct command scan_command;
extern const struct command show_command;
extern const struct command sql_command;
extern const struct command status_command;
extern const struct command top_command;
extern const struct command triage_command;
extern const struct command watch_command;

#endif
