/*
 * The stored bytes of an item: packed, and once for all incidents that come from them.
 */
#include "store/internal.h"

/* What is stored, and where. */
struct put {
	struct store *store;
	const struct store_item *item;
	const uint8_t *sha256;
	struct err *err;
};

/* Packed bytes on their way into a row. */
struct packed {
	const void *bytes;
	size_t len;
	int64_t dictionary; /* 0: none */
};

static int add_raw(struct put *put, const struct packed *packed, int64_t *ret) {
	sqlite3_stmt *add = store_statement(put->store, ST_RAW_ADD, put->err);
	if (add == NULL)
		return store_code(put->err);
	store_bind_digest(add, 1, put->sha256);
	sqlite3_bind_int64(add, 2, (int64_t)put->item->len);
	store_bind_opt(add, 3,
		(struct i64_opt){.value = packed->dictionary, .set = packed->dictionary != 0});
	sqlite3_bind_blob64(add, 4, packed->bytes, packed->len, SQLITE_STATIC);
	int r = store_run(put->store, add, put->err);
	if (r == 0)
		*ret = sqlite3_last_insert_rowid(put->store->db);
	return r;
}

/* The bytes of row id, which retention had emptied, are back. */
static int fill_raw(struct put *put, const struct packed *packed, int64_t id) {
	sqlite3_stmt *fill = store_statement(put->store, ST_RAW_FILL, put->err);
	if (fill == NULL)
		return store_code(put->err);
	store_bind_opt(fill, 1,
		(struct i64_opt){.value = packed->dictionary, .set = packed->dictionary != 0});
	sqlite3_bind_blob64(fill, 2, packed->bytes, packed->len, SQLITE_STATIC);
	sqlite3_bind_int64(fill, 3, id);
	int r = store_run(put->store, fill, put->err);
	if (r < 0)
		return r;
	sqlite3_stmt *whole = store_statement(put->store, ST_RAW_WHOLE, put->err);
	if (whole == NULL)
		return store_code(put->err);
	sqlite3_bind_int64(whole, 1, id);
	return store_run(put->store, whole, put->err);
}

/* Into row *id, or into a new one when it is 0. */
static int put_packed(struct put *put, const struct packed *packed, int64_t *id) {
	return *id != 0 ? fill_raw(put, packed, *id) : add_raw(put, packed, id);
}

static int pack_and_put(struct put *put, int64_t *id) {
	struct buf packed = {0};
	uint32_t dictionary = 0;
	int r = put->store->packer != NULL
			? 0
			: store_packer_new(put->store, &put->store->packer, put->err);
	if (r == 0)
		r = store_pack(put->store->packer, put->item->bytes, put->item->len, &packed,
			&dictionary, put->err);
	if (r == 0)
		r = put_packed(put, &(struct packed){packed.data, packed.len, dictionary}, id);
	buf_finish(&packed);
	return r;
}

int store_raw_put(struct store *store, const struct store_item *item,
	const uint8_t digest[SHA256_BYTES], int64_t *ret, struct err *err) {
	struct put put = {store, item, digest, err};
	sqlite3_stmt *find_raw = store_statement(store, ST_RAW_FIND, err);
	int64_t id = 0;
	if (find_raw == NULL)
		return store_code(err);
	store_bind_digest(find_raw, 1, digest);
	int r = store_step(store, find_raw, err);
	bool whole = r == 1 && sqlite3_column_int64(find_raw, 1) > 0;
	if (r == 1)
		id = sqlite3_column_int64(find_raw, 0);
	sqlite3_reset(find_raw);
	if (r >= 0)
		r = 0;
	if (r == 0 && !whole && item->packed != NULL)
		r = put_packed(&put,
			&(struct packed){item->packed, item->packed_len, item->packed_dictionary},
			&id);
	else if (r == 0 && !whole)
		r = pack_and_put(&put, &id);
	if (r == 0)
		*ret = id;
	return r;
}
