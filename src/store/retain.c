/*
 * Retention as a run of steps, cut into slices so that a loop never waits long: each slice is a
 * transaction, and a kill between or within them leaves a whole database.
 */
#include "store/retain.h"

#include "base/clock.h"

#include <assert.h>
#include <stdlib.h>

/* Work in one slice, its commit not counted. */
#define SLICE_US 4000
/* The log is written back into the file, in a slice of its own, when it is larger than this. */
#define LOG_BYTES (512 << 10)
/* What deleting a row frees besides its packed bytes, as long as nothing better is known. */
#define ROW_BYTES 450
/* How often ages are looked at: a 64th of them, within these. */
#define AGES_MIN_US ((int64_t)1000000)
#define AGES_MAX_US ((int64_t)3600 * 1000000)
/* How often the file rows are compared with the disk. */
#define FILES_US ((int64_t)24 * 3600 * 1000000)
/* When nothing more can be removed: tried again after that time, or growth by a 16th. */
#define STUCK_US ((int64_t)3600 * 1000000)
/* Texts are looked through again when one row in so many was deleted. */
#define TEXTS_SHARE 8
#define TEXTS_ROWS_MIN 1000

bool retain_is_late(const struct keeper *keeper) {
	return !keeper->limits.dry_run && clock_monotonic_us() >= keeper->deadline_us;
}

void store_keeper_free(struct keeper *keeper) {
	if (keeper != NULL)
		retain_texts_finish(keeper);
	free(keeper);
}

static struct i64_opt now(void) {
	return (struct i64_opt){.value = clock_monotonic_us(), .set = true};
}

static bool has_passed(struct i64_opt since_us, int64_t period_us) {
	return !since_us.set || clock_monotonic_us() - since_us.value >= period_us;
}

