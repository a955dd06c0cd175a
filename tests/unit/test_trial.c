/* The parts of a trial: options, histogram, policies, scenarios, answers, the simulated backend. */
#include "repro/trial/answer_out.h"
#include "repro/trial/scenarios.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- options */

/* Parses one line, split at blanks. What is left of argv is joined again in *left. */
static int parse(const char *line, struct trial_options *options, char *left, char *error) {
	char text[256], *argv[32], *save = NULL;
	int argc = 0;
	struct trial_error err = {0};
	snprintf(text, sizeof text, "trial %s", line);
	for (char *at = strtok_r(text, " ", &save); at; at = strtok_r(NULL, " ", &save))
		argv[argc++] = at;
	argv[argc] = NULL;
	trial_defaults(options);
	int r = trial_parse(&argc, argv, options, &err);
	left[0] = '\0';
	for (int i = 1; !r && i < argc; i++)
		snprintf(
			left + strlen(left), 256 - strlen(left), "%s%s", i > 1 ? " " : "", argv[i]);
	snprintf(error, sizeof err.text, "%s", err.text);
	return r;
}

static void test_options(void **state) {
	struct trial_options options;
	char left[256], error[512];
	assert_int_equal(parse("", &options, left, error), 0);
	assert_string_equal(options.scenario->name, "shared-queue");
	assert_string_equal(options.lock->name, "none");
	assert_int_equal(options.threads, 1);
	assert_int_equal(options.queues, -1);
	assert_true(options.operations > 0);
	assert_int_equal(parse("--threads 8 x --lock=queue --kernels copy,add -v --elements 1 "
			       "--queues per-thread --seed 18446744073709551615 -- --threads 2",
				 &options, left, error),
		0);
	assert_string_equal(left, "x -v -- --threads 2");
	assert_int_equal(options.threads, 8);
	assert_string_equal(options.lock->name, "queue");
	assert_int_equal(options.kernels, 1u << KERNEL_COPY | 1u << KERNEL_ADD);
	assert_int_equal(options.queues, 0);
	assert_int_equal(options.elements, 1);
	assert_true(options.seed == UINT64_MAX);
}

/* Seconds alone mean that no number of operations ends the trial. */
static void test_options_seconds(void **state) {
	struct trial_options options;
	char left[256], error[512];
	assert_int_equal(parse("--seconds 0.25", &options, left, error), 0);
	assert_true(fabs(options.seconds - 0.25) < 1e-9);
	assert_int_equal(options.operations, 0);
	assert_int_equal(parse("--seconds 1 --operations 5", &options, left, error), 0);
	assert_int_equal(options.operations, 5);
}

static void test_options_wrong(void **state) {
	static const char *const cases[][2] = {
		{"--threads 0", "--threads 0: a whole number from 1 to 256 is wanted"},
		{"--threads 257", "from 1 to 256"},
		{"--threads -1", "from 1 to 256"},
		{"--threads +1", "from 1 to 256"},
		{"--threads 2x", "from 1 to 256"},
		{"--threads=", "from 1 to 256"},
		{"--threads", "--threads wants a value: N"},
		{"--operations 99999999999999999999", "from 0 to"},
		{"--operations 0", "without --seconds"},
		{"--elements 0", "from 1 to"},
		{"--wait-every 0", "from 1 to"},
		{"--seconds 0", "above 0"},
		{"--seconds nan", "above 0"},
		{"--seconds 1e3", "above 0"},
		{"--seconds 1.2.3", "above 0"},
		{"--lock mutex", "--lock mutex: there are none, global, pipeline, queue"},
		{"--scenario foo", "independent, shared-queue, shared-buffer, use-after-end, "
				   "release-in-use, torch"},
		{"--backend cuda", "this build has"},
		{"--kernels add,div", "add, mul, copy"},
		{"--kernels add,", "add, mul, copy"},
		{"--queues two", "shared or per-thread"},
		{"--sim-fault fire", "gpu-error, wrong-result, hang"},
		{"--python=", "empty"},
		{"--scenario torch --lock pipeline", "none and global only"},
	};
	struct trial_options options;
	char left[256], error[512];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(parse(cases[i][0], &options, left, error), -1);
		if (!strstr(error, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], error);
	}
	assert_int_equal(options.threads, 1);
}

/* ---- histogram */

