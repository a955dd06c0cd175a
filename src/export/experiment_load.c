/* From the rows of experiments, conditions and trials to counts, rates and throughputs. */
#include "base/text.h"
#include "export/experiment_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A list that grows in an arena. */
struct numbers {
	double *items;
	size_t count, cap;
};

/* What is collected of a condition before it is counted. */
struct gathered {
	struct numbers throughputs, elapsed, lock_waits, latencies[3];
	int64_t *exit_codes;
	size_t exit_count, exit_cap;
};

struct load {
	struct store *store;
	struct experiment_summary *summary;
	struct store_experiment *experiments;
	struct gathered *gathered; /* one for each condition */
	struct arena scratch;
	size_t experiment_cap, condition_cap;
	int64_t experiment; /* whose rows are being read */
	int64_t wanted;     /* condition; negative: all */
	int64_t conditions; /* of this experiment */
	bool found;
};

static int out_of_memory(struct err *err) {
	return err_set(err, -ENOMEM, "out of memory");
}

/* ---- which conditions ---- */

static int keep_text(struct arena *arena, const char **text) {
	if (!*text)
		return 0;
	*text = arena_strdup(arena, *text);
	return *text ? 0 : -ENOMEM;
}

static int take_experiment(const struct store_experiment *row, void *user) {
	struct load *load = user;
	struct experiment_summary *summary = load->summary;
	int code = arena_grow(&summary->arena, (void **)&load->experiments,
		summary->experiment_count, &load->experiment_cap, sizeof *load->experiments);
	if (code)
		return code;
	struct store_experiment *kept = &load->experiments[summary->experiment_count];
	*kept = *row;
	code = keep_text(&summary->arena, &kept->command);
	if (!code)
		code = keep_text(&summary->arena, &kept->settings);
	if (!code)
		code = keep_text(&summary->arena, &kept->platform);
	if (code)
		return code;
	summary->experiments = load->experiments;
	summary->experiment_count++;
	return 0;
}

static bool has_experiment(const struct load *load) {
	for (size_t i = 0; i < load->summary->experiment_count; i++)
		if (load->experiments[i].id == load->experiment)
			return true;
	return false;
}

static struct summary_condition *find_condition(const struct load *load, int64_t number) {
	struct experiment_summary *summary = load->summary;
	for (size_t i = 0; i < summary->condition_count; i++) {
		struct summary_condition *condition = &summary->conditions[i];
		if (condition->experiment == load->experiment && condition->facts.number == number)
			return condition;
	}
	return NULL;
}

static int keep_condition(
	struct arena *arena, const struct store_condition *row, struct summary_condition *ret) {
	struct store_condition *facts = &ret->facts;
	const char **texts[] = {&facts->backend, &facts->scenario, &facts->lock, &facts->env,
		&facts->command, &facts->throughput_unit};
	*facts = *row;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (keep_text(arena, texts[i]) < 0)
			return -ENOMEM;
	return experiment_read_facts(arena, ret);
}

static int take_condition(const struct store_condition *row, void *user) {
	struct load *load = user;
	struct experiment_summary *summary = load->summary;
	load->conditions++;
	if (load->wanted >= 0 && row->number != load->wanted)
		return 0;
	load->found = true;
	if (find_condition(load, row->number))
		return 0;
	int code = arena_grow(&summary->arena, (void **)&summary->conditions,
		summary->condition_count, &load->condition_cap, sizeof *summary->conditions);
	if (code)
		return code;
	struct summary_condition *condition = &summary->conditions[summary->condition_count];
	*condition = (struct summary_condition){.experiment = load->experiment,
		.lock_wait_share = -1,
		.p50_us = -1,
		.p95_us = -1,
		.p99_us = -1};
	code = keep_condition(&summary->arena, row, condition);
	if (!code)
		summary->condition_count++;
	return code;
}

/* "7", "7:2", "latest:2": *ret_condition is negative without a number. */
static int split_word(struct load *load, const char *word, const char **ret_experiment,
	int64_t *ret_condition, struct err *err) {
	const char *colon = strrchr(word, ':');
	*ret_condition = -1;
	*ret_experiment = word;
	if (!colon)
		return 0;
	if (!text_i64(colon + 1, strlen(colon + 1), ret_condition) || *ret_condition < 0)
		return err_set(err, -EINVAL,
			"'%s' is no experiment: 7, 7:2 (its condition 2) or latest is", word);
	*ret_experiment = arena_strndup(&load->scratch, word, (size_t)(colon - word));
	return *ret_experiment ? 0 : out_of_memory(err);
}

