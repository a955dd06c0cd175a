/* Linux tells by files; none of its programs is needed. */
#include "base/platform_linux.h"

#include "base/platform_text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The first processor's part of /proc/cpuinfo; every other file is smaller. */
#define FILE_BYTES 16384
#define PATH_BYTES 512
#define MILLI 1000.0

/* "" when it cannot be read. */
static bool read_text(char ret[FILE_BYTES], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool read_text(char ret[FILE_BYTES], const char *fmt, ...) {
	char path[PATH_BYTES];
	size_t len = 0;
	va_list args;
	va_start(args, fmt);
	int path_len = vsnprintf(path, sizeof path, fmt, args);
	va_end(args);
	int fd = path_len < 0 || path_len >= PATH_BYTES ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, ret, FILE_BYTES - 1);
	for (; n > 0; n = read(fd, ret + len, FILE_BYTES - 1 - len))
		len += (size_t)n;
	if (fd >= 0)
		close(fd);
	ret[len] = '\0';
	return len > 0;
}

/* What firmware calls the machine; vendors put their own name into the product's or not. */
static void read_model(const char *root, struct platform *ret) {
	char text[FILE_BYTES], vendor[PLATFORM_TEXT_BYTES] = "", name[PLATFORM_TEXT_BYTES] = "";
	if (read_text(text, "%s/proc/device-tree/model", root)) {
		platform_line(text, ret->model);
		return;
	}
	if (read_text(text, "%s/sys/class/dmi/id/sys_vendor", root))
		platform_line(text, vendor);
	if (read_text(text, "%s/sys/class/dmi/id/product_name", root))
		platform_line(text, name);
	bool twice = !*vendor || strncmp(name, vendor, strlen(vendor)) == 0;
	char both[2 * PLATFORM_TEXT_BYTES];
	snprintf(both, sizeof both, "%s%s%s", twice ? "" : vendor, twice ? "" : " ", name);
	if (*name)
		platform_line(both, ret->model);
}

static void read_system(const char *root, struct platform *ret) {
	char text[FILE_BYTES];
	if (!read_text(text, "%s/etc/os-release", root))
		read_text(text, "%s/usr/lib/os-release", root);
	platform_value(text, "PRETTY_NAME", ret->os_version);
	platform_value(text, "BUILD_ID", ret->os_build);
}

static void read_processor(const char *root, struct platform *ret) {
	char text[FILE_BYTES], flags[FILE_BYTES];
	if (!read_text(text, "%s/proc/cpuinfo", root))
		return;
	platform_value(text, "model name", ret->cpu);
	/* Only x86 tells there whether it is a real one. */
	const char *line = strstr(text, "\nflags");
	if (line) {
		snprintf(flags, sizeof flags, "%.*s ", (int)strcspn(line + 1, "\n"), line + 1);
		ret->is_virtual = strstr(flags, " hypervisor ") != NULL;
	}
	if (read_text(text, "%s/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", root))
		platform_line(text, ret->governor);
}

static void read_memory(const char *root, struct platform *ret) {
	char text[FILE_BYTES];
	read_text(text, "%s/proc/meminfo", root);
	int64_t total = platform_number(text, "MemTotal");
	int64_t swap = platform_number(text, "SwapTotal"), left = platform_number(text, "SwapFree");
	if (total > 0 && total <= INT64_MAX / 1024)
		ret->memory_bytes = total * 1024;
	if (swap >= 0 && left >= 0 && left <= swap && swap <= INT64_MAX / 1024)
		ret->swap_used_bytes = (swap - left) * 1024;
}

static void read_load(const char *root, struct platform *ret) {
	char text[FILE_BYTES], *end;
	read_text(text, "%s/proc/loadavg", root);
	double load = strtod(text, &end);
	if (end > text && load >= 0 && load < 1e6)
		ret->load_1m = load;
}

/* Calls fn for every entry of a folder whose name starts so. */
static void each_entry(const char *root, const char *folder, const char *prefix,
	void (*fn)(const char *path, void *user), void *user) {
	char path[PATH_BYTES];
	const struct dirent *entry;
	snprintf(path, sizeof path, "%s%s", root, folder);
	DIR *dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		int len = snprintf(path, sizeof path, "%s%s/%s", root, folder, entry->d_name);
		bool wanted = entry->d_name[0] != '.' &&
			      strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
		if (wanted && len > 0 && (size_t)len < sizeof path)
			fn(path, user);
	}
	if (dir)
		closedir(dir);
}

struct supplies {
	bool mains, battery, ups; /* what gives power at the moment */
};

static void look_at_supply(const char *path, void *user) {
	struct supplies *supplies = user;
	char text[FILE_BYTES], type[PLATFORM_TEXT_BYTES] = "", status[PLATFORM_TEXT_BYTES] = "";
	if (read_text(text, "%s/type", path))
		platform_line(text, type);
	if (read_text(text, "%s/status", path))
		platform_line(text, status);
	bool online = read_text(text, "%s/online", path) && *text == '1';
	bool discharging = strcmp(status, "Discharging") == 0;
	supplies->mains |= online && (strcmp(type, "Mains") == 0 || strcmp(type, "USB") == 0);
	supplies->battery |= discharging && strcmp(type, "Battery") == 0;
	supplies->ups |= discharging && strcmp(type, "UPS") == 0;
}

static void read_power(const char *root, struct platform *ret) {
	struct supplies supplies = {0};
	char text[FILE_BYTES], profile[PLATFORM_TEXT_BYTES] = "";
	each_entry(root, "/sys/class/power_supply", "", look_at_supply, &supplies);
	if (supplies.ups)
		platform_line("ups", ret->power_source);
	else if (supplies.mains)
		platform_line("ac", ret->power_source);
	else if (supplies.battery)
		platform_line("battery", ret->power_source);
	if (read_text(text, "%s/sys/firmware/acpi/platform_profile", root)) {
		platform_line(text, profile);
		ret->low_power = strcmp(profile, "low-power") == 0 || strcmp(profile, "quiet") == 0;
	}
}

static void look_at_zone(const char *path, void *user) {
	struct platform *ret = user;
	char text[FILE_BYTES], *end;
	if (!read_text(text, "%s/temp", path))
		return;
	double value = strtod(text, &end) / MILLI;
	/* Zones without a sensor tell nonsense. */
	if (end > text && value > 0 && value < 200 && value > ret->temperature_c)
		ret->temperature_c = value;
}

void platform_read(const char *root, struct platform *ret) {
	read_model(root, ret);
	read_system(root, ret);
	read_processor(root, ret);
	read_memory(root, ret);
	read_load(root, ret);
	read_power(root, ret);
	each_entry(root, "/sys/class/thermal", "thermal_zone", look_at_zone, ret);
}

void platform_look(unsigned timeout_ms, struct platform *ret) {
	struct utsname names;
	char kernel[sizeof names.sysname + sizeof names.release + sizeof names.machine + 3];
	platform_init(ret);
	if (uname(&names) == 0) {
		snprintf(kernel, sizeof kernel, "%s %s %s", names.sysname, names.release,
			names.machine);
		platform_line(kernel, ret->kernel);
	}
	ret->cores = sysconf(_SC_NPROCESSORS_ONLN);
	platform_read("", ret);
}
