/*
 * What is remembered of incidents that retention has deleted, so that their files do not bring them
 * back, and of those that the user asked back.
 */
#include "store/internal.h"

#include <string.h>

static int64_t key_of(const void *bytes, size_t len) {
	uint8_t digest[SHA256_BYTES];
	int64_t ret;
	sha256(bytes, len, digest);
	memcpy(&ret, digest, sizeof(ret));
	return ret;
}

int64_t store_forgotten_id(const char *incident_id) {
	char lower[64];
	size_t len = strlen(incident_id);
	/* Ids are compared without regard to case; longer ones are no UUIDs. */
	if (len > sizeof(lower))
		return key_of(incident_id, len);
	for (size_t i = 0; i < len; i++) {
		char c = incident_id[i];
		lower[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	return key_of(lower, len);
}

int64_t store_forgotten_bytes(const uint8_t digest[SHA256_BYTES]) {
	return key_of(digest, SHA256_BYTES);
}

int store_forgotten_find(struct store *store, int64_t key, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_FORGOTTEN_FIND, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, key);
	int r = store_step(store, find, err);
	sqlite3_reset(find);
	return r;
}

static int run_with_key(struct store *store, enum statement id, int64_t key, struct err *err) {
	sqlite3_stmt *statement = store_statement(store, id, err);
	if (statement == NULL)
		return store_code(err);
	sqlite3_bind_int64(statement, 1, key);
	return store_run(store, statement, err);
}

int store_forgotten_add(struct store *store, int64_t key, struct err *err) {
	return run_with_key(store, ST_FORGOTTEN_ADD, key, err);
}

int store_forgotten_drop(struct store *store, int64_t key, struct err *err) {
	return run_with_key(store, ST_FORGOTTEN_DROP, key, err);
}

int store_keep(struct store *store, int64_t id, int64_t now_us, struct err *err) {
	sqlite3_stmt *keep = store_statement(store, ST_KEPT_ADD, err);
	if (keep == NULL)
		return store_code(err);
	sqlite3_bind_int64(keep, 1, id);
	sqlite3_bind_int64(keep, 2, now_us);
	return store_run(store, keep, err);
}
