/* Reads each candidate's report again for what its row does not keep: launch time, parent. */
#include "repro/claims.h"

#include "base/clock.h"
#include "export/load.h"

#include <errno.h>
#include <stdlib.h>

/* A report's times may be cut to whole seconds. */
#define CAPTURE_TOLERANCE_US 1000000

int claims_start(struct claims *ret, struct store *store, const struct rules *rules,
	const struct tree *tree, struct err *err) {
	struct store_counts counts;
	*ret = (struct claims){
		.store = store, .rules = rules, .tree = tree, .since_us = clock_now_us()};
	int code = store_counts(store, &counts, err);
	if (!code)
		code = store_data_version(store, &ret->version, err);
	ret->after_id = code ? 0 : counts.newest_id;
	return code;
}

void claims_finish(struct claims *claims) {
	free(claims->items);
	claims->items = NULL;
	claims->count = claims->cap = 0;
}

/* A row that may be ours, as far as the row tells. */
struct candidate_row {
	int64_t id;
	size_t ordinal;
};

struct candidate_rows {
	struct candidate_row *items;
	size_t count, cap;
};

static int keep(struct candidate_rows *rows, const struct incident *row) {
	if (rows->count == rows->cap) {
		size_t cap = rows->cap ? rows->cap * 2 : 16;
		struct candidate_row *items = realloc(rows->items, cap * sizeof *items);
		if (!items)
			return -ENOMEM;
		rows->items = items;
		rows->cap = cap;
	}
	rows->items[rows->count++] = (struct candidate_row){row->id, row->ordinal};
	return 0;
}

static bool is_too_old(const struct claims *claims, const struct incident *row) {
	return row->captured_at_us.set &&
	       row->captured_at_us.value < claims->since_us - CAPTURE_TOLERANCE_US;
}

/* Only the rows: while they are read nothing else is asked of the store. */
static int list_rows(struct claims *claims, struct candidate_rows *ret, struct err *err) {
	/* 0 would mean all, newest first. */
	const struct store_filter filter = {
		.after_id = claims->after_id ? claims->after_id : -1, .oldest_first = true};
	struct store_cursor *cursor;
	struct incident row;
	int more, code = store_list(claims->store, &filter, &cursor, err);
	if (code)
		return code;
	while (!code && (more = store_cursor_next(cursor, &row, err)) != 0) {
		if (more < 0)
			code = more;
		else if (!is_too_old(claims, &row) && keep(ret, &row) < 0)
			code = err_set(err, -ENOMEM, "out of memory");
		if (!code)
			claims->after_id = row.id;
	}
	store_cursor_close(cursor);
	return code;
}

static int add(struct claims *claims, int64_t id, const struct report *report) {
	if (claims->count == claims->cap) {
		size_t cap = claims->cap ? claims->cap * 2 : 8;
		struct claimed *items = realloc(claims->items, cap * sizeof *items);
		if (!items)
			return -ENOMEM;
		claims->items = items;
		claims->cap = cap;
	}
	claims->items[claims->count++] = (struct claimed){
		.id = id, .pid = report->process.pid, .crash = report->kind == REPORT_CRASH};
	return 0;
}

/* A row whose bytes cannot be read again cannot be told from others and is left alone. */
static int judge(struct claims *claims, const struct candidate_row *row) {
	const struct incident incident = {.id = row->id, .ordinal = row->ordinal};
	struct loaded loaded = {0};
	struct err ignored = {0};
	int code = 0;
	if (loaded_open(claims->store, claims->rules, &incident, &loaded, &ignored) < 0)
		goto out;
	const struct report *report = loaded.report;
	const struct tree_claim claim = {.pid = report->process.pid,
		.parent_pid = report->process.parent_pid,
		.responsible_pid = report->process.responsible_pid,
		.launched_at_us = report->launched_at_us,
		.captured_at_us = report->captured_at_us};
	if (tree_owns(claims->tree, &claim))
		code = add(claims, row->id, report);
out:
	loaded_finish(&loaded);
	return code;
}

int claims_look(struct claims *claims, bool own, size_t *ret_more, struct err *err) {
	struct candidate_rows rows = {0};
	int64_t version;
	size_t before = claims->count;
	*ret_more = 0;
	int code = store_data_version(claims->store, &version, err);
	if (code || (!own && version == claims->version))
		return code;
	claims->version = version;
	code = list_rows(claims, &rows, err);
	for (size_t i = 0; i < rows.count && !code; i++)
		if (judge(claims, &rows.items[i]) < 0)
			code = err_set(err, -ENOMEM, "out of memory");
	free(rows.items);
	*ret_more = claims->count - before;
	return code;
}
