/*
 * Watched folders on a system that we play ourselves, in place of libuv's start and stop: one that
 * has no watches left, that gives up, or that tells names as macOS does and nothing of the folder
 * itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watching.h"

#define WATCHES 16

/* What is watched, and how often that changed. */
static struct played {
	struct {
		uv_fs_event_t *handle; /* NULL: free */
		uv_fs_event_cb cb;
		char path[128];
	} watches[WATCHES];
	unsigned starts, stops;
	int failure; /* what every start answers */
	/* What happens while a watch is being put on path, if anything. */
	void (*on_start)(const char *path);
} played;

int uv_fs_event_start(
	uv_fs_event_t *handle, uv_fs_event_cb cb, const char *path, unsigned int flags) {
	assert_int_equal(flags, 0);
	if (played.failure)
		return played.failure;
	if (played.on_start)
		played.on_start(path);
	for (size_t i = 0; i < WATCHES; i++) {
		assert_ptr_not_equal(played.watches[i].handle, handle);
		if (played.watches[i].handle)
			continue;
		played.watches[i].handle = handle;
		played.watches[i].cb = cb;
		snprintf(played.watches[i].path, sizeof played.watches[i].path, "%s", path);
		played.starts++;
		return 0;
	}
	fail_msg("too many watches");
	return UV_ENOSPC;
}

int uv_fs_event_stop(uv_fs_event_t *handle) {
	for (size_t i = 0; i < WATCHES; i++) {
		if (played.watches[i].handle != handle)
			continue;
		played.watches[i].handle = NULL;
		played.stops++;
	}
	return 0;
}

/* Something happened in a folder, given below the root. */
static void play(struct watching *w, const char *folder, const char *name, int events, int status) {
	char path[128];
	unsigned found = 0;
	snprintf(path, sizeof path, "%s%s%s", w->root, *folder ? "/" : "", folder);
	for (size_t i = 0; i < WATCHES; i++) {
		if (!played.watches[i].handle || strcmp(played.watches[i].path, path) != 0)
			continue;
		found++;
		played.watches[i].cb(played.watches[i].handle, name, events, status);
	}
	if (!found)
		fail_msg("%s is not watched", path);
}

static void expect_now(struct watching *w, const char *line) {
	if (!watching_told(w, line))
		fail_msg("not told: %s; told:%s", line, w->lines ? w->lines : "");
}

static int setup(void **state) {
	played = (struct played){0};
	return watching_setup(state);
}

static int teardown(void **state) {
	played.failure = 0;
	int r = watching_teardown(state);
	return played.starts == played.stops ? r : -1;
}

static void test_shortage(void **state) {
	struct watching *w = *state;
	static const struct {
		int code;
		const char *reason;
	} shortages[] = {{UV_ENOSPC, "max_user_watches"}, {UV_EMFILE, "max_user_instances"},
		{UV_ENFILE, "system"}, {UV_ENOMEM, "memory"}, {UV_EIO, "refuses"}};
	make_folder("P");
	make_folder("P/Retired");
	for (size_t i = 0; i < sizeof shortages / sizeof *shortages; i++) {
		played.failure = shortages[i].code;
		watching_start(w, FOLDER("P", "m/Q"));
		expect_now(w, "state P unwatched");
		expect_now(w, "state P/Retired unwatched");
		expect_now(w, "state m/Q missing");
		assert_int_equal(w->count, 3);
		watching_clear(w);
		for (int k = 0; k < 3; k++)
			assert_false(folders_check(w->folders));
		assert_int_equal(w->count, 0);
		played.failure = 0;
		assert_true(folders_check(w->folders));
		expect_now(w, "state P watched");
		expect_now(w, "event P *");
		expect_now(w, "state P/Retired watched");
		assert_int_equal(played.starts - played.stops, 3);
		watching_clear(w);
		assert_false(folders_check(w->folders));
		assert_int_equal(w->count, 0);
		watching_stop(w);
		watching_settle(w);
		assert_int_equal(w->stopped, 1);
		w->stopped = 0;
	}
	played.failure = UV_ENOSPC;
	watching_start(w, FOLDER("P"));
	assert_non_null(strstr(w->reason, "max_user_watches"));
}

static void test_appears_without_watches(void **state) {
	struct watching *w = *state;
	watching_start(w, FOLDER("P"));
	watching_clear(w);
	played.failure = UV_ENOSPC;
	make_folder("P");
	play(w, "", "P", UV_RENAME, 0);
	expect_now(w, "state P unwatched");
	/* It is read once, though nobody will tell what comes later. */
	expect_now(w, "event P *");
}

static void test_names(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("P/Retired");
	make_folder("P/sub");
	watching_start(w, FOLDER("P"));
	watching_clear(w);
	static const struct {
		const char *name, *line; /* NULL: nothing is told */
	} names[] = {
		{"x.ips", "event P x.ips"},
		{"/x.ips", "event P x.ips"},
		{"Retired/y.ips", "event P/Retired y.ips"},
		{"Retired//y.ips", "event P/Retired y.ips"},
		{"Retired/", "event P/Retired *"},
		{NULL, "event P *"},
		{"", "event P *"},
		{"P", "event P *"},
		{".x.ips", "event P *"},
		{"Retired", NULL},
		{"Retired/.y.ips", "event P/Retired *"},
		{"Retired/sub/y.ips", NULL},
		{"sub/x.ips", NULL},
		{".hidden/x.ips", NULL},
		{"Retired2/x.ips", NULL},
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		play(w, "P", names[i].name, UV_CHANGE, 0);
		if (names[i].line)
			expect_now(w, names[i].line);
		assert_int_equal(w->count, names[i].line ? 1 : 0);
		watching_clear(w);
	}
}

