/*
 * Stored bytes: packing them (in any thread) and giving them back exactly. Knows zstd and the
 * tables raw and dictionary, no incidents beyond their number.
 */
#include "base/limits.h"
#include "base/sha256.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/*
 * Measured on 67 real reports, half of them for training: ratio 6.4 in 0.15 ms with a dictionary at
 * level 1; without one 5.5 at level 1 and 5.6 in 0.24 ms at level 3, where every byte counts.
 */
#define PACK_LEVEL 1
#define PACK_LEVEL_PLAIN 3

struct store_packer {
	ZSTD_CCtx *context;
	ZSTD_CDict *dictionary; /* NULL: none */
	uint32_t dictionary_id;
};

/* Unpacking keeps the last dictionary: neighbours in a list were packed with the same one. */
struct store_unpacker {
	ZSTD_DCtx *context;
	ZSTD_DDict *dictionary;
	int64_t dictionary_id;
};

void store_packer_free(struct store_packer *packer) {
	if (packer == NULL)
		return;
	ZSTD_freeCCtx(packer->context);
	ZSTD_freeCDict(packer->dictionary);
	free(packer);
}

static int load_packer_dictionary(
	struct store *store, struct store_packer *packer, struct err *err) {
	struct buf bytes = {0};
	int64_t id = 0, population;
	int r = store_dictionary_newest(store, DICTIONARY_INGEST, &id, &population, err);
	if (r <= 0)
		return r;
	r = store_dictionary_load(store, id, &bytes, err);
	if (r == 0) {
		packer->dictionary = ZSTD_createCDict(bytes.data, bytes.len, PACK_LEVEL);
		packer->dictionary_id = (uint32_t)id;
		if (packer->dictionary == NULL)
			r = err_set(err, -ENOMEM, "out of memory for a dictionary");
	}
	buf_finish(&bytes);
	return r;
}

int store_packer_new(struct store *store, struct store_packer **ret, struct err *err) {
	struct store_packer *packer = calloc(1, sizeof(*packer));
	int r = 0;
	if (packer == NULL || (packer->context = ZSTD_createCCtx()) == NULL) {
		r = err_set(err, -ENOMEM, "out of memory for compression");
		goto out;
	}
	ZSTD_CCtx_setParameter(packer->context, ZSTD_c_compressionLevel, PACK_LEVEL_PLAIN);
	/* So that damage is noticed. */
	ZSTD_CCtx_setParameter(packer->context, ZSTD_c_checksumFlag, 1);
	r = load_packer_dictionary(store, packer, err);
	if (r < 0)
		goto out;
	if (packer->dictionary != NULL)
		ZSTD_CCtx_refCDict(packer->context, packer->dictionary);
	*ret = packer;
	packer = NULL;
out:
	store_packer_free(packer);
	return r;
}

int store_pack(struct store_packer *packer, const char *bytes, size_t len, struct buf *ret,
	uint32_t *ret_dictionary, struct err *err) {
	size_t bound = ZSTD_compressBound(len);
	buf_reset(ret);
	if (!buf_reserve(ret, bound))
		return err_set(err, -ENOMEM, "out of memory for compression");
	size_t packed = ZSTD_compress2(packer->context, ret->data, bound, bytes, len);
	if (ZSTD_isError(packed))
		return err_set(err, -EIO, "compression: %s", ZSTD_getErrorName(packed));
	ret->len = packed;
	*ret_dictionary = packer->dictionary_id;
	return 0;
}

int store_dictionary_newest(struct store *store, enum dictionary_purpose purpose, int64_t *ret_id,
	int64_t *ret_population, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_DICTIONARY_NEWEST, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, purpose);
	int r = store_step(store, find, err);
	if (r == 1) {
		*ret_id = sqlite3_column_int64(find, 0);
		*ret_population = sqlite3_column_int64(find, 1);
	}
	sqlite3_reset(find);
	return r;
}

/* Unpacks one frame. -EBADMSG: its own checksum holds, size, which stands beside it, differs. */
static int unpack(ZSTD_DCtx *context, const ZSTD_DDict *dictionary, sqlite3_stmt *row, int column,
	int64_t size, struct buf *ret, struct err *err) {
	const void *packed = sqlite3_column_blob(row, column);
	size_t len = (size_t)sqlite3_column_bytes(row, column);
	unsigned long long told = packed ? ZSTD_getFrameContentSize(packed, len) : 0;
	buf_reset(ret);
	if (packed == NULL || told > LIMIT_REPORT_BYTES)
		return err_set(err, -EIO, "damaged: no size stands in the stored bytes");
	if (!buf_reserve(ret, (size_t)told))
		return err_set(err, -ENOMEM, "out of memory for %llu bytes", told);
	size_t n = ZSTD_decompress_usingDDict(
		context, ret->data, (size_t)told, packed, len, dictionary);
	if (ZSTD_isError(n) || n != (size_t)told)
		return err_set(err, -EIO, "damaged: %s",
			ZSTD_isError(n) ? ZSTD_getErrorName(n) : "too short");
	ret->len = n;
	ret->data[n] = '\0';
	if (size < 0 || told != (unsigned long long)size)
		return err_set(err, -EBADMSG, "damaged: the stored bytes have another size");
	return 0;
}

