/* Single values of a report: what has the form of its place, what only looks like it, and what the
 * system itself writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redact_body.h"

#include <time.h>

/* Code of functions, with a constant in it, and words, tokens and keys that are base64 as well. */
static void instruction_bytes_are_instructions(void **state) {
	(void)state;
	static const char *const code[] = {
		"fyMD1f17v6n9AwCRCABA+WgAALTzAwCq4f//l/17waj/D1/WHyAD1Q==",
		"AATAPSCEoE4gBIE8IEBgHil9CJspAQqLPwUA8UH//1QAAIDSwANf1g==",
		"AAAAAAAAAABfJAPV/4MA0QgEQLkfBQBxoQAAVCAAgFL/gwCReFY0Eg==", "aAZA+Q=="};
	static const char *const others[] = {"nightjar", "NightjarMaritime", "bG9naW49bWFybG93",
		"d41d8cd98f00b204e9800998ecf8427e", "aAZA+R==", "aAZA+Q",
		"aAZA+Q=", "wJq7XtnFEMI/K7MDENG/bPxRfiCYzQ8V", "Tr0ub4dor3+Hunter2/Pass",
		"AAAAAAAA", "====", "bG9naW49dGxpbmRxdmlzdDt0ZWFtPXZlbG1vcmE7cGFzcz1odW50ZXIyMQ=="};
	struct buf members = {0};
	for (size_t i = 0; i < sizeof code / sizeof *code; i++) {
		buf_reset(&members);
		buf_printf(&members, "\"instructionByteStream\":{\"atPC\":\"%s\"}", code[i]);
		stays(members.data);
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		buf_reset(&members);
		buf_printf(&members, "\"instructionByteStream\":{\"beforePC\":\"%s\"}", others[i]);
		body_becomes(members.data, "\"instructionByteStream\":{\"beforePC\":null}");
	}
	/* longer than any report has */
	buf_reset(&members);
	buf_add_str(&members, "\"instructionByteStream\":{\"beforePC\":\"");
	for (int i = 0; i < 23; i++)
		buf_add_str(&members, "CHl5");
	buf_add_str(&members, "\"}");
	body_becomes(members.data, "\"instructionByteStream\":{\"beforePC\":null}");
	/* of another processor they are code when there are as many as in reports */
	stays("\"cpuType\":\"X86-64\",\"instructionByteStream\":{\"atPC\":"
	      "\"SIsFAQAAAEiFwHQFSIsAww==\"}");
	static const char *const other_lengths[] = {"SIsFAQ==", "wJq7XtnFEMI/K7MDENG/bPxRfiCYzQ8V"};
	for (size_t i = 0; i < 2; i++) {
		buf_reset(&members);
		buf_printf(&members,
			"\"cpuType\":\"X86-64\",\"instructionByteStream\":{\"atPC\":\"%s\"}",
			other_lengths[i]);
		body_becomes(members.data,
			"\"cpuType\":\"X86-64\",\"instructionByteStream\":{\"atPC\":null}");
	}
	buf_finish(&members);
}

static void bundles_are_read_by_their_words(void **state) {
	(void)state;
	static const char *const members[] = {"\"bundleID\":\"%s\"", "\"coalitionName\":\"%s\"",
		"\"bundleInfo\":{\"CFBundleIdentifier\":\"%s\"}",
		"\"usedImages\":[{\"CFBundleIdentifier\":\"%s\"}]"};
	static const char *const texts[][2] = {{"com.nightjar.App", "com.<word-1>.App"},
		{"jp.nightjar.halvorsen.metal", "jp.<word-1>.<word-2>.metal"},
		{"com.apple.AGXMetalG16X", "com.apple.AGXMetalG16X"},
		{"com.apple.SocialLayer.axbundle", "com.apple.SocialLayer.axbundle"},
		{"nightjar", "<word-1>"},
		{"com.apple.CoreSimulator.SimDevice.1E74D418-171E-426A-B4DA-F000561D4041",
			"com.apple.CoreSimulator.SimDevice.<machine-1>"}};
	struct buf before = {0}, after = {0};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
			const char *gap = strstr(members[i], "%s");
			buf_reset(&before);
			buf_add(&before, members[i], (size_t)(gap - members[i]));
			buf_reset(&after);
			buf_add(&after, before.data, before.len);
			buf_printf(&before, "%s%s", texts[k][0], gap + 2);
			buf_printf(&after, "%s%s", texts[k][1], gap + 2);
			body_becomes(before.data, after.data);
		}
	}
	buf_finish(&before);
	buf_finish(&after);
}

