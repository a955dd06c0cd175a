/* A Mac as sysctl and the system's programs tell it: a machine of our own making, and every way in
 * which something is told in part, differently, or not at all. */
#include "base/platform.h"

#include "base/memory.h"
#include "base/spawn.h"

#include <errno.h>
#include <malloc/malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysctl.h>
#include <sys/utsname.h>

#include <cmocka.h>

#define NAMES_MAX 16
#define PROGRAMS_MAX 8

struct value {
	const char *name;
	char bytes[2048];
	size_t len;
	int failure;
};

struct program {
	const char *start; /* of its words, joined by blanks */
	const char *out;
	int status;
	bool hangs;
};

static struct value values[NAMES_MAX];
static struct program programs[PROGRAMS_MAX];
static size_t value_count, program_count;
static unsigned runs;
static bool no_names, no_load;
static char last_words[512];

/* ---- sysctl, uname, getloadavg ---- */

static struct value *value_of(const char *name) {
	for (size_t i = 0; i < value_count; i++)
		if (!strcmp(values[i].name, name))
			return &values[i];
	return NULL;
}

static void tell(const char *name, const void *bytes, size_t len) {
	struct value *value = value_of(name);
	if (!value)
		value = &values[value_count++];
	*value = (struct value){.name = name, .len = len};
	memcpy(value->bytes, bytes, len);
}

static void tell_text(const char *name, const char *text) {
	tell(name, text, strlen(text) + 1);
}

static void tell_32(const char *name, uint32_t number) {
	tell(name, &number, sizeof number);
}

static void tell_64(const char *name, uint64_t number) {
	tell(name, &number, sizeof number);
}

static int fail_with(int code) {
	errno = code;
	return -1;
}

