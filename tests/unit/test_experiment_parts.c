/* The parts of an experiment that run nothing: order, commands, outcomes, outputs, metrics. */
#include "repro/condition_command.h"
#include "repro/experiment.h"
#include "repro/metric.h"
#include "repro/outcome.h"
#include "repro/output.h"
#include "repro/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- order ---- */

static void test_order(void **state) {
	static const size_t counts[] = {1, 2, 3, 12, 100};
	for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
		for (uint64_t seed = 0; seed < 20; seed++) {
			bool seen[100] = {false};
			for (size_t i = 0; i < counts[c]; i++) {
				int64_t slot = (int64_t)(seed * counts[c] + i);
				size_t condition = experiment_order(seed, counts[c], slot);
				assert_true(condition < counts[c] && !seen[condition]);
				seen[condition] = true;
				assert_int_equal(
					experiment_order(seed, counts[c], slot), condition);
			}
		}
	assert_int_equal(experiment_order(1, 0, 5), 0);
	assert_int_equal(experiment_order(1, 5, -1), 0);
}

/* Each condition stands about equally often in each place, and seeds differ. */
static void test_order_is_fair(void **state) {
	enum { CONDITIONS = 6, BLOCKS = 6000 };
	int places[CONDITIONS][CONDITIONS] = {{0}};
	size_t same = 0;
	for (int64_t slot = 0; slot < CONDITIONS * BLOCKS; slot++) {
		size_t condition = experiment_order(42, CONDITIONS, slot);
		places[slot % CONDITIONS][condition]++;
		same += condition == experiment_order(43, CONDITIONS, slot);
	}
	for (size_t i = 0; i < CONDITIONS; i++)
		for (size_t k = 0; k < CONDITIONS; k++)
			assert_in_range(places[i][k], 850, 1150);
	assert_in_range(same, 5000, 7000);
}

/* ---- commands ---- */

static void check_argv(const char *json, int code) {
	struct arena arena;
	struct err err = {0};
	const char *const *argv = NULL;
	arena_init(&arena, 1 << 20);
	assert_int_equal(condition_argv(json, &arena, &argv, &err), code);
	assert_true(code ? !argv && err.text[0] : argv && argv[0]);
	arena_finish(&arena);
}

static void test_argv(void **state) {
	struct arena arena;
	struct err err = {0};
	const char *const *argv;
	arena_init(&arena, 1 << 20);
	assert_int_equal(condition_argv("[\"sh\", \"\", \"a\\nb \\u00e4\\\"\", \"'$x'\"]", &arena,
				 &argv, &err),
		0);
	assert_string_equal(argv[0], "sh");
	assert_string_equal(argv[1], "");
	assert_string_equal(argv[2], "a\nb \xc3\xa4\"");
	assert_string_equal(argv[3], "'$x'");
	assert_null(argv[4]);
	arena_finish(&arena);
	static const char *const bad[] = {"", "[]", "{}", "[\"\"]", "[1]", "[\"a\"", "[\"a\",]",
		"[\"a\\u0000b\"]", "[\"a\\u001bb\"]", "[[\"a\"]]", "\"a\""};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		check_argv(bad[i], -EINVAL);
}

static const char *find(char *const *env, const char *name) {
	size_t len = strlen(name);
	const char *ret = NULL;
	for (size_t i = 0; env[i]; i++)
		if (!strncmp(env[i], name, len) && env[i][len] == '=') {
			assert_null(ret);
			ret = env[i] + len + 1;
		}
	return ret;
}

