/* What macOS's programs and Linux's files say, one fact each; and the same with nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/platform_text.h"

#include <stdio.h>
#include <string.h>

#define MEMINFO \
	"MemTotalHuge:  1 kB\nMemTotal:       16303236 kB\nMemFree:  1 kB\nSwapTotal: 0 kB\n"

static const char *line_of(const char *text) {
	static char line[PLATFORM_TEXT_BYTES];
	memset(line, 'x', sizeof line);
	platform_line(text, line);
	return line;
}

static void test_line(void **state) {
	char text[PLATFORM_TEXT_BYTES + 10];
	assert_string_equal(line_of("Mac16,5\n"), "Mac16,5");
	assert_string_equal(line_of("  \"two words\" \t\r\nmore"), "two words");
	assert_string_equal(line_of(""), "");
	assert_string_equal(line_of("\nmore"), "");
	assert_string_equal(line_of("' \" '"), "");
	assert_string_equal(line_of("a\x1b[31m\xff"), "a\xef\xbf\xbd[31m\xef\xbf\xbd");
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	assert_int_equal(strlen(line_of(text)), PLATFORM_TEXT_BYTES - 1);
	/* Cut before a character that does not fit. */
	memcpy(text + PLATFORM_TEXT_BYTES - 2, "\xc3\xa9\xc3\xa9", 4);
	assert_int_equal(strlen(line_of(text)), PLATFORM_TEXT_BYTES - 2);
}

static void test_value(void **state) {
	char value[PLATFORM_TEXT_BYTES] = "before";
	const char *text =
		"model\t\t: 207\nmodel name\t: Some Processor\nNAME=\"A B\"\n  k = 'v'\nw 7\n"
		"empty:\nlast: 1";
	assert_true(platform_value(text, "model name", value));
	assert_string_equal(value, "Some Processor");
	assert_true(platform_value(text, "model", value));
	assert_string_equal(value, "207");
	assert_true(platform_value(text, "NAME", value));
	assert_string_equal(value, "A B");
	assert_true(platform_value(text, "k", value));
	assert_string_equal(value, "v");
	assert_true(platform_value(text, "w", value));
	assert_string_equal(value, "7");
	assert_false(platform_value(text, "empty", value));
	assert_false(platform_value(text, "mod", value));
	assert_false(platform_value(text, "none", value));
	assert_false(platform_value("", "none", value));
	assert_false(platform_value("none", "none", value));
	assert_string_equal(value, "7");
}

static void test_number(void **state) {
	assert_int_equal(platform_number(MEMINFO, "MemTotal"), 16303236);
	assert_int_equal(platform_number(MEMINFO, "SwapTotal"), 0);
	assert_int_equal(platform_number(MEMINFO, "SwapFree"), -1);
	assert_int_equal(platform_number("a: -1\n", "a"), -1);
	assert_int_equal(platform_number("a: x1\n", "a"), -1);
	assert_int_equal(platform_number("a: 9223372036854775808\n", "a"), -1);
	assert_int_equal(platform_number("a:\n1\n", "a"), -1);
}

static const char *source_of(const char *text) {
	static char source[PLATFORM_TEXT_BYTES];
	*source = '\0';
	platform_power_source(text, source);
	return source;
}

static void test_power_source(void **state) {
	assert_string_equal(
		source_of("Now drawing from 'AC Power'\n -InternalBattery-0 "
			  "(id=22806627)\t83%; charging; 1:00 remaining present: true\n"),
		"ac");
	assert_string_equal(
		source_of("Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t78%;\n"),
		"battery");
	assert_string_equal(source_of("Now drawing from 'UPS Power'\n"), "ups");
	assert_string_equal(source_of("Now drawing from 'AC Powers'\n"), "AC Powers");
	assert_string_equal(source_of("Now drawing from '"), "");
	assert_string_equal(source_of("no battery here"), "");
	assert_string_equal(source_of(""), "");
}

static void test_low_power(void **state) {
	static const char before[] =
		"System-wide power settings:\nCurrently in use:\n standby              1\n";
	char text[512];
	snprintf(text, sizeof text, "%s lowpowermode         1\n womp 1\n", before);
	assert_int_equal(platform_low_power(text), 1);
	snprintf(text, sizeof text, "%s lowpowermode         0\n", before);
	assert_int_equal(platform_low_power(text), 0);
	snprintf(text, sizeof text, "%s powermode            1\n", before);
	assert_int_equal(platform_low_power(text), 1);
	snprintf(text, sizeof text, "%s powermode            2\n", before);
	assert_int_equal(platform_low_power(text), 0);
	assert_int_equal(platform_low_power(before), -1);
	assert_int_equal(platform_low_power(" lowpowermode off\n"), -1);
	assert_int_equal(platform_low_power(""), -1);
}

