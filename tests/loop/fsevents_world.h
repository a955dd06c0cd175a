/*
 * A crash reporter's folder on a Mac, in simulated time, with a collector that watches it: what is
 * done to files here is done really, and told to the model of FSEvents. Paths are relative to the
 * world's root; the collector watches "P" and "deep/er/Q".
 */
#ifndef TESTS_LOOP_FSEVENTS_WORLD_H
#define TESTS_LOOP_FSEVENTS_WORLD_H

#include "fsevents_model.h"

#include "collect/collector.h"

#define WORLD_REPORTS_MAX 8
#define WORLD_PATH_BYTES 64

#define SECONDS(n) ((n)*INT64_C(1000000))

struct world_report {
	unsigned number;
	char path[WORLD_PATH_BYTES]; /* "": not there */
	size_t len, written;
	int64_t changed_us; /* when it was last written, moved or came back */
	int64_t added_us;
	unsigned added; /* times it was told as stored */
	char next[WORLD_PATH_BYTES];
};

/* Shared by all courses of a test program: the database only grows. */
struct world {
	char home[64], root[96], db[96];
	uv_loop_t loop;
	uv_timer_t tick;
	struct store *store;
	struct rules *rules;
	struct collector *collector;
	struct world_report reports[WORLD_REPORTS_MAX];
	size_t count;
	unsigned numbers, courses; /* given so far */
	unsigned rejected, failures, quiet, states, stopped;
};

struct world *world_new(void);
void world_free(struct world *world);

/* An empty root, nothing watched. */
void world_begin(struct world *world, uint64_t seed, const struct fsevents_habits *habits);
/* The collector, and a daemon's ticks. */
void world_start(struct world *world);
void world_run(struct world *world, int64_t for_us);
/* Everything must end, and each report that was stored be whole. */
void world_end(struct world *world);

/* ---- what happens to files ---- */

void world_make_folder(struct world *world, const char *path);
/* Moves a folder and all that is in it. */
void world_move_folder(struct world *world, const char *from, const char *to);
/* Removes it with all that is in it. */
void world_remove_folder(struct world *world, const char *path);

struct world_report *world_report(struct world *world);
/* Appends so many percent of the report to the file at path. */
void world_write(
	struct world *world, struct world_report *report, const char *path, unsigned percent);
void world_move(struct world *world, struct world_report *report, const char *to);
void world_remove(struct world *world, struct world_report *report);
/* "FOLDER/Python-N.ips", with a dot before the name when hidden. */
void world_path(const struct world_report *report, const char *folder, bool hidden, char *ret);
/* As ReportCrash does: a hidden file, then its name. */
void world_put(struct world *world, struct world_report *report, const char *folder);

/* Whether it is whole, and stands where a collector looks. */
bool world_is_due(const struct world_report *report);

#endif
