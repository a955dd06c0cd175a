/*
 * Opening and closing a database, refusing what is not ours, and transactions. Paths go to SQLite
 * as they are, never as URIs, except for a file on a medium that nobody can write to.
 */
#include "store/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A blob in small pages wastes least: 1.03 times its bytes with 1,024, 1.08 with 4,096, 1.25 with
 * 16,384. */
#define CREATE_SETTINGS \
	"pragma page_size = 2048; pragma auto_vacuum = incremental; pragma journal_mode = wal;"

/* Between two tries to create while another process does. */
#define CREATE_WAIT_MS 10

/*
 * fullfsync concerns macOS, where a mere fsync leaves bytes in the disk's own cache: it takes part
 * in what waits for the disk, that is in checkpoints and in what experiments store (experiment.c);
 * a report's commit waits for nothing.
 */
#define WRITE_SETTINGS                                                                             \
	"pragma synchronous = normal; pragma foreign_keys = on; pragma wal_autocheckpoint = 2048;" \
	"pragma journal_size_limit = 8388608; pragma secure_delete = off;"                         \
	"pragma fullfsync = on; pragma checkpoint_fullfsync = on;"

#define COMMON_SETTINGS                                                                       \
	"pragma cache_size = -2000; pragma temp_store = memory; pragma trusted_schema = off;" \
	"pragma cell_size_check = on;"

/* SQLite takes "file:..." and ":memory:" for something else than a name. */
static char *plain_path(const char *path) {
	size_t len = strlen(path);
	bool absolute = path[0] == '/';
	char *ret = malloc(len + 3);
	if (ret != NULL)
		snprintf(ret, len + 3, "%s%s", absolute ? "" : "./", path);
	return ret;
}

static int make_folder(const char *path, struct err *err) {
	const char *slash = strrchr(path, '/');
	if (slash == NULL || slash == path)
		return 0;
	char *folder = strndup(path, (size_t)(slash - path));
	if (folder == NULL)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	int r = access(folder, F_OK) == 0 ? 0 : file_make_folders(folder, err);
	free(folder);
	return r;
}

/* SQLite would create it readable for everybody; its companions inherit the mode. */
static int create_file(const char *path, struct err *err) {
	struct stat st;
	if (stat(path, &st) == 0)
		return 0;
	int r = make_folder(path, err);
	if (r < 0)
		return r;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	close(fd);
	return 0;
}

static int check_file(const char *path, enum store_mode mode, struct err *err) {
	struct stat st;
	if (mode == STORE_WRITE) {
		int r = create_file(path, err);
		if (r < 0)
			return r;
	}
	if (stat(path, &st) < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EPROTO, "%s: is a folder, not a database", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EPROTO, "%s: is not a regular file", path);
	if (mode == STORE_READ && st.st_size == 0)
		return err_set(err, -ENOENT, "%s: empty, nothing has been stored yet", path);
	return 0;
}

/* file:PATH?immutable=1 with everything escaped that a URI would take for its own. */
static char *immutable_uri(const char *path) {
	struct buf uri = {0};
	buf_add_str(&uri, "file:");
	for (const char *p = path; *p != '\0'; p++) {
		if (*p == '?' || *p == '#' || *p == '%' || (unsigned char)*p < 0x21 ||
			(unsigned char)*p > 0x7e)
			buf_printf(&uri, "%%%02x", (unsigned char)*p);
		else
			buf_add_char(&uri, *p);
	}
	buf_add_str(&uri, "?immutable=1");
	char *ret = buf_take(&uri);
	buf_finish(&uri);
	return ret;
}

static int connect(const char *path, int flags, sqlite3 **ret, struct err *err) {
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(path, &db,
		flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
		NULL);
	if (db == NULL)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	if (code != SQLITE_OK) {
		int r = store_fail(db, err, path);
		sqlite3_close(db);
		return r;
	}
	/* Until it is known to be ours nothing in it may change, not even by a checkpoint. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_busy_timeout(db, STORE_BUSY_MS);
	*ret = db;
	return 0;
}

/* One number from one row; -EPROTO and the like through store_fail(). */
static int ask_number(
	sqlite3 *db, const char *path, const char *sql, int64_t *ret, struct err *err) {
	sqlite3_stmt *statement = NULL;
	int r = 0;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK ||
		sqlite3_step(statement) != SQLITE_ROW)
		r = store_fail(db, err, path);
	else
		*ret = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return r;
}

