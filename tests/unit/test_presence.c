/* One daemon per database, however its path is spelled and whether or not it is there yet. */
#include "collect/presence.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/agxtriage-presence-XXXXXX";

static int setup(void **state) {
	return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int teardown(void **state) {
	static const char *const files[] = {"data/crashes.db", "data/crashes.db.lock",
		"data/later.db.lock", "data/x/y/new.db.lock", "near.db.lock", "data/hop", "loop",
		"link.db", "dangling.db", "other"};
	static const char *const folders[] = {"data/x/y", "data/x", "data"};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlink(files[i]);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		rmdir(folders[i]);
	return chdir("/") || rmdir(folder);
}

/* A daemon of that database, until end_daemon(). */
static pid_t start_daemon(const char *db_path) {
	int ready[2];
	char byte = 1;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct lock lock = {-1};
		byte = presence_take(db_path, &lock, NULL) == 0 ? 1 : 0;
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(byte, 1);
	return pid;
}

static void end_daemon(pid_t pid) {
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* It is known under that spelling too, and no second one can be. */
static void assert_served(const char *db_path, pid_t by) {
	struct lock lock = {-1};
	struct err err = {0};
	pid_t pid = 0;
	char text[32];
	assert_int_equal(presence_find(db_path, &pid, &err), 1);
	assert_int_equal(pid, by);
	assert_int_equal(presence_take(db_path, &lock, &err), -EAGAIN);
	snprintf(text, sizeof text, "%ld", (long)by);
	assert_non_null(strstr(err.text, text));
	assert_non_null(strstr(err.text, db_path));
	assert_int_equal(lock.fd, -1);
}

static void assert_free(const char *db_path) {
	pid_t pid;
	assert_int_equal(presence_find(db_path, &pid, NULL), 0);
}

static void make_file(const char *path) {
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void test_spellings(void **state) {
	char absolute[256];
	struct stat st;
	snprintf(absolute, sizeof absolute, "%s/data/crashes.db", folder);
	assert_free("data/crashes.db");
	assert_int_equal(access("data", F_OK), -1);
	pid_t pid = start_daemon("data/crashes.db");
	assert_int_equal(stat("data", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(access("data/crashes.db.lock", F_OK), 0);
	assert_int_equal(symlink("data", "other"), 0);
	assert_int_equal(symlink("data/crashes.db", "link.db"), 0);
	/* First while the database is not there, then while it is. */
	for (int there = 0; there < 2; there++) {
		assert_served("data/crashes.db", pid);
		assert_served("./data/../data//crashes.db", pid);
		assert_served(absolute, pid);
		assert_served("other/crashes.db", pid);
		assert_served("link.db", pid);
		if (!there)
			make_file("data/crashes.db");
	}
	assert_free("data/later.db");
	end_daemon(pid);
	assert_free("data/crashes.db");
	assert_free("link.db");
}

static void test_dangling_links(void **state) {
	assert_int_equal(symlink("later.db", "data/hop"), 0);
	assert_int_equal(symlink("data/hop", "dangling.db"), 0);
	pid_t pid = start_daemon("dangling.db");
	assert_int_equal(access("data/later.db.lock", F_OK), 0);
	assert_served("data/later.db", pid);
	end_daemon(pid);
}

static void test_places(void **state) {
	struct lock lock = {-1};
	struct err err = {0};
	pid_t pid;
	assert_int_equal(presence_take("near.db", &lock, &err), 0);
	assert_int_equal(access("near.db.lock", F_OK), 0);
	lock_release(&lock);
	assert_int_equal(presence_take("data/x/y/new.db", &lock, &err), 0);
	assert_int_equal(access("data/x/y/new.db.lock", F_OK), 0);
	lock_release(&lock);
	assert_int_equal(presence_find("nowhere/at/all.db", &pid, &err), 0);
	assert_int_equal(access("nowhere", F_OK), -1);
	assert_int_equal(presence_find("near.db.lock/below.db", &pid, &err), 0);
	assert_int_equal(presence_take("near.db.lock/below.db", &lock, &err), -ENOTDIR);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(presence_take("loop", &lock, &err), -ELOOP);
	assert_int_equal(presence_find("loop", &pid, &err), -ELOOP);
	assert_int_equal(lock.fd, -1);
}

/* What another process gets when it wants to run one too. */
static int take_elsewhere(const char *db_path) {
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct lock lock = {-1};
		_exit(-presence_take_experiment(db_path, &lock, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

/* Whether another process sees that this one runs an experiment. */
static bool seen_elsewhere(const char *db_path) {
	int status;
	pid_t parent = getpid(), pid = fork(), holder = 0;
	assert_true(pid >= 0);
	if (!pid) {
		int r = presence_find_experiment(db_path, &holder, NULL);
		_exit(r == 1 && holder == parent ? 1 : r == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

/* Beside a daemon or without one, and asking for it gives nothing away. */
static void test_experiment(void **state) {
	struct lock lock = {-1};
	struct err err = {0};
	pid_t pid = 0;
	assert_int_equal(presence_take_experiment("near.db", &lock, &err), 0);
	assert_int_equal(presence_ask(&lock, &pid, &err), 0);
	assert_int_equal(take_elsewhere("near.db"), -EAGAIN);
	assert_true(seen_elsewhere("near.db"));
	pid_t daemon = start_daemon("near.db");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(presence_ask(&lock, &pid, &err), 1);
		assert_int_equal(pid, daemon);
		assert_int_equal(take_elsewhere("near.db"), -EAGAIN);
	}
	end_daemon(daemon);
	assert_int_equal(presence_ask(&lock, &pid, &err), 0);
	lock_release(&lock);
	assert_false(seen_elsewhere("near.db"));
	daemon = start_daemon("near.db");
	assert_int_equal(presence_find_experiment("near.db", &pid, &err), 0);
	end_daemon(daemon);
	assert_int_equal(presence_find_experiment("missing/near.db", &pid, &err), 0);
	assert_int_equal(take_elsewhere("near.db"), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_dangling_links),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_experiment),
	};
	return cmocka_run_group_tests_name("presence", tests, setup, teardown);
}
