/*
 * What can still be read of a damaged database: each stored file is looked up on its own, so that a
 * broken page costs those on it and nothing else.
 */
#include "store/salvage.h"

#include <stdlib.h>
#include <string.h>

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

int store_salvage_row(struct salvage *salvage, struct store *from, int64_t id) {
	struct err why = {0};
	struct store_salvaged salvaged = {0};
	int r = store_raw_salvage(from, id, &salvage->bytes, &why), code = 0;
	if (r == -EBADMSG)
		r = 0;
	salvage->fates[id] = r == 0          ? FATE_READ
			     : r == -ENODATA ? FATE_GONE
			     : r == -ENOENT  ? FATE_NONE
					     : FATE_LOST;
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	salvaged.bytes = buf_str(&salvage->bytes);
	salvaged.len = salvage->bytes.len;
	if (salvage->source != NULL)
		find_source(salvage->source, id, &salvaged);
	code = salvage->fn(&salvaged, salvage->user);
	sqlite3_reset(salvage->source);
	return code;
}

/* By the trees, as far as they lead. */
static int salvage_rows(struct salvage *salvage) {
	struct err why = {0};
	int r = 0;
	if (store_statement(salvage->store, ST_RAW_BYTES, &why) == NULL) {
		memset(salvage->fates, FATE_UNKNOWN, (size_t)salvage->last + 1);
		return 0;
	}
	for (int64_t id = 1; id <= salvage->last && r == 0; id++)
		r = store_salvage_row(salvage, salvage->store, id);
	return r;
}

static bool is_open(const struct salvage *salvage) {
	for (int64_t id = 1; id <= salvage->last; id++)
		if (salvage->fates[id] == FATE_UNKNOWN || salvage->fates[id] == FATE_LOST)
			return true;
	return false;
}

static int salvage_all(struct salvage *salvage, struct err *err) {
	salvage->last = last_row(salvage->store);
	salvage->fates = calloc(1, (size_t)salvage->last + 1);
	if (salvage->fates == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	/* A damaged schema may know no incidents; the bytes count. */
	(void)sqlite3_prepare_v2(salvage->store->db,
		"select i.first_seen_at, (select d.path || '/' || f.name from file f "
		"join folder d on d.id = f.folder_id where f.id = i.file_id) "
		"from incident i where i.raw_id = ? order by i.ordinal limit 1",
		-1, &salvage->source, NULL);
	int r = salvage_rows(salvage);
	if (r == 0 && is_open(salvage))
		r = store_salvage_pages(salvage, err);
	return r == -ENOMEM ? err_set(err, r, "out of memory") : r;
}

static struct store_salvage count(const struct salvage *salvage) {
	struct store_salvage ret = {0};
	for (int64_t id = 1; id <= salvage->last; id++) {
		ret.read += salvage->fates[id] == FATE_READ;
		ret.gone += salvage->fates[id] == FATE_GONE;
		ret.lost += salvage->fates[id] == FATE_LOST;
	}
	return ret;
}

int store_salvage(const char *path, store_salvage_fn fn, void *user, struct store_salvage *ret,
	struct err *err) {
	struct salvage salvage = {.fn = fn, .user = user};
	int r = store_open_damaged(path, &salvage.store, err);
	if (r < 0)
		return r;
	r = salvage_all(&salvage, err);
	if (r == 0)
		*ret = count(&salvage);
	sqlite3_finalize(salvage.source);
	buf_finish(&salvage.bytes);
	free(salvage.fates);
	store_close(salvage.store);
	return r;
}
