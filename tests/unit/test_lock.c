/* Locks that live as long as their holder: who holds it, what may stand in the file's place, and
 * files that are deleted or replaced meanwhile. */
#include "base/lock.h"

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

static char folder[] = "/tmp/agxtriage-lock-XXXXXX";

static int setup(void **state) {
	return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int teardown(void **state) {
	static const char *const files[] = {"lock", "held", "gone", "link", "fifo", "race",
		"race.new", "inherited", "twice", "marked"};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlink(files[i]);
	rmdir("folder");
	return chdir("/") || rmdir(folder);
}

/* A process that holds the lock until release_holder(). */
static pid_t hold(const char *path) {
	int ready[2];
	char byte = 1;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct lock lock = {-1};
		pid_t holder;
		byte = (lock_take(path, &lock, &holder, NULL) == 0 && lock_stands(&lock)) ? 1 : 0;
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

/* The holder of "marked" is told by SIGUSR1 to mark it, by SIGUSR2 to take the mark back. */
static pid_t hold_to_mark(void) {
	int ready[2];
	char byte = 0;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork(), holder;
	assert_true(pid >= 0);
	if (!pid) {
		sigset_t signals;
		int number;
		sigemptyset(&signals);
		sigaddset(&signals, SIGUSR1);
		sigaddset(&signals, SIGUSR2);
		sigprocmask(SIG_BLOCK, &signals, NULL);
		struct lock marked = {-1};
		if (lock_take("marked", &marked, &holder, NULL) || write(ready[1], &byte, 1) != 1)
			_exit(1);
		while (!sigwait(&signals, &number))
			lock_mark(&marked, number == SIGUSR1);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* Within five seconds. */
static bool becomes_marked(bool wanted) {
	for (int i = 0; i < 500 && lock_is_marked("marked") != wanted; i++)
		usleep(10000);
	return lock_is_marked("marked") == wanted;
}

static void release_holder(pid_t pid) {
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int take_code(const char *path, pid_t *ret_holder) {
	struct lock lock = {-1};
	struct err err = {0};
	int r = lock_take(path, &lock, ret_holder, &err);
	if (r < 0) {
		assert_int_equal(err.code, r);
		assert_non_null(strstr(err.text, path));
		assert_int_equal(lock.fd, -1);
		assert_false(lock_stands(&lock));
	}
	lock_release(&lock);
	assert_int_equal(lock.fd, -1);
	return r;
}

static void test_take(void **state) {
	struct lock lock = {-1};
	struct stat st;
	pid_t holder = 77;
	assert_int_equal(lock_find("lock", &holder, NULL), 0);
	assert_int_equal(access("lock", F_OK), -1);
	assert_int_equal(lock_take("lock", &lock, &holder, NULL), 0);
	assert_int_equal(stat("lock", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(fcntl(lock.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(holder, 77);
	lock_release(&lock);
	lock_release(&lock);
	assert_int_equal(access("lock", F_OK), 0);
	assert_int_equal(take_code("lock", &holder), 0);
}

static void test_marked(void **state) {
	assert_false(lock_is_marked("marked"));
	lock_mark(&(struct lock){-1}, true);
	pid_t holder, pid = hold_to_mark();
	assert_false(lock_is_marked("marked"));
	kill(pid, SIGUSR1);
	assert_true(becomes_marked(true));
	assert_int_equal(lock_find("marked", &holder, NULL), 1);
	assert_int_equal(take_code("marked", &holder), -EAGAIN);
	assert_true(lock_is_marked("marked"));
	kill(pid, SIGUSR2);
	assert_true(becomes_marked(false));
	kill(pid, SIGUSR1);
	assert_true(becomes_marked(true));
	release_holder(pid);
	assert_false(lock_is_marked("marked"));
}

static void test_held(void **state) {
	pid_t holder = 0, pid = hold("held");
	assert_int_equal(take_code("held", &holder), -EAGAIN);
	assert_int_equal(holder, pid);
	holder = 0;
	assert_int_equal(lock_find("held", &holder, NULL), 1);
	assert_int_equal(holder, pid);
	/* Asking took nothing from the holder. */
	assert_int_equal(take_code("held", &holder), -EAGAIN);
	release_holder(pid);
	assert_int_equal(lock_find("held", &holder, NULL), 0);
	assert_int_equal(take_code("held", &holder), 0);
}

static void test_not_inherited(void **state) {
	struct lock lock = {-1};
	pid_t holder;
	int status;
	assert_int_equal(lock_take("inherited", &lock, &holder, NULL), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		/* The child has the descriptor; closing it takes nothing from the parent. */
		close(lock.fd);
		int r = lock_find("inherited", &holder, NULL);
		_exit(r == 1 && holder == getppid() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	lock_release(&lock);
}

static void test_deleted(void **state) {
	struct lock lock = {-1};
	pid_t holder;
	assert_int_equal(lock_take("gone", &lock, &holder, NULL), 0);
	assert_true(lock_stands(&lock));
	assert_int_equal(unlink("gone"), 0);
	assert_false(lock_stands(&lock));
	lock_release(&lock);
}

static void test_kinds(void **state) {
	pid_t holder;
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(take_code("link", &holder), -ELOOP);
	assert_int_equal(access("target", F_OK), -1);
	assert_int_equal(take_code("fifo", &holder), -ENXIO);
	assert_int_equal(take_code("folder", &holder), -EISDIR);
	assert_int_equal(take_code("/dev/null", &holder), -ENXIO);
	assert_int_equal(take_code("missing/lock", &holder), -ENOENT);
	assert_int_equal(lock_find("link", &holder, NULL), -ELOOP);
	assert_int_equal(lock_find("fifo", &holder, NULL), -ENXIO);
	assert_int_equal(lock_find("missing/lock", &holder, NULL), 0);
}

static void replace_for_ever(void) {
	for (;;) {
		int fd = open("race.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0)
			close(fd);
		rename("race.new", "race");
		usleep(20);
	}
}

/* Whoever gets the lock has it on the file that was there at that moment. */
static void test_replaced(void **state) {
	pid_t holder, pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		replace_for_ever();
	for (int i = 0; i < 2000; i++) {
		int r = take_code("race", &holder);
		assert_true(r == 0 || r == -ESTALE);
	}
	release_holder(pid);
	assert_int_equal(take_code("race", &holder), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_marked),
		cmocka_unit_test(test_not_inherited),
		cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_replaced),
	};
	return cmocka_run_group_tests_name("lock", tests, setup, teardown);
}