static const char *heat_of(const char *text) {
	static char heat[PLATFORM_TEXT_BYTES];
	*heat = '\0';
	platform_thermal_state(text, heat);
	return heat;
}

static void test_thermal_state(void **state) {
	assert_string_equal(heat_of("com.apple.system.thermalpressurelevel 0\n"), "nominal");
	assert_string_equal(heat_of("com.apple.system.thermalpressurelevel 1\n"), "moderate");
	assert_string_equal(heat_of("com.apple.system.thermalpressurelevel 4\n"), "sleeping");
	assert_string_equal(heat_of("com.apple.system.thermalpressurelevel 5\n"), "");
	assert_string_equal(heat_of("com.apple.system.thermalpressurelevel -1\n"), "");
	assert_string_equal(
		heat_of("com.apple.system.thermalpressurelevel: notify_register_check failed\n"),
		"");
	assert_string_equal(heat_of(""), "");
}

/* The form of `ioreg`, with members that nobody asked for. */
static const char accelerator[] =
	"+-o AGXAcceleratorG16X  <class AGXAcceleratorG16X, id 0x1000007a3, registered, matched, "
	"active, busy 0 (5 ms), retain 88>\n"
	"    {\n"
	"      \"IOClass\" = \"AGXAcceleratorG16X\"\n"
	"      \"vendor-id\" = <6b100000>\n"
	"      \"MetalPluginName\" = \"AGXMetalG16X\"\n"
	"      \"MetalPluginClassName\" = \"AGXG16XDevice\"\n"
	"      \"PerformanceStatistics\" = {\"model\"=1,\"MetalPluginName\"=2}\n"
	"      \"model\" = \"Apple M4 Max\"\n"
	"      \"gpu-core-count\" = 40\n"
	"    }\n"
	"    \n";

static void expect_accelerator(const char *text) {
	struct platform platform;
	platform_init(&platform);
	platform_gpu(text, &platform);
	assert_string_equal(platform.driver_image, "AGXMetalG16X");
	assert_string_equal(platform.gpu, "Apple M4 Max");
	assert_int_equal(platform.gpu_cores, 40);
}

static void test_gpu(void **state) {
	char text[4096];
	expect_accelerator(accelerator);
	/* One without a Metal driver, before and behind. */
	static const char other[] =
		"+-o IntelAccelerator  <class IntelAccelerator>\n    {\n"
		"      \"model\" = \"Other\"\n      \"gpu-core-count\" = 7\n    }\n";
	snprintf(text, sizeof text, "%s%s", other, accelerator);
	expect_accelerator(text);
	snprintf(text, sizeof text, "%s%s", accelerator, other);
	expect_accelerator(text);
}

/* A chip without a name has bytes there. */
static void test_gpu_without_a_name(void **state) {
	struct platform platform;
	platform_init(&platform);
	platform_gpu("+-o A <class A>\n {\n \"model\" = <4170706c6500>\n "
		     "\"MetalPluginName\" = \"AGXMetalA\"\n }\n",
		&platform);
	assert_string_equal(platform.driver_image, "AGXMetalA");
	assert_string_equal(platform.gpu, "");
}

static void test_no_gpu(void **state) {
	static const char *const bad[] = {"", "\n", "+-o ", "+-o a\n+-o b\n",
		"+-o A <class A>\n {\n \"model\" = <4170>\n }\n", "  \"MetalPluginName\" = \"\"\n"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct platform platform;
		platform_init(&platform);
		platform_gpu(bad[i], &platform);
		assert_string_equal(platform.driver_image, "");
		assert_string_equal(platform.gpu, "");
		assert_int_equal(platform.gpu_cores, -1);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_power_source),
		cmocka_unit_test(test_low_power),
		cmocka_unit_test(test_thermal_state),
		cmocka_unit_test(test_gpu),
		cmocka_unit_test(test_gpu_without_a_name),
		cmocka_unit_test(test_no_gpu),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
