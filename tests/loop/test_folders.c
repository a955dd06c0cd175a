/* Watched folders that appear, vanish, are replaced, and hold odd names. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watching.h"

#include <dirent.h>

static void test_states(void **state) {
	struct watching *w = *state;
	char path[128];
	make_folder("P");
	make_folder("P/Retired");
	watching_start(w, FOLDER("P", "missing/one"));
	assert_true(watching_told(w, "state P watched"));
	assert_true(watching_told(w, "state missing/one missing"));
	assert_int_equal(w->count, 2);
	assert_int_equal(folders_count(w->folders), 2);
	snprintf(path, sizeof path, "%s/P", w->root);
	assert_string_equal(folders_path(w->folders, 0), path);
	assert_int_equal(folders_state(w->folders, 0), FOLDER_WATCHED);
	assert_int_equal(folders_state(w->folders, 1), FOLDER_MISSING);
	watching_clear(w);
	watching_expect_quiet(w);
	/* Nothing has changed: nothing is armed, nothing told. */
	for (int i = 0; i < 3; i++)
		assert_false(folders_check(w->folders));
	watching_expect_quiet(w);
}

static void test_files(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("P/Retired");
	watching_start(w, FOLDER("P"));
	watching_clear(w);
	make_file("P/a.ips");
	watching_expect(w, "event P a.ips");
	make_file("P/Retired/b.ips");
	watching_expect(w, "event P/Retired b.ips");
	watching_settle(w);
	make_file("P/.hidden");
	watching_expect(w, "event P *");
	watching_settle(w);
	make_file("P/Retired/.hidden");
	watching_expect(w, "event P/Retired *");
	watching_settle(w);
	assert_int_equal(rename("P/.hidden", "P/shown"), 0);
	watching_expect(w, "event P shown");
	assert_int_equal(rename("P/shown", "P/Retired/moved"), 0);
	watching_expect(w, "event P/Retired moved");
	make_file("P/a.ips");
	watching_expect(w, "event P a.ips");
	assert_int_equal(unlink("P/a.ips"), 0);
	watching_expect(w, "event P a.ips");
	/* A file that is called like its folder. */
	make_file("P/P");
	watching_expect(w, "event P *");
	watching_settle(w);
	make_file("P/c.ips");
	watching_expect(w, "event P c.ips");
}

static void test_retired(void **state) {
	struct watching *w = *state;
	make_folder("P");
	watching_start(w, FOLDER("P"));
	watching_clear(w);
	for (int i = 0; i < 5; i++) {
		make_folder("P/Retired");
		make_file("P/Retired/at-once");
		watching_expect(w, "event P/Retired *");
		watching_settle(w);
		make_file("P/Retired/later");
		watching_expect(w, "event P/Retired later");
		assert_int_equal(unlink("P/Retired/at-once"), 0);
		assert_int_equal(unlink("P/Retired/later"), 0);
		assert_int_equal(rmdir("P/Retired"), 0);
		watching_run(w, NULL, 30);
		assert_null(w->lines ? strstr(w->lines, "state") : NULL);
		watching_clear(w);
	}
	/* A link is no Retired/: scans do not enter it. */
	make_folder("elsewhere");
	assert_int_equal(symlink("../elsewhere", "P/Retired"), 0);
	watching_settle(w);
	make_file("elsewhere/x");
	watching_expect_quiet(w);
	assert_int_equal(unlink("P/Retired"), 0);
	assert_int_equal(rename("elsewhere", "P/Retired"), 0);
	watching_expect(w, "event P/Retired *");
}

static void test_missing_chain(void **state) {
	struct watching *w = *state;
	watching_start(w, FOLDER("m/n/o/P"));
	assert_true(watching_told(w, "state m/n/o/P missing"));
	watching_clear(w);
	make_folder("m");
	watching_expect_quiet(w);
	make_folder("m/n");
	watching_expect_quiet(w);
	assert_int_equal(rmdir("m/n"), 0);
	assert_int_equal(rmdir("m"), 0);
	watching_expect_quiet(w);
	make_folder("m");
	make_folder("m/n");
	watching_expect_quiet(w);
	make_folder("m/n/o");
	watching_expect_quiet(w);
	make_folder("m/n/o/P");
	watching_expect(w, "event m/n/o/P *");
	make_file("m/n/o/P/x");
	watching_expect(w, "event m/n/o/P x");
}

