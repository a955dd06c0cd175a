/*
 * Taking in one incident: is it known, which bytes win, and the rows that are written for it.
 */
#include "base/clock.h"
#include "base/sha256.h"
#include "store/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The stored incident that an item turns out to be. */
struct match {
	int64_t id, raw_id;
	uint8_t sha256[SHA256_BYTES];
	struct i64_opt form, file_id;
	bool named;    /* it has an incident id */
	bool raw_gone; /* retention has removed its bytes */
	bool by_facts; /* found by process, pid and capture time */
};

/* What store_put() works on. */
struct put {
	struct store *store;
	const struct store_item *item;
	const char *incident_id; /* NULL when there is none */
	uint8_t sha256[SHA256_BYTES];
	struct i64_opt file_id;
	int64_t seen_at_us;
	struct err *err;
};

static bool read_digest(const char *hex, uint8_t ret[SHA256_BYTES]) {
	for (size_t i = 0; i < 2 * (size_t)SHA256_BYTES; i++) {
		char c = hex[i];
		int nibble = c >= '0' && c <= '9'   ? c - '0'
			     : c >= 'a' && c <= 'f' ? c - 'a' + 10
						    : -1;
		if (nibble < 0)
			return false;
		ret[i / 2] = (uint8_t)(i % 2 == 0 ? nibble << 4 : ret[i / 2] | nibble);
	}
	return hex[2 * (size_t)SHA256_BYTES] == '\0';
}

/* 1 and the row as a match, 0 when there is none. */
static int read_match(struct put *put, sqlite3_stmt *find, struct match *ret) {
	int r = store_step(put->store, find, put->err);
	if (r != 1)
		return r;
	struct match match = {
		.id = sqlite3_column_int64(find, 0),
		.raw_id = sqlite3_column_int64(find, 1),
		.form = store_column_opt(find, 3),
		.file_id = store_column_opt(find, 4),
		.named = sqlite3_column_type(find, 5) != SQLITE_NULL,
		.raw_gone = sqlite3_column_int(find, 6) != 0,
	};
	const void *digest = sqlite3_column_blob(find, 2);
	if (digest != NULL && sqlite3_column_bytes(find, 2) == SHA256_BYTES)
		memcpy(match.sha256, digest, SHA256_BYTES);
	sqlite3_reset(find);
	*ret = match;
	return 1;
}

static int find_by_id(struct put *put, struct match *ret) {
	sqlite3_stmt *find = store_statement(put->store, ST_INCIDENT_BY_ID, put->err);
	if (find == NULL)
		return store_code(put->err);
	store_bind_text(find, 1, put->incident_id);
	return read_match(put, find, ret);
}

static int find_by_bytes(struct put *put, struct match *ret) {
	sqlite3_stmt *find = store_statement(put->store, ST_INCIDENT_BY_RAW, put->err);
	if (find == NULL)
		return store_code(put->err);
	store_bind_digest(find, 1, put->sha256);
	sqlite3_bind_int64(find, 2, (int64_t)put->item->ordinal);
	return read_match(put, find, ret);
}

/* A text without an id is the same incident as a report of the same process, pid and capture time.
 */
static int find_by_facts(struct put *put, struct match *ret) {
	const struct report *report = put->item->report;
	bool any_form = put->incident_id == NULL && report->form == REPORT_FORM_TEXT;
	struct i64_opt text_form = {0}, process = {0};
	if (!report->captured_at_us.set || !report->process.pid.set || report->process.name == NULL)
		return 0;
	int r = store_word(put->store, report_form_names[REPORT_FORM_TEXT], &text_form, put->err);
	if (r == 0)
		r = store_word(put->store, report->process.name, &process, put->err);
	if (r < 0)
		return r;
	sqlite3_stmt *find = store_statement(
		put->store, any_form ? ST_INCIDENT_BY_FACTS : ST_INCIDENT_NAMELESS, put->err);
	if (find == NULL)
		return store_code(put->err);
	store_bind_opt(find, 1, report->captured_at_us);
	store_bind_opt(find, 2, report->process.pid);
	store_bind_opt(find, 3, process);
	if (!any_form)
		store_bind_opt(find, 4, text_form);
	r = read_match(put, find, ret);
	if (r == 1)
		ret->by_facts = true;
	return r;
}

