/*
 * What stands near one incident in time. Reads the rows of that window alone.
 */
#include "store/near.h"
#include "store/state.h"

#include <stdlib.h>
#include <string.h>

struct found {
	int64_t id, distance_us;
	uint64_t apart_us;
};

/* Of one kind, so that a storm of crashes does not hide the panic behind it. */
struct found_list {
	struct found *items;
	size_t count, cap;
};

struct search {
	bool other_kinds; /* than its own, and none of that */
	struct store *store;
	struct near_row self;
	char *process; /* owned */
	struct found_list crashes, gpu_events, panics;
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
static int keep(struct search *search, struct found_list *list, const struct found *found) {
	if (list->count == 2 * (size_t)STORE_NEIGHBOURS_MAX) {
		qsort(list->items, list->count, sizeof(*found), nearest_first);
		list->count = STORE_NEIGHBOURS_MAX;
	}
	if (list->count == list->cap) {
		size_t cap = list->cap > 0 ? 2 * list->cap : 16;
		struct found *items = realloc(list->items, cap * sizeof(*items));
		if (items == NULL)
			return err_set(search->err, -ENOMEM, "out of memory");
		list->items = items;
		list->cap = cap;
	}
	list->items[list->count++] = *found;
	return 0;
}

static int64_t bound(int64_t at_us, int64_t distance_us) {
	int64_t ret;
	if (__builtin_add_overflow(at_us, distance_us, &ret))
		return distance_us < 0 ? INT64_MIN : INT64_MAX;
	return ret;
}

static struct found_list *list_of(struct search *search, enum report_kind kind) {
	return kind == REPORT_CRASH       ? &search->crashes
	       : kind == REPORT_GPU_EVENT ? &search->gpu_events
					  : &search->panics;
}

static int look_around(struct search *search, int64_t before_us, int64_t after_us) {
	const struct near_row *self = &search->self;
	struct near_row row;
	int r = 0;
	sqlite3_stmt *rows = store_statement(search->store, ST_NEAR_WINDOW, search->err);
	if (rows == NULL)
		return store_code(search->err);
	sqlite3_bind_int64(rows, 1, bound(self->at_us, -before_us));
	sqlite3_bind_int64(rows, 2, bound(self->at_us, after_us));
	while (r == 0 && (r = store_step(search->store, rows, search->err)) == 1) {
		near_read(rows, &row);
		r = 0;
		if (row.id == self->id || !near_counts(row.kind) || !near_same_machine(self, &row))
			continue;
		if (search->other_kinds && row.kind == self->kind)
			continue;
		int64_t distance = row.at_us - self->at_us;
		r = keep(search, list_of(search, row.kind),
			&(struct found){
				row.id, distance, (uint64_t)(distance < 0 ? -distance : distance)});
	}
	sqlite3_reset(rows);
	return r;
}

static void sort_list(struct found_list *list) {
	if (list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items), nearest_first);
	if (list->count > STORE_NEIGHBOURS_MAX)
		list->count = STORE_NEIGHBOURS_MAX;
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

/* Takes the nearest that is left in the lists; NULL: none is. */
static const struct found *take_nearest(struct found_list *const *lists, size_t *at) {
	size_t best = 3;
	for (size_t i = 0; i < 3; i++)
		if (at[i] < lists[i]->count &&
			(best == 3 || nearest_first(&lists[i]->items[at[i]],
					      &lists[best]->items[at[best]]) < 0))
			best = i;
	return best < 3 ? &lists[best]->items[at[best]++] : NULL;
}

static int tell_all(struct search *search, store_neighbour_fn fn, void *user) {
	struct found_list *const lists[3] = {
		&search->crashes, &search->gpu_events, &search->panics};
	const struct found *found;
	size_t at[3] = {0};
	int r = 0;
	for (size_t i = 0; i < 3; i++)
		sort_list(lists[i]);
	while (r == 0 && (found = take_nearest(lists, at)) != NULL)
		r = tell(search, found, fn, user);
	return r;
}

static int search_around(struct search *search, int64_t id, const int64_t window_us[2],
	store_neighbour_fn fn, void *user) {
	int r = read_self(search, id);
	if (r == 1)
		r = look_around(search, window_us[0], window_us[1]);
	if (r == 0)
		r = tell_all(search, fn, user);
	free(search->crashes.items);
	free(search->gpu_events.items);
	free(search->panics.items);
	free(search->process);
	return r;
}

int store_neighbours(struct store *store, int64_t id, int64_t before_us, int64_t after_us,
	store_neighbour_fn fn, void *user, struct err *err) {
	struct err own = {0};
	struct search search = {.store = store, .err = err != NULL ? err : &own};
	return search_around(&search, id, (const int64_t[]){before_us, after_us}, fn, user);
}

int store_neighbours_of_other_kinds(struct store *store, int64_t id, int64_t before_us,
	int64_t after_us, store_neighbour_fn fn, void *user, struct err *err) {
	struct err own = {0};
	struct search search = {
		.store = store, .other_kinds = true, .err = err != NULL ? err : &own};
	return search_around(&search, id, (const int64_t[]){before_us, after_us}, fn, user);
}