static void registers_that_are_read_stay(void **state) {
	(void)state;
	stays("\"threads\":[{\"threadState\":{\"x\":[{\"value\":1}],\"rfl\":{\"value\":2},\"rip\":{"
	      "\"value\":3},\"trap\":{\"value\":4},\"far\":{\"value\":5},\"efl\":{\"value\":6}}}]");
	body_becomes("\"threads\":[{\"threadState\":{\"nightjar\":{\"value\":2}}}]",
		"\"threads\":[{\"threadState\":{}}]");
}

/* What macOS itself writes into longer texts. */
static void texts_of_the_system_stay(void **state) {
	(void)state;
	stays("\"vmRegionInfo\":\"0x5c8 is not in any region.  Bytes before following region: 4335730688\\n"
	      "      REGION TYPE                    START - END         [ VSIZE] PRT/MAX SHRMOD  REGION "
	      "DETAIL\\n      UNUSED SPACE AT START\\n--->  \\n      __TEXT     102e5c000-102e60000    [  "
	      " 16K] r-x/r-x SM=COW  /Users/USER/<path-1>/Python\\n      MALLOC  100-200 [ 4K] "
	      "---/rwx SM=ZER SM=ALI SM=S/A SM=PRV USER\"");
	stays("\"macOSPanicString\":\"panic(cpu 3 caller 0xfffffe0012345678): \\\"IOGPUCommandQueue: "
	      "completeMemory() prepare count underflow\\\" @IOGPUMemory.cpp:123\\n"
	      "Darwin Kernel Version 24.6.0: Mon Jul 14 11:30:29 PDT 2025; "
	      "root:xnu-11417.140.69~1/RELEASE_ARM64_T6000\\niBoot version: iBoot-11881.140.96\\n"
	      "      com.apple.driver.AppleM2ScalerCSCDriver(265.0)@0xfffffe00->0xfffffe01\\n"
	      "         dependency: com.apple.iokit.IOGPUFamily(104.6.3)\"");
	stays("\"asi\":{\"libsystem_c.dylib\":[\"Assertion failed: (index), file "
	      "*/Xcode-16.2.0.app/Contents/Developer/Platforms/index.h, line 9\"]}");
	stays("\"osVersion\":{\"train\":\"Debian GNU/Linux 12 (bookworm)\"}");
	body_becomes("\"panicString\":\"com.nightjar.driver.Halvorsen(1.0) com.apple.x(nightjar)\"",
		"\"panicString\":\"com.<word-1>.driver.<word-2>(1.0) com.apple.x(<word-1>)\"");
	body_becomes("\"vmRegionInfo\":\"SM=Ali SM=nightjar /Users/user/x\"",
		"\"vmRegionInfo\":\"SM=<word-1> SM=<word-2> /Users/<user-1>/x\"");
}

/* A value goes as a whole, whatever is in it. */
static void settings_lose_their_values(void **state) {
	(void)state;
	static const char *const settings[][2] = {
		{"halvorsen_pw=Hunter\xe2\x80\xa6!9 said", "<word-1>=<secret-1> said"},
		{"password=Tr0ub4dor&3x;(9)] ok", "password=<secret-1> ok"},
		{"password = light ok", "password = <secret-1> ok"},
		{"--token=light,blue red", "--token=<secret-1> red"},
		{"PASSWORD='light and <blue' red", "PASSWORD='<secret-1>' red"},
		{"secret='light and red", "secret='<secret-1> and red"},
		{"size=12, count=3; mode=fast", "size=12, count=3; mode=fast"},
		{"label=nightjar-light!9 red", "label=<secret-1> red"},
		{"MTL_DEBUG_LAYER=1, X", "MTL_DEBUG_LAYER=1, X"},
		{"FAR=0x5c8 x == y", "FAR=0x5c8 x == y"},
		{"render pass: encoder", "render pass: encoder"},
		{"file=/Users/nightjar/a.py", "file=/Users/<user-1>/a.py"}};
	struct buf before = {0}, after = {0};
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		buf_reset(&before);
		buf_reset(&after);
		buf_printf(&before, "\"panicString\":\"%s\"", settings[i][0]);
		buf_printf(&after, "\"panicString\":\"%s\"", settings[i][1]);
		body_becomes(before.data, after.data);
	}
	buf_finish(&before);
	buf_finish(&after);
}

