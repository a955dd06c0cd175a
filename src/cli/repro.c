/*
 * repro: how often the trial program crashes under each locking policy, and what the policy costs.
 */
#include "cli/commands.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/text.h"
#include "cli/helper.h"
#include "cli/measure.h"
#include "cli/report_folder.h"
#include "repro/condition_command.h"
#include "repro/reporter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELPER "agxtriage-repro"
#define CHECK_MS 10000
#define RUNS_DEFAULT 20
#define TIMEOUT_DEFAULT_S 60
#define OPTIONS_MAX 32
#define ARENA_BYTES (1u << 20)

struct repro_options {
	const char *backend, *scenario, *lock, *threads;
	/* For the trial program as they are. */
	const char *operations, *seconds, *elements, *kernels, *queues, *warm_up, *wait_every,
		*latency, *trial_seed, *python, *sim_fault;
	struct i64_opt runs, timeout_s, wait_s, seed;
	struct option_list env, matrix;
	bool resume;
	struct measure_format format;
};

#define ROW(field, option, value, text)                                                       \
	{                                                                                     \
		.name = (option), .argument = (value), .help = (text), .type = OPTION_STRING, \
		.offset = offsetof(struct repro_options, field)                               \
	}

static const struct option_row repro_rows[] = {
	ROW(backend, "backend", "NAME", "metal or sim (default: metal on a Mac, else sim)"),
	ROW(scenario, "scenario", "LIST", "what the threads do (default: shared-queue)"),
	ROW(lock, "lock", "LIST", "locking policies to compare (default: none,global)"),
	ROW(threads, "threads", "LIST", "numbers of threads to compare (default: 4)"),
	{.name = "runs",
		.letter = 'n',
		.argument = "N",
		.help = "trials of each condition (default: 20)",
		.type = OPTION_INT,
		.min = 1,
		.offset = offsetof(struct repro_options, runs)},
	ROW(operations, "operations", "N", "operations of a trial, all threads together"),
	ROW(seconds, "seconds", "S", "or how long a trial goes on"),
	ROW(elements, "elements", "N", "numbers in each buffer"),
	ROW(kernels, "kernels", "LIST", "add, mul, copy"),
	ROW(queues, "queues", "HOW", "shared or per-thread, whatever the scenario has"),
	ROW(warm_up, "warm-up", "N", "operations of each thread that are not measured"),
	ROW(wait_every, "wait-every", "N", "a thread waits for the GPU after so many"),
	ROW(latency, "gpu-latency", "US", "microseconds that the simulated GPU takes"),
	ROW(trial_seed, "trial-seed", "N", "seed of the buffers' contents"),
	ROW(python, "python", "PATH", "the Python of the scenario torch"),
	ROW(sim_fault, "sim-fault", "KIND", "gpu-error, wrong-result or hang, for rehearsals"),
	{.name = "env",
		.argument = "K=V",
		.help = "set a variable for every trial",
		.type = OPTION_LIST,
		.offset = offsetof(struct repro_options, env)},
	{.name = "matrix",
		.argument = "K=A,B",
		.help = "compare values of a variable",
		.type = OPTION_LIST,
		.offset = offsetof(struct repro_options, matrix)},
	{.name = "timeout",
		.argument = "SECONDS",
		.help = "of a trial; then it counts as hung (default: 60)",
		.type = OPTION_INT,
		.min = 1,
		.offset = offsetof(struct repro_options, timeout_s)},
	{.name = "wait",
		.argument = "SECONDS",
		.help = "for the last crash reports (default: 60)",
		.type = OPTION_INT,
		.offset = offsetof(struct repro_options, wait_s)},
	{.name = "seed",
		.argument = "N",
		.help = "of the order of the trials",
		.type = OPTION_INT,
		.offset = offsetof(struct repro_options, seed)},
	{.name = "resume",
		.help = "go on with ID, or the last one that stopped",
		.type = OPTION_FLAG,
		.offset = offsetof(struct repro_options, resume)},
	MEASURE_FORMAT_ROWS(struct repro_options, format),
	{0},
};