static int find(struct put *put, struct match *ret) {
	int r = put->incident_id != NULL ? find_by_id(put, ret) : find_by_bytes(put, ret);
	return r != 0 ? r : find_by_facts(put, ret);
}

static int fill_facts(struct put *put, struct facts *ret) {
	const struct store_item *item = put->item;
	return store_facts_fill(
		put->store, item->report, item->triage, item->rules_version, ret, put->err);
}

/* The row that an archive wants, when it is free; absent: any. */
static int wanted_id(struct put *put, struct i64_opt *ret) {
	const struct store_origin *origin = put->item->origin;
	*ret = (struct i64_opt){0};
	if (origin == NULL || origin->id <= 0 || origin->id > STORE_ORIGIN_ID_MAX)
		return 0;
	sqlite3_stmt *find = store_statement(put->store, ST_INCIDENT_TAKEN, put->err);
	if (find == NULL)
		return store_code(put->err);
	sqlite3_bind_int64(find, 1, origin->id);
	int r = store_step(put->store, find, put->err);
	sqlite3_reset(find);
	if (r == 0)
		*ret = (struct i64_opt){.value = origin->id, .set = true};
	return r < 0 ? r : 0;
}

static int insert_incident(struct put *put, int64_t raw, const struct facts *facts, int64_t *ret) {
	const struct store_origin *origin = put->item->origin;
	struct i64_opt id;
	int r = wanted_id(put, &id);
	sqlite3_stmt *add = r == 0 ? store_statement(put->store, ST_INCIDENT_ADD, put->err) : NULL;
	if (add == NULL)
		return store_code(put->err);
	store_bind_text(add, 1, put->incident_id);
	sqlite3_bind_int64(add, 2, raw);
	sqlite3_bind_int64(add, 3, (int64_t)put->item->ordinal);
	store_bind_opt(add, 4, put->file_id);
	sqlite3_bind_int64(add, 5, put->seen_at_us);
	store_bind_opt(add, 6, id);
	sqlite3_bind_int64(add, 7, origin != NULL ? origin->conflicts : 0);
	store_facts_bind(facts, add, 8);
	r = store_run(put->store, add, put->err);
	if (r == 0)
		*ret = sqlite3_last_insert_rowid(put->store->db);
	return r;
}

static int add_incident(struct put *put, int64_t *ret) {
	struct facts facts;
	int64_t raw = 0;
	int r = fill_facts(put, &facts);
	if (r < 0)
		return r;
	r = store_raw_put(put->store, put->item, put->sha256, &raw, put->err);
	if (r == 0)
		r = insert_incident(put, raw, &facts, ret);
	if (r == 0)
		r = store_state_regress(put->store,
			&(struct store_arrival){.id = *ret,
				.report = put->item->report,
				.signature = facts.values[FACT_SIGNATURE],
				.seen_at_us = put->seen_at_us},
			put->err);
	store_facts_finish(&facts);
	return r;
}

/* Keeps a further path of a known incident, once. digest: of its bytes where they are others, else
 * NULL. */