static void test_env(void **state) {
	static char path[] = "PATH=/bin", a[] = "A=1", b[] = "B=2", ab[] = "AB=3";
	static char *const ours[] = {path, a, b, ab, NULL};
	static const char json[] =
		"{\"A\":\"x=y\", \"B\":null, \"NEW\":\"\", \"NONE\":null, "
		"\"A_VARIABLE_WITH_A_NAME_THAT_IS_LONGER_THAN_THOSE_OF_ANY_REPORT\":\"long\"}";
	struct arena arena;
	struct err err = {0};
	char *const *env;
	arena_init(&arena, 1 << 20);
	assert_int_equal(condition_env(json, ours, &arena, &env, &err), 0);
	assert_string_equal(find(env, "PATH"), "/bin");
	assert_string_equal(find(env, "A"), "x=y");
	assert_null(find(env, "B"));
	assert_string_equal(find(env, "AB"), "3");
	assert_string_equal(find(env, "NEW"), "");
	assert_null(find(env, "NONE"));
	assert_string_equal(
		find(env, "A_VARIABLE_WITH_A_NAME_THAT_IS_LONGER_THAN_THOSE_OF_ANY_REPORT"),
		"long");
	assert_int_equal(condition_env("{}", ours, &arena, &env, &err), 0);
	assert_string_equal(env[3], "AB=3");
	assert_null(env[4]);
	static const char *const bad[] = {"", "[]", "{\"A\":1}", "{\"\":\"x\"}", "{\"A=B\":\"x\"}",
		"{\"A\\u0041\":\"x\"}", "{\"A\":\"\\u0000\"}", "{\"A\":\"x\""};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(condition_env(bad[i], ours, &arena, &env, &err), -EINVAL);
	arena_finish(&arena);
}

/* ---- outcomes ---- */

static enum trial_outcome outcome(int status, int signal, const struct answer *answer) {
	const struct outcome_facts facts = {
		.end = {.status = status, .signal = signal}, .answer = answer, .stderr_tail = ""};
	return outcome_of(&facts);
}

static void test_outcome(void **state) {
	assert_int_equal(outcome(0, 0, NULL), TRIAL_FINISHED);
	assert_int_equal(outcome(1, 0, NULL), TRIAL_FAILED);
	assert_int_equal(outcome(3, 0, NULL), TRIAL_FAILED);
	assert_int_equal(outcome(-1, SIGSEGV, NULL), TRIAL_CRASHED);
	assert_int_equal(outcome(128 + SIGABRT, 0, NULL), TRIAL_CRASHED);
	assert_int_equal(outcome(-1, SIGKILL, NULL), TRIAL_FAILED);
	assert_int_equal(outcome(128 + SIGKILL, 0, NULL), TRIAL_FAILED);
	struct answer none = {0}, done = {.ended = true, .outcome = TRIAL_FINISHED};
	assert_int_equal(outcome(0, 0, &none), TRIAL_FAILED);
	assert_int_equal(outcome(0, 0, &done), TRIAL_FINISHED);
	assert_int_equal(outcome(1, 0, &done), TRIAL_FAILED);
	assert_int_equal(outcome(3, 0, &none), TRIAL_GPU_ERROR);
	assert_int_equal(outcome(4, 0, &none), TRIAL_WRONG_RESULT);
	assert_int_equal(outcome(128 + SIGSEGV, 0, &done), TRIAL_CRASHED);
	done.outcome = TRIAL_GPU_ERROR;
	assert_int_equal(outcome(0, 0, &done), TRIAL_GPU_ERROR);
	/* A program cannot say that it hung or that somebody stopped it. */
	done.outcome = TRIAL_HUNG;
	assert_int_equal(outcome(0, 0, &done), TRIAL_FAILED);
	struct outcome_facts facts = {.end = {.status = -1, .signal = SIGABRT}, .stderr_tail = ""};
	facts.hung = true;
	assert_int_equal(outcome_of(&facts), TRIAL_HUNG);
	assert_int_equal(outcome_signal(&facts).value, SIGABRT);
	facts.hung = false;
	facts.interrupted = true;
	assert_int_equal(outcome_of(&facts), TRIAL_INTERRUPTED);
}

