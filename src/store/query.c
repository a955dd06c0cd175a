/*
 * Listing and finding incidents: a cursor over one statement, with the texts of its words resolved
 * on the way.
 */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

/* Beyond that many texts the cursor forgets them, between two rows. */
#define CURSOR_WORDS 8192
/* Of one row, and room for it. */
#define FOUND_WORDS 64

enum column {
	COL_ID,
	COL_INCIDENT_ID,
	COL_SIMULATED,
	COL_CAPTURED_AT,
	COL_PID,
	COL_FAULT_ADDRESS,
	COL_CONCURRENT,
	COL_FIRST_SEEN,
	COL_ORDINAL,
	COL_CONFLICTS,
	COL_WARNINGS,
	COL_SITE,
	COL_SITE_TITLE,
	COL_SIGNATURE,
	COL_SIGNATURE_TEXT,
	COL_STATUS,
	COL_PATH,
	COL_SHA256,
	COL_SIZE,
	COL_RAW_GONE,
	COL_DISPLACEMENT,
	COL_STACK,
	COL_CALLS,
	COL_KIND, /* from here on numbers of words */
	COL_PROCESS,
	COL_OS_VERSION,
	COL_OS_BUILD,
	COL_HARDWARE_MODEL,
	COL_EXCEPTION_TYPE,
	COL_SIGNAL,
	COL_FAULT_KIND,
	COL_FAULT_ACCESS,
	COL_COMPONENT,
	COL_OPERATION,
	COL_DRIVER_IMAGE,
	COL_DRIVER_VERSION,
	COL_QUEUE,
	COL_ATTRIBUTION,
	COL_BASE_REGISTER,
	COL_MACHINE,
};

#define SELECT                                                                                \
	"select i.id, i.incident_id, i.simulated, i.captured_at, i.pid, i.fault_address, "    \
	"i.concurrent_threads, i.first_seen_at, i.ordinal, i.conflicts, i.warnings, s.name, " \
	"s.title, g.hash, g.text, coalesce(g.status, s.status, 'open'), "                     \
	"(select d.path || '/' || f.name from file f join folder d on d.id = f.folder_id "    \
	"where f.id = i.file_id), "                                                           \
	"(select lower(hex(sha256)) from raw where id = i.raw_id), "                          \
	"(select size from raw where id = i.raw_id), i.raw_gone, i.displacement, "            \
	"i.stack_id, i.calls_id, "                                                            \
	"i.kind, i.process, i.os_version, i.os_build, i.hardware_model, i.exception_type, "   \
	"i.signal, i.fault_kind, i.fault_access, i.component, i.operation, i.driver_image, "  \
	"i.driver_version, i.queue, i.attribution, i.base_register, i.machine "               \
	"from incident i left join site s on s.id = i.site_id "                               \
	"left join signature g on g.id = i.signature_id"

struct cursor_word {
	int64_t id;
	char *text; /* owned; NULL: empty slot */
};

struct store_cursor {
	struct store *store;
	sqlite3_stmt *rows;
	struct cursor_word *words; /* hash table by id, 2 * word_max slots */
	size_t word_count, word_max;
};

void store_cursor_close(struct store_cursor *cursor) {
	if (cursor == NULL)
		return;
	sqlite3_finalize(cursor->rows);
	for (size_t i = 0; cursor->words != NULL && i < 2 * cursor->word_max; i++)
		free(cursor->words[i].text);
	free(cursor->words);
	free(cursor);
}

static int cursor_new(struct store *store, struct query *query, size_t word_max,
	struct store_cursor **ret, struct err *err) {
	struct store_cursor *cursor = calloc(1, sizeof(*cursor));
	int r = 0;
	if (cursor != NULL) {
		cursor->word_max = word_max;
		cursor->words = calloc(2 * word_max, sizeof(*cursor->words));
	}
	if (cursor == NULL || cursor->words == NULL)
		r = err_set(err, -ENOMEM, "out of memory");
	else
		r = store_query_prepare(store, query, &cursor->rows, err);
	if (r < 0) {
		store_cursor_close(cursor);
		return r;
	}
	cursor->store = store;
	*ret = cursor;
	return 0;
}