static int keeper_ready(struct store *store, struct err *err) {
	if (store->keeper == NULL)
		store->keeper = calloc(1, sizeof(*store->keeper));
	return store->keeper != NULL ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int64_t low_water(const struct keeper *keeper) {
	return keeper->limits.max_bytes - keeper->limits.max_bytes / 10;
}

static bool is_too_large(const struct keeper *keeper, int64_t bytes) {
	return keeper->limits.max_bytes > 0 && bytes > keeper->limits.max_bytes;
}

/* Writes the log back and empties it, unless a reader needs it: nobody waits for that. */
static void write_back(struct store *store) {
	sqlite3_busy_timeout(store->db, 0);
	sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
}

/* When the run begins too large, whenever the log has grown, and in the end. */
static bool write_back_due(struct store *store, struct keeper *keeper) {
	int64_t bytes = store_log_bytes(store);
	bool first = keeper->was_too_big && !keeper->written_back;
	bool last = keeper->step == RETAIN_LOG;
	if (last)
		keeper->step = RETAIN_IDLE;
	keeper->written_back = true;
	/* A reader may keep it from shrinking: every other slice works. */
	bool grown = bytes > LOG_BYTES && !keeper->just_written_back;
	keeper->just_written_back = bytes > 0 && (first || last || grown);
	return keeper->just_written_back || last;
}

static void start_run(struct store *store, struct keeper *keeper) {
	keeper->full = !keeper->asked;
	keeper->aged = keeper->full || keeper->aged_due;
	keeper->files = keeper->full || keeper->files_due;
	keeper->asked = false;
	keeper->changed = keeper->size_changed = false;
	keeper->freed = keeper->total_freed = 0;
	keeper->row_bytes = ROW_BYTES;
	keeper->was_too_big = is_too_large(keeper, store_disk_bytes(store));
	keeper->written_back = keeper->just_written_back = false;
	keeper->step = RETAIN_AGED_ROWS;
	retain_walk(keeper, false);
}

/* ---- between the steps ---- */

static int begin_size(struct store *store, struct keeper *keeper, struct err *err) {
	int64_t used = 0;
	int r = retain_used_bytes(store, keeper, &used, err);
	if (r < 0)
		return r;
	keeper->total_freed = keeper->limits.dry_run ? keeper->freed : 0;
	used -= keeper->total_freed;
	/* What the steps before have freed is still a part of the file. */
	bool over = keeper->changed ? is_too_large(keeper, used) : keeper->was_too_big;
	keeper->step = over ? RETAIN_SIZE_RAW : RETAIN_FILES;
	keeper->target = over ? used - low_water(keeper) : 0;
	keeper->freed = keeper->kept_raw = 0;
	keeper->walked_id = INT64_MIN;
	if (over)
		retain_walk(keeper, true);
	return 0;
}

/* What a row is worth: what is in use, without the bytes that stay, divided by the rows. */
static int begin_size_rows(struct store *store, struct keeper *keeper, struct err *err) {
	struct store_counts counts = {0};
	int64_t used = keeper->target + low_water(keeper) - keeper->freed - keeper->kept_raw;
	int r = store_counts(store, &counts, err);
	if (r < 0)
		return r;
	int64_t rows = counts.stored - (int64_t)keeper->done.incidents_removed;
	keeper->row_bytes = rows > 0 ? used / rows : ROW_BYTES;
	if (keeper->row_bytes < ROW_BYTES / 2)
		keeper->row_bytes = ROW_BYTES / 2;
	if (keeper->row_bytes > 4 * ROW_BYTES)
		keeper->row_bytes = 4 * ROW_BYTES;
	keeper->step = RETAIN_SIZE_ROWS;
	retain_walk(keeper, false);
	return 0;
}

static int end_size_raw(struct store *store, struct keeper *keeper, struct err *err) {
	if (keeper->freed < keeper->target)
		return begin_size_rows(store, keeper, err);
	keeper->step = RETAIN_FILES;
	keeper->walked_id = INT64_MIN;
	return 0;
}

static bool texts_are_due(const struct keeper *keeper, int64_t stored) {
	int64_t enough = keeper->full ? 1 : TEXTS_ROWS_MIN + stored / TEXTS_SHARE;
	return keeper->texts != TEXTS_BEGIN || keeper->rows_since_texts >= enough;
}

static int go_on_with_texts(struct store *store, struct keeper *keeper, struct err *err) {
	struct store_counts counts = {0};
	int r = store_counts(store, &counts, err);
	if (r < 0 || !texts_are_due(keeper, counts.stored))
		return r < 0 ? r : 1;
	r = retain_texts(store, keeper, err);
	if (r != 0) {
		retain_texts_finish(keeper);
		keeper->rows_since_texts = 0;
	}
	return r;
}

static int do_rest(struct store *store, struct keeper *keeper, struct err *err) {
	int r = retain_forget_kept(store, keeper, err);
	if (r == 0)
		r = retain_symbols(store, keeper, err);
	if (r == 0 && keeper->changed)
		r = store_dictionaries_tidy(store, err);
	return r < 0 ? r : 1;
}

/* Goes on with the step at hand and chooses the next one when it is done. */
static int go_on(struct store *store, struct keeper *keeper, struct err *err) {
	int r = 1;
	switch (keeper->step) {
	case RETAIN_IDLE:
	case RETAIN_LOG:
		return 0;
	case RETAIN_AGED_ROWS:
		r = keeper->aged ? retain_aged_rows(store, keeper, err) : 1;
		if (r == 1)
			retain_walk(keeper, true);
		break;
	case RETAIN_AGED_RAW:
		r = keeper->aged ? retain_aged_raw(store, keeper, err) : 1;
		break;
	case RETAIN_SIZE:
		return begin_size(store, keeper, err);
	case RETAIN_SIZE_RAW:
		r = retain_size_raw(store, keeper, err);
		return r == 1 ? end_size_raw(store, keeper, err) : r;
	case RETAIN_SIZE_ROWS:
		r = retain_size_rows(store, keeper, err);
		if (r == 1)
			keeper->walked_id = INT64_MIN;
		break;
	case RETAIN_FILES:
		r = keeper->files ? retain_gone_files(store, keeper, err) : 1;
		break;
	case RETAIN_TEXTS:
		r = go_on_with_texts(store, keeper, err);
		break;
	case RETAIN_REST:
		r = do_rest(store, keeper, err);
		break;
	case RETAIN_PAGES:
		r = keeper->changed || keeper->full ? retain_pages(store, keeper, err) : 1;
		break;
	}
	if (r == 1)
		keeper->step++;
	return r < 0 ? r : 0;
}

/* ---- slices ---- */

static int do_slice(struct store *store, struct keeper *keeper, struct err *err) {
	int r = store_begin(store, err);
	if (r < 0)
		return r;
	keeper->deadline_us = clock_monotonic_us() + SLICE_US;
	/* A raw row is deleted and comes back empty while incidents refer to it. */
	r = store_exec(store, "pragma defer_foreign_keys = on", err);
	if (r == 0)
		r = retain_look_again(store, keeper, err);
	while (r == 0 && keeper->step != RETAIN_LOG && !retain_is_late(keeper))
		r = go_on(store, keeper, err);
	if (r == 0)
		return store_commit(store, err);
	store_rollback(store);
	return r;
}

/* The run is over. Too large still: once more, or it is told that this is all. */
static void end_run(struct store *store, struct keeper *keeper) {
	if (keeper->aged)
		keeper->aged_at_us = now();
	if (keeper->files)
		keeper->files_at_us = now();
	keeper->stuck_at_us.set = false;
	if (!is_too_large(keeper, store_disk_bytes(store)))
		return;
	if (keeper->size_changed) {
		keeper->size_changed = keeper->aged = keeper->files = false;
		keeper->was_too_big = true;
		keeper->step = RETAIN_SIZE;
		return;
	}
	keeper->stuck_at_us = now();
	keeper->stuck_bytes = store_disk_bytes(store);
	keeper->done.too_big = true;
}

static bool same_limits(const struct store_retention *a, const struct store_retention *b) {
	return a->max_age_us == b->max_age_us && a->raw_max_age_us == b->raw_max_age_us &&
	       a->max_bytes == b->max_bytes;
}

static int dry_run(struct store *store, const struct store_retention *retention,
	struct store_retained *ret, struct err *err) {
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	int64_t used = 0;
	if (keeper == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	keeper->limits = *retention;
	int r = store_exec(store, "begin", err);
	if (r == 0) {
		start_run(store, keeper);
		r = retain_look_again(store, keeper, err);
		if (r == 0)
			r = retain_used_bytes(store, keeper, &used, err);
		while (r == 0 && keeper->step < RETAIN_TEXTS)
			r = go_on(store, keeper, err);
		(void)store_exec(store, "rollback", NULL);
	}
	if (r == 0) {
		*ret = keeper->done;
		ret->bytes_before = store_disk_bytes(store);
		ret->bytes_after = used - keeper->total_freed - keeper->freed;
		ret->too_big = is_too_large(keeper, ret->bytes_after);
	}
	store_keeper_free(keeper);
	return r;
}

int store_retain(struct store *store, const struct store_retention *retention,
	struct store_retained *ret, struct err *err) {
	struct err own = {0};
	assert(!store->in_transaction);
	err = err != NULL ? err : &own;
	if (retention->dry_run)
		return dry_run(store, retention, ret, err);
	int r = keeper_ready(store, err);
	if (r < 0)
		return r;
	struct keeper *keeper = store->keeper;
	if (!same_limits(&keeper->limits, retention)) {
		keeper->step = RETAIN_IDLE;
		retain_texts_finish(keeper);
	}
	keeper->limits = *retention;
	keeper->done = (struct store_retained){.bytes_before = store_disk_bytes(store)};
	if (keeper->step == RETAIN_IDLE)
		start_run(store, keeper);
	if (write_back_due(store, keeper))
		write_back(store);
	else
		r = do_slice(store, keeper, err);
	if (r < 0) {
		keeper->step = RETAIN_IDLE;
		retain_texts_finish(keeper);
		return r;
	}
	if (keeper->step == RETAIN_IDLE)
		end_run(store, keeper);
	keeper->done.bytes_after = store_disk_bytes(store);
	keeper->done.more = keeper->step != RETAIN_IDLE;
	*ret = keeper->done;
	return 0;
}

/* ---- is there anything to do ---- */

static int64_t ages_period(const struct store_retention *retention) {
	int64_t ret = AGES_MAX_US;
	const int64_t ages[] = {retention->max_age_us, retention->raw_max_age_us};
	for (size_t i = 0; i < 2; i++)
		if (ages[i] > 0 && ages[i] / 64 < ret)
			ret = ages[i] / 64;
	return ret < AGES_MIN_US ? AGES_MIN_US : ret;
}

/* Whether the oldest row that a limit is about is older than it; protected ones count too. */
static int is_aged(
	struct store *store, enum statement oldest, int64_t before_us, bool *ret, struct err *err) {
	sqlite3_stmt *find = store_statement(store, oldest, err);
	int r = find == NULL ? store_code(err) : store_step(store, find, err);
	if (r < 0)
		return r;
	struct i64_opt at = store_column_opt(find, 0);
	sqlite3_reset(find);
	*ret = *ret || (at.set && at.value < before_us);
	return 0;
}

static int ages_due(
	struct store *store, const struct store_retention *retention, bool *ret, struct err *err) {
	int r = 0;
	*ret = false;
	if (!has_passed(store->keeper->aged_at_us, ages_period(retention)))
		return 0;
	if (retention->max_age_us > 0)
		r = is_aged(store, ST_RETAIN_OLDEST, retention->now_us - retention->max_age_us, ret,
			err);
	if (r == 0 && retention->raw_max_age_us > 0)
		r = is_aged(store, ST_RETAIN_OLDEST_WHOLE,
			retention->now_us - retention->raw_max_age_us, ret, err);
	return r;
}

static bool size_is_due(
	const struct keeper *keeper, const struct store_retention *retention, int64_t bytes) {
	if (retention->max_bytes <= 0 || bytes <= retention->max_bytes)
		return false;
	return has_passed(keeper->stuck_at_us, STUCK_US) ||
	       bytes > keeper->stuck_bytes + retention->max_bytes / 16;
}

int store_retention_due(
	struct store *store, const struct store_retention *retention, bool *ret, struct err *err) {
	struct err own = {0};
	bool aged = false;
	err = err != NULL ? err : &own;
	int r = keeper_ready(store, err);
	if (r == 0)
		r = ages_due(store, retention, &aged, err);
	if (r < 0)
		return r;
	struct keeper *keeper = store->keeper;
	keeper->aged_due = aged;
	keeper->files_due = has_passed(keeper->files_at_us, FILES_US);
	bool due = aged || keeper->files_due ||
		   size_is_due(keeper, retention, store_disk_bytes(store));
	keeper->asked = due;
	*ret = due || keeper->step != RETAIN_IDLE;
	return 0;
}
