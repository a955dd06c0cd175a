/* What trials say: whole lines count, odd ones do not, nothing from outside comes through as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "repro/answer.h"
#include "repro/stacks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ARENA_BYTES (8u << 20)
#define START                                                                               \
	"{\"type\":\"start\",\"pid\":4711,\"launched_at\":\"2025-12-21T01:36:18.286200Z\"," \
	"\"backend\":\"sim\",\"device\":\"Simulated GPU\",\"scenario\":\"shared-queue\","   \
	"\"lock\":\"none\",\"threads\":4}\n"
#define LAUNCHED_US INT64_C(1766280978286200)

static struct arena arena;

static int setup(void **state) {
	arena_init(&arena, ARENA_BYTES);
	return 0;
}

static int teardown(void **state) {
	arena_finish(&arena);
	return 0;
}

static struct answer answer_of(const char *text) {
	struct answer answer;
	struct err err = {0};
	if (answer_read(text, strlen(text), &arena, &answer, &err) < 0)
		fail_msg("%s", err.text);
	return answer;
}

static void test_nothing(void **state) {
	struct answer answer = answer_of("");
	assert_false(answer.pid.set || answer.launched_at_us.set || answer.signal.set ||
		     answer.operations.set);
	assert_false(answer.ended || answer.has_throughput || answer.has_lock_wait);
	assert_null(answer.report);
	assert_null(answer.latency);
	assert_null(answer.error);
	assert_null(answer.error_code);
	assert_null(answer.stacks);
	assert_null(answer.device);
}

static void test_start(void **state) {
	struct answer answer = answer_of(START);
	assert_true(answer.pid.set);
	assert_int_equal(answer.pid.value, 4711);
	assert_true(answer.launched_at_us.set);
	assert_int_equal(answer.launched_at_us.value, LAUNCHED_US);
	assert_string_equal(answer.device, "Simulated GPU");
	assert_false(answer.ended || answer.signal.set);
}

static void test_end(void **state) {
	struct answer answer = answer_of(START
		"{\"type\":\"end\",\"outcome\":\"finished\",\"operations\":9007199254740993,"
		"\"elapsed_s\":2.5,\"throughput\":3854.25,\"lock_wait_s\":0.125,\"latency_us\":"
		"{\"operation\":{\"p50\":101.5,\"p95\":200,\"p99\":3e2},\"wait\":{\"p50\":0}},"
		"\"error\":null,\"error_code\":null}\n");
	assert_true(answer.ended);
	assert_int_equal(answer.outcome, TRIAL_FINISHED);
	assert_true(answer.operations.set);
	assert_true(answer.operations.value == INT64_C(9007199254740993));
	assert_true(answer.has_throughput && answer.throughput == 3854.25);
	assert_true(answer.has_lock_wait && answer.lock_wait_s == 0.125);
	assert_true(answer.elapsed_s == 2.5);
	assert_string_equal(answer.latency,
		"{\"operation\":{\"p50\":101.5,\"p95\":200,\"p99\":300},\"wait\":{\"p50\":0}}");
	assert_null(answer.error);
	assert_null(answer.error_code);
	assert_int_equal(answer.pid.value, 4711);
}

static void test_outcomes(void **state) {
	static const struct {
		const char *word;
		enum trial_outcome outcome;
	} known[] = {{"finished", TRIAL_FINISHED}, {"gpu_error", TRIAL_GPU_ERROR},
		{"wrong_result", TRIAL_WRONG_RESULT}, {"failed", TRIAL_FAILED}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char line[128];
		snprintf(line, sizeof line, "{\"type\":\"end\",\"outcome\":\"%s\"}", known[i].word);
		struct answer answer = answer_of(line);
		assert_true(answer.ended);
		assert_int_equal(answer.outcome, known[i].outcome);
	}
}

/* No outcome that we know: whatever it means, it is not that the trial ended well. */
static void test_unknown_outcomes(void **state) {
	static const char *const bad[] = {"\"crashed\"", "\"hung\"", "\"started\"", "\"Finished\"",
		"\"finished \"", "\"finishedfinishedfinished\"", "\"\"", "null", "0", "true",
		"[\"finished\"]", "{\"finished\":1}"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char line[256];
		snprintf(line, sizeof line,
			"{\"type\":\"end\",\"outcome\":%s,\"throughput\":7,\"error\":\"x\"}\n",
			bad[i]);
		struct answer answer = answer_of(line);
		if (answer.ended || answer.has_throughput || answer.error)
			fail_msg("taken: %s", bad[i]);
	}
	assert_false(answer_of("{\"type\":\"end\",\"throughput\":7}\n").has_throughput);
}