static void test_missing_at_once(void **state) {
	struct watching *w = *state;
	watching_start(w, FOLDER("m/n/o/P", "m/n/Q"));
	watching_clear(w);
	make_folder("m");
	make_folder("m/n");
	make_folder("m/n/o");
	make_folder("m/n/o/P");
	make_folder("m/n/o/P/Retired");
	make_file("m/n/o/P/Retired/x");
	watching_run(w, "event m/n/o/P/Retired *", WATCHING_TIMEOUT_MS);
	assert_true(watching_told(w, "state m/n/o/P watched"));
	assert_true(watching_told(w, "event m/n/o/P *"));
	assert_false(watching_told(w, "state m/n/o/P/Retired watched"));
	watching_settle(w);
	make_folder("m/n/Q");
	watching_expect(w, "event m/n/Q *");
	watching_settle(w);
	make_file("m/n/o/P/y");
	watching_expect(w, "event m/n/o/P y");
}

static void test_deleted(void **state) {
	struct watching *w = *state;
	make_folder("P");
	watching_start(w, FOLDER("P"));
	watching_clear(w);
	for (int i = 0; i < 30; i++) {
		char name[32], line[64];
		snprintf(name, sizeof name, "P/f%d", i);
		snprintf(line, sizeof line, "event P f%d", i);
		if (i % 3 == 0)
			make_folder("P/Retired");
		if (i % 3 == 0)
			assert_int_equal(rmdir("P/Retired"), 0);
		assert_int_equal(rmdir("P"), 0);
		if (i % 2 == 0)
			watching_expect(w, "state P missing");
		/* Made again at once, it may well have the same inode. */
		make_folder("P");
		watching_expect(w, "event P *");
		watching_settle(w);
		assert_int_equal(folders_state(w->folders, 0), FOLDER_WATCHED);
		make_file(name);
		watching_expect(w, line);
		assert_int_equal(unlink(name), 0);
		watching_settle(w);
	}
}

static void test_waiting_place_is_replaced(void **state) {
	struct watching *w = *state;
	make_folder("m");
	watching_start(w, FOLDER("m/P"));
	watching_clear(w);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(rmdir("m"), 0);
		make_folder("m");
		watching_expect_quiet(w);
		make_folder("m/P");
		watching_expect(w, "event m/P *");
		assert_int_equal(rmdir("m/P"), 0);
		watching_expect(w, "state m/P missing");
	}
	assert_int_equal(rename("m", "away"), 0);
	make_folder("m");
	watching_settle(w);
	make_folder("m/P");
	watching_expect(w, "event m/P *");
}

static void test_replaced(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("other");
	make_file("other/old");
	watching_start(w, FOLDER("P"));
	watching_clear(w);
	assert_int_equal(rename("P", "away"), 0);
	watching_expect(w, "state P missing");
	make_file("away/x");
	watching_expect_quiet(w);
	assert_int_equal(rename("other", "P"), 0);
	watching_expect(w, "event P *");
	watching_settle(w);
	/* An empty folder is replaced without ever being missing. */
	assert_int_equal(unlink("P/old"), 0);
	watching_settle(w);
	assert_int_equal(rename("away", "P"), 0);
	watching_expect(w, "event P *");
	watching_settle(w);
	make_file("P/y");
	watching_expect(w, "event P y");
	/* The same of the folder above, of which nothing is told here. */
	assert_int_equal(folders_check(w->folders), false);
}

static void test_replaced_by_others(void **state) {
	struct watching *w = *state;
	make_folder("P");
	watching_start(w, FOLDER("P"));
	watching_clear(w);
	assert_int_equal(rmdir("P"), 0);
	make_file("P");
	watching_run(w, "state P missing", WATCHING_TIMEOUT_MS);
	assert_int_equal(folders_state(w->folders, 0), FOLDER_MISSING);
	watching_settle(w);
	assert_int_equal(unlink("P"), 0);
	make_folder("target");
	assert_int_equal(symlink("target", "P"), 0);
	watching_expect(w, "event P *");
	make_folder("target/Retired");
	watching_expect(w, "event P/Retired *");
	make_file("target/x");
	watching_expect(w, "event P x");
	assert_int_equal(unlink("P"), 0);
	assert_int_equal(mkfifo("P", 0600), 0);
	watching_settle(w);
	folders_check(w->folders);
	watching_expect(w, "state P missing");
	assert_non_null(w->reason);
}

static void test_links(void **state) {
	struct watching *w = *state;
	make_folder("one");
	make_folder("two");
	make_folder("lower");
	assert_int_equal(symlink("../later/P", "lower/dangling"), 0);
	assert_int_equal(symlink("lower/dangling", "dangling"), 0);
	assert_int_equal(symlink("one", "link"), 0);
	assert_int_equal(symlink("circle", "circle"), 0);
	watching_start(w, FOLDER("link", "dangling", "circle"));
	assert_true(watching_told(w, "state link watched"));
	assert_true(watching_told(w, "state dangling missing"));
	assert_true(watching_told(w, "state circle missing"));
	watching_clear(w);
	/* It is waited for where the links lead. */
	make_folder("later");
	make_folder("later/P");
	watching_expect(w, "event dangling *");
	watching_settle(w);
	assert_int_equal(symlink("two", "new"), 0);
	assert_int_equal(rename("new", "link"), 0);
	watching_settle(w);
	assert_true(folders_check(w->folders));
	assert_true(watching_told(w, "event link *"));
	watching_clear(w);
	make_file("two/x");
	watching_expect(w, "event link x");
	make_file("one/x");
	watching_settle(w);
	assert_int_equal(unlink("circle"), 0);
	make_folder("circle");
	watching_expect(w, "event circle *");
}

