/*
 * What the tests of experiments share: experiments made by hand, and their rows as they are read.
 */
#ifndef TESTS_EXPERIMENT_FIXTURE_H
#define TESTS_EXPERIMENT_FIXTURE_H

#include "store/experiment.h"
#include "store/internal.h"
#include "store_fixture.h"

#define START_US ((int64_t)1766280978286200)

static inline struct store *open_mode(const struct fixture *fixture, enum store_mode mode) {
	struct store *store = NULL;
	struct err err = {0};
	if (store_open(fixture->db, mode, &store, &err) < 0)
		fail_msg("%s", err.text);
	return store;
}

static inline void exec(const char *path, const char *sql) {
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* One number, by what may ask more than other people's SQL. */
static inline int64_t ask(const char *path, const char *sql) {
	sqlite3 *db = NULL;
	sqlite3_stmt *find = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &find, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(find), SQLITE_ROW);
	int64_t ret = sqlite3_column_int64(find, 0);
	sqlite3_finalize(find);
	sqlite3_close(db);
	return ret;
}

static inline struct i64_opt some(int64_t value) {
	return (struct i64_opt){.value = value, .set = true};
}

/* ---- made-up experiments ---- */

static const struct store_experiment repro = {.kind = EXPERIMENT_REPRO,
	.started_at_us = START_US,
	.runs = 30,
	.seed = UINT64_MAX - 1,
	.command = "[\"agxtriage\",\"repro\"]",
	.settings = "{\"timeout\":60}",
	.platform = "{\"model\":\"Mac16,5\"}"};

static const struct store_condition conditions[] = {
	{.backend = "sim",
		.scenario = "shared-queue",
		.lock = "none",
		.threads = {4, true},
		.env = "{\"MTL_DEBUG_LAYER\":\"1\"}",
		.command = "[\"agxtriage-repro\",\"--threads\",\"4\"]",
		.throughput_unit = "ops/s"},
	{.number = 7, .command = "[\"true\"]"},
};

static inline int64_t add_experiment(struct store *store) {
	struct err err = {0};
	int64_t id = 0;
	if (store_experiment_add(store, &repro, conditions, 2, &id, &err) < 0)
		fail_msg("%s", err.text);
	return id;
}

static inline int64_t begin_trial(struct store *store, int64_t experiment, int64_t slot) {
	const struct store_trial trial = {
		.condition = slot % 2, .slot = slot, .started_at_us = START_US + slot};
	struct err err = {0};
	int64_t id = 0;
	if (store_trial_begin(store, experiment, &trial, &id, &err) < 0)
		fail_msg("%s", err.text);
	return id;
}

static inline void end_trial(struct store *store, int64_t id, enum trial_outcome outcome) {
	const struct store_trial trial = {
		.id = id, .outcome = outcome, .ended_at_us = some(START_US + 1000000)};
	struct err err = {0};
	if (store_trial_end(store, &trial, &err) < 0)
		fail_msg("%s", err.text);
}

static inline int64_t put_incident(struct store *store, const char *incident_id, const char *site) {
	struct made made = made_default();
	struct err err = {0};
	enum store_put put;
	int64_t id = 0;
	char bytes[128], path[128];
	snprintf(bytes, sizeof bytes, "{\"made\":\"%s\"}", incident_id);
	snprintf(path, sizeof path, "/reports/%s.ips", incident_id);
	made.id = incident_id;
	made.site = site;
	made.bytes = bytes;
	made.path = path;
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(made_put(store, &made, &put, &id, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	return id;
}

/* ---- rows as they are read ---- */

#define SEEN_MAX 64

struct seen {
	size_t count;
	int64_t ids[SEEN_MAX];
	char text[4096]; /* all texts of the last one */
	struct store_trial trial;
	struct store_experiment experiment;
	int end_with;
};

static const char *or_null(const char *text) {
	return text != NULL ? text : "NULL";
}

static inline int see_trial(const struct store_trial *trial, void *user) {
	struct seen *seen = user;
	assert_true(seen->count < SEEN_MAX);
	seen->ids[seen->count++] = trial->id;
	seen->trial = *trial;
	snprintf(seen->text, sizeof seen->text, "%s|%s|%s|%s|%s|%s|%s", or_null(trial->latency),
		or_null(trial->error), or_null(trial->stacks), or_null(trial->stderr_tail),
		or_null(trial->incident_id), or_null(trial->site), or_null(trial->label));
	return seen->end_with;
}

static inline int see_experiment(const struct store_experiment *experiment, void *user) {
	struct seen *seen = user;
	assert_true(seen->count < SEEN_MAX);
	seen->ids[seen->count++] = experiment->id;
	seen->experiment = *experiment;
	snprintf(seen->text, sizeof seen->text, "%s|%s|%s", experiment->command,
		experiment->settings, experiment->platform);
	return seen->end_with;
}

static inline int see_condition(const struct store_condition *condition, void *user) {
	struct seen *seen = user;
	size_t len = strlen(seen->text);
	seen->ids[seen->count++] = condition->number;
	snprintf(seen->text + len, sizeof seen->text - len, "%s|%s|%s|%d|%s|%s|%s;",
		or_null(condition->backend), or_null(condition->scenario), or_null(condition->lock),
		condition->threads.set ? (int)condition->threads.value : -1, condition->env,
		condition->command, or_null(condition->throughput_unit));
	return seen->end_with;
}

/* The newest trial of an experiment. */
static inline struct seen last_trial(struct store *store, int64_t experiment) {
	struct seen seen = {0};
	struct err err = {0};
	assert_int_equal(store_trials(store, experiment, see_trial, &seen, &err), 0);
	return seen;
}

#endif
