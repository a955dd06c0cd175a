/*
 * States of a damaged database, and their history. Signatures are found again by their hash, or by
 * the incidents that had them.
 */
#include "store/experiment.h"
#include "store/rescue.h"
#include "store/state_parts.h"

#include <string.h>

/* The schema that brought the history. */
#define FIRST_VERSION 4

#define ANNOTATED \
	" and (status is not null or note is not null or url is not null or fixed_in is not null)"

static const char *text(sqlite3_stmt *row, int column) {
	return (const char *)sqlite3_column_text(row, column);
}

static struct state_values values_of(sqlite3_stmt *row) {
	struct state_values ret;
	for (int i = 0; i < STATE_VALUE_COUNT; i++)
		ret.texts[i] = text(row, i);
	return ret;
}

/* 1 when statement id gives a row for name. */
static int is_there(struct rescue *rescue, enum statement id, const char *name) {
	sqlite3_stmt *find = store_statement(rescue->to, id, rescue->err);
	if (find == NULL)
		return store_code(rescue->err);
	store_bind_text(find, 1, name);
	int r = store_step(rescue->to, find, rescue->err);
	sqlite3_reset(find);
	return r;
}

/* A damaged row may hold what is none of these. */
static bool is_whole(const struct state_values *values, const char *name) {
	const char *status = values->texts[STATE_STATUS];
	for (size_t i = 0; status != NULL && strcmp(status, state_status_names[i]) != 0; i++)
		if (state_status_names[i + 1] == NULL)
			return false;
	return name != NULL && name[0] != '\0';
}

static int take_site(struct rescue *rescue, sqlite3_stmt *row, void *user) {
	const char *name = text(row, STATE_VALUE_COUNT);
	const struct state_values values = values_of(row);
	if (!is_whole(&values, name)) {
		rescue->incomplete = true;
		return 0;
	}
	int r = is_there(rescue, ST_STATE_OF_SITE, name);
	if (r == 0) {
		sqlite3_stmt *add = store_statement(rescue->to, ST_SITE_ADD, rescue->err);
		if (add == NULL)
			return store_code(rescue->err);
		store_bind_text(add, 1, name);
		store_bind_text(add, 2, text(row, STATE_VALUE_COUNT + 1));
		r = store_run(rescue->to, add, rescue->err);
	}
	if (r >= 0)
		r = store_state_write(rescue->to, STATE_SITE, name, &values, rescue->err);
	return r < 0 ? r : 1;
}

/* ---- signatures ---- */

struct heirs {
	const char *hash; /* of the old signature */
	const struct state_values *values;
	bool found;
};

/* The incident has another signature in the new database: that one succeeds the old. */
static int add_heir(struct rescue *rescue, struct heirs *heirs, const char *incident_id) {
	char heir[32] = "";
	sqlite3_stmt *find = store_statement(rescue->to, ST_STATE_HEIR, rescue->err);
	if (find == NULL)
		return store_code(rescue->err);
	store_bind_text(find, 1, incident_id);
	int r = store_step(rescue->to, find, rescue->err);
	if (r == 1 && strlen(text(find, 0)) < sizeof(heir))
		memcpy(heir, text(find, 0), strlen(text(find, 0)) + 1);
	sqlite3_reset(find);
	if (r < 0 || heir[0] == '\0')
		return r < 0 ? r : 0;
	heirs->found = true;
	return store_state_succeed(rescue->to, heirs->hash, heir, 1, rescue->err);
}

static int find_heirs(struct rescue *rescue, int64_t id, struct heirs *heirs) {
	sqlite3_stmt *incidents = NULL;
	int code = SQLITE_DONE, r = 0;
	if (sqlite3_prepare_v2(rescue->from->db,
		    "select incident_id from incident where signature_id = ? and incident_id is not null",
		    -1, &incidents, NULL) != SQLITE_OK) {
		rescue->incomplete = true;
		return 0;
	}
	sqlite3_bind_int64(incidents, 1, id);
	while (r == 0 && (code = sqlite3_step(incidents)) == SQLITE_ROW)
		r = add_heir(rescue, heirs, text(incidents, 0));
	if (r == 0 && code != SQLITE_DONE)
		rescue->incomplete = true;
	sqlite3_finalize(incidents);
	return r;
}

