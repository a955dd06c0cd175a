/*
 * Taking away one incident's bytes, or its row with all that only it needs. Every call is a part of
 * the caller's transaction. Of files it only asks whether they are still there.
 */
#include "store/retain.h"

#include <string.h>
#include <sys/stat.h>

static int run_with(struct store *store, enum statement id, int64_t number, struct err *err) {
	sqlite3_stmt *statement = store_statement(store, id, err);
	if (statement == NULL)
		return store_code(err);
	sqlite3_bind_int64(statement, 1, number);
	return store_run(store, statement, err);
}

/* The first column of the first row; *ret stays when there is none. */
static int ask(
	struct store *store, enum statement id, int64_t number, int64_t *ret, struct err *err) {
	sqlite3_stmt *statement = store_statement(store, id, err);
	if (statement == NULL)
		return store_code(err);
	sqlite3_bind_int64(statement, 1, number);
	int r = store_step(store, statement, err);
	if (r == 1)
		*ret = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return r < 0 ? r : 0;
}

int retain_raw_length(struct store *store, int64_t raw_id, int64_t *ret, struct err *err) {
	*ret = 0;
	return ask(store, ST_RETAIN_RAW_LENGTH, raw_id, ret, err);
}

int retain_count_raw(struct store *store, int64_t raw_id, uint64_t *ret, struct err *err) {
	int64_t count = 0;
	int r = ask(store, ST_RETAIN_RAW_COUNT, raw_id, &count, err);
	*ret = (uint64_t)count;
	return r;
}

/* Deleted and inserted anew: an update would leave its page as empty as it becomes. */
static int empty_raw(struct store *store, int64_t raw_id, struct err *err) {
	uint8_t digest[SHA256_BYTES] = {0};
	sqlite3_stmt *find = store_statement(store, ST_RETAIN_RAW_FACTS, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, raw_id);
	int r = store_step(store, find, err);
	if (r <= 0)
		return r;
	const void *bytes = sqlite3_column_blob(find, 0);
	int64_t size = sqlite3_column_int64(find, 1);
	if (bytes != NULL && sqlite3_column_bytes(find, 0) == SHA256_BYTES)
		memcpy(digest, bytes, SHA256_BYTES);
	sqlite3_reset(find);
	r = run_with(store, ST_RETAIN_RAW_DROP, raw_id, err);
	if (r < 0)
		return r;
	sqlite3_stmt *add = store_statement(store, ST_RETAIN_RAW_EMPTY, err);
	if (add == NULL)
		return store_code(err);
	sqlite3_bind_int64(add, 1, raw_id);
	sqlite3_bind_blob(add, 2, digest, SHA256_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(add, 3, size);
	return store_run(store, add, err);
}

int retain_remove_raw(
	struct store *store, int64_t raw_id, uint64_t *ret_incidents, struct err *err) {
	int r = empty_raw(store, raw_id, err);
	if (r == 0)
		r = run_with(store, ST_RETAIN_RAW_GONE, raw_id, err);
	if (r == 0)
		*ret_incidents = (uint64_t)sqlite3_changes64(store->db);
	return r;
}

int retain_files_of(struct store *store, int64_t id, struct retain_files *ret, struct err *err) {
	sqlite3_stmt *files = store_statement(store, ST_RETAIN_FILES_OF, err);
	int r = 0;
	ret->count = 0;
	if (files == NULL)
		return store_code(err);
	sqlite3_bind_int64(files, 1, id);
	while (ret->count < RETAIN_MAX_FILES && (r = store_step(store, files, err)) == 1)
		ret->ids[ret->count++] = sqlite3_column_int64(files, 0);
	sqlite3_reset(files);
	return r < 0 ? r : 0;
}

static bool path_is_gone(const char *folder, const char *name) {
	struct stat st;
	struct buf path = {0};
	buf_printf(&path, "%s/%s", folder, name);
	bool gone = !path.failed && lstat(buf_str(&path), &st) < 0 && errno == ENOENT;
	buf_finish(&path);
	/* A volume that is not mounted has lost nothing. */
	return gone && stat(folder[0] != '\0' ? folder : "/", &st) == 0 && S_ISDIR(st.st_mode);
}

int retain_file_is_gone(struct store *store, int64_t file_id, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_RETAIN_FILE_PATH, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, file_id);
	int r = store_step(store, find, err);
	if (r == 1)
		r = sqlite3_column_int(find, 2) != 0 ||
		    path_is_gone((const char *)sqlite3_column_text(find, 0),
			    (const char *)sqlite3_column_text(find, 1));
	sqlite3_reset(find);
	return r;
}

