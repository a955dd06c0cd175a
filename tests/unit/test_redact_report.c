/* Whole reports: which members and lines stay, what becomes of the others, and that it is the same
 * report afterwards. What becomes of single texts is test_redact.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redact_body.h"

#include <errno.h>
#include <stdlib.h>

static void members_go_with_their_commas(void **state) {
	(void)state;
	body_becomes("\"zz\":1,\"pid\":7", "\"pid\":7");
	body_becomes("\"pid\":7,\"zz\":1", "\"pid\":7");
	body_becomes("\"pid\":7,\"zz\":1,\"uptime\":3", "\"pid\":7,\"uptime\":3");
	body_becomes("\"a\":{\"pid\":[1,{}]},\"pid\":7,\"b\":\"x\",\"c\":[]", "\"pid\":7");
	body_becomes("\"zz\":1", "");
	body_becomes("\"zz\":1,\"yy\":\"\\\"},{\"", "");
	body_becomes("\n  \"zz\" : 1,\n  \"pid\" : 7,\n  \"yy\" : 2\n", "\n  \"pid\" : 7\n");
	body_becomes("\n  \"pid\" : 7 ,\n  \"yy\" : 2 ,\n \"uptime\" :3 ",
		"\n  \"pid\" : 7 ,\n \"uptime\" :3 ");
}

static void what_stays_stays_byte_for_byte(void **state) {
	(void)state;
	stays("");
	stays(" \t\n ");
	stays("\"pid\" : 7 , \"\\u0070id\":8");
	stays("\"procPath\":\"\\/usr\\/lib\\/dyld\",\"uptime\":1e3,\"isCorpse\":true");
	stays("\"exception\":{\"rawCodes\":[1,1480],\"codes\":\"0x1, 0x5c8\"}");
	stays("\"exception\" : { } , \"threads\" : [ ] ");
	stays("\"osVersion\":{\"train\":\"macOS 15.7.3\",\"build\":\"24G419\"},\"cpuType\":"
	      "\"ARM-64\"");
	stays("\"modelCode\":\"Mac16,5\",\"captureTime\":\"2025-12-20 17:36:18.2862 -0800\"");
	stays("\"instructionByteStream\":{\"beforePC\":\"fyMD1f17v6k=\",\"atPC\":\"aAZA+Q==\"}");
	stays("\"usedImages\":[{\"base\":4294967296,\"uuid\":\"11111111-2222-3333-4444-"
	      "555555555555\",\"CFBundleVersion\":\"329.2\",\"source\":\"P\"},{}]");
}

static void both_of_a_double_member_are_looked_at(void **state) {
	(void)state;
	body_becomes("\"zz\":1,\"pid\":1,\"zz\":2,\"pid\":2", "\"pid\":1,\"pid\":2");
	body_becomes("\"pid\":1,\"pid\":\"nightjar\"", "\"pid\":1,\"pid\":null");
	body_becomes("\"sip\":\"enabled\",\"sip\":{\"nightjar\":1},\"sip\":[\"nightjar\"]",
		"\"sip\":\"enabled\",\"sip\":null,\"sip\":null");
}

static void a_wrong_type_becomes_null(void **state) {
	(void)state;
	body_becomes("\"procPath\":7,\"termination\":[1],\"osVersion\":\"nightjar\"",
		"\"procPath\":null,\"termination\":null,\"osVersion\":null");
	body_becomes("\"threads\":[5,\"nightjar\",null,{\"frames\":\"none\",\"name\":3},[{}]]",
		"\"threads\":[null,null,null,{\"frames\":null,\"name\":null},null]");
	body_becomes("\"exception\":{\"rawCodes\":[1,\"nightjar\"],\"codes\":\"nightjar\"}",
		"\"exception\":{\"rawCodes\":[1,null],\"codes\":null}");
	body_becomes("\"captureTime\":\"nightjar\"", "\"captureTime\":null");
	body_becomes("\"exception\":\"nightjar\",\"faultingThread\":\"0\"",
		"\"exception\":null,\"faultingThread\":null");
}

static void what_nobody_knows_is_gone(void **state) {
	(void)state;
	body_becomes("\"processByPid\":{\"7\":{\"procname\":\"nightjar\"}},\"trialInfo\":{}",
		"\"processByPid\":{}");
	body_becomes("\"threads\":[{\"id\":1,\"nightjar\":2,\"threadState\":{\"night\":{\"value\":"
		     "1},\"pc\":{\"value\":2,\"nightjar\":3}}}]",
		"\"threads\":[{\"id\":1,\"threadState\":{\"pc\":{\"value\":2}}}]");
	body_becomes("\"memoryStatus\":{\"nightjar\":1,\"pageSize\":16384,\"memoryPages\":{"
		     "\"nightjar\":1}}",
		"\"memoryStatus\":{\"pageSize\":16384,\"memoryPages\":{}}");
	body_becomes("\"analysis\":{\"signature\":579,\"nightjar\":{\"signature\":1}}",
		"\"analysis\":{\"signature\":579}");
}

static void the_machine_is_a_placeholder(void **state) {
	(void)state;
	body_becomes("\"crashReporterKey\":\"31EF1460-9124-D2FD-4CAC-4A806E474698\","
		     "\"sleepWakeUUID\":\"2384290E-F858-4024-9488-11D3FF94B4DD\","
		     "\"bootSessionUUID\":\"31EF1460-9124-D2FD-4CAC-4A806E474698\"",
		"\"crashReporterKey\":\"<machine-1>\",\"sleepWakeUUID\":\"<machine-2>\","
		"\"bootSessionUUID\":\"<machine-1>\"");
	stays("\"crashReporterKey\":\"<machine-7>\"");
	stays("\"crashReporterKey\":\"\"");
}

static void texts_are_escaped_as_they_were(void **state) {
	(void)state;
	body_becomes("\"procPath\":\"\\/Users\\/nightjar\\/x\\/a\"",
		"\"procPath\":\"\\/Users\\/<user-1>\\/<path-1>\\/a\"");
	body_becomes("\"procPath\":\"/Users/nightjar/x/a\"",
		"\"procPath\":\"/Users/<user-1>/<path-1>/a\"");
	body_becomes("\"procPath\":\"/U\\u0073ers/n\\u0069ghtjar/x/a\"",
		"\"procPath\":\"/Users/<user-1>/<path-1>/a\"");
}

/* Members whose names are not known beforehand. */
static void application_info_keeps_its_images(void **state) {
	(void)state;
	stays("\"asi\":{\"libsystem_c.dylib\":[\"abort() called\"],\"dyld\":[]}");
	body_becomes("\"asi\":{\"libsystem_c.dylib\":[\"abort() called\",{\"nightjar\":1},7]}",
		"\"asi\":{\"libsystem_c.dylib\":[\"abort() called\",null,null]}");
	body_becomes("\"asi\":{\"halvorsen.dylib\":[]}", "\"asi\":{\"<word-1>.dylib\":[]}");
	stays("\"usedImages\":[{\"name\":\"halvorsen.dylib\"}],\"asi\":{\"halvorsen.dylib\":[]}");
	stays("\"asi\":{\"halv\\u006frsen.dylib\":[]},\"usedImages\":[{\"name\":\"halvorsen.dylib\"}]");
	char *got = redacted(HEADER "{\"procPath\":\"/Users/nightjar/x\",\"asi\":{ \"nightjar\" : "
				    "[\"n\\u0069ghtjar\"]}}");
	assert_null(strstr(got, "night"));
	assert_non_null(strstr(got, "\"asi\":{ \"<user-1>\" : [\"<user-1>\"]}"));
	free(got);
}

