/*
 * Other people's SQL: one statement that reads, on a connection of its own that can do nothing
 * else.
 */
#include "base/clock.h"
#include "store/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Virtual machine steps between two looks at the clock. */
#define STEPS_PER_LOOK 2000
/* A value larger than any stored file is a mistake or an attack on our memory. */
#define MAX_VALUE_BYTES (80 << 20)
#define MAX_SQL_BYTES (1 << 20)

struct run {
	int64_t deadline_us; /* 0: none */
	bool timed_out;
};

static bool function_allowed(const char *name) {
	static const char *const denied[] = {"load_extension", "fts3_tokenizer", "writefile"};
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		if (name != NULL && sqlite3_stricmp(name, denied[i]) == 0)
			return false;
	return true;
}

static int authorize(void *user, int action, const char *first, const char *second,
	const char *database, const char *inner) {
	struct store *store = user;
	if (action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE ||
		(action == SQLITE_FUNCTION && function_allowed(second)))
		return SQLITE_OK;
	store->sql_denied = true;
	return SQLITE_DENY;
}

static int look_at_clock(void *user) {
	struct run *run = user;
	if (run->deadline_us != 0 && clock_monotonic_us() > run->deadline_us)
		run->timed_out = true;
	return run->timed_out;
}

static int connection(struct store *store, struct err *err) {
	if (store->sql_db != NULL)
		return 0;
	sqlite3 *db = NULL;
	int r = store_open_reader(store, &db, err);
	if (r < 0)
		return r;
	if (sqlite3_exec(db,
		    "pragma query_only = on; pragma cache_size = -2000; pragma temp_store = memory; "
		    "pragma trusted_schema = off;",
		    NULL, NULL, NULL) != SQLITE_OK) {
		r = store_fail(db, err, store->path);
		sqlite3_close(db);
		return r;
	}
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, MAX_SQL_BYTES);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	/* These declare their columns when first used, which looks like a change of the schema. */
	sqlite3_exec(db, "select 1 from json_each('[]'), json_tree('[]')", NULL, NULL, NULL);
	sqlite3_set_authorizer(db, authorize, store);
	store->sql_db = db;
	return 0;
}

/* Only white space, comments and semicolons may stand behind the statement: what else compiles is a
 * second one. */
static int check_tail(sqlite3 *db, const char *tail, struct err *err) {
	sqlite3_stmt *second = NULL;
	while (tail != NULL && *tail != '\0') {
		const char *next = NULL;
		int code = sqlite3_prepare_v2(db, tail, -1, &second, &next);
		bool more = second != NULL || code != SQLITE_OK;
		sqlite3_finalize(second);
		if (more)
			return err_set(err, -EINVAL, "one statement at a time");
		tail = next;
	}
	return 0;
}

static int prepare(struct store *store, const char *sql, sqlite3_stmt **ret, struct err *err) {
	sqlite3_stmt *statement = NULL;
	const char *tail = NULL;
	store->sql_denied = false;
	int code = sqlite3_prepare_v2(store->sql_db, sql, -1, &statement, &tail);
	/* A denied function is reported as a plain error. */
	if (code != SQLITE_OK && store->sql_denied)
		return err_set(
			err, -EACCES, "only reading is allowed: %s", sqlite3_errmsg(store->sql_db));
	if (code == SQLITE_ERROR || code == SQLITE_TOOBIG)
		return err_set(err, -EINVAL, "%s", sqlite3_errmsg(store->sql_db));
	if (code != SQLITE_OK)
		return store_fail(store->sql_db, err, store->path);
	if (statement == NULL)
		return err_set(err, -EINVAL, "no SQL in \"%.80s\"", sql);
	int r = check_tail(store->sql_db, tail, err);
	if (r == 0 && (!sqlite3_stmt_readonly(statement) || sqlite3_column_count(statement) == 0))
		r = err_set(err, -EACCES, "only reading is allowed");
	if (r < 0) {
		sqlite3_finalize(statement);
		return r;
	}
	*ret = statement;
	return 0;
}

struct row {
	size_t columns;
	const char **names, **values;
	int *types;
	struct buf *hex; /* one per column: blobs read as x'...' */
};

static void row_finish(struct row *row) {
	for (size_t i = 0; row->hex != NULL && i < row->columns; i++)
		buf_finish(&row->hex[i]);
	free(row->names);
	free(row->values);
	free(row->types);
	free(row->hex);
}

