/* Experiments in the database: that they are on the disk in time, that nothing of them is lost, and
 * what is read of them. */
#include "store/experiment.h"
#include "store/internal.h"
#include "store_fixture.h"

#include <math.h>
#include <signal.h>
#include <time.h>

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

/* One number, by what may ask more than other people's SQL. */
static int64_t ask(const char *path, const char *sql) {
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

/* ---- on the disk ---- */

/* The methods of an open file with others in between, and what they did. */
struct wire {
	sqlite3_file *file;
	const sqlite3_io_methods *real;
	sqlite3_io_methods methods;
	unsigned syncs;
	int flags;
	unsigned calls, fail_at; /* of both files together; 0: never */
};

static struct wire wires[2];
static unsigned calls_of_all;

static struct wire *wire_of(sqlite3_file *file) {
	return file == wires[0].file ? &wires[0] : &wires[1];
}

static bool fails(struct wire *wire) {
	return ++calls_of_all == wire->fail_at;
}

static int wired_sync(sqlite3_file *file, int flags) {
	struct wire *wire = wire_of(file);
	wire->syncs++;
	wire->flags = flags;
	return fails(wire) ? SQLITE_IOERR_FSYNC : wire->real->xSync(file, flags);
}

static int wired_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at) {
	struct wire *wire = wire_of(file);
	return fails(wire) ? SQLITE_FULL : wire->real->xWrite(file, data, len, at);
}

static void wire(struct wire *wire, struct store *store, int which) {
	*wire = (struct wire){0};
	assert_int_equal(
		sqlite3_file_control(store->db, "main", which, (void *)&wire->file), SQLITE_OK);
	assert_non_null(wire->file);
	assert_non_null(wire->file->pMethods);
	wire->real = wire->file->pMethods;
	wire->methods = *wire->real;
	wire->methods.xSync = wired_sync;
	wire->methods.xWrite = wired_write;
	wire->file->pMethods = &wire->methods;
}

static void wire_all(struct store *store, unsigned fail_at) {
	/* The log is opened with the first look at the database. */
	(void)last_trial(store, 1);
	calls_of_all = 0;
	wire(&wires[0], store, SQLITE_FCNTL_FILE_POINTER);
	wire(&wires[1], store, SQLITE_FCNTL_JOURNAL_POINTER);
	assert_ptr_not_equal(wires[0].file, wires[1].file);
	wires[0].fail_at = wires[1].fail_at = fail_at;
}

static void unwire_all(void) {
	for (size_t i = 0; i < 2; i++)
		wires[i].file->pMethods = wires[i].real;
}

/* Whether the log was synced since the last look, and in the way that macOS needs. */
static unsigned log_syncs(void) {
	unsigned ret = wires[1].syncs;
	if (ret)
		assert_int_equal(wires[1].flags & 0x0f, SQLITE_SYNC_FULL);
	wires[1].syncs = 0;
	return ret;
}

static void test_synced(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	const struct store_trial trial = {.slot = 1};
	struct err err = {0};
	int64_t id = 0, experiment = add_experiment(store);
	int64_t incident = put_incident(store, "A0000000-0000-4000-8000-000000000000", "one");
	wire_all(store, 0);
	add_experiment(store);
	assert_int_equal(log_syncs(), 1);
	assert_int_equal(store_trial_begin(store, experiment, &trial, &id, &err), 0);
	assert_int_equal(log_syncs(), 1);
	assert_int_equal(store_trial_launched(store, id, 4711, START_US, &err), 0);
	assert_int_equal(log_syncs(), 0);
	end_trial(store, id, TRIAL_CRASHED);
	assert_int_equal(log_syncs(), 1);
	assert_int_equal(store_trial_label(store, id, "late", &err), 0);
	assert_int_equal(log_syncs(), 1);
	assert_int_equal(store_trial_pair(store, id, incident, &err), 0);
	assert_int_equal(log_syncs(), 1);
	assert_int_equal(store_experiment_end(store, experiment, some(START_US), &err), 0);
	assert_int_equal(log_syncs(), 1);
	/* What fails, and what is refused, leaves a handle that stores reports as before. */
	assert_int_equal(store_trial_label(store, 99, "late", &err), -ENOENT);
	assert_int_equal(store_trial_pair(store, 99, incident, &err), -EEXIST);
	put_incident(store, "B0000000-0000-4000-8000-000000000000", "one");
	assert_int_equal(log_syncs(), 0);
	unwire_all();
	store_close(store);
}