static void shapes_are_looked_at(void **state) {
	(void)state;
	stays("\"product\":\"iPad7,2\",\"build\":\"iPhone OS 26.3 (23D5089e)\",\"socId\":\"8011\"");
	stays("\"panicFlags\":\"0x40802\",\"bundleInfo\":{\"CFBundleVersion\":\"8623.1.14.10.9\"}");
	body_becomes("\"panicFlags\":\"0xnightjar\",\"socId\":\"nightjar\"",
		"\"panicFlags\":null,\"socId\":null");
	const char *const private[] = {"nightjar", "10.31.207.44", "1.2-nightjar", "+49 170 5558",
		"macOS nightjar (24G419)", "macOS 15 (nightjar)", "Mac16,5 nightjar",
		"nightjar16,5"};
	static const char *const places[] = {
		"{\"CFBundleVersion\":\"%s\"}", "{\"CFBundleShortVersionString\":\"%s\"}"};
	for (size_t i = 0; i < sizeof private / sizeof *private; i++) {
		for (size_t k = 0; k < 2; k++) {
			struct buf source = {0};
			buf_add_str(&source, HEADER "{\"modelCode\":\"");
			buf_add_str(&source, private[i]);
			buf_add_str(&source, "\",\"build\":\"");
			buf_add_str(&source, private[i]);
			buf_add_str(&source,
				k ? "\",\"bundleInfo\":{\"CFBundleVersion\":\""
				  : "\",\"bundleInfo\":{\"CFBundleShortVersionString\":\"");
			buf_add_str(&source, private[i]);
			buf_add_str(&source, "\"}}");
			char *got = redacted(buf_str(&source));
			if (strstr(got, private[i]))
				fail_msg("%s: %s", places[k], got);
			assert_null(strstr(got, "nightjar"));
			free(got);
			buf_finish(&source);
		}
	}
}