/* A program of the user's has no words of ours for it, but Metal's and IOGPU's. */
static void test_gpu_error(void **state) {
	static const char text[] =
		"step 3\n  Error: command buffer exited with error status.\n"
		"\tPage fault (0000000b:kIOGPUCommandBufferCallbackErrorPageFault)\nbye\n";
	struct answer done = {.ended = true, .outcome = TRIAL_FINISHED};
	struct outcome_facts facts = {.end = {.status = 0}, .stderr_tail = text};
	struct buf error = {0};
	assert_int_equal(outcome_of(&facts), TRIAL_GPU_ERROR);
	outcome_error(&facts, TRIAL_GPU_ERROR, &error);
	assert_string_equal(
		buf_str(&error), "Page fault (0000000b:kIOGPUCommandBufferCallbackErrorPageFault)");
	buf_finish(&error);
	facts.end.status = 1;
	assert_int_equal(outcome_of(&facts), TRIAL_GPU_ERROR);
	facts.end = (struct child_end){.status = -1, .signal = SIGABRT};
	assert_int_equal(outcome_of(&facts), TRIAL_CRASHED);
	facts.end = (struct child_end){.status = 0};
	facts.answer = &done;
	assert_int_equal(outcome_of(&facts), TRIAL_FINISHED);
	facts.answer = NULL;
	facts.stderr_tail = "MTLCommandBuffer is fine\n";
	assert_int_equal(outcome_of(&facts), TRIAL_FINISHED);
}

static void check_error(const struct outcome_facts *facts, const char *expected) {
	struct buf text = {0};
	outcome_error(facts, outcome_of(facts), &text);
	assert_string_equal(buf_str(&text), expected);
	buf_finish(&text);
}

static void test_error(void **state) {
	struct outcome_facts facts = {.end = {.status = 2}, .stderr_tail = "a\n  last one\n\n \n"};
	check_error(&facts, "exit status 2: last one");
	facts.stderr_tail = "";
	check_error(&facts, "exit status 2");
	facts.end = (struct child_end){.status = -1, .signal = SIGTERM};
	check_error(&facts, "ended by signal 15");
	facts.end.signal = SIGSEGV;
	check_error(&facts, "");
	struct answer answer = {.error = "no device", .error_code = "7"};
	facts = (struct outcome_facts){
		.end = {.status = 1}, .answer = &answer, .stderr_tail = "other\n"};
	check_error(&facts, "no device (7)");
	/* Shortened between characters. */
	char *longer = calloc(1, 1001);
	assert_non_null(longer);
	for (size_t i = 0; i < 1000; i += 2)
		memcpy(longer + i, "\xc3\xa4", 2);
	struct buf text = {0};
	facts = (struct outcome_facts){.end = {.status = 1}, .stderr_tail = longer};
	outcome_error(&facts, TRIAL_FAILED, &text);
	assert_int_equal(text.len, strlen("exit status 1: ") + 400);
	buf_finish(&text);
	free(longer);
}

/* ---- output ---- */

static void test_output(void **state) {
	struct output output = {0};
	struct buf text = {0};
	output_add(&output, "no line feed", 12);
	output_text(&output, &text);
	assert_string_equal(buf_str(&text), "no line feed");
	output_reset(&output);
	for (int round = 0; round < 2; round++) {
		output_add(&output, "first\n", 6);
		for (int i = 0; i < 300000; i++)
			output_add(&output, "some noise of a line\n", 21);
		output_add(&output, "last", 4);
		buf_reset(&text);
		output_text(&output, &text);
		assert_in_range(text.len, OUTPUT_TAIL_BYTES, OUTPUT_HEAD_BYTES + OUTPUT_TAIL_BYTES);
		assert_memory_equal(buf_str(&text), "first\nsome noise of a line\n", 27);
		assert_string_equal(buf_str(&text) + text.len - 26, "\nsome noise of a line\nlast");
		/* Nothing but whole lines in between. */
		assert_int_equal((text.len - 6 - 4) % 21, 0);
		output_reset(&output);
	}
	output_finish(&output);
	buf_finish(&text);
}