int sysctlbyname(const char *name, void *old, size_t *old_len, void *new, size_t new_len) {
	const struct value *value = value_of(name);
	assert_null(new);
	if (!value)
		return fail_with(ENOENT);
	if (value->failure)
		return fail_with(value->failure);
	/* What does not fit is told in part. */
	size_t len = value->len < *old_len ? value->len : *old_len;
	memcpy(old, value->bytes, len);
	bool fits = value->len <= *old_len;
	*old_len = len;
	return fits ? 0 : fail_with(ENOMEM);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int uname(struct utsname *ret) {
	if (no_names)
		return fail_with(EFAULT);
	*ret = (struct utsname){.sysname = "Darwin", .release = "24.6.0", .machine = "arm64"};
	return 0;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getloadavg(double *ret, int count) {
	assert_int_equal(count, 1);
	*ret = 2.5;
	return no_load ? -1 : 1;
}

/* ---- programs ---- */

static void tell_program(const char *start, const char *out) {
	for (size_t i = 0; i < program_count; i++)
		if (!strcmp(programs[i].start, start)) {
			programs[i] = (struct program){.start = start, .out = out};
			return;
		}
	programs[program_count++] = (struct program){.start = start, .out = out};
}

int spawn_run(
	const char *const *argv, unsigned timeout_ms, struct spawn_result *ret, struct err *err) {
	size_t len = 0;
	runs++;
	*ret = (struct spawn_result){0};
	assert_in_range(timeout_ms, 1, 2000);
	assert_int_equal(argv[0][0], '/');
	for (size_t i = 0; argv[i]; i++)
		len += (size_t)snprintf(
			last_words + len, sizeof last_words - len, "%s%s", i ? " " : "", argv[i]);
	for (size_t i = 0; i < program_count; i++) {
		const struct program *program = &programs[i];
		if (strncmp(last_words, program->start, strlen(program->start)) != 0)
			continue;
		buf_add_str(&ret->out, program->out);
		ret->status = program->hangs ? -1 : program->status;
		ret->timed_out = program->hangs;
		return 0;
	}
	return -ENOENT;
}

void spawn_finish(struct spawn_result *result) {
	buf_finish(&result->out);
	buf_finish(&result->err);
}

/* ---- machines ---- */

static int setup(void **state) {
	const struct xsw_usage swap = {.xsu_total = 4u << 20, .xsu_used = 3u << 20};
	value_count = program_count = 0;
	runs = 0;
	no_names = no_load = false;
	tell_text("hw.model", "Mac16,5");
	tell_text("kern.osversion", "24G419");
	tell_text("kern.osproductversion", "15.7.3");
	tell_text("machdep.cpu.brand_string", "Apple M4 Max");
	tell_32("hw.logicalcpu", 16);
	tell_64("hw.memsize", UINT64_C(137438953472));
	tell("vm.swapusage", &swap, sizeof swap);
	tell_32("kern.hv_vmm_present", 0);
	tell_program(
		"/usr/bin/pmset -g ps", "Now drawing from 'Battery Power'\n -InternalBattery-0\n");
	tell_program("/usr/bin/pmset -g", "System-wide power settings:\n lowpowermode         1\n");
	tell_program("/usr/bin/notifyutil", "com.apple.system.thermalpressurelevel 1\n");
	tell_program("/usr/sbin/ioreg",
		"+-o AGXAcceleratorG16X  <class AGXAcceleratorG16X>\n  {\n"
		"    \"MetalPluginName\" = \"AGXMetalG16X\"\n    \"gpu-core-count\" = 40\n"
		"    \"model\" = \"Apple M4 Max\"\n  }\n");
	tell_program("/usr/bin/plutil", "329.2\n");
	return 0;
}

static struct platform look(void) {
	struct platform platform;
	memset(&platform, 0x55, sizeof platform);
	platform_look(5000, &platform);
	return platform;
}

static void test_all_is_told(void **state) {
	struct platform platform = look();
	assert_string_equal(platform.model, "Mac16,5");
	assert_string_equal(platform.os_version, "macOS 15.7.3");
	assert_string_equal(platform.os_build, "24G419");
	assert_string_equal(platform.kernel, "Darwin 24.6.0 arm64");
	assert_string_equal(platform.cpu, "Apple M4 Max");
	assert_int_equal(platform.cores, 16);
	assert_int_equal(platform.memory_bytes, INT64_C(137438953472));
	assert_int_equal(platform.swap_used_bytes, 3 << 20);
	assert_true(platform.load_1m == 2.5);
	assert_int_equal(platform.is_virtual, 0);
	assert_string_equal(platform.power_source, "battery");
	assert_int_equal(platform.low_power, 1);
	assert_string_equal(platform.thermal_state, "moderate");
	assert_string_equal(platform.gpu, "Apple M4 Max");
	assert_int_equal(platform.gpu_cores, 40);
	assert_string_equal(platform.driver_image, "AGXMetalG16X");
	assert_string_equal(platform.driver_version, "329.2");
	assert_string_equal(last_words,
		"/usr/bin/plutil -extract CFBundleVersion raw -o - "
		"/System/Library/Extensions/AGXMetalG16X.bundle/Contents/Info.plist");
}

static void test_nothing_is_told(void **state) {
	value_count = program_count = 0;
	no_names = no_load = true;
	struct platform platform = look();
	assert_string_equal(platform.model, "");
	assert_string_equal(platform.os_version, "");
	assert_string_equal(platform.kernel, "");
	assert_int_equal(platform.cores, -1);
	assert_int_equal(platform.memory_bytes, -1);
	assert_int_equal(platform.swap_used_bytes, -1);
	assert_true(platform.load_1m < 0);
	assert_int_equal(platform.is_virtual, -1);
	assert_int_equal(platform.low_power, -1);
	assert_string_equal(platform.driver_version, "");
	assert_int_equal(runs, 4); /* nothing to ask plutil about */
}

/* A virtual machine; sizes that differ from those of today. */
static void test_other_sizes(void **state) {
	tell_64("hw.logicalcpu", 8);
	tell_32("hw.memsize", 4000000000u);
	tell_32("kern.hv_vmm_present", 1);
	tell("vm.swapusage", "older", 5);
	struct platform platform = look();
	assert_int_equal(platform.cores, 8);
	assert_int_equal(platform.memory_bytes, INT64_C(4000000000));
	assert_int_equal(platform.is_virtual, 1);
	assert_int_equal(platform.swap_used_bytes, -1);
	tell("hw.logicalcpu", "\2", 1);
	tell_64("hw.memsize", UINT64_MAX);
	tell("kern.hv_vmm_present", "", 0);
	platform = look();
	assert_int_equal(platform.cores, -1);
	assert_int_equal(platform.memory_bytes, -1);
	assert_int_equal(platform.is_virtual, -1);
	tell("hw.memsize", "sixteen bytes ..", 16);
	assert_int_equal(look().memory_bytes, -1);
}

static void test_texts(void **state) {
	char large[2000];
	memset(large, 'x', sizeof large);
	tell("hw.model", "Mac16,5", 7); /* without its end */
	tell_text("machdep.cpu.brand_string", " Apple\x1b[31m M4 \n");
	tell("kern.osversion", large, sizeof large); /* does not fit */
	tell_text("kern.osproductversion", "");
	struct platform platform = look();
	assert_string_equal(platform.model, "Mac16,5");
	assert_null(strchr(platform.cpu, '\x1b'));
	assert_string_equal(platform.os_build, "");
	assert_string_equal(platform.os_version, "");
	value_of("hw.model")->failure = EPERM;
	assert_string_equal(look().model, "");
	tell("hw.model", large, 1000);
	assert_int_equal(strlen(look().model), PLATFORM_TEXT_BYTES - 1);
}

static void test_programs_fail(void **state) {
	for (size_t i = 0; i < program_count; i++)
		programs[i].hangs = true;
	struct platform platform = look();
	assert_string_equal(platform.power_source, "");
	assert_int_equal(platform.low_power, -1);
	assert_string_equal(platform.gpu, "");
	setup(state);
	for (size_t i = 0; i < program_count; i++)
		programs[i].status = 1;
	platform = look();
	assert_string_equal(platform.thermal_state, "");
	assert_string_equal(platform.driver_image, "");
	assert_int_equal(platform.cores, 16);
}

/* Its name goes into a path. */
static void test_strange_driver(void **state) {
	tell_program("/usr/sbin/ioreg", "+-o X\n  \"MetalPluginName\" = \"../../tmp/evil\"\n");
	struct platform platform = look();
	assert_string_equal(platform.driver_image, "../../tmp/evil");
	assert_string_equal(platform.driver_version, "");
	assert_int_equal(runs, 4);
}

static void test_no_time(void **state) {
	struct platform platform;
	platform_look(0, &platform);
	assert_int_equal(runs, 0);
	assert_string_equal(platform.model, "Mac16,5");
	assert_string_equal(platform.power_source, "");
}

/* ---- memory ---- */

static unsigned relieved;

size_t malloc_zone_pressure_relief(void *zone, size_t goal) {
	assert_null(zone);
	assert_int_equal(goal, 0);
	relieved++;
	return 0;
}

static void test_memory(void **state) {
	memory_stay_small();
	assert_int_equal(relieved, 0);
	memory_give_back();
	assert_int_equal(relieved, 1);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup(test, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_all_is_told),
		TEST(test_nothing_is_told),
		TEST(test_other_sizes),
		TEST(test_texts),
		TEST(test_programs_fail),
		TEST(test_strange_driver),
		TEST(test_no_time),
		TEST(test_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
