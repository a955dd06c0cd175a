/* Experiments in the database: that they are on the disk in time, that nothing of them is lost, and
 * what is read of them. */
#include "store/experiment.h"
#include "store/internal.h"
#include "store_fixture.h"

#include <math.h>
#include <signal.h>

#define START_US ((int64_t)1766280978286200)

static struct store *open_mode(const struct fixture *fixture, enum store_mode mode) {
	struct store *store = NULL;
	struct err err = {0};
	if (store_open(fixture->db, mode, &store, &err) < 0)
		fail_msg("%s", err.text);
	return store;
}

static void exec(const char *path, const char *sql) {
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static struct i64_opt some(int64_t value) {
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

static int64_t add_experiment(struct store *store) {
	struct err err = {0};
	int64_t id = 0;
	if (store_experiment_add(store, &repro, conditions, 2, &id, &err) < 0)
		fail_msg("%s", err.text);
	return id;
}

static int64_t begin_trial(struct store *store, int64_t experiment, int64_t slot) {
	const struct store_trial trial = {
		.condition = slot % 2, .slot = slot, .started_at_us = START_US + slot};
	struct err err = {0};
	int64_t id = 0;
	if (store_trial_begin(store, experiment, &trial, &id, &err) < 0)
		fail_msg("%s", err.text);
	return id;
}

static void end_trial(struct store *store, int64_t id, enum trial_outcome outcome) {
	const struct store_trial trial = {
		.id = id, .outcome = outcome, .ended_at_us = some(START_US + 1000000)};
	struct err err = {0};
	if (store_trial_end(store, &trial, &err) < 0)
		fail_msg("%s", err.text);
}

static int64_t put_incident(struct store *store, const char *incident_id, const char *site) {
	struct made made = made_default();
	struct err err = {0};
	enum store_put put;
	int64_t id = 0;
	char bytes[64], path[64];
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

static int see_trial(const struct store_trial *trial, void *user) {
	struct seen *seen = user;
	assert_true(seen->count < SEEN_MAX);
	seen->ids[seen->count++] = trial->id;
	seen->trial = *trial;
	snprintf(seen->text, sizeof seen->text, "%s|%s|%s|%s|%s|%s|%s", or_null(trial->latency),
		or_null(trial->error), or_null(trial->stacks), or_null(trial->stderr_tail),
		or_null(trial->incident_id), or_null(trial->site), or_null(trial->label));
	return seen->end_with;
}

static int see_experiment(const struct store_experiment *experiment, void *user) {
	struct seen *seen = user;
	assert_true(seen->count < SEEN_MAX);
	seen->ids[seen->count++] = experiment->id;
	seen->experiment = *experiment;
	snprintf(seen->text, sizeof seen->text, "%s|%s|%s", experiment->command,
		experiment->settings, experiment->platform);
	return seen->end_with;
}

static int see_condition(const struct store_condition *condition, void *user) {
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
static struct seen last_trial(struct store *store, int64_t experiment) {
	struct seen seen = {0};
	struct err err = {0};
	assert_int_equal(store_trials(store, experiment, see_trial, &seen, &err), 0);
	return seen;
}

static void test_experiment(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	struct seen seen = {0};
	struct err err = {0};
	assert_int_equal(add_experiment(store), 1);
	assert_int_equal(store_experiment_get(store, 1, see_experiment, &seen, &err), 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.experiment.kind, EXPERIMENT_REPRO);
	assert_int_equal(seen.experiment.started_at_us, START_US);
	assert_false(seen.experiment.ended_at_us.set);
	assert_int_equal(seen.experiment.runs, 30);
	assert_true(seen.experiment.seed == UINT64_MAX - 1);
	assert_string_equal(
		seen.text, "[\"agxtriage\",\"repro\"]|{\"timeout\":60}|{\"model\":\"Mac16,5\"}");
	seen = (struct seen){0};
	assert_int_equal(store_conditions(store, 1, see_condition, &seen, &err), 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.ids[1], 1); /* by its place */
	assert_string_equal(seen.text, "sim|shared-queue|none|4|{\"MTL_DEBUG_LAYER\":\"1\"}|"
				       "[\"agxtriage-repro\",\"--threads\",\"4\"]|ops/s;"
				       "NULL|NULL|NULL|-1|{}|[\"true\"]|NULL;");
	assert_int_equal(store_experiment_get(store, 2, see_experiment, &seen, &err), -ENOENT);
	seen = (struct seen){.end_with = 5};
	assert_int_equal(store_conditions(store, 1, see_condition, &seen, &err), 5);
	assert_int_equal(seen.count, 1);
	store_close(store);
}

static void test_find(void **state) {
	static const char *const hostile[] = {"", " ", "-1", "+1", "1 ", " 1", "1x", "0x1",
		"Latest", "latest ", "last", "1;drop table trial", "%s%n", "99999999999999999999",
		"\xff", "1.0", "1e3"};
	struct store *store = open_mode(*state, STORE_WRITE);
	struct seen seen = {0};
	struct err err = {0};
	int64_t id = 77;
	assert_int_equal(store_experiment_find(store, "latest", &id, &err), -ENOENT);
	assert_int_equal(store_experiment_find(store, "unfinished", &id, &err), -ENOENT);
	assert_int_equal(store_experiment_find(store, "1", &id, &err), -ENOENT);
	for (int i = 0; i < 4; i++)
		add_experiment(store);
	assert_int_equal(store_experiment_end(store, 4, some(START_US), &err), 0);
	assert_int_equal(store_experiment_end(store, 2, some(START_US), &err), 0);
	assert_int_equal(store_experiment_end(store, 5, some(START_US), &err), -ENOENT);
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
		assert_int_equal(store_experiment_find(store, hostile[i], &id, &err), -EINVAL);
	assert_int_equal(store_experiment_find(store, "5", &id, &err), -ENOENT);
	assert_int_equal(store_experiment_find(store, "9223372036854775807", &id, &err), -ENOENT);
	assert_int_equal(id, 77);
	assert_int_equal(store_experiment_find(store, "latest", &id, &err), 0);
	assert_int_equal(id, 4);
	assert_int_equal(store_experiment_find(store, "unfinished", &id, &err), 0);
	assert_int_equal(id, 3);
	assert_int_equal(store_experiment_find(store, "2", &id, &err), 0);
	assert_int_equal(id, 2);
	assert_int_equal(store_experiment_end(store, 4, (struct i64_opt){0}, &err), 0);
	assert_int_equal(store_experiment_find(store, "unfinished", &id, &err), 0);
	assert_int_equal(id, 4);
	assert_int_equal(store_experiments(store, 3, see_experiment, &seen, &err), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.ids[0], 4);
	assert_int_equal(seen.ids[2], 2);
	assert_true(seen.experiment.ended_at_us.set);
	seen.count = 0;
	assert_int_equal(store_experiments(store, 0, see_experiment, &seen, &err), 0);
	assert_int_equal(seen.count, 4);
	store_close(store);
}

static void test_trial(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	struct err err = {0};
	int64_t experiment = add_experiment(store), id = begin_trial(store, experiment, 3);
	struct seen seen = last_trial(store, experiment);
	assert_int_equal(seen.trial.id, id);
	assert_int_equal(seen.trial.condition, 1);
	assert_int_equal(seen.trial.slot, 3);
	assert_int_equal(seen.trial.outcome, TRIAL_STARTED);
	assert_int_equal(seen.trial.started_at_us, START_US + 3);
	assert_false(seen.trial.pid.set || seen.trial.ended_at_us.set || seen.trial.has_throughput);
	assert_string_equal(seen.text, "NULL|NULL|NULL|NULL|NULL|NULL|NULL");
	assert_int_equal(store_trial_launched(store, id, 4711, START_US + 9, &err), 0);
	seen = last_trial(store, experiment);
	assert_int_equal(seen.trial.pid.value, 4711);
	assert_int_equal(seen.trial.launched_at_us.value, START_US + 9);
	const struct store_trial end = {.id = id,
		.outcome = TRIAL_HUNG,
		.ended_at_us = some(START_US + 50),
		.signal = some(SIGKILL),
		.operations = some(INT64_MAX),
		.has_throughput = true,
		.throughput = 6149.25,
		.has_lock_wait = true,
		.lock_wait_s = 0.5,
		.latency = "{\"p50\":1}",
		.error = "it's",
		.stacks = "a\nb",
		.stderr_tail = "tail"};
	assert_int_equal(store_trial_end(store, &end, &err), 0);
	seen = last_trial(store, experiment);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.trial.outcome, TRIAL_HUNG);
	assert_int_equal(seen.trial.pid.value, 4711); /* kept */
	assert_int_equal(seen.trial.launched_at_us.value, START_US + 9);
	assert_int_equal(seen.trial.signal.value, SIGKILL);
	assert_false(seen.trial.exit_status.set);
	assert_int_equal(seen.trial.operations.value, INT64_MAX);
	assert_true(seen.trial.has_throughput && seen.trial.throughput == 6149.25);
	assert_true(seen.trial.has_lock_wait && seen.trial.lock_wait_s == 0.5);
	assert_string_equal(seen.text, "{\"p50\":1}|it's|a\nb|tail|NULL|NULL|NULL");
	assert_sql(((struct fixture *)*state)->db, "select signal from trials", "SIGKILL");
	store_close(store);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_experiment),
		TEST(test_find),
		TEST(test_trial),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
