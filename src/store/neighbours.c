/*
 * What stands near one incident in time. Reads the rows of that window alone.
 */
#include "store/near.h"
#include "store/state.h"

#include <stdlib.h>
#include <string.h>

/* More than these within a window tell nothing more; the nearest are kept. */
#define NEIGHBOURS_MAX 1000

struct found {
	int64_t id, distance_us;
	uint64_t apart_us;
};

struct search {
	struct store *store;
	struct near_row self;
	char *process; /* owned */
	struct found *found;
	size_t count;
	struct err *err;
};

static const char *text(sqlite3_stmt *row, int column) {
	return (const char *)sqlite3_column_text(row, column);
}

static int dup_text(sqlite3_stmt *row, int column, char **ret, struct err *err) {
	const char *value = text(row, column);
	*ret = value != NULL ? strdup(value) : NULL;
	return value != NULL && *ret == NULL ? err_set(err, -ENOMEM, "out of memory") : 0;
}

/* 1; 0 for an incident without a time, or of a kind that nothing is near. */
static int read_self(struct search *search, int64_t id) {
	sqlite3_stmt *find = store_statement(search->store, ST_NEAR_SELF, search->err);
	if (find == NULL)
		return store_code(search->err);
	sqlite3_bind_int64(find, 1, id);
	int r = store_step(search->store, find, search->err);
	if (r == 0)
		return err_set(search->err, -ENOENT, "no incident %lld", (long long)id);
	if (r < 0)
		return r;
	near_read(find, &search->self);
	bool timed = sqlite3_column_type(find, 1) != SQLITE_NULL && near_counts(search->self.kind);
	r = dup_text(find, NEAR_COLUMN_COUNT, &search->process, search->err);
	sqlite3_reset(find);
	return r < 0 ? r : timed;
}

static int nearest_first(const void *a, const void *b) {
	const struct found *left = a, *right = b;
	if (left->apart_us != right->apart_us)
		return left->apart_us < right->apart_us ? -1 : 1;
	return (left->id > right->id) - (left->id < right->id);
}

/* Of more than can be told the farthest half goes. */
static void keep(struct search *search, const struct found *found) {
	if (search->count == 2 * (size_t)NEIGHBOURS_MAX) {
		qsort(search->found, search->count, sizeof(*found), nearest_first);
		search->count = NEIGHBOURS_MAX;
	}
	search->found[search->count++] = *found;
}

static int64_t bound(int64_t at_us, int64_t distance_us) {
	int64_t ret;
	if (__builtin_add_overflow(at_us, distance_us, &ret))
		return distance_us < 0 ? INT64_MIN : INT64_MAX;
	return ret;
}

static int look_around(struct search *search, int64_t before_us, int64_t after_us) {
	const struct near_row *self = &search->self;
	struct near_row row;
	int r;
	sqlite3_stmt *rows = store_statement(search->store, ST_NEAR_WINDOW, search->err);
	search->found = calloc(2 * (size_t)NEIGHBOURS_MAX, sizeof(*search->found));
	if (rows == NULL || search->found == NULL)
		return rows == NULL ? store_code(search->err)
				    : err_set(search->err, -ENOMEM, "out of memory");
	sqlite3_bind_int64(rows, 1, bound(self->at_us, -before_us));
	sqlite3_bind_int64(rows, 2, bound(self->at_us, after_us));
	while ((r = store_step(search->store, rows, search->err)) == 1) {
		near_read(rows, &row);
		if (row.id == self->id || !near_counts(row.kind) || !near_same_machine(self, &row))
			continue;
		int64_t distance = row.at_us - self->at_us;
		keep(search, &(struct found){row.id, distance,
				     (uint64_t)(distance < 0 ? -distance : distance)});
	}
	sqlite3_reset(rows);
	return r;
}

static bool is_same_process(
	const struct search *search, enum report_kind kind, const char *process) {
	enum report_kind own = search->self.kind;
	if (own == REPORT_PANIC || kind == REPORT_PANIC || process == NULL)
		return false;
	if (own == kind)
		return search->process != NULL && strcmp(search->process, process) == 0;
	return own == REPORT_CRASH ? near_same_process(search->process, process)
				   : near_same_process(process, search->process);
}

/* The end of a GPU event's signature is why it was restarted. */
static const char *restart_reason(const char *signature) {
	const char *ret = NULL;
	for (const char *p = signature; p != NULL && (p = strstr(p, " | ")) != NULL; p += 3)
		ret = p + 3;
	return ret;
}

static int tell(
	const struct search *search, const struct found *found, store_neighbour_fn fn, void *user) {
	struct near_row row;
	sqlite3_stmt *find = store_statement(search->store, ST_NEAR_TELL, search->err);
	if (find == NULL)
		return store_code(search->err);
	sqlite3_bind_int64(find, 1, found->id);
	int r = store_step(search->store, find, search->err);
	if (r <= 0)
		return r;
	near_read(find, &row);
	const char *title = text(find, NEAR_COLUMN_COUNT + 3);
	const char *reason = row.kind == REPORT_GPU_EVENT
				     ? restart_reason(text(find, NEAR_COLUMN_COUNT + 4))
				     : NULL;
	struct store_neighbour neighbour = {
		.id = row.id,
		.incident_id = text(find, NEAR_COLUMN_COUNT + 1),
		.kind = row.kind,
		.captured_at_us = row.at_us,
		.distance_us = found->distance_us,
		.process = text(find, NEAR_COLUMN_COUNT),
		.site = text(find, NEAR_COLUMN_COUNT + 2),
		.what = reason != NULL ? reason : title,
	};
	neighbour.same_process = is_same_process(search, row.kind, neighbour.process);
	r = fn(&neighbour, user);
	sqlite3_reset(find);
	return r;
}

int store_neighbours(struct store *store, int64_t id, int64_t before_us, int64_t after_us,
	store_neighbour_fn fn, void *user, struct err *err) {
	struct err own = {0};
	struct search search = {.store = store, .err = err != NULL ? err : &own};
	int r = read_self(&search, id);
	if (r == 1)
		r = look_around(&search, before_us, after_us);
	if (r == 0 && search.count > 0) {
		qsort(search.found, search.count, sizeof(*search.found), nearest_first);
		if (search.count > NEIGHBOURS_MAX)
			search.count = NEIGHBOURS_MAX;
	}
	for (size_t i = 0; r == 0 && i < search.count; i++)
		r = tell(&search, &search.found[i], fn, user);
	free(search.found);
	free(search.process);
	return r;
}