static int by_size(const void *a, const void *b) {
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Of times between nanoseconds and minutes, against the sorted times themselves. */
static void test_latency(void **state) {
	enum { COUNT = 5000 };
	static uint64_t times[COUNT];
	struct latency *latency = calloc(2, sizeof *latency);
	uint64_t value = 1;
	assert_non_null(latency);
	for (int i = 0; i < COUNT; i++) {
		value = value * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		times[i] = (value >> 24) >> (value % 38);
		latency_add(&latency[i % 2], times[i]);
	}
	latency_merge(&latency[0], &latency[1]);
	qsort(times, COUNT, sizeof times[0], by_size);
	static const unsigned permilles[] = {1, 10, 250, 500, 950, 990, 999, 1000};
	for (size_t i = 0; i < sizeof permilles / sizeof permilles[0]; i++) {
		uint64_t exact = times[(COUNT * permilles[i] + 999) / 1000 - 1];
		double got = latency_quantile_us(&latency[0], permilles[i]) * 1000;
		assert_true(fabs(got - (double)exact) <= (double)exact * 0.02);
	}
	free(latency);
}

static void test_latency_ends(void **state) {
	struct latency *latency = calloc(1, sizeof *latency);
	assert_non_null(latency);
	assert_true(latency_quantile_us(latency, 500) == 0);
	latency_add(latency, 0);
	assert_true(latency_quantile_us(latency, 1000) == 0);
	latency_add(latency, UINT64_MAX);
	assert_true(latency_quantile_us(latency, 1000) > 1e9); /* more than 18 minutes */
	for (uint64_t ns = 1; ns < 64; ns++) {
		*latency = (struct latency){0};
		latency_add(latency, ns);
		assert_true(fabs(latency_quantile_us(latency, 500) * 1000 - (double)ns) < 1e-9);
	}
	free(latency);
}

/* ---- tables */

static void test_policies(void **state) {
	struct locks *locks = locks_new(2);
	const struct lock_place places[] = {{0, KERNEL_ADD}, {1, KERNEL_COPY}};
	assert_non_null(locks);
	for (const struct lock_policy *policy = lock_policies; policy->name; policy++) {
		assert_ptr_equal(lock_policy_find(policy->name), policy);
		assert_true(policy->about && *policy->about);
		assert_int_equal(policy->lock == NULL, policy->unlock == NULL);
		for (int round = 0; policy->lock && round < 2; round++)
			for (size_t i = 0; i < 2; i++) {
				policy->lock(locks, &places[i]);
				policy->unlock(locks, &places[i]);
			}
	}
	locks_free(locks);
	locks_free(NULL);
	assert_null(lock_policy_find("nothing"));
	assert_null(lock_policy_find("none")->lock);
}

static void test_scenarios(void **state) {
	static const char *const names[] = {"independent", "shared-queue", "shared-buffer",
		"use-after-end", "release-in-use", "torch", NULL};
	size_t count = 0;
	for (; scenarios[count].name; count++) {
		const struct scenario *scenario = &scenarios[count];
		assert_non_null(names[count]);
		assert_string_equal(scenario->name, names[count]);
		assert_ptr_equal(scenario_find(scenario->name), scenario);
		assert_true(scenario->does && *scenario->does);
		assert_true(scenario->expected && *scenario->expected);
		assert_true(scenario->simulated && *scenario->simulated);
		assert_int_equal(scenario->run == NULL, !strcmp(scenario->name, "torch"));
	}
	assert_null(names[count]);
	assert_null(scenario_find("shared"));
	assert_false(scenario_find("independent")->shared_queue);
}

/* ---- answers */

static char *answer_text;
static size_t answer_size;

static FILE *answer_open(void) {
	FILE *out = open_memstream(&answer_text, &answer_size);
	assert_non_null(out);
	return out;
}

static cJSON *answer_close(FILE *out) {
	fclose(out);
	assert_int_equal(answer_text[answer_size - 1], '\n');
	assert_ptr_equal(strchr(answer_text, '\n'), answer_text + answer_size - 1);
	cJSON *json = cJSON_Parse(answer_text);
	assert_non_null(json);
	free(answer_text);
	return json;
}

static double number(const cJSON *object, const char *name) {
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
	assert_true(cJSON_IsNumber(item));
	return item->valuedouble;
}

static const char *text(const cJSON *object, const char *name) {
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void test_answer_start(void **state) {
	const struct answer_start start = {.launched_at_us = 1766280978286200,
		.backend = "sim",
		.device = "a \"b\" \\ \n\x01 \xc3\xa9 \xff\xc3(\xed\xa0\x80|",
		.scenario = "shared-queue",
		.lock = "none",
		.threads = 3};
	FILE *out = answer_open();
	assert_int_equal(answer_out_start(out, &start), 0);
	cJSON *json = answer_close(out);
	assert_string_equal(text(json, "type"), "start");
	assert_string_equal(text(json, "launched_at"), "2025-12-21T01:36:18.286200Z");
	assert_string_equal(text(json, "device"),
		"a \"b\" \\ \n\x01 \xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|");
	assert_true(number(json, "threads") == 3);
	cJSON_Delete(json);
}

static void test_answer_end(void **state) {
	struct measured *measured = calloc(1, sizeof *measured);
	assert_non_null(measured);
	measured->operations = 400;
	measured->elapsed_ns = 250000000;
	measured->lock_wait_ns = 1500000;
	latency_add(&measured->calls[CALL_OPERATION], 10000);
	FILE *out = answer_open();
	assert_int_equal(answer_out_end(out, measured), 0);
	cJSON *json = answer_close(out);
	assert_string_equal(text(json, "outcome"), "finished");
	assert_true(fabs(number(json, "throughput") - 1600) < 1e-9);
	assert_true(fabs(number(json, "elapsed_s") - 0.25) < 1e-9);
	assert_true(fabs(number(json, "lock_wait_s") - 0.0015) < 1e-9);
	const cJSON *latency = cJSON_GetObjectItemCaseSensitive(json, "latency_us");
	assert_int_equal(cJSON_GetArraySize(latency), 1);
	const cJSON *operation = cJSON_GetObjectItemCaseSensitive(latency, "operation");
	assert_true(fabs(number(operation, "p99") - 10) < 0.2);
	assert_null(text(json, "error"));
	cJSON_Delete(json);
	measured->outcome = OUTCOME_GPU_ERROR;
	measured->elapsed_ns = 0;
	snprintf(measured->error.text, sizeof measured->error.text, "page fault");
	snprintf(measured->error.code, sizeof measured->error.code, "PageFault");
	out = answer_open();
	assert_int_equal(answer_out_end(out, measured), 0);
	json = answer_close(out);
	assert_string_equal(text(json, "outcome"), "gpu_error");
	assert_string_equal(text(json, "error"), "page fault");
	assert_string_equal(text(json, "error_code"), "PageFault");
	assert_null(cJSON_GetObjectItemCaseSensitive(json, "throughput"));
	cJSON_Delete(json);
	free(measured);
}

/* ---- the simulated backend */

/* Runs in this process: only what cannot crash. */
static struct measured *run(const char *line) {
	struct trial_options options;
	char left[256], error[512];
	struct measured *measured = calloc(1, sizeof *measured);
	struct gpu *gpu = NULL;
	struct trial_error err = {0};
	assert_non_null(measured);
	assert_int_equal(parse(line, &options, left, error), 0);
	assert_string_equal(left, "");
	options.backend = &backend_sim;
	bool shared = options.queues < 0 ? options.scenario->shared_queue : options.queues == 1;
	const struct backend_setup setup = {.lanes = options.threads,
		.elements = options.elements,
		.shared_queue = shared,
		.latency_us = options.latency_us,
		.seed = options.seed,
		.rehearsal = options.rehearsal};
	assert_int_equal(backend_sim.open(&setup, &gpu, &err), 0);
	enum outcome outcome = measure(&options, shared, gpu, measured);
	assert_int_equal(outcome, measured->outcome);
	backend_sim.close(gpu);
	return measured;
}

static void finished(const char *line, uint64_t operations) {
	struct measured *measured = run(line);
	assert_int_equal(measured->outcome, OUTCOME_FINISHED);
	assert_int_equal(measured->operations, operations);
	assert_int_equal(measured->calls[CALL_OPERATION].count, operations);
	assert_true(measured->elapsed_ns > 0);
	assert_true(measured->calls[CALL_DISPATCH].count > 0);
	assert_true(measured->calls[CALL_WAIT].count > 0);
	free(measured);
}

/* One thread never faults, in any scenario; nor do many whose pools or turns are their own. */
static void test_sim_survives(void **state) {
	char line[160];
	for (const struct scenario *scenario = scenarios; scenario->run; scenario++) {
		snprintf(line, sizeof line,
			"--scenario %s --gpu-latency 0 --operations 5001 --elements 7",
			scenario->name);
		finished(line, 5001);
		for (const struct lock_policy *policy = lock_policies; policy->name; policy++) {
			if (strcmp(policy->name, "global") != 0 &&
				strcmp(policy->name, "queue") != 0)
				continue;
			snprintf(line, sizeof line,
				"--scenario %s --gpu-latency 0 --operations 1001 --threads 5 "
				"--queues shared --lock %s --elements 7",
				scenario->name, policy->name);
			finished(line, 1001);
		}
	}
	finished("--scenario independent --threads 6 --gpu-latency 0 --operations 5000", 5000);
	finished("--lock pipeline --kernels mul --threads 4 --gpu-latency 0 --operations 999", 999);
}

static void test_sim_seconds(void **state) {
	uint64_t before = worker_clock_ns();
	struct measured *measured = run("--seconds 0.05 --gpu-latency 0");
	assert_int_equal(measured->outcome, OUTCOME_FINISHED);
	assert_true(measured->operations > 0);
	assert_true(worker_clock_ns() - before >= 50000000);
	free(measured);
}

/* Who waits for the lock is counted: four threads take turns of at least 200 us. */
static void test_sim_lock_wait(void **state) {
	struct measured *measured =
		run("--threads 4 --lock global --gpu-latency 200 --operations 40");
	assert_int_equal(measured->outcome, OUTCOME_FINISHED);
	assert_true(measured->elapsed_ns >= 40u * 200000);
	assert_true(measured->lock_wait_ns > 40u * 200000);
	free(measured);
}

static void test_sim_rehearsals(void **state) {
	struct measured *measured = run("--sim-fault gpu-error --threads 3 --lock global");
	assert_int_equal(measured->outcome, OUTCOME_GPU_ERROR);
	assert_string_equal(measured->error.code, "MTLCommandBufferErrorPageFault");
	assert_non_null(strstr(measured->error.text, "simulated"));
	free(measured);
	measured = run("--sim-fault wrong-result --warm-up 0 --elements 3 --kernels mul");
	assert_int_equal(measured->outcome, OUTCOME_WRONG_RESULT);
	assert_non_null(strstr(measured->error.text, "mul: element 2 is"));
	free(measured);
	measured =
		run("--sim-fault wrong-result --scenario shared-buffer --threads 3 --lock global");
	assert_int_equal(measured->outcome, OUTCOME_WRONG_RESULT);
	free(measured);
}

/* The check compares with what the kernel should have made, not with what was made. */
static void test_sim_check(void **state) {
	const struct backend_setup setup = {.lanes = 1, .elements = 100, .seed = 5};
	struct gpu *gpu = NULL;
	struct trial_error err = {0};
	assert_int_equal(backend_sim.open(&setup, &gpu, &err), 0);
	struct lane *lane = backend_sim.lane(gpu, 0);
	assert_int_equal(backend_sim.begin(lane, &err), 0);
	assert_int_equal(backend_sim.encoder(lane, &err), 0);
	backend_sim.pipeline(lane, KERNEL_ADD);
	backend_sim.buffers(lane, KERNEL_ADD);
	backend_sim.dispatch(lane);
	backend_sim.end(lane);
	assert_int_equal(backend_sim.check(lane, KERNEL_ADD, &err), -1);
	backend_sim.commit(lane);
	assert_int_equal(backend_sim.wait(lane, &err), 0);
	assert_int_equal(backend_sim.check(lane, KERNEL_ADD, &err), 0);
	assert_int_equal(backend_sim.check(lane, KERNEL_MUL, &err), -1);
	assert_non_null(strstr(err.text, "mul: element 0"));
	backend_sim.release(lane);
	assert_int_equal(backend_sim.encoder(lane, &err), -1);
	backend_sim.close(gpu);
	backend_sim.close(NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_options_seconds),
		cmocka_unit_test(test_options_wrong),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_latency_ends),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_answer_start),
		cmocka_unit_test(test_answer_end),
		cmocka_unit_test(test_sim_survives),
		cmocka_unit_test(test_sim_seconds),
		cmocka_unit_test(test_sim_lock_wait),
		cmocka_unit_test(test_sim_rehearsals),
		cmocka_unit_test(test_sim_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
