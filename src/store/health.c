/*
 * What status and the daemon ask of a database: the daemon's row, counts that cost nothing, and
 * whether the file is still the one that was opened. Never opens the file beside SQLite.
 */
#include "base/locked_files.h"
#include "store/internal.h"

#include <sys/stat.h>

int store_put_daemon(struct store *store, const struct store_daemon *daemon, struct err *err) {
	sqlite3_stmt *put = store_statement(store, ST_DAEMON_PUT, err);
	if (put == NULL)
		return store_code(err);
	sqlite3_bind_int64(put, 1, daemon->pid);
	sqlite3_bind_int64(put, 2, daemon->started_at_us);
	store_bind_opt(put, 3, daemon->stopped_at_us);
	store_bind_opt(put, 4, daemon->last_event_at_us);
	store_bind_opt(put, 5, daemon->last_scan_at_us);
	store_bind_text(put, 6, daemon->last_error);
	store_bind_opt(put, 7, daemon->last_error_at_us);
	sqlite3_bind_int64(put, 8, daemon->queue);
	store_bind_text(put, 9, daemon->folders != NULL ? daemon->folders : "[]");
	return store_run(store, put, err);
}

int store_find_daemon(struct store *store, struct store_daemon *ret, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_DAEMON_FIND, err);
	if (find == NULL)
		return store_code(err);
	int r = store_step(store, find, err);
	if (r <= 0)
		return r;
	/* The texts would not outlive the statement, and an open statement keeps its snapshot. */
	for (size_t i = 0; i < 2; i++) {
		buf_reset(&store->daemon_texts[i]);
		const char *text = (const char *)sqlite3_column_text(find, i == 0 ? 5 : 8);
		buf_add_str(&store->daemon_texts[i], text != NULL ? text : "");
	}
	*ret = (struct store_daemon){
		.pid = sqlite3_column_int64(find, 0),
		.started_at_us = sqlite3_column_int64(find, 1),
		.stopped_at_us = store_column_opt(find, 2),
		.last_event_at_us = store_column_opt(find, 3),
		.last_scan_at_us = store_column_opt(find, 4),
		.last_error_at_us = store_column_opt(find, 6),
		.queue = sqlite3_column_int64(find, 7),
		.folders = buf_str(&store->daemon_texts[1]),
	};
	if (sqlite3_column_type(find, 5) != SQLITE_NULL)
		ret->last_error = buf_str(&store->daemon_texts[0]);
	sqlite3_reset(find);
	if (store->daemon_texts[0].failed || store->daemon_texts[1].failed)
		return err_set(err, -ENOMEM, "out of memory");
	return 1;
}

static int64_t bytes_of(const char *path) {
	struct stat st;
	return path != NULL && stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

int64_t store_log_bytes(const struct store *store) {
	const char *path = sqlite3_db_filename(store->db, "main");
	return path != NULL ? bytes_of(sqlite3_filename_wal(path)) : 0;
}

int64_t store_disk_bytes(const struct store *store) {
	return bytes_of(sqlite3_db_filename(store->db, "main")) + store_log_bytes(store);
}

int store_counts(struct store *store, struct store_counts *ret, struct err *err) {
	sqlite3_stmt *count = store_statement(store, ST_COUNTS, err);
	if (count == NULL)
		return store_code(err);
	int r = store_step(store, count, err);
	if (r < 0)
		return r;
	*ret = (struct store_counts){
		.stored = sqlite3_column_int64(count, 0),
		.known = sqlite3_column_int64(count, 1),
		.rejected = sqlite3_column_int64(count, 2),
		.passed_over = sqlite3_column_int64(count, 3),
		.raw_gone = sqlite3_column_int64(count, 4),
		.newest_id = sqlite3_column_int64(count, 5),
		.simulated = sqlite3_column_int64(count, 6),
		.database_bytes = store_disk_bytes(store),
	};
	sqlite3_reset(count);
	return 0;
}

int store_data_version(struct store *store, int64_t *ret, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_DATA_VERSION, err);
	int r = find == NULL ? store_code(err) : store_step(store, find, err);
	if (r < 0)
		return r;
	*ret = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	return 0;
}

int store_stay_small(struct store *store, struct err *err) {
	return store_exec(store, "pragma cache_size = -512; pragma shrink_memory", err);
}

void store_hurry(struct store *store) {
	sqlite3_busy_timeout(store->db, STORE_HURRIED_MS);
}

void store_identify(struct store *store) {
	struct stat st;
	int moved = 1;
	if (stat(store->path, &st) < 0)
		return;
	/* Between opening and asking another file may have taken its place. */
	if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
		moved)
		return;
	store->identified = true;
	store->device = st.st_dev;
	store->inode = st.st_ino;
}

/* One of the three files that SQLite has open. */
static int stat_file(const struct store *store, size_t i, struct stat *ret) {
	static const char *const endings[STORE_FILES] = {"", "-wal", "-shm"};
	struct buf path = {0};
	buf_printf(&path, "%s%s", store->path, endings[i]);
	int r = path.failed ? -ENOMEM : stat(path.data, ret) == 0 ? 0 : -errno;
	buf_finish(&path);
	return r;
}

void store_protect(struct store *store) {
	for (size_t i = 0; i < STORE_FILES; i++) {
		struct stat *st = &store->protected[i];
		store->is_protected[i] = stat_file(store, i, st) == 0;
		if (store->is_protected[i])
			locked_files_add(st->st_dev, st->st_ino);
	}
}

void store_unprotect(struct store *store) {
	for (size_t i = 0; i < STORE_FILES; i++) {
		const struct stat *st = &store->protected[i];
		if (store->is_protected[i])
			locked_files_remove(st->st_dev, st->st_ino);
		store->is_protected[i] = false;
	}
}

static bool is_in_place(const struct store *store, size_t i) {
	const struct stat *mine = &store->protected[i];
	struct stat st;
	int r = store->is_protected[i] ? stat_file(store, i, &st) : -ENOMEM;
	return r == -ENOMEM || (r == 0 && st.st_dev == mine->st_dev && st.st_ino == mine->st_ino);
}

bool store_is_current(const struct store *store) {
	struct stat st;
	if (!store->identified || stat(store->path, &st) < 0 || st.st_dev != store->device ||
		st.st_ino != store->inode)
		return false;
	/* One that was emptied, and a log that was deleted so that nobody else reads it. */
	bool emptied = st.st_size == 0 && store->protected[0].st_size > 0;
	return !emptied && is_in_place(store, 1) && is_in_place(store, 2);
}