/* Where nothing is cut, nothing is missing at the seam. */
static void test_output_seam(void **state) {
	struct output output = {0};
	struct buf text = {0};
	size_t size = OUTPUT_HEAD_BYTES + OUTPUT_TAIL_BYTES;
	char *piece = malloc(size + 1);
	assert_non_null(piece);
	for (size_t i = 0; i < size; i++)
		piece[i] = (char)('a' + i % 26);
	output_add(&output, piece, size);
	output_text(&output, &text);
	assert_int_equal(text.len, size);
	assert_memory_equal(buf_str(&text), piece, size);
	free(piece);
	buf_finish(&text);
	output_finish(&output);
}

/* ---- metric ---- */

static void check_metric(const char *pattern, const char *text, bool found, double expected) {
	regex_t expression;
	double value = -1;
	assert_int_equal(regcomp(&expression, pattern, REG_EXTENDED), 0);
	assert_int_equal(metric_find(&expression, text, strlen(text), &value), found);
	assert_true(!found || value == expected);
	regfree(&expression);
}

static void test_metric(void **state) {
	check_metric("([0-9.]+) ops", "10 ops\n20.5 ops\nend\n", true, 20.5);
	check_metric("[0-9]+", "a 1 b 22 c 333", true, 333);
	check_metric("^[0-9]+$", "1\n2\nx 3\n", true, 2);
	check_metric("speed=([^ ]*)", "speed=1e3 speed=+.5 \n", true, .5);
	check_metric("([0-9.]+)it/s", "  1.0it/s\r  2.0it/s\r", true, 2);
	check_metric("([0-9,]+) ops", "6,149 ops", false, 0);
	check_metric("(x)?ops", "ops", false, 0);
	check_metric("([a-z]+)", "nan", false, 0);
	check_metric("nothing", "1\n2\n", false, 0);
	check_metric("x*", "1\n2\n", false, 0);
	check_metric("[0-9]+", "", false, 0);
}

static void test_number(void **state) {
	static const char *const good[] = {
		"1", "-1.5", "+2", ".5", "5.", "1e3", "1E-3", " \t7 ", "0012"};
	static const char *const bad[] = {"", " ", "+", ".", "1e", "e3", "0x10", "inf", "nan",
		"1,5", "1 2", "1.2.3", "--1", "1e999", "12a"};
	double value;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(metric_number(good[i], strlen(good[i]), &value));
	assert_true(value == 12);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(metric_number(bad[i], strlen(bad[i]), &value));
}

/* ---- time left ---- */

static void test_left(void **state) {
	struct plan_condition conditions[2] = {{.lasted_count = 0}, {.lasted_count = 0}};
	struct experiment_tally tallies[2] = {{.planned = 10}, {.planned = 10}};
	struct plan plan = {.runs = 10,
		.conditions = conditions,
		.tallies = tallies,
		.condition_count = 2,
		.slots = 20};
	assert_int_equal(plan_left_ms(&plan, 0, -1), -1);
	conditions[0].lasted_ms = 400;
	conditions[0].lasted_count = tallies[0].done = plan.done = 4;
	/* The other one takes as long, as far as is known. */
	assert_int_equal(plan_left_ms(&plan, 0, -1), 600 + 1000);
	assert_int_equal(plan_left_ms(&plan, 0, 30), 600 + 1000 - 30);
	assert_int_equal(plan_left_ms(&plan, 0, 5000), 600 + 1000 - 100);
	conditions[1].lasted_ms = 2000;
	conditions[1].lasted_count = tallies[1].done = 10;
	assert_int_equal(plan_left_ms(&plan, 0, -1), 600);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_order_is_fair),
		cmocka_unit_test(test_argv),
		cmocka_unit_test(test_env),
		cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_gpu_error),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_output_seam),
		cmocka_unit_test(test_metric),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
