/*
 * What the files of the store share: the handle, its statements, and the facts of an incident as
 * columns. Nothing outside src/store includes this.
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "base/sha256.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/types.h>

/* "agxt": tells our databases from everybody else's. */
#define STORE_APPLICATION_ID 0x61677874
/* Another process may hold the write lock that long. */
#define STORE_BUSY_MS 10000
#define STORE_HURRIED_MS 500
#define STORE_WORD_CACHE 2048
/* The database, its log and the log's index: SQLite holds locks on the first and the last. */
#define STORE_FILES 3

/* The hot statements, prepared at their first use and kept with the handle (statements.c). */
enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_DATA_VERSION,
	ST_WORD_FIND,
	ST_WORD_ADD,
	ST_WORD_TEXT,
	ST_SYMBOL_FIND,
	ST_SYMBOL_ADD,
	ST_SYMBOL_TEXT,
	ST_STACK_FIND,
	ST_STACK_ADD,
	ST_STACK_FRAMES,
	ST_CALLS_FIND,
	ST_CALLS_ADD,
	ST_CALLS_LIST,
	ST_SITE_FIND,
	ST_SITE_ADD,
	ST_SITE_TITLE,
	ST_SIGNATURE_FIND,
	ST_SIGNATURE_ADD,
	ST_SIGNATURE_SITE,
	ST_FOLDER_FIND,
	ST_FOLDER_ADD,
	ST_FILE_STATE,
	ST_FILE_PUT,
	ST_FILE_ELSEWHERE,
	ST_FILE_FIND,
	ST_INCIDENT_BY_ID,
	ST_INCIDENT_BY_RAW,
	ST_INCIDENT_NAMELESS,
	ST_INCIDENT_BY_FACTS,
	ST_INCIDENT_TAKEN,
	ST_INCIDENT_ADD,
	ST_INCIDENT_FACTS,
	ST_INCIDENT_UPDATE,
	ST_INCIDENT_REPLACE,
	ST_INCIDENT_NAME,
	ST_INCIDENT_CONFLICT,
	ST_SIGHTING_FIND,
	ST_SIGHTING_BYTES,
	ST_SIGHTING_ADD,
	ST_RAW_FIND,
	ST_RAW_ADD,
	ST_RAW_DROP,
	ST_RAW_OF_INCIDENT,
	ST_RAW_BYTES,
	ST_RAW_TO_PACK,
	ST_RAW_REPACK,
	ST_DICTIONARY,
	ST_DICTIONARY_NEWEST,
	ST_DICTIONARY_ADD,
	ST_DAEMON_PUT,
	ST_DAEMON_FIND,
	ST_COUNTS,
	ST_FORGOTTEN_FIND,
	ST_FORGOTTEN_ADD,
	ST_FORGOTTEN_DROP,
	ST_KEPT_ADD,
	ST_RAW_FILL,
	ST_RAW_WHOLE,
	ST_FILE_LOST,
	ST_RETAIN_ROWS,
	ST_RETAIN_ROWS_UNDATED,
	ST_RETAIN_WHOLE,
	ST_RETAIN_WHOLE_UNDATED,
	ST_RETAIN_FIRST,
	ST_RETAIN_NEWEST,
	ST_RETAIN_NEWEST_ID,
	ST_RETAIN_KEPT,
	ST_RETAIN_KEPT_OLD,
	ST_RETAIN_KEPT_DROP,
	ST_RETAIN_OF_RAW,
	ST_RETAIN_OF_FILE,
	ST_RETAIN_RAW_LENGTH,
	ST_RETAIN_RAW_COUNT,
	ST_RETAIN_RAW_FACTS,
	ST_RETAIN_RAW_DROP,
	ST_RETAIN_RAW_EMPTY,
	ST_RETAIN_RAW_GONE,
	ST_RETAIN_FILES_OF,
	ST_RETAIN_FILE_PATH,
	ST_RETAIN_FILE_DROP,
	ST_RETAIN_FILE_NEEDED,
	ST_RETAIN_FILE_NEXT,
	ST_RETAIN_ROW,
	ST_RETAIN_ROW_DROP,
	ST_RETAIN_SIGHTINGS,
	ST_RETAIN_SIGHTINGS_DROP,
	ST_RETAIN_STACK_DROP,
	ST_RETAIN_CALLS_DROP,
	ST_RETAIN_PAGE_SIZE,
	ST_RETAIN_PAGE_COUNT,
	ST_RETAIN_FREE_COUNT,
	ST_RETAIN_OLDEST,
	ST_RETAIN_OLDEST_WHOLE,
	ST_TEXT_LAST_WORD,
	ST_TEXT_LAST_SYMBOL,
	ST_TEXT_ROWS,
	ST_TEXT_STACKS,
	ST_TEXT_CALLS,
	ST_TEXT_NEXT_WORD,
	ST_TEXT_NEXT_SYMBOL,
	ST_TEXT_WORD_DROP,
	ST_TEXT_SYMBOL_DROP,
	ST_STATE_SITE,
	ST_STATE_SIGNATURE,
	ST_STATE_NOTE,
	ST_STATE_OF_SITE,
	ST_STATE_OF_SIGNATURE,
	ST_STATE_FIND_HASH,
	ST_STATE_FIND_SITE,
	ST_STATE_SITE_BUILDS,
	ST_STATE_SIGNATURE_BUILDS,
	ST_STATES,
	ST_STATE_HISTORY,
	ST_STATE_HISTORIES,
	ST_STATE_FIXED,
	ST_STATE_REGRESS,
	ST_STATE_SYSTEMS,
	ST_STATE_SITE_SYSTEMS,
	ST_STATE_INHERIT,
	ST_STATE_SUCCEED,
	ST_STATE_MOVE,
	ST_STATE_MOVED,
	ST_STATE_RETURN,
	ST_STATE_LEFT,
	ST_STATE_HEIRS,
	ST_STATE_HEIR,
	ST_NEAR_SELF,
	ST_NEAR_WINDOW,
	ST_NEAR_TELL,
	ST_NEAR_GPU_EVENTS,
	ST_EXPERIMENT_ADD,
	ST_EXPERIMENT_END,
	ST_CONDITION_ADD,
	ST_TRIAL_ADD,
	ST_TRIAL_LAUNCHED,
	ST_TRIAL_END,
	ST_TRIAL_OUTPUT_ADD,
	ST_TRIAL_OUTPUT_DROP,
	ST_TRIAL_FIND,
	ST_TRIAL_OF_INCIDENT,
	ST_TRIAL_PAIR,
	ST_TRIAL_LABEL,
	ST_TRIAL_UNREPORTED,
	ST_TRIAL_HIDING,
	ST_TRIAL_HID,
	ST_FOUND_SYMBOL_ANY,
	ST_FOUND_SYMBOL_IMAGE,
	ST_FOUND_SYMBOL_FIND,
	ST_FOUND_SYMBOL_DROP,
	ST_FOUND_SYMBOL_ADD,
	ST_FOUND_SYMBOL_BOUND,
	ST_FOUND_SYMBOL_AGED,
	ST_COUNT,
};

