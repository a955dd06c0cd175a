/* The way of an experiment through database, runner and printer. */
#include "cli/measure.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/measure_display.h"
#include "collect/presence.h"
#include "export/json_out.h"
#include "repro/experiment.h"
#include "repro/fingerprint.h"
#include "repro/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define ARENA_BYTES (8u << 20)

/* ---- planning ---- */

static int take_seed(struct i64_opt given, uint64_t *ret, struct err *err) {
	*ret = (uint64_t)given.value;
	if (given.set)
		return 0;
	/* Short enough to be typed again. */
	if (getentropy(ret, sizeof *ret) < 0)
		return err_set(err, -errno, "no random numbers: %s", strerror(errno));
	*ret %= 1000000;
	return 0;
}

static void put_words(const struct measure_plan *plan, struct buf *ret) {
	struct json_out out;
	json_out_init(&out, ret);
	json_out_array(&out, NULL);
	json_out_text(&out, NULL, "agxtriage");
	json_out_text(&out, NULL, plan->command);
	for (size_t i = 0; plan->words[i]; i++)
		json_out_text(&out, NULL, plan->words[i]);
	json_out_array_end(&out);
}

/* Who would be refused in the end leaves no experiment behind that never began. */
static int check(const struct measure_plan *plan, const char *db_path, struct err *err) {
	struct lock lock = {.fd = -1};
	if (plan->runs > PLAN_TRIALS_MAX / (int64_t)plan->conditions->count)
		return err_set(err, -EINVAL, "more than %d trials", PLAN_TRIALS_MAX);
	int code = presence_take_experiment(db_path, &lock, err);
	lock_release(&lock);
	return code;
}

enum cli_status measure_add(struct cli *cli, const struct measure_plan *plan, int64_t *ret_id) {
	struct store_experiment experiment = {
		.kind = plan->kind, .runs = plan->runs, .started_at_us = clock_now_us()};
	struct buf words = {0}, settings = {0}, platform = {0};
	struct err err = {0};
	int code = check(plan, cli_db_path(cli), &err);
	if (!code)
		code = take_seed(plan->seed, &experiment.seed, &err);
	put_words(plan, &words);
	measure_settings_format(plan->settings, &settings);
	if (!code)
		code = fingerprint_take(&platform, &err);
	if (!code && (words.failed || settings.failed || platform.failed))
		code = err_set(&err, -ENOMEM, "out of memory");
	experiment.command = buf_str(&words);
	experiment.settings = buf_str(&settings);
	experiment.platform = buf_str(&platform);
	if (!code)
		code = store_experiment_add(cli->store, &experiment, plan->conditions->items,
			plan->conditions->count, ret_id, &err);
	buf_finish(&words);
	buf_finish(&settings);
	buf_finish(&platform);
	if (code == -EINVAL)
		return cli_usage(cli, "%s", err.text);
	return code ? cli_fail(&err) : CLI_DONE;
}

static int tell_finished(const struct store_experiment *experiment, void *user) {
	if (experiment->ended_at_us.set)
		log_info("experiment %" PRId64 " has finished: nothing is left to be run",
			experiment->id);
	return 0;
}

enum cli_status measure_find(struct cli *cli, const char *word, int64_t *ret_id) {
	struct err err = {0};
	int code = store_experiment_find(cli->store, word ? word : "unfinished", ret_id, &err);
	if (code == -ENOENT) {
		log_error("%s", word ? err.text : "no experiment is left to be resumed");
		return CLI_NOTHING;
	}
	if (code == -EINVAL)
		return cli_usage(cli, "%s", err.text);
	if (!code)
		code = store_experiment_get(cli->store, *ret_id, tell_finished, NULL, &err);
	return code ? cli_fail(&err) : CLI_DONE;
}

/* ---- running ---- */

struct session {
	struct cli *cli;
	int64_t id;
	struct arena arena;
	struct measure_settings settings;
	struct experiment_summary before; /* for the names of the conditions */
	const char **names;
	regex_t metric;
	bool compiled;
	struct measure_display display;
	char *db_path;   /* absolute */
	struct err *err; /* borrowed: of prepare() */
};