static void test_crash(void **state) {
	struct answer answer = answer_of(START
		"{\"type\":\"crash\",\"pid\":4711,\"launched_at\":\"2025-12-21T01:36:18.286200Z\","
		"\"signal\":11,\"report\":\"/tmp/a b.ips\",\"error\":null}\n");
	assert_true(answer.signal.set);
	assert_int_equal(answer.signal.value, 11);
	assert_string_equal(answer.report, "/tmp/a b.ips");
	assert_null(answer.error);
	assert_false(answer.ended);
	answer = answer_of("{\"type\":\"crash\",\"pid\":1,\"signal\":6,\"report\":null,"
			   "\"error\":\"no room\\nfor the report\"}");
	assert_null(answer.report);
	assert_string_equal(answer.error, "no room for the report");
}

static void test_stacks(void **state) {
	struct answer answer =
		answer_of("{\"type\":\"stacks\",\"text\":\"thread 1\\n\\tat f\\u001b[31m\\n\"}\n");
	assert_string_equal(answer.stacks, "thread 1\n\tat f\xef\xbf\xbd[31m\n");
}

/* A launch time is of the process that it was told with. */
static void test_last_process_counts(void **state) {
	struct answer answer = answer_of(
		START "{\"type\":\"start\",\"pid\":99,\"launched_at\":\"2025-12-21T01:36:19Z\"}\n");
	assert_int_equal(answer.pid.value, 99);
	assert_int_equal(answer.launched_at_us.value, INT64_C(1766280979000000));
	answer = answer_of(START "{\"type\":\"crash\",\"pid\":99,\"signal\":11}\n");
	assert_int_equal(answer.pid.value, 99);
	assert_false(answer.launched_at_us.set);
	answer = answer_of(START "{\"type\":\"crash\",\"pid\":4711,\"signal\":11}\n");
	assert_int_equal(answer.launched_at_us.value, LAUNCHED_US);
	answer = answer_of(START "{\"type\":\"crash\",\"signal\":11}\n");
	assert_int_equal(answer.pid.value, 4711);
	assert_int_equal(answer.launched_at_us.value, LAUNCHED_US);
	assert_string_equal(answer.device, "Simulated GPU");
}

static void test_last_end_counts(void **state) {
	struct answer answer = answer_of(
		"{\"type\":\"end\",\"outcome\":\"gpu_error\",\"throughput\":7,\"lock_wait_s\":1,"
		"\"operations\":5,\"elapsed_s\":1,\"error\":\"x\",\"error_code\":\"PageFault\","
		"\"latency_us\":{\"end\":{\"p50\":1}}}\n"
		"{\"type\":\"end\",\"outcome\":\"finished\"}\n");
	assert_true(answer.ended);
	assert_int_equal(answer.outcome, TRIAL_FINISHED);
	assert_false(answer.has_throughput || answer.has_lock_wait || answer.operations.set);
	assert_true(answer.elapsed_s == 0);
	assert_null(answer.error);
	assert_null(answer.error_code);
	assert_null(answer.latency);
}

static void test_gpu_error(void **state) {
	struct answer answer =
		answer_of("{\"type\":\"end\",\"outcome\":\"gpu_error\",\"error\":"
			  "\"Caused GPU Timeout\",\"error_code\":\"Timeout (2)\"}\n");
	assert_int_equal(answer.outcome, TRIAL_GPU_ERROR);
	assert_string_equal(answer.error, "Caused GPU Timeout");
	assert_string_equal(answer.error_code, "Timeout (2)");
}

