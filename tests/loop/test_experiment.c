/* Experiments of small commands on a database of their own, with reports that the commands write
 * themselves. experiment_run() itself insists that its loop closes with nothing left. */
#include "repro/experiment.h"

#include "base/clock.h"
#include "base/text.h"
#include "collect/presence.h"
#include "repro/stacks.h"

#include <dirent.h>
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TRIALS_MAX 64
#define TEXT_BYTES 256

/* A copy of a row. */
struct trial {
	int64_t id, condition, slot;
	enum trial_outcome outcome;
	struct i64_opt ended_at_us, pid, launched_at_us, exit_status, signal, incident;
	bool has_throughput;
	double throughput;
	char error[TEXT_BYTES], label[TEXT_BYTES], stacks[TEXT_BYTES], tail[TEXT_BYTES];
	size_t tail_len;
};

struct place {
	char folder[64], db[96], reports[96], script[96];
	struct store *store;
	struct rules *rules;
	const char *folders[1];
	struct reporter reporter;
	struct selection selection;
	struct trial trials[TRIALS_MAX];
	size_t trial_count;
	int64_t stop_at; /* a signal comes when so many are done; 0: never */
	int stop_by;     /* 0: SIGINT */
	int stops;       /* signals sent */
	pid_t daemon;    /* a stand-in that is killed when one is done; 0: there is none */
	size_t ended, tells, waits;
	size_t unpaired; /* the most at a time */
};

/* report PID PARENT: what a crash reporter would write of that process, which has just started. */
static const char script[] =
	"report() {\n"
	"now=$(date -u '+%Y-%m-%d %H:%M:%S.0000 +0000')\n"
	"id=$(tr a-f A-F </proc/sys/kernel/random/uuid)\n"
	"{ printf '{\"app_name\":\"sh\",\"name\":\"sh\",\"bug_type\":\"309\",\"incident_id\":\"%s\","
	"\"timestamp\":\"%s\",\"os_version\":\"macOS 15.7.3 (24G419)\"}\\n' \"$id\" \"$now\"\n"
	"printf '{\"incident\":\"%s\",\"pid\":%d,\"parentPid\":%d,\"procName\":\"sh\","
	"\"captureTime\":\"%s\",\"procLaunch\":\"%s\",\"bug_type\":\"309\","
	"\"exception\":{\"type\":\"EXC_BAD_ACCESS\",\"signal\":\"SIGSEGV\"},\"faultingThread\":0,"
	"\"threads\":[{\"triggered\":true,\"frames\":[{\"imageIndex\":0,\"imageOffset\":4,"
	"\"symbol\":\"main\",\"symbolLocation\":4}]}],\"usedImages\":[{\"base\":4096,"
	"\"size\":4096,\"name\":\"sh\"}]}\\n' \"$id\" $1 $2 \"$now\" \"$now\"; } >\"$REPORTS/.$id\"\n"
	"mv \"$REPORTS/.$id\" \"$REPORTS/sh-2026-01-01-000000-$id.ips\"\n"
	"}\n"
	"start() { printf '{\"type\":\"start\",\"pid\":%d}\\n' $1; }\n"
	"stacks() { printf '{\"type\":\"stacks\",\"text\":\"all threads\"}\\n'; }\n"
	"crash() { ulimit -c 0; kill -SEGV $1; sleep 5; }\n";

/* ---- the place ---- */

