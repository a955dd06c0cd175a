/*
 * The collector on what libuv makes of FSEvents: whatever of it is lost, late, merged or wrong,
 * each report is stored once, whole and in time, and nothing is busy meanwhile.
 */
#include "fsevents_world.h"
#include "simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COURSES 300

/* Reading, settling and the scan's own time. */
#define PROMPT_US SECONDS(3)
#define TICK_US (COLLECTOR_TICK_MS * INT64_C(1000))
#define RECONCILE_US (TICK_US * COLLECTOR_TICKS_PER_RECONCILE)

static struct world *world;
static uint64_t seed_now; /* of the course that runs */

static const struct fsevents_habits calm = {.start_us = 100000};

static void expect_within(const struct world_report *report, int64_t limit_us) {
	assert_int_equal(report->added, 1);
	if (report->added_us - report->changed_us > limit_us)
		fail_msg(
			"stored after %lld us", (long long)(report->added_us - report->changed_us));
}

static void begin(const struct fsevents_habits *habits) {
	world_begin(world, 1, habits);
	world_make_folder(world, "P");
	world_start(world);
	world_run(world, SECONDS(10));
}

static void test_calm(void **state) {
	struct world_report *report;
	begin(&calm);
	report = world_report(world);
	world_put(world, report, "P");
	world_run(world, SECONDS(5));
	expect_within(report, SECONDS(1));
	world_end(world);
}

/* What appears while the stream is not running yet, but has been looked for already. */
static void test_starts_late(void **state) {
	const struct fsevents_habits habits = {.start_us = 800000};
	for (unsigned seed = 1; seed <= 20; seed++) {
		world_begin(world, seed, &habits);
		world_make_folder(world, "P");
		world_start(world);
		world_run(world, 100000 + 20000 * (int64_t)seed);
		struct world_report *report = world_report(world);
		world_put(world, report, "P");
		world_run(world, SECONDS(10));
		expect_within(report, PROMPT_US);
		world_end(world);
	}
}

/* Nothing is ever told. */
static void test_all_lost(void **state) {
	const struct fsevents_habits habits = {.lost = 100};
	char path[WORLD_PATH_BYTES];
	begin(&habits);
	struct world_report *named = world_report(world), *grown = world_report(world);
	world_put(world, named, "P");
	world_path(grown, "P", false, path);
	world_write(world, grown, path, 50);
	world_run(world, 2 * TICK_US);
	expect_within(named, TICK_US + PROMPT_US);
	world_write(world, grown, path, 100);
	world_run(world, RECONCILE_US + PROMPT_US);
	expect_within(grown, RECONCILE_US + PROMPT_US);
	world_make_folder(world, "P/Retired");
	struct world_report *retired = world_report(world);
	world_put(world, retired, "P/Retired");
	world_run(world, TICK_US + PROMPT_US);
	expect_within(retired, TICK_US + PROMPT_US);
	world_end(world);
}

/* Only "look below": the folder's own name or nothing at all. */
static void test_all_merged(void **state) {
	const struct fsevents_habits habits = {.merged = 100};
	begin(&habits);
	for (int i = 0; i < 4; i++) {
		struct world_report *report = world_report(world);
		world_put(world, report, "P");
		world_run(world, TICK_US + PROMPT_US);
		expect_within(report, TICK_US + PROMPT_US);
	}
	world_end(world);
}

/* The folder is replaced and its events are no longer told; nor is its end. */
static void test_replaced(void **state) {
	const struct fsevents_habits habits = {.deaf = true};
	begin(&habits);
	world_move_folder(world, "P", "P.old");
	world_make_folder(world, "P");
	struct world_report *report = world_report(world);
	world_put(world, report, "P");
	world_run(world, TICK_US + PROMPT_US);
	expect_within(report, TICK_US + PROMPT_US);
	report = world_report(world);
	world_put(world, report, "P");
	world_run(world, SECONDS(10));
	expect_within(report, PROMPT_US);
	world_end(world);
}

/* A folder that comes into being deep below one that is there. */
static void test_comes(void **state) {
	begin(&calm);
	world_make_folder(world, "deep");
	world_make_folder(world, "deep/er");
	world_make_folder(world, "deep/er/Q");
	struct world_report *report = world_report(world);
	world_put(world, report, "deep/er/Q");
	world_run(world, SECONDS(10));
	expect_within(report, PROMPT_US);
	world_end(world);
}

