/* The log file: who may read it, when it is rotated, and what it refuses. */
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 4
#define LINES 200

static char folder[64], path[128], old_path[160];
static int saved[2];

static int setup(void **state) {
	snprintf(folder, sizeof folder, "/tmp/agxtriage-log-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/deep/down/daemon.log", folder);
	snprintf(old_path, sizeof old_path, "%s.1", path);
	saved[0] = dup(STDOUT_FILENO);
	saved[1] = dup(STDERR_FILENO);
	return saved[0] < 0 || saved[1] < 0 ? -1 : 0;
}

static void back(void) {
	log_file_close();
	dup2(saved[0], STDOUT_FILENO);
	dup2(saved[1], STDERR_FILENO);
}

static int teardown(void **state) {
	char parent[128];
	back();
	close(saved[0]);
	close(saved[1]);
	remove(path);
	remove(old_path);
	snprintf(parent, sizeof parent, "%s/deep/down", folder);
	rmdir(parent);
	*strrchr(parent, '/') = '\0';
	rmdir(parent);
	return rmdir(folder);
}

static int64_t size_of(const char *name) {
	struct stat st;
	return stat(name, &st) < 0 ? -1 : (int64_t)st.st_size;
}

static mode_t mode_of(const char *name) {
	struct stat st;
	return stat(name, &st) < 0 ? 0 : st.st_mode & 07777;
}

static void read_log(const char *name, struct buf *ret) {
	assert_int_equal(file_read(AT_FDCWD, name, FILE_NOFOLLOW, 1u << 20, ret, NULL, NULL), 0);
}

static void test_append(void **state) {
	struct buf text = {0};
	int r = log_file_open(path, LOG_FILE_BYTES, NULL);
	log_warning("first");
	dprintf(STDOUT_FILENO, "of somebody else\n");
	back();
	assert_int_equal(r, 0);
	assert_int_equal(mode_of(path), 0600);
	chmod(path, 0644);
	r = log_file_open(path, LOG_FILE_BYTES, NULL);
	log_info("second");
	back();
	assert_int_equal(r, 0);
	assert_int_equal(mode_of(path), 0600);
	read_log(path, &text);
	/* "2026-02-04T03:20:04.286200Z warning: first" */
	const char *line = buf_str(&text);
	assert_int_equal(strlen(line),
		strlen("2026-02-04T03:20:04.286200Z warning: first\nof somebody else\n"
		       "2026-02-04T03:20:04.286200Z second\n"));
	assert_non_null(strstr(line, "Z warning: first\nof somebody else\n2"));
	assert_non_null(strstr(line, "Z second\n"));
	buf_finish(&text);
}

static void test_rotate(void **state) {
	int r = log_file_open(path, 1000, NULL);
	for (int i = 0; i < 100; i++)
		log_info("line %d", i);
	log_info("last");
	back();
	assert_int_equal(r, 0);
	assert_in_range(size_of(path), 0, 1100);
	assert_in_range(size_of(old_path), 1000, 1100);
	assert_int_equal(mode_of(old_path), 0600);
	/* What is large already is rotated at once. */
	r = log_file_open(path, 1, NULL);
	back();
	assert_int_equal(r, 0);
	assert_int_equal(size_of(path), 0);
}

/* A child has our stderr, and keeps it. */
static void test_check(void **state) {
	int r = log_file_open(path, 1000, NULL), child = dup(STDERR_FILENO);
	for (int i = 0; i < 100; i++)
		dprintf(child, "%3d of a child\n", i);
	log_file_check();
	int64_t after = size_of(path), old = size_of(old_path);
	for (int i = 0; i < 1000; i++)
		dprintf(child, "%3d of a child\n", i);
	log_file_check();
	int64_t much = size_of(old_path);
	dprintf(child, "still there\n");
	back();
	close(child);
	assert_int_equal(r, 0);
	assert_int_equal(after, 0);
	assert_int_equal(old, 1500);
	/* Of very much the last. */
	assert_int_equal(much, 2000);
	assert_int_equal(size_of(path), strlen("still there\n"));
}

static void test_moved_away(void **state) {
	char elsewhere[160];
	struct buf text = {0};
	int r = log_file_open(path, 1000, NULL);
	snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", folder);
	int moved = rename(path, elsewhere);
	log_info("into the moved one");
	log_info("into a new one");
	int removed = unlink(path);
	log_file_check();
	log_info("once more");
	back();
	assert_int_equal(r | moved | removed, 0);
	read_log(elsewhere, &text);
	assert_non_null(strstr(buf_str(&text), "into the moved one"));
	read_log(path, &text);
	assert_non_null(strstr(buf_str(&text), "once more"));
	buf_finish(&text);
	unlink(elsewhere);
}

/* Bounded also where FILE.1 cannot be made. */
static void test_cannot_rotate(void **state) {
	int r = log_file_open(path, 1000, NULL);
	int made = mkdir(old_path, 0700);
	for (int i = 0; i < 100; i++)
		log_info("line %d", i);
	back();
	assert_int_equal(r | made, 0);
	assert_in_range(size_of(path), 0, 1100);
}

static void test_refused(void **state) {
	struct err err;
	char target[160];
	assert_int_equal(log_file_open(path, 1000, NULL), 0);
	back();
	unlink(path);
	snprintf(target, sizeof target, "%s/target", folder);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(log_file_open(path, 1000, &err), -ELOOP);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(access(target, F_OK), -1);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(log_file_open(path, 1000, &err) < 0);
	assert_non_null(strstr(err.text, path));
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(log_file_open(path, 1000, &err), -EISDIR);
	/* stderr is what it was. */
	struct stat now, before;
	assert_int_equal(fstat(STDERR_FILENO, &now) | fstat(saved[1], &before), 0);
	assert_int_equal(now.st_ino, before.st_ino);
}

static void *write_lines(void *number) {
	for (int i = 0; i < LINES; i++)
		log_info("thread %d line %d", *(int *)number, i);
	return NULL;
}

static size_t count_lines(const char *name) {
	struct buf text = {0};
	size_t count = 0;
	read_log(name, &text);
	for (const char *at = buf_str(&text); (at = strchr(at, '\n')); at++)
		count++;
	buf_finish(&text);
	return count;
}

/* Each line whole, none lost, whoever rotates. */
static void test_threads(void **state) {
	pthread_t threads[THREADS];
	int numbers[THREADS], r = log_file_open(path, 24000, NULL);
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		r |= pthread_create(&threads[i], NULL, write_lines, &numbers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	back();
	assert_int_equal(r, 0);
	assert_int_equal(count_lines(path) + count_lines(old_path), THREADS * LINES);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_append), T(test_rotate), T(test_check),
		T(test_moved_away), T(test_cannot_rotate), T(test_refused), T(test_threads)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
