/*
 * Where the trees do not lead to a row any more, its page may still have it. What is found goes
 * through a database in memory, so that it is unpacked and checked as any other row.
 */
#include "store/carve.h"
#include "store/salvage.h"

#include <stdlib.h>

#define TABLES                                                                            \
	"create table raw (id integer primary key, sha256, size, effort, dictionary_id, " \
	"packed);"                                                                        \
	"create table dictionary (id integer primary key, purpose, trained_at, samples, " \
	"population, size, bytes);"

static const char *const inserts[CARVED_TABLE_COUNT] = {
	[CARVED_RAW] = "insert or replace into raw values (?, ?, ?, ?, ?, ?)",
	[CARVED_DICTIONARY] = "insert or replace into dictionary values (?, ?, ?, ?, ?, ?, ?)",
};
static const int columns[CARVED_TABLE_COUNT] = {[CARVED_RAW] = 6, [CARVED_DICTIONARY] = 7};

struct pages {
	struct salvage *salvage;
	struct store *found; /* in memory: all dictionaries, one row of raw at a time */
	sqlite3_stmt *inserts[CARVED_TABLE_COUNT];
};

static bool is_open(const struct salvage *salvage, int64_t id) {
	return id <= salvage->last &&
	       (salvage->fates[id] == FATE_UNKNOWN || salvage->fates[id] == FATE_LOST);
}

static void bind(sqlite3_stmt *insert, int at, const struct carved_value *value) {
	if (value->kind == SQLITE_INTEGER)
		sqlite3_bind_int64(insert, at, value->number);
	else if (value->kind == SQLITE_BLOB)
		sqlite3_bind_blob(insert, at, value->bytes, (int)value->len, SQLITE_STATIC);
	else
		sqlite3_bind_null(insert, at);
}

static int insert(struct pages *pages, const struct carved_row *row) {
	sqlite3_stmt *insert = pages->inserts[row->table];
	sqlite3_bind_int64(insert, 1, row->id);
	for (int i = 1; i < columns[row->table]; i++)
		bind(insert, i + 1, &row->columns[i]);
	int code = sqlite3_step(insert);
	sqlite3_reset(insert);
	sqlite3_clear_bindings(insert);
	return code == SQLITE_DONE ? 0 : -ENOMEM;
}

/* ---- dictionaries ---- */

static bool wants_dictionary(int64_t id, bool emptied, void *user) {
	return !emptied;
}

static int on_dictionary(const struct carved_row *row, void *user) {
	return insert(user, row);
}

static void on_torn_dictionary(int64_t id, void *user) {
}

/* ---- files ---- */

/* A page that is in use no more may have what retention removed since: nobody wants that back. */
static bool note_emptied(int64_t id, bool emptied, void *user) {
	const struct pages *pages = user;
	if (emptied && is_open(pages->salvage, id))
		pages->salvage->fates[id] = FATE_GONE;
	return false;
}

static bool wants_raw(int64_t id, bool emptied, void *user) {
	const struct pages *pages = user;
	return is_open(pages->salvage, id);
}

static int on_raw(const struct carved_row *row, void *user) {
	struct pages *pages = user;
	int r = insert(pages, row);
	if (r == 0)
		r = store_salvage_row(pages->salvage, pages->found, row->id);
	(void)store_exec(pages->found, "delete from raw", NULL);
	return r;
}

static void on_torn_raw(int64_t id, void *user) {
	const struct pages *pages = user;
	pages->salvage->fates[id] = FATE_LOST;
}

/* ---- all of it ---- */

static int carve(struct pages *pages) {
	const struct store *found = pages->found;
	struct carve_options options = {
		.table = CARVED_DICTIONARY,
		.wants = wants_dictionary,
		.on_row = on_dictionary,
		.on_torn = on_torn_dictionary,
		.user = pages,
	};
	for (size_t i = 0; i < CARVED_TABLE_COUNT; i++)
		if (sqlite3_prepare_v2(found->db, inserts[i], -1, &pages->inserts[i], NULL) !=
			SQLITE_OK)
			return -ENOMEM;
	int r = store_carve(pages->salvage->store, &options);
	options.table = CARVED_RAW;
	options.on_row = on_raw;
	options.on_torn = on_torn_raw;
	options.wants = note_emptied;
	if (r == 0)
		r = store_carve(pages->salvage->store, &options);
	options.wants = wants_raw;
	return r ? r : store_carve(pages->salvage->store, &options);
}

int store_salvage_pages(struct salvage *salvage, struct err *err) {
	struct pages pages = {.salvage = salvage, .found = calloc(1, sizeof(struct store))};
	int r = pages.found ? 0 : -ENOMEM;
	if (r == 0 && sqlite3_open(":memory:", &pages.found->db) != SQLITE_OK)
		r = -ENOMEM;
	if (r == 0)
		r = store_exec(pages.found, TABLES, err);
	if (r == 0)
		r = carve(&pages);
	for (size_t i = 0; i < CARVED_TABLE_COUNT; i++)
		sqlite3_finalize(pages.inserts[i]);
	store_close(pages.found);
	return r == -ENOMEM ? err_set(err, r, "out of memory") : r;
}