static bool companion_has_bytes(const char *path) {
	struct stat st;
	size_t len = strlen(path) + 5;
	char *name = malloc(len);
	if (name == NULL)
		return true;
	snprintf(name, len, "%s-wal", path);
	bool ret = stat(name, &st) == 0 && st.st_size > 0;
	free(name);
	return ret;
}

/*
 * SQLite refuses every query of a file that is shorter than its header says, unless the schema may
 * be written to, which DEFENSIVE forbids; nothing can be written to a file that is open for
 * reading.
 */
static void bear_damage(sqlite3 *db) {
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
}

/*
 * Opening a WAL database read-only succeeds while every query may fail: its index can be neither
 * found nor made on a medium without write access. Without a log to read the file alone is the
 * truth.
 */
static int connect_reader(
	const char *path, bool damaged, sqlite3 **ret, bool *ret_immutable, struct err *err) {
	int64_t version;
	sqlite3 *db = NULL;
	int r = connect(path, SQLITE_OPEN_READONLY, &db, err);
	if (r == 0 && damaged)
		bear_damage(db);
	if (r == 0)
		r = ask_number(db, path, "select count(*) from sqlite_schema", &version, err);
	int code = db != NULL ? sqlite3_errcode(db) & 0xff : SQLITE_CANTOPEN;
	if (r == 0 || (damaged && code == SQLITE_CORRUPT)) {
		*ret = db;
		*ret_immutable = false;
		return 0;
	}
	sqlite3_close(db);
	if ((code != SQLITE_CANTOPEN && code != SQLITE_READONLY) || companion_has_bytes(path) ||
		access(path, R_OK) < 0)
		return r;
	char *uri = immutable_uri(path);
	if (uri == NULL)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	r = connect(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, ret, err);
	if (r == 0 && damaged)
		bear_damage(*ret);
	free(uri);
	*ret_immutable = true;
	return r;
}

int store_open_reader(struct store *store, sqlite3 **ret, struct err *err) {
	bool immutable;
	return connect_reader(store->path, false, ret, &immutable, err);
}

int store_open_damaged(const char *path, struct store **ret, struct err *err) {
	struct store *store = calloc(1, sizeof(*store));
	int r = 0;
	if (store == NULL || (store->path = plain_path(path)) == NULL)
		r = err_set(err, -ENOMEM, "%s: out of memory", path);
	if (r == 0)
		r = check_file(path, STORE_READ, err);
	if (r == 0)
		r = connect_reader(store->path, true, &store->db, &store->immutable, err);
	if (r < 0) {
		store_close(store);
		return r;
	}
	*ret = store;
	return 0;
}

struct marks {
	int64_t application, version, tables;
};

/* All from one moment: another process may be creating the database right now. */
static int read_marks(struct store *store, struct marks *ret, struct err *err) {
	int r = store_exec(store, "begin", err);
	if (r < 0)
		return r;
	r = ask_number(
		store->db, store->path, "select count(*) from sqlite_schema", &ret->tables, err);
	if (r == 0)
		r = ask_number(
			store->db, store->path, "pragma application_id", &ret->application, err);
	if (r == 0)
		r = ask_number(store->db, store->path, "pragma user_version", &ret->version, err);
	if (sqlite3_get_autocommit(store->db) == 0)
		(void)store_exec(store, "rollback", NULL);
	return r;
}

/* Refuses foreign and newer files. *ret_version: 0 for an empty one. */
static int check_ours(struct store *store, int64_t *ret_version, struct err *err) {
	struct marks marks = {0};
	int r = read_marks(store, &marks, err);
	if (r < 0)
		return r;
	if (marks.application != STORE_APPLICATION_ID &&
		(marks.application != 0 || marks.version != 0 || marks.tables != 0))
		return err_set(err, -EPROTO, "%s: a database of another program", store->path);
	if (marks.version > (int64_t)store_migration_count)
		return err_set(err, -EPROTO,
			"%s: made by a newer agxtriage (schema %lld, this one knows %zu); left "
			"untouched",
			store->path, (long long)marks.version, store_migration_count);
	*ret_version = marks.version < 0 ? 0 : marks.version;
	return 0;
}

/* SQLite does not wait for its lock when it changes the journal's mode. */
static int create_settings(struct store *store, struct err *err) {
	int r = store_exec(store, CREATE_SETTINGS, err);
	for (int waited = 0; r == -EBUSY && waited < STORE_BUSY_MS; waited += CREATE_WAIT_MS) {
		sqlite3_sleep(CREATE_WAIT_MS);
		r = store_exec(store, CREATE_SETTINGS, err);
	}
	return r;
}

