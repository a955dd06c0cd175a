/* The cache of found symbols. Whoever found them has cleaned their texts; a stranger may have put
 * others into the database since, so they are cleaned again. */
#include "store/symbols.h"

#include "base/limits.h"
#include "base/text.h"
#include "store/rescue.h"
#include "store/retain.h"

#include <string.h>

/* The schema that brought the table. */
#define FIRST_VERSION 5
/* Rows of one place that are read. */
#define DEPTH_MAX 64

#define COLUMNS "uuid, offset, depth, symbol, symbol_offset, source_file, source_line, source, at"

static const char *const sources[STORE_SYMBOL_SOURCE_COUNT] = {"image", "dsym"};

int store_symbols_known(struct store *store, const char *uuid, struct err *err) {
	sqlite3_stmt *known = store_statement(
		store, uuid != NULL ? ST_FOUND_SYMBOL_IMAGE : ST_FOUND_SYMBOL_ANY, err);
	if (known == NULL)
		return store_code(err);
	if (uuid != NULL)
		store_bind_text(known, 1, uuid);
	int r = store_step(store, known, err);
	sqlite3_reset(known);
	return r;
}

/* ---- reading ---- */

static const char *copy(struct arena *arena, sqlite3_stmt *row, int column, bool *failed) {
	const char *text = (const char *)sqlite3_column_text(row, column);
	size_t len = text != NULL ? (size_t)sqlite3_column_bytes(row, column) : 0;
	if (text == NULL)
		return NULL;
	len = len < LIMIT_SYMBOL_BYTES ? len : LIMIT_SYMBOL_BYTES;
	char *ret = arena_alloc(arena, 3 * len + 1);
	if (ret != NULL)
		text_clean(ret, text, len, TEXT_LINE);
	*failed |= ret == NULL;
	return ret;
}

static struct found_call read_call(struct arena *arena, sqlite3_stmt *row, bool *failed) {
	struct found_call ret = {
		.symbol = copy(arena, row, 0, failed), .source_file = copy(arena, row, 2, failed)};
	if (sqlite3_column_type(row, 1) == SQLITE_INTEGER) {
		ret.symbol_offset.value = (uint64_t)sqlite3_column_int64(row, 1);
		ret.symbol_offset.set = true;
	}
	if (sqlite3_column_type(row, 3) == SQLITE_INTEGER)
		ret.source_line = (struct i64_opt){sqlite3_column_int64(row, 3), true};
	return ret;
}

struct answer {
	struct found_call calls[DEPTH_MAX + 1]; /* by depth */
	size_t count;
	bool failed; /* out of memory */
};

static int read_answer(struct store *store, sqlite3_stmt *find, struct arena *arena,
	struct store_symbol *symbol, struct answer *ret, struct err *err) {
	int r = 0;
	while (ret->count <= DEPTH_MAX && (r = store_step(store, find, err)) == 1) {
		/* Half of a place whose other rows are gone is no answer. */
		if (sqlite3_column_int64(find, 4) != (int64_t)ret->count)
			break;
		const char *source = (const char *)sqlite3_column_text(find, 5);
		symbol->source = source != NULL && strcmp(source, sources[STORE_SYMBOL_DSYM]) == 0
					 ? STORE_SYMBOL_DSYM
					 : STORE_SYMBOL_IMAGE;
		symbol->at_us = sqlite3_column_int64(find, 6);
		ret->calls[ret->count++] = read_call(arena, find, &ret->failed);
	}
	return r;
}

/* From depths to the innermost first. */
static const struct found_symbol *make_found(struct arena *arena, const struct answer *answer) {
	struct found_symbol *ret = arena_alloc(arena, sizeof(*ret));
	struct found_call *inlined = arena_calloc(arena, answer->count, sizeof(*inlined));
	if (ret == NULL || inlined == NULL)
		return NULL;
	ret->function = answer->calls[0];
	ret->inlined = inlined;
	for (size_t i = answer->count; i-- > 1;)
		if (answer->calls[i].symbol != NULL)
			inlined[ret->inlined_count++] = answer->calls[i];
	return ret;
}

int store_symbol_find(
	struct store *store, struct arena *arena, struct store_symbol *symbol, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_FOUND_SYMBOL_FIND, err);
	struct answer answer = {.count = 0};
	symbol->found = NULL;
	if (find == NULL)
		return store_code(err);
	store_bind_text(find, 1, symbol->uuid);
	sqlite3_bind_int64(find, 2, (int64_t)symbol->offset);
	int r = read_answer(store, find, arena, symbol, &answer, err);
	sqlite3_reset(find);
	if (r < 0)
		return r;
	if (answer.count > 0 && answer.calls[0].symbol != NULL && !answer.failed) {
		symbol->found = make_found(arena, &answer);
		answer.failed = symbol->found == NULL;
	}
	if (answer.failed)
		return err_set(err, -ENOMEM, "out of memory");
	return answer.count > 0;
}

