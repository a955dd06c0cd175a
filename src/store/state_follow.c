/*
 * States that follow from what is stored: an incident on a build that was to be without it
 * regresses its signature, and a signature or site that reclassification replaces leaves its state
 * to the new one. All are parts of the caller's transaction.
 */
#include "base/clock.h"
#include "base/text.h"
#include "store/state_parts.h"

#include <assert.h>
#include <string.h>

static const char *text(sqlite3_stmt *row, int column) {
	return (const char *)sqlite3_column_text(row, column);
}

static bool is_ignored(const struct state_values *values) {
	const char *status = values->texts[STATE_STATUS];
	return status != NULL && strcmp(status, "ignored") == 0;
}

static bool is_fixed(const char *status) {
	return status != NULL && strcmp(status, "fixed") == 0;
}

/* ---- regression ---- */

/* What an incident is looked at for. Texts stand until its statement is reset. */
struct fixed {
	const char *hash, *note, *url, *fixed_in;
	struct i64_opt site; /* whose state it is; absent: the signature's own */
};

/* Reads the state that holds for the signature: true when it is fixed in some build. */
static bool read_fixed(sqlite3_stmt *row, struct fixed *ret) {
	const char *status = text(row, 0), *site_status = text(row, 5);
	bool own = status != NULL;
	*ret = (struct fixed){
		.note = text(row, 1),
		.url = text(row, 2),
		.fixed_in = text(row, own ? 3 : 6),
		.hash = text(row, 4),
	};
	if (!own)
		ret->site = store_column_opt(row, 7);
	return is_fixed(own ? status : site_status) && ret->fixed_in != NULL;
}

/* Systems with build numbers of their own. NULL: not told. */
static const char *family_of(const char *os_version) {
	static const char *const families[][2] = {
		{"macOS", "macOS"},
		{"Mac OS", "macOS"},
		{"OS X", "macOS"},
		{"iPhone OS", "iOS"},
		{"iOS", "iOS"},
		{"iPadOS", "iOS"},
		{"Watch OS", "watchOS"},
		{"watchOS", "watchOS"},
		{"Apple TVOS", "tvOS"},
		{"tvOS", "tvOS"},
		{"visionOS", "visionOS"},
		{"xrOS", "visionOS"},
		{"bridgeOS", "bridgeOS"},
	};
	for (size_t i = 0; os_version != NULL && i < sizeof(families) / sizeof(families[0]); i++)
		if (text_starts(os_version, families[i][0]))
			return families[i][1];
	return NULL;
}

/* Builds of different systems look alike: 1 unless all incidents before, as far as they tell,
 * were of others than the report's. */
static int same_family(struct store *store, const struct fixed *fixed,
	const struct store_arrival *arrival, struct err *err) {
	const char *mine = family_of(arrival->report->os_version);
	bool told = false, found = false;
	int r = 0;
	sqlite3_stmt *rows = store_statement(
		store, fixed->site.set ? ST_STATE_SITE_SYSTEMS : ST_STATE_SYSTEMS, err);
	if (rows == NULL)
		return store_code(err);
	sqlite3_bind_int64(rows, 1, fixed->site.set ? fixed->site.value : arrival->signature.value);
	sqlite3_bind_int64(rows, 2, arrival->id);
	while (mine != NULL && !found && (r = store_step(store, rows, err)) == 1) {
		const char *other = family_of(text(rows, 0));
		told |= other != NULL;
		found = other != NULL && strcmp(other, mine) == 0;
	}
	sqlite3_reset(rows);
	return r < 0 ? r : found || !told;
}

static int regress(struct store *store, const struct fixed *fixed,
	const struct store_arrival *arrival, struct err *err) {
	const struct store_state_event event = {
		.at_us = arrival->seen_at_us,
		.cause = STATE_BY_REGRESSION,
		.target = STATE_SIGNATURE,
		.name = fixed->hash,
		.status_before = "fixed",
		.status = "regressed",
		.note = fixed->note,
		.url = fixed->url,
		.fixed_in = fixed->fixed_in,
		.os_build = arrival->report->os_build,
		.incident = {.value = arrival->id, .set = true},
	};
	int r = store_state_note(store, &event, err);
	sqlite3_stmt *update = r == 0 ? store_statement(store, ST_STATE_REGRESS, err) : NULL;
	if (r < 0 || update == NULL)
		return r < 0 ? r : store_code(err);
	store_bind_text(update, 1, fixed->hash);
	store_bind_text(update, 2, fixed->fixed_in);
	return store_run(store, update, err);
}

int store_state_regress(struct store *store, const struct store_arrival *arrival, struct err *err) {
	struct fixed fixed;
	int order = -1;
	if (!arrival->signature.set)
		return 0;
	sqlite3_stmt *find = store_statement(store, ST_STATE_FIXED, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, arrival->signature.value);
	int r = store_step(store, find, err);
	bool late = r == 1 && read_fixed(find, &fixed) &&
		    state_build_compare(arrival->report->os_build, fixed.fixed_in, &order) &&
		    order >= 0;
	if (late)
		r = same_family(store, &fixed, arrival, err);
	if (late && r == 1)
		r = regress(store, &fixed, arrival, err);
	sqlite3_reset(find);
	return r < 0 ? r : 0;
}

/* ---- reclassification ---- */

int store_state_succeed(
	struct store *store, const char *old, const char *now, int64_t count, struct err *err) {
	sqlite3_stmt *add = store_statement(store, ST_STATE_SUCCEED, err);
	if (add == NULL)
		return store_code(err);
	store_bind_text(add, 1, old);
	store_bind_text(add, 2, now);
	sqlite3_bind_int64(add, 3, clock_now_us());
	sqlite3_bind_int64(add, 4, count);
	return store_run(store, add, err);
}