int retain_remove_file(struct store *store, int64_t file_id, struct err *err) {
	return run_with(store, ST_RETAIN_FILE_DROP, file_id, err);
}

/* The row of a file that nobody needs: no incident or sighting has it, and it is gone. */
static int remove_file_unless_needed(
	struct store *store, int64_t file_id, uint64_t *files, struct err *err) {
	int64_t needed = 1;
	int r = ask(store, ST_RETAIN_FILE_NEEDED, file_id, &needed, err);
	if (r < 0 || needed)
		return r;
	r = retain_file_is_gone(store, file_id, err);
	if (r == 1) {
		r = retain_remove_file(store, file_id, err);
		*files += r == 0;
	}
	return r;
}

static int forget_sightings(struct store *store, int64_t id, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_RETAIN_SIGHTINGS, err);
	int r = 0;
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, id);
	while ((r = store_step(store, find, err)) == 1) {
		const void *digest = sqlite3_column_blob(find, 0);
		if (digest == NULL || sqlite3_column_bytes(find, 0) != SHA256_BYTES)
			continue;
		r = store_forgotten_add(store, store_forgotten_bytes(digest), err);
		if (r < 0)
			break;
	}
	sqlite3_reset(find);
	return r;
}

/* Rows that other incidents may share. */
struct lists {
	struct i64_opt stack, calls;
};

/* Notes the incident so that its files do not bring it back. */
static int forget(struct store *store, int64_t id, struct lists *ret_lists, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_RETAIN_ROW, err);
	int64_t key = 0;
	bool known = false;
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, id);
	int r = store_step(store, find, err);
	if (r == 1) {
		const char *name = (const char *)sqlite3_column_text(find, 0);
		const void *digest = sqlite3_column_blob(find, 1);
		ret_lists->stack = store_column_opt(find, 2);
		ret_lists->calls = store_column_opt(find, 3);
		known = name != NULL ||
			(digest != NULL && sqlite3_column_bytes(find, 1) == SHA256_BYTES);
		if (known)
			key = name != NULL ? store_forgotten_id(name)
					   : store_forgotten_bytes(digest);
	}
	sqlite3_reset(find);
	if (r >= 0 && known)
		r = store_forgotten_add(store, key, err);
	return r < 0 ? r : forget_sightings(store, id, err);
}

int retain_remove_row(
	struct store *store, const struct retain_row *row, uint64_t *files, struct err *err) {
	static const enum statement drops[] = {
		ST_RETAIN_SIGHTINGS_DROP, ST_RETAIN_KEPT_DROP, ST_RETAIN_ROW_DROP};
	struct lists lists = {0};
	struct retain_files of;
	int r = retain_files_of(store, row->id, &of, err);
	if (r == 0)
		r = forget(store, row->id, &lists, err);
	for (size_t i = 0; r == 0 && i < sizeof(drops) / sizeof(drops[0]); i++)
		r = run_with(store, drops[i], row->id, err);
	if (r == 0)
		r = run_with(store, ST_RAW_DROP, row->raw_id, err);
	if (r == 0 && lists.stack.set)
		r = run_with(store, ST_RETAIN_STACK_DROP, lists.stack.value, err);
	if (r == 0 && lists.calls.set)
		r = run_with(store, ST_RETAIN_CALLS_DROP, lists.calls.value, err);
	for (size_t i = 0; r == 0 && i < of.count; i++)
		r = remove_file_unless_needed(store, of.ids[i], files, err);
	return r;
}
