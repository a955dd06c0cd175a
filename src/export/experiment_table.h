/*
 * The columns of an experiment's conditions: which of them a summary has, and what stands in them.
 * Shared by the writers for people.
 */
#ifndef EXPORT_EXPERIMENT_TABLE_H
#define EXPORT_EXPERIMENT_TABLE_H

#include "export/experiment_summary.h"

enum experiment_column {
	EXPERIMENT_COLUMN_EXPERIMENT,
	EXPERIMENT_COLUMN_BACKEND,
	EXPERIMENT_COLUMN_SCENARIO,
	EXPERIMENT_COLUMN_LOCK,
	EXPERIMENT_COLUMN_THREADS,
	EXPERIMENT_COLUMN_SETTINGS,
	EXPERIMENT_COLUMN_ENV,
	EXPERIMENT_COLUMN_COMMAND,
	EXPERIMENT_COLUMN_RUNS,
	EXPERIMENT_COLUMN_CRASHED,
	EXPERIMENT_COLUMN_HUNG,
	EXPERIMENT_COLUMN_GPU_ERROR,
	EXPERIMENT_COLUMN_WRONG_RESULT,
	EXPERIMENT_COLUMN_FAILED,
	EXPERIMENT_COLUMN_RATE,
	EXPERIMENT_COLUMN_THROUGHPUT,
	EXPERIMENT_COLUMN_INTERVAL,
	EXPERIMENT_COLUMN_WAITED,
	EXPERIMENT_COLUMN_P50,
	EXPERIMENT_COLUMN_P95,
	EXPERIMENT_COLUMN_P99,
	EXPERIMENT_COLUMN_COUNT,
};

/* Whether it tells anything. */
bool experiment_column_is_there(
	const struct experiment_summary *summary, enum experiment_column column);
/* Its title in small letters. */
void experiment_column_title(
	const struct experiment_summary *summary, enum experiment_column column, struct buf *ret);
bool experiment_column_is_right(enum experiment_column column);
/* One cell of condition index; nothing for what was not measured. */
void experiment_column_cell(const struct experiment_summary *summary, size_t index,
	enum experiment_column column, struct buf *ret);
/* What the short titles mean, of the columns that are not left out; nothing when they speak for
 * themselves. */
void experiment_column_legend(const struct experiment_summary *summary,
	const bool left_out[EXPERIMENT_COLUMN_COUNT], struct buf *ret);

/* The whole table, laid out for term, and its legend. */
void experiment_table_text(
	const struct experiment_summary *summary, const struct term *term, struct buf *ret);

#endif