static int add_sighting(
	struct put *put, int64_t id, struct i64_opt file_id, const uint8_t *digest) {
	const enum statement ids[] = {ST_SIGHTING_FIND, ST_SIGHTING_ADD};
	for (size_t i = 0; i < 2; i++) {
		sqlite3_stmt *statement = store_statement(put->store, ids[i], put->err);
		if (statement == NULL)
			return store_code(put->err);
		sqlite3_bind_int64(statement, 1, id);
		store_bind_opt(statement, 2, file_id);
		if (digest != NULL)
			store_bind_digest(statement, 3, digest);
		else
			sqlite3_bind_null(statement, 3);
		if (ids[i] == ST_SIGHTING_ADD)
			sqlite3_bind_int64(statement, 4, put->seen_at_us);
		int r = store_step(put->store, statement, put->err);
		sqlite3_reset(statement);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return 0;
}

/* 1 when these bytes were met before as another version of the incident. */
static int bytes_met(struct put *put, int64_t id) {
	sqlite3_stmt *look = store_statement(put->store, ST_SIGHTING_BYTES, put->err);
	if (look == NULL)
		return store_code(put->err);
	sqlite3_bind_int64(look, 1, id);
	store_bind_digest(look, 2, put->sha256);
	int r = store_step(put->store, look, put->err);
	sqlite3_reset(look);
	return r;
}

static int set_name(struct put *put, int64_t id) {
	sqlite3_stmt *name = store_statement(put->store, ST_INCIDENT_NAME, put->err);
	if (name == NULL)
		return store_code(put->err);
	store_bind_text(name, 1, put->incident_id);
	sqlite3_bind_int64(name, 2, id);
	return store_run(put->store, name, put->err);
}

static int count_conflict(struct put *put, int64_t id) {
	sqlite3_stmt *count = store_statement(put->store, ST_INCIDENT_CONFLICT, put->err);
	if (count == NULL)
		return store_code(put->err);
	sqlite3_bind_int64(count, 1, id);
	return store_run(put->store, count, put->err);
}

static int point_at(struct put *put, int64_t id, int64_t raw) {
	sqlite3_stmt *replace = store_statement(put->store, ST_INCIDENT_REPLACE, put->err);
	if (replace == NULL)
		return store_code(put->err);
	sqlite3_bind_int64(replace, 1, raw);
	sqlite3_bind_int64(replace, 2, (int64_t)put->item->ordinal);
	store_bind_opt(replace, 3, put->file_id);
	sqlite3_bind_int64(replace, 4, id);
	return store_run(put->store, replace, put->err);
}

static int drop_raw(struct put *put, int64_t raw) {
	sqlite3_stmt *drop = store_statement(put->store, ST_RAW_DROP, put->err);
	if (drop == NULL)
		return store_code(put->err);
	sqlite3_bind_int64(drop, 1, raw);
	return store_run(put->store, drop, put->err);
}

/* The JSON of an incident that was known as text only takes over the row. */
static int replace(struct put *put, const struct match *match) {
	bool changed;
	int64_t raw = 0;
	int r = store_raw_put(put->store, put->item, put->sha256, &raw, put->err);
	if (r == 0)
		r = point_at(put, match->id, raw);
	if (r == 0)
		r = store_update_triage(put->store, match->id, put->item->report, put->item->triage,
			put->item->rules_version, &changed, put->err);
	if (r == 0)
		r = add_sighting(put, match->id, match->file_id, match->sha256);
	return r == 0 ? drop_raw(put, match->raw_id) : r;
}

static int meet_other_bytes(struct put *put, const struct match *match, enum store_put *ret) {
	struct i64_opt text_form = {0};
	/* The id tells nothing of two accounts of one crash when only one of them has it. */
	bool contradiction = !match->by_facts || match->named == (put->incident_id != NULL);
	int r = bytes_met(put, match->id);
	if (r < 0)
		return r;
	bool met = r == 1;
	r = store_word(put->store, report_form_names[REPORT_FORM_TEXT], &text_form, put->err);
	if (r < 0)
		return r;
	bool was_text = match->form.value == text_form.value;
	if (was_text && put->item->report->form == REPORT_FORM_JSON)
		r = replace(put, match);
	else
		r = add_sighting(put, match->id, put->file_id, put->sha256);
	if (r == 0 && !match->named && put->incident_id != NULL)
		r = set_name(put, match->id);
	if (r == 0 && contradiction && !met)
		r = count_conflict(put, match->id);
	if (r == 0)
		*ret = contradiction && !met ? STORE_CONFLICT : STORE_KNOWN;
	return r;
}

/* The user named a file of which retention has left the facts alone. */
static int bring_back(struct put *put, int64_t id) {
	int64_t raw;
	int r = store_raw_put(put->store, put->item, put->sha256, &raw, put->err);
	return r == 0 ? store_keep(put->store, id, put->seen_at_us, put->err) : r;
}

static int meet(struct put *put, const struct match *match, enum store_put *ret) {
	if (memcmp(match->sha256, put->sha256, SHA256_BYTES) != 0)
		return meet_other_bytes(put, match, ret);
	bool same_file = put->file_id.set == match->file_id.set &&
			 put->file_id.value == match->file_id.value;
	int r = same_file || !put->file_id.set ? 0
					       : add_sighting(put, match->id, put->file_id, NULL);
	if (r == 0 && match->raw_gone && put->item->named)
		r = bring_back(put, match->id);
	if (r == 0)
		*ret = STORE_KNOWN;
	return r;
}

static const char *id_of(const struct report *report) {
	return report->incident_id != NULL && report->incident_id[0] != '\0' ? report->incident_id
									     : NULL;
}

static int note_original(struct put *put, int64_t id) {
	const struct store_origin *origin = put->item->origin;
	uint8_t digest[SHA256_BYTES];
	if (origin == NULL || origin->original_sha256 == NULL ||
		!read_digest(origin->original_sha256, digest) ||
		memcmp(digest, put->sha256, SHA256_BYTES) == 0)
		return 0;
	return add_sighting(put, id, (struct i64_opt){0}, digest);
}

/* A new incident, unless retention has deleted it and nobody asks for it. */
static int put_new(struct put *put, int64_t *ret_id, enum store_put *ret) {
	int64_t key = put->incident_id != NULL ? store_forgotten_id(put->incident_id)
					       : store_forgotten_bytes(put->sha256);
	int forgotten = store_forgotten_find(put->store, key, put->err);
	if (forgotten < 0)
		return forgotten;
	if (forgotten == 1 && !put->item->named) {
		*ret = STORE_KNOWN;
		return 0;
	}
	int r = add_incident(put, ret_id);
	if (r == 0)
		r = note_original(put, *ret_id);
	if (r == 0)
		r = store_trial_adopt(put->store, *ret_id, put->item->report, put->err);
	if (r == 0 && forgotten == 1)
		r = store_keep(put->store, *ret_id, put->seen_at_us, put->err);
	/* The key of bytes serves every report in them. */
	if (r == 0 && forgotten == 1 && put->incident_id != NULL)
		r = store_forgotten_drop(put->store, key, put->err);
	if (r == 0)
		*ret = STORE_ADDED;
	return r;
}

static int64_t seen_at(const struct store_item *item) {
	if (item->origin != NULL && item->origin->first_seen_at_us != 0)
		return item->origin->first_seen_at_us;
	return item->source != NULL ? item->source->seen_at_us : clock_now_us();
}

static int put_file(struct put *put) {
	const struct store_item *item = put->item;
	if (item->origin == NULL)
		return store_file_put(
			put->store, item->source, FILE_ROW_KNOWN, NULL, &put->file_id, put->err);
	if (item->origin->path == NULL)
		return 0;
	return store_file_put_elsewhere(
		put->store, item->origin->path, put->seen_at_us, &put->file_id, put->err);
}

int store_put(struct store *store, const struct store_item *item, enum store_put *ret,
	int64_t *ret_id, struct err *err) {
	struct err own = {0};
	struct put put = {
		.store = store,
		.item = item,
		.incident_id = id_of(item->report),
		.seen_at_us = seen_at(item),
		.err = err != NULL ? err : &own,
	};
	struct match match = {0};
	assert(store->in_transaction);
	if (!read_digest(item->sha256, put.sha256))
		return err_set(err, -EINVAL, "\"%s\" is no SHA-256", item->sha256);
	int r = store_transaction_stands(store, put.err);
	if (r == 0)
		r = put_file(&put);
	if (r < 0)
		return r;
	r = find(&put, &match);
	if (r == 1)
		r = meet(&put, &match, ret);
	else if (r == 0)
		r = put_new(&put, &match.id, ret);
	if (r == 0 && ret_id != NULL)
		*ret_id = match.id;
	return r;
}

int store_knows(struct store *store, const struct store_place *place, struct err *err) {
	uint8_t digest[SHA256_BYTES];
	sqlite3_stmt *find = NULL;
	if (!read_digest(place->sha256, digest))
		return 0;
	if (sqlite3_prepare_v2(store->db,
		    "select 1 from raw r join incident i on i.raw_id = r.id "
		    "where r.sha256 = ?1 and (?2 is null or i.ordinal = ?2) union all "
		    "select 1 from incident i join sighting s on s.incident_id = i.id "
		    "where i.incident_id = ?3 and s.sha256 = ?1 limit 1",
		    -1, &find, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	store_bind_digest(find, 1, digest);
	store_bind_opt(find, 2, place->ordinal);
	store_bind_text(find, 3, place->incident_id);
	int r = store_step(store, find, err);
	sqlite3_finalize(find);
	return r;
}
