/*
 * Which files were seen and what became of them, by path and identity. Never opens one of them.
 */
#include "store/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The folder part without its slash, borrowed from path, and the name behind it. */
static const char *split(const char *path, size_t *ret_folder_len) {
	const char *slash = strrchr(path, '/');
	*ret_folder_len = slash != NULL ? (size_t)(slash - path) : 0;
	return slash != NULL ? slash + 1 : path;
}

/* 1 with the folder's row, 0 when it has none. */
static int folder_find(
	struct store *store, const char *path, size_t len, int64_t *ret, struct err *err) {
	if (store->folder != NULL && strlen(store->folder) == len &&
		memcmp(store->folder, path, len) == 0) {
		*ret = store->folder_id;
		return 1;
	}
	sqlite3_stmt *find = store_statement(store, ST_FOLDER_FIND, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_text(find, 1, path, (int)len, SQLITE_STATIC);
	int r = store_step(store, find, err);
	if (r != 1)
		return r;
	*ret = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	char *copy = malloc(len + 1);
	if (copy != NULL) {
		memcpy(copy, path, len);
		copy[len] = '\0';
		free(store->folder);
		store->folder = copy;
		store->folder_id = *ret;
	}
	return 1;
}

static int folder_row(
	struct store *store, const char *path, size_t len, int64_t *ret, struct err *err) {
	int r = folder_find(store, path, len, ret, err);
	if (r != 0)
		return r < 0 ? r : 0;
	sqlite3_stmt *add = store_statement(store, ST_FOLDER_ADD, err);
	if (add == NULL)
		return store_code(err);
	sqlite3_bind_text(add, 1, path, (int)len, SQLITE_STATIC);
	r = store_run(store, add, err);
	if (r == 0)
		*ret = sqlite3_last_insert_rowid(store->db);
	return r;
}

static bool row_is_of(sqlite3_stmt *row, const struct file_identity *identity) {
	struct file_identity stored = {
		.device = (uint64_t)sqlite3_column_int64(row, 1),
		.inode = (uint64_t)sqlite3_column_int64(row, 2),
		.size = sqlite3_column_int64(row, 3),
		.mtime_ns = sqlite3_column_int64(row, 4),
		.ctime_ns = sqlite3_column_int64(row, 5),
	};
	return file_identity_equal(&stored, identity);
}

static enum store_file_state state_of(int64_t row_state) {
	switch (row_state) {
	case FILE_ROW_KNOWN:
		return STORE_FILE_KNOWN;
	case FILE_ROW_PART:
		return STORE_FILE_PART;
	case FILE_ROW_PASSED:
		return STORE_FILE_PASSED;
	case FILE_ROW_REJECTED:
		return STORE_FILE_REJECTED;
	default:
		return STORE_FILE_NEW;
	}
}

/* 1 when retention has removed bytes or rows that the file would bring back, else 0. */
static int file_is_lost(struct store *store, int64_t folder, const char *name, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_FILE_LOST, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, folder);
	store_bind_text(find, 2, name);
	int r = store_step(store, find, err);
	if (r == 1)
		r = sqlite3_column_int(find, 0);
	sqlite3_reset(find);
	return r;
}

int store_file_state(struct store *store, const struct store_source *source,
	enum store_file_state *ret, unsigned *ret_reports, struct err *err) {
	int64_t folder = 0;
	size_t folder_len;
	const char *name = split(source->path, &folder_len);

	int r = folder_find(store, source->path, folder_len, &folder, err);
	if (r < 0)
		return r;
	*ret_reports = 0;
	if (r == 0) {
		*ret = STORE_FILE_NEW;
		return 0;
	}
	sqlite3_stmt *find = store_statement(store, ST_FILE_STATE, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, folder);
	store_bind_text(find, 2, name);
	r = store_step(store, find, err);
	if (r < 0)
		return r;
	*ret = r == 1 && row_is_of(find, &source->identity)
		       ? state_of(sqlite3_column_int64(find, 0))
		       : STORE_FILE_NEW;
	if (*ret != STORE_FILE_NEW && *ret != STORE_FILE_REJECTED)
		*ret_reports = (unsigned)sqlite3_column_int64(find, 6);
	sqlite3_reset(find);
	if ((*ret != STORE_FILE_KNOWN && *ret != STORE_FILE_PART) || !source->named)
		return 0;
	r = file_is_lost(store, folder, name, err);
	if (r == 1)
		*ret = STORE_FILE_NEW;
	return r < 0 ? r : 0;
}

