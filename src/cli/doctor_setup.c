/* Checks of what the user has set up: configuration, rules, folders, and the clock. */
#include "cli/doctor.h"

#include "base/clock.h"
#include "base/file.h"
#include "collect/folders.h"
#include "collect/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

/* Before agxtriage was written: 2020-01-01. */
#define CLOCK_OLDEST_US INT64_C(1577836800000000)
/* A clock that is so much behind what is on disk has gone back. */
#define CLOCK_SLACK_US INT64_C(120000000)

void doctor_check_config(struct doctor *doctor) {
	struct err err = {0};
	if (config_load(&doctor->config, doctor->cli->globals.config, &err) < 0) {
		doctor_say(doctor, DOCTOR_FAILED,
			"correct the file; 'agxtriage daemon --check' shows what is in force", "%s",
			err.text);
		return;
	}
	doctor_say(doctor, DOCTOR_OK, NULL, "%s%s",
		doctor->config.path ? doctor->config.path : "no place for a file",
		doctor->config.loaded ? "" : ": not there, the defaults apply");
}

void doctor_check_rules(struct doctor *doctor) {
	if (cli_provide_rules(doctor->cli, NULL) != CLI_DONE)
		doctor_say(doctor, DOCTOR_FAILED, NULL, "the rules cannot be loaded");
	else
		doctor_say(doctor, DOCTOR_OK, NULL, "%zu rules, version %s",
			rules_count(doctor->cli->rules), rules_version(doctor->cli->rules));
}

/* ---- folders ---- */

struct watching {
	struct doctor *doctor;
	struct folders *folders;
};

static const char *const advices[FOLDER_STATE_COUNT] = {
	[FOLDER_WATCHED] = NULL,
	[FOLDER_MISSING] = "it is watched for and taken in once it is there",
	[FOLDER_UNREADABLE] = "give yourself the right to read it (on macOS perhaps Full Disk "
			      "Access for the terminal and for agxtriage)",
	[FOLDER_UNWATCHED] = "reports are found every five minutes only; raise the system's limit "
			     "of watches (on Linux fs.inotify.max_user_watches and "
			     "fs.inotify.max_user_instances)",
};

static void say_folder(struct doctor *doctor, const char *path, enum folder_state state) {
	static const enum doctor_state results[FOLDER_STATE_COUNT] = {
		[FOLDER_WATCHED] = DOCTOR_OK,
		[FOLDER_MISSING] = DOCTOR_WARNING,
		[FOLDER_UNREADABLE] = DOCTOR_FAILED,
		[FOLDER_UNWATCHED] = DOCTOR_WARNING,
	};
	doctor_say(doctor, results[state], advices[state], "%s: %s", path,
		state == FOLDER_WATCHED ? "can be read and watched" : folder_state_names[state]);
}

static void say_watched(struct doctor *doctor, const struct folders *folders, size_t i) {
	enum folder_state state;
	say_folder(doctor, folders_path(folders, i), folders_state(folders, i));
	const char *retired = folders_retired_trouble(folders, i, &state);
	if (retired)
		say_folder(doctor, retired, state);
}

static void on_event(const char *folder, const char *name, void *user) {
}

static void on_state(const char *folder, enum folder_state state, const char *reason, void *user) {
}

/* Watches them for a moment: the one sure way to know whether they can be watched. */
static int try_folders(struct doctor *doctor, const char *const *paths, struct err *err) {
	const struct folders_options options = {.on_event = on_event, .on_state = on_state};
	struct folders *folders = NULL;
	uv_loop_t loop;
	size_t count = 0;
	while (paths[count])
		count++;
	int r = pool_init_loop(&loop, err);
	if (r < 0)
		return r;
	r = folders_start(&loop, paths, count, &options, &folders, err);
	if (!r) {
		for (size_t i = 0; i < folders_count(folders); i++)
			say_watched(doctor, folders, i);
		folders_stop(folders, NULL, NULL);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return r;
}

void doctor_check_folders(struct doctor *doctor) {
	struct err err = {0};
	const char *const *paths = config_list(&doctor->config, CONFIG_FOLDERS);
	if (!paths || !paths[0])
		doctor_say(doctor, DOCTOR_FAILED, "name some in the configuration",
			"no folders to watch");
	else if (try_folders(doctor, paths, &err) < 0)
		doctor_say(doctor, DOCTOR_FAILED, NULL, "%s", err.text);
}

/* ---- clock ---- */

/* What the file system thinks the time is, as a new file beside the database shows it. */
static bool file_system_now(const struct doctor *doctor, int64_t *ret_us) {
	struct buf path = {0};
	struct stat st;
	bool known = false;
	buf_printf(&path, "%s.clock-XXXXXX", doctor->db_path);
	int fd = path.failed ? -1 : mkstemp(path.data);
	if (fd >= 0) {
		known = fstat(fd, &st) == 0;
		unlink(path.data);
		close(fd);
	}
	if (known)
		*ret_us = file_identity_of(&st).mtime_ns / 1000;
	buf_finish(&path);
	return known;
}

/* The newest capture time, or 0. */
static int64_t newest_capture(struct doctor *doctor) {
	struct incident incident;
	struct err err = {0};
	if (!doctor->store || store_find(doctor->store, "latest", &incident, &err) < 0)
		return 0;
	return incident.captured_at_us.set ? incident.captured_at_us.value : 0;
}

void doctor_check_clock(struct doctor *doctor) {
	int64_t now_us = clock_now_us(), file_us = now_us, newest_us = newest_capture(doctor);
	char now[CLOCK_TEXT_BYTES], newest[CLOCK_TEXT_BYTES];
	static const char advice[] = "set the clock: ages, retention and 'list --since' count on "
				     "it";
	clock_format_local(now_us, now);
	clock_format_local(newest_us, newest);
	if (!doctor->options->dry_run)
		file_system_now(doctor, &file_us);
	if (now_us < CLOCK_OLDEST_US)
		doctor_say(doctor, DOCTOR_FAILED, advice, "it is %s, which cannot be", now);
	else if (llabs(file_us - now_us) > CLOCK_SLACK_US)
		doctor_say(doctor, DOCTOR_WARNING, advice,
			"the file system's clock differs by %lld s",
			(long long)((file_us - now_us) / 1000000));
	else if (newest_us > now_us + CLOCK_SLACK_US)
		doctor_say(doctor, DOCTOR_WARNING, advice,
			"it is %s, and a report was captured at %s", now, newest);
	else
		doctor_say(doctor, DOCTOR_OK, NULL, "it is %s", now);
}
