/* Which columns the conditions of a summary have, and what stands in them. */
#include "export/experiment_parts.h"
#include "export/experiment_table.h"

#include <inttypes.h>
#include <string.h>

static const char *const titles[EXPERIMENT_COLUMN_COUNT] = {
	[EXPERIMENT_COLUMN_EXPERIMENT] = "experiment",
	[EXPERIMENT_COLUMN_BACKEND] = "backend",
	[EXPERIMENT_COLUMN_SCENARIO] = "scenario",
	[EXPERIMENT_COLUMN_LOCK] = "lock",
	[EXPERIMENT_COLUMN_THREADS] = "threads",
	[EXPERIMENT_COLUMN_SETTINGS] = "settings",
	[EXPERIMENT_COLUMN_ENV] = "environment",
	[EXPERIMENT_COLUMN_COMMAND] = "command",
	[EXPERIMENT_COLUMN_RUNS] = "runs",
	[EXPERIMENT_COLUMN_CRASHED] = "crashed",
	[EXPERIMENT_COLUMN_HUNG] = "hung",
	[EXPERIMENT_COLUMN_GPU_ERROR] = "gpu error",
	[EXPERIMENT_COLUMN_WRONG_RESULT] = "wrong result",
	[EXPERIMENT_COLUMN_FAILED] = "failed",
	[EXPERIMENT_COLUMN_RATE] = "crash rate, 95 %",
	[EXPERIMENT_COLUMN_THROUGHPUT] = "throughput",
	[EXPERIMENT_COLUMN_INTERVAL] = "95 %",
	[EXPERIMENT_COLUMN_WAITED] = "waited",
	[EXPERIMENT_COLUMN_P50] = "p50",
	[EXPERIMENT_COLUMN_P95] = "p95",
	[EXPERIMENT_COLUMN_P99] = "p99",
};

static const enum trial_outcome outcomes[EXPERIMENT_COLUMN_COUNT] = {
	[EXPERIMENT_COLUMN_CRASHED] = TRIAL_CRASHED,
	[EXPERIMENT_COLUMN_HUNG] = TRIAL_HUNG,
	[EXPERIMENT_COLUMN_GPU_ERROR] = TRIAL_GPU_ERROR,
	[EXPERIMENT_COLUMN_WRONG_RESULT] = TRIAL_WRONG_RESULT,
	[EXPERIMENT_COLUMN_FAILED] = TRIAL_FAILED,
};

/* The first columns are what conditions may differ in, in the same order. */
_Static_assert((int)EXPERIMENT_COLUMN_COMMAND == (int)SUMMARY_COMMAND, "columns and factors");

/* ---- which ---- */

static double latency(const struct summary_condition *condition, enum experiment_column column) {
	return column == EXPERIMENT_COLUMN_P50   ? condition->p50_us
	       : column == EXPERIMENT_COLUMN_P95 ? condition->p95_us
	       : column == EXPERIMENT_COLUMN_P99 ? condition->p99_us
						 : -1;
}

static bool tells(const struct summary_condition *condition, enum experiment_column column) {
	if (column == EXPERIMENT_COLUMN_RUNS || column == EXPERIMENT_COLUMN_CRASHED ||
		column == EXPERIMENT_COLUMN_RATE)
		return true;
	if (outcomes[column])
		return condition->outcomes[outcomes[column]] > 0;
	if (column == EXPERIMENT_COLUMN_LOCK)
		return condition->facts.lock != NULL;
	if (column == EXPERIMENT_COLUMN_THREADS)
		return condition->facts.threads.set;
	if (column == EXPERIMENT_COLUMN_THROUGHPUT || column == EXPERIMENT_COLUMN_INTERVAL)
		return condition->throughput_count > 0;
	if (column == EXPERIMENT_COLUMN_WAITED)
		return condition->lock_wait_share >= 0;
	return latency(condition, column) >= 0;
}

bool experiment_column_is_there(
	const struct experiment_summary *summary, enum experiment_column column) {
	for (size_t i = 0; i < summary->condition_count; i++)
		if (tells(&summary->conditions[i], column))
			return true;
	return column <= EXPERIMENT_COLUMN_COMMAND &&
	       experiment_varies(summary, (enum summary_factor)column);
}

bool experiment_column_is_right(enum experiment_column column) {
	return column == EXPERIMENT_COLUMN_EXPERIMENT || column == EXPERIMENT_COLUMN_THREADS ||
	       (column >= EXPERIMENT_COLUMN_RUNS && column != EXPERIMENT_COLUMN_RATE &&
		       column != EXPERIMENT_COLUMN_INTERVAL);
}

/* The unit that all conditions have, else NULL. */
static const char *common_unit(const struct experiment_summary *summary) {
	const char *unit = NULL;
	for (size_t i = 0; i < summary->condition_count; i++) {
		const char *its = summary->conditions[i].facts.throughput_unit;
		if (!its || !*its || (unit && strcmp(its, unit) != 0))
			return NULL;
		unit = its;
	}
	return unit;
}