static void a_body_may_stand_alone(void **state) {
	(void)state;
	char *got = redacted("\xef\xbb\xbf\n{\"pid\":7,\"procName\":\"Python\",\"zz\":1}\n ");
	assert_string_equal(got, "\xef\xbb\xbf\n{\"pid\":7,\"procName\":\"Python\"}\n ");
	free(got);
	got = redacted("{\"procName\":\"Python\"}\nSystem Profile:\nnightjar\n");
	assert_string_equal(got, "{\"procName\":\"Python\"}\n");
	free(got);
	got = redacted(HEADER "\n\n{\"pid\":7}\n nightjar");
	assert_string_equal(got, HEADER "\n\n{\"pid\":7}\n ");
	free(got);
}

static void what_is_no_report_is_refused(void **state) {
	(void)state;
	static const char *const bad[] = {"{", "{\"pid\":", HEADER, HEADER "{\"pid\":7",
		HEADER "{\"pid\":7,}", HEADER "{\"threads\":[{\"frames\":[}]}",
		HEADER "{\"zz\":[1,2}", HEADER "{\"zz\":\"\\"};
	struct redactor *redactor = NULL;
	struct err err = {0};
	assert_int_equal(redactor_new(&redactor, &err), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct report *report = report_new();
		struct buf ret = {0};
		buf_add_str(&ret, "before");
		err = (struct err){0};
		assert_int_equal(
			redact_report(redactor, report, bad[i], strlen(bad[i]), &ret, &err),
			-EBADMSG);
		assert_int_equal(err.code, -EBADMSG);
		assert_string_equal(buf_str(&ret), "before");
		buf_finish(&ret);
		report_free(report);
	}
	redactor_free(redactor);
}

/* Nesting that the table does not have is skipped without a stack of its own. */
static void depth_has_a_limit(void **state) {
	(void)state;
	struct buf source = {0};
	buf_add_str(&source, HEADER "{\"procName\":\"Python\",\"zz\":");
	for (int i = 0; i < LIMIT_JSON_DEPTH - 2; i++)
		buf_add_char(&source, '[');
	for (int i = 0; i < LIMIT_JSON_DEPTH - 2; i++)
		buf_add_char(&source, ']');
	buf_add_str(&source, "}");
	char *got = redacted(buf_str(&source));
	assert_string_equal(got, HEADER "{\"procName\":\"Python\"}");
	free(got);
	buf_finish(&source);
}

#define TEXT_HEAD                                                           \
	"Process:               Python [81920]\n"                           \
	"Path:                  /usr/bin/Python\n"                          \
	"Identifier:            org.python.python\n"                        \
	"Code Type:             ARM-64 (Native)\n"                          \
	"OS Version:            macOS 15.7.3 (24G419)\n"                    \
	"Crashed Thread:        0\n\n"                                      \
	"Exception Type:        EXC_BAD_ACCESS (SIGSEGV)\n"                 \
	"Exception Codes:       0x0000000000000001, 0x00000000000005c8\n\n" \
	"Termination Reason:    Namespace SIGNAL, Code 11 Segmentation fault: 11\n\n"
#define TEXT_THREAD                                                       \
	"Thread 0 Crashed:\n"                                             \
	"0   AGXMetalG16X  \t 0x1161071d4 -[AGXG16XFamilyComputeContext " \
	"setComputePipelineState:] + 32\n"                                \
	"1   ???           \t 0x130000040 0x130000000 + 64\n\n"
#define TEXT_IMAGES                                                  \
	"Binary Images:\n"                                           \
	" 0x1160ab000 - 0x1168f0fff com.apple.AGXMetalG16X (329.2) " \
	"<11111111-2222-3333-4444-555555555555> "                    \
	"/System/Library/Extensions/AGXMetalG16X.bundle/Contents/MacOS/AGXMetalG16X\n\n"

