/*
 * From an empty file or an older schema to the newest one. The migrations themselves are
 * schema/NNN-*.sql.
 */
#include "store/internal.h"

#include <errno.h>
#include <stdio.h>

static int read_number(struct store *store, const char *sql, int64_t *ret, struct err *err) {
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	int r = store_step(store, statement, err);
	if (r == 1)
		*ret = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return r < 0 ? r : 0;
}

static int apply(struct store *store, size_t index, struct err *err) {
	char sql[64];
	int r = store_exec(store, store_migrations[index].sql, err);
	if (r < 0)
		return err_prefix(err, "%s", store_migrations[index].name);
	snprintf(sql, sizeof(sql), "pragma user_version = %zu", index + 1);
	return store_exec(store, sql, err);
}

int store_migrate(struct store *store, struct err *err) {
	int64_t version = 0;
	char sql[64];

	int r = store_begin(store, err);
	if (r < 0)
		return r;
	/* Again, now under the lock: another process may have been first. */
	r = read_number(store, "pragma user_version", &version, err);
	if (r == 0 && (version < 0 || (size_t)version > store_migration_count))
		r = err_set(err, -EPROTO, "%s: made by a newer version", store->path);
	if (r == 0 && version == 0) {
		snprintf(sql, sizeof(sql), "pragma application_id = %d", STORE_APPLICATION_ID);
		r = store_exec(store, sql, err);
	}
	for (size_t i = (size_t)version; r == 0 && i < store_migration_count; i++)
		r = apply(store, i, err);
	if (r == 0)
		r = store_commit(store, err);
	if (r < 0)
		store_rollback(store);
	return r;
}