int store_list(struct store *store, const struct store_filter *filter, struct store_cursor **ret,
	struct err *err) {
	struct query query = {0};
	const char *direction = filter->oldest_first ? "asc" : "desc";
	buf_add_str(&query.sql, SELECT);
	int r = store_filter_where(store, filter, false, &query, err);
	if (r < 0)
		goto out;
	if (filter->after_id != 0)
		buf_add_str(&query.sql, " order by i.id");
	else
		buf_printf(&query.sql, " order by i.captured_at %s, i.id %s", direction, direction);
	if (filter->limit > 0) {
		buf_add_str(&query.sql, " limit ?");
		store_query_number(&query, filter->limit);
	}
	r = cursor_new(store, &query, CURSOR_WORDS, ret, err);
out:
	store_query_finish(&query);
	return r;
}

static void forget_words(struct store_cursor *cursor) {
	for (size_t i = 0; i < 2 * cursor->word_max; i++) {
		free(cursor->words[i].text);
		cursor->words[i] = (struct cursor_word){0};
	}
	cursor->word_count = 0;
}

static int load_word(
	struct store_cursor *cursor, struct cursor_word *slot, int64_t id, struct err *err) {
	sqlite3_stmt *find = store_statement(cursor->store, ST_WORD_TEXT, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, id);
	int r = store_step(cursor->store, find, err);
	if (r == 0)
		return err_set(err, -EIO, "damaged: text %lld is missing", (long long)id);
	if (r < 0)
		return r;
	slot->text = strdup((const char *)sqlite3_column_text(find, 0));
	sqlite3_reset(find);
	if (slot->text == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	slot->id = id;
	cursor->word_count++;
	return 0;
}

static int word(
	struct store_cursor *cursor, enum column column, const char **ret, struct err *err) {
	if (sqlite3_column_type(cursor->rows, (int)column) == SQLITE_NULL) {
		*ret = NULL;
		return 0;
	}
	int64_t id = sqlite3_column_int64(cursor->rows, (int)column);
	size_t slots = 2 * cursor->word_max, at = (size_t)id % slots;
	while (cursor->words[at].text != NULL && cursor->words[at].id != id)
		at = (at + 1) % slots;
	if (cursor->words[at].text == NULL) {
		int r = load_word(cursor, &cursor->words[at], id, err);
		if (r < 0)
			return r;
	}
	*ret = cursor->words[at].text;
	return 0;
}

static const char *text(const struct store_cursor *cursor, enum column column) {
	return (const char *)sqlite3_column_text(cursor->rows, (int)column);
}

static int read_words(struct store_cursor *cursor, struct incident *ret, struct err *err) {
	const char *kind = NULL;
	const struct {
		enum column column;
		const char **place;
	} words[] = {
		{COL_KIND, &kind},
		{COL_PROCESS, &ret->process},
		{COL_OS_VERSION, &ret->os_version},
		{COL_OS_BUILD, &ret->os_build},
		{COL_HARDWARE_MODEL, &ret->hardware_model},
		{COL_EXCEPTION_TYPE, &ret->exception_type},
		{COL_SIGNAL, &ret->signal},
		{COL_FAULT_KIND, &ret->fault_kind},
		{COL_FAULT_ACCESS, &ret->fault_access},
		{COL_COMPONENT, &ret->component},
		{COL_OPERATION, &ret->operation},
		{COL_DRIVER_IMAGE, &ret->driver_image},
		{COL_DRIVER_VERSION, &ret->driver_version},
		{COL_QUEUE, &ret->queue},
		{COL_ATTRIBUTION, &ret->attribution},
		{COL_BASE_REGISTER, &ret->base_register},
		{COL_MACHINE, &ret->machine},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int r = word(cursor, words[i].column, words[i].place, err);
		if (r < 0)
			return r;
	}
	enum report_kind found = kind != NULL ? report_kind_find(kind) : REPORT_KIND_COUNT;
	ret->kind = found != REPORT_KIND_COUNT ? found : REPORT_OTHER;
	return 0;
}

int store_cursor_next(struct store_cursor *cursor, struct incident *ret, struct err *err) {
	struct err own = {0};
	err = err != NULL ? err : &own;
	if (cursor->word_count > cursor->word_max)
		forget_words(cursor);
	int r = store_step(cursor->store, cursor->rows, err);
	if (r <= 0)
		return r;
	struct i64_opt address = store_column_opt(cursor->rows, COL_FAULT_ADDRESS);
	struct i64_opt calls = store_column_opt(cursor->rows, COL_CALLS);
	struct incident incident = {
		.id = sqlite3_column_int64(cursor->rows, COL_ID),
		.incident_id = text(cursor, COL_INCIDENT_ID),
		.simulated = sqlite3_column_int(cursor->rows, COL_SIMULATED) != 0,
		.captured_at_us = store_column_opt(cursor->rows, COL_CAPTURED_AT),
		.pid = store_column_opt(cursor->rows, COL_PID),
		.fault_address = {.value = (uint64_t)address.value, .set = address.set},
		.site = text(cursor, COL_SITE),
		.site_title = text(cursor, COL_SITE_TITLE),
		.signature = text(cursor, COL_SIGNATURE),
		.signature_text = text(cursor, COL_SIGNATURE_TEXT),
		.concurrent_threads = sqlite3_column_int64(cursor->rows, COL_CONCURRENT),
		.status = text(cursor, COL_STATUS),
		.path = text(cursor, COL_PATH),
		.sha256 = text(cursor, COL_SHA256),
		.size = sqlite3_column_int64(cursor->rows, COL_SIZE),
		.first_seen_at_us = sqlite3_column_int64(cursor->rows, COL_FIRST_SEEN),
		.ordinal = (size_t)sqlite3_column_int64(cursor->rows, COL_ORDINAL),
		.conflicts = sqlite3_column_int64(cursor->rows, COL_CONFLICTS),
		.warnings = text(cursor, COL_WARNINGS),
		.raw_gone = sqlite3_column_int(cursor->rows, COL_RAW_GONE) != 0,
		.displacement = store_column_opt(cursor->rows, COL_DISPLACEMENT),
		.stack_id = sqlite3_column_int64(cursor->rows, COL_STACK),
		.calls_id = calls.set ? calls.value : -1,
	};
	r = read_words(cursor, &incident, err);
	if (r < 0)
		return r;
	*ret = incident;
	return 1;
}

/* The row's texts become the store's own: a cursor that stays open keeps the log from being written
 * back. */
static int keep_texts(struct store *store, struct incident *incident, struct err *err) {
	const char **texts[] = {&incident->incident_id, &incident->process, &incident->os_version,
		&incident->os_build, &incident->hardware_model, &incident->exception_type,
		&incident->signal, &incident->fault_kind, &incident->fault_access, &incident->site,
		&incident->site_title, &incident->signature, &incident->signature_text,
		&incident->component, &incident->operation, &incident->driver_image,
		&incident->driver_version, &incident->queue, &incident->status, &incident->path,
		&incident->sha256, &incident->warnings, &incident->attribution,
		&incident->base_register, &incident->machine};
	size_t at[sizeof(texts) / sizeof(texts[0])];
	struct buf *found = &store->found_texts;
	buf_reset(found);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		at[i] = found->len;
		if (*texts[i] != NULL)
			buf_add(found, *texts[i], strlen(*texts[i]) + 1);
	}
	if (found->failed)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (*texts[i] != NULL)
			*texts[i] = found->data + at[i];
	return 0;
}

