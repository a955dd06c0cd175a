/*
 * How many crashes have a GPU event or a panic near them: the rows are read once, sorted by time,
 * and looked up in each other.
 */
#include "store/near.h"
#include "store/state.h"

#include <stdlib.h>
#include <string.h>

struct event {
	struct near_row row;
	const char *process; /* of names */
	bool selected;       /* by the filter */
	bool near;           /* a crash is */
};

/* By time, those without one left out. */
struct events {
	struct event *items;
	size_t count, cap;
};

struct name {
	int64_t word;
	char *text;
};

struct correlate {
	struct store *store;
	struct events crashes, gpu_events, panics;
	struct name *names; /* of processes, in a hash table by word */
	size_t name_count, name_cap;
	struct store_correlation counts;
	struct err *err;
};

static int no_memory(struct correlate *all) {
	return err_set(all->err, -ENOMEM, "out of memory");
}

/* ---- names ---- */

static struct name *slot_of(struct name *names, size_t cap, int64_t word) {
	size_t at = (size_t)((uint64_t)word * 0x9e3779b97f4a7c15u >> 20) & (cap - 1);
	while (names[at].text != NULL && names[at].word != word)
		at = (at + 1) & (cap - 1);
	return &names[at];
}

static int grow_names(struct correlate *all) {
	size_t cap = all->name_cap > 0 ? 2 * all->name_cap : 256;
	struct name *names = calloc(cap, sizeof(*names));
	if (names == NULL)
		return no_memory(all);
	for (size_t i = 0; i < all->name_cap; i++)
		if (all->names[i].text != NULL)
			*slot_of(names, cap, all->names[i].word) = all->names[i];
	free(all->names);
	all->names = names;
	all->name_cap = cap;
	return 0;
}

static int load_name(struct correlate *all, struct i64_opt word, const char **ret) {
	*ret = NULL;
	if (!word.set)
		return 0;
	if (2 * all->name_count >= all->name_cap && grow_names(all) < 0)
		return -ENOMEM;
	struct name *slot = slot_of(all->names, all->name_cap, word.value);
	if (slot->text == NULL) {
		sqlite3_stmt *find = store_statement(all->store, ST_WORD_TEXT, all->err);
		if (find == NULL)
			return store_code(all->err);
		sqlite3_bind_int64(find, 1, word.value);
		int r = store_step(all->store, find, all->err);
		if (r < 0)
			return r;
		slot->text = strdup(r == 1 ? (const char *)sqlite3_column_text(find, 0) : "");
		sqlite3_reset(find);
		if (slot->text == NULL)
			return no_memory(all);
		slot->word = word.value;
		all->name_count++;
	}
	*ret = slot->text;
	return 0;
}

/* ---- reading ---- */

static int add_event(struct correlate *all, struct events *events, const struct event *event) {
	if (events->count == events->cap) {
		size_t cap = events->cap > 0 ? 2 * events->cap : 1024;
		struct event *items = realloc(events->items, cap * sizeof(*items));
		if (items == NULL)
			return no_memory(all);
		events->items = items;
		events->cap = cap;
	}
	events->items[events->count++] = *event;
	return 0;
}

static struct events *place_of(struct correlate *all, enum report_kind kind, int64_t **ret_count) {
	if (kind == REPORT_CRASH) {
		*ret_count = &all->counts.crashes;
		return &all->crashes;
	}
	if (kind == REPORT_GPU_EVENT) {
		*ret_count = &all->counts.gpu_events;
		return &all->gpu_events;
	}
	*ret_count = &all->counts.panics;
	return kind == REPORT_PANIC ? &all->panics : NULL;
}

static int take_row(struct correlate *all, sqlite3_stmt *rows) {
	struct event event = {.selected = true};
	int64_t *count;
	near_read(rows, &event.row);
	struct events *events = place_of(all, event.row.kind, &count);
	if (events == NULL)
		return 0;
	(*count)++;
	if (sqlite3_column_type(rows, 1) == SQLITE_NULL)
		return 0;
	int r = load_name(all, event.row.process, &event.process);
	return r < 0 ? r : add_event(all, events, &event);
}

/* What the filter selects. */
static int read_selected(struct correlate *all, const struct store_filter *filter) {
	struct query query = {0};
	sqlite3_stmt *rows = NULL;
	buf_add_str(&query.sql, "select " NEAR_COLUMNS " from incident i");
	int r = store_filter_where(all->store, filter, true, &query, all->err);
	if (r == 0)
		r = store_query_prepare(all->store, &query, &rows, all->err);
	while (r == 0 && (r = store_step(all->store, rows, all->err)) == 1)
		r = take_row(all, rows);
	sqlite3_finalize(rows);
	store_query_finish(&query);
	return r;
}