static int take_word(struct load *load, const char *word, struct err *err) {
	const char *experiment = NULL;
	int code = split_word(load, word, &experiment, &load->wanted, err);
	if (!code)
		code = store_experiment_find(load->store, experiment, &load->experiment, err);
	if (!code && !has_experiment(load))
		code = store_experiment_get(
			load->store, load->experiment, take_experiment, load, err);
	load->conditions = 0;
	load->found = false;
	if (!code)
		code = store_conditions(load->store, load->experiment, take_condition, load, err);
	if (code == -ENOMEM)
		return out_of_memory(err);
	if (!code && !load->found && load->wanted >= 0)
		return err_set(err, -ENOENT,
			"experiment %lld has %lld conditions, numbered from 0; there is no %lld",
			(long long)load->experiment, (long long)load->conditions,
			(long long)load->wanted);
	return code;
}

/* ---- trials ---- */

static int add_number(struct arena *arena, struct numbers *numbers, double value) {
	if (!isfinite(value))
		return 0;
	int code = arena_grow(arena, (void **)&numbers->items, numbers->count, &numbers->cap,
		sizeof *numbers->items);
	if (!code)
		numbers->items[numbers->count++] = value;
	return code;
}

static bool same_text(const char *a, const char *b) {
	return a == b || (a && b && !strcmp(a, b));
}

static int count_text(struct arena *arena, struct summary_counts *counts, const char *text) {
	for (size_t i = 0; i < counts->count; i++)
		if (same_text(counts->items[i].text, text)) {
			counts->items[i].count++;
			return 0;
		}
	int code = arena_grow(
		arena, (void **)&counts->items, counts->count, &counts->cap, sizeof *counts->items);
	if (!code)
		code = keep_text(arena, &text);
	if (!code)
		counts->items[counts->count++] = (struct summary_count){text, 1};
	return code;
}

/* A crash without a report and without a label is one whose report is still awaited. */
static int count_crash(
	struct arena *arena, struct summary_condition *condition, const struct store_trial *trial) {
	if (trial->incident.set || trial->incident_id || trial->site)
		return count_text(arena, &condition->sites, trial->site);
	return count_text(arena, &condition->labels, trial->label ? trial->label : "awaited");
}

static bool has_error(enum trial_outcome outcome) {
	return outcome == TRIAL_GPU_ERROR || outcome == TRIAL_WRONG_RESULT ||
	       outcome == TRIAL_FAILED;
}

/* The process began after its row was written: what that took is not its time. */
static double wall_s(const struct store_trial *trial) {
	double start = (double)trial->started_at_us, end = (double)trial->ended_at_us.value;
	double launched = (double)trial->launched_at_us.value;
	if (trial->launched_at_us.set && launched > start && launched < end)
		start = launched;
	return start < end ? (end - start) / 1e6 : 0;
}

static int add_end(
	struct arena *arena, struct gathered *gathered, const struct store_trial *trial) {
	if (!trial->ended_at_us.set || (!trial->exit_status.set && !trial->signal.set))
		return 0;
	int code = arena_grow(arena, (void **)&gathered->exit_codes, gathered->exit_count,
		&gathered->exit_cap, sizeof *gathered->exit_codes);
	if (code)
		return code;
	gathered->exit_codes[gathered->exit_count++] =
		trial->exit_status.set ? trial->exit_status.value : -trial->signal.value;
	return add_number(arena, &gathered->elapsed, wall_s(trial));
}

/* What the threads had of time in all; the trial's own clock where it told. */
static double threads_s(
	const struct summary_condition *condition, const struct store_trial *trial) {
	double elapsed = trial->ended_at_us.set ? wall_s(trial) : 0;
	if (trial->operations.set && trial->has_throughput && trial->throughput > 0)
		elapsed = (double)trial->operations.value / trial->throughput;
	return condition->facts.threads.set ? elapsed * (double)condition->facts.threads.value : 0;
}

static int add_measured(struct arena *arena, struct arena *scratch,
	const struct summary_condition *condition, struct gathered *gathered,
	const struct store_trial *trial) {
	double us[3], all_s = threads_s(condition, trial);
	int code = 0;
	if (trial->has_throughput)
		code = add_number(arena, &gathered->throughputs, trial->throughput);
	if (!code && trial->has_lock_wait && trial->lock_wait_s >= 0 && all_s > 0)
		code = add_number(scratch, &gathered->lock_waits, trial->lock_wait_s / all_s);
	if (!code && trial->latency && experiment_read_latency(trial->latency, us))
		for (size_t i = 0; i < 3 && !code; i++)
			code = add_number(scratch, &gathered->latencies[i], us[i]);
	return code;
}