int store_state_leave(
	struct store *store, const char *name, const struct state_values *values, struct err *err) {
	const struct store_state_event event = {
		.at_us = clock_now_us(),
		.cause = STATE_BY_RECLASSIFY,
		.target = STATE_SIGNATURE,
		.name = name,
		.status = values->texts[STATE_STATUS],
		.note = values->texts[STATE_NOTE],
		.url = values->texts[STATE_URL],
		.fixed_in = values->texts[STATE_FIXED_IN],
	};
	int r = store_state_note(store, &event, err);
	return r < 0 ? r : store_state_write(store, STATE_SIGNATURE, name, values, err);
}

int store_state_settle(
	struct store *store, const char *old, const struct state_values *values, struct err *err) {
	sqlite3_stmt *heirs = store_statement(store, ST_STATE_HEIRS, err);
	int r = 0;
	if (heirs == NULL)
		return store_code(err);
	store_bind_text(heirs, 1, old);
	while (r == 0 && (r = store_step(store, heirs, err)) == 1) {
		struct state_values left = *values;
		if (is_ignored(&left) && !sqlite3_column_int(heirs, 1))
			left.texts[STATE_STATUS] = NULL;
		r = state_is_set(&left) ? store_state_leave(store, text(heirs, 0), &left, err) : 0;
	}
	sqlite3_reset(heirs);
	return r;
}

/* 1 while old has incidents. */
static int is_left(struct store *store, const char *old, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_STATE_LEFT, err);
	if (find == NULL)
		return store_code(err);
	store_bind_text(find, 1, old);
	int r = store_step(store, find, err);
	sqlite3_reset(find);
	return r;
}

/* One incident less here, one more there. */
static int note_move(struct store *store, const char *from, const char *to, struct err *err) {
	sqlite3_stmt *back = store_statement(store, ST_STATE_RETURN, err);
	if (back == NULL)
		return store_code(err);
	store_bind_text(back, 1, to);
	store_bind_text(back, 2, from);
	int r = store_run(store, back, err);
	return r < 0 ? r : store_state_succeed(store, from, to, 1, err);
}

/* The two rows of an incident's signatures. Texts stand until the statement is reset. */
struct move {
	const char *from, *to;
	struct state_values before, own;
};

static int move_state(struct store *store, const struct move *move, struct err *err) {
	bool same = strcmp(move->from, move->to) == 0;
	int r = same ? 0 : note_move(store, move->from, move->to, err);
	if (r < 0 || !state_is_set(&move->before))
		return r;
	if (same || !is_ignored(&move->before))
		return state_is_set(&move->own)
			       ? 0
			       : store_state_leave(store, move->to, &move->before, err);
	r = is_left(store, move->from, err);
	return r == 0 ? store_state_settle(store, move->from, &move->before, err) : r < 0 ? r : 0;
}

int store_state_inherit(struct store *store, int64_t old, int64_t now, struct err *err) {
	sqlite3_stmt *row = store_statement(store, ST_STATE_INHERIT, err);
	struct move move = {0};
	if (row == NULL)
		return store_code(err);
	sqlite3_bind_int64(row, 1, old);
	sqlite3_bind_int64(row, 2, now);
	int r = store_step(store, row, err);
	for (int i = 0; r == 1 && i < STATE_VALUE_COUNT; i++) {
		move.before.texts[i] = text(row, i);
		move.own.texts[i] = text(row, STATE_VALUE_COUNT + i);
	}
	if (r == 1) {
		move.from = text(row, 2 * STATE_VALUE_COUNT);
		move.to = text(row, 2 * STATE_VALUE_COUNT + 1);
		r = move_state(store, &move, err);
	}
	sqlite3_reset(row);
	return r;
}

/* ---- sites ---- */

static int write_site(struct store *store, const char *name, const char *status_before,
	const struct state_values *values, struct err *err) {
	const struct store_state_event event = {
		.at_us = clock_now_us(),
		.cause = STATE_BY_RECLASSIFY,
		.target = STATE_SITE,
		.name = name,
		.status_before = status_before,
		.status = values->texts[STATE_STATUS],
		.note = values->texts[STATE_NOTE],
		.url = values->texts[STATE_URL],
		.fixed_in = values->texts[STATE_FIXED_IN],
	};
	int r = store_state_note(store, &event, err);
	return r < 0 ? r : store_state_write(store, STATE_SITE, name, values, err);
}

static int note_site(struct store *store, const char *from, const char *to, struct err *err) {
	sqlite3_stmt *add = store_statement(store, ST_STATE_MOVED, err);
	if (add == NULL)
		return store_code(err);
	store_bind_text(add, 1, from);
	store_bind_text(add, 2, to);
	sqlite3_bind_int64(add, 3, clock_now_us());
	return store_run(store, add, err);
}

int store_state_move(struct store *store, const char *from, const char *to, struct err *err) {
	static const struct state_values none;
	struct state_values values = {0};
	struct err own = {0};
	assert(store->in_transaction);
	err = err != NULL ? err : &own;
	sqlite3_stmt *row = store_statement(store, ST_STATE_MOVE, err);
	if (row == NULL)
		return store_code(err);
	store_bind_text(row, 1, from);
	store_bind_text(row, 2, to);
	int r = store_step(store, row, err);
	bool moves = r == 1;
	for (int i = 0; moves && i < STATE_VALUE_COUNT; i++)
		values.texts[i] = text(row, i);
	if (moves)
		r = write_site(store, from, values.texts[STATE_STATUS], &none, err);
	if (moves && r == 0)
		r = write_site(store, to, NULL, &values, err);
	if (moves && r == 0)
		r = note_site(store, from, to, err);
	sqlite3_reset(row);
	return r < 0 ? r : !moves;
}
