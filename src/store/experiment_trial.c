/* What a trial leaves, step by step: begun, launched, ended, paired with its incident or labelled.
 */
#include "base/signal_name.h"
#include "store/experiment.h"
#include "store/internal.h"

#include <limits.h>
#include <math.h>

/* The system rounds the time of a start, and its clock is not the one that a runner reads. */
#define LAUNCH_US 2000000

/* Runs a statement that has to meet the row of trial id. */
static int change(struct store *store, sqlite3_stmt *statement, int64_t id, struct err *err) {
	int r = store_run(store, statement, err);
	if (r == 0 && sqlite3_changes(store->db) == 0)
		r = err_set(err, -ENOENT, "no trial %lld", (long long)id);
	return r;
}

/* ---- begin, launch ---- */

static int add(struct store *store, int64_t experiment, const struct store_trial *trial,
	int64_t *ret_id, struct err *err) {
	sqlite3_stmt *insert = store_statement(store, ST_TRIAL_ADD, err);
	if (insert == NULL)
		return store_code(err);
	sqlite3_bind_int64(insert, 1, experiment);
	sqlite3_bind_int64(insert, 2, trial->condition);
	sqlite3_bind_int64(insert, 3, trial->slot);
	sqlite3_bind_int64(insert, 4, trial->started_at_us);
	int r = store_run(store, insert, err);
	if (r < 0 && sqlite3_extended_errcode(store->db) == SQLITE_CONSTRAINT_FOREIGNKEY)
		return err_set(err, -ENOENT, "no condition %lld in experiment %lld",
			(long long)trial->condition, (long long)experiment);
	if (r == 0)
		*ret_id = sqlite3_last_insert_rowid(store->db);
	return r;
}

int store_trial_begin(struct store *store, int64_t experiment, const struct store_trial *trial,
	int64_t *ret_id, struct err *err) {
	struct err own = {0};
	int64_t id = 0;
	err = err != NULL ? err : &own;
	int r = store_begin_durable(store, err);
	if (r < 0)
		return r;
	r = store_end_durable(store, add(store, experiment, trial, &id, err), err);
	if (r == 0)
		*ret_id = id;
	return r;
}

int store_trial_launched(
	struct store *store, int64_t id, int64_t pid, int64_t launched_at_us, struct err *err) {
	struct err own = {0};
	err = err != NULL ? err : &own;
	sqlite3_stmt *update = store_statement(store, ST_TRIAL_LAUNCHED, err);
	if (update == NULL)
		return store_code(err);
	sqlite3_bind_int64(update, 1, id);
	sqlite3_bind_int64(update, 2, pid);
	sqlite3_bind_int64(update, 3, launched_at_us);
	return change(store, update, id, err);
}

/* ---- end ---- */

/* What is no number was not measured. */
static void bind_real(sqlite3_stmt *statement, int at, bool has, double value) {
	if (has && isfinite(value))
		sqlite3_bind_double(statement, at, value);
	else
		sqlite3_bind_null(statement, at);
}

static const char *name_of(struct i64_opt signal) {
	bool fits = signal.set && signal.value > 0 && signal.value <= INT_MAX;
	return fits ? signal_name((int)signal.value) : NULL;
}

static int put_end(struct store *store, const struct store_trial *trial, struct err *err) {
	sqlite3_stmt *update = store_statement(store, ST_TRIAL_END, err);
	if (update == NULL)
		return store_code(err);
	sqlite3_bind_int64(update, 1, trial->id);
	store_bind_text(update, 2, trial_outcome_names[trial->outcome]);
	store_bind_opt(update, 3, trial->ended_at_us);
	store_bind_opt(update, 4, trial->pid);
	store_bind_opt(update, 5, trial->launched_at_us);
	store_bind_opt(update, 6, trial->exit_status);
	store_bind_opt(update, 7, trial->signal);
	store_bind_text(update, 8, name_of(trial->signal));
	store_bind_opt(update, 9, trial->operations);
	bind_real(update, 10, trial->has_throughput, trial->throughput);
	bind_real(update, 11, trial->has_lock_wait, trial->lock_wait_s);
	store_bind_text(update, 12, trial->latency);
	store_bind_text(update, 13, trial->error);
	return change(store, update, trial->id, err);
}

static const char *unless_empty(const char *text) {
	return text != NULL && text[0] != '\0' ? text : NULL;
}

static int put_output(struct store *store, const struct store_trial *trial, struct err *err) {
	const char *stacks = unless_empty(trial->stacks);
	const char *stderr_tail = unless_empty(trial->stderr_tail);
	sqlite3_stmt *drop = store_statement(store, ST_TRIAL_OUTPUT_DROP, err);
	if (drop == NULL)
		return store_code(err);
	sqlite3_bind_int64(drop, 1, trial->id);
	int r = store_run(store, drop, err);
	if (r < 0 || (stacks == NULL && stderr_tail == NULL))
		return r;
	sqlite3_stmt *put = store_statement(store, ST_TRIAL_OUTPUT_ADD, err);
	if (put == NULL)
		return store_code(err);
	sqlite3_bind_int64(put, 1, trial->id);
	store_bind_text(put, 2, stacks);
	store_bind_text(put, 3, stderr_tail);
	return store_run(store, put, err);
}

