/*
 * How many crashes have a GPU event or a panic near them: the rows are read once, sorted by
 * process, machine and time, and the runs of those that can belong together are walked side by
 * side, so that a storm of both costs no more than its rows.
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
	if (event.row.kind == REPORT_CRASH)
		all->counts.crashes_simulated += event.row.simulated;
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

/* Reports of one process on one machine, in the order of time: a run of the sorted events. */
struct run {
	struct event *events;
	size_t count;
};

struct runs {
	struct run *items;
	size_t count;
};

static int compare_opt(struct i64_opt a, struct i64_opt b) {
	if (a.set != b.set)
		return a.set ? 1 : -1;
	return a.set ? (a.value > b.value) - (a.value < b.value) : 0;
}

static int compare_machine(const struct near_row *a, const struct near_row *b) {
	int r = (int)a->simulated - (int)b->simulated;
	if (r == 0)
		r = compare_opt(a->machine, b->machine);
	return r != 0 ? r : compare_opt(a->model, b->model);
}

static int compare_time(const struct near_row *a, const struct near_row *b) {
	if (a->at_us != b->at_us)
		return a->at_us < b->at_us ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static int compare_name(const char *a, const char *b) {
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int by_machine(const void *a, const void *b) {
	const struct event *left = a, *right = b;
	int r = compare_machine(&left->row, &right->row);
	return r != 0 ? r : compare_time(&left->row, &right->row);
}

static int by_process(const void *a, const void *b) {
	const struct event *left = a, *right = b;
	int r = compare_name(left->process, right->process);
	return r != 0 ? r : by_machine(a, b);
}

/* Sorts events and cuts them where the machine changes, or the process too. */
static int cut_runs(struct correlate *all, struct events *events,
	int (*order)(const void *a, const void *b), struct runs *ret) {
	*ret = (struct runs){.items = calloc(events->count + 1, sizeof(*ret->items))};
	if (ret->items == NULL)
		return no_memory(all);
	if (events->count > 0)
		qsort(events->items, events->count, sizeof(*events->items), order);
	for (size_t i = 0; i < events->count; i++) {
		struct event *event = &events->items[i];
		bool starts = i == 0 || compare_machine(&event[-1].row, &event->row) != 0 ||
			      (order == by_process &&
				      compare_name(event[-1].process, event->process) != 0);
		if (starts)
			ret->items[ret->count++].events = event;
		ret->items[ret->count - 1].count++;
	}
	return 0;
}

static int64_t earlier(int64_t at_us, int64_t window_us) {
	return at_us < INT64_MIN + window_us ? INT64_MIN : at_us - window_us;
}

/* The difference of two large numbers may be none. */
static bool is_beyond(int64_t at_us, int64_t from_us, int64_t window_us) {
	return at_us > from_us && (uint64_t)at_us - (uint64_t)from_us > (uint64_t)window_us;
}

/* Those of some with one of others within the window. */
static void mark(const struct run *some, const struct run *others, int64_t window_us) {
	size_t next = 0;
	for (size_t i = 0; i < some->count; i++) {
		int64_t at_us = some->events[i].row.at_us;
		while (next < others->count &&
			others->events[next].row.at_us < earlier(at_us, window_us))
			next++;
		if (next == others->count)
			return;
		if (!is_beyond(others->events[next].row.at_us, at_us, window_us))
			some->events[i].near = true;
	}
}

/* The first run whose process is not before name. */
static size_t first_named(const struct runs *runs, const char *name) {
	size_t low = 0, high = runs->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_name(runs->items[middle].events->process, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Names that a cut one can be of stand together, it in front. */
static void mark_named(
	const struct runs *crashes, const struct run *gpu_events, int64_t window_us) {
	const struct event *event = gpu_events->events;
	for (size_t i = first_named(crashes, event->process); i < crashes->count; i++) {
		const struct run *found = &crashes->items[i];
		if (!near_same_process(found->events->process, event->process))
			return;
		if (!near_same_machine(&found->events->row, &event->row))
			continue;
		mark(found, gpu_events, window_us);
		mark(gpu_events, found, window_us);
	}
}

static int count_gpu_events(struct correlate *all, int64_t window_us) {
	struct runs crashes, gpu_events = {0};
	int r = cut_runs(all, &all->crashes, by_process, &crashes);
	if (r == 0)
		r = cut_runs(all, &all->gpu_events, by_process, &gpu_events);
	for (size_t i = 0; r == 0 && i < gpu_events.count; i++)
		mark_named(&crashes, &gpu_events.items[i], window_us);
	for (size_t i = 0; i < all->gpu_events.count; i++) {
		const struct event *event = &all->gpu_events.items[i];
		all->counts.gpu_events_near += event->near && event->selected;
	}
	for (size_t i = 0; i < all->crashes.count; i++) {
		const struct event *event = &all->crashes.items[i];
		all->counts.near_gpu_event += event->near;
		all->counts.near_simulated += event->near && event->row.simulated;
	}
	free(crashes.items);
	free(gpu_events.items);
	return r;
}

/* Whether one of run was from from_us to to_us. */
static bool has_between(const struct run *run, int64_t from_us, int64_t to_us) {
	size_t low = 0, high = run->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (run->events[middle].row.at_us < from_us)
			low = middle + 1;
		else
			high = middle;
	}
	return low < run->count && run->events[low].row.at_us <= to_us;
}

static int64_t later(int64_t at_us, int64_t window_us) {
	return at_us > INT64_MAX - window_us ? INT64_MAX : at_us + window_us;
}

/* Whether there was a crash of whatever process in the time before and after an event. */
static bool is_near_crash(const struct runs *crashes, const struct near_row *event,
	int64_t before_us, int64_t after_us) {
	for (size_t i = 0; i < crashes->count; i++)
		if (near_same_machine(&crashes->items[i].events->row, event) &&
			has_between(&crashes->items[i], earlier(event->at_us, before_us),
				later(event->at_us, after_us)))
			return true;
	return false;
}

static int count_by_machine(struct correlate *all, int64_t window_us, int64_t panic_window_us) {
	struct runs crashes;
	int r = cut_runs(all, &all->crashes, by_machine, &crashes);
	for (size_t i = 0; r == 0 && i < all->panics.count; i++)
		all->counts.panics_near +=
			is_near_crash(&crashes, &all->panics.items[i].row, panic_window_us, 0);
	for (size_t i = 0; r == 0 && i < all->gpu_events.count; i++) {
		const struct event *event = &all->gpu_events.items[i];
		all->counts.gpu_events_beside +=
			event->selected &&
			is_near_crash(&crashes, &event->row, window_us, window_us);
	}
	free(crashes.items);
	return r;
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
	if (r == 0)
		r = count_gpu_events(&all, window_us);
	if (r == 0)
		r = count_by_machine(&all, window_us, panic_window_us);
	if (r == 0)
		*ret = all.counts;
	finish(&all);
	return r;
}
