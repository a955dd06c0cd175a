/* The JSON form into facts: which key wins, exact numbers, odd and broken input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "ips/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER                                                                                     \
	"{\"app_name\":\"Python\",\"timestamp\":\"2025-12-20 17:36:18.00 -0800\",\"app_version\":" \
	"\"3.14.0\",\"bug_type\":\"309\",\"os_version\":\"macOS 15.7.3 "                           \
	"(24G419)\",\"name\":\"Python\",\"incident_id\":\"79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9\"}"

static struct report *report;
static struct err err;

static int setup(void **state) {
	report = report_new();
	return report ? 0 : -1;
}

static int teardown(void **state) {
	report_free(report);
	return 0;
}

static int parse(const char *text) {
	report_reset(report);
	err = (struct err){0};
	return report_parse_json(report, text, strlen(text), &err);
}

static void parse_body(const char *members) {
	char *text = malloc(strlen(members) + sizeof HEADER + 8);
	assert_non_null(text);
	snprintf(text, strlen(members) + sizeof HEADER + 8, "%s\n{%s}\n", HEADER, members);
	int code = parse(text);
	free(text);
	if (code)
		fail_msg("%s", err.text);
}

/* In the body, in the header of a GPU event, in front of a text; the body's counts. */
static void test_crash_reporter_key(void **state) {
	parse_body("\"procName\":\"p\",\"crashReporterKey\":\"31EF1460-A\","
		   "\"crash_reporter_key\":\"other\"");
	assert_string_equal(report->crash_reporter_key, "31EF1460-A");
	parse_body("\"procName\":\"p\",\"crashReporterKey\":7");
	assert_null(report->crash_reporter_key);
	assert_int_equal(
		parse("{\"bug_type\":\"284\",\"crash_reporter_key\":\"c0de\"}\n"
		      "{\"process_name\":\"p\",\"timestamp\":1770109872,\"analysis\":{}}\n"),
		0);
	assert_int_equal(report->kind, REPORT_GPU_EVENT);
	assert_string_equal(report->crash_reporter_key, "c0de");
	assert_int_equal(
		parse("{\"bug_type\":\"109\",\"crashReporterKey\":\"c0de\"}\n"
		      "Process:  p [7]\nDate/Time: 2025-12-20 17:36:18 -0800\n"
		      "Exception Type: EXC_CRASH (SIGABRT)\n"
		      "Crashed Thread: 0\n\nThread 0 Crashed:\n0   a   0x0000000100000000 f + 1\n"),
		0);
	assert_string_equal(report->crash_reporter_key, "c0de");
}

static void test_facts_of_a_crash(void **state) {
	parse_body(
		"\"captureTime\" : \"2025-12-20 17:36:18.2862 -0800\",\"pid\" : 81920,"
		"\"procName\" : \"python3\",\"cpuType\" : \"ARM-64\",\"translated\" : false,"
		"\"osVersion\" : {\"train\" : \"macOS 15.7.3\",\"build\" : \"24G419\"},"
		"\"exception\" : {\"codes\":\"0x1, 0x5c8\",\"rawCodes\":[1,1480],\"type\":"
		"\"EXC_BAD_ACCESS\",\"signal\":\"SIGSEGV\"},\"faultingThread\" : 1,"
		"\"threads\" : [{\"id\":1,\"frames\":[]},{\"id\":2,\"name\":\"w\",\"queue\":\"q\","
		"\"threadState\":{\"x\":[{\"value\":18446744073709551615},{\"value\":-2}],"
		"\"flavor\":\"ARM_THREAD_STATE64\",\"far\":{\"value\":1480},\"esr\":{\"value\":"
		"2449473542,\"description\":\"(Data Abort)\"}},\"frames\":[{\"imageOffset\":16,"
		"\"symbol\":\"f\",\"symbolLocation\":32,\"imageIndex\":0}]}],"
		"\"usedImages\" : [{\"base\":4096,\"size\":8192,\"name\":\"AGXMetalG16X\","
		"\"CFBundleVersion\":\"329.2\"}]");
	assert_int_equal(report->kind, REPORT_CRASH);
	assert_string_equal(report->incident_id, "79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9");
	assert_string_equal(report->process.name, "python3");
	assert_string_equal(report->process.version, "3.14.0");
	assert_int_equal(report->process.translated, TRI_NO);
	assert_true(report->captured_at_us.value == 1766280978286200);
	assert_int_equal(report->crashed_thread, 1);
	const struct thread *thread = report_crashed_thread(report);
	assert_string_equal(thread->queue, "q");
	assert_true(thread->triggered);
	const struct frame *frame = &thread->frames.items[0];
	assert_string_equal(frame->image, "AGXMetalG16X");
	assert_true(frame->address.set && frame->address.value == 4112);
	assert_true(report_register(report, "x0").value == UINT64_MAX);
	assert_true(report_register(report, "x1").value == UINT64_MAX - 1);
	assert_true(report_register(report, "far").value == 1480);
	assert_false(report_register(report, "x2").set);
	assert_string_equal(report->esr_description, "(Data Abort)");
	assert_true(report->raw_code_count == 2 && report->raw_codes[1] == 1480);
	assert_int_equal(report->warning_count, 0);
}