static void test_lines_that_are_none(void **state) {
	static const char *const bad[] = {"", "[]", "42", "\"type\"", "warming up", "{", "}", "{}",
		"{\"type\":7,\"pid\":1}", "{\"type\":\"news\",\"pid\":1}", "{\"pid\":2}",
		"{\"type\":\"start\",\"pid\":3", "{\"type\":\"start\",\"pid\":4,}",
		"{\"type\":\"start\",\"pid\":5} and more", "{\"type\":\"start\",\"pid\":6}{}",
		"[{\"type\":\"start\",\"pid\":7}]", "{\"type\":\"start\",\"pid\":nan}",
		"x{\"type\":\"start\",\"pid\":8}", "{\"type\":\"start\",\"pid\":9,\"x\":NaN}"};
	char text[512];
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (answer_of(bad[i]).pid.set)
			fail_msg("taken: %s", bad[i]);
		/* What stands around it counts all the same. */
		snprintf(text, sizeof text, "%s\n" START "%s\n", bad[i], bad[i]);
		assert_int_equal(answer_of(text).pid.value, 4711);
	}
}

/* What breaks in its middle leaves no trace. */
static void test_half_a_line(void **state) {
	struct answer answer = answer_of(START
		"{\"type\":\"end\",\"outcome\":\"finished\",\"throughput\":1e3,\"operations\":NaN}\n");
	assert_false(answer.ended || answer.has_throughput);
	answer = answer_of("half of a line\"}\n\r\n{ \"pid\" : 8, \"type\" : \"start\" } \r\n");
	assert_int_equal(answer.pid.value, 8);
}

static void test_last_line_without_its_end(void **state) {
	struct answer answer = answer_of("{\"type\":\"start\",\"pid\":4711}");
	assert_int_equal(answer.pid.value, 4711);
	assert_false(answer_of("{\"type\":\"start\",\"pid\":4711").pid.set);
}

static void test_keys_that_stand_twice(void **state) {
	struct answer answer = answer_of(
		"{\"type\":\"news\",\"pid\":1,\"type\":\"start\",\"pid\":2}\n"
		"{\"type\":\"end\",\"outcome\":\"failed\",\"latency_us\":{\"end\":{\"p50\":1,\"p95\":2},"
		"\"end\":{\"p50\":3,\"p50\":4}},\"outcome\":\"finished\"}\n");
	assert_int_equal(answer.pid.value, 2);
	assert_int_equal(answer.outcome, TRIAL_FINISHED);
	assert_string_equal(answer.latency, "{\"end\":{\"p50\":4}}");
}

static void test_numbers_that_are_none(void **state) {
	static const char *const bad[] = {"1e999", "-1e999", "-1", "\"12\"", "true", "null", "[1]",
		"{\"p50\":1}", "-0.5",
		"1234567890123456789012345678901234567890123456789012345678901234567890"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char line[1024];
		const char *b = bad[i];
		snprintf(line, sizeof line,
			"{\"type\":\"end\",\"outcome\":\"finished\",\"operations\":%s,\"elapsed_s\":%s,"
			"\"throughput\":%s,\"lock_wait_s\":%s,\"latency_us\":{\"operation\":{\"p50\":%s},"
			"\"commit\":%s}}\n",
			b, b, b, b, b, i == 7 ? "1" : b);
		struct answer answer = answer_of(line);
		assert_true(answer.ended);
		if (answer.operations.set || answer.elapsed_s != 0 || answer.has_throughput ||
			answer.has_lock_wait || answer.latency)
			fail_msg("taken: %s", b);
	}
}

static void test_processes_that_are_none(void **state) {
	static const char *const bad[] = {
		"0", "-1", "2147483648", "1.5", "1e3", "\"4711\"", "null", "9223372036854775808"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char line[256];
		snprintf(line, sizeof line,
			"{\"type\":\"crash\",\"pid\":%s,\"signal\":%s,\"launched_at\":%s,\"report\":7}\n",
			bad[i], bad[i], bad[i]);
		struct answer answer = answer_of(line);
		if (answer.pid.set || answer.signal.set || answer.launched_at_us.set ||
			answer.report)
			fail_msg("taken: %s", bad[i]);
	}
	assert_false(answer_of("{\"type\":\"crash\",\"signal\":128}").signal.set);
	assert_false(
		answer_of("{\"type\":\"start\",\"launched_at\":\"yesterday\"}").launched_at_us.set);
}

