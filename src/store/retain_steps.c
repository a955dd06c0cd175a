/*
 * The steps of retention: what each removes, in which order, and how much that frees. In a dry run
 * the same decisions are made and nothing is written.
 */
#include "store/retain.h"

/* Of a raw row besides its packed bytes; they stay when it is emptied. */
#define RAW_ROW_BYTES 60
/* Rows read before any of them is changed. */
#define BATCH 32
/* Pages given back to the file system between two looks at the clock. */
#define VACUUM_PAGES "64"

/*
 * The pages that a packed report takes: a leaf shares its space between rows, what does not fit
 * goes to pages of its own (the file format's rule for table leaves).
 */
static int64_t bytes_of_raw(const struct keeper *keeper, int64_t length) {
	int64_t usable = keeper->page_bytes, payload = length + RAW_ROW_BYTES, local = payload;
	int64_t least = (usable - 12) * 32 / 255 - 23, pages = 0;
	if (length <= 0)
		return 0;
	if (payload > usable - 35) {
		local = least + (payload - least) % (usable - 4);
		local = local <= usable - 35 ? local : least;
		pages = (payload - local + usable - 5) / (usable - 4);
	}
	int64_t rows = (usable - 8) / (local + 6);
	return pages * usable + usable / (rows > 0 ? rows : 1) - RAW_ROW_BYTES;
}

/* Removes one row, or counts what removing it would do. 0 or negative, as all these. */
static int remove_row(struct store *store, struct keeper *keeper, const struct retain_row *row,
	int64_t before_us, struct err *err) {
	struct retain_owner owner = {.id = row->raw_id, .before_us = before_us};
	int64_t length = 0;
	int r = retain_shared_can_go(store, keeper, row, &owner, err);
	if (r == 1)
		r = retain_raw_length(store, row->raw_id, &length, err);
	if (r < 0)
		return r;
	keeper->freed += bytes_of_raw(keeper, length) + keeper->row_bytes;
	keeper->done.incidents_removed++;
	keeper->rows_since_texts++;
	if (!keeper->limits.dry_run)
		return retain_remove_row(store, row, &keeper->done.files_removed, err);
	struct retain_files files;
	r = retain_files_of(store, row->id, &files, err);
	for (size_t i = 0; r >= 0 && i < files.count; i++) {
		owner = (struct retain_owner){true, files.ids[i], before_us};
		r = retain_shared_can_go(store, keeper, row, &owner, err);
		if (r == 1)
			r = retain_file_is_gone(store, files.ids[i], err);
		keeper->done.files_removed += r == 1;
	}
	return r < 0 ? r : 0;
}

/* Removes the bytes of row when nobody else needs them; *ret_length: what is freed, 0 none. */
static int remove_raw(struct store *store, struct keeper *keeper, const struct retain_row *row,
	int64_t before_us, struct err *err) {
	const struct retain_owner owner = {.id = row->raw_id, .before_us = before_us};
	uint64_t incidents = 0;
	int64_t length = 0;
	int r = retain_shared_can_go(store, keeper, row, &owner, err);
	if (r <= 0)
		return r;
	r = retain_raw_length(store, row->raw_id, &length, err);
	if (r == 0)
		r = keeper->limits.dry_run ? retain_count_raw(store, row->raw_id, &incidents, err)
					   : retain_remove_raw(store, row->raw_id, &incidents, err);
	if (r < 0)
		return r;
	keeper->freed += bytes_of_raw(keeper, length);
	keeper->done.raw_removed += incidents;
	return 0;
}

static int64_t cutoff(const struct keeper *keeper, int64_t age_us) {
	return age_us > 0 && keeper->limits.now_us > INT64_MIN + age_us
		       ? keeper->limits.now_us - age_us
		       : INT64_MIN;
}

/* A dry run has left standing what an earlier step has counted. */
static bool is_counted(const struct keeper *keeper, const struct retain_row *row) {
	if (!keeper->limits.dry_run || keeper->step < RETAIN_AGED_RAW)
		return false;
	int64_t before = cutoff(keeper, keeper->limits.max_age_us);
	if (keeper->step == RETAIN_SIZE_RAW && keeper->limits.raw_max_age_us > 0) {
		int64_t raw_before = cutoff(keeper, keeper->limits.raw_max_age_us);
		before = raw_before > before ? raw_before : before;
	}
	return row->at < before;
}

/* What a step does with a row that is not protected, and when it is enough. */
struct step {
	int (*remove)(struct store *, struct keeper *, const struct retain_row *, int64_t before_us,
		struct err *);
	int64_t before_us; /* rows of that age or younger stay */
	bool to_target;    /* until enough is freed */
};