/* ---- the trial program's command line ---- */

struct arguments {
	const char *items[OPTIONS_MAX];
	size_t count;
};

static void add_argument(struct arguments *arguments, const char *name, const char *value) {
	if (!value || arguments->count + 3 > OPTIONS_MAX)
		return;
	arguments->items[arguments->count++] = name;
	if (*value)
		arguments->items[arguments->count++] = value;
}

static void collect_arguments(const struct repro_options *options, const char *helper,
	const char *folder, struct arguments *ret) {
	ret->items[ret->count++] = helper;
	add_argument(ret, "--die-with-parent", "");
	/* A system with a crash reporter has its own folder. */
	if (!reporter_here.launchctl)
		add_argument(ret, "--reports", folder);
	add_argument(ret, "--operations", options->operations);
	add_argument(ret, "--seconds", options->seconds);
	add_argument(ret, "--elements", options->elements);
	add_argument(ret, "--kernels", options->kernels);
	add_argument(ret, "--queues", options->queues);
	add_argument(ret, "--warm-up", options->warm_up);
	add_argument(ret, "--wait-every", options->wait_every);
	add_argument(ret, "--gpu-latency", options->latency);
	add_argument(ret, "--seed", options->trial_seed);
	add_argument(ret, "--python", options->python);
	add_argument(ret, "--sim-fault", options->sim_fault);
}

static int add_factors(
	struct conditions *conditions, const struct repro_options *options, struct err *err) {
	const char *backend = options->backend;
	if (!backend)
		backend = reporter_here.launchctl ? "metal" : "sim";
	int code = conditions_add(conditions, "backend", backend, err);
	if (!code)
		code = conditions_add(conditions, "scenario",
			options->scenario ? options->scenario : "shared-queue", err);
	if (!code)
		code = conditions_add(
			conditions, "lock", options->lock ? options->lock : "none,global", err);
	if (!code)
		code = conditions_add(
			conditions, "threads", options->threads ? options->threads : "4", err);
	for (size_t i = 0; i < options->matrix.count && !code; i++)
		code = conditions_add_variable(conditions, options->matrix.items[i], err);
	return code;
}

/* ---- what the trial program thinks of it ---- */

/* Names and ranges are known there; a trial that only complains would be counted as failed. */
static int check_condition(const struct store_condition *condition, struct err *err) {
	struct arena arena;
	struct spawn_result result = {0};
	const char *const *argv = NULL;
	const char *with[2 * OPTIONS_MAX];
	size_t count = 0;
	arena_init(&arena, ARENA_BYTES);
	int code = condition_argv(condition->command, &arena, &argv, err);
	for (; !code && argv[count] && count < 2 * OPTIONS_MAX - 2; count++)
		with[count] = argv[count];
	with[count] = "--check";
	with[count + 1] = NULL;
	if (!code)
		code = spawn_run(with, CHECK_MS, &result, err);
	if (!code && result.status != 0) {
		const char *text = buf_str(&result.err);
		const char *said = text_starts(text, "error: ") ? text + strlen("error: ") : text;
		code = err_set(err, -EINVAL, "%.*s", (int)strcspn(said, "\n"), said);
	}
	spawn_finish(&result);
	arena_finish(&arena);
	return code;
}

static int check_conditions(const struct conditions *conditions, struct err *err) {
	int code = 0;
	for (size_t i = 0; i < conditions->count && !code; i++)
		code = check_condition(&conditions->items[i], err);
	return code;
}

/* ---- the command ---- */

static int make_conditions(const struct repro_options *options, const char *helper,
	const char *folder, struct conditions *ret, struct err *err) {
	struct arguments arguments = {{0}, 0};
	collect_arguments(options, helper, folder, &arguments);
	int code = add_factors(ret, options, err);
	if (!code)
		code = conditions_make(ret, arguments.items, &options->env, "ops/s", err);
	return code ? code : check_conditions(ret, err);
}