static int unpacker_ready(struct store *store, struct err *err) {
	if (store->unpacker == NULL)
		store->unpacker = calloc(1, sizeof(*store->unpacker));
	if (store->unpacker != NULL && store->unpacker->context == NULL)
		store->unpacker->context = ZSTD_createDCtx();
	if (store->unpacker == NULL || store->unpacker->context == NULL)
		return err_set(err, -ENOMEM, "out of memory for decompression");
	return 0;
}

void store_unpacker_free(struct store_unpacker *unpacker) {
	if (unpacker == NULL)
		return;
	ZSTD_freeDCtx(unpacker->context);
	ZSTD_freeDDict(unpacker->dictionary);
	free(unpacker);
}

int store_dictionary_load(struct store *store, int64_t id, struct buf *ret, struct err *err) {
	int r = unpacker_ready(store, err);
	if (r < 0)
		return r;
	sqlite3_stmt *find = store_statement(store, ST_DICTIONARY, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, id);
	r = store_step(store, find, err);
	if (r == 1)
		r = unpack(store->unpacker->context, NULL, find, 1, sqlite3_column_int64(find, 0),
			ret, err);
	else if (r == 0)
		r = err_set(err, -EIO, "damaged: dictionary %lld is missing", (long long)id);
	/* What is unpacked with it has a checksum of its own. */
	if (r == -EBADMSG)
		r = 0;
	sqlite3_reset(find);
	return r;
}

static int use_dictionary(struct store *store, int64_t id, struct err *err) {
	struct store_unpacker *unpacker = store->unpacker;
	struct buf bytes = {0};
	if (unpacker->dictionary != NULL && unpacker->dictionary_id == id)
		return 0;
	int r = store_dictionary_load(store, id, &bytes, err);
	if (r == 0) {
		ZSTD_freeDDict(unpacker->dictionary);
		unpacker->dictionary = ZSTD_createDDict(bytes.data, bytes.len);
		unpacker->dictionary_id = id;
		if (unpacker->dictionary == NULL)
			r = err_set(err, -ENOMEM, "out of memory for a dictionary");
	}
	buf_finish(&bytes);
	return r;
}

static int unpack_row(struct store *store, sqlite3_stmt *row, struct buf *ret, struct err *err) {
	uint8_t digest[SHA256_BYTES];
	bool with = sqlite3_column_type(row, 2) != SQLITE_NULL;
	if (sqlite3_column_type(row, 3) != SQLITE_NULL && sqlite3_column_bytes(row, 3) == 0)
		return err_set(err, -ENODATA, "retention has removed the bytes of this report");
	int r = unpacker_ready(store, err);
	if (r == 0 && with)
		r = use_dictionary(store, sqlite3_column_int64(row, 2), err);
	if (r == 0)
		r = unpack(store->unpacker->context, with ? store->unpacker->dictionary : NULL, row,
			3, sqlite3_column_int64(row, 1), ret, err);
	if (r < 0)
		return r;
	sha256(ret->data, ret->len, digest);
	const void *stored = sqlite3_column_blob(row, 0);
	if (stored == NULL || sqlite3_column_bytes(row, 0) != SHA256_BYTES ||
		memcmp(stored, digest, SHA256_BYTES) != 0)
		return err_set(err, -EBADMSG, "damaged: the stored bytes have another digest");
	return 0;
}

int store_raw_salvage(struct store *store, int64_t raw_id, struct buf *ret, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_RAW_BYTES, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, raw_id);
	int r = store_step(store, find, err);
	if (r == 1)
		r = unpack_row(store, find, ret, err);
	else if (r == 0)
		r = err_set(err, -ENOENT, "no stored bytes %lld", (long long)raw_id);
	sqlite3_reset(find);
	return r;
}

int store_raw_unpack(struct store *store, int64_t raw_id, struct buf *ret, struct err *err) {
	int r = store_raw_salvage(store, raw_id, ret, err);
	return r == -EBADMSG ? (err->code = -EIO) : r;
}

int store_raw(struct store *store, int64_t id, struct buf *ret, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_RAW_OF_INCIDENT, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, id);
	int r = store_step(store, find, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, -ENOENT, "no incident %lld", (long long)id);
	int64_t raw_id = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	r = store_raw_unpack(store, raw_id, ret, err);
	return r < 0 ? err_prefix(err, "incident %lld", (long long)id) : 0;
}