static int keep_settings(const struct store_experiment *experiment, void *user) {
	struct session *session = user;
	return measure_settings_parse(
		experiment->settings, &session->arena, &session->settings, session->err);
}

static int compile(struct session *session, struct err *err) {
	char text[128];
	if (!session->settings.metric)
		return 0;
	int code = regcomp(&session->metric, session->settings.metric, REG_EXTENDED | REG_NEWLINE);
	session->compiled = code == 0;
	if (!code)
		return 0;
	regerror(code, &session->metric, text, sizeof text);
	return err_set(err, -EINVAL, "--metric: %s", text);
}

static int name_conditions(struct session *session, struct err *err) {
	char word[24];
	const char *const words[] = {word};
	snprintf(word, sizeof word, "%" PRId64, session->id);
	int code = experiment_summary_load(session->cli->store, words, 1, &session->before, err);
	if (code)
		return code;
	size_t count = session->before.condition_count;
	session->names = arena_calloc(&session->arena, count + 1, sizeof *session->names);
	for (size_t i = 0; session->names && i < count; i++) {
		struct buf name = {0}, line = {0};
		experiment_summary_name(&session->before, i, &name);
		text_terminal(&line, buf_str(&name), name.len, TEXT_LINE);
		session->names[i] = line.failed || name.failed
					    ? NULL
					    : arena_strdup(&session->arena, buf_str(&line));
		buf_finish(&name);
		buf_finish(&line);
		if (!session->names[i])
			return err_set(err, -ENOMEM, "out of memory");
	}
	return session->names ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* Relative paths in a command mean what they meant when it was typed. */
static int go_there(const struct session *session, struct err *err) {
	const char *folder = session->settings.folder;
	if (folder && chdir(folder) < 0)
		return err_set(err, -errno, "%s: %s", folder, strerror(errno));
	return 0;
}

static int prepare(struct session *session, struct err *err) {
	arena_init(&session->arena, ARENA_BYTES);
	session->err = err;
	session->db_path = realpath(cli_db_path(session->cli), NULL);
	if (!session->db_path)
		return err_set(err, -errno, "%s: %s", cli_db_path(session->cli), strerror(errno));
	int code =
		store_experiment_get(session->cli->store, session->id, keep_settings, session, err);
	if (!code)
		code = compile(session, err);
	if (!code)
		code = name_conditions(session, err);
	return code ? code : go_there(session, err);
}

static int run_trials(struct session *session, enum experiment_end *ret, struct err *err) {
	struct cli *cli = session->cli;
	const struct selection selection = config_selection(&cli->config);
	struct experiment_options options = {.db_path = session->db_path,
		.folders = config_list(&cli->config, CONFIG_FOLDERS),
		.selection = &selection,
		.reporter = &reporter_here,
		.timeout_ms = session->settings.timeout_ms,
		.wait_ms = session->settings.wait_ms,
		.answers = session->settings.answers,
		.metric = session->compiled ? &session->metric : NULL,
		.on_progress = measure_display_show,
		.user = &session->display};
	while (options.folders[options.folder_count])
		options.folder_count++;
	measure_display_init(&session->display, session->names,
		session->settings.answers ? "/s" : "", cli->globals.quiet);
	int code = experiment_run(cli->store, cli->rules, session->id, &options, ret, err);
	measure_display_clear(&session->display);
	return code;
}

static int find_crash(const struct store_trial *trial, void *user) {
	struct measure_end *end = user;
	end->crashed = end->crashed || trial->outcome == TRIAL_CRASHED;
	return 0;
}

enum cli_status measure_run(struct cli *cli, int64_t id, struct measure_end *ret) {
	struct session session = {.cli = cli, .id = id};
	struct err err = {0};
	enum experiment_end end = EXPERIMENT_DONE;
	*ret = (struct measure_end){0};
	int code = prepare(&session, &err);
	if (!code)
		code = run_trials(&session, &end, &err);
	if (!code)
		code = store_trials(cli->store, id, find_crash, ret, &err);
	ret->stopped = end == EXPERIMENT_STOPPED;
	if (session.compiled)
		regfree(&session.metric);
	experiment_summary_finish(&session.before);
	arena_finish(&session.arena);
	free(session.db_path);
	return code ? cli_fail(&err) : CLI_DONE;
}