static void test_given_twice(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("P/Retired");
	assert_int_equal(symlink("P", "link"), 0);
	watching_start(w, FOLDER("P", "P/", "./P", "link", "none", "link/../none", "P/Retired/."));
	assert_int_equal(folders_count(w->folders), 3);
	watching_clear(w);
	make_file("P/x");
	watching_run(w, "event P x", WATCHING_TIMEOUT_MS);
	watching_run(w, NULL, 30);
	assert_false(watching_told(w, "event link x"));
	watching_clear(w);
	make_file("P/Retired/y");
	watching_expect(w, "event P/Retired y");
	assert_int_equal(unlink("P/Retired/y"), 0);
	watching_settle(w);
	assert_int_equal(rmdir("P/Retired"), 0);
	watching_expect(w, "state P/Retired missing");
	make_folder("P/Retired");
	watching_expect(w, "event P/Retired *");
	make_folder("none");
	watching_expect(w, "event none *");
}

static void test_names(void **state) {
	struct watching *w = *state;
	char name[300], line[320];
	make_folder("P");
	make_folder("odd\xff\x80 \n");
	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	watching_start(w, FOLDER("P", "odd\xff\x80 \n", name));
	assert_true(watching_told(w, "state odd\xff\x80 \n watched"));
	assert_int_equal(folders_state(w->folders, 2), FOLDER_MISSING);
	watching_clear(w);
	make_file("P/\xff\xfe.ips");
	watching_expect(w, "event P \xff\xfe.ips");
	make_file("odd\xff\x80 \n/\n");
	watching_expect(w, "event odd\xff\x80 \n \n");
	memcpy(name, "P/", 2);
	name[2 + 255] = '\0';
	make_file(name);
	snprintf(line, sizeof line, "event P %s", name + 2);
	watching_expect(w, line);
}

static void test_long_path(void **state) {
	struct watching *w = *state;
	char path[6000];
	for (size_t i = 0; i < sizeof path; i++)
		path[i] = i % 100 ? 'd' : '/';
	path[sizeof path - 1] = '\0';
	const struct folders_options options = {
		.on_event = watching_on_event, .on_state = watching_on_state, .user = w};
	assert_int_equal(folders_start(&w->loop, FOLDER(path), 0, &options, &w->folders, NULL), 0);
	assert_int_equal(folders_count(w->folders), 0);
	watching_stop(w);
	watching_settle(w);
	assert_int_equal(w->stopped, 1);
	w->stopped = 0;
	watching_start(w, FOLDER("P"));
	make_folder("P");
	watching_expect(w, "event P *");
}

static void test_stop(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("P/Retired");
	watching_start(w, FOLDER("P", "m/n/Q"));
	/* With events that nobody has heard yet. */
	make_file("P/x");
	make_folder("m");
	watching_stop(w);
	watching_clear(w);
	watching_expect_quiet(w);
	assert_int_equal(w->stopped, 1);
}

static void test_stop_on_event(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("P/Retired");
	watching_start(w, FOLDER("P"));
	watching_clear(w);
	w->stop_on_event = true;
	make_file("P/x");
	make_file("P/Retired/y");
	make_file("P/z");
	watching_run(w, NULL, 50);
	assert_int_equal(w->count, 1);
	assert_int_equal(w->stopped, 1);
}

static void test_stop_on_state(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("Q");
	watching_start(w, FOLDER("P", "Q"));
	watching_clear(w);
	w->stop_on_state = true;
	assert_int_equal(rmdir("P"), 0);
	assert_int_equal(rmdir("Q"), 0);
	watching_run(w, NULL, 50);
	assert_int_equal(w->count, 1);
	assert_int_equal(w->stopped, 1);
}

static void test_stop_in_check(void **state) {
	struct watching *w = *state;
	make_folder("P");
	make_folder("Q");
	watching_start(w, FOLDER("P", "Q"));
	watching_clear(w);
	w->stop_on_event = true;
	assert_int_equal(rename("P", "X"), 0);
	make_folder("P");
	assert_true(folders_check(w->folders));
	assert_int_equal(w->count, 1);
	assert_null(w->folders);
	watching_expect(w, "event P *");
}

/* What a storm must not lose: every file that is there in the end was named, or lay there when
 * everything was to be looked at. */
#define STORM_FILES 300