static enum cli_status add_experiment(
	struct cli *cli, const struct repro_options *options, char **words, int64_t *ret_id) {
	struct conditions conditions;
	struct err err = {0};
	char *helper = NULL, *folder = report_folder_find(cli);
	const struct measure_settings settings = {
		.timeout_ms =
			(options->timeout_s.set ? options->timeout_s.value : TIMEOUT_DEFAULT_S) *
			1000,
		.wait_ms = options->wait_s.set ? options->wait_s.value * 1000
					       : REPORTER_LATE_US / 1000,
		.answers = true};
	conditions_init(&conditions);
	int code = helper_find(HELPER, &helper, &err);
	if (!code)
		code = make_conditions(options, helper, folder, &conditions, &err);
	const struct measure_plan plan = {.kind = EXPERIMENT_REPRO,
		.runs = options->runs.set ? options->runs.value : RUNS_DEFAULT,
		.seed = options->seed,
		.words = words,
		.command = "repro",
		.settings = &settings,
		.conditions = &conditions};
	enum cli_status status = code == -EINVAL ? cli_usage(cli, "%s", err.text)
				 : code          ? cli_fail(&err)
						 : measure_add(cli, &plan, ret_id);
	conditions_finish(&conditions);
	free(helper);
	free(folder);
	return status;
}

/* An experiment goes on as it was planned. */
static bool has_plan(const struct repro_options *options) {
	const char *const texts[] = {options->backend, options->scenario, options->lock,
		options->threads, options->operations, options->seconds, options->elements,
		options->kernels, options->queues, options->warm_up, options->wait_every,
		options->latency, options->trial_seed, options->python, options->sim_fault};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i])
			return true;
	return options->runs.set || options->timeout_s.set || options->wait_s.set ||
	       options->seed.set || options->env.count || options->matrix.count;
}

static enum cli_status check_usage(
	struct cli *cli, const struct repro_options *options, char **operands) {
	if (operands[0] && !options->resume)
		return cli_usage(cli, "'%s' is no option", operands[0]);
	if (options->resume && has_plan(options))
		return cli_usage(cli, "--resume goes on as it was planned, without other options");
	return measure_check_format(cli, &options->format);
}

static enum cli_status repro(struct cli *cli, const void *values, int count, char **operands) {
	const struct repro_options *options = values;
	struct measure_end end = {0};
	char word[24];
	const char *const words[] = {word};
	int64_t id = 0;
	enum cli_status status = check_usage(cli, options, operands);
	if (status == CLI_DONE && options->resume)
		status = measure_find(cli, operands[0], &id);
	else if (status == CLI_DONE)
		status = add_experiment(cli, options, cli->words, &id);
	if (status == CLI_DONE)
		status = measure_run(cli, id, &end);
	if (status != CLI_DONE)
		return status;
	snprintf(word, sizeof word, "%" PRId64, id);
	status = measure_print(cli, words, 1, &options->format);
	if (!end.stopped)
		return status;
	log_warning("stopped; 'agxtriage repro --resume %" PRId64 "' goes on", id);
	return CLI_FAILED;
}

const struct command repro_command = {
	.name = "repro",
	.operands = "[--resume [ID]]",
	.summary = "measure crash rates under locking policies",
	.details =
		"Runs agxtriage-repro again and again: as a process of its own, in random order,\n"
		"for every combination of the values in the LISTs. Prints for each how often it\n"
		"crashed, with the interval in which the true rate lies, at which sites, and how\n"
		"many operations it did in a second; then what two conditions tell about each\n"
		"other. 'agxtriage-repro --help' explains scenarios and policies. The back end\n"
		"sim is no GPU: it crashes for the reason that is suspected of real drivers, and\n"
		"all that comes of it is marked as simulated.\n"
		"\n"
		"  agxtriage repro --lock none,global,pipeline --threads 2,4,8 --runs 30",
	.options = repro_rows,
	.options_bytes = sizeof(struct repro_options),
	.operands_max = 1,
	.needs = NEED_STORE_CREATE | NEED_RULES | NEED_CONFIG,
	.run = repro,
};
