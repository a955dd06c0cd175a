/* The trials of experiments, one on a line. */
#include "base/clock.h"
#include "base/log.h"
#include "base/signal_name.h"
#include "cli/experiments.h"
#include "export/json_out.h"
#include "export/table.h"
#include "export/text_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	TRIAL_ROW_START,
	TRIAL_ROW_CONDITION,
	TRIAL_ROW_OUTCOME,
	TRIAL_ROW_END,
	TRIAL_ROW_DURATION,
	TRIAL_ROW_INCIDENT,
	TRIAL_ROW_SITE,
	TRIAL_ROW_COUNT,
};

static const struct table_column columns[TRIAL_ROW_COUNT] = {
	[TRIAL_ROW_START] = {.title = "START", .width = 19, .priority = 2},
	[TRIAL_ROW_CONDITION] = {.title = "CONDITION", .min = 12, .max = 60},
	[TRIAL_ROW_OUTCOME] = {.title = "OUTCOME", .width = 9},
	[TRIAL_ROW_END] = {.title = "END", .width = 8, .priority = 1},
	[TRIAL_ROW_DURATION] = {.title = "TIME", .width = 8, .right = true, .priority = 3},
	[TRIAL_ROW_INCIDENT] = {.title = "INCIDENT", .width = 8, .right = true, .priority = 1},
	[TRIAL_ROW_SITE] = {.title = "SITE, OR WHAT IS KNOWN", .width = 30, .min = 30},
};

struct trials {
	struct cli *cli;
	const struct experiments_options *options;
	const struct experiment_summary *summary;
	int64_t experiment;
	struct table table;
	struct buf line, texts[TRIAL_ROW_COUNT];
};

/* The summary's condition of a trial; the summary's count when it was not asked for. */
static size_t find_condition(const struct trials *trials, int64_t number) {
	const struct experiment_summary *summary = trials->summary;
	size_t i = 0;
	while (i < summary->condition_count &&
		(summary->conditions[i].experiment != trials->experiment ||
			summary->conditions[i].facts.number != number))
		i++;
	return i;
}

static void add_signal(int64_t number, struct buf *ret) {
	const char *name = number > 0 && number < 128 ? signal_name((int)number) : NULL;
	if (name)
		buf_add_str(ret, name);
	else
		buf_printf(ret, "signal %" PRId64, number);
}

/* ---- JSON ---- */

static void put_measures(struct json_out *out, const struct store_trial *trial) {
	json_out_i64_opt(out, "operations", trial->operations);
	if (trial->has_throughput)
		json_out_double(out, "throughput", trial->throughput);
	else
		json_out_null(out, "throughput");
	if (trial->has_lock_wait)
		json_out_double(out, "lock_wait_s", trial->lock_wait_s);
	else
		json_out_null(out, "lock_wait_s");
	json_out_raw(out, "latency_us", trial->latency ? trial->latency : "null");
}

static void put_end(struct trials *trials, struct json_out *out, const struct store_trial *trial) {
	json_out_i64_opt(out, "exit_status", trial->exit_status);
	if (trial->signal.set)
		add_signal(trial->signal.value, &trials->texts[TRIAL_ROW_END]);
	json_out_text(
		out, "signal", trial->signal.set ? buf_str(&trials->texts[TRIAL_ROW_END]) : NULL);
	json_out_text(out, "error", trial->error);
	json_out_i64_opt(out, "incident", trial->incident);
	json_out_text(out, "incident_id", trial->incident_id);
	json_out_text(out, "site", trial->site);
	json_out_text(out, "label", trial->label);
	json_out_text(out, "stacks", trial->stacks);
	json_out_text(out, "stderr_tail", trial->stderr_tail);
}

static void put_facts(struct trials *trials, struct json_out *out, const struct store_trial *trial,
	size_t condition) {
	const struct summary_condition *its = &trials->summary->conditions[condition];
	json_out_text(out, "backend", its->facts.backend);
	json_out_text(out, "scenario", its->facts.scenario);
	json_out_text(out, "lock", its->facts.lock);
	json_out_i64_opt(out, "threads", its->facts.threads);
	json_out_bool(out, "simulated", trial->simulated || experiment_is_simulated(its));
}

static int put_json(struct trials *trials, const struct store_trial *trial, size_t condition) {
	struct json_out out;
	json_out_init(&out, &trials->line);
	json_out_object(&out, NULL);
	json_out_i64(&out, "trial", trial->id);
	json_out_i64(&out, "experiment", trials->experiment);
	json_out_i64(&out, "condition", trial->condition);
	experiment_summary_name(trials->summary, condition, &trials->texts[TRIAL_ROW_CONDITION]);
	json_out_text(&out, "name", buf_str(&trials->texts[TRIAL_ROW_CONDITION]));
	put_facts(trials, &out, trial, condition);
	json_out_i64(&out, "slot", trial->slot);
	json_out_text(&out, "outcome", trial_outcome_names[trial->outcome]);
	json_out_time(&out, "started_at", trial->started_at_us);
	json_out_time_opt(&out, "ended_at", trial->ended_at_us);
	json_out_i64_opt(&out, "pid", trial->pid);
	json_out_time_opt(&out, "launched_at", trial->launched_at_us);
	put_end(trials, &out, trial);
	put_measures(&out, trial);
	json_out_object_end(&out);
	buf_add_char(&trials->line, '\n');
	return term_put_buf(&trials->cli->out, &trials->line);
}

/* ---- the table ---- */

