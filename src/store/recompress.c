/*
 * Packing stored bytes again, hard, when nobody waits: in small transactions, so that a scan never
 * waits long, and repeatable at any moment. Gives the space back to the file system.
 */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define IDLE_LEVEL 16
/* Rows written per transaction. */
#define BATCH 32
/* Free pages given back at once. */
#define VACUUM_PAGES "2048"

enum effort { EFFORT_QUICK, EFFORT_HARD, EFFORT_FINAL };

struct repacked {
	int64_t raw_id;
	enum effort effort;
	bool keep; /* what is there is smaller already */
	struct buf bytes;
};

struct repacker {
	struct store *store;
	ZSTD_CCtx *context;
	ZSTD_CDict *dictionary;
	int64_t dictionary_id;
	enum effort aim;
	int64_t last_id;
	struct repacked batch[BATCH];
	size_t count;
	struct store_recompress done;
	struct err *err;
};

static int load_dictionary(struct repacker *repacker) {
	struct buf bytes = {0};
	int64_t population;
	int r = store_dictionary_newest(repacker->store, DICTIONARY_IDLE, &repacker->dictionary_id,
		&population, repacker->err);
	if (r <= 0)
		return r;
	r = store_dictionary_load(repacker->store, repacker->dictionary_id, &bytes, repacker->err);
	if (r == 0) {
		repacker->dictionary = ZSTD_createCDict(bytes.data, bytes.len, IDLE_LEVEL);
		if (repacker->dictionary == NULL)
			r = err_set(repacker->err, -ENOMEM, "out of memory for a dictionary");
	}
	buf_finish(&bytes);
	return r;
}

static int start(struct repacker *repacker) {
	bool trained;
	int r = store_train_idle(repacker->store, &trained, repacker->err);
	if (r == 0)
		r = load_dictionary(repacker);
	if (r < 0)
		return r;
	repacker->context = ZSTD_createCCtx();
	if (repacker->context == NULL)
		return err_set(repacker->err, -ENOMEM, "out of memory for compression");
	ZSTD_CCtx_setParameter(repacker->context, ZSTD_c_compressionLevel, IDLE_LEVEL);
	ZSTD_CCtx_setParameter(repacker->context, ZSTD_c_checksumFlag, 1);
	if (repacker->dictionary != NULL)
		ZSTD_CCtx_refCDict(repacker->context, repacker->dictionary);
	repacker->aim = repacker->dictionary != NULL ? EFFORT_FINAL : EFFORT_HARD;
	return 0;
}

/* The next row to pack, with the size it has now. 1, 0 at the end. */
static int next_row(struct repacker *repacker, int64_t *ret_size) {
	struct store *store = repacker->store;
	sqlite3_stmt *find = store_statement(store, ST_RAW_TO_PACK, repacker->err);
	if (find == NULL)
		return store_code(repacker->err);
	sqlite3_bind_int64(find, 1, repacker->aim);
	sqlite3_bind_int64(find, 2, repacker->last_id);
	int r = store_step(store, find, repacker->err);
	if (r != 1)
		return r;
	repacker->last_id = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	sqlite3_stmt *bytes = store_statement(store, ST_RAW_BYTES, repacker->err);
	if (bytes == NULL)
		return store_code(repacker->err);
	sqlite3_bind_int64(bytes, 1, repacker->last_id);
	r = store_step(store, bytes, repacker->err);
	if (r == 1)
		*ret_size = sqlite3_column_bytes(bytes, 3);
	sqlite3_reset(bytes);
	return r;
}

static int repack_row(struct repacker *repacker, int64_t size_now, struct buf *scratch) {
	struct repacked *repacked = &repacker->batch[repacker->count];
	int r = store_raw_unpack(repacker->store, repacker->last_id, scratch, repacker->err);
	/* A damaged row stays as it is; doctor and show report it. */
	if (r == -EIO)
		return 0;
	if (r < 0)
		return r;
	size_t bound = ZSTD_compressBound(scratch->len);
	buf_reset(&repacked->bytes);
	if (!buf_reserve(&repacked->bytes, bound))
		return err_set(repacker->err, -ENOMEM, "out of memory for compression");
	size_t len = ZSTD_compress2(
		repacker->context, repacked->bytes.data, bound, scratch->data, scratch->len);
	if (ZSTD_isError(len))
		return err_set(repacker->err, -EIO, "compression: %s", ZSTD_getErrorName(len));
	repacked->bytes.len = len;
	repacked->raw_id = repacker->last_id;
	repacked->effort = repacker->aim;
	repacked->keep = (int64_t)len >= size_now;
	repacker->count++;
	repacker->done.rows++;
	repacker->done.bytes_before += (uint64_t)size_now;
	repacker->done.bytes_after += repacked->keep ? (uint64_t)size_now : len;
	return 0;
}

