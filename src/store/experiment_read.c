/*
 * Experiments, conditions and trials as they are stored. Each walk has a statement of its own: what
 * a row's function asks may be another walk.
 */
#include "base/text.h"
#include "store/experiment.h"
#include "store/internal.h"

#include <string.h>

struct walk {
	struct store *store;
	sqlite3_stmt *rows;
	store_experiment_fn on_experiment;
	store_condition_fn on_condition;
	store_trial_fn on_trial;
	void *user;
	size_t count; /* rows seen */
};

static const char *text(sqlite3_stmt *row, int at) {
	return (const char *)sqlite3_column_text(row, at);
}

/* The place of a column's text in names, or -EIO: another program wrote it. */
static int name_of(const struct walk *walk, int at, const char *const *names, int count, int *ret,
	struct err *err) {
	const char *name = text(walk->rows, at);
	for (int i = 0; name != NULL && i < count; i++)
		if (strcmp(name, names[i]) == 0) {
			*ret = i;
			return 0;
		}
	return err_set(err, -EIO, "%s: \"%.40s\" is none of the words that stand there",
		walk->store->path, name != NULL ? name : "");
}

/* A text that is absent for want of memory looks as one that is NULL. */
static int check_memory(const struct walk *walk, struct err *err) {
	if (sqlite3_errcode(walk->store->db) != SQLITE_NOMEM)
		return 0;
	return err_set(err, -ENOMEM, "out of memory");
}

static int give_experiment(const struct walk *walk, struct err *err) {
	sqlite3_stmt *row = walk->rows;
	struct store_experiment ret = {
		.id = sqlite3_column_int64(row, 0),
		.started_at_us = sqlite3_column_int64(row, 2),
		.ended_at_us = store_column_opt(row, 3),
		.runs = sqlite3_column_int64(row, 4),
		.seed = (uint64_t)sqlite3_column_int64(row, 5),
		.command = text(row, 6),
		.settings = text(row, 7),
		.platform = text(row, 8),
	};
	int kind = 0;
	int r = name_of(walk, 1, experiment_kind_names, EXPERIMENT_KIND_COUNT, &kind, err);
	if (r == 0)
		r = check_memory(walk, err);
	ret.kind = (enum experiment_kind)kind;
	return r < 0 ? r : walk->on_experiment(&ret, walk->user);
}

static int give_condition(const struct walk *walk, struct err *err) {
	sqlite3_stmt *row = walk->rows;
	struct store_condition ret = {
		.number = sqlite3_column_int64(row, 0),
		.backend = text(row, 1),
		.scenario = text(row, 2),
		.lock = text(row, 3),
		.threads = store_column_opt(row, 4),
		.env = text(row, 5),
		.command = text(row, 6),
		.throughput_unit = text(row, 7),
	};
	int r = check_memory(walk, err);
	return r < 0 ? r : walk->on_condition(&ret, walk->user);
}

static int give_trial(const struct walk *walk, struct err *err) {
	sqlite3_stmt *row = walk->rows;
	struct store_trial ret = {
		.id = sqlite3_column_int64(row, 0),
		.condition = sqlite3_column_int64(row, 1),
		.slot = sqlite3_column_int64(row, 2),
		.started_at_us = sqlite3_column_int64(row, 4),
		.ended_at_us = store_column_opt(row, 5),
		.pid = store_column_opt(row, 6),
		.launched_at_us = store_column_opt(row, 7),
		.exit_status = store_column_opt(row, 8),
		.signal = store_column_opt(row, 9),
		.operations = store_column_opt(row, 10),
		.has_throughput = sqlite3_column_type(row, 11) != SQLITE_NULL,
		.throughput = sqlite3_column_double(row, 11),
		.has_lock_wait = sqlite3_column_type(row, 12) != SQLITE_NULL,
		.lock_wait_s = sqlite3_column_double(row, 12),
		.latency = text(row, 13),
		.error = text(row, 14),
		.stacks = text(row, 15),
		.stderr_tail = text(row, 16),
		.incident = store_column_opt(row, 17),
		.incident_id = text(row, 18),
		.site = text(row, 19),
		.label = text(row, 20),
		.simulated = sqlite3_column_int(row, 21) != 0,
	};
	int outcome = 0;
	int r = name_of(walk, 3, trial_outcome_names, TRIAL_OUTCOME_COUNT, &outcome, err);
	if (r == 0)
		r = check_memory(walk, err);
	ret.outcome = (enum trial_outcome)outcome;
	return r < 0 ? r : walk->on_trial(&ret, walk->user);
}