/* 1: the step is over. */
static int look_at(struct store *store, struct keeper *keeper, const struct step *step,
	const struct retain_row *row, struct err *err) {
	if (step->to_target && keeper->freed >= keeper->target)
		return 1;
	if (row->captured_at.set && row->at >= step->before_us)
		return 1;
	int r = row->at >= step->before_us ? 1 : retain_protected(store, keeper, row, err);
	if (r < 0)
		return r;
	if (r == 0 && !is_counted(keeper, row)) {
		r = step->remove(store, keeper, row, step->before_us, err);
		keeper->changed = true;
		keeper->size_changed |= step->to_target;
	} else if (keeper->step == RETAIN_SIZE_RAW) {
		int64_t length = 0;
		r = retain_raw_length(store, row->raw_id, &length, err);
		if (r == 0 && !is_counted(keeper, row))
			keeper->kept_raw += bytes_of_raw(keeper, length);
	}
	if (r < 0)
		return r;
	retain_pass(keeper, row);
	return 0;
}

/* 1: done, 0: it is late. */
static int take_step(
	struct store *store, struct keeper *keeper, const struct step *step, struct err *err) {
	struct retain_row rows[BATCH];
	size_t count;
	do {
		int r = retain_next(store, keeper, rows, BATCH, &count, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < count; i++) {
			r = look_at(store, keeper, step, &rows[i], err);
			if (r != 0)
				return r;
			if (retain_is_late(keeper))
				return 0;
		}
	} while (count > 0);
	return 1;
}

int retain_aged_rows(struct store *store, struct keeper *keeper, struct err *err) {
	const struct step step = {remove_row, cutoff(keeper, keeper->limits.max_age_us), false};
	return take_step(store, keeper, &step, err);
}

int retain_aged_raw(struct store *store, struct keeper *keeper, struct err *err) {
	const struct step step = {remove_raw, cutoff(keeper, keeper->limits.raw_max_age_us), false};
	return take_step(store, keeper, &step, err);
}

int retain_size_raw(struct store *store, struct keeper *keeper, struct err *err) {
	const struct step step = {remove_raw, INT64_MAX, true};
	return take_step(store, keeper, &step, err);
}

int retain_size_rows(struct store *store, struct keeper *keeper, struct err *err) {
	const struct step step = {remove_row, INT64_MAX, true};
	return take_step(store, keeper, &step, err);
}

/* The next file row, and whether an incident or a sighting has it: 1, 0 at the end. */
static int next_file(
	struct store *store, int64_t last, int64_t *ret, bool *ret_needed, struct err *err) {
	sqlite3_stmt *next = store_statement(store, ST_RETAIN_FILE_NEXT, err);
	if (next == NULL)
		return store_code(err);
	sqlite3_bind_int64(next, 1, last);
	int r = store_step(store, next, err);
	if (r == 1) {
		*ret = sqlite3_column_int64(next, 0);
		*ret_needed = sqlite3_column_int(next, 1) != 0;
	}
	sqlite3_reset(next);
	return r;
}

int retain_gone_files(struct store *store, struct keeper *keeper, struct err *err) {
	bool needed = false;
	while (!retain_is_late(keeper)) {
		int r = next_file(store, keeper->walked_id, &keeper->walked_id, &needed, err);
		if (r <= 0)
			return r < 0 ? r : 1;
		if (needed)
			continue;
		r = retain_file_is_gone(store, keeper->walked_id, err);
		if (r == 0)
			continue;
		if (r == 1 && !keeper->limits.dry_run)
			r = retain_remove_file(store, keeper->walked_id, err);
		if (r < 0)
			return r;
		keeper->done.files_removed++;
		keeper->changed = true;
	}
	return 0;
}

static int ask(struct store *store, enum statement id, int64_t *ret, struct err *err) {
	sqlite3_stmt *find = store_statement(store, id, err);
	int r = find == NULL ? store_code(err) : store_step(store, find, err);
	if (r < 0)
		return r;
	*ret = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	return 0;
}

int retain_used_bytes(
	struct store *store, const struct keeper *keeper, int64_t *ret, struct err *err) {
	int64_t pages = 0, unused = 0;
	int r = ask(store, ST_RETAIN_PAGE_COUNT, &pages, err);
	if (r == 0)
		r = ask(store, ST_RETAIN_FREE_COUNT, &unused, err);
	if (r == 0)
		*ret = (pages - unused) * keeper->page_bytes;
	return r;
}

int retain_pages(struct store *store, struct keeper *keeper, struct err *err) {
	int64_t before = INT64_MAX, now = 0;
	do {
		int r = ask(store, ST_RETAIN_FREE_COUNT, &now, err);
		if (r < 0)
			return r;
		/* A file that was vacuumed without auto_vacuum keeps its free pages. */
		if (now == 0 || now >= before)
			return 1;
		before = now;
		r = store_exec(store, "pragma incremental_vacuum(" VACUUM_PAGES ")", err);
		if (r < 0)
			return r;
	} while (!retain_is_late(keeper));
	return 0;
}
