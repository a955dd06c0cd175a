/* macOS: sysctl tells of machine and system; power, heat and the GPU are asked for with the
 * system's own programs, for the calls behind them are Apple's own or need a framework. */
#include "base/platform_text.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/spawn.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysctl.h>
#include <sys/utsname.h>

/* Each alone; they need some 20 ms. */
#define PROGRAM_MS 2000

static void read_name(const char *name, char ret[PLATFORM_TEXT_BYTES]) {
	char text[1024];
	size_t len = sizeof text - 1;
	if (sysctlbyname(name, text, &len, NULL, 0) < 0)
		return;
	text[len] = '\0';
	platform_line(text, ret);
}

/* Some are 32 bits wide, some 64. */
static int64_t read_number(const char *name) {
	uint64_t wide = 0;
	uint32_t narrow;
	size_t len = sizeof wide;
	if (sysctlbyname(name, &wide, &len, NULL, 0) < 0)
		return -1;
	if (len == sizeof narrow) {
		memcpy(&narrow, &wide, sizeof narrow);
		return narrow;
	}
	return len == sizeof wide && wide <= INT64_MAX ? (int64_t)wide : -1;
}

static void read_system(struct platform *ret) {
	struct utsname names;
	char text[PLATFORM_TEXT_BYTES] = "", both[2 * PLATFORM_TEXT_BYTES];
	char kernel[3 * sizeof names.sysname];
	read_name("hw.model", ret->model);
	read_name("kern.osversion", ret->os_build);
	read_name("machdep.cpu.brand_string", ret->cpu);
	read_name("kern.osproductversion", text);
	snprintf(both, sizeof both, "macOS %s", text);
	if (*text)
		platform_line(both, ret->os_version);
	if (uname(&names) == 0) {
		snprintf(kernel, sizeof kernel, "%s %s %s", names.sysname, names.release,
			names.machine);
		platform_line(kernel, ret->kernel);
	}
}

static void read_resources(struct platform *ret) {
	struct xsw_usage swap;
	size_t len = sizeof swap;
	double load;
	ret->cores = read_number("hw.logicalcpu");
	ret->memory_bytes = read_number("hw.memsize");
	if (sysctlbyname("vm.swapusage", &swap, &len, NULL, 0) == 0 && len == sizeof swap)
		ret->swap_used_bytes = (int64_t)swap.xsu_used;
	if (getloadavg(&load, 1) == 1)
		ret->load_1m = load;
	int64_t guest = read_number("kern.hv_vmm_present");
	ret->is_virtual = guest < 0 ? -1 : guest != 0;
}

/* What it printed, to be released; empty when it failed or there is no time left. */
static struct buf output_of(const char *const *argv, int64_t until_us) {
	struct spawn_result result;
	struct buf out = {0};
	int64_t left_ms = (until_us - clock_monotonic_us()) / 1000;
	if (left_ms <= 0)
		return out;
	unsigned limit_ms = left_ms < PROGRAM_MS ? (unsigned)left_ms : PROGRAM_MS;
	if (spawn_run(argv, limit_ms, &result, NULL) == 0 && result.status == 0) {
		out = result.out;
		result.out = (struct buf){0};
	}
	spawn_finish(&result);
	return out;
}

static void ask_power(int64_t until_us, struct platform *ret) {
	static const char *const source[] = {"/usr/bin/pmset", "-g", "ps", NULL};
	static const char *const settings[] = {"/usr/bin/pmset", "-g", NULL};
	static const char *const heat[] = {
		"/usr/bin/notifyutil", "-g", "com.apple.system.thermalpressurelevel", NULL};
	struct buf out = output_of(source, until_us);
	platform_power_source(buf_str(&out), ret->power_source);
	buf_finish(&out);
	out = output_of(settings, until_us);
	ret->low_power = platform_low_power(buf_str(&out));
	buf_finish(&out);
	out = output_of(heat, until_us);
	platform_thermal_state(buf_str(&out), ret->thermal_state);
	buf_finish(&out);
}

/* The version that reports have for the driver's image. */
static void ask_driver(int64_t until_us, struct platform *ret) {
	static const char *const gpu[] = {
		"/usr/sbin/ioreg", "-r", "-d", "1", "-w", "0", "-c", "IOAccelerator", NULL};
	char path[PLATFORM_TEXT_BYTES + 64];
	struct buf out = output_of(gpu, until_us);
	platform_gpu(buf_str(&out), ret);
	buf_finish(&out);
	if (!*ret->driver_image || strchr(ret->driver_image, '/'))
		return;
	snprintf(path, sizeof path, "/System/Library/Extensions/%s.bundle/Contents/Info.plist",
		ret->driver_image);
	const char *const version[] = {
		"/usr/bin/plutil", "-extract", "CFBundleVersion", "raw", "-o", "-", path, NULL};
	out = output_of(version, until_us);
	platform_line(buf_str(&out), ret->driver_version);
	buf_finish(&out);
}

void platform_look(unsigned timeout_ms, struct platform *ret) {
	int64_t until_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
	platform_init(ret);
	read_system(ret);
	read_resources(ret);
	ask_power(until_us, ret);
	ask_driver(until_us, ret);
}