/* A stream that cannot be made: folders are looked at every two seconds, until one can. */
static void test_refused(void **state) {
	const struct fsevents_habits habits = {.refused = 100};
	begin(&calm);
	fsevents_change(&habits);
	world_make_folder(world, "P/Retired"); /* is watched too: a new stream */
	world_run(world, SECONDS(10));
	assert_int_equal(folders_state(collector_folders(world->collector), 0), FOLDER_UNWATCHED);
	struct world_report *report = world_report(world);
	world_put(world, report, "P");
	world_run(world, SECONDS(10));
	expect_within(report, PROMPT_US);
	fsevents_change(&calm);
	world_run(world, SECONDS(5));
	report = world_report(world);
	world_put(world, report, "P");
	world_run(world, SECONDS(10));
	expect_within(report, PROMPT_US);
	assert_int_equal(folders_state(collector_folders(world->collector), 0), FOLDER_WATCHED);
	world_end(world);
}

/* Nothing happens for an hour: the ticks, and a look at all folders every five minutes. */
static void test_idle(void **state) {
	begin(&calm);
	world_put(world, world_report(world), "P");
	world_run(world, 2 * RECONCILE_US);
	unsigned works = simulation_works(), turns = simulation_turns();
	world_run(world, SECONDS(3600));
	assert_int_equal(simulation_works() - works, 12);
	assert_in_range(simulation_turns() - turns, 48, 250);
	world_end(world);
}

/* ---- courses drawn from a seed ---- */

static const struct fsevents_habits bad_habits[] = {
	{.start_us = 50000},
	{.lost = 50, .start_us = 500000, .late_us = 2000000},
	{.lost = 100},
	{.dropped = 50, .repeated = 30, .late_us = 500000, .tells_end = true},
	{.merged = 60, .misnamed = 20, .early = 50, .start_us = 200000},
	{.misnamed = 100, .repeated = 100, .late_us = 5000000, .deaf = true},
	{.lost = 20, .refused = 40, .short_of = 20, .deaf = true, .tells_end = true},
	{.lost = 30,
		.dropped = 20,
		.merged = 20,
		.repeated = 20,
		.misnamed = 20,
		.early = 20,
		.refused = 10,
		.short_of = 10,
		.late_us = 1000000,
		.start_us = 1000000,
		.deaf = true},
};

static bool is_there(const char *path) {
	char full[256];
	snprintf(full, sizeof full, "%s/%s", world->root, path);
	return access(full, F_OK) == 0;
}

static const char *some_folder(void) {
	static const char *const folders[] = {"P", "P", "P", "deep/er/Q"};
	const char *folder = folders[simulation_below(4)];
	return is_there(folder) ? folder : "P";
}

static void make_way(const char *path) {
	char part[WORLD_PATH_BYTES];
	for (size_t len = 1; path[len - 1]; len++)
		if (path[len] == '/' || !path[len]) {
			snprintf(part, sizeof part, "%.*s", (int)len, path);
			if (!is_there(part))
				world_make_folder(world, part);
		}
}

/* A report begins: at once, under a hidden name, or under its own. */
static void begin_report(void) {
	char path[WORLD_PATH_BYTES];
	const char *folder = some_folder();
	if (world->count == WORLD_REPORTS_MAX)
		return;
	struct world_report *report = world_report(world);
	make_way(folder);
	if (simulation_chance(40)) {
		world_put(world, report, folder);
		return;
	}
	world_path(report, folder, simulation_chance(50), path);
	world_write(world, report, path, (unsigned)simulation_below(90) + 1);
}

static void end_report(struct world_report *report) {
	char path[WORLD_PATH_BYTES];
	if (report->written < report->len) {
		snprintf(path, sizeof path, "%s", report->path);
		world_write(world, report, path, simulation_chance(70) ? 100 : 30);
	}
	char *name = strrchr(report->path, '/') + 1;
	if (*name != '.' || report->written < report->len)
		return;
	snprintf(path, sizeof path, "%.*s%s", (int)(name - report->path), report->path, name + 1);
	world_move(world, report, path);
}

/* macOS moves what is old; people delete. */
static void move_on(struct world_report *report) {
	char path[WORLD_PATH_BYTES];
	if (strstr(report->path, "Retired/") || simulation_chance(20)) {
		if (simulation_chance(30))
			world_remove(world, report);
		return;
	}
	const char *name = strrchr(report->path, '/') + 1;
	snprintf(path, sizeof path, "%.*sRetired", (int)(name - report->path), report->path);
	make_way(path);
	snprintf(path, sizeof path, "%.*sRetired/%s", (int)(name - report->path), report->path,
		name);
	world_move(world, report, path);
}