void experiment_column_title(
	const struct experiment_summary *summary, enum experiment_column column, struct buf *ret) {
	const char *unit = common_unit(summary);
	buf_add_str(ret, column == EXPERIMENT_COLUMN_THROUGHPUT && unit ? unit : titles[column]);
}

/* ---- what ---- */

static void add_runs(const struct summary_condition *condition, struct buf *ret) {
	experiment_count(condition->runs, ret);
	if (condition->planned > 0 && condition->runs < (uint64_t)condition->planned) {
		buf_add_str(ret, " of ");
		experiment_count((uint64_t)condition->planned, ret);
	}
}

static void add_throughput(const struct experiment_summary *summary,
	const struct summary_condition *condition, struct buf *ret) {
	if (!condition->throughput_count)
		return;
	experiment_number(condition->throughput.value, ret);
	const char *unit = condition->facts.throughput_unit;
	if (unit && *unit && !common_unit(summary))
		buf_printf(ret, " %s", unit);
}

static void add_interval(const struct summary_condition *condition, struct buf *ret) {
	if (!condition->throughput_count)
		return;
	if (condition->throughput_count == 1) {
		buf_add_str(ret, "one trial");
		return;
	}
	experiment_number(condition->throughput.low, ret);
	buf_add_str(ret, " to ");
	experiment_number(condition->throughput.high, ret);
}

/* A number alone where the column's title says of what. */
static void add_factor(const struct experiment_summary *summary,
	const struct summary_condition *condition, enum experiment_column column, struct buf *ret) {
	struct i64_opt threads = condition->facts.threads;
	if (column == EXPERIMENT_COLUMN_EXPERIMENT)
		buf_printf(ret, "%" PRId64, condition->experiment);
	else if (column == EXPERIMENT_COLUMN_THREADS && threads.set)
		buf_printf(ret, "%" PRId64, threads.value);
	else if (column != EXPERIMENT_COLUMN_THREADS)
		experiment_value(summary, condition, (enum summary_factor)column, ret);
}

void experiment_column_cell(const struct experiment_summary *summary, size_t index,
	enum experiment_column column, struct buf *ret) {
	const struct summary_condition *condition = &summary->conditions[index];
	if (column <= EXPERIMENT_COLUMN_COMMAND)
		add_factor(summary, condition, column, ret);
	else if (outcomes[column])
		experiment_count(condition->outcomes[outcomes[column]], ret);
	else if (column == EXPERIMENT_COLUMN_RUNS)
		add_runs(condition, ret);
	else if (column == EXPERIMENT_COLUMN_RATE)
		experiment_summary_rate(condition, ret);
	else if (column == EXPERIMENT_COLUMN_THROUGHPUT)
		add_throughput(summary, condition, ret);
	else if (column == EXPERIMENT_COLUMN_INTERVAL)
		add_interval(condition, ret);
	else if (column == EXPERIMENT_COLUMN_WAITED && condition->lock_wait_share >= 0)
		buf_printf(ret, "%.1f %%", condition->lock_wait_share * 100);
	else if (latency(condition, column) >= 0)
		experiment_duration(latency(condition, column), ret);
}

/* "p50, p99", as many as are shown. */
static void add_percentiles(const bool shown[EXPERIMENT_COLUMN_COUNT], struct buf *ret) {
	const char *between = ret->len ? " " : "";
	size_t count = 0;
	for (int i = EXPERIMENT_COLUMN_P50; i <= EXPERIMENT_COLUMN_P99; i++)
		if (shown[i])
			buf_printf(ret, "%s%s", count++ ? ", " : between, titles[i]);
	if (count)
		buf_printf(ret,
			": percentile%s of an operation's time, median of the finished trials.",
			count == 1 ? "" : "s");
}

void experiment_column_legend(const struct experiment_summary *summary,
	const bool left_out[EXPERIMENT_COLUMN_COUNT], struct buf *ret) {
	bool shown[EXPERIMENT_COLUMN_COUNT];
	for (int i = 0; i < EXPERIMENT_COLUMN_COUNT; i++)
		shown[i] = experiment_column_is_there(summary, (enum experiment_column)i) &&
			   !left_out[i];
	buf_add_str(ret, "Crash rate: crashes of the runs, with the range in which the true rate "
			 "lies with 95 % confidence (Wilson).");
	if (shown[EXPERIMENT_COLUMN_THROUGHPUT])
		buf_printf(ret, " Throughput: median of the finished trials%s.",
			shown[EXPERIMENT_COLUMN_INTERVAL] ? " with its bootstrap interval" : "");
	if (shown[EXPERIMENT_COLUMN_WAITED])
		buf_add_str(ret, " Waited: share of the threads' time that they waited for locks.");
	add_percentiles(shown, ret);
}