/* Nobody has it now: it waits for its next crash. */
static int add_signature(struct rescue *rescue, sqlite3_stmt *row, const struct heirs *heirs) {
	sqlite3_stmt *add = store_statement(rescue->to, ST_SIGNATURE_ADD, rescue->err);
	const char *line = text(row, STATE_VALUE_COUNT + 2);
	if (add == NULL)
		return store_code(rescue->err);
	store_bind_text(add, 1, heirs->hash);
	sqlite3_bind_int64(add, 2, sqlite3_column_int64(row, STATE_VALUE_COUNT + 1));
	store_bind_text(add, 3, line != NULL ? line : "");
	sqlite3_bind_null(add, 4);
	int r = store_run(rescue->to, add, rescue->err);
	return r < 0 ? r
		     : store_state_write(rescue->to, STATE_SIGNATURE, heirs->hash, heirs->values,
			       rescue->err);
}

static int take_signature(struct rescue *rescue, sqlite3_stmt *row, void *user) {
	const struct state_values values = values_of(row);
	struct heirs heirs = {.hash = text(row, STATE_VALUE_COUNT), .values = &values};
	if (!is_whole(&values, heirs.hash)) {
		rescue->incomplete = true;
		return 0;
	}
	int r = is_there(rescue, ST_STATE_OF_SIGNATURE, heirs.hash);
	if (r == 1) {
		r = store_state_write(
			rescue->to, STATE_SIGNATURE, heirs.hash, &values, rescue->err);
		return r < 0 ? r : 1;
	}
	if (r == 0)
		r = find_heirs(rescue, sqlite3_column_int64(row, STATE_VALUE_COUNT + 3), &heirs);
	if (r == 0)
		r = heirs.found ? store_state_settle(rescue->to, heirs.hash, &values, rescue->err)
				: add_signature(rescue, row, &heirs);
	return r < 0 ? r : 1;
}

/* ---- all of it ---- */

/* Without row numbers: as far as its pages lead. */
static int take_successors(struct rescue *rescue) {
	sqlite3_stmt *rows = NULL;
	int code = SQLITE_ERROR, r = 0;
	if (sqlite3_prepare_v2(rescue->from->db, "select hash, successor, moved from successor", -1,
		    &rows, NULL) == SQLITE_OK)
		while (r == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW)
			if (text(rows, 0) != NULL && text(rows, 1) != NULL)
				r = store_state_succeed(rescue->to, text(rows, 0), text(rows, 1),
					sqlite3_column_int64(rows, 2), rescue->err);
	rescue->incomplete |= r == 0 && code != SQLITE_DONE;
	sqlite3_finalize(rows);
	return r;
}

static int take_history(struct rescue *rescue, uint64_t *ret) {
	if (!rescue_may_have(rescue, "state_change", FIRST_VERSION))
		return 0;
	int r = take_successors(rescue);
	/* Incidents have other numbers in the new database. */
	return r < 0 ? r
		     : rescue_table(rescue, "select max(id) from state_change",
			       "select at, cause, target, name, status_before, status, note, url, "
			       "fixed_in, os_build, incident_id from state_change where id = ?",
			       "insert into state_change (at, cause, target, name, status_before, "
			       "status, note, url, fixed_in, os_build, incident_id, incident) values "
			       "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
			       "(select id from incident where incident_id = ?11))",
			       ret);
}

static int take_all(struct rescue *rescue, struct store_salvaged_states *ret) {
	int r = store_begin_durable(rescue->to, rescue->err);
	if (r < 0)
		return r;
	r = take_history(rescue, &ret->changes);
	if (r == 0)
		r = rescue_rows(rescue, "select max(id) from site",
			"select status, note, url, fixed_in, name, title from site "
			"where id = ?" ANNOTATED,
			take_site, NULL, &ret->states);
	if (r == 0)
		r = rescue_rows(rescue, "select max(id) from signature",
			"select status, note, url, fixed_in, hash, version, text, id from signature "
			"where id = ?" ANNOTATED,
			take_signature, NULL, &ret->states);
	return store_end_durable(rescue->to, r, rescue->err);
}

int store_salvage_states(
	const char *path, struct store *to, struct store_salvaged_states *ret, struct err *err) {
	struct err own = {0};
	struct rescue rescue = {.to = to, .err = err != NULL ? err : &own};
	struct store_salvaged_states saved = {0};
	*ret = (struct store_salvaged_states){.incomplete = true};
	if (store_open_damaged(path, &rescue.from, &own) < 0)
		return 0;
	int r = rescue_may_have(&rescue, "signature", 1) ? take_all(&rescue, &saved) : 0;
	store_close(rescue.from);
	saved.incomplete = rescue.incomplete;
	if (r == 0)
		*ret = saved;
	return r;
}
