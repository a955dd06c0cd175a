/*
 * What people decided of a site or a signature: finding it by what was typed, and changing it with
 * a row of history.
 */
#include "base/text.h"
#include "store/state_parts.h"

#include <assert.h>
#include <string.h>

/* Shorter beginnings of a hash are too many. */
#define PREFIX_MIN 4
#define HASH_DIGITS 16
/* So many signatures that a word may mean are named. */
#define NAMED_MAX 8

const char *const state_target_names[STATE_TARGET_COUNT] = {"site", "signature"};
const char *const state_cause_names[STATE_CAUSE_COUNT] = {
	"user", "regression", "reclassify", "import"};
const char *const state_status_names[] = {"open", "known", "fixed", "ignored", "regressed", NULL};

static const char *text(sqlite3_stmt *row, int column) {
	return (const char *)sqlite3_column_text(row, column);
}

/* ---- changing ---- */

int store_state_write(struct store *store, enum state_target target, const char *name,
	const struct state_values *values, struct err *err) {
	sqlite3_stmt *write = store_statement(
		store, target == STATE_SITE ? ST_STATE_SITE : ST_STATE_SIGNATURE, err);
	if (write == NULL)
		return store_code(err);
	for (int i = 0; i < STATE_VALUE_COUNT; i++)
		store_bind_text(write, i + 1, values->texts[i]);
	store_bind_text(write, STATE_VALUE_COUNT + 1, name);
	return store_run(store, write, err);
}

int store_state_note(struct store *store, const struct store_state_event *event, struct err *err) {
	sqlite3_stmt *add = store_statement(store, ST_STATE_NOTE, err);
	if (add == NULL)
		return store_code(err);
	const char *const texts[] = {state_cause_names[event->cause],
		state_target_names[event->target], event->name, event->status_before, event->status,
		event->note, event->url, event->fixed_in, event->os_build};
	sqlite3_bind_int64(add, 1, event->at_us);
	for (int i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++)
		store_bind_text(add, i + 2, texts[i]);
	store_bind_opt(add, 11, event->incident);
	return store_run(store, add, err);
}

struct setting {
	struct store *store;
	const struct store_state *state;
	const struct store_state_change *change;
	struct state_values before, after; /* borrowed from the row and from change */
	const char *site_status;           /* of a signature's site; borrowed from the row */
	struct err *err;
};

/* The row as it is: 1, 0 there is none. Its texts stand until the statement is reset. */
static int read_before(struct setting *setting, sqlite3_stmt **ret) {
	bool site = setting->state->target == STATE_SITE;
	sqlite3_stmt *find = store_statement(
		setting->store, site ? ST_STATE_OF_SITE : ST_STATE_OF_SIGNATURE, setting->err);
	if (find == NULL)
		return store_code(setting->err);
	store_bind_text(find, 1, setting->state->name);
	int r = store_step(setting->store, find, setting->err);
	for (int i = 0; r == 1 && i < STATE_VALUE_COUNT; i++)
		setting->before.texts[i] = text(find, i);
	if (r == 1)
		setting->site_status = text(find, STATE_VALUE_COUNT + 3);
	*ret = find;
	return r;
}

static int add_site(struct setting *setting) {
	sqlite3_stmt *add = store_statement(setting->store, ST_SITE_ADD, setting->err);
	if (add == NULL)
		return store_code(setting->err);
	store_bind_text(add, 1, setting->state->name);
	store_bind_text(add, 2, setting->state->title);
	return store_run(setting->store, add, setting->err);
}

