/*
 * Texts that repeat from incident to incident, each stored once and known by number. The cache in
 * front lasts as long as no other connection has written (rows of unused texts may be deleted by
 * then).
 */
#include "base/sha256.h"
#include "base/text.h"
#include "store/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Longer texts are rare and would only fill the cache. */
#define CACHED_BYTES 1024

int64_t store_text_hash(const char *text, size_t len) {
	uint8_t digest[SHA256_BYTES];
	int64_t ret;
	sha256(text, len, digest);
	memcpy(&ret, digest, sizeof(ret));
	return ret;
}

static struct word_slot *slot_of(struct store *store, const char *text, size_t len, bool symbol) {
	uint64_t start = symbol ? 0x9e3779b97f4a7c15u : TEXT_HASH_START;
	if (len > CACHED_BYTES)
		return NULL;
	if (store->words == NULL)
		store->words = calloc(STORE_WORD_CACHE, sizeof(*store->words));
	if (store->words == NULL)
		return NULL;
	return &store->words[(text_hash(start, text, len) >> 32) % STORE_WORD_CACHE];
}

static void slot_set(
	struct word_slot *slot, const char *text, size_t len, bool symbol, int64_t id) {
	char *copy = malloc(len + 1);
	if (copy == NULL)
		return;
	memcpy(copy, text, len + 1);
	free(slot->text);
	*slot = (struct word_slot){.text = copy, .len = len, .id = id, .symbol = symbol};
}

static int look_up(struct store *store, const char *text, size_t len, bool symbol, int64_t *ret,
	struct err *err) {
	int64_t hash = store_text_hash(text, len);
	sqlite3_stmt *find = store_statement(store, symbol ? ST_SYMBOL_FIND : ST_WORD_FIND, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, hash);
	sqlite3_bind_text(find, 2, text, (int)len, SQLITE_STATIC);
	int r = store_step(store, find, err);
	if (r < 0)
		return r;
	if (r == 1) {
		*ret = sqlite3_column_int64(find, 0);
		sqlite3_reset(find);
		return 0;
	}
	sqlite3_stmt *add = store_statement(store, symbol ? ST_SYMBOL_ADD : ST_WORD_ADD, err);
	if (add == NULL)
		return store_code(err);
	sqlite3_bind_int64(add, 1, hash);
	sqlite3_bind_text(add, 2, text, (int)len, SQLITE_STATIC);
	r = store_run(store, add, err);
	if (r == 0)
		*ret = sqlite3_last_insert_rowid(store->db);
	return r;
}

static int intern(
	struct store *store, const char *text, bool symbol, struct i64_opt *ret, struct err *err) {
	int64_t id = 0;
	if (text == NULL) {
		*ret = (struct i64_opt){0};
		return 0;
	}
	size_t len = strlen(text);
	struct word_slot *slot = slot_of(store, text, len, symbol);
	if (slot != NULL && slot->text != NULL && slot->len == len && slot->symbol == symbol &&
		memcmp(slot->text, text, len) == 0) {
		store_text_used(store, symbol, slot->id);
		*ret = (struct i64_opt){.value = slot->id, .set = true};
		return 0;
	}
	int r = look_up(store, text, len, symbol, &id, err);
	if (r < 0)
		return r;
	if (slot != NULL)
		slot_set(slot, text, len, symbol, id);
	store_text_used(store, symbol, id);
	*ret = (struct i64_opt){.value = id, .set = true};
	return 0;
}

int store_word(struct store *store, const char *text, struct i64_opt *ret, struct err *err) {
	return intern(store, text, false, ret, err);
}

int store_symbol(struct store *store, const char *text, struct i64_opt *ret, struct err *err) {
	return intern(store, text, true, ret, err);
}

void store_words_forget(struct store *store) {
	for (size_t i = 0; store->words != NULL && i < STORE_WORD_CACHE; i++) {
		free(store->words[i].text);
		store->words[i] = (struct word_slot){0};
	}
	free(store->folder);
	store->folder = NULL;
}

void store_words_finish(struct store *store) {
	store_words_forget(store);
	free(store->words);
	store->words = NULL;
}
