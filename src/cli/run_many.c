/* The command is one condition, or one for each value of the variables that are varied. */
#include "cli/run_many.h"

#include "base/buf.h"
#include "base/log.h"
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

static enum cli_status put_summary(struct cli *cli, const char *word, const char *path) {
	struct experiment_summary summary = {0};
	struct buf text = {0};
	struct err err = {0};
	if (!path)
		return CLI_DONE;
	int code = experiment_summary_load(cli->store, &word, 1, &summary, &err);
	if (!code)
		experiment_markdown(&summary, &text);
	enum cli_status status = code ? cli_fail(&err) : run_files_append(path, &text);
	buf_finish(&text);
	experiment_summary_finish(&summary);
	return status;
}

static enum cli_status tell(struct cli *cli, const struct run_many *many,
	const struct run_common *common, int64_t id, const struct measure_end *end) {
	char word[24];
	const char *const words[] = {word};
	snprintf(word, sizeof word, "%" PRId64, id);
	enum cli_status status = measure_print(cli, words, 1, &many->format);
	if (status == CLI_DONE)
		status = put_summary(cli, word, common->summary);
	if (status == CLI_DONE && common->fail_on_crash && end->crashed)
		status = CLI_FAILED;
	if (!end->stopped)
		return status;
	log_warning("stopped; 'agxtriage run --resume %" PRId64 "' goes on", id);
	return CLI_FAILED;
}

enum cli_status run_many(struct cli *cli, const struct run_many *many,
	const struct run_common *common, int count, char **operands) {
	struct measure_end end;
	int64_t id = 0;
	enum cli_status status = check(cli, many, count);
	if (status == CLI_DONE)
		status = many->resume ? measure_find(cli, operands[0], &id)
				      : add_experiment(cli, many, common, operands, &id);
	if (status == CLI_DONE)
		status = measure_run(cli, id, &end);
	return status == CLI_DONE ? tell(cli, many, common, id, &end) : status;
}