/*
 * The facts of an incident: every one an integer or absent. X(name, column, form of the value):
 * texts are numbers of word rows. The order is that of the statements' parameters.
 */
#define STORE_FACTS(X)                              \
	X(KIND, "kind")                             \
	X(FORM, "form")                             \
	X(SIMULATED, "simulated")                   \
	X(BUG_TYPE, "bug_type")                     \
	X(CAPTURED_AT, "captured_at")               \
	X(PROCESS, "process")                       \
	X(PID, "pid")                               \
	X(PROCESS_PATH, "process_path")             \
	X(OS_VERSION, "os_version")                 \
	X(OS_BUILD, "os_build")                     \
	X(HARDWARE_MODEL, "hardware_model")         \
	X(CPU_TYPE, "cpu_type")                     \
	X(EXCEPTION_TYPE, "exception_type")         \
	X(SIGNAL, "signal")                         \
	X(FAULT_ADDRESS, "fault_address")           \
	X(FAULT_KIND, "fault_kind")                 \
	X(FAULT_ACCESS, "fault_access")             \
	X(BASE_REGISTER, "base_register")           \
	X(DISPLACEMENT, "displacement")             \
	X(SITE, "site_id")                          \
	X(SIGNATURE, "signature_id")                \
	X(COMPONENT, "component")                   \
	X(OPERATION, "operation")                   \
	X(DRIVER_IMAGE, "driver_image")             \
	X(DRIVER_VERSION, "driver_version")         \
	X(CRASHED_THREAD, "crashed_thread")         \
	X(QUEUE, "queue")                           \
	X(CONCURRENT_THREADS, "concurrent_threads") \
	X(ATTRIBUTION, "attribution")               \
	X(OFFSET_UNKNOWN, "offset_unknown")         \
	X(GPU_SIGNATURE, "gpu_signature")           \
	X(STACK, "stack_id")                        \
	X(MACHINE, "machine")                       \
	X(CALLS, "calls_id")                        \
	X(RULES_VERSION, "rules_version")