/* sql has one parameter, which becomes number. */
static int walk_rows(struct walk *walk, const char *sql, int64_t number,
	int (*give)(const struct walk *walk, struct err *err), struct err *err) {
	struct err own = {0};
	struct store *store = walk->store;
	err = err != NULL ? err : &own;
	if (sqlite3_prepare_v2(store->db, sql, -1, &walk->rows, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	sqlite3_bind_int64(walk->rows, 1, number);
	int r;
	while ((r = store_step(store, walk->rows, err)) == 1) {
		walk->count++;
		r = give(walk, err);
		if (r != 0)
			break;
	}
	sqlite3_finalize(walk->rows);
	return r;
}

#define EXPERIMENT                                                                        \
	"select id, kind, started_at, ended_at, runs, seed, command, settings, platform " \
	"from experiment "

int store_experiments(
	struct store *store, int64_t limit, store_experiment_fn fn, void *user, struct err *err) {
	struct walk walk = {.store = store, .on_experiment = fn, .user = user};
	return walk_rows(&walk, EXPERIMENT "order by id desc limit ?", limit > 0 ? limit : -1,
		give_experiment, err);
}

int store_experiment_get(
	struct store *store, int64_t id, store_experiment_fn fn, void *user, struct err *err) {
	struct walk walk = {.store = store, .on_experiment = fn, .user = user};
	int r = walk_rows(&walk, EXPERIMENT "where id = ?", id, give_experiment, err);
	if (r == 0 && walk.count == 0)
		r = err_set(err, -ENOENT, "no experiment %lld", (long long)id);
	return r;
}

int store_conditions(
	struct store *store, int64_t id, store_condition_fn fn, void *user, struct err *err) {
	struct walk walk = {.store = store, .on_condition = fn, .user = user};
	return walk_rows(&walk,
		"select number, backend, scenario, lock, threads, env, command, throughput_unit "
		"from condition where experiment_id = ? order by number",
		id, give_condition, err);
}

int store_trials(struct store *store, int64_t id, store_trial_fn fn, void *user, struct err *err) {
	struct walk walk = {.store = store, .on_trial = fn, .user = user};
	return walk_rows(&walk,
		"select t.id, t.condition, t.slot, t.outcome, t.started_at, t.ended_at, t.pid, "
		"t.launched_at, t.exit_status, t.signal, t.operations, t.throughput, "
		"t.lock_wait_s, t.latency, t.error, o.stacks, o.stderr_tail, t.incident, "
		"iif(t.incident is null, t.incident_id, i.incident_id), "
		"iif(t.incident is null, t.site, (select name from site where id = i.site_id)), "
		"t.label, t.simulated from trial t left join trial_output o on o.trial_id = t.id "
		"left join incident i on i.id = t.incident "
		"where t.experiment_id = ? order by t.id",
		id, give_trial, err);
}

/* ---- words ---- */

static int take_id(const struct store_experiment *experiment, void *user) {
	int64_t *ret = user;
	*ret = experiment->id;
	return 0;
}

static int find_number(struct store *store, int64_t number, int64_t *ret_id, struct err *err) {
	int64_t id = 0;
	int r = store_experiment_get(store, number, take_id, &id, err);
	if (r == 0)
		*ret_id = id;
	return r;
}

static int find_newest(
	struct store *store, const char *sql, const char *none, int64_t *ret_id, struct err *err) {
	int64_t id = 0;
	struct walk walk = {.store = store, .on_experiment = take_id, .user = &id};
	int r = walk_rows(&walk, sql, 1, give_experiment, err);
	if (r == 0 && walk.count == 0)
		r = err_set(err, -ENOENT, "%s", none);
	if (r == 0)
		*ret_id = id;
	return r;
}

int store_experiment_find(struct store *store, const char *word, int64_t *ret_id, struct err *err) {
	int64_t number;
	if (strcmp(word, "latest") == 0)
		return find_newest(store, EXPERIMENT "order by id desc limit ?",
			"no experiment yet", ret_id, err);
	if (strcmp(word, "unfinished") == 0)
		return find_newest(store,
			EXPERIMENT "where ended_at is null order by id desc limit ?",
			"no experiment is unfinished", ret_id, err);
	if (word[0] != '\0' && word[strspn(word, "0123456789")] == '\0' &&
		text_i64(word, strlen(word), &number))
		return find_number(store, number, ret_id, err);
	return err_set(err, -EINVAL,
		"\"%.80s\" names no experiment: a number, \"latest\" or \"unfinished\"", word);
}
