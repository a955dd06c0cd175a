/* Experiments in the database: what is read of them, and what becomes of their incidents. */
#include "experiment_fixture.h"

#include <math.h>
#include <signal.h>
#include <time.h>

/* ---- rows ---- */

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

/* ---- refusals ---- */

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

static int64_t put_child(struct store *store, const char *id, int64_t pid, int64_t parent_pid,
	int64_t launched_at_us) {
	struct made made = made_default();
	struct err err = {0};
	enum store_put put;
	int64_t ret = 0;
	made.id = id;
	made.bytes = id;
	made.path = id;
	made.pid = pid;
	made.parent_pid = parent_pid;
	made.launched_at_us = launched_at_us;
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(made_put(store, &made, &put, &ret, &err), 0);
	assert_int_equal(put, STORE_ADDED);
	assert_int_equal(store_commit(store, &err), 0);
	return ret;
}

static int64_t put_late(struct store *store, const char *id, int64_t pid, int64_t launched_at_us) {
	return put_child(store, id, pid, 0, launched_at_us);
}

/* A report that comes when nobody waits for it any more still finds its trial. */
static void test_late_report(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	struct err err = {0};
	int64_t experiment = add_experiment(store), trial = begin_trial(store, experiment, 0);
	assert_int_equal(store_trial_launched(store, trial, 4711, START_US, &err), 0);
	/* Its runner may still pair it otherwise. */
	put_late(store, "00000000-0000-4000-8000-000000000000", 4711, START_US);
	assert_false(last_trial(store, experiment).trial.incident.set);
	end_trial(store, trial, TRIAL_CRASHED);
	assert_int_equal(store_trial_label(store, trial, "late", &err), 0);
	put_late(store, "10000000-0000-4000-8000-000000000000", 4712, START_US);
	put_late(store, "20000000-0000-4000-8000-000000000000", 4711, START_US + 2000001);
	put_late(store, "30000000-0000-4000-8000-000000000000", 4711, START_US - 2000001);
	assert_false(last_trial(store, experiment).trial.incident.set);
	assert_string_equal(
		last_trial(store, experiment).text, "NULL|NULL|NULL|NULL|NULL|NULL|late");
	int64_t id =
		put_late(store, "40000000-0000-4000-8000-000000000000", 4711, START_US + 2000000);
	assert_int_equal(last_trial(store, experiment).trial.incident.value, id);
	assert_null(strstr(last_trial(store, experiment).text, "late"));
	put_late(store, "50000000-0000-4000-8000-000000000000", 4711, START_US);
	assert_int_equal(last_trial(store, experiment).trial.incident.value, id);
	store_close(store);
}

/* The command ended well and hid that a child of its had crashed. */
static void test_late_report_of_child(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_mode(fixture, STORE_WRITE);
	struct err err = {0};
	struct store_experiment run = repro;
	int64_t experiment = 0;
	run.kind = EXPERIMENT_RUN;
	assert_int_equal(store_experiment_add(store, &run, conditions, 2, &experiment, &err), 0);
	int64_t trial = begin_trial(store, experiment, 0);
	assert_int_equal(store_trial_launched(store, trial, 4711, START_US, &err), 0);
	end_trial(store, trial, TRIAL_FINISHED);
	/* While its runner may still be there, it decides. */
	put_child(store, "00000000-0000-4000-8000-000000000000", 5000, 4711, START_US + 10);
	assert_int_equal(last_trial(store, experiment).trial.outcome, TRIAL_FINISHED);
	assert_int_equal(
		store_experiment_end(store, experiment, some(START_US + 2000000), &err), 0);
	/* Of another; started before it, and after its end. */
	put_child(store, "10000000-0000-4000-8000-000000000000", 5001, 4712, START_US + 10);
	put_child(store, "20000000-0000-4000-8000-000000000000", 5002, 4711, START_US - 2000001);
	put_child(store, "30000000-0000-4000-8000-000000000000", 5003, 4711, START_US + 1000001);
	assert_int_equal(last_trial(store, experiment).trial.outcome, TRIAL_FINISHED);
	int64_t id = put_child(
		store, "40000000-0000-4000-8000-000000000000", 5004, 4711, START_US + 1000000);
	assert_int_equal(last_trial(store, experiment).trial.outcome, TRIAL_CRASHED);
	assert_int_equal(last_trial(store, experiment).trial.incident.value, id);
	put_child(store, "50000000-0000-4000-8000-000000000000", 5005, 4711, START_US + 10);
	assert_int_equal(last_trial(store, experiment).trial.incident.value, id);
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
	clock_t start = clock();
	assert_sql(fixture->db, "select sum(crashed) || ' ' || sum(trials) from experiments",
		"66666 100000");
	assert_sql(fixture->db, "select count(*) from trials where outcome = 'crashed'", "66666");
	assert_sql(fixture->db, "select count(*) from trials where experiment = 7", "10000");
	assert_sql(fixture->db,
		"select max(n) from (select lock, threads, count(*) as n from trials "
		"where experiment = 3 group by 1, 2)",
		"5000");
	assert_sql(fixture->db, "select id from trials order by id desc limit 1", "100000");
	/* Of the processor's time: others may use it too. */
	assert_true(clock() - start < 3 * CLOCKS_PER_SEC);
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
	assert_int_equal(ask(fixture->db, "pragma user_version"), (int64_t)store_migration_count);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_experiment),
		TEST(test_find),
		TEST(test_trial),
		TEST(test_refused),
		TEST(test_pair),
		TEST(test_late_report),
		TEST(test_late_report_of_child),
		TEST(test_incident_goes),
		TEST(test_any_text),
		TEST(test_unknown_word),
		TEST(test_views),
		TEST(test_many),
		TEST(test_migration),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
