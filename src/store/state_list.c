/*
 * States as they are, with the incidents that they are about, and how they came to be.
 */
#include "store/state_parts.h"

#include <string.h>

static const char *text(sqlite3_stmt *row, int column) {
	return (const char *)sqlite3_column_text(row, column);
}

/* ---- its incidents ---- */

static int count_incidents(struct store *store, struct store_state *state, struct err *err) {
	bool site = state->target == STATE_SITE;
	int r, order;
	sqlite3_stmt *rows = store_statement(
		store, site ? ST_STATE_SITE_BUILDS : ST_STATE_SIGNATURE_BUILDS, err);
	if (rows == NULL)
		return store_code(err);
	store_bind_text(rows, 1, state->name);
	sqlite3_bind_int64(rows, 2, store_text_hash("crash", strlen("crash")));
	while ((r = store_step(store, rows, err)) == 1) {
		int64_t count = sqlite3_column_int64(rows, 1);
		state->incidents += count;
		state->crashes += sqlite3_column_int64(rows, 2);
		if (state->fixed_in != NULL &&
			state_build_compare(text(rows, 0), state->fixed_in, &order) && order >= 0)
			state->on_fixed += count;
	}
	sqlite3_reset(rows);
	return r;
}

/* ---- one ---- */

enum state_column { COL_NAME = STATE_VALUE_COUNT, COL_TITLE, COL_SITE, COL_TARGET };

static struct store_state read_state(sqlite3_stmt *row, enum state_target target) {
	return (struct store_state){
		.target = target,
		.name = text(row, COL_NAME),
		.title = text(row, COL_TITLE),
		.site = text(row, COL_SITE),
		.status = text(row, STATE_STATUS),
		.note = text(row, STATE_NOTE),
		.url = text(row, STATE_URL),
		.fixed_in = text(row, STATE_FIXED_IN),
	};
}

/* The texts become the store's own. */
static int keep_texts(struct store *store, struct store_state *state, struct err *err) {
	const char **texts[] = {&state->name, &state->title, &state->site, &state->status,
		&state->note, &state->url, &state->fixed_in};
	size_t at[sizeof(texts) / sizeof(texts[0])];
	struct buf *kept = &store->state_texts;
	buf_reset(kept);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		at[i] = kept->len;
		if (*texts[i] != NULL)
			buf_add(kept, *texts[i], strlen(*texts[i]) + 1);
	}
	if (kept->failed)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (*texts[i] != NULL)
			*texts[i] = kept->data + at[i];
	return 0;
}

int store_state_get(struct store *store, enum state_target target, const char *name,
	struct store_state *ret, struct err *err) {
	struct err own = {0};
	err = err != NULL ? err : &own;
	bool site = target == STATE_SITE;
	sqlite3_stmt *find =
		store_statement(store, site ? ST_STATE_OF_SITE : ST_STATE_OF_SIGNATURE, err);
	if (find == NULL)
		return store_code(err);
	store_bind_text(find, 1, name);
	int r = store_step(store, find, err);
	if (r == 0)
		return err_set(err, -ENOENT, "no %s %.80s", state_target_names[target], name);
	if (r < 0)
		return r;
	struct store_state state = read_state(find, target);
	r = keep_texts(store, &state, err);
	sqlite3_reset(find);
	if (r == 0)
		*ret = state;
	return r;
}

int store_state_load(struct store *store, enum state_target target, const char *name,
	struct store_state *ret, struct err *err) {
	struct store_state state;
	int r = store_state_get(store, target, name, &state, err);
	if (r == 0)
		r = count_incidents(store, &state, err);
	if (r == 0)
		*ret = state;
	return r;
}

/* ---- all ---- */

int store_states(struct store *store, store_state_fn fn, void *user, struct err *err) {
	sqlite3_stmt *rows = store_statement(store, ST_STATES, err);
	int r;
	if (rows == NULL)
		return store_code(err);
	while ((r = store_step(store, rows, err)) == 1) {
		enum state_target target =
			sqlite3_column_int(rows, COL_TARGET) == 0 ? STATE_SITE : STATE_SIGNATURE;
		struct store_state state = read_state(rows, target);
		r = count_incidents(store, &state, err);
		if (r == 0)
			r = fn(&state, user);
		if (r != 0)
			break;
	}
	sqlite3_reset(rows);
	return r;
}

/* ---- history ---- */

/* The place of a text among names; 0 for what is none of them. */
static int place(const char *value, const char *const *names, int count) {
	for (int i = 0; value != NULL && i < count; i++)
		if (strcmp(names[i], value) == 0)
			return i;
	return 0;
}

static struct store_state_event read_event(sqlite3_stmt *row) {
	return (struct store_state_event){
		.at_us = sqlite3_column_int64(row, 0),
		.cause =
			(enum state_cause)place(text(row, 1), state_cause_names, STATE_CAUSE_COUNT),
		.target = (enum state_target)place(
			text(row, 2), state_target_names, STATE_TARGET_COUNT),
		.name = text(row, 3),
		.status_before = text(row, 4),
		.status = text(row, 5),
		.note = text(row, 6),
		.url = text(row, 7),
		.fixed_in = text(row, 8),
		.os_build = text(row, 9),
		.incident = store_column_opt(row, 10),
	};
}

int store_state_history(struct store *store, const struct store_state *state,
	store_state_event_fn fn, void *user, struct err *err) {
	int r;
	sqlite3_stmt *rows =
		store_statement(store, state != NULL ? ST_STATE_HISTORY : ST_STATE_HISTORIES, err);
	if (rows == NULL)
		return store_code(err);
	if (state != NULL) {
		store_bind_text(rows, 1, state_target_names[state->target]);
		store_bind_text(rows, 2, state->name);
	}
	while ((r = store_step(store, rows, err)) == 1) {
		const struct store_state_event event = read_event(rows);
		r = fn(&event, user);
		if (r != 0)
			break;
	}
	sqlite3_reset(rows);
	return r;
}
