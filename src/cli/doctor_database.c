/* Checks of the database: its file, what is in it, and the room around it. */
#include "cli/doctor.h"

#include "base/clock.h"
#include "base/path.h"
#include "base/places.h"
#include "cli/doctor_header.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A log is folded into the database at 4 MB; so large a one means that somebody reads for ever. */
#define LOG_BYTES_MAX (INT64_C(64) << 20)
#define FREE_BYTES_MIN (INT64_C(1) << 30)
#define OTHERS (S_IRWXG | S_IRWXO)

/* "FILE-wal"; to be freed. */
static char *beside(const char *path, const char *suffix) {
	struct buf name = {0};
	buf_printf(&name, "%s%s", path, suffix);
	char *ret = buf_take(&name);
	buf_finish(&name);
	return ret;
}

static int64_t file_bytes(const char *path) {
	struct stat st;
	return path && stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* ---- opening ---- */

static void say_unopened(struct doctor *doctor, int code, const char *text) {
	const char *advice = NULL;
	if (code == -EPROTO)
		advice = "it is left as it is; --db names another one";
	else if (code == -EBUSY)
		advice = "find out who holds it; no command of agxtriage does for long";
	else if (code == -ENXIO)
		advice = "the disk failed to read or write it; it is left as it is";
	else if (code == -ENOSPC)
		advice = "make room on that disk";
	else if (code == -EROFS || code == -EACCES || code == -EPERM)
		advice = "the database has to be yours, on a disk that can be written to";
	doctor_say(doctor, DOCTOR_FAILED, advice, "%s", text);
}

/* The nearest one above path that is there; to be freed. NULL without memory. */
static char *nearest_folder(const char *path) {
	struct stat st;
	char *at = path_parent(path);
	while (at && stat(at, &st) < 0 && strcmp(at, "/") != 0 && strcmp(at, ".") != 0) {
		char *above = path_parent(at);
		free(at);
		at = above;
	}
	return at;
}

/* Whoever stores first has to make its file, its log and its lock there. */
static void check_place(struct doctor *doctor) {
	static const char advice[] = "give yourself the right to make files there, or name another "
				     "place with --db";
	struct stat st;
	char *folder = nearest_folder(doctor->db_path);
	if (!folder)
		doctor_say(doctor, DOCTOR_FAILED, NULL, "out of memory");
	else if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode))
		doctor_say(doctor, DOCTOR_FAILED, advice, "none at %s, and %s is no folder",
			doctor->db_path, folder);
	else if (access(folder, W_OK | X_OK) < 0)
		doctor_say(doctor, DOCTOR_FAILED, advice,
			"none at %s, and %s cannot be written to: %s", doctor->db_path, folder,
			strerror(errno));
	else
		doctor_say(doctor, DOCTOR_SKIPPED, NULL, "none yet at %s: the first scan makes it",
			doctor->db_path);
	free(folder);
}