int store_file_put(struct store *store, const struct store_source *source,
	enum file_row_state state, const char *reason, struct i64_opt *ret_id, struct err *err) {
	int64_t folder = 0;
	size_t folder_len;
	if (source == NULL) {
		*ret_id = (struct i64_opt){0};
		return 0;
	}
	const char *name = split(source->path, &folder_len);
	int64_t row_state =
		state == FILE_ROW_KNOWN && source->part ? (int64_t)FILE_ROW_PART : (int64_t)state;
	int r = folder_row(store, source->path, folder_len, &folder, err);
	if (r < 0)
		return r;
	sqlite3_stmt *put = store_statement(store, ST_FILE_PUT, err);
	if (put == NULL)
		return store_code(err);
	const struct file_identity *identity = &source->identity;
	sqlite3_bind_int64(put, 1, folder);
	store_bind_text(put, 2, name);
	sqlite3_bind_int64(put, 3, row_state);
	sqlite3_bind_int64(put, 4, (int64_t)identity->device);
	sqlite3_bind_int64(put, 5, (int64_t)identity->inode);
	sqlite3_bind_int64(put, 6, identity->size);
	sqlite3_bind_int64(put, 7, identity->mtime_ns);
	sqlite3_bind_int64(put, 8, identity->ctime_ns);
	sqlite3_bind_int64(put, 9, source->seen_at_us);
	store_bind_text(put, 10, reason);
	sqlite3_bind_int64(
		put, 11, state == FILE_ROW_KNOWN && !source->reports ? 1 : source->reports);
	r = store_step(store, put, err);
	if (r == 1)
		*ret_id = store_column_opt(put, 0);
	sqlite3_reset(put);
	return r < 0 ? r : 0;
}

int store_file_put_elsewhere(struct store *store, const char *path, int64_t seen_at_us,
	struct i64_opt *ret_id, struct err *err) {
	static const enum statement ids[] = {ST_FILE_ELSEWHERE, ST_FILE_FIND};
	int64_t folder = 0;
	size_t folder_len;
	const char *name = split(path, &folder_len);
	if (path[0] != '/' || name[0] == '\0')
		return err_set(err, -EINVAL, "\"%.80s\" is no absolute path of a file", path);
	int r = folder_row(store, path, folder_len, &folder, err);
	for (size_t i = 0; r == 0 && i < sizeof(ids) / sizeof(ids[0]); i++) {
		sqlite3_stmt *statement = store_statement(store, ids[i], err);
		if (statement == NULL)
			return store_code(err);
		sqlite3_bind_int64(statement, 1, folder);
		store_bind_text(statement, 2, name);
		if (ids[i] == ST_FILE_ELSEWHERE)
			sqlite3_bind_int64(statement, 3, seen_at_us);
		r = store_step(store, statement, err);
		if (r == 1)
			*ret_id = store_column_opt(statement, 0);
		sqlite3_reset(statement);
	}
	return r < 0 ? r : 0;
}

int store_put_passed(struct store *store, const struct store_source *source, struct err *err) {
	struct i64_opt id;
	int r = store_transaction_stands(store, err);
	return r < 0 ? r : store_file_put(store, source, FILE_ROW_PASSED, NULL, &id, err);
}

int store_put_rejected(struct store *store, const struct store_source *source, const char *reason,
	struct err *err) {
	struct i64_opt id;
	int r = store_transaction_stands(store, err);
	return r < 0 ? r : store_file_put(store, source, FILE_ROW_REJECTED, reason, &id, err);
}

int store_rejections(struct store *store, store_rejection_fn fn, void *user, struct err *err) {
	sqlite3_stmt *rows = NULL;
	if (sqlite3_prepare_v2(store->db,
		    "select d.path || '/' || f.name, f.reason, f.size, f.seen_at "
		    "from file f join folder d on d.id = f.folder_id where f.state = 3 "
		    "order by f.seen_at desc, f.id desc",
		    -1, &rows, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	int r;
	while ((r = store_step(store, rows, err)) == 1) {
		struct store_rejection rejection = {
			.path = (const char *)sqlite3_column_text(rows, 0),
			.reason = (const char *)sqlite3_column_text(rows, 1),
			.size = sqlite3_column_int64(rows, 2),
			.seen_at_us = sqlite3_column_int64(rows, 3),
		};
		r = fn(&rejection, user);
		if (r != 0)
			break;
	}
	sqlite3_finalize(rows);
	return r;
}