static void add_end(const struct store_trial *trial, struct buf *ret) {
	if (trial->signal.set)
		add_signal(trial->signal.value, ret);
	else if (trial->exit_status.set)
		buf_printf(ret, "status %" PRId64, trial->exit_status.value);
}

static void add_duration(const struct store_trial *trial, struct buf *ret) {
	if (trial->ended_at_us.set && trial->ended_at_us.value >= trial->started_at_us)
		buf_printf(ret, "%.2f s",
			(double)(trial->ended_at_us.value - trial->started_at_us) / 1e6);
}

/* The site of its incident, why there is none, or what went wrong. */
static void add_known(const struct store_trial *trial, struct buf *ret) {
	bool crashed = trial->outcome == TRIAL_CRASHED;
	if (trial->site)
		buf_add_str(ret, trial->site);
	else if (trial->incident.set || trial->incident_id)
		buf_add_str(ret, "no known site");
	else if (crashed)
		buf_printf(ret, "no report: %s", trial->label ? trial->label : "awaited");
	else if (trial->error)
		buf_add_str(ret, trial->error);
}

static enum term_role role_of(enum trial_outcome outcome) {
	return outcome == TRIAL_FINISHED  ? TERM_PLAIN
	       : outcome == TRIAL_CRASHED ? TERM_BAD
					  : TERM_WARN;
}

static int put_row(struct trials *trials, const struct store_trial *trial, size_t condition) {
	char start[CLOCK_TEXT_BYTES];
	clock_format_local(trial->started_at_us, start);
	experiment_summary_name(trials->summary, condition, &trials->texts[TRIAL_ROW_CONDITION]);
	add_end(trial, &trials->texts[TRIAL_ROW_END]);
	add_duration(trial, &trials->texts[TRIAL_ROW_DURATION]);
	if (trial->incident.set)
		buf_printf(&trials->texts[TRIAL_ROW_INCIDENT], "%" PRId64, trial->incident.value);
	add_known(trial, &trials->texts[TRIAL_ROW_SITE]);
	const struct table_cell cells[TRIAL_ROW_COUNT] = {
		[TRIAL_ROW_START] = {start, TERM_DIM},
		[TRIAL_ROW_CONDITION] = {buf_str(&trials->texts[TRIAL_ROW_CONDITION]), TERM_PLAIN},
		[TRIAL_ROW_OUTCOME] = {trial_outcome_names[trial->outcome],
			role_of(trial->outcome)},
		[TRIAL_ROW_END] = {buf_str(&trials->texts[TRIAL_ROW_END]), TERM_PLAIN},
		[TRIAL_ROW_DURATION] = {buf_str(&trials->texts[TRIAL_ROW_DURATION]), TERM_PLAIN},
		[TRIAL_ROW_INCIDENT] = {buf_str(&trials->texts[TRIAL_ROW_INCIDENT]), TERM_ID},
		[TRIAL_ROW_SITE] = {buf_str(&trials->texts[TRIAL_ROW_SITE]),
			trial->site ? TERM_SITE : TERM_PLAIN},
	};
	return table_row(&trials->table, cells);
}

static int put(const struct store_trial *trial, void *user) {
	struct trials *trials = user;
	size_t condition = find_condition(trials, trial->condition);
	if (condition == trials->summary->condition_count)
		return 0;
	for (size_t i = 0; i < TRIAL_ROW_COUNT; i++)
		buf_reset(&trials->texts[i]);
	return trials->options->format.json ? put_json(trials, trial, condition)
					    : put_row(trials, trial, condition);
}

static int put_simulated(struct cli *cli) {
	struct buf text = {0};
	struct text_out out = {&text, &cli->out};
	text_out_paragraph(&out, TERM_BAD, 0, EXPERIMENT_SIMULATED);
	text_out_newline(&out);
	int code = term_put_buf(&cli->out, &text);
	buf_finish(&text);
	return code;
}

static void measure_names(struct trials *trials) {
	for (size_t i = 0; i < trials->summary->condition_count; i++) {
		buf_reset(&trials->texts[TRIAL_ROW_CONDITION]);
		experiment_summary_name(trials->summary, i, &trials->texts[TRIAL_ROW_CONDITION]);
		const struct table_cell cells[TRIAL_ROW_COUNT] = {
			[TRIAL_ROW_CONDITION] = {
				.text = buf_str(&trials->texts[TRIAL_ROW_CONDITION])}};
		table_measure(&trials->table, cells);
	}
}

enum cli_status experiments_trials(struct cli *cli, const struct experiments_options *options,
	const struct experiment_summary *summary) {
	struct trials trials = {.cli = cli, .options = options, .summary = summary};
	struct err err = {0};
	int code = 0;
	table_init(&trials.table, columns, TRIAL_ROW_COUNT, &cli->out);
	measure_names(&trials);
	if (!options->format.json && summary->simulated)
		code = put_simulated(cli);
	if (!options->format.json)
		table_begin(&trials.table, true);
	for (size_t i = 0; i < summary->experiment_count && !code; i++) {
		trials.experiment = summary->experiments[i].id;
		code = store_trials(cli->store, trials.experiment, put, &trials, &err);
	}
	table_finish(&trials.table);
	buf_finish(&trials.line);
	for (size_t i = 0; i < TRIAL_ROW_COUNT; i++)
		buf_finish(&trials.texts[i]);
	return code && !cli->out.error ? cli_fail(&err) : CLI_DONE;
}
