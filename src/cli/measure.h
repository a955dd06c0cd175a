/*
 * From conditions to an answer: puts an experiment into the database, has its trials run with
 * progress on the terminal, and prints what came of it. What 'repro' and 'run -n' have in common.
 */
#ifndef CLI_MEASURE_H
#define CLI_MEASURE_H

#include "cli/cli.h"
#include "cli/conditions.h"
#include "export/experiment_summary.h"

/* How the answer is printed. */
struct measure_format {
	bool json, csv, markdown, hyperfine;
};

#define MEASURE_FORMAT_ROWS(s, member)                                                            \
	{.name = "json",                                                                          \
		.help = "one JSON object",                                                        \
		.type = OPTION_FLAG,                                                              \
		.offset = offsetof(s, member) + offsetof(struct measure_format, json)},           \
		{.name = "csv",                                                                   \
			.help = "a line of CSV for each condition",                               \
			.type = OPTION_FLAG,                                                      \
			.offset = offsetof(s, member) + offsetof(struct measure_format, csv)},    \
		{.name = "markdown",                                                              \
			.help = "tables for an issue or a page",                                  \
			.type = OPTION_FLAG,                                                      \
			.offset =                                                                 \
				offsetof(s, member) + offsetof(struct measure_format, markdown)}, \
	{                                                                                         \
		.name = "hyperfine", .help = "wall times in the shape of hyperfine's export",     \
		.type = OPTION_FLAG,                                                              \
		.offset = offsetof(s, member) + offsetof(struct measure_format, hyperfine)        \
	}

/* CLI_USAGE after saying so when more than one is asked for. */
enum cli_status measure_check_format(struct cli *cli, const struct measure_format *format);
/* Loads what words name: "7", "7:2", "latest". CLI_NOTHING when there is no such experiment,
 * CLI_USAGE and CLI_FAILED after saying why; *ret is to be finished only with CLI_DONE. */
enum cli_status measure_load(
	struct cli *cli, const char *const *words, size_t count, struct experiment_summary *ret);
/* Prints it. CLI_DONE, or CLI_FAILED after saying why. */
enum cli_status measure_write(struct cli *cli, const struct experiment_summary *summary,
	const struct measure_format *format);
/* Prints text and frees it. CLI_DONE, or CLI_FAILED after saying why. */
enum cli_status measure_put(struct cli *cli, struct buf *text);
/* Loads and writes. */
enum cli_status measure_print(struct cli *cli, const char *const *words, size_t count,
	const struct measure_format *format);

/* What an experiment needs to know again when it is resumed. */
struct measure_settings {
	int64_t timeout_ms, wait_ms;
	bool answers;       /* the trials speak agxtriage-repro's protocol */
	const char *metric; /* POSIX extended regular expression; NULL: none */
	const char *folder; /* the trials start here */
};

/* As JSON and back; texts live in arena. -EBADMSG for what is none. */
void measure_settings_format(const struct measure_settings *settings, struct buf *ret);
int measure_settings_parse(
	const char *json, struct arena *arena, struct measure_settings *ret, struct err *err);

/* All borrowed. */
struct measure_plan {
	enum experiment_kind kind;
	int64_t runs;
	struct i64_opt seed; /* absent: one is made up */
	char **words;        /* what the user typed behind the command's name, NULL-terminated */
	const char *command; /* "repro", "run" */
	const struct measure_settings *settings;
	const struct conditions *conditions;
};

/* Stores it. CLI_DONE, or CLI_FAILED or CLI_USAGE after saying why. */
enum cli_status measure_add(struct cli *cli, const struct measure_plan *plan, int64_t *ret_id);

struct measure_end {
	bool stopped; /* not all trials have run */
	bool crashed; /* a trial, or something that it started */
};

/* Runs what is left of experiment id with the settings that are stored. CLI_DONE or CLI_FAILED. */
enum cli_status measure_run(struct cli *cli, int64_t id, struct measure_end *ret);

/* The experiment that a resume means: word, or NULL for the newest that has not ended. */
enum cli_status measure_find(struct cli *cli, const char *word, int64_t *ret_id);

#endif