static int open_read(struct store *store, struct err *err) {
	int64_t version = 0;
	int r = connect_reader(store->path, false, &store->db, &store->immutable, err);
	if (r == 0)
		r = check_ours(store, &version, err);
	if (r < 0)
		return r;
	if (version == 0)
		return err_set(err, -ENOENT, "%s: empty, nothing has been stored yet", store->path);
	if (version < (int64_t)store_migration_count)
		return err_set(err, -EPROTO,
			"%s: schema %lld of an older agxtriage; \"agxtriage scan\" brings it up to "
			"date",
			store->path, (long long)version);
	return store_exec(store, COMMON_SETTINGS, err);
}

static int open_write(struct store *store, struct err *err) {
	int64_t version = 0;
	int r = connect(store->path, SQLITE_OPEN_READWRITE, &store->db, err);
	if (r == 0)
		r = check_ours(store, &version, err);
	if (r < 0)
		return r;
	if (sqlite3_db_readonly(store->db, "main") == 1)
		return err_set(err, -EROFS, "%s: cannot be written to", store->path);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	if (version == 0)
		r = create_settings(store, err);
	if (r == 0)
		r = store_exec(store, COMMON_SETTINGS WRITE_SETTINGS, err);
	if (r == 0 && version < (int64_t)store_migration_count)
		r = store_migrate(store, err);
	return r;
}

int store_open(const char *path, enum store_mode mode, struct store **ret, struct err *err) {
	struct store *store = NULL;
	int r = check_file(path, mode, err);
	if (r < 0)
		return r;
	store = calloc(1, sizeof(*store));
	if (store == NULL || (store->path = plain_path(path)) == NULL) {
		r = err_set(err, -ENOMEM, "%s: out of memory", path);
		goto out;
	}
	store->mode = mode;
	r = mode == STORE_WRITE ? open_write(store, err) : open_read(store, err);
	if (r == 0)
		r = store_filter_functions(store->db) == SQLITE_OK
			    ? 0
			    : store_fail(store->db, err, store->path);
	if (r < 0)
		goto out;
	store_identify(store);
	store_protect(store);
	*ret = store;
	store = NULL;
out:
	store_close(store);
	return r;
}

void store_close(struct store *store) {
	if (store == NULL)
		return;
	if (store->in_transaction)
		store_rollback(store);
	store_statements_finish(store);
	store_cursor_close(store->found);
	store_words_finish(store);
	store_packer_free(store->packer);
	store_unpacker_free(store->unpacker);
	store_keeper_free(store->keeper);
	buf_finish(&store->found_texts);
	buf_finish(&store->state_texts);
	buf_finish(&store->daemon_texts[0]);
	buf_finish(&store->daemon_texts[1]);
	sqlite3_close(store->sql_db);
	sqlite3_close(store->db);
	store_unprotect(store);
	free(store->path);
	free(store);
}

int store_begin(struct store *store, struct err *err) {
	sqlite3_stmt *statement = store_statement(store, ST_BEGIN, err);
	int r = statement == NULL ? store_code(err) : store_run(store, statement, err);
	if (r < 0)
		return r;
	store->in_transaction = true;
	statement = store_statement(store, ST_DATA_VERSION, err);
	r = statement == NULL ? store_code(err) : store_step(store, statement, err);
	if (r < 0) {
		store_rollback(store);
		return r;
	}
	int64_t version = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	if (version != store->data_version)
		store_words_forget(store);
	store->data_version = version;
	return 0;
}

int store_transaction_stands(const struct store *store, struct err *err) {
	if (!store->in_transaction || sqlite3_get_autocommit(store->db) == 0)
		return 0;
	return err_set(err, -EIO, "%s: the transaction was given up after a failure", store->path);
}

int store_commit(struct store *store, struct err *err) {
	sqlite3_stmt *statement = store_statement(store, ST_COMMIT, err);
	int r = statement == NULL ? store_code(err) : store_run(store, statement, err);
	if (r < 0)
		store_rollback(store);
	store->in_transaction = false;
	return r;
}

void store_rollback(struct store *store) {
	store->in_transaction = false;
	store_words_forget(store);
	/* A full disk may have rolled it back already. */
	if (sqlite3_get_autocommit(store->db) != 0)
		return;
	sqlite3_stmt *statement = store_statement(store, ST_ROLLBACK, NULL);
	if (statement != NULL)
		(void)store_run(store, statement, NULL);
}