void doctor_check_database(struct doctor *doctor) {
	struct err err = {0};
	struct store_counts counts;
	struct stat st;
	enum store_mode mode = doctor->options->dry_run ? STORE_READ : STORE_WRITE;
	if (stat(doctor->db_path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		check_place(doctor);
		return;
	}
	int r = store_open(doctor->db_path, mode, &doctor->store, &err);
	if (r == 0)
		r = store_counts(doctor->store, &counts, &err);
	if (r == 0)
		doctor_say(doctor, DOCTOR_OK, NULL, "%s: %lld incident%s, %lld bytes",
			doctor->db_path, (long long)counts.stored, counts.stored == 1 ? "" : "s",
			(long long)counts.database_bytes);
	else if (r == -EIO || (r == -EPROTO && doctor_header_is_damaged(doctor->db_path)))
		doctor_repair_database(doctor, err.text);
	else
		say_unopened(doctor, r, err.text);
	if (r < 0 && doctor->options->dry_run) {
		store_close(doctor->store);
		doctor->store = NULL;
	}
}

/* ---- privacy ---- */

/* 1: it was open to others and is not any more, 0: it was private, -1: it could not be changed. */
static int make_private(struct doctor *doctor, const char *path, mode_t mode) {
	struct stat st;
	if (!path || stat(path, &st) < 0 || !(st.st_mode & OTHERS))
		return 0;
	if (doctor->options->dry_run) {
		doctor_say(doctor, DOCTOR_FAILED, "without --dry-run that is changed",
			"%s can be used by others (mode %04o)", path, st.st_mode & 07777);
		return -1;
	}
	if (chmod(path, mode) < 0) {
		doctor_say(doctor, DOCTOR_FAILED, "make yourself its owner",
			"%s can be used by others, and that cannot be changed: %s", path,
			strerror(errno));
		return -1;
	}
	doctor_say(doctor, DOCTOR_REPAIRED, NULL, "%s was open to others (mode %04o): now %04o",
		path, st.st_mode & 07777, mode);
	return 1;
}

/* A folder that the user chose may serve others as well; ours does not. */
static int make_folder_private(struct doctor *doctor) {
	char *folder = places_data_folder();
	size_t len = folder ? strlen(folder) : 0;
	int r = 0;
	if (folder && !strncmp(doctor->db_path, folder, len) && doctor->db_path[len] == '/' &&
		!strchr(doctor->db_path + len + 1, '/'))
		r = make_private(doctor, folder, 0700);
	free(folder);
	return r;
}

void doctor_check_privacy(struct doctor *doctor) {
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct stat st;
	/* What is not ours, or cannot be opened, is left as it is. */
	if (!doctor->store || stat(doctor->db_path, &st) < 0)
		return;
	bool changed = make_folder_private(doctor) != 0;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char *path = beside(doctor->db_path, suffixes[i]);
		if (make_private(doctor, path, 0600))
			changed = true;
		free(path);
	}
	if (st.st_uid != geteuid())
		doctor_say(doctor, DOCTOR_WARNING, NULL, "%s belongs to another user",
			doctor->db_path);
	else if (!changed)
		doctor_say(doctor, DOCTOR_OK, NULL, "only you can read the database");
}

/* ---- content ---- */

struct problems {
	char first[ERR_TEXT_BYTES];
};

static int keep_first(const char *text, void *user) {
	struct problems *problems = user;
	if (!problems->first[0])
		snprintf(problems->first, sizeof problems->first, "%s", text);
	/* SQLite tells some on two lines. */
	for (char *line_end; (line_end = strchr(problems->first, '\n'));)
		*line_end = ' ';
	return 0;
}

/* Bytes that cannot be unpacked cost one report; its facts stay, so the database is kept. */
static void say_checked(struct doctor *doctor, const struct store_checked *checked) {
	if (!doctor->options->full)
		doctor_say(doctor, DOCTOR_OK, NULL,
			"its structure is whole (--full reads every report)");
	else if (checked->raw_bad)
		doctor_say(doctor, DOCTOR_FAILED,
			"their facts stay; 'agxtriage show --raw' of the others works",
			"%llu of %llu stored files cannot be unpacked any more",
			(unsigned long long)checked->raw_bad,
			(unsigned long long)checked->raw_rows);
	else
		doctor_say(doctor, DOCTOR_OK, NULL,
			"the database is whole; %llu stored files unpacked, %llu removed by "
			"retention",
			(unsigned long long)(checked->raw_rows - checked->raw_gone),
			(unsigned long long)checked->raw_gone);
}

void doctor_check_integrity(struct doctor *doctor) {
	struct problems problems = {0};
	struct store_checked checked = {0};
	struct err err = {0};
	enum store_check_depth depth = doctor->options->full ? STORE_CHECK_FULL : STORE_CHECK_QUICK;
	int r = store_check(doctor->store, depth, keep_first, &problems, NULL, &checked, &err);
	if (r < 0 && r != -EIO && r != -EPROTO) {
		doctor_say(doctor, DOCTOR_FAILED, NULL, "%s", err.text);
		return;
	}
	if (r == 0 && checked.problems == checked.raw_bad) {
		say_checked(doctor, &checked);
		return;
	}
	struct buf why = {0};
	buf_printf(&why, "%s: damaged: %s", doctor->db_path, r < 0 ? err.text : problems.first);
	doctor_repair_database(doctor, buf_str(&why));
	buf_finish(&why);
}