static int row_init(struct row *row, sqlite3_stmt *statement, struct err *err) {
	size_t n = (size_t)sqlite3_column_count(statement);
	*row = (struct row){.columns = n,
		.names = calloc(n, sizeof(*row->names)),
		.values = calloc(n, sizeof(*row->values)),
		.types = calloc(n, sizeof(*row->types)),
		.hex = calloc(n, sizeof(*row->hex))};
	bool failed =
		row->names == NULL || row->values == NULL || row->types == NULL || row->hex == NULL;
	for (size_t i = 0; i < n && !failed; i++) {
		row->names[i] = sqlite3_column_name(statement, (int)i);
		failed = row->names[i] == NULL;
	}
	if (failed)
		row_finish(row);
	return failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static const char *blob_text(sqlite3_stmt *statement, int column, struct buf *ret) {
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = sqlite3_column_blob(statement, column);
	int len = sqlite3_column_bytes(statement, column);
	buf_reset(ret);
	buf_reserve(ret, 2 * (size_t)len + 3);
	buf_add_str(ret, "x'");
	for (int i = 0; i < len; i++) {
		buf_add_char(ret, digits[bytes[i] >> 4]);
		buf_add_char(ret, digits[bytes[i] & 15]);
	}
	buf_add_str(ret, "'");
	return ret->failed ? NULL : buf_str(ret);
}

static int row_read(struct row *row, sqlite3_stmt *statement, struct err *err) {
	for (size_t i = 0; i < row->columns; i++) {
		row->types[i] = sqlite3_column_type(statement, (int)i);
		if (row->types[i] == SQLITE_BLOB)
			row->values[i] = blob_text(statement, (int)i, &row->hex[i]);
		else
			row->values[i] = (const char *)sqlite3_column_text(statement, (int)i);
		if (row->values[i] == NULL && row->types[i] != SQLITE_NULL)
			return err_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

static int step_failed(struct store *store, const struct run *run, int code, struct err *err) {
	if (run->timed_out)
		return err_set(err, -ETIMEDOUT, "stopped: it ran longer than allowed");
	if ((code & 0xff) == SQLITE_ERROR || (code & 0xff) == SQLITE_MISMATCH ||
		(code & 0xff) == SQLITE_TOOBIG)
		return err_set(err, -EINVAL, "%s", sqlite3_errmsg(store->sql_db));
	return store_fail(store->sql_db, err, store->path);
}

struct reader {
	store_sql_fn fn;
	void *user;
	int64_t max_rows;
};

static int read_rows(struct store *store, sqlite3_stmt *statement, const struct run *run,
	const struct reader *reader, struct err *err) {
	struct row row;
	int64_t count = 0;
	int code = SQLITE_DONE;
	int r = row_init(&row, statement, err);
	if (r < 0)
		return r;
	while (r == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (reader->max_rows > 0 && count++ >= reader->max_rows)
			r = err_set(err, -EOVERFLOW, "cut off after %lld rows",
				(long long)reader->max_rows);
		if (r == 0)
			r = row_read(&row, statement, err);
		if (r == 0)
			r = reader->fn(row.columns, row.names, row.values, row.types, reader->user);
	}
	if (r == 0 && code != SQLITE_DONE)
		r = step_failed(store, run, code, err);
	row_finish(&row);
	return r;
}

int store_sql(struct store *store, const char *sql, const struct store_sql_limits *limits,
	store_sql_fn fn, void *user, struct err *err) {
	struct run run = {0};
	struct reader reader = {.fn = fn, .user = user, .max_rows = limits->max_rows};
	sqlite3_stmt *statement = NULL;
	int r = connection(store, err);
	if (r < 0)
		return r;
	/* Half of the range: the clock's own value still has room beside it. */
	if (limits->timeout_ms > 0 && limits->timeout_ms < INT64_MAX / 2000)
		run.deadline_us = clock_monotonic_us() + limits->timeout_ms * 1000;
	sqlite3_progress_handler(store->sql_db, STEPS_PER_LOOK, look_at_clock, &run);
	r = prepare(store, sql, &statement, err);
	if (r == 0)
		r = read_rows(store, statement, &run, &reader, err);
	sqlite3_finalize(statement);
	sqlite3_progress_handler(store->sql_db, 0, NULL, NULL);
	return r;
}
