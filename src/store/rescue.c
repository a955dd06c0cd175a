/*
 * Tables of a damaged database, row by row: a broken page costs those on it and nothing else.
 */
#include "store/rescue.h"

#include <string.h>

/* No row takes less: where the highest number cannot be read, the file's size bounds it. */
#define ROW_BYTES_MIN 32

bool rescue_ask(const struct rescue *rescue, const char *sql, int64_t *ret) {
	sqlite3_stmt *find = NULL;
	bool known = sqlite3_prepare_v2(rescue->from->db, sql, -1, &find, NULL) == SQLITE_OK &&
		     sqlite3_step(find) == SQLITE_ROW;
	if (known)
		*ret = sqlite3_column_int64(find, 0);
	sqlite3_finalize(find);
	return known;
}

bool rescue_may_have(struct rescue *rescue, const char *table, int64_t version) {
	int64_t found = 0, is = 0;
	struct buf sql = {0};
	buf_printf(&sql, "select count(*) from sqlite_schema where name = '%s'", table);
	bool known = rescue_ask(rescue, buf_str(&sql), &found);
	if (known && found == 0)
		known = rescue_ask(rescue, "pragma user_version", &is) && is < version;
	buf_finish(&sql);
	rescue->incomplete |= !known;
	return !known || found != 0;
}

/* 0 also for a number that no row has. */
static int look_at_row(
	struct rescue *rescue, sqlite3_stmt *find, int64_t id, rescue_fn fn, void *user) {
	sqlite3_bind_int64(find, 1, id);
	int code = sqlite3_step(find), r = 0;
	if (code == SQLITE_ROW)
		r = fn(rescue, find, user);
	else if ((code & 0xff) == SQLITE_NOMEM)
		r = err_set(rescue->err, -ENOMEM, "out of memory");
	else if (code != SQLITE_DONE)
		rescue->incomplete = true;
	sqlite3_reset(find);
	return r;
}

static int64_t last_row(struct rescue *rescue, const char *sql) {
	int64_t most = store_disk_bytes(rescue->from) / ROW_BYTES_MIN, last = 0;
	if (rescue_ask(rescue, sql, &last) && last <= most)
		return last;
	rescue->incomplete = true;
	return most;
}

int rescue_rows(struct rescue *rescue, const char *last, const char *find, rescue_fn fn, void *user,
	uint64_t *ret_taken) {
	sqlite3_stmt *rows = NULL;
	int r = 0;
	if (sqlite3_prepare_v2(rescue->from->db, find, -1, &rows, NULL) != SQLITE_OK)
		rescue->incomplete = true;
	int64_t end = rows != NULL ? last_row(rescue, last) : 0;
	for (int64_t id = 1; id <= end && r >= 0; id++) {
		r = look_at_row(rescue, rows, id, fn, user);
		*ret_taken += r > 0;
	}
	sqlite3_finalize(rows);
	return r < 0 ? r : 0;
}

/* A row that the new database does not take leaves it as it was. */
static int put_row(struct rescue *rescue, sqlite3_stmt *row, void *user) {
	sqlite3_stmt *put = user;
	for (int i = 0; i < sqlite3_column_count(row); i++)
		sqlite3_bind_value(put, i + 1, sqlite3_column_value(row, i));
	int code = sqlite3_step(put), r = 1;
	if ((code & 0xff) == SQLITE_CONSTRAINT) {
		rescue->incomplete = true;
		r = 0;
	} else if (code != SQLITE_DONE) {
		r = store_fail(rescue->to->db, rescue->err, rescue->to->path);
	}
	sqlite3_reset(put);
	sqlite3_clear_bindings(put);
	return r;
}

int rescue_table(struct rescue *rescue, const char *last, const char *find, const char *put,
	uint64_t *ret_taken) {
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(rescue->to->db, put, -1, &statement, NULL) != SQLITE_OK)
		return store_fail(rescue->to->db, rescue->err, rescue->to->path);
	int r = rescue_rows(rescue, last, find, put_row, statement, ret_taken);
	sqlite3_finalize(statement);
	return r;
}
