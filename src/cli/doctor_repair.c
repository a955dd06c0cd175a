/*
 * A damaged database: renamed, never deleted; a new one takes its place, with all that can still be
 * read of the old one and all that is still on disk.
 */
#include "cli/doctor.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/doctor_salvage.h"
#include "cli/doctor_scan.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "crashes.db.damaged-20251220-173618" */
#define ASIDE ".damaged-"

size_t doctor_count_set_aside(const char *db_path, char **ret_newest) {
	char *folder = path_parent(db_path), *newest = NULL;
	struct buf prefix = {0};
	size_t count = 0;
	DIR *dir = folder ? opendir(folder) : NULL;
	buf_printf(&prefix, "%s" ASIDE, path_name(db_path));
	for (const struct dirent *entry; dir && !prefix.failed && (entry = readdir(dir));) {
		if (!text_starts(entry->d_name, buf_str(&prefix)) ||
			text_ends(entry->d_name, "-wal") || text_ends(entry->d_name, "-shm"))
			continue;
		count++;
		if (newest && strcmp(newest, entry->d_name) >= 0)
			continue;
		free(newest);
		newest = strdup(entry->d_name);
	}
	if (dir)
		closedir(dir);
	free(folder);
	buf_finish(&prefix);
	if (ret_newest)
		*ret_newest = newest;
	else
		free(newest);
	return count;
}

static char *aside_name(const char *path) {
	char iso[CLOCK_TEXT_BYTES];
	struct buf name = {0};
	clock_format_iso(clock_now_us(), iso);
	for (unsigned n = 1; n < 100; n++) {
		buf_reset(&name);
		buf_printf(&name, "%s" ASIDE "%.4s%.2s%.2s-%.2s%.2s%.2s", path, iso, iso + 5,
			iso + 8, iso + 11, iso + 14, iso + 17);
		if (n > 1)
			buf_printf(&name, "-%u", n);
		if (access(buf_str(&name), F_OK) < 0)
			break;
	}
	char *ret = buf_take(&name);
	buf_finish(&name);
	return ret;
}

static int rename_with(const char *from, const char *to, const char *suffix) {
	struct buf a = {0}, b = {0};
	buf_printf(&a, "%s%s", from, suffix);
	buf_printf(&b, "%s%s", to, suffix);
	int r = a.failed || b.failed ? -ENOMEM : rename(buf_str(&a), buf_str(&b)) < 0 ? -errno : 0;
	buf_finish(&a);
	buf_finish(&b);
	return r;
}

/*
 * The log goes first: a new database must never stand beside the log of an old one. A process that
 * has the old one open goes on with it under its new name.
 */
static int set_aside(const char *path, const char *aside, struct err *err) {
	int r = rename_with(path, aside, "-wal");
	if (r == 0 || r == -ENOENT)
		r = rename_with(path, aside, "-shm");
	if (r == 0 || r == -ENOENT)
		r = rename_with(path, aside, "");
	if (r < 0) {
		rename_with(aside, path, "-wal");
		rename_with(aside, path, "-shm");
		return err_set(err, r, "%s cannot be renamed: %s", path, strerror(-r));
	}
	return 0;
}

struct refilled {
	struct doctor_salvaged reports;
	struct ingest_summary taken;
	struct store_salvaged_experiments experiments;
	struct store_salvaged_states states;
};

/* Into the new store. What the old one does not give is no failure. */
static int refill(struct doctor *doctor, const char *aside, struct refilled *ret, struct err *err) {
	int r = store_open(doctor->db_path, STORE_WRITE, &doctor->store, err);
	if (r == 0 && cli_provide_rules(doctor->cli, NULL) != CLI_DONE)
		r = err_set(err, -ENOMEM, "the rules cannot be loaded");
	if (r == 0)
		r = doctor_salvage(doctor, aside, &ret->reports, err);
	if (r == 0)
		r = doctor_scan(doctor, &ret->taken, err);
	if (r == 0)
		r = doctor_salvage_experiments(doctor, aside, &ret->experiments, err);
	if (r == 0)
		r = doctor_salvage_states(doctor, aside, &ret->states, err);
	if (r == 0)
		r = doctor_salvage_symbols(doctor, aside, err);
	return r;
}

static void add_experiments(struct buf *ret, const struct store_salvaged_experiments *saved) {
	if (saved->experiments)
		buf_printf(ret, ", %llu experiment%s with %llu trial%s saved",
			(unsigned long long)saved->experiments, saved->experiments == 1 ? "" : "s",
			(unsigned long long)saved->trials, saved->trials == 1 ? "" : "s");
	if (saved->incomplete)
		buf_add_str(ret, saved->experiments ? ", but not all of them could be read"
						    : ", experiments could not be read");
}

static void add_states(struct buf *ret, const struct store_salvaged_states *saved) {
	if (saved->states)
		buf_printf(ret, ", %llu state%s of sites and signatures saved",
			(unsigned long long)saved->states, saved->states == 1 ? "" : "s");
	if (saved->incomplete)
		buf_add_str(ret, saved->states ? ", but not all of them could be read"
					       : ", states could not be read");
}

static void say_repaired(struct doctor *doctor, const char *why, const char *aside,
	const struct refilled *refilled) {
	const struct doctor_salvaged *saved = &refilled->reports;
	struct buf text = {0};
	buf_printf(&text, "set aside as %s; ", aside);
	if (saved->unreadable)
		buf_add_str(&text, "nothing could be saved from it");
	else
		buf_printf(&text, "%llu incident%s saved from it, %llu stored file%s unreadable",
			(unsigned long long)saved->incidents, saved->incidents == 1 ? "" : "s",
			(unsigned long long)saved->lost, saved->lost == 1 ? "" : "s");
	buf_printf(&text, ", %llu taken in from disk", (unsigned long long)refilled->taken.added);
	if (!saved->unreadable || refilled->experiments.experiments)
		add_experiments(&text, &refilled->experiments);
	if (!saved->unreadable || refilled->states.states)
		add_states(&text, &refilled->states);
	doctor_say(doctor, DOCTOR_REPAIRED, NULL, "%s; %s", why, buf_str(&text));
	buf_finish(&text);
}

void doctor_repair_database(struct doctor *doctor, const char *why) {
	struct err err = {0};
	struct refilled refilled = {0};
	char *path = realpath(doctor->db_path, NULL), *aside = path ? aside_name(path) : NULL;
	if (doctor->options->dry_run) {
		doctor_say(doctor, DOCTOR_FAILED,
			"without --dry-run it is set aside (renamed) and a new one is filled with "
			"what can be saved",
			"%s", why);
		goto out;
	}
	store_close(doctor->store);
	doctor->store = NULL;
	int r = aside ? set_aside(path, aside, &err) : err_set(&err, -ENOMEM, "out of memory");
	if (r < 0) {
		doctor_say(doctor, DOCTOR_FAILED, NULL, "%s; %s", why, err.text);
		goto out;
	}
	r = refill(doctor, aside, &refilled, &err);
	if (r < 0)
		doctor_say(doctor, DOCTOR_FAILED, "run 'agxtriage scan' when that is cured",
			"%s; set aside as %s, but the new one failed: %s", why, aside, err.text);
	else
		say_repaired(doctor, why, aside, &refilled);
	/* It opens the new one, and scans its own folders, at once instead of at its next look. */
	if (doctor->running && doctor->pid > 0)
		kill(doctor->pid, SIGHUP);
out:
	free(path);
	free(aside);
}