static bool same_text(const char *a, const char *b) {
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What was never set is open, and needs no word for it. */
static bool is_open_already(const struct setting *setting) {
	const char *status = setting->change->status, *site = setting->site_status;
	return status != NULL && strcmp(status, "open") == 0 &&
	       setting->before.texts[STATE_STATUS] == NULL &&
	       (site == NULL || strcmp(site, "open") == 0);
}

/* Whether anything changes. */
static bool choose(struct setting *setting) {
	const struct store_state_change *change = setting->change;
	const char *const wanted[STATE_VALUE_COUNT] = {
		is_open_already(setting) ? NULL : change->status, change->note, change->url,
		change->fixed_in};
	bool changed = false;
	for (int i = 0; i < STATE_VALUE_COUNT; i++) {
		const char *before = setting->before.texts[i], *now = wanted[i];
		now = now == NULL ? before : now[0] == '\0' ? NULL : now;
		changed |= !same_text(before, now);
		setting->after.texts[i] = now;
	}
	return changed;
}

static int write_change(struct setting *setting) {
	const struct store_state *state = setting->state;
	const struct store_state_change *change = setting->change;
	const struct store_state_event event = {
		.at_us = change->at_us,
		.cause = change->cause,
		.target = state->target,
		.name = state->name,
		.status_before = setting->before.texts[STATE_STATUS],
		.status = setting->after.texts[STATE_STATUS],
		.note = setting->after.texts[STATE_NOTE],
		.url = setting->after.texts[STATE_URL],
		.fixed_in = setting->after.texts[STATE_FIXED_IN],
		.incident = {.value = change->incident, .set = change->incident != 0},
	};
	int r = store_state_note(setting->store, &event, setting->err);
	return r < 0 ? r
		     : store_state_write(setting->store, state->target, state->name,
			       &setting->after, setting->err);
}

static int set(struct setting *setting) {
	sqlite3_stmt *row = NULL;
	const struct store_state *state = setting->state;
	int r = read_before(setting, &row);
	if (r == 0 && state->target == STATE_SIGNATURE)
		r = err_set(setting->err, -ENOENT, "no signature %.40s", state->name);
	else if (r == 0)
		r = add_site(setting);
	else if (r == 1)
		r = 0;
	if (r == 0)
		r = choose(setting) ? write_change(setting) : 1;
	if (row != NULL)
		sqlite3_reset(row);
	return r;
}

int store_state_set(struct store *store, const struct store_state *state,
	const struct store_state_change *change, struct err *err) {
	struct err own = {0};
	struct setting setting = {
		.store = store, .state = state, .change = change, .err = err != NULL ? err : &own};
	int r = store_state_check(change, setting.err);
	if (r == 0)
		r = store_begin(store, setting.err);
	if (r < 0)
		return r;
	r = set(&setting);
	if (r == 0)
		return store_commit(store, setting.err);
	store_rollback(store);
	return r;
}

/* ---- finding ---- */

/* Lower case; empty when word is no beginning of a hash. */
static void fold_hash(const char *word, char ret[HASH_DIGITS + 1]) {
	size_t len = strlen(word);
	ret[0] = '\0';
	if (len < PREFIX_MIN || len > HASH_DIGITS ||
		word[strspn(word, "0123456789abcdefABCDEF")] != '\0')
		return;
	for (size_t i = 0; i <= len; i++)
		ret[i] = (char)(word[i] >= 'A' && word[i] <= 'F' ? word[i] - 'A' + 'a' : word[i]);
}

/* Writes the hash that prefix means to ret: 1, 0 none. */
static int find_hash(
	struct store *store, const char *prefix, char ret[HASH_DIGITS + 1], struct err *err) {
	struct buf names = {0};
	size_t count = 0;
	int r = 0;
	sqlite3_stmt *find = store_statement(store, ST_STATE_FIND_HASH, err);
	if (find == NULL)
		return store_code(err);
	store_bind_text(find, 1, prefix);
	for (; (r = store_step(store, find, err)) == 1; count++) {
		const char *hash = text(find, 0);
		if (count == 0 && strlen(hash) == HASH_DIGITS)
			memcpy(ret, hash, HASH_DIGITS + 1);
		if (count < NAMED_MAX)
			buf_printf(&names, "%s%s", count > 0 ? ", " : "", hash);
	}
	sqlite3_reset(find);
	if (r == 0 && count > 1)
		r = err_set(err, -EEXIST, "\"%s\" may be %s%s", prefix, buf_str(&names),
			count > NAMED_MAX ? " ..." : "");
	buf_finish(&names);
	return r < 0 ? r : count == 1 && ret[0] != '\0';
}

static int find_site(struct store *store, const char *word, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_SITE_FIND, err);
	if (find == NULL)
		return store_code(err);
	store_bind_text(find, 1, word);
	int r = store_step(store, find, err);
	sqlite3_reset(find);
	return r;
}

static int no_such(const char *word, struct err *err) {
	return err_set(err, -ENOENT, "\"%.80s\" is neither a site nor a signature", word);
}

/* Where the state of a site of that name has gone: 1, 0 nowhere or to several. */
static int find_heir(struct store *store, const char *word, struct buf *ret, struct err *err) {
	size_t count = 0;
	int r;
	sqlite3_stmt *find = store_statement(store, ST_STATE_FIND_SITE, err);
	if (find == NULL)
		return store_code(err);
	store_bind_text(find, 1, word);
	for (; (r = store_step(store, find, err)) == 1; count++) {
		buf_reset(ret);
		buf_add_str(ret, text(find, 0));
	}
	sqlite3_reset(find);
	return r < 0 ? r : count == 1 && !ret->failed;
}

static int load_heir(
	struct store *store, const char *word, struct store_state *ret, struct err *err) {
	struct buf name = {0};
	int r = find_heir(store, word, &name, err);
	if (r == 1)
		r = store_state_load(store, STATE_SITE, buf_str(&name), ret, err);
	else if (r == 0)
		r = no_such(word, err);
	buf_finish(&name);
	return r;
}

int store_state_find(struct store *store, const char *word, bool known_site,
	struct store_state *ret, struct err *err) {
	struct err own = {0};
	char prefix[HASH_DIGITS + 1], hash[HASH_DIGITS + 1] = "";
	err = err != NULL ? err : &own;
	int r = find_site(store, word, err);
	if (r == 1)
		return store_state_load(store, STATE_SITE, word, ret, err);
	fold_hash(word, prefix);
	if (r == 0 && known_site) {
		*ret = (struct store_state){.target = STATE_SITE, .name = word};
		return 0;
	}
	if (r == 0 && prefix[0] != '\0')
		r = find_hash(store, prefix, hash, err);
	if (r == 1)
		return store_state_load(store, STATE_SIGNATURE, hash, ret, err);
	return r < 0 ? r : load_heir(store, word, ret, err);
}
