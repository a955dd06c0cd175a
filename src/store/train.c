/*
 * Making dictionaries of the user's own reports. Two kinds: a small one in zstd's format, for
 * packing in passing, and a large one of pieces of reports as they are, for packing again when
 * idle.
 */
#include "base/clock.h"
#include "base/limits.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>
#include <zdict.h>
#include <zstd.h>

/* Fewer reports than this make a dictionary that fits them and nothing else. */
#define TRAIN_REPORTS 64
#define TRAIN_SAMPLES 160
/* Bounds the time: training takes about 0.1 s per megabyte. */
#define TRAIN_BYTES (4u << 20)
#define TRAIN_SAMPLE_BYTES (128u << 10)
#define INGEST_DICTIONARY_BYTES (112u << 10)
#define IDLE_DICTIONARY_BYTES (1u << 20)
/* A report that packs better than this against what is in already brings nothing new. */
#define IDLE_NEW_RATIO 10
/* The idle dictionary is made anew when there are that many times as many reports. */
#define IDLE_GROWTH 8

struct samples {
	struct buf bytes;
	size_t sizes[TRAIN_SAMPLES];
	size_t count;
};

static int population(struct store *store, int64_t *ret, struct err *err) {
	sqlite3_stmt *count = NULL;
	if (sqlite3_prepare_v2(store->db, "select count(*) from incident where raw_gone = 0", -1,
		    &count, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	int r = store_step(store, count, err);
	if (r == 1)
		*ret = sqlite3_column_int64(count, 0);
	sqlite3_finalize(count);
	return r < 0 ? r : 0;
}

/* The beginning and the end of a long report: threads stand in front, images behind. */
static void add_sample(struct samples *samples, const struct buf *report) {
	size_t len = report->len, half = TRAIN_SAMPLE_BYTES / 2;
	if (len <= TRAIN_SAMPLE_BYTES) {
		buf_add(&samples->bytes, report->data, len);
	} else {
		buf_add(&samples->bytes, report->data, half);
		buf_add(&samples->bytes, report->data + len - half, half);
		len = 2 * half;
	}
	samples->sizes[samples->count++] = len;
}

/* Where rows with bytes begin, and how many ids there are from there on. */
static int whole_rows(struct store *store, int64_t *ret_first, int64_t *ret_span, struct err *err) {
	sqlite3_stmt *find = NULL;
	if (sqlite3_prepare_v2(store->db,
		    "select coalesce(min(raw_id), 0), coalesce(max(raw_id) - min(raw_id) + 1, 0) "
		    "from incident where raw_gone = 0",
		    -1, &find, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	int r = store_step(store, find, err);
	if (r == 1) {
		*ret_first = sqlite3_column_int64(find, 0);
		*ret_span = sqlite3_column_int64(find, 1);
	}
	sqlite3_finalize(find);
	return r < 0 ? r : 0;
}

/* Reports spread evenly over all that are stored. */
static int collect(struct store *store, struct samples *ret, struct err *err) {
	sqlite3_stmt *ids = NULL;
	struct buf report = {0};
	int64_t first = 0, span = 0;
	int r = whole_rows(store, &first, &span, err);
	if (r < 0)
		return r;
	if (sqlite3_prepare_v2(store->db,
		    "select id from raw where id >= ?1 and length(packed) > 0 "
		    "and size > 0 and size <= ?2 order by id limit 1",
		    -1, &ids, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	int64_t last = 0;
	for (int i = 0; i < TRAIN_SAMPLES && ret->bytes.len < TRAIN_BYTES; i++) {
		sqlite3_bind_int64(ids, 1, first + span * i / TRAIN_SAMPLES);
		sqlite3_bind_int64(ids, 2, TRAIN_BYTES);
		r = store_step(store, ids, err);
		int64_t id = r == 1 ? sqlite3_column_int64(ids, 0) : last;
		sqlite3_reset(ids);
		if (r < 0)
			break;
		if (id == last)
			continue;
		last = id;
		r = store_raw_unpack(store, id, &report, err);
		/* One damaged row must not keep the others from getting a dictionary. */
		if (r < 0)
			continue;
		add_sample(ret, &report);
	}
	sqlite3_finalize(ids);
	buf_finish(&report);
	if (ret->bytes.failed)
		return err_set(err, -ENOMEM, "out of memory for a dictionary");
	return r == -EIO ? 0 : r < 0 ? r : 0;
}

static int insert(struct store *store, enum dictionary_purpose purpose, const struct buf *bytes,
	size_t samples, int64_t reports, struct err *err) {
	struct buf packed = {0};
	size_t bound = ZSTD_compressBound(bytes->len);
	int r = 0;
	if (!buf_reserve(&packed, bound))
		return err_set(err, -ENOMEM, "out of memory for a dictionary");
	packed.len = ZSTD_compress(packed.data, bound, bytes->data, bytes->len, 15);
	if (ZSTD_isError(packed.len)) {
		r = err_set(err, -EIO, "compression: %s", ZSTD_getErrorName(packed.len));
		goto out;
	}
	sqlite3_stmt *add = store_statement(store, ST_DICTIONARY_ADD, err);
	if (add == NULL) {
		r = store_code(err);
		goto out;
	}
	sqlite3_bind_int64(add, 1, purpose);
	sqlite3_bind_int64(add, 2, clock_now_us());
	sqlite3_bind_int64(add, 3, (int64_t)samples);
	sqlite3_bind_int64(add, 4, reports);
	sqlite3_bind_int64(add, 5, (int64_t)bytes->len);
	sqlite3_bind_blob64(add, 6, packed.data, packed.len, SQLITE_STATIC);
	r = store_run(store, add, err);
out:
	buf_finish(&packed);
	return r;
}

/* Stores a dictionary in a transaction of its own unless the caller has one. */
static int save(struct store *store, enum dictionary_purpose purpose, const struct buf *bytes,
	size_t samples, int64_t reports, struct err *err) {
	bool own = !store->in_transaction;
	int r = own ? store_begin(store, err) : 0;
	if (r < 0)
		return r;
	r = insert(store, purpose, bytes, samples, reports, err);
	if (own && r == 0)
		r = store_commit(store, err);
	else if (own)
		store_rollback(store);
	return r;
}

int store_train(struct store *store, bool *ret_trained, struct err *err) {
	struct samples *samples = NULL;
	struct buf dictionary = {0};
	int64_t reports = 0, id;
	*ret_trained = false;
	int r = store_dictionary_newest(store, DICTIONARY_INGEST, &id, &reports, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = population(store, &reports, err);
	if (r < 0 || reports < TRAIN_REPORTS)
		return r;
	samples = calloc(1, sizeof(*samples));
	if (samples == NULL || !buf_reserve(&dictionary, INGEST_DICTIONARY_BYTES)) {
		r = err_set(err, -ENOMEM, "out of memory for a dictionary");
		goto out;
	}
	r = collect(store, samples, err);
	if (r < 0)
		goto out;
	size_t len = ZDICT_trainFromBuffer(dictionary.data, INGEST_DICTIONARY_BYTES,
		samples->bytes.data, samples->sizes, (unsigned)samples->count);
	/* Reports without anything in common are no error; another day there will be others. */
	if (ZDICT_isError(len))
		goto out;
	dictionary.len = len;
	r = save(store, DICTIONARY_INGEST, &dictionary, samples->count, reports, err);
	if (r == 0) {
		*ret_trained = true;
		store_packer_free(store->packer);
		store->packer = NULL;
	}
out:
	if (samples != NULL)
		buf_finish(&samples->bytes);
	free(samples);
	buf_finish(&dictionary);
	return r;
}

/* Whether bytes pack worse than IDLE_NEW_RATIO against the dictionary so far. */
static bool is_new(ZSTD_CCtx *context, const struct buf *dictionary, const char *bytes, size_t len,
	struct buf *scratch) {
	size_t bound = ZSTD_compressBound(len);
	buf_reset(scratch);
	if (!buf_reserve(scratch, bound))
		return false;
	size_t packed = ZSTD_compress_usingDict(
		context, scratch->data, bound, bytes, len, dictionary->data, dictionary->len, 1);
	return !ZSTD_isError(packed) && packed > len / IDLE_NEW_RATIO;
}

/* zstd would take bytes that begin so for a dictionary of its own format. */
static bool has_magic(const char *bytes, size_t len) {
	static const unsigned char magic[4] = {0x37, 0xa4, 0x30, 0xec};
	return len >= sizeof(magic) && memcmp(bytes, magic, sizeof(magic)) == 0;
}

static size_t choose(const struct samples *samples, struct buf *ret) {
	ZSTD_CCtx *context = ZSTD_createCCtx();
	struct buf scratch = {0};
	size_t chosen = 0;
	const char *at = samples->bytes.data;
	for (size_t i = 0; context != NULL && i < samples->count; at += samples->sizes[i], i++) {
		size_t len = samples->sizes[i];
		if (ret->len + len > IDLE_DICTIONARY_BYTES || has_magic(at, len) ||
			!is_new(context, ret, at, len, &scratch))
			continue;
		buf_add(ret, at, len);
		chosen++;
	}
	ZSTD_freeCCtx(context);
	buf_finish(&scratch);
	return chosen;
}

int store_train_idle(struct store *store, bool *ret_trained, struct err *err) {
	struct buf dictionary = {0};
	int64_t reports = 0, before = 0, id;
	*ret_trained = false;
	int r = store_dictionary_newest(store, DICTIONARY_IDLE, &id, &before, err);
	if (r < 0)
		return r;
	bool have = r == 1;
	r = population(store, &reports, err);
	if (r < 0 || reports < TRAIN_REPORTS || (have && reports / IDLE_GROWTH < before))
		return r;
	struct samples *samples = calloc(1, sizeof(*samples));
	if (samples == NULL)
		return err_set(err, -ENOMEM, "out of memory for a dictionary");
	r = collect(store, samples, err);
	if (r < 0)
		goto out;
	size_t chosen = choose(samples, &dictionary);
	if (dictionary.failed)
		r = err_set(err, -ENOMEM, "out of memory for a dictionary");
	else if (dictionary.len > 0)
		r = save(store, DICTIONARY_IDLE, &dictionary, chosen, reports, err);
	*ret_trained = r == 0 && dictionary.len > 0;
out:
	buf_finish(&samples->bytes);
	free(samples);
	buf_finish(&dictionary);
	return r;
}

int store_dictionaries_tidy(struct store *store, struct err *err) {
	return store_exec(store,
		"delete from dictionary where id not in (select max(id) from dictionary group by purpose) "
		"and not exists (select 1 from raw where dictionary_id = dictionary.id)",
		err);
}