enum fact {
#define STORE_FACT_ENUM(name, column) FACT_##name,
	STORE_FACTS(STORE_FACT_ENUM)
#undef STORE_FACT_ENUM
		FACT_COUNT,
};

struct facts {
	struct i64_opt values[FACT_COUNT];
	struct buf warnings; /* JSON array, empty when there are none */
};

struct word_slot {
	char *text; /* owned; NULL: empty */
	size_t len;
	int64_t id;
	bool symbol;
};

struct store_unpacker; /* pack.c */
struct keeper;         /* retain.h */
struct store_cursor;

struct store {
	sqlite3 *db;
	sqlite3 *sql_db; /* of store_sql(), opened at its first use */
	bool sql_denied; /* its authorizer refused something */
	char *path;      /* as given to SQLite */
	enum store_mode mode;
	bool immutable; /* opened as a file that nobody can change */
	bool in_transaction;
	int64_t data_version; /* when the caches were filled */
	sqlite3_stmt *statements[ST_COUNT];
	struct word_slot *words; /* STORE_WORD_CACHE slots, found by a hash of the text */
	char *folder;            /* the last one looked up, with its row */
	int64_t folder_id;
	struct store_packer *packer; /* for items that come unpacked */
	struct store_unpacker *unpacker;
	struct buf found_texts;     /* of store_find() */
	struct store_cursor *found; /* of store_find() by number, between two calls */
	struct buf state_texts;     /* of store_state_find() */
	struct keeper *keeper;      /* of store_retain() */
	struct buf daemon_texts[2]; /* of store_find_daemon() */
	bool identified;            /* device and inode are those of the open file */
	dev_t device;
	ino_t inode;
	struct stat protected[STORE_FILES]; /* its files, known to locked_files */
	bool is_protected[STORE_FILES];
};

/* ---- statements.c ---- */

/* A statement ready for binding, or NULL (err set). Belongs to the store; finish its use with
 * sqlite3_reset(). */
sqlite3_stmt *store_statement(struct store *store, enum statement id, struct err *err);
/* Steps once and resets unless there is a row. SQLITE_ROW: 1, SQLITE_DONE: 0, else negative with
 * err set. */
int store_step(struct store *store, sqlite3_stmt *statement, struct err *err);
/* step, for a statement that returns no row, and reset. */
int store_run(struct store *store, sqlite3_stmt *statement, struct err *err);
/* One statement of text without a result. */
int store_exec(struct store *store, const char *sql, struct err *err);
/* Sets err from the connection's last error. what: what was being done. */
int store_fail(sqlite3 *db, struct err *err, const char *what);
/* The code of an error that a function without a result code has set. */
static inline int store_code(const struct err *err) {
	return err != NULL ? err->code : -EIO;
}
void store_statements_finish(struct store *store);

void store_bind_text(sqlite3_stmt *statement, int at, const char *text);
void store_bind_opt(sqlite3_stmt *statement, int at, struct i64_opt value);
static inline void store_bind_digest(
	sqlite3_stmt *statement, int at, const uint8_t digest[SHA256_BYTES]) {
	sqlite3_bind_blob(statement, at, digest, SHA256_BYTES, SQLITE_STATIC);
}
struct i64_opt store_column_opt(sqlite3_stmt *statement, int at);

/* ---- open.c ---- */

/* A handle for reading what may be damaged: nothing is asked of it but that SQLite opens it. */
int store_open_damaged(const char *path, struct store **ret, struct err *err);
/* A further read-only connection to the same file. */
int store_open_reader(struct store *store, sqlite3 **ret, struct err *err);
/* Negative when SQLite has ended the transaction that its owner believes to be in: after some
 * failures (full disk, I/O) it does, and what followed would be stored row by row. */