static int by_id(const void *a, const void *b) {
	const struct event *left = a, *right = b;
	return (left->row.id > right->row.id) - (left->row.id < right->row.id);
}

/* GPU events that the filter leaves out are near a crash all the same. */
static int read_other_events(struct correlate *all) {
	struct events *events = &all->gpu_events;
	size_t selected = events->count;
	int r = 0;
	sqlite3_stmt *rows = store_statement(all->store, ST_NEAR_GPU_EVENTS, all->err);
	if (rows == NULL)
		return store_code(all->err);
	if (selected > 0)
		qsort(events->items, selected, sizeof(*events->items), by_id);
	sqlite3_bind_int64(rows, 1, store_text_hash("gpu_event", strlen("gpu_event")));
	while (r == 0 && (r = store_step(all->store, rows, all->err)) == 1) {
		struct event event = {0};
		near_read(rows, &event.row);
		r = 0;
		if (selected > 0 && bsearch(&event, events->items, selected, sizeof(event), by_id))
			continue;
		r = load_name(all, event.row.process, &event.process);
		if (r == 0)
			r = add_event(all, events, &event);
	}
	sqlite3_reset(rows);
	return r;
}

/* ---- looking up ---- */

static int by_time(const void *a, const void *b) {
	const struct event *left = a, *right = b;
	if (left->row.at_us != right->row.at_us)
		return left->row.at_us < right->row.at_us ? -1 : 1;
	return (left->row.id > right->row.id) - (left->row.id < right->row.id);
}

static void sort(struct events *events) {
	if (events->count > 0)
		qsort(events->items, events->count, sizeof(*events->items), by_time);
}

/* The first that is not before at_us. */
static size_t first_from(const struct events *events, int64_t at_us) {
	size_t low = 0, high = events->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (events->items[middle].row.at_us < at_us)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int64_t earlier(int64_t at_us, int64_t window_us) {
	return at_us < INT64_MIN + window_us ? INT64_MIN : at_us - window_us;
}

/* The crashes of its process around an event; each is marked, too. */
static void mark_around(struct correlate *all, struct event *event, int64_t window_us) {
	size_t i = first_from(&all->crashes, earlier(event->row.at_us, window_us));
	for (; i < all->crashes.count; i++) {
		struct event *crash = &all->crashes.items[i];
		/* The difference of two large numbers may be none. */
		if (crash->row.at_us > event->row.at_us &&
			(uint64_t)crash->row.at_us - (uint64_t)event->row.at_us >
				(uint64_t)window_us)
			return;
		if ((crash->near && event->near) || !near_same_machine(&crash->row, &event->row) ||
			!near_same_process(crash->process, event->process))
			continue;
		crash->near = event->near = true;
	}
}

/* Whether a crash was on its machine before a panic. */
static bool is_behind_crash(
	const struct correlate *all, const struct event *panic, int64_t window_us) {
	size_t i = first_from(&all->crashes, earlier(panic->row.at_us, window_us));
	for (; i < all->crashes.count && all->crashes.items[i].row.at_us <= panic->row.at_us; i++)
		if (near_same_machine(&all->crashes.items[i].row, &panic->row))
			return true;
	return false;
}

static void count_near(struct correlate *all, int64_t window_us, int64_t panic_window_us) {
	sort(&all->crashes);
	for (size_t i = 0; i < all->gpu_events.count; i++) {
		struct event *event = &all->gpu_events.items[i];
		mark_around(all, event, window_us);
		all->counts.gpu_events_near += event->near && event->selected;
	}
	for (size_t i = 0; i < all->crashes.count; i++)
		all->counts.near_gpu_event += all->crashes.items[i].near;
	for (size_t i = 0; i < all->panics.count; i++)
		all->counts.panics_near +=
			is_behind_crash(all, &all->panics.items[i], panic_window_us);
}

static void finish(struct correlate *all) {
	for (size_t i = 0; i < all->name_cap; i++)
		free(all->names[i].text);
	free(all->names);
	free(all->crashes.items);
	free(all->gpu_events.items);
	free(all->panics.items);
}

int store_correlate(struct store *store, const struct store_filter *filter, int64_t window_us,
	int64_t panic_window_us, struct store_correlation *ret, struct err *err) {
	struct err own = {0};
	struct correlate all = {.store = store, .err = err != NULL ? err : &own};
	int r = read_selected(&all, filter);
	if (r == 0)
		r = read_other_events(&all);
	if (r == 0) {
		count_near(&all, window_us, panic_window_us);
		*ret = all.counts;
	}
	finish(&all);
	return r;
}
