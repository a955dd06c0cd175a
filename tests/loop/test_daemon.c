/* The daemon's whole life in this process: start, reload, a database that goes, a hook that hangs,
 * the end. Its loop is its own; daemon_run() aborts when that cannot be closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "collect/daemon.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far longer than anything takes here, valgrind included. */
#define TIMEOUT_S 100
#define PATH_BYTES 192

struct living {
	char root[64], db[PATH_BYTES], first[PATH_BYTES], second[PATH_BYTES];
	const char *folder; /* what load() gives */
	const char *const *hook;
	bool broken; /* load() fails */
	unsigned loads, added, told;
	void (*on_added)(struct living *living);
	void (*on_broken)(struct living *living);
};

static void put(const char *folder, unsigned number) {
	char hidden[PATH_BYTES + 32], path[PATH_BYTES + 32];
	snprintf(hidden, sizeof hidden, "%s/.Python-%u.ips", folder, number);
	snprintf(path, sizeof path, "%s/Python-%u.ips", folder, number);
	FILE *file = fopen(hidden, "wb");
	assert_non_null(file);
	fprintf(file,
		"{\"bug_type\":\"309\",\"name\":\"Python\","
		"\"incident_id\":\"%08u-0000-4000-8000-000000000000\"}\n"
		"{\"pid\":%u,\"procName\":\"Python\",\"faultingThread\":0,"
		"\"captureTime\":\"2025-12-20 17:36:18.2862 -0800\",\"threads\":[],"
		"\"usedImages\":[]}\n",
		number, number);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(hidden, path), 0);
}

static void tell(int number) {
	assert_int_equal(kill(getpid(), number), 0);
}

/* ---- what the daemon asks for */

static void unload(struct daemon_inputs *inputs, void *user) {
	if (!inputs)
		return;
	config_finish(&inputs->config);
	rules_free(inputs->rules);
	free(inputs);
}

static struct daemon_inputs *load(bool again, void *user, struct err *err) {
	struct living *living = user;
	assert_int_equal(again, living->loads > 0);
	living->loads++;
	if (living->broken) {
		err_set(err, -EINVAL, "broken");
		return NULL;
	}
	struct daemon_inputs *inputs = calloc(1, sizeof *inputs);
	assert_non_null(inputs);
	assert_int_equal(config_init(&inputs->config, err), 0);
	assert_int_equal(
		config_set(&inputs->config, CONFIG_FOLDERS, &living->folder, 1, CONFIG_FLAG, err),
		0);
	if (living->hook)
		assert_int_equal(config_set(&inputs->config, CONFIG_HOOK_COMMAND, living->hook, 2,
					 CONFIG_FLAG, err),
			0);
	inputs->rules = rules_new_builtin(err);
	assert_non_null(inputs->rules);
	return inputs;
}

static int describe(struct store *store, const struct rules *rules, int64_t id, struct buf *ret,
	struct err *err) {
	buf_printf(ret, "{\"id\":%d}\n", (int)id);
	return 0;
}

static void say(enum log_level level, const char *text, void *user) {
	struct living *living = user;
	living->told += level <= LOG_WARNING;
	if (strstr(text, "stays in force") && living->on_broken)
		living->on_broken(living);
}

static void on_added(struct store *store, int64_t id, void *user) {
	struct living *living = user;
	living->added++;
	living->on_added(living);
}

static void on_tick(void *user) {
}

static void live(struct living *living) {
	const struct daemon_setup setup = {
		.db_path = living->db,
		.load = load,
		.unload = unload,
		.describe = describe,
		.say = say,
		.on_added = on_added,
		.on_tick = on_tick,
		.user = living,
	};
	struct err err = {0};
	alarm(TIMEOUT_S);
	int code = daemon_run(&setup, &err);
	if (code)
		fail_msg("%d: %s", code, err.text);
	alarm(0);
}

/* Its row says that it has ended. */
static void expect_ended(const struct living *living) {
	struct store *store = NULL;
	struct store_daemon row;
	struct err err;
	assert_int_equal(store_open(living->db, STORE_READ, &store, &err), 0);
	assert_int_equal(store_find_daemon(store, &row, &err), 1);
	assert_int_equal(row.pid, getpid());
	assert_true(row.stopped_at_us.set);
	store_close(store);
}

/* ---- tests */

static void end(struct living *living) {
	tell(SIGTERM);
}

static void test_ends(void **state) {
	struct living *living = *state;
	put(living->first, 1);
	living->on_added = end;
	live(living);
	assert_int_equal(living->added, 1);
	expect_ended(living);
	/* Again on the same database: it is known by now. */
	put(living->first, 2);
	living->loads = 0;
	live(living);
	assert_int_equal(living->added, 2);
	expect_ended(living);
}

static void put_third(struct living *living) {
	put(living->first, 4);
	put(living->second, 3);
}

static void go_on(struct living *living) {
	switch (living->added) {
	case 1:
		living->folder = living->second;
		tell(SIGHUP);
		break;
	case 2:
		living->broken = true;
		living->on_broken = put_third;
		tell(SIGHUP);
		break;
	default:
		tell(SIGINT);
		break;
	}
}

static void test_reloads(void **state) {
	struct living *living = *state;
	put(living->first, 1);
	put(living->second, 2);
	living->on_added = go_on;
	live(living);
	assert_int_equal(living->loads, 3);
	assert_int_equal(living->added, 3);
	expect_ended(living);
}

static void lose(struct living *living) {
	static const char *const names[] = {"", "-wal", "-shm"};
	char path[PATH_BYTES + 8];
	if (living->added == 1)
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			snprintf(path, sizeof path, "%s%s", living->db, names[i]);
			assert_int_equal(unlink(path), 0);
		}
	if (living->added == 1)
		put(living->first, 2);
	if (living->added == 3)
		tell(SIGTERM);
}

static void test_database_goes(void **state) {
	struct living *living = *state;
	put(living->first, 1);
	living->on_added = lose;
	live(living);
	assert_int_equal(living->added, 3);
	assert_in_range(living->told, 1, 2);
	expect_ended(living);
}

static void test_hook_hangs(void **state) {
	struct living *living = *state;
	static const char *const hook[] = {"/bin/sleep", "600"};
	int64_t before_us = clock_monotonic_us();
	living->hook = hook;
	living->on_added = end;
	put(living->first, 1);
	live(living);
	assert_in_range(clock_monotonic_us() - before_us, 0, 20 * 1000000);
	expect_ended(living);
}

static int setup(void **state) {
	struct living *living = calloc(1, sizeof *living);
	assert_non_null(living);
	snprintf(living->root, sizeof living->root, "/tmp/agxtriage-daemon-XXXXXX");
	assert_non_null(mkdtemp(living->root));
	snprintf(living->db, sizeof living->db, "%s/db/crashes.db", living->root);
	snprintf(living->first, sizeof living->first, "%s/first", living->root);
	snprintf(living->second, sizeof living->second, "%s/second", living->root);
	assert_int_equal(mkdir(living->first, 0700), 0);
	assert_int_equal(mkdir(living->second, 0700), 0);
	living->folder = living->first;
	*state = living;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *place) {
	return remove(path);
}

static int teardown(void **state) {
	struct living *living = *state;
	nftw(living->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(living);
	return 0;
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_ends),
		TEST(test_reloads),
		TEST(test_database_goes),
		TEST(test_hook_hangs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