static void test_header_fills_what_the_body_lacks(void **state) {
	parse_body("\"threads\" : []");
	assert_string_equal(report->process.name, "Python");
	assert_string_equal(report->os_version, "macOS 15.7.3");
	assert_string_equal(report->os_build, "24G419");
	assert_true(report->captured_at_us.value == 1766280978000000);
	assert_int_equal(report->crashed_thread, -1);
	/* Each fact by itself: what one key of the body leaves out is the header's. */
	static const char *const versions[] = {
		"\"os_version\" : \"macOS 15.8\"", "\"osVersion\" : {\"train\" : \"macOS 15.8\"}"};
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		parse_body(versions[i]);
		assert_string_equal(report->os_version, "macOS 15.8");
		assert_string_equal(report->os_build, "24G419");
	}
	parse_body("\"os_version\" : \"macOS 15.8 (24H5)\"");
	assert_string_equal(report->os_build, "24H5");
}

static void test_body_without_a_header(void **state) {
	assert_int_equal(parse("\xef\xbb\xbf \r\n{\"incident\":\"A-1\",\"procName\":\"p\","
			       "\"exception\":{\"type\":\"EXC_CRASH\"}} tail"),
		0);
	assert_int_equal(report->kind, REPORT_CRASH);
	assert_string_equal(report->incident_id, "A-1");
	assert_true(
		report->source_len < strlen("\xef\xbb\xbf \r\n{\"incident\":\"A-1\",\"procName\":"
					    "\"p\",\"exception\":{\"type\":\"EXC_CRASH\"}} tail"));
}

static void test_the_last_of_equal_keys_wins(void **state) {
	parse_body(
		"\"pid\":1,\"pid\":2,\"exception\":{\"type\":\"A\",\"signal\":\"S\"},"
		"\"exception\":{\"type\":\"B\",\"type\":\"C\"},"
		"\"threads\":[{\"name\":\"x\"},{}],\"threads\":[{\"name\":\"y\",\"name\":\"z\"}]");
	assert_true(report->process.pid.value == 2);
	assert_string_equal(report->exception.type, "C");
	assert_null(report->exception.signal);
	assert_int_equal(report->thread_count, 1);
	assert_string_equal(report->threads[0].name, "z");
}

static void test_wrong_types_are_absent_and_warned_about(void **state) {
	parse_body("\"pid\":\"7\",\"procName\":[1],\"exception\":3,\"threads\":[1,{\"frames\":{},"
		   "\"id\":\"x\",\"threadState\":[]},null],\"usedImages\":\"no\",\"asi\":4,"
		   "\"termination\":[],\"osVersion\":1,\"faultingThread\":\"1\",\"uptime\":1.5,"
		   "\"instructionByteStream\":{\"atPC\":\"***\"},\"bundleInfo\":false");
	assert_false(report->process.pid.set);
	assert_string_equal(report->process.name, "Python");
	assert_null(report->exception.type);
	assert_int_equal(report->thread_count, 3);
	assert_false(report->uptime_s.set);
	assert_int_equal(report->crashed_thread, -1);
	assert_int_equal(report->at_pc_len, 0);
	assert_true(report->warning_count >= 10);
}

static void test_indices_out_of_range_are_absent(void **state) {
	parse_body(
		"\"faultingThread\":9,\"threads\":[{\"frames\":[{\"imageIndex\":5,\"imageOffset\":1},"
		"{\"imageIndex\":-1},{\"imageIndex\":99999999999}]}],\"usedImages\":[{}]");
	assert_int_equal(report->crashed_thread, -1);
	for (int i = 0; i < 3; i++) {
		assert_null(report->threads[0].frames.items[i].image);
		assert_false(report->threads[0].frames.items[i].address.set);
		assert_int_equal(report->threads[0].frames.items[i].image_index, -1);
	}
	assert_int_equal(report->warning_count, 2);
}

static void test_instruction_bytes(void **state) {
	parse_body("\"instructionByteStream\":{\"beforePC\":\"iAAA\",\"atPC\":\"CHl5+A==\"}");
	assert_int_equal(report->at_pc_len, 4);
	assert_memory_equal(report->at_pc, "\x08\x79\x79\xf8", 4);
	assert_int_equal(report->before_pc_len, 3);
	assert_memory_equal(report->before_pc, "\x88\x00\x00", 3);
}