int store_transaction_stands(const struct store *store, struct err *err);

/* ---- health.c ---- */

/* Remembers which file was opened. */
void store_identify(struct store *store);
/* Nobody in this process may open the store's files while SQLite has them open. */
void store_protect(struct store *store);
void store_unprotect(struct store *store);
/* Of the file and its write-ahead log; of the log alone. */
int64_t store_disk_bytes(const struct store *store);
int64_t store_log_bytes(const struct store *store);

/* ---- migrate.c ---- */

struct migration {
	const char *name;
	const char *sql;
};
extern const struct migration store_migrations[]; /* generated; [0] leads to user_version 1 */
extern const size_t store_migration_count;

/* Creates or upgrades to the newest schema. */
int store_migrate(struct store *store, struct err *err);

/* ---- words.c ---- */

/* The row of a text (absent for NULL), added when it is new. */
int store_word(struct store *store, const char *text, struct i64_opt *ret, struct err *err);
int store_symbol(struct store *store, const char *text, struct i64_opt *ret, struct err *err);
/* First eight bytes of the text's SHA-256 as SQLite's integer. */
int64_t store_text_hash(const char *text, size_t len);
void store_words_forget(struct store *store);
void store_words_finish(struct store *store);

/* ---- retain.c, retain_texts.c ---- */

void store_keeper_free(struct keeper *keeper);
/* A text is in use from now on: retention does not drop it. */
void store_text_used(struct store *store, bool symbol, int64_t id);

/* ---- facts.c ---- */

int store_facts_fill(struct store *store, const struct report *report, const struct triage *triage,
	const char *rules_version, struct facts *ret, struct err *err);
void store_facts_finish(struct facts *facts);
/* Binds all, warnings first, from parameter at on. Returns the next parameter. */
int store_facts_bind(const struct facts *facts, sqlite3_stmt *statement, int at);

/* ---- evidence.c ---- */

/* The row of the calls in which other threads were inside Metal or the driver, added when it is
 * new; 0: there are none. Absent when triage tells their number alone. */
int store_calls_put(
	struct store *store, const struct triage *triage, struct i64_opt *ret, struct err *err);

/* ---- state_follow.c ---- */

/* An incident that was just stored, of any kind. */
struct store_arrival {
	int64_t id;
	const struct report *report;
	struct i64_opt signature; /* its row */
	int64_t seen_at_us;
};

/* Turns its signature to regressed when that was fixed in the report's build or before it. */
int store_state_regress(struct store *store, const struct store_arrival *arrival, struct err *err);
/* An incident has gone from one row of signature to another: that one succeeds it, and takes over
 * what people decided unless it has a state of its own. To be ignored is not taken over by a part:
 * see store_state_settle(). */
int store_state_inherit(struct store *store, int64_t old, int64_t now, struct err *err);

/* ---- forget.c ---- */

/* What is kept of an incident whose row is deleted: by its id, or by the digest of its bytes. */
int64_t store_forgotten_id(const char *incident_id);
int64_t store_forgotten_bytes(const uint8_t digest[SHA256_BYTES]);
/* 1 when it was forgotten, else 0. */
int store_forgotten_find(struct store *store, int64_t key, struct err *err);
int store_forgotten_add(struct store *store, int64_t key, struct err *err);
int store_forgotten_drop(struct store *store, int64_t key, struct err *err);
/* The user asked for row id by name: retention leaves it alone for a while. */
int store_keep(struct store *store, int64_t id, int64_t now_us, struct err *err);

/* ---- files.c ---- */

enum file_row_state {
	FILE_ROW_KNOWN = 1,
	FILE_ROW_PASSED = 2,
	FILE_ROW_REJECTED = 3,
	FILE_ROW_PART = 6, /* known, with reports that were left out; 4 and 5 are taken in tally */
	FILE_ROW_ELSEWHERE = 7, /* the path alone, on the machine an archive comes from */
};

/* Writes the file's row; *ret_id absent when source is NULL. reason: of a rejection, else NULL. */
int store_file_put(struct store *store, const struct store_source *source,
	enum file_row_state state, const char *reason, struct i64_opt *ret_id, struct err *err);
/* The row of a path that an archive tells: one that is there stays as it is. -EINVAL: the path is
 * not absolute, or names no file. */
