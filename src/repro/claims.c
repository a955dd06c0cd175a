/* Reads each candidate's report again for what its row does not keep: launch time, parent. */
#include "repro/claims.h"

#include "base/clock.h"
#include "export/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int add(struct claims *claims, const struct claimed *claimed) {
	if (claims->count == claims->cap) {
		size_t cap = claims->cap ? claims->cap * 2 : 8;
		struct claimed *items = realloc(claims->items, cap * sizeof *items);
		if (!items)
			return -ENOMEM;
		claims->items = items;
		claims->cap = cap;
	}
	claims->items[claims->count++] = *claimed;
	return 0;
}

static void keep_open(struct claims *claims, const struct claim_open *open) {
	if (claims->open_count == CLAIMS_OPEN)
		memmove(claims->open, claims->open + 1, --claims->open_count * sizeof *open);
	claims->open[claims->open_count++] = *open;
}

static int decide(struct claims *claims, struct claim_open *open) {
	open->claimed.tie = tree_find_tie(claims->tree, &open->says);
	if (open->claimed.tie == TREE_OPEN)
		keep_open(claims, open);
	else if (open->claimed.tie != TREE_NONE)
		return add(claims, &open->claimed);
	return 0;
}

static int decide_open(struct claims *claims) {
	int code = 0;
	size_t count = claims->open_count;
	claims->open_count = 0;
	/* What stays open moves to a place that was read already. */
	for (size_t i = 0; i < count && !code; i++) {
		struct claim_open open = claims->open[i];
		code = decide(claims, &open);
	}
	return code;
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
	struct claim_open open = {
		.claimed = {.id = row->id,
			.pid = report->process.pid,
			.crash = report->kind == REPORT_CRASH},
		.says = {.pid = report->process.pid,
			.parent_pid = report->process.parent_pid,
			.responsible_pid = report->process.responsible_pid,
			.launched_at_us = report->launched_at_us,
			.captured_at_us = report->captured_at_us},
	};
	code = decide(claims, &open);
out:
	loaded_finish(&loaded);
	return code;
}

static int look_at_new(struct claims *claims, struct err *err) {
	struct candidate_rows rows = {0};
	int code = list_rows(claims, &rows, err);
	if (rows.count && claims->refresh)
		claims->refresh(claims->user);
	for (size_t i = 0; i < rows.count && !code; i++)
		if (judge(claims, &rows.items[i]) < 0)
			code = err_set(err, -ENOMEM, "out of memory");
	free(rows.items);
	return code;
}

int claims_look(struct claims *claims, bool own, size_t *ret_more, struct err *err) {
	int64_t version;
	size_t before = claims->count;
	*ret_more = 0;
	int code = decide_open(claims) < 0 ? err_set(err, -ENOMEM, "out of memory") : 0;
	if (!code)
		code = store_data_version(claims->store, &version, err);
	if (!code && (own || version != claims->version)) {
		claims->version = version;
		code = look_at_new(claims, err);
	}
	*ret_more = claims->count - before;
	return code;
}
