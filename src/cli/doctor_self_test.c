/*
 * A crash on purpose, followed from the fault to the row in the database: by the daemon where one
 * runs, else by scans of our own.
 */
#include "cli/doctor.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/spawn.h"
#include "base/text.h"
#include "cli/doctor_scan.h"
#include "cli/helper.h"
#include "cli/report_folder.h"
#include "export/load.h"
#include "ips/json.h"
#include "repro/reporter.h"
#include "repro/self_test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELPER "agxtriage-repro"
#define HELPER_TIMEOUT_MS 40000
#define WAIT_S 60
#define LOOK_EVERY_US 50000
/* The system rounds the time of a start, and its clock is not the one that we read. */
#define LAUNCH_SLACK_US 2000000

struct self_test {
	struct doctor *doctor;
	char *folder; /* owned: where a report of our own goes; NULL: none */
	/* What the helper said. */
	int64_t pid, launched_at_us, signal;
	char *report; /* owned; NULL: the system's reporter writes it */
	int64_t started_us, crashed_us, stored_us; /* monotonic */
	int64_t id;                                /* of the incident; 0: not there yet */
	bool simulated;
};

/* ---- the crash ---- */

static void read_answer(struct self_test *test, const struct buf *line, struct err *err) {
	const char *launched = NULL, *report = NULL, *odd = NULL;
	struct arena arena;
	struct json json;
	struct json_key key;
	arena_init(&arena, 1u << 20);
	json_init(&json, buf_str(line), line->len, err);
	if (json_peek(&json) != JSON_OBJECT)
		json_fail(&json, 0, "not what was expected of " HELPER);
	else
		json_enter(&json);
	for (bool first = true; !json.code && json_next_member(&json, &first, &key);) {
		enum json_type type = json_peek(&json);
		if (json_key_is(&key, "pid") && type == JSON_NUMBER)
			json_i64(&json, &test->pid);
		else if (json_key_is(&key, "signal") && type == JSON_NUMBER)
			json_i64(&json, &test->signal);
		else if (json_key_is(&key, "launched_at") && type == JSON_STRING)
			json_text(&json, &arena, 64, false, &launched, &odd);
		else if (json_key_is(&key, "report") && type == JSON_STRING)
			json_text(&json, &arena, LIMIT_TEXT_BYTES, false, &report, &odd);
		else
			json_skip(&json);
	}
	if (!launched || !clock_parse(launched, strlen(launched), &test->launched_at_us))
		json_fail(&json, 0, "no time of the start from " HELPER);
	test->report = report ? strdup(report) : NULL;
	arena_finish(&arena);
}

static int crash(struct self_test *test, struct err *err) {
	struct spawn_result result = {0};
	char *helper = NULL;
	int r = helper_find(HELPER, &helper, err);
	if (r < 0)
		return r;
	const char *argv[] = {
		helper, "--self-test", test->folder ? "--reports" : NULL, test->folder, NULL};
	test->started_us = clock_monotonic_us();
	r = spawn_run(argv, HELPER_TIMEOUT_MS, &result, err);
	test->crashed_us = clock_monotonic_us();
	if (r == 0 && (result.timed_out || result.status != 0))
		r = err_set(err, -EIO, "%s %s: %s", helper,
			result.timed_out ? "did not end" : "failed", buf_str(&result.err));
	if (r == 0) {
		struct err reading = {0};
		read_answer(test, &result.out, &reading);
		if (reading.code)
			r = err_set(err, -EIO, "%s", reading.text);
	}
	spawn_finish(&result);
	free(helper);
	return r;
}

/* ---- the incident ---- */

/* The launch time stands in the report only. */
static bool is_ours(struct self_test *test, const struct incident *incident) {
	struct doctor *doctor = test->doctor;
	struct loaded loaded = {0};
	struct err err = {0};
	bool ret = false;
	if (cli_provide_rules(doctor->cli, NULL) == CLI_DONE &&
		loaded_open(doctor->store, doctor->cli->rules, incident, &loaded, &err) == 0) {
		struct i64_opt launched = loaded.report->launched_at_us;
		ret = launched.set &&
		      llabs(launched.value - test->launched_at_us) < LAUNCH_SLACK_US;
	}
	loaded_finish(&loaded);
	return ret;
}

static int find_incident(struct self_test *test, struct err *err) {
	char match[32];
	const char *matches[] = {match};
	const struct store_filter filter = {.matches = matches, .match_count = 1};
	struct store_cursor *cursor = NULL;
	struct incident incident;
	int64_t candidates[8];
	size_t count = 0;
	snprintf(match, sizeof match, "pid=%" PRId64, test->pid);
	int r = store_list(test->doctor->store, &filter, &cursor, err);
	while (r == 0 && count < sizeof candidates / sizeof *candidates &&
		(r = store_cursor_next(cursor, &incident, err)) == 1) {
		candidates[count++] = incident.id;
		r = 0;
	}
	store_cursor_close(cursor);
	for (size_t i = 0; i < count && r == 0 && !test->id; i++) {
		const struct incident probe = {.id = candidates[i]};
		if (is_ours(test, &probe))
			test->id = candidates[i];
	}
	return r < 0 ? r : 0;
}

/* Whoever takes it in, it is looked for until it is there. */
static int wait_for_incident(struct self_test *test, struct err *err) {
	const struct doctor_options *options = test->doctor->options;
	int64_t wait_s = options->wait_s.set ? options->wait_s.value : WAIT_S;
	int64_t deadline_us = test->crashed_us + wait_s * 1000000;
	struct ingest_summary summary;
	int r = 0;
	do {
		if (!test->doctor->running)
			r = doctor_scan(test->doctor, &summary, err);
		if (r == 0)
			r = find_incident(test, err);
		if (r < 0 || test->id)
			break;
		usleep(LOOK_EVERY_US);
	} while (clock_monotonic_us() < deadline_us);
	test->stored_us = clock_monotonic_us();
	return r;
}