struct storm {
	struct watching *watching;
	atomic_bool done;
	bool seen[2][STORM_FILES];
	size_t found;
};

static const char *const storm_folders[] = {"P", "P/Retired"};

/* The number in a file's name, or STORM_FILES. */
static size_t storm_number(const char *name) {
	char *end = NULL;
	unsigned long number = name[0] == 'f' ? strtoul(name + 1, &end, 10) : STORM_FILES;
	return number < STORM_FILES && end != name + 1 && !*end ? number : STORM_FILES;
}

static void storm_see(struct storm *storm, size_t folder, const char *name) {
	size_t number = storm_number(name);
	if (number < STORM_FILES)
		storm->seen[folder][number] = true;
}

static void storm_scan(const char *folder, void (*found)(struct storm *, size_t, const char *),
	struct storm *storm, size_t index) {
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		found(storm, index, entry->d_name);
	if (dir)
		closedir(dir);
}

static void storm_on_event(const char *folder, const char *name, void *user) {
	struct storm *storm = user;
	size_t index = !strcmp(folder + strlen(storm->watching->root) + 1, storm_folders[1]);
	if (name)
		storm_see(storm, index, name);
	else
		storm_scan(storm_folders[index], storm_see, storm, index);
}

static void storm_on_state(
	const char *folder, enum folder_state state, const char *reason, void *user) {
}

static void storm_unlink(struct storm *storm, size_t index, const char *name) {
	char path[512];
	snprintf(path, sizeof path, "%s/%s", storm_folders[index], name);
	unlink(path);
}

/* Deletes a folder with what is in it; P with Retired/. */
static void storm_delete(struct storm *storm, size_t index) {
	storm_scan(storm_folders[1], storm_unlink, storm, 1);
	rmdir(storm_folders[1]);
	if (index == 1)
		return;
	storm_scan(storm_folders[0], storm_unlink, storm, 0);
	rmdir(storm_folders[0]);
}

static void *storm_blow(void *arg) {
	struct storm *storm = arg;
	uint32_t seed = 12345;
	for (unsigned i = 0; i < STORM_FILES; i++) {
		char path[64];
		seed = seed * 1103515245u + 12345u;
		mkdir(storm_folders[0], 0700);
		mkdir(storm_folders[1], 0700);
		snprintf(path, sizeof path, "%s/f%u", storm_folders[(seed >> 16) % 2], i);
		int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0)
			close(fd);
		if ((seed >> 20) % 16 == 0)
			storm_delete(storm, (seed >> 24) % 2);
		if ((seed >> 18) % 4 == 0)
			usleep(300);
	}
	atomic_store(&storm->done, true);
	return NULL;
}

static void storm_check(struct storm *storm, size_t index, const char *name) {
	size_t number = storm_number(name);
	if (number == STORM_FILES)
		return;
	storm->found++;
	if (!storm->seen[index][number])
		fail_msg("%s/%s was never seen", storm_folders[index], name);
}

static void test_storm(void **state) {
	struct watching *w = *state;
	struct storm *storm = calloc(1, sizeof *storm);
	pthread_t thread;
	assert_non_null(storm);
	storm->watching = w;
	char path[128];
	snprintf(path, sizeof path, "%s/P", w->root);
	const struct folders_options options = {
		.on_event = storm_on_event, .on_state = storm_on_state, .user = storm};
	assert_int_equal(folders_start(&w->loop, FOLDER(path), 1, &options, &w->folders, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, storm_blow, storm), 0);
	while (!atomic_load(&storm->done))
		watching_run(w, NULL, 5);
	assert_int_equal(pthread_join(thread, NULL), 0);
	watching_run(w, NULL, 100);
	assert_false(folders_check(w->folders));
	for (size_t i = 0; i < 2; i++)
		storm_scan(storm_folders[i], storm_check, storm, i);
	assert_true(storm->found > 0);
	watching_stop(w);
	watching_run(w, NULL, 10);
	free(storm);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_states),
		LOOP_TEST(test_files),
		LOOP_TEST(test_retired),
		LOOP_TEST(test_missing_chain),
		LOOP_TEST(test_missing_at_once),
		LOOP_TEST(test_deleted),
		LOOP_TEST(test_waiting_place_is_replaced),
		LOOP_TEST(test_replaced),
		LOOP_TEST(test_replaced_by_others),
		LOOP_TEST(test_links),
		LOOP_TEST(test_given_twice),
		LOOP_TEST(test_names),
		LOOP_TEST(test_long_path),
		LOOP_TEST(test_stop),
		LOOP_TEST(test_stop_on_event),
		LOOP_TEST(test_stop_on_state),
		LOOP_TEST(test_stop_in_check),
		LOOP_TEST(test_storm),
	};
	return cmocka_run_group_tests_name("folders", tests, NULL, NULL);
}
