/* Machines as the files of Linux tell them: trees of our own making, and this machine's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/platform_linux.h"
#include "base/platform_text.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[] = "/tmp/agxtriage-platform-XXXXXX";

static int setup(void **state) {
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
	return mkdtemp(root) ? 0 : -1;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at) {
	return remove(path);
}

static int teardown(void **state) {
	return nftw(root, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *name, const char *text, size_t len) {
	char path[512], *slash;
	struct err err = {0};
	snprintf(path, sizeof path, "%s/%s", root, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(file_make_folders(path, &err), 0);
	*slash = '/';
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

static void put_text(const char *name, const char *text) {
	put(name, text, strlen(text));
}

static struct platform look(void) {
	struct platform platform;
	platform_init(&platform);
	platform_read(root, &platform);
	return platform;
}

static void test_nothing_is_told(void **state) {
	struct platform platform = look(), none;
	platform_init(&none);
	assert_memory_equal(&platform, &none, sizeof none);
}

static void test_notebook(void **state) {
	put_text("sys/class/dmi/id/sys_vendor", "LENOVO\n");
	put_text("sys/class/dmi/id/product_name", "20XW\n");
	put_text("etc/os-release", "NAME=\"X\"\nPRETTY_NAME=\"Fedora Linux 41\"\nBUILD_ID=7\n");
	put_text("proc/cpuinfo", "processor\t: 0\nmodel\t: 140\nmodel name\t: 11th Gen Core\n"
				 "flags\t\t: fpu vme sse\n");
	put_text("proc/meminfo",
		"MemTotal: 16303236 kB\nSwapTotal: 2097148 kB\nSwapFree: 1048576 kB\n");
	put_text("proc/loadavg", "0.75 0.50 0.25 1/500 1234\n");
	put_text("sys/class/power_supply/AC/type", "Mains\n");
	put_text("sys/class/power_supply/AC/online", "0\n");
	put_text("sys/class/power_supply/BAT0/type", "Battery\n");
	put_text("sys/class/power_supply/BAT0/status", "Discharging\n");
	put_text("sys/firmware/acpi/platform_profile", "low-power\n");
	put_text("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
	put_text("sys/class/thermal/thermal_zone0/temp", "45500\n");
	put_text("sys/class/thermal/thermal_zone1/temp", "61000\n");
	put_text("sys/class/thermal/thermal_zone2/temp", "-274000\n");
	put_text("sys/class/thermal/thermal_zone3/temp", "255000\n");
	put_text("sys/class/thermal/cooling_device0/temp", "99000\n");
	struct platform platform = look();
	assert_string_equal(platform.model, "LENOVO 20XW");
	assert_string_equal(platform.os_version, "Fedora Linux 41");
	assert_string_equal(platform.os_build, "7");
	assert_string_equal(platform.cpu, "11th Gen Core");
	assert_int_equal(platform.is_virtual, 0);
	assert_true(platform.memory_bytes == INT64_C(16303236) * 1024);
	assert_true(platform.swap_used_bytes == INT64_C(1048572) * 1024);
	assert_true(platform.load_1m == 0.75);
	assert_string_equal(platform.power_source, "battery");
	assert_int_equal(platform.low_power, 1);
	assert_string_equal(platform.governor, "powersave");
	assert_true(platform.temperature_c == 61.0);
	put_text("sys/class/thermal/thermal_zone0/temp", "0\n");
	put_text("sys/class/thermal/thermal_zone1/temp", "-500\n");
	assert_true(look().temperature_c < 0);
	put_text("sys/class/power_supply/AC/online", "1\n");
	put_text("sys/firmware/acpi/platform_profile", "performance\n");
	platform = look();
	assert_string_equal(platform.power_source, "ac");
	assert_int_equal(platform.low_power, 0);
}

static void test_board(void **state) {
	put("proc/device-tree/model", "Apple MacBook Pro (14-inch, M1 Pro, 2021)", 42);
	put_text("usr/lib/os-release", "PRETTY_NAME='Asahi'\n");
	put_text("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n");
	struct platform platform = look();
	assert_string_equal(platform.model, "Apple MacBook Pro (14-inch, M1 Pro, 2021)");
	assert_string_equal(platform.os_version, "Asahi");
	assert_string_equal(platform.cpu, "");
	assert_int_equal(platform.is_virtual, -1);
}

static void test_guest(void **state) {
	put_text("sys/class/dmi/id/sys_vendor", "QEMU\n");
	put_text("sys/class/dmi/id/product_name", "QEMU Virtual Machine\n");
	put_text("proc/cpuinfo",
		"model name\t: QEMU CPU\nflags\t: fpu hypervisor\n\nprocessor: 1\n");
	struct platform platform = look();
	assert_string_equal(platform.model, "QEMU Virtual Machine");
	assert_int_equal(platform.is_virtual, 1);
	assert_int_equal(platform.low_power, -1);
	assert_string_equal(platform.power_source, "");
}

static void test_nonsense(void **state) {
	struct platform none, platform;
	char *much = malloc(100000);
	platform_init(&none);
	assert_non_null(much);
	memset(much, '\xff', 100000);
	put("proc/cpuinfo", much, 100000);
	put("proc/meminfo", much, 100000);
	put_text("proc/loadavg", "inf\n");
	put_text("sys/class/thermal/thermal_zone0/temp", "nan\n");
	put("sys/class/power_supply/AC/type", much, 100000);
	platform = look();
	assert_memory_equal(&platform, &none, sizeof none);
	put_text("proc/meminfo",
		"MemTotal: 9223372036854775807 kB\nSwapTotal: 1 kB\nSwapFree: 2 kB\n");
	put_text("proc/loadavg", "-1 0 0\n");
	platform = look();
	assert_memory_equal(&platform, &none, sizeof none);
	free(much);
}

static void test_this_machine(void **state) {
	struct platform platform;
	platform_look(1000, &platform);
	assert_int_equal(platform.cores, sysconf(_SC_NPROCESSORS_ONLN));
	assert_ptr_equal(strstr(platform.kernel, "Linux "), platform.kernel);
	assert_true(platform.memory_bytes > 1 << 20);
	assert_true(platform.load_1m >= 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notebook, setup, teardown),
		cmocka_unit_test_setup_teardown(test_board, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test(test_this_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