/* What is not known is not passed on, whatever it is called. */
static void test_latency_is_ours(void **state) {
	struct answer answer = answer_of(
		"{\"type\":\"end\",\"outcome\":\"finished\",\"latency_us\":{\"<script>\":{\"p50\":1},"
		"\"wait\":{\"p99\":3,\"p100\":9,\"p50\":\"x\"},\"dispatch\":[1,2],"
		"\"operation\":{\"p95\":2,\"deep\":{\"er\":[{}]}},\"encoder\":{}}}\n");
	assert_string_equal(answer.latency, "{\"operation\":{\"p95\":2},\"wait\":{\"p99\":3}}");
	assert_null(
		answer_of("{\"type\":\"end\",\"outcome\":\"finished\",\"latency_us\":7}").latency);
	assert_null(
		answer_of("{\"type\":\"end\",\"outcome\":\"finished\",\"latency_us\":{}}").latency);
}

static void test_text_is_cleaned(void **state) {
	struct answer answer =
		answer_of("{\"type\":\"start\",\"device\":\"a\\u001b[31m\\u0000\xff\\n\"}");
	assert_string_equal(answer.device, "a\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd ");
	answer = answer_of("{\"type\":\"crash\",\"report\":\"/a\\n\\u009bb\"}");
	assert_string_equal(answer.report, "/a\xef\xbf\xbd\xef\xbf\xbd"
					   "b");
}

static void add_long(struct buf *buf, const char *before, size_t len, const char *after) {
	buf_add_str(buf, before);
	for (size_t i = 0; i < len; i++)
		buf_add_char(buf, 'a');
	buf_add_str(buf, after);
}

static void test_text_is_bounded(void **state) {
	struct buf text = {0};
	add_long(&text, "{\"type\":\"stacks\",\"text\":\"", 2 * STACKS_BYTES, "\"}\n");
	add_long(&text, "{\"type\":\"start\",\"device\":\"", 100000, "\"}\n");
	add_long(&text, "{\"type\":\"end\",\"outcome\":\"failed\",\"error\":\"", 100000, "\"}\n");
	add_long(&text, "{\"type\":\"", 100000, "\"}\n");
	add_long(&text, "{\"", 100000, "\":1,\"type\":\"start\",\"pid\":12}\n");
	assert_false(text.failed);
	struct answer answer = answer_of(text.data);
	assert_int_equal(strlen(answer.stacks), STACKS_BYTES);
	assert_int_equal(strlen(answer.device), 256);
	assert_int_equal(strlen(answer.error), 8192);
	assert_int_equal(answer.pid.value, 12);
	buf_finish(&text);
}

static void test_nesting_is_bounded(void **state) {
	struct buf text = {0};
	buf_add_str(&text, "{\"type\":\"start\",\"pid\":9,\"x\":");
	for (int i = 0; i < 100000; i++)
		buf_add_char(&text, '[');
	buf_add_str(&text, "\n" START);
	struct answer answer = answer_of(buf_str(&text));
	assert_int_equal(answer.pid.value, 4711);
	buf_finish(&text);
}

static void test_no_memory(void **state) {
	struct answer answer = {.ended = true};
	struct err err = {0};
	struct arena none;
	arena_init(&none, 0);
	assert_int_equal(answer_read(START, strlen(START), &none, &answer, &err), -ENOMEM);
	assert_int_equal(err.code, -ENOMEM);
	assert_true(answer.ended);
	arena_finish(&none);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_unknown_outcomes),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_last_process_counts),
		cmocka_unit_test(test_last_end_counts),
		cmocka_unit_test(test_gpu_error),
		cmocka_unit_test(test_lines_that_are_none),
		cmocka_unit_test(test_half_a_line),
		cmocka_unit_test(test_last_line_without_its_end),
		cmocka_unit_test(test_keys_that_stand_twice),
		cmocka_unit_test(test_numbers_that_are_none),
		cmocka_unit_test(test_processes_that_are_none),
		cmocka_unit_test(test_latency_is_ours),
		cmocka_unit_test(test_text_is_cleaned),
		cmocka_unit_test(test_text_is_bounded),
		cmocka_unit_test(test_nesting_is_bounded),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
