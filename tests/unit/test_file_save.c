/* Saving a file: all of the new one or all of the old one, and never through a link. */
#include "base/buf.h"
#include "base/file.h"
#include "base/file_save.h"

#include <dirent.h>
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
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LARGE (1u << 20)

static char folder[64], path[128];
static const struct file_save_options plain = {.mode = 0644};

static int setup(void **state) {
	snprintf(folder, sizeof folder, "/tmp/agxtriage-save-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/file", folder);
	return 0;
}

/* Empties the folder and returns how many names stood in it. */
static int empty(void) {
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			unlinkat(dirfd(dir), entry->d_name, 0);
			count++;
		}
	if (dir)
		closedir(dir);
	return count;
}

static int teardown(void **state) {
	empty();
	return rmdir(folder);
}

static void check_content(const char *want) {
	struct buf text = {0};
	assert_int_equal(file_read(AT_FDCWD, path, FILE_NOFOLLOW, LARGE, &text, NULL, NULL), 0);
	assert_string_equal(buf_str(&text), want);
	buf_finish(&text);
}

static void test_save(void **state) {
	struct stat st;
	mode_t mask = umask(077);
	assert_int_equal(file_save(path, "one", 3, &plain, NULL), 0);
	umask(mask);
	check_content("one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(file_save(path, "", 0, &plain, NULL), 0);
	check_content("");
	assert_int_equal(empty(), 1);
}

static char seen[160];

static int refuse(const char *name, void *user, struct err *err) {
	struct stat st;
	snprintf(seen, sizeof seen, "%s", name);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_size, 3);
	return err_set(err, -EINVAL, "%s", (const char *)user);
}

static void test_check(void **state) {
	char reason[] = "not good enough";
	const struct file_save_options options = {.mode = 0600, .check = refuse, .user = reason};
	struct err err;
	assert_int_equal(file_save(path, "one", 3, &plain, NULL), 0);
	assert_int_equal(file_save(path, "two", 3, &options, &err), -EINVAL);
	assert_string_equal(err.text, reason);
	check_content("one");
	/* In the same folder, under a name that nobody takes for the file. */
	assert_non_null(strstr(seen, "/.file."));
	assert_int_equal(empty(), 1);
}

static void test_refused(void **state) {
	struct err err;
	char target[160], inner[160];
	snprintf(target, sizeof target, "%s/target", folder);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(file_save(path, "one", 3, &plain, &err), -ELOOP);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(access(target, F_OK), -1);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_save(path, "one", 3, &plain, &err), -EISDIR);
	snprintf(inner, sizeof inner, "%s/none/file", path);
	assert_int_equal(file_save(inner, "one", 3, &plain, &err), -ENOENT);
	rmdir(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_save(path, "one", 3, &plain, &err), -ENXIO);
	unlink(path);
	assert_int_equal(empty(), 0);
}

/* No room left. */
static void test_full(void **state) {
	struct rlimit old, small;
	struct err err;
	assert_int_equal(file_save(path, "one", 3, &plain, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 100, .rlim_max = old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	char large[1000] = "";
	int r = file_save(path, large, sizeof large, &plain, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(r, -EFBIG);
	assert_non_null(strstr(err.text, path));
	check_content("one");
	assert_int_equal(empty(), 1);
}

static void save_for_ever(char *const texts[2]) {
	for (unsigned i = 0;; i++)
		if (file_save(path, texts[i % 2], LARGE, &plain, NULL) < 0)
			_exit(1);
}

static void check_whole(char *const texts[2]) {
	struct buf text = {0};
	int r = file_read(AT_FDCWD, path, FILE_NOFOLLOW, 2 * LARGE, &text, NULL, NULL);
	if (r != -ENOENT) {
		assert_int_equal(r, 0);
		assert_int_equal(text.len, LARGE);
		assert_true(
			!memcmp(text.data, texts[0], LARGE) || !memcmp(text.data, texts[1], LARGE));
	}
	buf_finish(&text);
}

/* Killed at any moment. */
static void test_killed(void **state) {
	char *texts[2];
	for (int i = 0; i < 2; i++) {
		texts[i] = malloc(LARGE);
		assert_non_null(texts[i]);
		memset(texts[i], 'a' + i, LARGE);
	}
	for (int round = 0; round < 20; round++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (!pid)
			save_for_ever(texts);
		nanosleep(&(struct timespec){.tv_nsec = (1 + round) * 1700000}, NULL);
		kill(pid, SIGKILL);
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		check_whole(texts);
	}
	free(texts[0]);
	free(texts[1]);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_save), T(test_check), T(test_refused), T(test_full), T(test_killed)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
