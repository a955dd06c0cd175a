/* run: a command under watch: what of it crashed, and a status that says so. */
#include "cli/commands.h"

#include "base/log.h"
#include "cli/run_files.h"
#include "cli/run_many.h"
#include "cli/run_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Beyond the command's own; as env(1), timeout(1) and shells have them. */
#define STATUS_HUNG 124
#define STATUS_NOT_RUN 126
#define STATUS_NOT_FOUND 127
#define STATUS_SIGNAL 128

struct run_values {
	struct run_common common;
	struct run_many many;
	const char *junit;
};

static const struct option_row run_rows[] = {
	{.name = "fail-on-crash",
		.help = "end with 1 when anything crashed",
		.type = OPTION_FLAG,
		.offset = offsetof(struct run_values, common.fail_on_crash)},
	{.name = "wait",
		.argument = "SECONDS",
		.help = "for reports (default: 60 after a crash, else 10)",
		.type = OPTION_INT,
		.offset = offsetof(struct run_values, common.wait_s)},
	{.name = "timeout",
		.argument = "SECONDS",
		.help = "end the command after so long; it counts as hung",
		.type = OPTION_INT,
		.min = 1,
		.offset = offsetof(struct run_values, common.timeout_s)},
	{.name = "summary",
		.argument = "FILE",
		.help = "append the outcome in Markdown",
		.type = OPTION_STRING,
		.offset = offsetof(struct run_values, common.summary)},
	{.name = "junit",
		.argument = "FILE",
		.help = "write the outcome as a JUnit file",
		.type = OPTION_STRING,
		.offset = offsetof(struct run_values, junit)},
	{.name = "runs",
		.letter = 'n',
		.argument = "N",
		.help = "run it N times (10) and tell how often it crashes",
		.type = OPTION_INT,
		.min = 1,
		.offset = offsetof(struct run_values, many.runs)},
	{.name = "env",
		.argument = "K=V",
		.help = "set a variable for the command",
		.type = OPTION_LIST,
		.offset = offsetof(struct run_values, many.env)},
	{.name = "matrix",
		.argument = "K=A,B",
		.help = "compare values of a variable, each with N runs",
		.type = OPTION_LIST,
		.offset = offsetof(struct run_values, many.matrix)},
	{.name = "metric",
		.argument = "REGEX",
		.help = "read a throughput from the output: its last match",
		.type = OPTION_STRING,
		.offset = offsetof(struct run_values, many.metric)},
	{.name = "metric-unit",
		.argument = "TEXT",
		.help = "what it is called",
		.type = OPTION_STRING,
		.offset = offsetof(struct run_values, many.unit)},
	{.name = "seed",
		.argument = "N",
		.help = "of the order of the runs",
		.type = OPTION_INT,
		.offset = offsetof(struct run_values, many.seed)},
	{.name = "resume",
		.help = "go on with ID, or the last one that stopped",
		.type = OPTION_FLAG,
		.offset = offsetof(struct run_values, many.resume)},
	MEASURE_FORMAT_ROWS(struct run_values, many.format),
	{0},
};

/* ---- while it waits ---- */

struct display {
	bool live; /* stderr is a terminal that may be drawn on */
	bool drawn;
	size_t columns;
};

static void on_wait(const struct run_wait *wait, void *user) {
	struct display *display = user;
	char line[256];
	if (!display->live)
		return;
	if (!wait) {
		if (display->drawn)
			fputs("\r\033[K", stderr);
		display->drawn = false;
		return;
	}
	int width = snprintf(line, sizeof line, "%s %" PRId64 " s (Ctrl-C ends the waiting)",
		wait->found     ? "waiting for further crash reports:"
		: wait->crashed ? "waiting for the crash report:"
				: "waiting in case a crash report comes:",
		wait->left_ms / 1000 + 1);
	if ((size_t)width >= display->columns)
		return;
	fprintf(stderr, "\r%s\033[K", line);
	display->drawn = true;
}

/* ---- files ---- */

typedef void (*writer_fn)(const struct run_report *report, struct buf *ret);

static enum cli_status put_file(const struct run_report *report, const char *path, writer_fn writer,
	enum cli_status (*keeper)(const char *path, const struct buf *text)) {
	struct buf text = {0};
	if (path)
		writer(report, &text);
	enum cli_status status = keeper(path, &text);
	buf_finish(&text);
	return status;
}

/* ---- the outcome ---- */

static int status_of(const struct run_values *values, const struct run_report *report, int code) {
	const struct run_result *result = report->result;
	if (code == -ENOENT || code == -ENOTDIR)
		return STATUS_NOT_FOUND;
	if (code)
		return STATUS_NOT_RUN;
	if (values->common.fail_on_crash && run_crashed(result))
		return CLI_FAILED;
	if (result->hung)
		return STATUS_HUNG;
	return result->signal ? STATUS_SIGNAL + result->signal : result->status;
}

static void say(struct cli *cli, const struct run_report *report) {
	struct buf line = {0};
	const struct run_result *result = report->result;
	run_report_end(report, &line);
	if (report->not_started)
		log_error("%s", report->not_started);
	else if (!run_crashed(result))
		log_info("no crash seen: %s", buf_str(&line));
	if (result->log_error.code)
		log_warning("%s", result->log_error.text);
	buf_finish(&line);
}