/* ---- the verdict ---- */

static void judge_fact(
	struct buf *wrong, bool right, const char *name, const char *seen, const char *expected) {
	if (!right)
		buf_printf(wrong, "%s%s is %s and not %s", wrong->len ? "; " : "", name,
			seen ? seen : "absent", expected);
}

static void judge_incident(struct self_test *test, const struct loaded *loaded, struct buf *wrong) {
	const struct report *report = loaded->report;
	const struct fault *fault = &loaded->triage.fault;
	const char *signal = report->exception.signal;
	char address[32], expected[32];
	snprintf(address, sizeof address, "0x%" PRIx64, fault->address.value);
	snprintf(expected, sizeof expected, "0x%x", SELF_TEST_ADDRESS);
	judge_fact(wrong, report->kind == REPORT_CRASH, "kind", report_kind_names[report->kind],
		"crash");
	judge_fact(wrong, report->simulated, "simulated", report->simulated ? "true" : "false",
		"true");
	judge_fact(wrong, signal && text_starts(signal, "SIGSEGV"), "signal", signal, "SIGSEGV");
	judge_fact(wrong, fault->address.set && fault->address.value == SELF_TEST_ADDRESS,
		"fault address", fault->address.set ? address : NULL, expected);
	judge_fact(wrong, fault->kind == FAULT_NEAR_NULL, "fault", fault_kind_names[fault->kind],
		"near_null");
	judge_fact(wrong, fault->access == ACCESS_READ, "access", fault_access_names[fault->access],
		"read");
}

static void say_stored(struct self_test *test) {
	struct loaded loaded = {0};
	struct buf wrong = {0};
	struct err err = {0};
	const struct incident incident = {.id = test->id};
	struct doctor *doctor = test->doctor;
	int r = loaded_open(doctor->store, doctor->cli->rules, &incident, &loaded, &err);
	if (r == 0)
		judge_incident(test, &loaded, &wrong);
	if (r < 0)
		doctor_say(doctor, DOCTOR_FAILED, NULL, "%s", err.text);
	else if (wrong.len)
		doctor_say(doctor, DOCTOR_FAILED, "please report that as a mistake of agxtriage",
			"incident %" PRId64 ": %s", test->id, buf_str(&wrong));
	else
		doctor_say(doctor, DOCTOR_OK, NULL,
			"process %" PRId64 " crashed%s at 0x%x in %" PRId64
			" ms, stored as incident %" PRId64 " and triaged right %" PRId64
			" ms later by %s; it stays in the database, marked as simulated",
			test->pid, test->report ? " and left a report" : "", SELF_TEST_ADDRESS,
			(test->crashed_us - test->started_us) / 1000, test->id,
			(test->stored_us - test->crashed_us) / 1000,
			doctor->running ? "the daemon" : "a scan");
	loaded_finish(&loaded);
	buf_finish(&wrong);
}

/* The report that the system owes us did not come. */
static void say_unreported(struct self_test *test) {
	struct doctor *doctor = test->doctor;
	const char *const *folders = config_list(&doctor->config, CONFIG_FOLDERS);
	struct reporter_question question = {.process = HELPER,
		.crashed_at_us = test->launched_at_us,
		.now_us = clock_now_us(),
		.folders = folders};
	while (folders && folders[question.folder_count])
		question.folder_count++;
	enum reporter_label label = reporter_explain(&reporter_here, &question);
	doctor_say(doctor, DOCTOR_FAILED,
		"see the checks reporter, quota and folders above; --wait gives it more time",
		"process %" PRId64 " crashed, but its report is not in the database: %s", test->pid,
		reporter_label_names[label]);
}

static void say_missing(struct self_test *test) {
	struct doctor *doctor = test->doctor;
	const struct selection selection = config_selection(&doctor->config);
	bool chosen = select_by_name(&selection, HELPER "-2026.ips") &&
		      !select_excludes(&selection, HELPER "-2026.ips");
	if (!test->report && !test->folder)
		doctor_say(doctor, DOCTOR_FAILED, "make one of the folders yours",
			"no report: no watched folder can be written to");
	else if (!test->report)
		say_unreported(test);
	else
		doctor_say(doctor, DOCTOR_FAILED,
			!chosen           ? "include and exclude of the configuration leave it out"
			: doctor->running ? "'agxtriage status' tells how the daemon is"
					  : "'agxtriage list --rejected' may tell why",
			"the report %s was written, but not taken in", test->report);
}

void doctor_check_self_test(struct doctor *doctor) {
	struct self_test test = {.doctor = doctor};
	struct err err = {0};
	if (!doctor->options->self_test)
		return;
	/* Anew: texts that a check has asked for keep the moment at which it asked. */
	store_close(doctor->store);
	doctor->store = NULL;
	int r = store_open(doctor->db_path, STORE_WRITE, &doctor->store, &err);
	if (r == 0) {
		test.folder = report_folder_find(doctor->cli);
		r = crash(&test, &err);
	}
	if (r == 0)
		r = wait_for_incident(&test, &err);
	if (r < 0)
		doctor_say(doctor, DOCTOR_FAILED, NULL, "%s", err.text);
	else if (test.id)
		say_stored(&test);
	else
		say_missing(&test);
	/* Ours alone: what the system writes is the system's. */
	if (test.id && test.report)
		unlink(test.report);
	free(test.folder);
	free(test.report);
}
