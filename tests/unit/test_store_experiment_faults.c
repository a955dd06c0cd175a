/* Experiments are on the disk in time, survive kills and a failing disk, and are saved from damage.
 */
#include "experiment_fixture.h"

#include <signal.h>

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
		TEST(test_synced),
		TEST(test_killed),
		TEST(test_in_transaction),
		TEST(test_failing_disk),
		TEST(test_salvage),
		TEST(test_salvage_page_by_page),
		TEST(test_salvage_older),
		TEST(test_full_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
