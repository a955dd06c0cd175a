/* Runs of real commands, one after the other on one database, with programs that stand in for the
 * system's. run_once() itself insists that its loop closes with nothing left. */
#include "repro/run.h"

#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char folder[64], db[96], reports[96], program[96];
	struct store *store;
	struct rules *rules;
	const char *folders[1];
	struct reporter reporter;
	struct selection selection;
	int waits, ends; /* calls of on_wait */
};

static void on_wait(const struct run_wait *wait, void *user) {
	struct place *place = user;
	if (wait)
		assert_true(wait->left_ms > 0 && wait->pid > 0);
	place->waits += wait != NULL;
	place->ends += !wait;
}

static int set_up(void **state) {
	struct err err = {0};
	struct place *place = calloc(1, sizeof *place);
	assert_non_null(place);
	snprintf(place->folder, sizeof place->folder, "/tmp/agxtriage-run-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->db, sizeof place->db, "%s/crashes.db", place->folder);
	snprintf(place->reports, sizeof place->reports, "%s/reports", place->folder);
	snprintf(place->program, sizeof place->program, "%s/log", place->folder);
	assert_int_equal(mkdir(place->reports, 0700), 0);
	assert_int_equal(store_open(place->db, STORE_WRITE, &place->store, &err), 0);
	place->rules = rules_new_builtin(&err);
	assert_non_null(place->rules);
	place->folders[0] = place->reports;
	*state = place;
	return 0;
}

static int tear_down(void **state) {
	static const char *const names[] = {
		"crashes.db", "crashes.db-wal", "crashes.db-shm", "crashes.db.lock", "log"};
	struct place *place = *state;
	char path[128];
	store_close(place->store);
	rules_free(place->rules);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", place->folder, names[i]);
		unlink(path);
	}
	rmdir(place->reports);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

static struct run_options options_of(struct place *place, const char *const *argv) {
	return (struct run_options){.argv = argv,
		.stdout_fd = STDOUT_FILENO,
		.db_path = place->db,
		.folders = place->folders,
		.folder_count = 1,
		.selection = &place->selection,
		.reporter = &place->reporter,
		.on_wait = on_wait,
		.user = place};
}

static struct run_result run(struct place *place, const struct run_options *options) {
	struct err err = {0};
	struct run_result result;
	bool not_started;
	if (run_once(place->store, place->rules, options, &result, &not_started, &err) < 0)
		fail_msg("%s", err.text);
	assert_false(not_started);
	assert_int_equal(result.collecting.code, 0);
	return result;
}

static void test_clean(void **state) {
	struct place *place = *state;
	const char *const argv[] = {"sh", "-c", "echo words >&2; exit 7", NULL};
	struct run_options options = options_of(place, argv);
	for (int i = 0; i < 3; i++) {
		struct run_result result = run(place, &options);
		assert_int_equal(result.status, 7);
		assert_int_equal(result.signal, 0);
		assert_false(run_crashed(&result));
		assert_false(result.unreported);
		assert_string_equal(result.stderr_tail, "words\n");
		assert_true(result.ended_at_us >= result.started_at_us);
		run_result_finish(&result);
	}
}

/* What the loop needs for itself is none of the command's. */
static void test_env(void **state) {
	struct place *place = *state;
	const char *const argv[] = {"sh", "-c", "test -z \"$UV_THREADPOOL_SIZE\"", NULL};
	struct run_options options = options_of(place, argv);
	unsetenv("UV_THREADPOOL_SIZE");
	struct run_result result = run(place, &options);
	assert_int_equal(result.status, 0);
	run_result_finish(&result);
}

static void test_crash(void **state) {
	struct place *place = *state;
	const char *const argv[] = {"sh", "-c", "ulimit -c 0; kill -SEGV $$", NULL};
	FILE *file = fopen(place->program, "w");
	assert_non_null(file);
	fputs("#!/bin/sh\necho 'kernel (AGX) fault'\n", file);
	fclose(file);
	assert_int_equal(chmod(place->program, 0700), 0);
	place->reporter.log_program = place->program;
	struct run_options options = options_of(place, argv);
	options.wait_crash_ms = 500;
	struct run_result result = run(place, &options);
	assert_int_equal(result.signal, SIGSEGV);
	assert_int_equal(result.crash_signal, SIGSEGV);
	assert_true(run_crashed(&result) && result.unreported);
	assert_int_equal(result.label, REPORTER_LATE);
	assert_int_equal(result.incident_count, 0);
	assert_string_equal(buf_str(&result.system_log), "kernel (AGX) fault\n");
	assert_in_range(place->waits, 1, 10);
	assert_int_equal(place->ends, 1);
	run_result_finish(&result);
	/* A log that cannot be read is no reason to say less of the crash. */
	assert_int_equal(unlink(place->program), 0);
	result = run(place, &options);
	assert_true(run_crashed(&result));
	assert_int_equal(result.log_error.code, -ENOENT);
	run_result_finish(&result);
}

static void test_hung(void **state) {
	struct place *place = *state;
	const char *const argv[] = {"sh", "-c", "trap '' TERM; sleep 60", NULL};
	struct run_options options = options_of(place, argv);
	options.timeout_ms = 200;
	struct run_result result = run(place, &options);
	assert_true(result.hung);
	assert_int_equal(result.signal, SIGKILL);
	assert_false(run_crashed(&result));
	run_result_finish(&result);
}

static void test_not_started(void **state) {
	struct place *place = *state;
	const char *const argv[] = {"/nowhere/at/all", NULL};
	struct run_options options = options_of(place, argv);
	struct err err = {0};
	struct run_result result;
	bool not_started;
	assert_int_equal(
		run_once(place->store, place->rules, &options, &result, &not_started, &err),
		-ENOENT);
	assert_true(not_started);
	assert_true(text_starts(err.text, "/nowhere/at/all: "));
	run_result_finish(&result);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_clean, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_env, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_crash, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hung, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_started, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
