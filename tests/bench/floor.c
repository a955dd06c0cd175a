/*
 * The floor that scan is measured against: read each file, parse it once with cJSON and an arena,
 * compress it with zstd -3, insert the bytes into SQLite. One thread, no triage, no index, no
 * check.
 *
 *     floor DATABASE FILE...
 */
#include <cjson/cJSON.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define ARENA_BYTES (64u << 20)
#define ROWS_PER_COMMIT 512

static char *arena;
static size_t arena_used;

static void *bump(size_t size) {
	size_t need = (size + 15) / 16 * 16;
	if (need > ARENA_BYTES - arena_used)
		return NULL;
	void *memory = arena + arena_used;
	arena_used += need;
	return memory;
}

static void keep(void *memory) {
}

static char *read_file(const char *path, size_t *ret_len) {
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	char *bytes = malloc((size_t)size + 1);
	*ret_len = bytes ? fread(bytes, 1, (size_t)size, file) : 0;
	if (bytes)
		bytes[*ret_len] = '\0';
	fclose(file);
	return bytes;
}

/* Header line and body: two values. */
static int parse(const char *bytes, size_t len) {
	const char *end = bytes;
	arena_used = 0;
	for (int i = 0; i < 2; i++) {
		const char *from = end;
		if (!cJSON_ParseWithLengthOpts(from, len - (size_t)(from - bytes) + 1, &end, 0))
			return -1;
	}
	return 0;
}

static void must(int code, sqlite3 *db) {
	if (code == SQLITE_OK || code == SQLITE_DONE)
		return;
	fprintf(stderr, "floor: %s\n", sqlite3_errmsg(db));
	exit(1);
}

int main(int argc, char **argv) {
	sqlite3 *db;
	sqlite3_stmt *insert;
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t packed_cap = ZSTD_compressBound(64u << 20);
	char *packed = malloc(packed_cap);
	arena = malloc(ARENA_BYTES);
	if (argc < 3 || !context || !packed || !arena)
		return 2;
	cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = bump, .free_fn = keep});
	must(sqlite3_open(argv[1], &db), db);
	must(sqlite3_exec(db,
		     "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
		     "CREATE TABLE raws(id INTEGER PRIMARY KEY, bytes BLOB); BEGIN",
		     NULL, NULL, NULL),
		db);
	must(sqlite3_prepare_v2(db, "INSERT INTO raws(bytes) VALUES(?)", -1, &insert, NULL), db);
	for (int i = 2; i < argc; i++) {
		size_t len;
		char *bytes = read_file(argv[i], &len);
		if (!bytes || parse(bytes, len)) {
			fprintf(stderr, "floor: cannot take %s\n", argv[i]);
			return 1;
		}
		size_t size = ZSTD_compressCCtx(context, packed, packed_cap, bytes, len, 3);
		must(sqlite3_bind_blob(insert, 1, packed, (int)size, SQLITE_STATIC), db);
		must(sqlite3_step(insert), db);
		must(sqlite3_reset(insert), db);
		free(bytes);
		if (i % ROWS_PER_COMMIT == 0)
			must(sqlite3_exec(db, "COMMIT; BEGIN", NULL, NULL, NULL), db);
	}
	must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), db);
	sqlite3_finalize(insert);
	sqlite3_close(db);
	ZSTD_freeCCtx(context);
	free(packed);
	free(arena);
	return 0;
}