/* The first row of cursor, which is a fresh one. 1, 0 or an error. */
static int find_first(struct store_cursor *cursor, struct incident *ret, struct err *err) {
	struct incident incident;
	int r = store_cursor_next(cursor, &incident, err);
	if (r == 1 && keep_texts(cursor->store, &incident, err) < 0)
		r = -ENOMEM;
	if (r == 1)
		*ret = incident;
	return r;
}

/* Finishes query. The first row of "... where CONDITION": 1, 0 or an error. */
static int find_where(struct store *store, struct query *query, const char *condition,
	struct incident *ret, struct err *err) {
	struct store_cursor *cursor = NULL;
	buf_add_str(&query->sql, SELECT " where ");
	buf_add_str(&query->sql, condition);
	int r = cursor_new(store, query, FOUND_WORDS, &cursor, err);
	store_query_finish(query);
	if (r == 0)
		r = find_first(cursor, ret, err);
	store_cursor_close(cursor);
	return r;
}

/* Asked for one row after the other by an archive and a page: preparing costs more than asking. */
static int find_row(struct store *store, int64_t id, struct incident *ret, struct err *err) {
	struct query query = {0};
	int r = 0;
	if (store->found == NULL) {
		buf_add_str(&query.sql, SELECT " where i.id = ?");
		store_query_number(&query, id);
		r = cursor_new(store, &query, FOUND_WORDS, &store->found, err);
		store_query_finish(&query);
	}
	if (r < 0)
		return r;
	sqlite3_bind_int64(store->found->rows, 1, id);
	r = find_first(store->found, ret, err);
	sqlite3_reset(store->found->rows);
	/* Other rows may have these numbers by the next time. */
	forget_words(store->found);
	return r;
}

