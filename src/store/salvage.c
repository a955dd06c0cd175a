/*
 * What can still be read of a damaged database: each stored file is looked up on its own, so that a
 * broken page costs those on it and nothing else.
 */
#include "store/internal.h"

#include <sys/stat.h>

/* No row takes less: where the highest number cannot be read, the file's size bounds it. */
#define ROW_BYTES_MIN 48

/* The largest number that sql finds, or 0. */
static int64_t largest(struct store *store, const char *sql) {
	int64_t ret = 0;
	sqlite3_stmt *find = NULL;
	if (sqlite3_prepare_v2(store->db, sql, -1, &find, NULL) == SQLITE_OK &&
		sqlite3_step(find) == SQLITE_ROW)
		ret = sqlite3_column_int64(find, 0);
	sqlite3_finalize(find);
	return ret;
}

/* Rows have numbers up to this; more than the file could hold is a damaged number. */
static int64_t last_row(struct store *store) {
	static const char *const queries[] = {
		"select max(id) from raw",
		"select max(raw_id) from incident",
		"select max(rowid) from raw indexed by sqlite_autoindex_raw_1",
	};
	int64_t most = store_disk_bytes(store) / ROW_BYTES_MIN, ret = 0;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		int64_t last = largest(store, queries[i]);
		ret = last > ret ? last : ret;
	}
	return ret > 0 && ret < most ? ret : most;
}

/* Where the file was first seen, when that can be read. */
static void find_source(sqlite3_stmt *find, int64_t raw_id, struct store_salvaged *ret) {
	sqlite3_bind_int64(find, 1, raw_id);
	if (sqlite3_step(find) != SQLITE_ROW)
		return;
	ret->seen_at_us = sqlite3_column_int64(find, 0);
	ret->path = (const char *)sqlite3_column_text(find, 1);
}

static int salvage_row(struct store *store, int64_t id, sqlite3_stmt *source, struct buf *bytes,
	struct store_salvaged *ret) {
	struct err why = {0};
	*ret = (struct store_salvaged){0};
	int r = store_raw_unpack(store, id, bytes, &why);
	if (r < 0)
		return r;
	ret->bytes = buf_str(bytes);
	ret->len = bytes->len;
	if (source != NULL)
		find_source(source, id, ret);
	return 0;
}

static int salvage_all(struct store *store, store_salvage_fn fn, void *user,
	struct store_salvage *ret, struct err *err) {
	struct buf bytes = {0};
	struct store_salvaged salvaged;
	sqlite3_stmt *source = NULL;
	int64_t last = last_row(store);
	int r = 0;
	/* A damaged schema may know no incidents; the bytes count. */
	(void)sqlite3_prepare_v2(store->db,
		"select i.first_seen_at, (select d.path || '/' || f.name from file f "
		"join folder d on d.id = f.folder_id where f.id = i.file_id) "
		"from incident i where i.raw_id = ? order by i.ordinal limit 1",
		-1, &source, NULL);
	for (int64_t id = 1; id <= last && r == 0; id++) {
		int found = salvage_row(store, id, source, &bytes, &salvaged);
		ret->read += found == 0;
		ret->gone += found == -ENODATA;
		ret->lost += found < 0 && found != -ENODATA && found != -ENOENT;
		if (found == 0)
			r = fn(&salvaged, user);
		else if (found == -ENOMEM)
			r = err_set(err, -ENOMEM, "out of memory");
		sqlite3_reset(source);
	}
	sqlite3_finalize(source);
	buf_finish(&bytes);
	return r;
}

int store_salvage(const char *path, store_salvage_fn fn, void *user, struct store_salvage *ret,
	struct err *err) {
	struct store_salvage done = {0};
	struct store *store = NULL;
	int r = store_open_damaged(path, &store, err);
	if (r < 0)
		return r;
	r = salvage_all(store, fn, user, &done, err);
	if (r == 0)
		*ret = done;
	store_close(store);
	return r;
}