static void text_becomes(const char *source, const char *expected) {
	char *got = redacted(source);
	assert_string_equal(got, expected);
	free(got);
}

static void a_plain_text_stays(void **state) {
	(void)state;
	static const char text[] =
		TEXT_HEAD TEXT_THREAD "Thread 0 crashed with ARM Thread State (64-bit):\r\n"
				      "    x0: 0x0000000000000001   x1: 0x00000000000005c8\n"
				      "   far: 0x00000000000005c8  esr: 0x92000006\n\n" TEXT_IMAGES;
	text_becomes(text, text);
}

static void the_machine_of_a_text_goes(void **state) {
	(void)state;
	text_becomes(TEXT_HEAD TEXT_THREAD TEXT_IMAGES
		"System Profile:\nNetwork Service: nightjar\n\nUSB Device: nightjar\n",
		TEXT_HEAD TEXT_THREAD TEXT_IMAGES "System Profile:\n");
	text_becomes(TEXT_HEAD TEXT_THREAD TEXT_IMAGES
		"Model: Mac16,5, BootROM 1.2, nightjar\nGraphics: nightjar\n",
		TEXT_HEAD TEXT_THREAD TEXT_IMAGES "Model: Mac16,5, BootROM\n");
	text_becomes(TEXT_HEAD TEXT_THREAD TEXT_IMAGES "EOF\nnightjar\n\nnightjar wrote\n",
		TEXT_HEAD TEXT_THREAD TEXT_IMAGES "EOF\n");
	text_becomes(
		"CrashReporter Key: nightjar\nApp Item ID: 123\n" TEXT_HEAD TEXT_THREAD TEXT_IMAGES,
		"CrashReporter Key: <machine-1>\nApp Item ID:\n" TEXT_HEAD TEXT_THREAD TEXT_IMAGES);
}

/* Places whose text the parser takes apart. */
static void pieces_of_lines_are_redacted(void **state) {
	(void)state;
	static const char *const lines[] = {"Parent Process:        nightjar [1]\n",
		"Termination Reason:    Namespace NIGHTJAR, Code 0xb nightjar\n",
		"Crashed Thread:        0  nightjar  Dispatch queue: nightjar\n",
		"Date/Time:             nightjar\n", "User ID:               nightjar\n",
		"Hardware Model:        nightjar (nightjar)\n", "nightjar: nightjar\n",
		"Code Type:             nightjar (nightjar)\n", "nightjar\n",
		"Time Awake Since Boot: nightjar seconds\n", "Version: nightjar (1.0)\n",
		"Application Specific Information:\nnightjar\n\n", "VM Region Info: nightjar\n\n",
		"Coalition:             com.nightjar.x [42] nightjar\n"};
	static const char *const tails[] = {"Thread 1:: nightjar Dispatch queue: nightjar\n",
		"Thread 1 name:  nightjar\nThread 1:\nnightjar\n", "Thread 1:\n0  nightjar\n",
		"Thread 1:\n0   x  0x1000 f (/Users/nightjar/a.c:5)\n",
		"Thread 1:\n0   x  0x1000 0x800 + 2048 (g + 4) nightjar\n",
		("Thread 0 crashed with nightjar Thread State nightjar:\n  nightjar: 0x1 x1: 0x2 "
		 "nightjar\n"),
		"Thread 0 instruction stream nightjar:\n  5b 5b 2a nightjar\n nightjar\n",
		"Last Exception Backtrace:\n(0x18249 nightjar)\n",
		"Binary Images: Description nightjar\n 0x1 - 0x2 x (nightjar) <@nightjar@> /nightjar/x\n",
		"Call graph:\n  + 2 nightjar wrote (in nightjar)\n", "Logical CPU: nightjar\n",
		"Error Code: 0x14 nightjar\n", "External Modification Summary:\n nightjar: 0\n"};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct buf text = {0};
		buf_printf(&text,
			"Process: x [1]\nPath: /Users/nightjar/x\n%s" TEXT_HEAD TEXT_THREAD,
			lines[i]);
		char *got = redacted(buf_str(&text));
		if (strcasestr(got, "night"))
			fail_msg("%s", got);
		free(got);
		buf_finish(&text);
	}
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		struct buf text = {0};
		buf_printf(&text, "Path: /Users/nightjar/x\n" TEXT_HEAD TEXT_THREAD "%s", tails[i]);
		char *got = redacted(buf_str(&text));
		if (strcasestr(got, "night"))
			fail_msg("%s", got);
		free(got);
		buf_finish(&text);
	}
}