/* Each start and each stop makes macOS forget what is under way. */
static void test_nothing_is_restarted(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("P/Retired");
	watching_start(w, FOLDER("P", "m/n/Q"));
	assert_int_equal(played.starts, 3);
	for (int i = 0; i < 5; i++) {
		play(w, "P", "x.ips", UV_RENAME, 0);
		play(w, "P", "Retired", UV_RENAME, 0);
		play(w, "P/Retired", "y.ips", UV_RENAME, 0);
		play(w, "", "other", UV_RENAME, 0);
		play(w, "", "P", UV_CHANGE, 0);
		assert_false(folders_check(w->folders));
	}
	assert_int_equal(played.starts, 3);
	assert_int_equal(played.stops, 0);
	/* Q's way is made: of P, too, something may have been lost. */
	watching_clear(w);
	make_folder("m");
	play(w, "", "m", UV_RENAME, 0);
	assert_int_equal(played.starts, 4);
	assert_int_equal(played.stops, 1);
	expect_now(w, "event P *");
	expect_now(w, "event P/Retired *");
	assert_int_equal(w->count, 2);
}

static void test_replaced_in_silence(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("P/Retired");
	watching_start(w, FOLDER("P"));
	watching_clear(w);
	assert_int_equal(rename("P", "old"), 0);
	make_folder("P");
	assert_true(folders_check(w->folders));
	expect_now(w, "event P *");
	assert_int_equal(w->count, 1);
	assert_int_equal(played.starts - played.stops, 1);
	watching_clear(w);
	make_folder("P/Retired");
	assert_true(folders_check(w->folders));
	expect_now(w, "event P/Retired *");
	watching_clear(w);
	assert_int_equal(rmdir("P/Retired"), 0);
	assert_int_equal(rmdir("P"), 0);
	assert_true(folders_check(w->folders));
	expect_now(w, "state P missing");
	watching_clear(w);
	/* A name in it can show that it is gone, too. */
	make_folder("P");
	assert_true(folders_check(w->folders));
	assert_int_equal(rename("P", "older"), 0);
	watching_clear(w);
	play(w, "P", "x.ips", UV_RENAME, 0);
	expect_now(w, "state P missing");
}

static void test_given_up(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("Q");
	watching_start(w, FOLDER("P", "Q", "m"));
	watching_clear(w);
	play(w, "P", NULL, 0, UV_EMFILE);
	expect_now(w, "state P unwatched");
	assert_int_equal(w->count, 1);
	play(w, "", NULL, 0, UV_EMFILE);
	assert_int_equal(w->count, 1);
	watching_clear(w);
	/* Started again, it is believed when it tells something. */
	assert_true(folders_check(w->folders));
	expect_now(w, "event P *");
	assert_false(watching_told(w, "state P watched"));
	watching_clear(w);
	assert_false(folders_check(w->folders));
	assert_int_equal(folders_state(w->folders, 0), FOLDER_UNWATCHED);
	assert_int_equal(w->count, 0);
	play(w, "P", "x", UV_RENAME, 0);
	expect_now(w, "state P watched");
	expect_now(w, "event P x");
}

/* Below the folder that is being watched, the next one is made. */
static void make_next(const char *path) {
	static const char *const next[] = {"m", "m/n", "m/n/P"};
	for (size_t i = 0; i < sizeof next / sizeof *next; i++)
		if (!mkdir(next[i], 0700))
			return;
}

static void replace_once(const char *path) {
	played.on_start = NULL;
	assert_int_equal(rename("P", "old"), 0);
	make_folder("P");
}

static void delete_once(const char *path) {
	played.on_start = NULL;
	assert_int_equal(rmdir("P"), 0);
}

/* A watch is put on a folder by its path, which may lead elsewhere by then. */
static void test_changes_meanwhile(void **state) {
	struct watching *w = *state;
	played.on_start = make_next;
	watching_start(w, FOLDER("m/n/P"));
	expect_now(w, "state m/n/P watched");
	assert_int_equal(w->count, 1);
	play(w, "m/n/P", "x", UV_RENAME, 0);
	expect_now(w, "event m/n/P x");
	watching_stop(w);
	watching_settle(w);
	w->stopped = 0;

	make_folder("P");
	played.on_start = replace_once;
	watching_start(w, FOLDER("P"));
	expect_now(w, "state P watched");
	assert_false(folders_check(w->folders));
	/* The first watch was on the folder that went away. */
	assert_int_equal(played.starts - played.stops, 1);
	assert_true(played.stops >= 1);
	watching_stop(w);
	watching_settle(w);
	w->stopped = 0;

	played.on_start = delete_once;
	watching_start(w, FOLDER("P"));
	expect_now(w, "state P missing");
	make_folder("P");
	play(w, "", "P", UV_RENAME, 0);
	expect_now(w, "event P *");
}

#define SYSTEM_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		SYSTEM_TEST(test_shortage),
		SYSTEM_TEST(test_appears_without_watches),
		SYSTEM_TEST(test_names),
		SYSTEM_TEST(test_nothing_is_restarted),
		SYSTEM_TEST(test_replaced_in_silence),
		SYSTEM_TEST(test_given_up),
		SYSTEM_TEST(test_changes_meanwhile),
	};
	return cmocka_run_group_tests_name("folders_system", tests, NULL, NULL);
}
