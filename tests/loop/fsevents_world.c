/* Files, folders, and the collector above them. */
#include "fsevents_world.h"

#include "simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "triage/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FULL_BYTES 256
#define REPORT_BYTES 1024
/* All that is going on ends within so long. */
#define END_US SECONDS(5)

static void full_path(const struct world *world, const char *path, char ret[FULL_BYTES]) {
	assert_in_range(snprintf(ret, FULL_BYTES, "%s/%s", world->root, path), 1, FULL_BYTES - 1);
}

static void note(const struct world *world, const char *path, unsigned flags) {
	char full[FULL_BYTES];
	full_path(world, path, full);
	fsevents_note(full, flags);
}

static bool is_at_or_below(const char *path, const char *folder) {
	size_t len = strlen(folder);
	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

/* ---- folders ---- */

void world_make_folder(struct world *world, const char *path) {
	char full[FULL_BYTES];
	full_path(world, path, full);
	assert_int_equal(mkdir(full, 0700), 0);
	note(world, path, FSEVENTS_CREATED | FSEVENTS_IS_FOLDER);
}

void world_move_folder(struct world *world, const char *from, const char *to) {
	char full_from[FULL_BYTES], full_to[FULL_BYTES];
	full_path(world, from, full_from);
	full_path(world, to, full_to);
	assert_int_equal(rename(full_from, full_to), 0);
	note(world, from, FSEVENTS_RENAMED | FSEVENTS_IS_FOLDER);
	note(world, to, FSEVENTS_RENAMED | FSEVENTS_IS_FOLDER);
	for (size_t i = 0; i < world->count; i++) {
		struct world_report *report = &world->reports[i];
		char rest[WORLD_PATH_BYTES];
		if (!is_at_or_below(report->path, from))
			continue;
		snprintf(rest, sizeof rest, "%s", report->path + strlen(from));
		assert_in_range(snprintf(report->path, sizeof report->path, "%s%s", to, rest), 1,
			sizeof report->path - 1);
		report->changed_us = simulation_now_us();
	}
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *place) {
	fsevents_note(path, FSEVENTS_REMOVED | (flag == FTW_DP ? FSEVENTS_IS_FOLDER : 0));
	return remove(path);
}

void world_remove_folder(struct world *world, const char *path) {
	char full[FULL_BYTES];
	full_path(world, path, full);
	assert_int_equal(nftw(full, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	for (size_t i = 0; i < world->count; i++)
		if (is_at_or_below(world->reports[i].path, path))
			world->reports[i].path[0] = '\0';
}

/* ---- reports ---- */

static size_t report_text(unsigned number, char ret[REPORT_BYTES]) {
	int len = snprintf(ret, REPORT_BYTES,
		"{\"bug_type\":\"309\",\"name\":\"Python\",\"os_version\":\"macOS 15.7.3 (24G419)\","
		"\"incident_id\":\"%08u-0000-4000-8000-000000000000\"}\n"
		"{\"pid\":%u,\"procName\":\"Python\",\"faultingThread\":0,"
		"\"captureTime\":\"2025-12-20 17:36:18.2862 -0800\","
		"\"exception\":{\"type\":\"EXC_BAD_ACCESS\",\"signal\":\"SIGSEGV\","
		"\"rawCodes\":[1,1480]},\"threads\":[{\"triggered\":true,\"frames\":"
		"[{\"imageIndex\":0,\"imageOffset\":16}]}],"
		"\"usedImages\":[{\"name\":\"libsome.dylib\",\"base\":4096,\"size\":4096}]}\n",
		number, number);
	assert_in_range(len, 1, REPORT_BYTES - 1);
	return (size_t)len;
}

struct world_report *world_report(struct world *world) {
	char text[REPORT_BYTES];
	assert_true(world->count < WORLD_REPORTS_MAX);
	struct world_report *report = &world->reports[world->count++];
	*report = (struct world_report){.number = ++world->numbers};
	report->len = report_text(report->number, text);
	return report;
}

void world_path(const struct world_report *report, const char *folder, bool hidden, char *ret) {
	assert_in_range(snprintf(ret, WORLD_PATH_BYTES, "%s/%sPython-%u.ips", folder,
				hidden ? "." : "", report->number),
		1, WORLD_PATH_BYTES - 1);
}

void world_write(
	struct world *world, struct world_report *report, const char *path, unsigned percent) {
	char full[FULL_BYTES], text[REPORT_BYTES];
	bool is_new = !report->path[0];
	size_t len = report->len * percent / 100;
	report_text(report->number, text);
	if (percent == 100 || report->written + len > report->len)
		len = report->len - report->written;
	/* Without the last line's end it would be as good as whole. */
	if (report->written + len == report->len - 1)
		len--;
	full_path(world, path, full);
	int fd = open(full, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text + report->written, len), len);
	close(fd);
	report->written += len;
	report->changed_us = simulation_now_us();
	snprintf(report->path, sizeof report->path, "%s", path);
	note(world, path, FSEVENTS_MODIFIED | (is_new ? FSEVENTS_CREATED : 0));
}

void world_move(struct world *world, struct world_report *report, const char *to) {
	char full_from[FULL_BYTES], full_to[FULL_BYTES];
	full_path(world, report->path, full_from);
	full_path(world, to, full_to);
	assert_int_equal(rename(full_from, full_to), 0);
	note(world, report->path, FSEVENTS_RENAMED);
	note(world, to, FSEVENTS_RENAMED);
	snprintf(report->path, sizeof report->path, "%s", to);
	report->changed_us = simulation_now_us();
}

void world_remove(struct world *world, struct world_report *report) {
	char full[FULL_BYTES];
	full_path(world, report->path, full);
	assert_int_equal(unlink(full), 0);
	note(world, report->path, FSEVENTS_REMOVED);
	report->path[0] = '\0';
}

void world_put(struct world *world, struct world_report *report, const char *folder) {
	char path[WORLD_PATH_BYTES];
	world_path(report, folder, true, path);
	world_write(world, report, path, 100);
	world_path(report, folder, false, path);
	world_move(world, report, path);
}

bool world_is_due(const struct world_report *report) {
	static const char *const places[] = {"P", "P/Retired", "deep/er/Q", "deep/er/Q/Retired"};
	const char *slash = strrchr(report->path, '/');
	if (!slash || slash[1] == '.' || report->written < report->len)
		return false;
	size_t len = (size_t)(slash - report->path);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (strlen(places[i]) == len && !strncmp(report->path, places[i], len))
			return true;
	return false;
}

/* ---- the collector ---- */

static unsigned number_of(struct store *store, int64_t id) {
	struct incident incident;
	struct err err;
	char word[24];
	snprintf(word, sizeof word, "%lld", (long long)id);
	assert_int_equal(store_find(store, word, &incident, &err), 0);
	return (unsigned)strtoul(incident.incident_id, NULL, 10);
}

static void on_added(int64_t id, enum report_kind kind, void *user) {
	struct world *world = user;
	unsigned number = number_of(world->store, id);
	assert_int_equal(kind, REPORT_CRASH);
	for (size_t i = 0; i < world->count; i++) {
		struct world_report *report = &world->reports[i];
		if (report->number != number)
			continue;
		report->added++;
		report->added_us = simulation_now_us();
		return;
	}
	fail_msg("stored, though of another course: %u", number);
}

static void on_rejected(const char *path, const char *reason, void *user) {
	((struct world *)user)->rejected++;
}

static void on_failure(const struct err *err, void *user) {
	fail_msg("the database failed: %s", err->text);
}

static void on_quiet(void *user) {
	((struct world *)user)->quiet++;
}

static void on_folder(const char *folder, enum folder_state state, const char *reason, void *user) {
	((struct world *)user)->states++;
}

static void on_stopped(void *user) {
	((struct world *)user)->stopped++;
}

static void on_tick(uv_timer_t *timer) {
	struct world *world = timer->data;
	collector_tick(world->collector, false);
}

void world_start(struct world *world) {
	char full[2][FULL_BYTES];
	const char *const folders[] = {full[0], full[1]};
	const struct selection selection = {0};
	const struct collector_options options = {.folders = folders,
		.folder_count = 2,
		.selection = &selection,
		.on_added = on_added,
		.on_rejected = on_rejected,
		.on_folder = on_folder,
		.on_quiet = on_quiet,
		.on_failure = on_failure,
		.user = world};
	struct err err;
	full_path(world, "P", full[0]);
	full_path(world, "deep/er/Q", full[1]);
	assert_int_equal(collector_start(&world->loop, world->store, world->rules, &options,
				 &world->collector, &err),
		0);
	uv_update_time(&world->loop);
	uv_timer_start(&world->tick, on_tick, COLLECTOR_TICK_MS, COLLECTOR_TICK_MS);
}

void world_run(struct world *world, int64_t for_us) {
	simulation_run(&world->loop, for_us);
}

static void expect_raw(struct world *world, const struct world_report *report) {
	char word[16], text[REPORT_BYTES];
	struct incident incident;
	struct buf raw = {0};
	struct err err;
	report_text(report->number, text);
	snprintf(word, sizeof word, "%08u-0000", report->number);
	assert_int_equal(store_find(world->store, word, &incident, &err), 0);
	assert_int_equal(incident.conflicts, 0);
	assert_int_equal(store_raw(world->store, incident.id, &raw, &err), 0);
	assert_int_equal(raw.len, report->len);
	assert_memory_equal(raw.data, text, report->len);
	buf_finish(&raw);
}

void world_end(struct world *world) {
	world->stopped = 0;
	uv_timer_stop(&world->tick);
	collector_stop(world->collector, on_stopped, world);
	world->collector = NULL;
	world_run(world, END_US);
	assert_int_equal(world->stopped, 1);
	assert_int_equal(fsevents_active(), 0);
	for (size_t i = 0; i < world->count; i++)
		if (world->reports[i].added)
			expect_raw(world, &world->reports[i]);
}

/* ---- beginning and end ---- */

void world_begin(struct world *world, uint64_t seed, const struct fsevents_habits *habits) {
	simulation_begin(seed);
	fsevents_begin(habits);
	world->count = 0;
	world->rejected = world->quiet = world->states = 0;
	snprintf(world->root, sizeof world->root, "%s/%u", world->home, ++world->courses);
	assert_int_equal(mkdir(world->root, 0700), 0);
}

struct world *world_new(void) {
	struct world *world = calloc(1, sizeof *world);
	struct err err;
	assert_non_null(world);
	/* In memory where that can be had: some hundred databases' worth of waiting for a disk. */
	snprintf(world->home, sizeof world->home, "/dev/shm/agxtriage-fsevents-XXXXXX");
	if (!mkdtemp(world->home)) {
		snprintf(world->home, sizeof world->home, "/tmp/agxtriage-fsevents-XXXXXX");
		assert_non_null(mkdtemp(world->home));
	}
	snprintf(world->db, sizeof world->db, "%s/db/crashes.db", world->home);
	assert_int_equal(uv_loop_init(&world->loop), 0);
	uv_timer_init(&world->loop, &world->tick);
	world->tick.data = world;
	world->rules = rules_new_builtin(&err);
	assert_non_null(world->rules);
	assert_int_equal(store_open(world->db, STORE_WRITE, &world->store, &err), 0);
	return world;
}

static int remove_quietly(const char *path, const struct stat *st, int flag, struct FTW *place) {
	return remove(path);
}

void world_free(struct world *world) {
	/* After a failure. */
	if (world->collector)
		collector_stop(world->collector, NULL, NULL);
	uv_close((uv_handle_t *)&world->tick, NULL);
	simulation_run(&world->loop, SECONDS(1));
	assert_int_equal(uv_loop_close(&world->loop), 0);
	store_close(world->store);
	rules_free(world->rules);
	nftw(world->home, remove_quietly, 16, FTW_DEPTH | FTW_PHYS);
	free(world);
}