static void a_header_may_stand_before_a_text(void **state) {
	(void)state;
	char *got = redacted("{\"bug_type\":\"109\",\"zz\":1}\n" TEXT_HEAD TEXT_THREAD TEXT_IMAGES);
	assert_string_equal(got, "{\"bug_type\":\"109\"}\n" TEXT_HEAD TEXT_THREAD TEXT_IMAGES);
	free(got);
	got = redacted("{\"bug_type\":\"210\",\"zz\":1}\npanic(cpu 3 caller 0xfffffe0012345678): "
		       "completeMemory() prepare count underflow\nnightjar\n");
	assert_null(strstr(got, "nightjar"));
	assert_non_null(strstr(got, "completeMemory() prepare count underflow\n"));
	free(got);
	got = redacted("{\"bug_type\":\"228\"}\nCommand: nightjar\n");
	assert_null(strstr(got, "nightjar"));
	free(got);
}

#define FRAMES "\"threads\":[{\"frames\":[{\"symbol\":\"load_zorbterm_buffer\"}]}]"

/* Redacts source with what it and other have taught. */
static char *redacted_beside(const char *source, const char *other) {
	const char *const both[] = {other, source};
	struct report *report = report_new();
	struct redactor *redactor = NULL;
	struct buf ret = {0};

	assert_int_equal(redactor_new(&redactor, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(check_parse(report, both[i], strlen(both[i]), NULL), 0);
		assert_int_equal(
			redactor_learn(redactor, report, both[i], strlen(both[i]), NULL), 0);
	}
	assert_int_equal(redact_report(redactor, report, source, strlen(source), &ret, NULL), 0);
	redactor_free(redactor);
	report_free(report);
	return buf_take(&ret);
}

/* A report's signature is made of what it tells itself, so other reports of an archive do not teach
 * its functions; its users' names are private in all of them. */
static void what_a_report_teaches_goes_in_that_report(void **state) {
	static const char plain[] = HEADER "{" FRAMES "}";
	static const char parent[] = HEADER "{\"parentProc\":\"ZorbTerm\"," FRAMES "}";
	static const char user[] = HEADER "{\"procPath\":\"/Users/zorbterm/a\"}";
	char *got;

	(void)state;
	got = redacted_beside(plain, parent);
	assert_string_equal(got, plain);
	free(got);
	got = redacted_beside(parent, plain);
	assert_non_null(strstr(got, "load_<word-1>_buffer"));
	free(got);
	got = redacted_beside(plain, user);
	assert_non_null(strstr(got, "load_<user-1>_buffer"));
	free(got);
}

static void control_bytes_are_cleaned(void **state) {
	(void)state;
	static const char text[] = "Process: x [1]\nnightjar \x1b[31m \xff\n" TEXT_HEAD TEXT_THREAD;
	char *got = redacted_bytes(text, sizeof text - 1);
	assert_null(strchr(got, 0x1b));
	assert_null(strstr(got, "\xff"));
	assert_null(strstr(got, "nightjar"));
	free(got);
	got = redacted(HEADER "{\"parentProc\":\"\\u001b[31m\\u0000nightjar\"}");
	assert_null(strstr(got, "nightjar"));
	assert_null(strstr(got, "\\u0000"));
	free(got);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_go_with_their_commas),
		cmocka_unit_test(what_stays_stays_byte_for_byte),
		cmocka_unit_test(both_of_a_double_member_are_looked_at),
		cmocka_unit_test(a_wrong_type_becomes_null),
		cmocka_unit_test(what_nobody_knows_is_gone),
		cmocka_unit_test(the_machine_is_a_placeholder),
		cmocka_unit_test(texts_are_escaped_as_they_were),
		cmocka_unit_test(application_info_keeps_its_images),
		cmocka_unit_test(shapes_are_looked_at),
		cmocka_unit_test(a_body_may_stand_alone),
		cmocka_unit_test(what_is_no_report_is_refused),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(a_plain_text_stays),
		cmocka_unit_test(the_machine_of_a_text_goes),
		cmocka_unit_test(pieces_of_lines_are_redacted),
		cmocka_unit_test(a_header_may_stand_before_a_text),
		cmocka_unit_test(what_a_report_teaches_goes_in_that_report),
		cmocka_unit_test(control_bytes_are_cleaned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