static enum cli_status put_answer(
	struct cli *cli, const struct run_values *values, const struct run_report *report) {
	struct buf text = {0};
	if (values->many.format.json)
		run_report_json(report, &text);
	else if (!report->not_started)
		run_report_text(report, &text);
	enum cli_status status = text.failed ? CLI_FAILED : CLI_DONE;
	if (text.failed)
		log_error("out of memory");
	else
		term_put_buf(&cli->out, &text);
	buf_finish(&text);
	return status;
}

/* The command's own status stays visible unless we have to say that something went wrong here. */
static enum cli_status tell(
	struct cli *cli, const struct run_values *values, struct run_report *report) {
	bool failed = false;
	say(cli, report);
	if (report->result->collecting.code) {
		log_error(
			"crash reports could not be taken in: %s", report->result->collecting.text);
		failed = true;
	}
	failed = put_answer(cli, values, report) != CLI_DONE || failed;
	failed = put_file(report, values->common.summary, run_report_markdown, run_files_append) !=
			 CLI_DONE ||
		 failed;
	failed = put_file(report, values->junit, run_report_junit, run_files_save) != CLI_DONE ||
		 failed;
	int status = report->exit_status;
	return (enum cli_status)(failed && !status ? CLI_FAILED : status);
}

/* A single run has our environment. */
static enum cli_status set_env(struct cli *cli, const struct option_list *env) {
	for (size_t i = 0; i < env->count; i++) {
		const char *word = env->items[i], *equals = strchr(word, '=');
		char *name =
			equals && equals != word ? strndup(word, (size_t)(equals - word)) : NULL;
		if (!name)
			return cli_usage(cli, "--env takes NAME=VALUE, not '%s'", word);
		setenv(name, equals + 1, 1);
		free(name);
	}
	return CLI_DONE;
}

static enum cli_status run_single(
	struct cli *cli, const struct run_values *values, char **operands) {
	const struct selection selection = config_selection(&cli->config);
	const char *const *folders = config_list(&cli->config, CONFIG_FOLDERS);
	struct err err = {0};
	struct run_result result;
	struct term terminal;
	bool not_started;
	term_init(&terminal, stderr, TERM_COLOR_NEVER);
	struct display display = {.live = term_is_live(STDERR_FILENO) && !cli->globals.quiet,
		.columns = terminal.columns};
	struct run_options chosen = {.argv = (const char *const *)operands,
		.stdout_fd = values->many.format.json ? STDERR_FILENO : STDOUT_FILENO,
		.wait_crash_ms = RUN_WAIT_CRASH_MS,
		.wait_clean_ms = RUN_WAIT_CLEAN_MS,
		.timeout_ms =
			values->common.timeout_s.set ? values->common.timeout_s.value * 1000 : 0,
		.db_path = cli_db_path(cli),
		.folders = folders,
		.selection = &selection,
		.reporter = &reporter_here,
		.on_wait = on_wait,
		.user = &display};
	while (folders[chosen.folder_count])
		chosen.folder_count++;
	if (values->common.wait_s.set)
		chosen.wait_crash_ms = chosen.wait_clean_ms = values->common.wait_s.value * 1000;
	int code = run_once(cli->store, cli->rules, &chosen, &result, &not_started, &err);
	struct run_report report = {.term = &cli->out,
		.store = cli->store,
		.rules = cli->rules,
		.result = &result,
		.argv = chosen.argv,
		.not_started = not_started ? err.text : NULL};
	report.exit_status = status_of(values, &report, code);
	enum cli_status status = code && !not_started ? cli_fail(&err) : tell(cli, values, &report);
	run_result_finish(&result);
	return status;
}

static enum cli_status run(struct cli *cli, const void *options, int count, char **operands) {
	const struct run_values *values = options;
	if (run_many_wanted(&values->many)) {
		if (values->junit)
			return cli_usage(cli, "--junit is for a single run");
		return run_many(cli, &values->many, &values->common, count, operands);
	}
	if (!count)
		return cli_usage(cli, "needs %s", cli->command->operands);
	enum cli_status status = set_env(cli, &values->many.env);
	return status == CLI_DONE ? run_single(cli, values, operands) : status;
}

const struct command run_command = {
	.name = "run",
	.operands = "COMMAND...",
	.summary = "run a command and tell what of it crashed",
	.details =
		"The command has the terminal as if it had been started directly. When it has\n"
		"ended, 'run' waits for the crash reports of all its processes and explains each.\n"
		"Without a crash stdout has nothing but what the command wrote. Options of 'run'\n"
		"stand before the command; -- in front of it does no harm.\n"
		"\n"
		"With -n it is run again and again, for each value of the variables of --matrix,\n"
		"without standard input; the answer tells how often it crashed, and what the\n"
		"conditions tell about each other. 'agxtriage experiments' shows it again.\n"
		"\n"
		"Exit status: the command's own; 128 + the number of the signal that ended it;\n"
		"124 at the time limit, 126 and 127 when it cannot be started or found; with\n"
		"--fail-on-crash 1 when anything crashed, also when the command ended with 0.\n"
		"With -n 0 when all have run, and 1 when it was stopped.\n"
		"\n"
		"  agxtriage run --fail-on-crash --summary \"$GITHUB_STEP_SUMMARY\" -- pytest\n"
		"  agxtriage run -n 30 --matrix MPS_DISABLE_ENCODING_MUTEX=0,1 python3 bench.py",
	.options = run_rows,
	.options_bytes = sizeof(struct run_values),
	.operands_max = -1,
	.foreign_operands = true,
	.needs = NEED_STORE_CREATE | NEED_RULES | NEED_CONFIG,
	.run = run,
};