static int take_trial(const struct store_trial *trial, void *user) {
	struct load *load = user;
	struct arena *arena = &load->summary->arena;
	struct summary_condition *condition = find_condition(load, trial->condition);
	if (!condition || trial->outcome < 0 || trial->outcome >= TRIAL_OUTCOME_COUNT)
		return 0;
	struct gathered *gathered = &load->gathered[condition - load->summary->conditions];
	condition->outcomes[trial->outcome]++;
	if (trial->outcome == TRIAL_STARTED || trial->outcome == TRIAL_INTERRUPTED)
		return 0;
	condition->runs++;
	condition->simulated = condition->simulated || trial->simulated;
	int code = add_end(arena, gathered, trial);
	if (!code && trial->outcome == TRIAL_CRASHED)
		code = count_crash(arena, condition, trial);
	if (!code && has_error(trial->outcome))
		code = count_text(arena, &condition->errors, trial->error);
	if (!code && trial->outcome == TRIAL_FINISHED)
		code = add_measured(arena, &load->scratch, condition, gathered, trial);
	return code;
}

/* ---- what they come to ---- */

static int most_first(const void *a, const void *b) {
	const struct summary_count *left = a, *right = b;
	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	return strcmp(left->text ? left->text : "", right->text ? right->text : "");
}

static void sort_counts(struct summary_counts *counts) {
	if (counts->count)
		qsort(counts->items, counts->count, sizeof *counts->items, most_first);
}

/* Without values *ret stays as it is. */
static int median_of(const struct numbers *numbers, double *ret, struct err *err) {
	struct sample_interval interval;
	if (!numbers->count)
		return 0;
	int code = sample_median(numbers->items, numbers->count, &interval, err);
	if (!code)
		*ret = interval.value;
	return code;
}

static int count_up(
	struct summary_condition *condition, const struct gathered *gathered, struct err *err) {
	double *const quantiles[3] = {&condition->p50_us, &condition->p95_us, &condition->p99_us};
	int code = 0;
	if (condition->runs > RATE_RUNS_MAX)
		return err_set(err, -EOVERFLOW,
			"experiment %lld has more than %d runs of a condition",
			(long long)condition->experiment, RATE_RUNS_MAX);
	if (condition->runs)
		condition->crash_rate =
			rate_of(condition->outcomes[TRIAL_CRASHED], condition->runs);
	sort_counts(&condition->sites);
	sort_counts(&condition->labels);
	sort_counts(&condition->errors);
	condition->throughputs = gathered->throughputs.items;
	condition->throughput_count = gathered->throughputs.count;
	condition->elapsed_s = gathered->elapsed.items;
	condition->elapsed_count = gathered->elapsed.count;
	condition->exit_codes = gathered->exit_codes;
	condition->exit_count = gathered->exit_count;
	if (condition->throughput_count)
		code = sample_median(condition->throughputs, condition->throughput_count,
			&condition->throughput, err);
	if (!code)
		code = median_of(&gathered->lock_waits, &condition->lock_wait_share, err);
	for (size_t i = 0; i < 3 && !code; i++)
		code = median_of(&gathered->latencies[i], quantiles[i], err);
	condition->lock_wait_count = gathered->lock_waits.count;
	condition->latency_count = gathered->latencies[0].count;
	return code;
}

static int load_trials(struct load *load, struct err *err) {
	struct experiment_summary *summary = load->summary;
	int code = 0;
	load->gathered =
		arena_calloc(&load->scratch, summary->condition_count, sizeof *load->gathered);
	if (!load->gathered)
		return out_of_memory(err);
	for (size_t i = 0; i < summary->experiment_count && !code; i++) {
		load->experiment = load->experiments[i].id;
		code = store_trials(load->store, load->experiment, take_trial, load, err);
		if (code == -ENOMEM)
			out_of_memory(err);
	}
	for (size_t i = 0; i < summary->condition_count && !code; i++) {
		struct summary_condition *condition = &summary->conditions[i];
		const struct store_experiment *of = experiment_of(summary, condition);
		condition->planned = of ? of->runs : 0;
		summary->simulated = summary->simulated || experiment_is_simulated(condition);
		code = count_up(condition, &load->gathered[i], err);
	}
	return code;
}

int experiment_summary_load(struct store *store, const char *const *words, size_t count,
	struct experiment_summary *ret, struct err *err) {
	struct experiment_summary summary = {0};
	struct load load = {.store = store, .summary = &summary};
	int code = 0;
	arena_init(&summary.arena, SIZE_MAX);
	arena_init(&load.scratch, SIZE_MAX);
	for (size_t i = 0; i < count && !code; i++)
		code = take_word(&load, words[i], err);
	if (!code && !summary.condition_count)
		code = err_set(err, -ENOENT, "no experiment is named");
	if (!code)
		code = load_trials(&load, err);
	if (!code)
		code = experiment_compare(&summary, err);
	arena_finish(&load.scratch);
	if (code)
		experiment_summary_finish(&summary);
	else
		*ret = summary;
	return code;
}

void experiment_summary_finish(struct experiment_summary *summary) {
	arena_finish(&summary->arena);
	*summary = (struct experiment_summary){0};
}