/* They turn what is read around, or hide in a word; what stands beside one goes with it. */
static void invisible_characters_go(void **state) {
	(void)state;
	static const char *const signs[] = {"\xe2\x80\xae", "\xe2\x80\x8b", "\xe2\x81\xa6",
		"\xef\xbb\xbf", "\xe2\x80\x8f", "\xe2\x80\xad", "\xe2\x81\xa9"};
	static const char *const members[] = {"procName", "parentProc", "panicString", "procPath",
		"bundleID", "coalitionName", "crashReporterKey", "modelCode"};
	struct buf source = {0};
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		buf_reset(&source);
		buf_add_str(&source, HEADER "{\"uptime\":1");
		for (size_t k = 0; k < sizeof members / sizeof *members; k++)
			buf_printf(&source, ",\"%s\":\"light%sred %s com.apple.x%sy/a%sb\"",
				members[k], signs[i], signs[i], signs[i], signs[i]);
		buf_add_str(&source, "}");
		char *got = redacted(buf_str(&source));
		if (strstr(got, signs[i]))
			fail_msg("%zu: %s", i, got);
		free(got);
	}
	buf_finish(&source);
}

static clock_t redact_many(const char *unit, size_t len) {
	struct redactor *redactor = NULL;
	struct buf text = {0}, ret = {0};
	clock_t start;

	assert_int_equal(redactor_new(&redactor, NULL), 0);
	while (text.len < len)
		buf_add_str(&text, unit);
	start = clock();
	for (int form = 0; form < REDACT_FORM_COUNT; form++)
		redact(redactor, (enum redact_form)form, buf_str(&text), &ret);
	assert_false(ret.failed);
	redactor_free(redactor);
	buf_finish(&text);
	buf_finish(&ret);
	return clock() - start;
}

/* Of settings, addresses and numbers in groups, whatever the form: eight times the text takes eight
 * times as long, not sixty-four times. */
static void hostile_values_take_linear_time(void **state) {
	static const char *const units[] = {"f0:", "x=", "a=b-", "SM=", "12.", "1-", "1234 ",
		"pin:", "a='", "x=\"", "com.apple.", "--token ", "zorb=a,"};

	(void)state;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		clock_t little = redact_many(units[i], 10000), much = redact_many(units[i], 80000);

		if (much > 24 * little + CLOCKS_PER_SEC)
			fail_msg("%s: slow", units[i]);
	}
}

/* They look like addresses; one that stands elsewhere is one. */
static void versions_of_four_numbers_stay(void **state) {
	(void)state;
	stays("\"bundleInfo\":{\"CFBundleVersion\":\"12.0.40.6\",\"CFBundleShortVersionString\":"
	      "\"2.9.0.1\"},\"usedImages\":[{\"CFBundleVersion\" : \"200.5.10.1\"}]");
	stays("\"panicString\":\"version: 6.0.91.2 com.apple.driver.AppleX(114.20.6.145)\","
	      "\"bundleInfo\":{\"CFBundleVersion\":\"6.0.91.2\"}");
	body_becomes("\"bundleInfo\":{\"CFBundleVersion\":\"10.213.35.60\"},\"panicString\":"
		     "\"no answer of 10.213.35.60\"",
		"\"bundleInfo\":{\"CFBundleVersion\":\"<address-1>\"},\"panicString\":"
		"\"no answer of <address-1>\"");
	body_becomes("\"bundleInfo\":{\"CFBundleVersion\":\"10.213.35.60\"},\"procName\":"
		     "\"worker_10.213.35.60\",\"build\":\"10.213.35.60\"",
		"\"bundleInfo\":{\"CFBundleVersion\":\"<address-1>\"},\"procName\":"
		"\"worker_<address-1>\",\"build\":\"<address-1>\"");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instruction_bytes_are_instructions),
		cmocka_unit_test(bundles_are_read_by_their_words),
		cmocka_unit_test(registers_that_are_read_stay),
		cmocka_unit_test(texts_of_the_system_stay),
		cmocka_unit_test(versions_of_four_numbers_stay),
		cmocka_unit_test(settings_lose_their_values),
		cmocka_unit_test(invisible_characters_go),
		cmocka_unit_test(hostile_values_take_linear_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