int store_file_put_elsewhere(struct store *store, const char *path, int64_t seen_at_us,
	struct i64_opt *ret_id, struct err *err);

/* ---- experiment_trial.c ---- */

/*
 * A new incident, inside its transaction: if it is the report of a crash that was given up (the
 * same pid, launched at the same time), it belongs to that trial; so it does if a trial's command
 * started its process and ended without a word of it, and that trial then has crashed.
 */
int store_trial_adopt(
	struct store *store, int64_t incident, const struct report *report, struct err *err);

/* ---- put_raw.c ---- */

/* The row of the item's bytes, with them in it; a document of several reports is stored once. */
int store_raw_put(struct store *store, const struct store_item *item,
	const uint8_t digest[SHA256_BYTES], int64_t *ret, struct err *err);

/* ---- pack.c ---- */

/* What a dictionary is for. */
enum dictionary_purpose { DICTIONARY_INGEST, DICTIONARY_IDLE };

/* Loads a dictionary's bytes. */
int store_dictionary_load(struct store *store, int64_t id, struct buf *ret, struct err *err);
/* The newest of a purpose: 1 and its row and population, 0 none. */
int store_dictionary_newest(struct store *store, enum dictionary_purpose purpose, int64_t *ret_id,
	int64_t *ret_population, struct err *err);
/* Reads row id of raw and unpacks it; checks size and digest. */
int store_raw_unpack(struct store *store, int64_t raw_id, struct buf *ret, struct err *err);
/*
 * The same for a damaged database. -EBADMSG: *ret is whole, as the frame's own checksum tells, and
 * what the row says of it is wrong.
 */
int store_raw_salvage(struct store *store, int64_t raw_id, struct buf *ret, struct err *err);
void store_unpacker_free(struct store_unpacker *unpacker);

/* ---- train.c ---- */

/* As store_train(), for recompression: pieces of stored reports. */
int store_train_idle(struct store *store, bool *ret_trained, struct err *err);
/* Deletes dictionaries that no row needs and no new row will. */
int store_dictionaries_tidy(struct store *store, struct err *err);

/* ---- experiment.c ---- */

/* A transaction that is on the disk when it has ended. -EINPROGRESS: another one is open. */
int store_begin_durable(struct store *store, struct err *err);
/* Commits, or rolls back when r is negative; returns r or what failed. */
int store_end_durable(struct store *store, int r, struct err *err);

/* ---- fields.c ---- */

enum field_form {
	FIELD_TEXT,    /* inner is text */
	FIELD_WORD,    /* inner is the number of a word row */
	FIELD_INTEGER, /* inner is the number itself */
	FIELD_HEX,     /* 64 bits, shown as 0x... */
	FIELD_BOOLEAN,
	FIELD_OTHER, /* inner is a number of which outer makes text */
};

struct field {
	const char *name;
	enum field_form form;
	const char *inner; /* SQL over incident i */
	const char *outer; /* SQL that makes text of inner, which takes the place of $ */
};

/* NULL when there is none of that name. */
const struct field *store_field_find(const char *name, size_t len);
/* -EINVAL with a text that names it. */
int store_field_unknown(const char *name, struct err *err);
/* Appends the field's text as SQL; inner: what stands for it, e.g. a column of an inner query. */
void store_field_outer(const struct field *field, const char *inner, struct buf *sql);

/* ---- filter.c ---- */

struct bind {
	char *text; /* owned; NULL: number */
	int64_t number;
};

/* SQL text with its parameters. */
struct query {
	struct buf sql;
	struct bind *binds;
	size_t count, cap;
	bool failed;
};

void store_query_finish(struct query *query);
void store_query_text(struct query *query, const char *text, size_t len);
void store_query_number(struct query *query, int64_t number);
int store_query_prepare(
	struct store *store, struct query *query, sqlite3_stmt **ret, struct err *err);

/*
 * Appends " where ...". gpu_kinds_only: crashes, GPU events and panics, unless the filter names
 * kind. Only the capture time and a prefix of an incident id may use an index, so that an order by
 * time needs no sorting.
 */
int store_filter_where(struct store *store, const struct store_filter *filter, bool gpu_kinds_only,
	struct query *query, struct err *err);
/* Registers the SQL functions that filters use. */
int store_filter_functions(sqlite3 *db);

#endif
