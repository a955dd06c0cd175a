/*
 * Experiments and their conditions, and the transactions of what nobody can measure again. Trials
 * are in experiment_trial.c, reading in experiment_read.c.
 */
#include "store/experiment.h"

#include "store/internal.h"

const char *const trial_outcome_names[TRIAL_OUTCOME_COUNT] = {
	[TRIAL_STARTED] = "started",
	[TRIAL_FINISHED] = "finished",
	[TRIAL_CRASHED] = "crashed",
	[TRIAL_HUNG] = "hung",
	[TRIAL_GPU_ERROR] = "gpu_error",
	[TRIAL_WRONG_RESULT] = "wrong_result",
	[TRIAL_FAILED] = "failed",
	[TRIAL_INTERRUPTED] = "interrupted",
};

const char *const experiment_kind_names[EXPERIMENT_KIND_COUNT] = {
	[EXPERIMENT_REPRO] = "repro",
	[EXPERIMENT_RUN] = "run",
};

/*
 * SQLite changes this between transactions only, and when the statement is compiled: it cannot be
 * one of the kept statements. Reports go on without waiting for the disk.
 */
static int wait_for_disk(struct store *store, bool wait, struct err *err) {
	return store_exec(
		store, wait ? "pragma synchronous = full" : "pragma synchronous = normal", err);
}

int store_begin_durable(struct store *store, struct err *err) {
	if (store->in_transaction)
		return err_set(err, -EINPROGRESS,
			"%s: within another transaction nothing of an experiment can be stored",
			store->path);
	int r = wait_for_disk(store, true, err);
	if (r < 0)
		return r;
	r = store_begin(store, err);
	if (r < 0)
		(void)wait_for_disk(store, false, NULL);
	return r;
}

int store_end_durable(struct store *store, int r, struct err *err) {
	if (r >= 0)
		r = store_commit(store, err);
	else
		store_rollback(store);
	(void)wait_for_disk(store, false, NULL);
	return r;
}

static const char *or_empty(const char *json, const char *empty) {
	return json != NULL ? json : empty;
}

static int add_condition(struct store *store, int64_t experiment, int64_t number,
	const struct store_condition *condition, struct err *err) {
	sqlite3_stmt *add = store_statement(store, ST_CONDITION_ADD, err);
	if (add == NULL)
		return store_code(err);
	sqlite3_bind_int64(add, 1, experiment);
	sqlite3_bind_int64(add, 2, number);
	store_bind_text(add, 3, condition->backend);
	store_bind_text(add, 4, condition->scenario);
	store_bind_text(add, 5, condition->lock);
	store_bind_opt(add, 6, condition->threads);
	store_bind_text(add, 7, or_empty(condition->env, "{}"));
	store_bind_text(add, 8, or_empty(condition->command, "[]"));
	store_bind_text(add, 9, condition->throughput_unit);
	return store_run(store, add, err);
}

static int add_experiment(struct store *store, const struct store_experiment *experiment,
	int64_t *ret_id, struct err *err) {
	sqlite3_stmt *add = store_statement(store, ST_EXPERIMENT_ADD, err);
	if (add == NULL)
		return store_code(err);
	store_bind_text(add, 1, experiment_kind_names[experiment->kind]);
	sqlite3_bind_int64(add, 2, experiment->started_at_us);
	store_bind_opt(add, 3, experiment->ended_at_us);
	sqlite3_bind_int64(add, 4, experiment->runs);
	sqlite3_bind_int64(add, 5, (int64_t)experiment->seed);
	store_bind_text(add, 6, or_empty(experiment->command, "[]"));
	store_bind_text(add, 7, or_empty(experiment->settings, "{}"));
	store_bind_text(add, 8, or_empty(experiment->platform, "{}"));
	int r = store_run(store, add, err);
	if (r == 0)
		*ret_id = sqlite3_last_insert_rowid(store->db);
	return r;
}

int store_experiment_add(struct store *store, const struct store_experiment *experiment,
	const struct store_condition *conditions, size_t count, int64_t *ret_id, struct err *err) {
	struct err own = {0};
	int64_t id = 0;
	err = err != NULL ? err : &own;
	int r = store_begin_durable(store, err);
	if (r < 0)
		return r;
	r = add_experiment(store, experiment, &id, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_condition(store, id, (int64_t)i, &conditions[i], err);
	r = store_end_durable(store, r, err);
	if (r == 0)
		*ret_id = id;
	return r;
}

static int end_experiment(
	struct store *store, int64_t id, struct i64_opt ended_at_us, struct err *err) {
	sqlite3_stmt *end = store_statement(store, ST_EXPERIMENT_END, err);
	if (end == NULL)
		return store_code(err);
	sqlite3_bind_int64(end, 1, id);
	store_bind_opt(end, 2, ended_at_us);
	int r = store_run(store, end, err);
	if (r == 0 && sqlite3_changes(store->db) == 0)
		r = err_set(err, -ENOENT, "no experiment %lld", (long long)id);
	return r;
}

int store_experiment_end(
	struct store *store, int64_t id, struct i64_opt ended_at_us, struct err *err) {
	struct err own = {0};
	err = err != NULL ? err : &own;
	int r = store_begin_durable(store, err);
	if (r < 0)
		return r;
	return store_end_durable(store, end_experiment(store, id, ended_at_us, err), err);
}