static void test_application_info_keeps_its_order(void **state) {
	parse_body("\"asi\":{\"libsystem_c.dylib\":[\"abort() called\",\"two\"],\"b\":\"three\"}");
	assert_int_equal(report->app_info_count, 3);
	assert_string_equal(report->app_info[0], "abort() called");
	assert_string_equal(report->app_info[2], "three");
}

static void test_bug_types(void **state) {
	static const struct {
		const char *bug_type;
		enum report_kind kind;
	} rows[] = {{"309", REPORT_CRASH}, {"308", REPORT_USER_FAULT}, {"284", REPORT_GPU_EVENT},
		{"210", REPORT_PANIC}, {"110", REPORT_PANIC}, {"298", REPORT_JETSAM},
		{"288", REPORT_STACKSHOT}, {"385", REPORT_RESOURCE}, {"228", REPORT_HANG},
		{"4711", REPORT_OTHER}, {"", REPORT_OTHER}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(report_kind_of_bug_type(rows[i].bug_type), rows[i].kind);
	assert_int_equal(report_kind_of_bug_type(NULL), REPORT_OTHER);
	for (int kind = 0; kind < REPORT_KIND_COUNT; kind++)
		assert_int_equal(report_kind_find(report_kind_names[kind]), kind);
	assert_int_equal(report_kind_find("nonsense"), REPORT_KIND_COUNT);
}

static void test_gpu_event(void **state) {
	assert_int_equal(
		parse("{\"bug_type\":\"284\",\"timestamp\":\"2025-12-20 17:36:18.00 -0800\","
		      "\"os_version\":\"macOS 15.7.3 (24G419)\"}\n{\"process_name\":\"Python\","
		      "\"timestamp\":1766280978,\"analysis\":{\"signature\":579,"
		      "\"restart_reason\":8,\"restart_reason_desc\":\"firmware-detected "
		      "lockup\"}}"),
		0);
	assert_int_equal(report->kind, REPORT_GPU_EVENT);
	assert_string_equal(report->process.name, "Python");
	assert_true(report->captured_at_us.value == 1766280978000000);
	assert_true(report->gpu_event.signature.value == 579);
	assert_string_equal(report->gpu_event.restart_reason_desc, "firmware-detected lockup");
}

static void test_text_that_is_no_crash_behind_a_header(void **state) {
	assert_int_equal(
		parse("{\"bug_type\":\"210\",\"incident_id\":\"P-1\",\"os_version\":\"macOS 12.1 "
		      "(21C52)\"}\npanic(cpu 0 caller 0x1): \"x\" @IOGPUMemory.cpp:492\n"),
		0);
	assert_int_equal(report->kind, REPORT_PANIC);
	assert_string_equal(report->incident_id, "P-1");
	assert_string_equal(report->os_build, "21C52");
	assert_non_null(strstr(report->panic_string, "IOGPUMemory.cpp:492"));
	assert_int_equal(
		parse("{\"bug_type\":\"228\",\"name\":\"Foo\"}\nCommand: Foo\nDuration: 3s\n"), 0);
	assert_int_equal(report->kind, REPORT_HANG);
	assert_string_equal(report->process.name, "Foo");
	assert_null(report->panic_string);
	assert_int_equal(parse("{\"bug_type\":\"309\",\"name\":\"Foo\"}\nnonsense\n"), -EBADMSG);
}

static void test_panic_of_a_mac_with_a_bridge(void **state) {
	assert_int_equal(
		parse("{\"bug_type\":\"210\"}{\"panicString\":\"bridge\",\"macOSPanicString\":"
		      "\"mac\"}"),
		0);
	assert_string_equal(report->panic_string, "mac");
}

static void test_simulated_is_only_our_mark(void **state) {
	assert_int_equal(parse("{\"bug_type\":\"309\",\"is_simulated\":1}{\"pid\":1}"), 0);
	assert_false(report->simulated);
	assert_int_equal(
		parse("{\"bug_type\":\"309\",\"agxtriage_simulated\":true}{\"pid\":1}"), 0);
	assert_true(report->simulated);
}

/* The system's own report of the trial program has no mark; its functions say what they are. */
static void test_simulated_by_its_functions(void **state) {
	static const struct {
		const char *process, *symbol, *other;
		bool simulated;
	} cases[] = {
		{"agxtriage-repro", "agxtriage_simulated_dispatchThreads", "x", true},
		{"agxtriage-repro", "-[AGXG16XFamilyComputeContext setComputePipelineState:]", "x",
			false},
		{"agxtriage-repro", "x", "agxtriage_simulated_dispatchThreads", false},
		{"agxtriage-reproduced", "agxtriage_simulated_dispatchThreads", "x", false},
		{"Python", "agxtriage_simulated_dispatchThreads", "x", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[1024];
		snprintf(text, sizeof text,
			"{\"bug_type\":\"309\"}{\"pid\":1,\"procName\":\"%s\","
			"\"faultingThread\":1,\"threads\":[{\"frames\":[{\"imageIndex\":0,"
			"\"imageOffset\":1,\"symbol\":\"%s\"}]},{\"frames\":[{\"imageIndex\":0,"
			"\"imageOffset\":1},{\"imageIndex\":0,\"imageOffset\":2,"
			"\"symbol\":\"%s\"}]}]}",
			cases[i].process, cases[i].other, cases[i].symbol);
		assert_int_equal(parse(text), 0);
		assert_int_equal(report->thread_count, 2);
		assert_int_equal(report->simulated, cases[i].simulated);
	}
}

/* Every prefix of a good report is refused, and none of them is read beyond its end (ASan looks
 * on). */
static void test_every_truncation_is_refused(void **state) {
	static const char good[] = HEADER "\n{\"threads\":[{\"frames\":[{\"symbol\":\"a\\u00e9\"}],"
					  "\"threadState\":{\"x\":[{\"value\":1}]}}],\"pid\":1}";
	for (size_t len = 0; len < sizeof good - 1; len++) {
		char *copy = malloc(len ? len : 1);
		assert_non_null(copy);
		memcpy(copy, good, len);
		report_reset(report);
		assert_int_equal(report_parse_json(report, copy, len, &err), -EBADMSG);
		free(copy);
	}
	assert_int_equal(parse(good), 0);
}

static void test_limits_are_errors(void **state) {
	size_t threads = LIMIT_THREADS + 1;
	char *text = malloc(3 * threads + 64);
	assert_non_null(text);
	size_t len = (size_t)snprintf(text, 64, "{\"threads\":[");
	for (size_t i = 0; i < threads; i++)
		len += (size_t)snprintf(text + len, 8, "%s{}", i ? "," : "");
	snprintf(text + len, 8, "]}");
	assert_int_equal(parse(text), -E2BIG);
	assert_non_null(strstr(err.text, "too many threads"));
	free(text);
}

/* A report of a few megabytes could hold 100,000 of them, each compared with all before it. */
static void test_too_many_registers(void **state) {
	size_t size = 400 * 32 + 256;
	char *body = malloc(size);
	assert_non_null(body);
	size_t len = (size_t)snprintf(body, size,
		"\"procName\":\"x\",\"faultingThread\":0,\"threads\":[{\"threadState\":{");
	for (int i = 0; i < 400; i++)
		len += (size_t)snprintf(body + len, size - len, "\"r%d\":{\"value\":%d},", i, i);
	snprintf(body + len, size - len, "\"r1\":{\"value\":77}},\"frames\":[]}]");
	parse_body(body);
	free(body);
	assert_int_equal(report->register_count, LIMIT_REGISTERS);
	assert_int_equal(report_register(report, "r1").value, 77);
	assert_int_equal(report->warning_count, 1);
	assert_string_equal(
		report->warnings[0], "threadState: more than 128 registers, the rest left out");
}

static void test_codes_of_the_last_exception(void **state) {
	parse_body(
		"\"procName\":\"x\",\"exception\":{\"type\":\"EXC_BAD_ACCESS\",\"rawCodes\":[1,2]},"
		"\"exception\":{\"type\":\"EXC_BAD_ACCESS\"}");
	assert_int_equal(report->raw_code_count, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crash_reporter_key),
		cmocka_unit_test(test_facts_of_a_crash),
		cmocka_unit_test(test_header_fills_what_the_body_lacks),
		cmocka_unit_test(test_body_without_a_header),
		cmocka_unit_test(test_the_last_of_equal_keys_wins),
		cmocka_unit_test(test_wrong_types_are_absent_and_warned_about),
		cmocka_unit_test(test_indices_out_of_range_are_absent),
		cmocka_unit_test(test_instruction_bytes),
		cmocka_unit_test(test_application_info_keeps_its_order),
		cmocka_unit_test(test_bug_types),
		cmocka_unit_test(test_gpu_event),
		cmocka_unit_test(test_text_that_is_no_crash_behind_a_header),
		cmocka_unit_test(test_panic_of_a_mac_with_a_bridge),
		cmocka_unit_test(test_simulated_is_only_our_mark),
		cmocka_unit_test(test_simulated_by_its_functions),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_limits_are_errors),
		cmocka_unit_test(test_too_many_registers),
		cmocka_unit_test(test_codes_of_the_last_exception),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
