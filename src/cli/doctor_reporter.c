/*
 * Checks of the system's crash reporter: whether it writes reports at all, and whether there is
 * room for another one. Its programs are looked for in PATH; where they are missing there is none.
 */
#include "cli/doctor.h"

#include "base/spawn.h"
#include "cli/launchd.h"
#include "repro/reporter.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 5000

/* Runs it and hands over what it said; false when it could not be asked. */
static bool ask(const char *const *argv, struct spawn_result *ret) {
	struct err err = {0};
	return spawn_run(argv, TIMEOUT_MS, ret, &err) == 0 && !ret->timed_out && ret->status == 0;
}

/* `launchctl unload -w` of ReportCrash, which old advice recommends, leaves a mark. */
static bool check_service(struct doctor *doctor) {
	static const char *const kinds[] = {"user", "gui"};
	bool known = false, disabled = false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !disabled; i++) {
		char domain[64];
		struct spawn_result result = {0};
		snprintf(domain, sizeof domain, "%s/%lu", kinds[i], (unsigned long)getuid());
		const char *const argv[] = {"launchctl", "print-disabled", domain, NULL};
		if (ask(argv, &result)) {
			known = true;
			disabled = launchd_parse_disabled(
				buf_str(&result.out), "com.apple.ReportCrash");
		}
		spawn_finish(&result);
	}
	if (disabled)
		doctor_say(doctor, DOCTOR_FAILED,
			"launchctl enable user/$(id -u)/com.apple.ReportCrash, then log out and in",
			"ReportCrash is disabled: macOS writes no reports of your programs");
	else if (!known)
		doctor_say(doctor, DOCTOR_WARNING, NULL,
			"launchctl does not tell whether ReportCrash is enabled");
	return known && !disabled;
}

/* Only tells whether a window opens; reports are written in any case. */
static void describe_dialog(struct buf *text) {
	static const char *const argv[] = {
		"defaults", "read", "com.apple.CrashReporter", "DialogType", NULL};
	struct spawn_result result = {0};
	if (ask(argv, &result)) {
		const char *type = buf_str(&result.out);
		buf_printf(text, ", DialogType %.*s", (int)strcspn(type, "\n"), type);
	}
	spawn_finish(&result);
}

void doctor_check_reporter(struct doctor *doctor) {
	struct buf text = {0};
	char *launchctl = spawn_find("launchctl");
	if (!launchctl) {
		doctor_say(doctor, DOCTOR_SKIPPED, NULL, "no ReportCrash on this system");
	} else if (check_service(doctor)) {
		describe_dialog(&text);
		doctor_say(doctor, DOCTOR_OK, NULL, "ReportCrash is enabled%s", buf_str(&text));
	}
	free(launchctl);
	buf_finish(&text);
}

/* Programs that have reports in a folder; more than that are not looked at. */
#define NAMES_MAX 256
#define NAME_BYTES 128

struct names {
	char items[NAMES_MAX][NAME_BYTES];
	size_t count;
};

/* Of "Python-2025-12-20-173618.ips" the part before the date. */
static void add_name(struct names *names, const char *file) {
	size_t len = 0;
	while (file[len] && !(file[len] == '-' && (file[len + 1] == '1' || file[len + 1] == '2') &&
				    strspn(file + len + 1, "0123456789") == 4))
		len++;
	if (!file[len] || !len || len >= NAME_BYTES || file[0] == '.' || names->count == NAMES_MAX)
		return;
	for (size_t i = 0; i < names->count; i++)
		if (!strncmp(names->items[i], file, len) && !names->items[i][len])
			return;
	memcpy(names->items[names->count], file, len);
	names->items[names->count++][len] = '\0';
}

/* Whether one of them has as many as are kept. */
static bool check_folder_quota(struct doctor *doctor, const char *folder, struct names *names) {
	bool full = false;
	DIR *dir = opendir(folder);
	names->count = 0;
	for (const struct dirent *entry; dir && (entry = readdir(dir));)
		add_name(names, entry->d_name);
	if (dir)
		closedir(dir);
	for (size_t i = 0; i < names->count; i++) {
		size_t count = reporter_count(folder, names->items[i]);
		if (count < REPORTER_QUOTA)
			continue;
		full = true;
		doctor_say(doctor, DOCTOR_WARNING,
			"macOS keeps so many of one program and drops newer ones: when they are "
			"stored, move older ones out of the folder",
			"%s: %zu reports of %s", folder, count, names->items[i]);
	}
	return full;
}

void doctor_check_quota(struct doctor *doctor) {
	const char *const *folders = config_list(&doctor->config, CONFIG_FOLDERS);
	struct names *names = malloc(sizeof *names);
	char *launchctl = spawn_find("launchctl");
	bool full = false;
	for (size_t i = 0; names && launchctl && folders && folders[i]; i++)
		full = check_folder_quota(doctor, folders[i], names) || full;
	if (!launchctl)
		doctor_say(doctor, DOCTOR_SKIPPED, NULL, "no ReportCrash on this system");
	else if (!full)
		doctor_say(doctor, DOCTOR_OK, NULL,
			"fewer than %d reports of each program in each folder", REPORTER_QUOTA);
	free(launchctl);
	free(names);
}