static void change_folder(void) {
	static const char *const folders[] = {"P", "P/Retired", "deep", "deep/er/Q"};
	const char *folder = folders[simulation_below(4)];
	char away[WORLD_PATH_BYTES];
	snprintf(away, sizeof away, "%s.old", folder);
	if (!is_there(folder))
		make_way(folder);
	else if (simulation_chance(30))
		world_remove_folder(world, folder);
	else if (!is_there(away))
		world_move_folder(world, folder, away);
	if (is_there(away) && !is_there(folder) && simulation_chance(70))
		world_move_folder(world, away, folder);
	else if (!is_there(folder) && simulation_chance(60))
		make_way(folder);
}

static void happen(void) {
	struct world_report *report =
		world->count ? &world->reports[simulation_below(world->count)] : NULL;
	bool is_here = report && report->path[0];
	if (simulation_chance(12))
		change_folder();
	else if (!is_here || simulation_chance(40))
		begin_report();
	else if (report->written < report->len || strstr(report->path, "/."))
		end_report(report);
	else if (simulation_chance(40))
		move_on(report);
}

/* Now and then much at once, else with pauses. */
static int64_t pause_us(void) {
	if (simulation_chance(40))
		return (int64_t)simulation_below(20000);
	return (int64_t)simulation_below(simulation_chance(80) ? SECONDS(3) : SECONDS(120));
}

/* Some reports are completed when nobody waits for them any more. */
static void complete_all(void) {
	for (size_t i = 0; i < world->count; i++)
		while (world->reports[i].path[0] &&
			(world->reports[i].written < world->reports[i].len ||
				strstr(world->reports[i].path, "/.")))
			end_report(&world->reports[i]);
}

static void expect_all_stored(void) {
	for (size_t i = 0; i < world->count; i++) {
		const struct world_report *report = &world->reports[i];
		if (report->added > 1)
			fail_msg("%s: stored %u times", report->path, report->added);
		if (!world_is_due(report))
			continue;
		if (!report->added)
			fail_msg("%s: lost", report->path);
		expect_within(report, RECONCILE_US + PROMPT_US);
	}
}

/* Reading, looking and looking again, for what happened, for what was told, and every second or so
 * while a folder gives no events. */
static void expect_not_busy(unsigned steps, int64_t for_us) {
	unsigned reasons = steps + fsevents_told() + (unsigned)(for_us / SECONDS(1));
	assert_in_range(simulation_works(), 1, 40 + 4 * reasons);
	assert_in_range(simulation_turns(), 1, 400 + 40 * reasons);
}

static void course(uint64_t seed) {
	const struct fsevents_habits *habits =
		&bad_habits[seed % (sizeof bad_habits / sizeof *bad_habits)];
	int64_t begin_us = simulation_now_us();
	world_begin(world, seed, habits);
	if (simulation_chance(80))
		world_make_folder(world, "P");
	world_start(world);
	unsigned steps = 10 + (unsigned)simulation_below(40);
	for (unsigned i = 0; i < steps; i++) {
		world_run(world, pause_us());
		happen();
	}
	complete_all();
	world_run(world, RECONCILE_US + PROMPT_US);
	expect_all_stored();
	expect_not_busy(steps, simulation_now_us() - begin_us);
	world_end(world);
}

static void test_courses(void **state) {
	const char *only = getenv("AGXTRIAGE_COURSE");
	uint64_t first = only ? strtoull(only, NULL, 10) : 1, last = only ? first : COURSES;
	for (seed_now = first; seed_now <= last; seed_now++)
		course(seed_now);
	seed_now = 0;
}

static int setup(void **state) {
	world = world_new();
	return 0;
}

static int teardown(void **state) {
	if (seed_now)
		print_message("again with AGXTRIAGE_COURSE=%llu\n", (unsigned long long)seed_now);
	world_free(world);
	return 0;
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_calm),
		TEST(test_starts_late),
		TEST(test_all_lost),
		TEST(test_all_merged),
		TEST(test_replaced),
		TEST(test_comes),
		TEST(test_refused),
		TEST(test_idle),
		TEST(test_courses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
