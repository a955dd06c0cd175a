/* Reads each new report again for what its row does not keep: launch time, parent. */
#include "repro/arrivals.h"

#include "base/clock.h"
#include "export/load.h"

#include <errno.h>
#include <stdlib.h>

/* A report's times may be cut to whole seconds. */
#define CAPTURE_TOLERANCE_US 1000000

int arrivals_start(
	struct arrivals *ret, struct store *store, const struct rules *rules, struct err *err) {
	struct store_counts counts;
	*ret = (struct arrivals){.store = store, .rules = rules, .since_us = clock_now_us()};
	int code = store_counts(store, &counts, err);
	if (!code)
		code = store_data_version(store, &ret->version, err);
	ret->after_id = code ? 0 : counts.newest_id;
	return code;
}

void arrivals_start_since(
	struct arrivals *ret, struct store *store, const struct rules *rules, int64_t since_us) {
	*ret = (struct arrivals){
		.store = store, .rules = rules, .since_us = since_us, .version = -1};
}

/* A row of interest, as far as the row tells. */
struct row {
	int64_t id;
	size_t ordinal;
};

struct rows {
	struct row *items;
	size_t count, cap;
};

static int keep(struct rows *rows, const struct incident *row) {
	if (rows->count == rows->cap) {
		size_t cap = rows->cap ? rows->cap * 2 : 16;
		struct row *items = realloc(rows->items, cap * sizeof *items);
		if (!items)
			return -ENOMEM;
		rows->items = items;
		rows->cap = cap;
	}
	rows->items[rows->count++] = (struct row){row->id, row->ordinal};
	return 0;
}

static bool is_wanted(const struct arrivals *arrivals, const struct incident *row) {
	if (arrivals->crashes_only && row->kind != REPORT_CRASH)
		return false;
	return !row->captured_at_us.set ||
	       row->captured_at_us.value >= arrivals->since_us - CAPTURE_TOLERANCE_US;
}

/* Only the rows: while they are read nothing else is asked of the store. */
static int list_rows(struct arrivals *arrivals, struct rows *ret, struct err *err) {
	/* 0 would mean all, newest first. */
	const struct store_filter filter = {
		.after_id = arrivals->after_id ? arrivals->after_id : -1, .oldest_first = true};
	struct store_cursor *cursor;
	struct incident row;
	int more, code = store_list(arrivals->store, &filter, &cursor, err);
	if (code)
		return code;
	while (!code && (more = store_cursor_next(cursor, &row, err)) != 0) {
		if (more < 0)
			code = more;
		else if (is_wanted(arrivals, &row) && keep(ret, &row) < 0)
			code = err_set(err, -ENOMEM, "out of memory");
		if (!code)
			arrivals->after_id = row.id;
	}
	store_cursor_close(cursor);
	return code;
}

static bool read_again(
	const struct arrivals *arrivals, const struct row *row, struct arrival *ret) {
	const struct incident incident = {.id = row->id, .ordinal = row->ordinal};
	struct loaded loaded = {0};
	struct err ignored = {0};
	bool read = !loaded_open(arrivals->store, arrivals->rules, &incident, &loaded, &ignored);
	if (read) {
		const struct report *report = loaded.report;
		*ret = (struct arrival){.id = row->id,
			.crash = report->kind == REPORT_CRASH,
			.says = {.pid = report->process.pid,
				.parent_pid = report->process.parent_pid,
				.responsible_pid = report->process.responsible_pid,
				.launched_at_us = report->launched_at_us,
				.captured_at_us = report->captured_at_us}};
	}
	loaded_finish(&loaded);
	return read;
}

int arrivals_look(struct arrivals *arrivals, bool own, void (*before)(void *user), arrivals_fn fn,
	void *user, struct err *err) {
	struct rows rows = {0};
	struct arrival arrival;
	int64_t version;
	int code = store_data_version(arrivals->store, &version, err);
	if (code || (!own && version == arrivals->version))
		return code;
	arrivals->version = version;
	code = list_rows(arrivals, &rows, err);
	if (rows.count && before)
		before(user);
	for (size_t i = 0; i < rows.count && !code; i++)
		if (read_again(arrivals, &rows.items[i], &arrival))
			code = fn(&arrival, user);
	free(rows.items);
	return code;
}