int store_trial_end(struct store *store, const struct store_trial *trial, struct err *err) {
	struct err own = {0};
	err = err != NULL ? err : &own;
	int r = store_begin_durable(store, err);
	if (r < 0)
		return r;
	r = put_end(store, trial, err);
	if (r == 0)
		r = put_output(store, trial, err);
	return store_end_durable(store, r, err);
}

/* ---- pair, label ---- */

/* 1: this very pair stands already; 0: nothing is in the way. */
static int look_for_pair(struct store *store, int64_t id, int64_t incident, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_TRIAL_OF_INCIDENT, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, incident);
	int r = store_step(store, find, err);
	int64_t owner = r == 1 ? sqlite3_column_int64(find, 0) : id;
	sqlite3_reset(find);
	if (r == 1 && owner != id)
		return err_set(err, -EEXIST, "incident %lld belongs to trial %lld",
			(long long)incident, (long long)owner);
	return r;
}

/* A trial has one incident. The same may come again after retention had deleted its row. */
static int look_at_trial(struct store *store, int64_t id, int64_t incident, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_TRIAL_FIND, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, id);
	sqlite3_bind_int64(find, 2, incident);
	int r = store_step(store, find, err);
	bool other = r == 1 && sqlite3_column_int(find, 0) && !sqlite3_column_int(find, 1);
	sqlite3_reset(find);
	if (r == 0)
		return err_set(err, -ENOENT, "no trial %lld", (long long)id);
	if (other)
		return err_set(err, -EEXIST, "trial %lld has another incident", (long long)id);
	return r < 0 ? r : 0;
}

static int pair(struct store *store, int64_t id, int64_t incident, struct err *err) {
	int r = look_for_pair(store, id, incident, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = look_at_trial(store, id, incident, err);
	if (r < 0)
		return r;
	sqlite3_stmt *update = store_statement(store, ST_TRIAL_PAIR, err);
	if (update == NULL)
		return store_code(err);
	sqlite3_bind_int64(update, 1, id);
	sqlite3_bind_int64(update, 2, incident);
	r = store_run(store, update, err);
	if (r == 0 && sqlite3_changes(store->db) == 0)
		r = err_set(err, -ENOENT, "no incident %lld", (long long)incident);
	return r;
}

int store_trial_pair(struct store *store, int64_t id, int64_t incident, struct err *err) {
	struct err own = {0};
	err = err != NULL ? err : &own;
	int r = store_begin_durable(store, err);
	return r < 0 ? r : store_end_durable(store, pair(store, id, incident, err), err);
}

/* 1 and *ret_id of the row that the bound statement finds, 0 for none. */
static int find_trial(struct store *store, sqlite3_stmt *find, int64_t *ret_id, struct err *err) {
	int r = store_step(store, find, err);
	if (r == 1)
		*ret_id = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	return r;
}

static int find_unreported(
	struct store *store, const struct report *report, int64_t *ret_id, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_TRIAL_UNREPORTED, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, report->process.pid.value);
	sqlite3_bind_int64(find, 2, report->launched_at_us.value);
	sqlite3_bind_int64(find, 3, LAUNCH_US);
	return find_trial(store, find, ret_id, err);
}

/* One whose command started the process that crashed, and said nothing of it. */
static int find_hiding(
	struct store *store, const struct report *report, int64_t *ret_id, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_TRIAL_HIDING, err);
	if (find == NULL)
		return store_code(err);
	store_bind_opt(find, 1, report->process.parent_pid);
	store_bind_opt(find, 2, report->process.responsible_pid);
	sqlite3_bind_int64(find, 3, report->launched_at_us.value);
	sqlite3_bind_int64(find, 4, LAUNCH_US);
	return find_trial(store, find, ret_id, err);
}

static int correct(struct store *store, int64_t id, struct err *err) {
	sqlite3_stmt *update = store_statement(store, ST_TRIAL_HID, err);
	if (update == NULL)
		return store_code(err);
	sqlite3_bind_int64(update, 1, id);
	return change(store, update, id, err);
}

int store_trial_adopt(
	struct store *store, int64_t incident, const struct report *report, struct err *err) {
	int64_t id = 0;
	if (report->kind != REPORT_CRASH || !report->process.pid.set || !report->launched_at_us.set)
		return 0;
	int r = find_unreported(store, report, &id, err);
	if (r == 1)
		return pair(store, id, incident, err);
	if (r == 0)
		r = find_hiding(store, report, &id, err);
	if (r == 1)
		r = correct(store, id, err);
	return r == 0 && id != 0 ? pair(store, id, incident, err) : r;
}

static int put_label(struct store *store, int64_t id, const char *label, struct err *err) {
	sqlite3_stmt *update = store_statement(store, ST_TRIAL_LABEL, err);
	if (update == NULL)
		return store_code(err);
	sqlite3_bind_int64(update, 1, id);
	store_bind_text(update, 2, label);
	return change(store, update, id, err);
}

int store_trial_label(struct store *store, int64_t id, const char *label, struct err *err) {
	struct err own = {0};
	err = err != NULL ? err : &own;
	int r = store_begin_durable(store, err);
	return r < 0 ? r : store_end_durable(store, put_label(store, id, label, err), err);
}
