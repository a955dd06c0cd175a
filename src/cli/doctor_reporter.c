/*
 * Checks of the system's crash reporter: whether it writes reports at all, and whether there is
 * room for another one. Its programs are looked for in PATH; where they are missing there is none.
 */
#include "cli/doctor.h"

#include "base/spawn.h"
#include "cli/launchd.h"
#include "repro/reporter.h"

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

void doctor_check_quota(struct doctor *doctor) {
	static const char *const names[] = {"Python", "python3", "python", "agxtriage-repro"};
	const char *const *folders = config_list(&doctor->config, CONFIG_FOLDERS);
	bool full = false;
	for (size_t i = 0; folders && folders[i]; i++) {
		for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
			size_t count = reporter_count(folders[i], names[j]);
			if (count < REPORTER_QUOTA)
				continue;
			full = true;
			doctor_say(doctor, DOCTOR_WARNING,
				"macOS keeps so many of one program and drops newer ones: when they "
				"are stored, move older ones out of the folder",
				"%s: %zu reports of %s", folders[i], count, names[j]);
		}
	}
	if (!full)
		doctor_say(doctor, DOCTOR_OK, NULL,
			"fewer than %d reports of one program in each folder", REPORTER_QUOTA);
}
