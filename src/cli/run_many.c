/* The command is one condition, or one for each value of the variables that are varied. */
#include "cli/run_many.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/text.h"
#include "cli/run_files.h"
#include "repro/reporter.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS_DEFAULT 10
/* As a single run ends. */
#define STATUS_NOT_RUN 126
#define STATUS_NOT_FOUND 127

bool run_many_wanted(const struct run_many *many) {
	return many->runs.set || many->matrix.count || many->metric || many->resume ||
	       many->format.csv || many->format.markdown || many->format.hyperfine;
}

static enum cli_status check(struct cli *cli, const struct run_many *many, int count) {
	regex_t metric;
	char text[128];
	int code = many->metric ? regcomp(&metric, many->metric, REG_EXTENDED | REG_NEWLINE) : 0;
	if (code) {
		regerror(code, &metric, text, sizeof text);
		return cli_usage(cli, "--metric: %s", text);
	}
	if (many->metric)
		regfree(&metric);
	/* It is kept for a resume. */
	if (many->metric && !text_is_clean(many->metric, strlen(many->metric), TEXT_LINES))
		return cli_usage(cli, "--metric has control bytes or bytes that are no UTF-8");
	if (many->unit && !many->metric)
		return cli_usage(cli, "--metric-unit is the unit of --metric");
	if (!many->resume && !count)
		return cli_usage(cli, "needs %s", cli->command->operands);
	if (many->resume && (many->runs.set || many->seed.set || many->env.count ||
				    many->matrix.count || many->metric))
		return cli_usage(cli, "--resume goes on as it was planned, without other options");
	if (many->resume && count > 1)
		return cli_usage(cli, "--resume takes the number of an experiment, not a command");
	return measure_check_format(cli, &many->format);
}

static int make_conditions(struct conditions *conditions, const struct run_many *many,
	char **operands, struct err *err) {
	int code = 0;
	for (size_t i = 0; i < many->matrix.count && !code; i++)
		code = conditions_add_variable(conditions, many->matrix.items[i], err);
	const char *unit = many->metric ? many->unit ? many->unit : "" : NULL;
	return code ? code
		    : conditions_make(
			      conditions, (const char *const *)operands, &many->env, unit, err);
}

/* A resume would not find it. */
static int check_folder(const char *folder, struct err *err) {
	if (!folder)
		return err_set(err, -errno, "the current folder: %s", strerror(errno));
	if (!text_is_clean(folder, strlen(folder), TEXT_LINES))
		return err_set(err, -EINVAL,
			"the current folder's name has control bytes or bytes that are no UTF-8, "
			"which an experiment cannot keep");
	return 0;
}

static enum cli_status add_experiment(struct cli *cli, const struct run_many *many,
	const struct run_common *common, char **operands, int64_t *ret_id) {
	struct conditions conditions;
	struct err err = {0};
	char folder[PATH_MAX];
	const struct measure_settings settings = {
		.timeout_ms = common->timeout_s.set ? common->timeout_s.value * 1000 : 0,
		.wait_ms =
			common->wait_s.set ? common->wait_s.value * 1000 : REPORTER_LATE_US / 1000,
		.metric = many->metric,
		.folder = getcwd(folder, sizeof folder)};
	const struct measure_plan plan = {.kind = EXPERIMENT_RUN,
		.runs = many->runs.set ? many->runs.value : RUNS_DEFAULT,
		.seed = many->seed,
		.words = cli->words,
		.command = "run",
		.settings = &settings,
		.conditions = &conditions};
	conditions_init(&conditions);
	int code = check_folder(settings.folder, &err);
	if (!code)
		code = make_conditions(&conditions, many, operands, &err);
	enum cli_status status = code == -EINVAL ? cli_usage(cli, "%s", err.text)
				 : code          ? cli_fail(&err)
						 : measure_add(cli, &plan, ret_id);
	conditions_finish(&conditions);
	return status;
}

static enum cli_status put_summary(const struct experiment_summary *summary, const char *path) {
	struct buf text = {0};
	if (path)
		experiment_markdown(summary, &text);
	enum cli_status status = run_files_append(path, &text);
	buf_finish(&text);
	return status;
}

/* Nothing to read is no error of a command, but rarely what was meant. */
static void warn_metric(const struct experiment_summary *summary, const char *metric) {
	uint64_t finished = 0, measured = 0;
	for (size_t i = 0; i < summary->condition_count; i++) {
		finished += summary->conditions[i].outcomes[TRIAL_FINISHED];
		measured += summary->conditions[i].throughput_count;
	}
	if (metric && finished && !measured)
		log_warning("--metric found no number in what %" PRIu64 " runs printed", finished);
}

static enum cli_status tell(struct cli *cli, const struct run_many *many,
	const struct run_common *common, int64_t id, const struct measure_end *end) {
	struct experiment_summary summary;
	char word[24];
	const char *const words[] = {word};
	snprintf(word, sizeof word, "%" PRId64, id);
	enum cli_status status = measure_load(cli, words, 1, &summary);
	if (status != CLI_DONE)
		return status;
	warn_metric(&summary, many->metric);
	status = measure_write(cli, &summary, &many->format);
	if (status == CLI_DONE)
		status = put_summary(&summary, common->summary);
	experiment_summary_finish(&summary);
	if (status == CLI_DONE && common->fail_on_crash && end->crashed)
		status = CLI_FAILED;
	if (!end->stopped)
		return status;
	log_warning("stopped; 'agxtriage run --resume %" PRId64 "' goes on", id);
	return CLI_FAILED;
}

/* As a shell has them; in the middle of an experiment it would be an error of the runner. */
static int check_command(const char *name) {
	char *path = spawn_find(name);
	bool found = path != NULL;
	free(path);
	if (found)
		return 0;
	bool there = strchr(name, '/') && access(name, F_OK) == 0;
	log_error("%s: %s", name, there ? "cannot be run" : "there is no such command");
	return there ? STATUS_NOT_RUN : STATUS_NOT_FOUND;
}

enum cli_status run_many(struct cli *cli, const struct run_many *many,
	const struct run_common *common, int count, char **operands) {
	struct measure_end end;
	int64_t id = 0;
	enum cli_status status = check(cli, many, count);
	if (status == CLI_DONE && !many->resume)
		status = (enum cli_status)check_command(operands[0]);
	if (status == CLI_DONE)
		status = many->resume ? measure_find(cli, operands[0], &id)
				      : add_experiment(cli, many, common, operands, &id);
	if (status == CLI_DONE)
		status = measure_run(cli, id, &end);
	return status == CLI_DONE ? tell(cli, many, common, id, &end) : status;
}