static int find_by_number(
	struct store *store, const char *word, struct incident *ret, struct err *err) {
	if (word[0] == '\0' || strlen(word) > 18 || word[strspn(word, "0123456789")] != '\0')
		return 0;
	return find_row(store, strtoll(word, NULL, 10), ret, err);
}

static int find_latest(struct store *store, struct incident *ret, struct err *err) {
	struct query query = {0};
	int r = find_where(
		store, &query, "1 order by i.captured_at desc, i.id desc limit 1", ret, err);
	return r == 0 ? err_set(err, -ENOENT, "nothing has been stored yet") : r;
}

/* How many ids start with word, up to 2; an id that is word itself alone counts. */
static int count_prefix(struct store *store, const char *word, int64_t ids[2], struct err *err) {
	sqlite3_stmt *find = NULL;
	int count = 0, r;
	if (sqlite3_prepare_v2(store->db,
		    "select id, incident_id = ?1 from incident where incident_id >= ?1 "
		    "and substr(incident_id, 1, length(?1)) = ?1 collate nocase "
		    "and incident_id < ?1 || char(1114111) order by incident_id limit 2",
		    -1, &find, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	store_bind_text(find, 1, word);
	while ((r = store_step(store, find, err)) == 1) {
		ids[count++] = sqlite3_column_int64(find, 0);
		if (sqlite3_column_int(find, 1) != 0)
			break;
	}
	sqlite3_finalize(find);
	return r < 0 ? r : count;
}

static int find_by_prefix(
	struct store *store, const char *word, struct incident *ret, struct err *err) {
	int64_t ids[2] = {0};
	if (strlen(word) < 4)
		return 0;
	int count = count_prefix(store, word, ids, err);
	if (count <= 0)
		return count;
	if (count > 1)
		return err_set(err, -EEXIST, "\"%.80s\": several incident ids start so", word);
	return find_row(store, ids[0], ret, err);
}

int store_find(struct store *store, const char *word, struct incident *ret, struct err *err) {
	int r = strcmp(word, "latest") == 0 ? find_latest(store, ret, err)
					    : find_by_number(store, word, ret, err);
	if (r == 0)
		r = find_by_prefix(store, word, ret, err);
	if (r == 0)
		r = err_set(err, -ENOENT, "no incident \"%.80s\"", word);
	return r < 0 ? r : 0;
}