void doctor_check_dictionary(struct doctor *doctor) {
	static const char sample[] = "{\"bug_type\":\"309\"}\n{\"threads\":[]}\n";
	struct store_packer *packer = NULL;
	struct buf packed = {0};
	struct err err = {0};
	uint32_t number = 0;
	int r = store_packer_new(doctor->store, &packer, &err);
	if (r == 0)
		r = store_pack(packer, sample, sizeof sample - 1, &packed, &number, &err);
	if (r < 0)
		doctor_say(
			doctor, DOCTOR_FAILED, NULL, "reports cannot be compressed: %s", err.text);
	else if (number)
		doctor_say(doctor, DOCTOR_OK, NULL, "number %u is in use", (unsigned)number);
	else
		doctor_say(doctor, DOCTOR_OK, NULL,
			"none yet: it is made when there are enough reports");
	store_packer_free(packer);
	buf_finish(&packed);
}

void doctor_check_writing(struct doctor *doctor) {
	struct err err = {0};
	const struct store_source source = {.path = "/doctor/test", .seen_at_us = clock_now_us()};
	if (doctor->options->dry_run) {
		doctor_say(doctor, DOCTOR_SKIPPED, NULL, "not tried in a dry run");
		return;
	}
	int r = store_begin(doctor->store, &err);
	if (r == 0) {
		r = store_put_passed(doctor->store, &source, &err);
		store_rollback(doctor->store);
	}
	if (r < 0)
		doctor_say(doctor, DOCTOR_FAILED, NULL, "%s", err.text);
	else
		doctor_say(doctor, DOCTOR_OK, NULL, "a row was written and taken back");
}

/* ---- around it ---- */

void doctor_check_log(struct doctor *doctor) {
	char *path = beside(doctor->db_path, "-wal");
	int64_t bytes = file_bytes(path);
	if (bytes > LOG_BYTES_MAX)
		doctor_say(doctor, DOCTOR_WARNING,
			"some program has the database open and reads for ever: end it",
			"the write-ahead log has %lld bytes", (long long)bytes);
	else
		doctor_say(doctor, DOCTOR_OK, NULL, "the write-ahead log has %lld bytes",
			(long long)bytes);
	free(path);
}

static int free_bytes(const char *path, int64_t *ret) {
	struct statvfs fs;
	char *folder = nearest_folder(path);
	int r = folder ? statvfs(folder, &fs) : -1;
	free(folder);
	if (r == 0)
		*ret = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	return r;
}

void doctor_check_space(struct doctor *doctor) {
	int64_t available = 0, wanted = 2 * file_bytes(doctor->db_path);
	if (wanted < FREE_BYTES_MIN)
		wanted = FREE_BYTES_MIN;
	if (free_bytes(doctor->db_path, &available) < 0)
		doctor_say(doctor, DOCTOR_WARNING, NULL,
			"the free space of its disk cannot be told: %s", strerror(errno));
	else
		doctor_say(doctor, available < wanted ? DOCTOR_WARNING : DOCTOR_OK,
			available < wanted ? "make room; while there is some, 'agxtriage gc' makes "
					     "the database smaller"
					   : NULL,
			"%lld MiB are free beside the database", (long long)(available >> 20));
}

void doctor_check_set_aside(struct doctor *doctor) {
	char *newest = NULL;
	size_t count = doctor_count_set_aside(doctor->db_path, &newest);
	if (count)
		doctor_say(doctor, DOCTOR_WARNING,
			"delete it when you need it no more; nothing of agxtriage reads it",
			"%zu damaged database%s lie%s beside yours, the newest is %s", count,
			count == 1 ? "" : "s", count == 1 ? "s" : "", newest ? newest : "unknown");
	free(newest);
}