static int write_row(struct repacker *repacker, const struct repacked *repacked) {
	struct store *store = repacker->store;
	if (repacked->keep) {
		sqlite3_stmt *mark = NULL;
		if (sqlite3_prepare_v2(store->db, "update raw set effort = ? where id = ?", -1,
			    &mark, NULL) != SQLITE_OK)
			return store_fail(store->db, repacker->err, store->path);
		sqlite3_bind_int64(mark, 1, repacked->effort);
		sqlite3_bind_int64(mark, 2, repacked->raw_id);
		int r = store_run(store, mark, repacker->err);
		sqlite3_finalize(mark);
		return r;
	}
	sqlite3_stmt *put = store_statement(store, ST_RAW_REPACK, repacker->err);
	if (put == NULL)
		return store_code(repacker->err);
	sqlite3_bind_int64(put, 1, repacked->effort);
	store_bind_opt(put, 2,
		(struct i64_opt){
			.value = repacker->dictionary_id, .set = repacker->dictionary != NULL});
	sqlite3_bind_blob64(put, 3, repacked->bytes.data, repacked->bytes.len, SQLITE_STATIC);
	sqlite3_bind_int64(put, 4, repacked->raw_id);
	return store_run(store, put, repacker->err);
}

static int flush(struct repacker *repacker) {
	if (repacker->count == 0)
		return 0;
	int r = store_begin(repacker->store, repacker->err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < repacker->count; i++)
		r = write_row(repacker, &repacker->batch[i]);
	repacker->count = 0;
	if (r == 0)
		return store_commit(repacker->store, repacker->err);
	store_rollback(repacker->store);
	return r;
}

static int free_pages(struct store *store, struct err *err) {
	sqlite3_stmt *count = NULL;
	if (sqlite3_prepare_v2(store->db, "pragma freelist_count", -1, &count, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	/* A file that was vacuumed without auto_vacuum keeps its free pages. */
	int64_t before = INT64_MAX;
	int r;
	while ((r = store_step(store, count, err)) == 1) {
		int64_t now = sqlite3_column_int64(count, 0);
		sqlite3_reset(count);
		if (now == 0 || now >= before)
			break;
		before = now;
		r = store_exec(store, "pragma incremental_vacuum(" VACUUM_PAGES ")", err);
		if (r < 0)
			break;
	}
	sqlite3_finalize(count);
	/* Readers may hold it back; then the log shrinks another time. */
	if (r >= 0)
		sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return r < 0 ? r : 0;
}

static int repack_all(struct repacker *repacker, const volatile bool *stop) {
	struct buf scratch = {0};
	int64_t size = 0;
	int r;
	while ((r = next_row(repacker, &size)) == 1) {
		r = repack_row(repacker, size, &scratch);
		if (r == 0 && repacker->count == BATCH)
			r = flush(repacker);
		if (r < 0 || (stop != NULL && *stop))
			break;
	}
	if (r >= 0)
		r = flush(repacker);
	buf_finish(&scratch);
	return r;
}

int store_recompress(struct store *store, const volatile bool *stop, struct store_recompress *ret,
	struct err *err) {
	struct err own = {0};
	struct repacker *repacker = calloc(1, sizeof(*repacker));
	if (repacker == NULL)
		return err_set(err, -ENOMEM, "out of memory for compression");
	repacker->store = store;
	repacker->err = err != NULL ? err : &own;
	int r = start(repacker);
	if (r == 0)
		r = repack_all(repacker, stop);
	if (r == 0)
		r = store_dictionaries_tidy(store, repacker->err);
	if (r == 0)
		r = free_pages(store, repacker->err);
	if (r == 0)
		*ret = repacker->done;
	for (size_t i = 0; i < BATCH; i++)
		buf_finish(&repacker->batch[i].bytes);
	ZSTD_freeCCtx(repacker->context);
	ZSTD_freeCDict(repacker->dictionary);
	free(repacker);
	return r;
}