/* ---- writing ---- */

static int add(struct store *store, const struct store_symbol *symbol, size_t depth,
	const struct found_call *call, struct err *err) {
	sqlite3_stmt *add = store_statement(store, ST_FOUND_SYMBOL_ADD, err);
	if (add == NULL)
		return store_code(err);
	store_bind_text(add, 1, symbol->uuid);
	sqlite3_bind_int64(add, 2, (int64_t)symbol->offset);
	sqlite3_bind_int64(add, 3, (int64_t)depth);
	store_bind_text(add, 4, call->symbol);
	store_bind_opt(add, 5,
		(struct i64_opt){(int64_t)call->symbol_offset.value, call->symbol_offset.set});
	store_bind_text(add, 6, call->source_file);
	store_bind_opt(add, 7, call->source_line);
	store_bind_text(add, 8, sources[symbol->source]);
	sqlite3_bind_int64(add, 9, symbol->at_us);
	return store_run(store, add, err);
}

/* The function first: it is the one that a lookup begins with, and what is oldest goes first. */
static int put(struct store *store, const struct store_symbol *symbol, struct err *err) {
	static const struct found_call nothing = {0};
	const struct found_symbol *found = symbol->found;
	sqlite3_stmt *drop = store_statement(store, ST_FOUND_SYMBOL_DROP, err);
	if (drop == NULL)
		return store_code(err);
	store_bind_text(drop, 1, symbol->uuid);
	sqlite3_bind_int64(drop, 2, (int64_t)symbol->offset);
	int r = store_run(store, drop, err);
	if (r == 0)
		r = add(store, symbol, 0, found != NULL ? &found->function : &nothing, err);
	for (size_t i = found != NULL ? found->inlined_count : 0, depth = 1; r == 0 && i-- > 0;)
		r = add(store, symbol, depth++, &found->inlined[i], err);
	return r;
}

static int bound(struct store *store, int64_t rows, struct err *err) {
	sqlite3_stmt *bound = store_statement(store, ST_FOUND_SYMBOL_BOUND, err);
	if (bound == NULL)
		return store_code(err);
	sqlite3_bind_int64(bound, 1, rows);
	return store_run(store, bound, err);
}

int store_symbols_put(
	struct store *store, const struct store_symbol *symbols, size_t count, struct err *err) {
	int r = store_begin(store, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = put(store, &symbols[i], err);
	if (r == 0)
		r = bound(store, STORE_SYMBOLS_MAX, err);
	if (r == 0)
		return store_commit(store, err);
	store_rollback(store);
	return r;
}

/* ---- retention ---- */

int retain_symbols(struct store *store, const struct keeper *keeper, struct err *err) {
	int64_t now_us = keeper->limits.now_us, age_us = keeper->limits.max_age_us;
	if (keeper->was_too_big) {
		int r = bound(store, STORE_SYMBOLS_MAX / 4, err);
		if (r < 0)
			return r;
	}
	sqlite3_stmt *aged = store_statement(store, ST_FOUND_SYMBOL_AGED, err);
	if (aged == NULL)
		return store_code(err);
	sqlite3_bind_int64(aged, 1, age_us > 0 ? now_us - age_us : INT64_MIN);
	sqlite3_bind_int64(aged, 2, now_us - STORE_SYMBOL_NOTHING_US);
	return store_run(store, aged, err);
}

/* ---- a damaged database ---- */

int store_salvage_symbols(
	const char *path, struct store *to, uint64_t *ret_saved, struct err *err) {
	struct err own = {0};
	struct rescue rescue = {.to = to, .err = err != NULL ? err : &own};
	*ret_saved = 0;
	if (store_open_damaged(path, &rescue.from, &own) < 0)
		return 0;
	int r = 0;
	if (rescue_may_have(&rescue, "found_symbol", FIRST_VERSION)) {
		r = store_begin_durable(to, rescue.err);
		if (r == 0) {
			r = rescue_table(&rescue, "select max(id) from found_symbol",
				"select " COLUMNS " from found_symbol where id = ?",
				"insert or ignore into found_symbol (" COLUMNS
				") values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
				ret_saved);
			r = store_end_durable(to, r, rescue.err);
		}
	}
	store_close(rescue.from);
	return r;
}
