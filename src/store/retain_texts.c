/*
 * Dropping words and symbols that nobody refers to any more, in slices: first every row marks what
 * it uses, then what is not marked goes. Texts that are used anew meanwhile are marked too; when
 * another process has written, it is given up until the next time.
 */
#include "store/retain.h"

#include <stdlib.h>

#define ROWS_AT_ONCE 64

static const enum statement last_ids[2] = {ST_TEXT_LAST_WORD, ST_TEXT_LAST_SYMBOL};

void store_text_used(struct store *store, bool symbol, int64_t id) {
	const struct retain_marks *marks = store->keeper != NULL ? &store->keeper->marks : NULL;
	if (marks == NULL || marks->bits[symbol] == NULL || id < 1 || id > marks->last[symbol])
		return;
	marks->bits[symbol][id / 8] |= (uint8_t)(1u << (id % 8));
}

static bool is_used(const struct retain_marks *marks, bool symbol, int64_t id) {
	return id < 1 || id > marks->last[symbol] ||
	       (marks->bits[symbol][id / 8] >> (id % 8) & 1) != 0;
}

void retain_texts_finish(struct keeper *keeper) {
	for (size_t i = 0; i < 2; i++) {
		free(keeper->marks.bits[i]);
		keeper->marks.bits[i] = NULL;
	}
	keeper->texts = TEXTS_BEGIN;
}

static int begin_marks(struct store *store, struct keeper *keeper, struct err *err) {
	for (size_t i = 0; i < 2; i++) {
		sqlite3_stmt *last = store_statement(store, last_ids[i], err);
		int r = last == NULL ? store_code(err) : store_step(store, last, err);
		if (r < 0)
			return r;
		keeper->marks.last[i] = sqlite3_column_int64(last, 0);
		sqlite3_reset(last);
		keeper->marks.bits[i] = calloc(1, (size_t)keeper->marks.last[i] / 8 + 1);
		if (keeper->marks.bits[i] == NULL)
			return err_set(err, -ENOMEM, "out of memory");
	}
	keeper->marked_version = store->data_version;
	keeper->walked_id = INT64_MIN;
	keeper->texts = TEXTS_ROWS;
	return 0;
}

/* Some numbers of a row are no texts; what they seem to name stays without need. */
static void mark_row(struct store *store, sqlite3_stmt *row) {
	for (int i = 1; i <= FACT_COUNT; i++)
		if (sqlite3_column_type(row, i) != SQLITE_NULL)
			store_text_used(store, false, sqlite3_column_int64(row, i));
}

/* [[image, symbol, ...], ...] */
static void mark_list(struct store *store, sqlite3_stmt *row) {
	const char *p = (const char *)sqlite3_column_text(row, 1);
	int place = 0;
	while (p != NULL && *p != '\0') {
		if (*p == '[')
			place = 0;
		else if (*p == ',')
			place++;
		if (*p < '0' || *p > '9' || place > 1) {
			p++;
			continue;
		}
		char *end;
		store_text_used(store, true, strtoll(p, &end, 10));
		p = end;
	}
}

/* 1 when all rows have marked, else 0. */
static int mark(struct store *store, struct keeper *keeper, enum statement id,
	void (*fn)(struct store *, sqlite3_stmt *), struct err *err) {
	int count = ROWS_AT_ONCE;
	while (count == ROWS_AT_ONCE && !retain_is_late(keeper)) {
		sqlite3_stmt *rows = store_statement(store, id, err);
		if (rows == NULL)
			return store_code(err);
		sqlite3_bind_int64(rows, 1, keeper->walked_id);
		int r;
		for (count = 0; (r = store_step(store, rows, err)) == 1; count++) {
			keeper->walked_id = sqlite3_column_int64(rows, 0);
			fn(store, rows);
		}
		sqlite3_reset(rows);
		if (r < 0)
			return r;
	}
	return count < ROWS_AT_ONCE;
}

static int drop(struct store *store, bool symbol, int64_t id, struct err *err) {
	sqlite3_stmt *gone =
		store_statement(store, symbol ? ST_TEXT_SYMBOL_DROP : ST_TEXT_WORD_DROP, err);
	if (gone == NULL)
		return store_code(err);
	sqlite3_bind_int64(gone, 1, id);
	return store_run(store, gone, err);
}

/* 1 at the end, else 0. */
static int sweep(struct store *store, struct keeper *keeper, bool symbol, struct err *err) {
	bool dropped = false;
	int r = 0;
	while (r == 0 && !retain_is_late(keeper)) {
		sqlite3_stmt *next = store_statement(
			store, symbol ? ST_TEXT_NEXT_SYMBOL : ST_TEXT_NEXT_WORD, err);
		if (next == NULL)
			return store_code(err);
		sqlite3_bind_int64(next, 1, keeper->walked_id);
		r = store_step(store, next, err);
		if (r <= 0) {
			r = r < 0 ? r : 1;
			break;
		}
		keeper->walked_id = sqlite3_column_int64(next, 0);
		sqlite3_reset(next);
		r = 0;
		if (is_used(&keeper->marks, symbol, keeper->walked_id))
			continue;
		r = drop(store, symbol, keeper->walked_id, err);
		dropped = true;
	}
	if (dropped) {
		keeper->changed = true;
		store_words_forget(store);
	}
	return r;
}

/* The phase is over; *r becomes 0 unless it was the last one. */
static void next_phase(struct keeper *keeper, int *r) {
	if (*r != 1 || keeper->texts == TEXTS_SYMBOLS)
		return;
	keeper->texts++;
	keeper->walked_id = INT64_MIN;
	*r = 0;
}

int retain_texts(struct store *store, struct keeper *keeper, struct err *err) {
	if (keeper->texts == TEXTS_BEGIN) {
		int r = begin_marks(store, keeper, err);
		if (r < 0)
			return r;
	}
	if (store->data_version != keeper->marked_version)
		return 1;
	int r = 0;
	switch (keeper->texts) {
	case TEXTS_BEGIN:
		break;
	case TEXTS_ROWS:
		r = mark(store, keeper, ST_TEXT_ROWS, mark_row, err);
		break;
	case TEXTS_STACKS:
		r = mark(store, keeper, ST_TEXT_STACKS, mark_list, err);
		break;
	case TEXTS_CALLS:
		r = mark(store, keeper, ST_TEXT_CALLS, mark_list, err);
		break;
	case TEXTS_WORDS:
	case TEXTS_SYMBOLS:
		r = sweep(store, keeper, keeper->texts == TEXTS_SYMBOLS, err);
		break;
	}
	next_phase(keeper, &r);
	return r;
}
