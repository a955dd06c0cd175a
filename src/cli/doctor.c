/* agxtriage doctor: the table of checks, and how their findings are printed. */
#include "cli/doctor.h"

#include "base/log.h"
#include "cli/commands.h"
#include "export/json_out.h"
#include "export/text_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STATE_COLUMNS 10
#define CHECK_COLUMNS 15

/* In the order in which they build on each other. */
static const struct doctor_check checks[] = {
	{"configuration", doctor_check_config, false},
	{"rules", doctor_check_rules, false},
	{"daemon", doctor_check_daemon, false},
	{"agent", doctor_check_agent, false},
	{"folders", doctor_check_folders, false},
	{"reporter", doctor_check_reporter, false},
	{"quota", doctor_check_quota, false},
	{"database", doctor_check_database, false},
	{"privacy", doctor_check_privacy, false},
	{"integrity", doctor_check_integrity, true},
	{"dictionary", doctor_check_dictionary, true},
	{"writing", doctor_check_writing, true},
	{"daemon", doctor_check_daemon_row, true},
	{"log", doctor_check_log, false},
	{"space", doctor_check_space, false},
	{"clock", doctor_check_clock, false},
	{"set-aside", doctor_check_set_aside, false},
	{"self-test", doctor_check_self_test, false},
};

static const struct {
	const char *name;
	enum term_role role;
} states[DOCTOR_STATE_COUNT] = {
	[DOCTOR_OK] = {"ok", TERM_GOOD},
	[DOCTOR_WARNING] = {"warning", TERM_WARN},
	[DOCTOR_FAILED] = {"failed", TERM_BAD},
	[DOCTOR_REPAIRED] = {"repaired", TERM_WARN},
	[DOCTOR_SKIPPED] = {"skipped", TERM_DIM},
};

static void print_json(const struct doctor *doctor, struct buf *line, enum doctor_state state,
	const char *finding, const char *advice) {
	struct json_out out;
	json_out_init(&out, line);
	json_out_object(&out, NULL);
	json_out_text(&out, "check", doctor->check);
	json_out_text(&out, "state", states[state].name);
	json_out_text(&out, "finding", finding);
	json_out_text(&out, "advice", advice);
	json_out_object_end(&out);
	buf_add_char(line, '\n');
}

static void put_padded(
	struct text_out *out, enum term_role role, const char *text, size_t columns) {
	size_t len = strlen(text);
	text_out_put(out, role, text);
	text_out_blanks(out, len < columns ? columns - len : 1);
}

static void print_text(const struct doctor *doctor, struct buf *line, enum doctor_state state,
	const char *finding, const char *advice) {
	struct text_out out = {.buf = line, .term = &doctor->cli->out};
	put_padded(&out, states[state].role, states[state].name, STATE_COLUMNS);
	put_padded(&out, TERM_PLAIN, doctor->check, CHECK_COLUMNS);
	text_out_put(&out, TERM_PLAIN, finding);
	text_out_newline(&out);
	if (advice)
		text_out_paragraph(&out, TERM_PLAIN, STATE_COLUMNS + CHECK_COLUMNS, advice);
}

void doctor_say(
	struct doctor *doctor, enum doctor_state state, const char *advice, const char *fmt, ...) {
	char finding[2 * ERR_TEXT_BYTES];
	struct buf line = {0};
	va_list args;
	va_start(args, fmt);
	vsnprintf(finding, sizeof finding, fmt, args);
	va_end(args);
	doctor->counts[state]++;
	if (doctor->options->json)
		print_json(doctor, &line, state, finding, advice);
	else
		print_text(doctor, &line, state, finding, advice);
	term_put_buf(&doctor->cli->out, &line);
	term_flush(&doctor->cli->out);
	buf_finish(&line);
}

static void print_summary(struct doctor *doctor) {
	struct buf line = {0};
	const unsigned *counts = doctor->counts;
	buf_printf(&line, "%u ok, %u warning%s, %u failed, %u repaired, %u skipped\n",
		counts[DOCTOR_OK], counts[DOCTOR_WARNING], counts[DOCTOR_WARNING] == 1 ? "" : "s",
		counts[DOCTOR_FAILED], counts[DOCTOR_REPAIRED], counts[DOCTOR_SKIPPED]);
	term_put_buf(&doctor->cli->out, &line);
	buf_finish(&line);
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	struct doctor doctor = {.cli = cli, .options = values};
	struct err err = {0};
	doctor.db_path = cli_db_path(cli);
	if (!doctor.db_path)
		return CLI_FAILED;
	if (config_init(&doctor.config, &err) < 0)
		return cli_fail(&err);
	for (size_t i = 0; i < sizeof checks / sizeof *checks && !cli->out.error; i++) {
		doctor.check = checks[i].name;
		if (doctor.store || !checks[i].needs_store)
			checks[i].run(&doctor);
	}
	if (!doctor.options->json)
		print_summary(&doctor);
	store_close(doctor.store);
	config_finish(&doctor.config);
	return doctor.counts[DOCTOR_FAILED] ? CLI_FAILED : CLI_DONE;
}

static const struct option_row option_rows[] = {
	{.name = "dry-run",
		.letter = 'n',
		.help = "only say what is wrong, repair nothing",
		.type = OPTION_FLAG,
		.offset = offsetof(struct doctor_options, dry_run)},
	{.name = "full",
		.help = "check the whole database, unpack every report",
		.type = OPTION_FLAG,
		.offset = offsetof(struct doctor_options, full)},
	{.name = "self-test",
		.help = "crash a process of our own and wait for its report",
		.type = OPTION_FLAG,
		.offset = offsetof(struct doctor_options, self_test)},
	{.name = "wait",
		.argument = "SECONDS",
		.help = "how long the self-test waits (default: 60)",
		.type = OPTION_INT,
		.offset = offsetof(struct doctor_options, wait_s),
		.min = 1},
	{.name = "json",
		.help = "one JSON object per finding",
		.type = OPTION_FLAG,
		.offset = offsetof(struct doctor_options, json)},
	{0},
};

const struct command doctor_command = {
	.name = "doctor",
	.summary = "check the collector and repair what can be repaired",
	.details =
		"Checks the configuration, the watched folders, the system's crash reporter, the\n"
		"database, the daemon and the clock. A database that others could read is made\n"
		"private. A damaged one is set aside (renamed, never deleted), a new one is made,\n"
		"and every report that can still be read from the old one or from disk is taken\n"
		"in. The exit status is 1 when something failed and was not repaired.\n"
		"\n"
		"--self-test crashes a process of agxtriage at address 0x5c8 and waits until its\n"
		"report is stored and triaged. That incident stays in the database, as a crash\n"
		"of agxtriage-repro, marked as simulated.",
	.options = option_rows,
	.options_bytes = sizeof(struct doctor_options),
	.run = run,
};