/* Not a moment later: this process has no chance to tidy up. */
static void test_killed(void **state) {
	struct fixture *fixture = *state;
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct store *store = open_mode(fixture, STORE_WRITE);
		begin_trial(store, add_experiment(store), 5);
		kill(getpid(), SIGKILL);
		_exit(write(ready[1], "x", 1) == 1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	struct store *store = open_mode(fixture, STORE_WRITE);
	struct seen seen = last_trial(store, 1);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.trial.outcome, TRIAL_STARTED);
	assert_int_equal(seen.trial.slot, 5);
	/* The next runner goes on. */
	end_trial(store, seen.trial.id, TRIAL_INTERRUPTED);
	assert_int_equal(last_trial(store, 1).trial.outcome, TRIAL_INTERRUPTED);
	store_close(store);
}

/* A batch of reports that is open on the same handle is neither committed nor given up. */
static void test_in_transaction(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	struct err err = {0};
	struct made made = made_default();
	enum store_put put;
	int64_t experiment = add_experiment(store), id = begin_trial(store, experiment, 0),
		other = 0;
	const struct store_trial trial = {.id = id, .outcome = TRIAL_CRASHED};
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(made_put(store, &made, &put, &other, &err), 0);
	assert_int_equal(store_experiment_add(store, &repro, conditions, 2, &experiment, &err),
		-EINPROGRESS);
	assert_int_equal(store_experiment_end(store, experiment, some(1), &err), -EINPROGRESS);
	assert_int_equal(store_trial_begin(store, experiment, &trial, &id, &err), -EINPROGRESS);
	assert_int_equal(store_trial_end(store, &trial, &err), -EINPROGRESS);
	assert_int_equal(store_trial_pair(store, id, other, &err), -EINPROGRESS);
	assert_int_equal(store_trial_label(store, id, "late", &err), -EINPROGRESS);
	assert_int_equal(store_trial_launched(store, id, 4711, START_US, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	struct seen seen = last_trial(store, experiment);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.trial.outcome, TRIAL_STARTED);
	assert_int_equal(seen.trial.pid.value, 4711);
	assert_int_equal(store_trial_pair(store, id, other, &err), 0);
	assert_sql(((struct fixture *)*state)->db, "select count(*) from incidents", "1");
	store_close(store);
}

static void test_refused(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	struct err err = {0};
	int64_t id = 77, experiment = add_experiment(store);
	const struct store_trial wrong = {.id = 9, .condition = 2};
	assert_int_equal(store_trial_begin(store, experiment, &wrong, &id, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no condition 2 in experiment 1"));
	assert_int_equal(store_trial_begin(store, 8, &(struct store_trial){0}, &id, &err), -ENOENT);
	assert_int_equal(store_trial_end(store, &wrong, &err), -ENOENT);
	assert_int_equal(store_trial_launched(store, 9, 1, 1, &err), -ENOENT);
	assert_int_equal(store_trial_label(store, 9, NULL, NULL), -ENOENT);
	assert_int_equal(id, 77);
	store_close(store);
	store = open_mode(*state, STORE_READ);
	assert_int_equal(store_experiment_add(store, &repro, conditions, 2, &id, &err), -EROFS);
	assert_int_equal(store_trial_launched(store, 1, 1, 1, &err), -EROFS);
	assert_int_equal(last_trial(store, experiment).count, 0);
	store_close(store);
}

/* ---- failures ---- */

/* All of it, until something fails: how far it came. */
static int go_through(struct store *store, int64_t incident) {
	const struct store_trial end = {.id = 1, .outcome = TRIAL_CRASHED, .stderr_tail = "tail"};
	struct err err = {0};
	int64_t id = 0;
	if (store_experiment_add(store, &repro, conditions, 2, &id, &err) < 0)
		return 0;
	if (store_trial_begin(store, id, &(struct store_trial){.slot = 1}, &id, &err) < 0)
		return 1;
	if (store_trial_launched(store, id, 4711, START_US, &err) < 0)
		return 2;
	if (store_trial_end(store, &end, &err) < 0)
		return 3;
	if (store_trial_pair(store, id, incident, &err) < 0)
		return 4;
	if (store_experiment_end(store, 1, some(START_US), &err) < 0)
		return 5;
	return 6;
}

/* Each write and each sync fails once: what was said to be stored is there, and nothing by halves.
 */
static void test_failing_disk(void **state) {
	struct fixture *fixture = *state;
	int reached = 0, seen_stages = 0;
	char expected[64];
	for (unsigned fail_at = 1; reached < 6; fail_at++) {
		struct store *store = open_mode(fixture, STORE_WRITE);
		int64_t incident =
			put_incident(store, "A0000000-0000-4000-8000-000000000000", "one");
		wire_all(store, fail_at);
		reached = go_through(store, incident);
		unwire_all();
		seen_stages |= 1 << reached;
		store_close(store);
		snprintf(expected, sizeof expected, "%d %d %d %d %d %d", reached > 0,
			2 * (reached > 0), reached > 1, reached > 3, reached > 4, reached > 5);
		assert_sql(fixture->db,
			"select (select count(*) from experiment) || ' ' || "
			"(select count(*) from condition) || ' ' || (select count(*) from trial) "
			"|| ' ' || (select count(*) from trial t join trial_output on trial_id = t.id "
			"where outcome = 'crashed' and pid = 4711) || ' ' || "
			"(select count(*) from trial where paired and incident = 1) || ' ' || "
			"(select count(*) from experiment where ended_at is not null)",
			expected);
		assert_true(fail_at < 200);
		exec(fixture->db, "delete from trial_output; delete from trial;"
				  "delete from condition; delete from experiment;"
				  "delete from sqlite_sequence");
	}
	/* Every call has failed at some point. */
	assert_int_equal(seen_stages, 0x7f);
}

/* ---- incidents ---- */

static void test_pair(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	struct err err = {0};
	int64_t experiment = add_experiment(store), first = begin_trial(store, experiment, 0);
	int64_t a = put_incident(store, "A0000000-0000-4000-8000-000000000000", "one");
	int64_t b = put_incident(store, "B0000000-0000-4000-8000-000000000000", NULL);
	end_trial(store, first, TRIAL_CRASHED);
	assert_int_equal(store_trial_label(store, first, "late", &err), 0);
	assert_string_equal(
		last_trial(store, experiment).text, "NULL|NULL|NULL|NULL|NULL|NULL|late");
	assert_int_equal(store_trial_pair(store, first, 99, &err), -ENOENT);
	assert_int_equal(store_trial_pair(store, 99, a, &err), -ENOENT);
	assert_string_equal(
		last_trial(store, experiment).text, "NULL|NULL|NULL|NULL|NULL|NULL|late");
	assert_int_equal(store_trial_pair(store, first, a, &err), 0);
	struct seen seen = last_trial(store, experiment);
	assert_string_equal(
		seen.text, "NULL|NULL|NULL|NULL|A0000000-0000-4000-8000-000000000000|one|NULL");
	assert_int_equal(seen.trial.incident.value, a);
	/* Again; another one; a second owner; a label now. */
	assert_int_equal(store_trial_pair(store, first, a, &err), 0);
	assert_int_equal(store_trial_pair(store, first, b, &err), -EEXIST);
	int64_t second = begin_trial(store, experiment, 1);
	assert_int_equal(store_trial_pair(store, second, a, &err), -EEXIST);
	assert_non_null(strstr(err.text, "belongs to trial 1"));
	assert_int_equal(store_trial_pair(store, second, b, &err), 0);
	assert_int_equal(store_trial_label(store, second, "late", &err), 0);
	assert_string_equal(last_trial(store, experiment).text,
		"NULL|NULL|NULL|NULL|B0000000-0000-4000-8000-000000000000|NULL|NULL");
	/* A trial may end after its report came. */
	end_trial(store, second, TRIAL_CRASHED);
	assert_int_equal(last_trial(store, experiment).trial.incident.value, b);
	store_close(store);
}

/* As long as the row is there it is asked; then the texts stay. */
static void test_incident_goes(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_mode(fixture, STORE_WRITE);
	struct err err = {0};
	int64_t experiment = add_experiment(store), trial = begin_trial(store, experiment, 0),
		ids[12];
	for (int i = 0; i < 12; i++) {
		char name[64];
		snprintf(name, sizeof name, "%08X-0000-4000-8000-000000000000", (unsigned)i);
		ids[i] = put_incident(store, name, "one");
	}
	assert_int_equal(store_trial_pair(store, trial, ids[5], &err), 0);
	exec(fixture->db, "insert into site (name) values ('today''s');"
			  "update incident set site_id = (select max(id) from site) where id = 6;"
			  "delete from site where name = 'another'");
	assert_string_equal(last_trial(store, experiment).text,
		"NULL|NULL|NULL|NULL|00000005-0000-4000-8000-000000000000|today's|NULL");
	assert_sql(fixture->db, "select site || incident from trials", "today's6");
	const struct store_retention retention = {
		.now_us = START_US + INT64_C(10000000000000), .max_age_us = 1};
	struct store_retained retained = {.more = true};
	while (retained.more)
		assert_int_equal(store_retain(store, &retention, &retained, &err), 0);
	assert_sql(fixture->db, "select count(*) from incidents where id = 6", "0");
	struct seen seen = last_trial(store, experiment);
	assert_false(seen.trial.incident.set);
	assert_string_equal(
		seen.text, "NULL|NULL|NULL|NULL|00000005-0000-4000-8000-000000000000|today's|NULL");
	assert_sql(fixture->db, "select site || incident_id || coalesce(incident, '-') from trials",
		"today's00000005-0000-4000-8000-000000000000-");
	assert_int_equal(ask(fixture->db, "select count(*) from pragma_foreign_key_check"), 0);
	/* It is paired for good, but the same incident may come back. */
	assert_int_equal(store_trial_label(store, trial, "late", &err), 0);
	assert_int_equal(store_trial_pair(store, trial, ids[11], &err), -EEXIST);
	struct made again = made_default();
	enum store_put put;
	int64_t id = 0;
	again.id = "00000005-0000-4000-8000-000000000000";
	again.site = "third";
	again.named = true;
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(made_put(store, &again, &put, &id, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(store_trial_pair(store, trial, id, &err), 0);
	assert_string_equal(last_trial(store, experiment).text,
		"NULL|NULL|NULL|NULL|00000005-0000-4000-8000-000000000000|third|NULL");
	store_close(store);
}

/* ---- texts ---- */

static void test_any_text(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_mode(fixture, STORE_WRITE);
	struct store_experiment odd = repro;
	struct store_condition condition = {
		.backend = "\x01\x1b[31m", .lock = "'; drop table trial;--"};
	struct err err = {0};
	int64_t id = 0;
	size_t len = 64 << 10;
	char *tail = malloc(len + 1);
	assert_non_null(tail);
	/* Every byte but NUL. */
	for (size_t i = 0; i < len; i++)
		tail[i] = (char)(i % 255 + 1);
	tail[len] = '\0';
	odd.command = odd.settings = odd.platform = "\xff\xfe{not json";
	assert_int_equal(store_experiment_add(store, &odd, &condition, 1, &id, &err), 0);
	assert_int_equal(store_trial_begin(store, id, &(struct store_trial){0}, &id, &err), 0);
	const struct store_trial end = {.id = id,
		.outcome = TRIAL_FAILED,
		.exit_status = some(-1),
		.has_throughput = true,
		.throughput = (double)NAN,
		.has_lock_wait = true,
		.lock_wait_s = (double)INFINITY,
		.signal = some(INT64_MAX),
		.error = "",
		.stacks = "",
		.stderr_tail = tail};
	assert_int_equal(store_trial_end(store, &end, &err), 0);
	struct seen seen = last_trial(store, 1);
	assert_false(seen.trial.has_throughput || seen.trial.has_lock_wait);
	assert_int_equal(seen.trial.exit_status.value, -1);
	assert_memory_equal(seen.text, "NULL||NULL|", 11);
	assert_memory_equal(seen.text + 11, tail, sizeof seen.text - 12);
	assert_sql(fixture->db, "select length(cast(stderr_tail as blob)) from trials", "65536");
	assert_sql(fixture->db, "select signal from trials", "9223372036854775807");
	assert_sql(fixture->db, "select lock from trials", "'; drop table trial;--");
	/* Without it the next time. */
	end_trial(store, id, TRIAL_FINISHED);
	assert_string_equal(last_trial(store, 1).text, "NULL|NULL|NULL|NULL|NULL|NULL|NULL");
	seen = (struct seen){0};
	assert_int_equal(store_experiments(store, 0, see_experiment, &seen, &err), 0);
	assert_string_equal(seen.text, "\xff\xfe{not json|\xff\xfe{not json|\xff\xfe{not json");
	store_close(store);
	free(tail);
}

/* What another program wrote there is no word of ours. */
static void test_unknown_word(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_mode(fixture, STORE_WRITE);
	struct seen seen = {0};
	struct err err = {0};
	begin_trial(store, add_experiment(store), 0);
	exec(fixture->db, "pragma ignore_check_constraints = on;"
			  "update trial set outcome = 'odd'; update experiment set kind = 'odd'");
	assert_int_equal(store_trials(store, 1, see_trial, &seen, &err), -EIO);
	assert_non_null(strstr(err.text, "odd"));
	assert_int_equal(store_experiments(store, 0, see_experiment, &seen, &err), -EIO);
	assert_int_equal(seen.count, 0);
	store_close(store);
}

/* ---- views ---- */

static void test_views(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_mode(fixture, STORE_WRITE);
	struct err err = {0};
	int64_t experiment = add_experiment(store);
	int64_t a = put_incident(store, "A0000000-0000-4000-8000-000000000000", "one");
	for (int slot = 0; slot < TRIAL_OUTCOME_COUNT; slot++) {
		const struct store_trial end = {.id = begin_trial(store, experiment, slot),
			.outcome = (enum trial_outcome)slot,
			.ended_at_us = some(START_US + slot + 1500000),
			.signal = some(slot == TRIAL_CRASHED ? SIGSEGV : 99),
			.stderr_tail = "tail"};
		if (slot != TRIAL_STARTED)
			assert_int_equal(store_trial_end(store, &end, &err), 0);
	}
	assert_int_equal(store_trial_pair(store, 3, a, &err), 0);
	assert_sql(fixture->db,
		"select id || kind || started_at || coalesce(ended_at, '-') || conditions || runs "
		"|| ' ' || trials || finished || crashed || hung || gpu_error || wrong_result || "
		"failed || interrupted || started || paired || simulated || ' ' || seed || command "
		"|| settings || platform from experiments",
		"1repro2025-12-21T01:36:18.286200Z-230 61111111111 18446744073709551614"
		"[\"agxtriage\",\"repro\"]{\"timeout\":60}{\"model\":\"Mac16,5\"}");
	assert_sql(fixture->db,
		"select id || experiment || condition || slot || kind || backend || scenario || "
		"lock || threads || env || outcome || ' ' || started_at || ended_at || duration_s "
		"|| ' ' || signal || throughput_unit || incident || incident_id || site || "
		"stderr_tail || simulated || coalesce(label, pid, exit_status, error, '-') "
		"from trials where outcome = 'crashed'",
		"3102reprosimshared-queuenone4{\"MTL_DEBUG_LAYER\":\"1\"}crashed "
		"2025-12-21T01:36:18.286202Z2025-12-21T01:36:19.786202Z1.5 SIGSEGVops/s1"
		"A0000000-0000-4000-8000-000000000000onetail1-");
	assert_sql(
		fixture->db, "select simulated || signal from trials where condition = 1", "099");
	assert_sql(fixture->db, "select count(*) from trials", "8");
	/* As the manual has it: a rate, and what the report of a trial says. */
	assert_sql(fixture->db,
		"select lock || threads || sum(outcome = 'crashed') || count(*) from trials "
		"where experiment = (select max(id) from experiments) "
		"and outcome not in ('started', 'interrupted') group by condition "
		"having lock is not null",
		"none413");
	assert_sql(fixture->db,
		"select t.lock || i.site || i.fault_address || i.concurrent_threads "
		"from trials t join incidents i on i.id = t.incident where t.experiment = 1",
		"noneone0x5c83");
	store_close(store);
}

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_many(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_mode(fixture, STORE_WRITE);
	for (int i = 0; i < 10; i++)
		add_experiment(store);
	exec(fixture->db,
		"with recursive n (i) as (select 0 union all select i + 1 from n where i < 99999) "
		"insert into trial (experiment_id, condition, slot, outcome, started_at, error) "
		"select 1 + i / 10000, i % 2, i, case when i % 3 then 'crashed' else 'finished' end, "
		"i, printf('%0100d', i) from n;"
		"insert into trial_output select id, null, printf('%04000d', id) from trial "
		"where id % 10 = 0");
	int64_t start = now_ms();
	assert_sql(fixture->db, "select sum(crashed) || ' ' || sum(trials) from experiments",
		"66666 100000");
	assert_sql(fixture->db, "select count(*) from trials where outcome = 'crashed'", "66666");
	assert_sql(fixture->db, "select count(*) from trials where experiment = 7", "10000");
	assert_sql(fixture->db,
		"select max(n) from (select lock, threads, count(*) as n from trials "
		"where experiment = 3 group by 1, 2)",
		"5000");
	assert_sql(fixture->db, "select id from trials order by id desc limit 1", "100000");
	assert_in_range(now_ms() - start, 0, 3000);
	store_close(store);
}

/* ---- other versions ---- */

static void test_migration(void **state) {
	struct fixture *fixture = *state;
	struct store *store = NULL;
	struct err err = {0};
	char folder[128];
	snprintf(folder, sizeof folder, "%s/own", fixture->folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	exec(fixture->db, "pragma page_size = 2048; pragma auto_vacuum = incremental;"
			  "pragma journal_mode = wal");
	exec(fixture->db, store_migrations[0].sql);
	exec(fixture->db, store_migrations[1].sql);
	exec(fixture->db,
		"pragma application_id = 1634170996; pragma user_version = 2;"
		"insert into word (id, hash, text) values (1, 0, 'crash'), (2, 0, 'json');"
		"insert into site (name) values ('one');"
		"insert into raw values (1, zeroblob(32), 9, 0, null, x'00');"
		"insert into incident (id, incident_id, raw_id, ordinal, first_seen_at, conflicts,"
		" kind, form, simulated, captured_at, site_id, concurrent_threads, offset_unknown)"
		" values (1, 'A', 1, 0, 5, 0, 1, 2, 1, 6, 1, 0, 0)");
	/* A reader changes nothing and says what does. */
	assert_int_equal(store_open(fixture->db, STORE_READ, &store, &err), -EPROTO);
	assert_non_null(strstr(err.text, "schema 2 of an older agxtriage"));
	store = open_mode(fixture, STORE_WRITE);
	assert_sql(fixture->db, "select count(*) from experiments", "0");
	int64_t trial = begin_trial(store, add_experiment(store), 1);
	assert_int_equal(store_trial_pair(store, trial, 1, &err), 0);
	assert_sql(fixture->db, "select incident_id || site || simulated from trials", "Aone1");
	assert_sql(fixture->db, "select kind || site from incidents", "crashone");
	store_close(store);
	assert_int_equal(ask(fixture->db, "pragma user_version"), 3);
}

/* ---- damage ---- */

static void fill(
	const struct fixture *fixture, const char *db, int64_t trials, const char *stderr_tail) {
	struct fixture other = *fixture;
	snprintf(other.db, sizeof other.db, "%s", db);
	struct store *store = open_mode(&other, STORE_WRITE);
	struct err err = {0};
	int64_t incident = put_incident(store, "A0000000-0000-4000-8000-000000000000", "one");
	add_experiment(store);
	add_experiment(store);
	for (int64_t slot = 0; slot < trials; slot++) {
		const struct store_trial end = {.id = begin_trial(store, 1 + slot % 2, slot),
			.outcome = TRIAL_CRASHED,
			.ended_at_us = some(START_US),
			.stderr_tail = stderr_tail};
		assert_int_equal(store_trial_end(store, &end, &err), 0);
	}
	assert_int_equal(store_trial_pair(store, 4, incident, &err), 0);
	store_close(store);
}

static off_t root_of(const char *db, const char *table) {
	char sql[128];
	snprintf(sql, sizeof sql, "select rootpage from sqlite_schema where name = '%s'", table);
	return ask(db, sql);
}

static void spoil(const char *db, off_t at, size_t len) {
	char noise[2048];
	memset(noise, 0x5a, sizeof noise);
	int fd = open(db, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, noise, len, at), (ssize_t)len);
	close(fd);
}

/* Into a new database that has the incident under another number. */
static struct store_salvaged_experiments salvage(const struct fixture *fixture, const char *from) {
	struct store_salvaged_experiments ret = {0};
	struct err err = {0};
	char command[256];
	unlink(fixture->db);
	snprintf(command, sizeof command, "%s-wal", fixture->db);
	unlink(command);
	struct store *store = open_mode(fixture, STORE_WRITE);
	put_incident(store, "B0000000-0000-4000-8000-000000000000", "two");
	put_incident(store, "A0000000-0000-4000-8000-000000000000", "one");
	assert_int_equal(store_salvage_experiments(from, store, &ret, &err), 0);
	store_close(store);
	assert_int_equal(ask(fixture->db, "select count(*) from pragma_foreign_key_check"), 0);
	return ret;
}

static void test_salvage(void **state) {
	struct fixture *fixture = *state;
	char old[128];
	snprintf(old, sizeof old, "%s/old.db", fixture->folder);
	fill(fixture, old, 200, "the end of what it said");
	struct store_salvaged_experiments saved = salvage(fixture, old);
	assert_false(saved.incomplete);
	assert_int_equal(saved.experiments, 2);
	assert_int_equal(saved.trials, 200);
	assert_sql(fixture->db,
		"select group_concat(id || site || incident) from trials "
		"where incident is not null",
		"4one2");
	assert_sql(fixture->db, "select count(*) from trials where stderr_tail like 'the end%'",
		"200");
	assert_sql(fixture->db,
		"select seed || conditions || crashed from experiments where id = 2",
		"184467440737095516142100");
	/* What no new database takes. */
	exec(old, "pragma ignore_check_constraints = on;"
		  "update trial set outcome = 'odd' where id = 17");
	saved = salvage(fixture, old);
	assert_true(saved.incomplete);
	assert_int_equal(saved.trials, 199);
	assert_sql(fixture->db, "select count(*) from trials where id = 17", "0");
	/* The root of the trials; then of the conditions. */
	spoil(old, (root_of(old, "trial") - 1) * 2048, 2048);
	saved = salvage(fixture, old);
	assert_true(saved.incomplete);
	assert_int_equal(saved.experiments, 2);
	assert_int_equal(saved.trials, 0);
	assert_sql(fixture->db, "select conditions from experiments where id = 2", "2");
	spoil(old, (root_of(old, "condition") - 1) * 2048, 2048);
	saved = salvage(fixture, old);
	assert_true(saved.incomplete);
	assert_int_equal(saved.experiments, 2);
	/* No schema, no database, no file. */
	spoil(old, 512, 1536);
	saved = salvage(fixture, old);
	assert_true(saved.incomplete);
	spoil(old, 0, 512);
	saved = salvage(fixture, old);
	assert_true(saved.incomplete && saved.experiments == 0);
	assert_int_equal(unlink(old), 0);
	assert_true(salvage(fixture, old).incomplete);
}

static void copy_file(const char *from, const char *to) {
	static char bytes[1 << 20];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	assert_non_null(in);
	assert_non_null(out);
	size_t len = fread(bytes, 1, sizeof bytes, in);
	assert_in_range(len, 1, sizeof bytes - 1);
	assert_int_equal(fwrite(bytes, 1, len, out), len);
	fclose(in);
	fclose(out);
}

/* Whichever page it is: what is missing is told. */
static void test_salvage_page_by_page(void **state) {
	struct fixture *fixture = *state;
	struct stat st;
	char whole[128], old[128];
	int partly = 0, all = 0;
	snprintf(whole, sizeof whole, "%s/whole.db", fixture->folder);
	snprintf(old, sizeof old, "%s/old.db", fixture->folder);
	fill(fixture, whole, 100, NULL);
	assert_int_equal(stat(whole, &st), 0);
	for (off_t page = 0; page < st.st_size / 2048; page++) {
		copy_file(whole, old);
		spoil(old, page * 2048, 2048);
		struct store_salvaged_experiments saved = salvage(fixture, old);
		assert_true(saved.incomplete || saved.trials == 100);
		partly += saved.trials > 0 && saved.trials < 100;
		all += saved.trials == 100;
	}
	/* Some leaves of the trials, and everything that has nothing to do with them. */
	assert_in_range(partly, 3, 30);
	assert_true(all > 30);
}

/* A database without such tables has lost none. */
static void test_salvage_older(void **state) {
	struct fixture *fixture = *state;
	char old[128];
	snprintf(old, sizeof old, "%s/old.db", fixture->folder);
	exec(old, store_migrations[0].sql);
	exec(old, "pragma user_version = 2");
	assert_false(salvage(fixture, old).incomplete);
	exec(old, "pragma user_version = 3");
	assert_true(salvage(fixture, old).incomplete);
}

static int count_problem(const char *text, void *user) {
	int *count = user;
	(*count)++;
	return 0;
}

static void test_full_check(void **state) {
	struct fixture *fixture = *state;
	struct store_checked checked;
	struct err err = {0};
	int problems = 0;
	fill(fixture, fixture->db, 20, "");
	struct store *store = open_mode(fixture, STORE_WRITE);
	assert_int_equal(store_check(store, STORE_CHECK_FULL, count_problem, &problems, NULL,
				 &checked, &err),
		0);
	assert_int_equal(problems, 0);
	exec(fixture->db, "delete from condition where experiment_id = 2 and number = 1");
	assert_int_equal(store_check(store, STORE_CHECK_FULL, count_problem, &problems, NULL,
				 &checked, &err),
		0);
	assert_int_equal(problems, 10);
	store_close(store);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_experiment),
		TEST(test_find),
		TEST(test_trial),
		TEST(test_synced),
		TEST(test_killed),
		TEST(test_in_transaction),
		TEST(test_refused),
		TEST(test_failing_disk),
		TEST(test_pair),
		TEST(test_incident_goes),
		TEST(test_any_text),
		TEST(test_unknown_word),
		TEST(test_views),
		TEST(test_many),
		TEST(test_migration),
		TEST(test_salvage),
		TEST(test_salvage_page_by_page),
		TEST(test_salvage_older),
		TEST(test_full_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