static void write_file(const char *path, const char *text) {
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
	struct err err = {0};
	struct place *place = calloc(1, sizeof *place);
	assert_non_null(place);
	snprintf(place->folder, sizeof place->folder, "/tmp/agxtriage-trials-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->db, sizeof place->db, "%s/crashes.db", place->folder);
	snprintf(place->reports, sizeof place->reports, "%s/reports", place->folder);
	snprintf(place->script, sizeof place->script, "%s/script", place->folder);
	assert_int_equal(mkdir(place->reports, 0700), 0);
	write_file(place->script, script);
	setenv("REPORTS", place->reports, 1);
	setenv("SCRIPT", place->script, 1);
	assert_int_equal(store_open(place->db, STORE_WRITE, &place->store, &err), 0);
	place->rules = rules_new_builtin(&err);
	assert_non_null(place->rules);
	place->folders[0] = place->reports;
	*state = place;
	return 0;
}

static void empty(const char *folder) {
	char path[512];
	DIR *dir = opendir(folder);
	for (const struct dirent *entry; dir && (entry = readdir(dir));) {
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
}

static int tear_down(void **state) {
	struct place *place = *state;
	store_close(place->store);
	rules_free(place->rules);
	empty(place->reports);
	assert_int_equal(rmdir(place->reports), 0);
	empty(place->folder);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

/* ---- an experiment ---- */

static void on_progress(const struct experiment_progress *progress, void *user) {
	struct place *place = user;
	assert_true(progress->done <= progress->planned && progress->left_ms >= -1);
	place->tells++;
	place->ended += progress->ended != NULL;
	place->waits += progress->phase == EXPERIMENT_REPORTS;
	if (progress->unpaired > place->unpaired)
		place->unpaired = progress->unpaired;
	if (place->stop_at && progress->done >= place->stop_at && !progress->ended &&
		place->stops < 1) {
		place->stops++;
		kill(getpid(), place->stop_by ? place->stop_by : SIGINT);
	}
	if (place->daemon && progress->done == 1) {
		assert_int_equal(kill(place->daemon, SIGKILL), 0);
		assert_int_equal(waitpid(place->daemon, NULL, 0), place->daemon);
		place->daemon = 0;
	}
}

static struct experiment_options options_of(struct place *place) {
	return (struct experiment_options){.db_path = place->db,
		.folders = place->folders,
		.folder_count = 1,
		.selection = &place->selection,
		.reporter = &place->reporter,
		.wait_ms = 300,
		.on_progress = on_progress,
		.user = place};
}

/* Conditions are commands of the shell, which has report() and crash(). */
static int64_t plan(struct place *place, const char *const *commands, size_t count, int64_t runs,
	const char *env) {
	struct store_condition conditions[16];
	char texts[16][512];
	struct err err = {0};
	int64_t id;
	for (size_t i = 0; i < count; i++) {
		bool shell = commands[i][0] != '[';
		snprintf(texts[i], sizeof texts[i],
			shell ? "[\"sh\",\"-c\",\". $SCRIPT; %s\"]" : "%s", commands[i]);
		conditions[i] = (struct store_condition){
			.number = (int64_t)i, .env = env, .command = texts[i]};
	}
	const struct store_experiment experiment = {.kind = EXPERIMENT_RUN,
		.started_at_us = clock_now_us(),
		.runs = runs,
		.seed = 7,
		.command = "[\"run\"]",
		.settings = "{}",
		.platform = "{}"};
	if (store_experiment_add(place->store, &experiment, conditions, count, &id, &err) < 0)
		fail_msg("%s", err.text);
	return id;
}

static void copy(char ret[TEXT_BYTES], const char *text) {
	snprintf(ret, TEXT_BYTES, "%s", text ? text : "");
}

static int on_trial(const struct store_trial *row, void *user) {
	struct place *place = user;
	struct trial *trial = &place->trials[place->trial_count++];
	assert_true(place->trial_count <= TRIALS_MAX);
	*trial = (struct trial){.id = row->id,
		.condition = row->condition,
		.slot = row->slot,
		.outcome = row->outcome,
		.ended_at_us = row->ended_at_us,
		.pid = row->pid,
		.launched_at_us = row->launched_at_us,
		.exit_status = row->exit_status,
		.signal = row->signal,
		.incident = row->incident,
		.has_throughput = row->has_throughput,
		.throughput = row->throughput,
		.tail_len = row->stderr_tail ? strlen(row->stderr_tail) : 0};
	copy(trial->error, row->error);
	copy(trial->label, row->label);
	copy(trial->stacks, row->stacks);
	copy(trial->tail, row->stderr_tail);
	return 0;
}

static void read_trials(struct place *place, int64_t id) {
	struct err err = {0};
	place->trial_count = 0;
	if (store_trials(place->store, id, on_trial, place, &err) < 0)
		fail_msg("%s", err.text);
}

static enum experiment_end run(
	struct place *place, int64_t id, const struct experiment_options *options) {
	struct err err = {0};
	enum experiment_end end;
	if (experiment_run(place->store, place->rules, id, options, &end, &err) < 0)
		fail_msg("%s", err.text);
	read_trials(place, id);
	return end;
}

/* The only one of a condition that counts. */
static const struct trial *trial_of(const struct place *place, int64_t condition) {
	const struct trial *ret = NULL;
	for (size_t i = 0; i < place->trial_count; i++)
		if (place->trials[i].condition == condition &&
			place->trials[i].outcome != TRIAL_INTERRUPTED) {
			assert_null(ret);
			ret = &place->trials[i];
		}
	assert_non_null(ret);
	return ret;
}

static int on_experiment(const struct store_experiment *experiment, void *user) {
	*(bool *)user = experiment->ended_at_us.set;
	return 0;
}

static bool has_ended(struct place *place, int64_t id) {
	struct err err = {0};
	bool ended = false;
	assert_int_equal(store_experiment_get(place->store, id, on_experiment, &ended, &err), 0);
	return ended;
}

/* ---- tests ---- */

static void test_outcomes(void **state) {
	/* Its child crashes, and it goes on as if nothing had been. */
	static const char hidden[] = "sh -c '. $SCRIPT; report $$ $PPID; crash $$'; exit 0";
	static const char *const commands[] = {
		"exit 0",
		"echo broken >&2; exit 7",
		"report $$ $PPID; crash $$",
		"crash $$",
		"exit 139",
		"kill -KILL $$",
		hidden,
		"test \\\"$K\\\" = 'a  b' && ! read line",
	};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	int64_t id = plan(place, commands, 8, 1, "{\"K\":\"a  b\",\"HOME\":null}");
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	assert_int_equal(place->trial_count, 8);
	assert_int_equal(place->ended, 8);
	assert_true(has_ended(place, id));
	assert_int_equal(trial_of(place, 0)->outcome, TRIAL_FINISHED);
	const struct trial *trial = trial_of(place, 1);
	assert_int_equal(trial->outcome, TRIAL_FAILED);
	assert_int_equal(trial->exit_status.value, 7);
	assert_string_equal(trial->error, "exit status 7: broken");
	assert_string_equal(trial->tail, "broken\n");
	trial = trial_of(place, 2);
	assert_int_equal(trial->outcome, TRIAL_CRASHED);
	assert_int_equal(trial->signal.value, SIGSEGV);
	assert_false(trial->exit_status.set);
	assert_true(trial->incident.set);
	assert_string_equal(trial->label, "");
	trial = trial_of(place, 3);
	assert_int_equal(trial->outcome, TRIAL_CRASHED);
	assert_false(trial->incident.set);
	assert_string_equal(trial->label, "late");
	trial = trial_of(place, 4);
	assert_int_equal(trial->outcome, TRIAL_CRASHED);
	assert_true(trial->signal.value == SIGSEGV && trial->exit_status.value == 139);
	trial = trial_of(place, 5);
	assert_int_equal(trial->outcome, TRIAL_FAILED);
	assert_string_equal(trial->error, "ended by signal 9");
	trial = trial_of(place, 6);
	assert_int_equal(trial->outcome, TRIAL_CRASHED);
	assert_true(trial->incident.set && trial->exit_status.value == 0);
	assert_true(trial->incident.value != trial_of(place, 2)->incident.value);
	assert_int_equal(trial_of(place, 7)->outcome, TRIAL_FINISHED);
	assert_in_range(place->unpaired, 2, 3);
	assert_true(place->waits > 0);
}

static void test_hung(void **state) {
	static const char *const commands[] = {"trap '' TERM; sleep 60 & wait; sleep 60"};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	options.timeout_ms = 300;
	int64_t id = plan(place, commands, 1, 1, NULL);
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	const struct trial *trial = trial_of(place, 0);
	assert_int_equal(trial->outcome, TRIAL_HUNG);
	assert_true(trial->stacks[0] != '\0');
	assert_int_equal(trial->signal.value, SIGKILL);
}

/* A supervisor tells the stacks when it is asked, and lives on. */
static void test_hung_supervised(void **state) {
	static const char *const commands[] = {
		"start 77; trap stacks QUIT; while :; do sleep 0.1; done"};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	options.timeout_ms = 2000; /* a busy machine starts a shell late */
	options.answers = true;
	int64_t id = plan(place, commands, 1, 1, NULL);
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	const struct trial *trial = trial_of(place, 0);
	assert_int_equal(trial->outcome, TRIAL_HUNG);
	assert_string_equal(trial->stacks, "all threads");
	assert_int_equal(trial->signal.value, SIGTERM);
}

/* Neither memory nor time depends on how much a program says. */
static void test_noise(void **state) {
	static const char *const commands[] = {
		"echo speed 1 ops; yes noise | head -c 50000000 >&2; echo speed 12.5 ops",
		"yes noise | head -c 50000000; echo at 3e2 ops >&2",
		"echo speed 6,149 ops",
	};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	regex_t metric;
	assert_int_equal(regcomp(&metric, "([0-9.,e]+) ops", REG_EXTENDED), 0);
	options.metric = &metric;
	int64_t id = plan(place, commands, 3, 1, NULL);
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	const struct trial *trial = trial_of(place, 0);
	assert_int_equal(trial->outcome, TRIAL_FINISHED);
	assert_true(trial->has_throughput && trial->throughput == 12.5);
	assert_in_range(trial->tail_len, 1000, 100000);
	trial = trial_of(place, 1);
	assert_true(trial->has_throughput && trial->throughput == 300);
	assert_false(trial_of(place, 2)->has_throughput);
	regfree(&metric);
}

static void test_answers(void **state) {
#define END(outcome) "{\\\"type\\\":\\\"end\\\",\\\"outcome\\\":\\\"" outcome "\\\""
	static const char *const commands[] = {
		"echo '" END("finished") ",\\\"throughput\\\":5.5}'; yes | head -c 2000000",
		"yes | head -c 2000000; echo '" END(
			"gpu_error") ",\\\"error\\\":\\\"lost\\\"}'; exit 3",
		"echo '" END("wrong_result") "}'; exit 4",
		"exit 0",
		"echo '" END("finished") "}'; exit 1",
		"echo '{\\\"type\\\":\\\"crash\\\",\\\"pid\\\":77,\\\"signal\\\":11}'; exit 139",
		"printf '{\\\"type\\\":\\\"start\\\",\\\"pid\\\":%d,\\\"launched_at\\\":\\\""
		"2001-01-01T00:00:00Z\\\"}\\n' $$; echo '" END("finished") "}'",
	};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	options.answers = true;
	int64_t id = plan(place, commands, 7, 1, NULL);
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	const struct trial *trial = trial_of(place, 0);
	assert_int_equal(trial->outcome, TRIAL_FINISHED);
	assert_true(trial->has_throughput && trial->throughput == 5.5);
	trial = trial_of(place, 1);
	assert_int_equal(trial->outcome, TRIAL_GPU_ERROR);
	assert_string_equal(trial->error, "lost");
	assert_int_equal(trial_of(place, 2)->outcome, TRIAL_WRONG_RESULT);
	trial = trial_of(place, 3);
	assert_int_equal(trial->outcome, TRIAL_FAILED);
	assert_string_equal(trial->error, "ended without an answer");
	assert_int_equal(trial_of(place, 4)->outcome, TRIAL_FAILED);
	trial = trial_of(place, 5);
	assert_int_equal(trial->outcome, TRIAL_CRASHED);
	assert_true(trial->pid.value == 77 && trial->signal.value == 11);
	trial = trial_of(place, 6);
	assert_int_equal(trial->outcome, TRIAL_FINISHED);
	assert_in_range(trial->launched_at_us.value, clock_now_us() - 600000000, clock_now_us());
}

static void test_not_found(void **state) {
	static const char *const commands[] = {"[\"/nowhere/at/all\"]"};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	struct err err = {0};
	enum experiment_end end;
	int64_t id = plan(place, commands, 1, 5, NULL);
	assert_int_equal(
		experiment_run(place->store, place->rules, id, &options, &end, &err), -ENOENT);
	assert_true(text_starts(err.text, "/nowhere/at/all: "));
	read_trials(place, id);
	assert_int_equal(place->trial_count, 1);
	assert_int_equal(place->trials[0].outcome, TRIAL_INTERRUPTED);
	assert_false(has_ended(place, id));
	assert_int_equal(
		experiment_run(place->store, place->rules, 4711, &options, &end, &err), -ENOENT);
}

/* Every slot is counted once, in the planned order, whatever came between. */
static void check_order(const struct place *place, int64_t planned) {
	int64_t next = 0;
	for (size_t i = 0; i < place->trial_count; i++) {
		const struct trial *trial = &place->trials[i];
		assert_int_equal(trial->slot, next);
		assert_int_equal(trial->condition, experiment_order(7, 2, trial->slot));
		next += trial->outcome != TRIAL_INTERRUPTED;
	}
	assert_int_equal(next, planned);
}

static void test_stop(void **state) {
	static const char *const commands[] = {"sleep 0.2", "sleep 0.2; exit 1"};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	int64_t id = plan(place, commands, 2, 3, NULL);
	place->stop_at = 2;
	assert_int_equal(run(place, id, &options), EXPERIMENT_STOPPED);
	assert_int_equal(place->trial_count, 3);
	assert_int_equal(place->trials[2].outcome, TRIAL_INTERRUPTED);
	assert_false(has_ended(place, id));
	place->stop_at = 0;
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	assert_int_equal(place->trial_count, 7);
	check_order(place, 6);
	assert_true(has_ended(place, id));
	/* There is nothing left to do. */
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	assert_int_equal(place->trial_count, 7);
}

/* The runner is killed in the middle of a trial whose end nobody sees. */
static void test_kill(void **state) {
	static const char *const commands[] = {"sleep 0.3", "sleep 0.3; exit 0"};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	struct err err = {0};
	enum experiment_end end;
	int64_t id = plan(place, commands, 2, 2, NULL);
	store_close(place->store);
	pid_t runner = fork();
	if (!runner) {
		struct store *store;
		if (!store_open(place->db, STORE_WRITE, &store, &err))
			experiment_run(store, place->rules, id, &options, &end, &err);
		_exit(9);
	}
	assert_int_equal(store_open(place->db, STORE_WRITE, &place->store, &err), 0);
	for (int i = 0; i < 200 && place->trial_count < 2; i++) {
		usleep(50000);
		read_trials(place, id);
	}
	assert_int_equal(place->trial_count, 2);
	assert_int_equal(
		experiment_run(place->store, place->rules, id, &options, &end, &err), -EBUSY);
	assert_int_equal(kill(runner, SIGKILL), 0);
	assert_int_equal(waitpid(runner, NULL, 0), runner);
	read_trials(place, id);
	assert_int_equal(place->trials[place->trial_count - 1].outcome, TRIAL_STARTED);
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	assert_int_equal(place->trial_count, 5);
	check_order(place, 4);
}

/* A report that came when its experiment was over finds its trial when that is run again. */
static void test_late(void **state) {
	static const char *const commands[] = {"crash $$", "exit 0"};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	char command[512], parent[64];
	int64_t id = plan(place, commands, 2, 1, NULL);
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	assert_string_equal(trial_of(place, 0)->label, "late");
	snprintf(command, sizeof command, ". $SCRIPT; report %lld 1",
		(long long)trial_of(place, 0)->pid.value);
	snprintf(parent, sizeof parent, "%lld", (long long)trial_of(place, 1)->pid.value);
	pid_t shell = fork();
	if (!shell) {
		execlp("sh", "sh", "-c", command, (char *)NULL);
		_exit(9);
	}
	assert_int_equal(waitpid(shell, NULL, 0), shell);
	place->selection.all = true;
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	assert_true(trial_of(place, 0)->incident.set);
	assert_string_equal(trial_of(place, 0)->label, "");
	assert_int_equal(trial_of(place, 1)->outcome, TRIAL_FINISHED);
}

/* The runner was killed when the pair was stored already, and what follows from it was not. */
static void test_half_corrected(void **state) {
	static const char *const commands[] = {
		"sh -c '. $SCRIPT; report $$ $PPID; crash $$'; exit 0"};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	struct err err = {0};
	int64_t id = plan(place, commands, 1, 1, NULL);
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	const struct trial *trial = trial_of(place, 0);
	assert_int_equal(trial->outcome, TRIAL_CRASHED);
	const struct store_trial before = {.id = trial->id,
		.outcome = TRIAL_FINISHED,
		.ended_at_us = trial->ended_at_us,
		.exit_status = trial->exit_status};
	assert_int_equal(store_trial_end(place->store, &before, &err), 0);
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	assert_int_equal(trial_of(place, 0)->outcome, TRIAL_CRASHED);
	assert_true(trial_of(place, 0)->incident.set);
}

/* A daemon that takes nothing in serves the database, until it is killed. */
static void test_daemon_dies(void **state) {
	static const char *const commands[] = {"sleep 0.2; report $$ $PPID; crash $$"};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	struct err err = {0};
	pid_t pid;
	int64_t id = plan(place, commands, 1, 3, NULL);
	options.wait_ms = 20000;
	place->daemon = fork();
	if (!place->daemon) {
		struct lock lock;
		if (presence_take(place->db, &lock, &err) == 0)
			pause();
		_exit(9);
	}
	for (int i = 0; i < 200 && presence_find(place->db, &pid, &err) == 0; i++)
		usleep(20000);
	assert_int_equal(presence_find(place->db, &pid, &err), 1);
	int64_t began_us = clock_monotonic_us();
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	assert_int_equal(place->daemon, 0);
	assert_int_equal(place->trial_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(place->trials[i].incident.set);
	assert_true(clock_monotonic_us() - began_us < 20000000);
}

/* Ctrl-C while reports are waited for ends the waiting, and nothing else. */
static void test_stop_waiting(void **state) {
	static const char *const commands[] = {"crash $$"};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	int64_t id = plan(place, commands, 1, 1, NULL), began_us = clock_monotonic_us();
	options.wait_ms = 100000;
	place->stop_at = 1;
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	assert_int_equal(place->stops, 1);
	assert_true(clock_monotonic_us() - began_us < 50000000);
	assert_string_equal(trial_of(place, 0)->label, "late");
	assert_true(has_ended(place, id));
}

/* Who asks for an end without a terminal does not wait for reports. */
static void test_terminate(void **state) {
	static const char *const commands[] = {"sleep 0.3; crash $$"};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	int64_t id = plan(place, commands, 1, 40, NULL), began_us = clock_monotonic_us();
	options.wait_ms = 100000;
	place->stop_at = 2;
	place->stop_by = SIGTERM;
	assert_int_equal(run(place, id, &options), EXPERIMENT_STOPPED);
	assert_int_equal(place->stops, 1);
	assert_true(clock_monotonic_us() - began_us < 50000000);
	assert_string_equal(place->trials[0].label, "late");
	assert_false(has_ended(place, id));
}

/* What the loop needs for itself is none of the command's. */
static void test_env_is_ours(void **state) {
	static const char *const commands[] = {"test -z \\\"$UV_THREADPOOL_SIZE\\\""};
	struct place *place = *state;
	struct experiment_options options = options_of(place);
	unsetenv("UV_THREADPOOL_SIZE");
	int64_t id = plan(place, commands, 1, 1, NULL);
	assert_int_equal(run(place, id, &options), EXPERIMENT_DONE);
	assert_int_equal(trial_of(place, 0)->outcome, TRIAL_FINISHED);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		/* First: its child starts threads, which wants a parent without. */
		cmocka_unit_test_setup_teardown(test_kill, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_outcomes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hung, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hung_supervised, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_noise, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_late, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_half_corrected, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_daemon_dies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stop_waiting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_terminate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_env_is_ours, set_up, tear_down),
	};
	/* What a shell starts in the background does not hear of it, and nor would its programs. */
	signal(SIGQUIT, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
