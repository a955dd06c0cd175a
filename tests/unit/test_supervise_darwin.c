/* Children where the system writes the reports, and a parent whose end kqueue tells: kqueue is a
 * stand-in that looks who the parent is. */
#include "repro/supervise.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define QUEUE_FD 1000 /* of nobody */
#define LONG_MS 60000

static int queue_failure, add_failure;
static unsigned interrupted; /* so often */
static pid_t parents[2];     /* what getppid() tells, one by one; 0: the truth */
static pid_t watched;

pid_t getppid(void) {
	pid_t told = parents[0];
	parents[0] = parents[1];
	return told ? told : (pid_t)syscall(SYS_getppid);
}

int kqueue(void) {
	errno = queue_failure;
	return queue_failure ? -1 : QUEUE_FD;
}

int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events,
	int event_count, const struct timespec *timeout) {
	assert_int_equal(queue, QUEUE_FD);
	assert_null(timeout);
	if (change_count) {
		assert_int_equal(changes->filter, EVFILT_PROC);
		assert_int_equal(changes->fflags, NOTE_EXIT);
		assert_int_equal(changes->flags, EV_ADD);
		watched = (pid_t)changes->ident;
		errno = add_failure;
		return add_failure ? -1 : 0;
	}
	if (interrupted) {
		interrupted--;
		errno = EINTR;
		return -1;
	}
	while ((pid_t)syscall(SYS_getppid) == watched)
		usleep(1000);
	*events = (struct kevent){.ident = (uintptr_t)watched, .fflags = NOTE_EXIT};
	return event_count;
}

static int setup(void **state) {
	queue_failure = add_failure = 0;
	interrupted = 0;
	parents[0] = parents[1] = 0;
	return 0;
}

/* ---- the parent's end ---- */

static int child_of_a_dying_parent(int told[2]) {
	struct err err;
	char word = supervise_parent(&err) == 0 ? 'y' : 'n';
	alarm(LONG_MS / 1000); /* should it not work */
	if (write(told[1], &word, 1) != 1)
		return 1;
	for (;;)
		pause();
}

static void test_parent_ends(void **state) {
	int told[2], status;
	char word = 0;
	pid_t grandchild;
	assert_int_equal(pipe(told), 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		interrupted = 3;
		if (fork() == 0)
			_exit(child_of_a_dying_parent(told));
		/* Waits to be killed, once the grandchild watches. */
		for (;;)
			pause();
	}
	assert_int_equal(read(told[0], &word, 1), 1);
	assert_int_equal(word, 'y');
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	grandchild = wait(&status);
	assert_true(grandchild > 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	close(told[0]);
	close(told[1]);
}

static void expect_parent(int code, const char *word) {
	struct err err = {0};
	assert_int_equal(supervise_parent(&err), code);
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.text, word));
}

static void test_parent_has_ended(void **state) {
	parents[0] = 1; /* launchd adopted it */
	expect_parent(-ESRCH, "has ended");
	add_failure = ESRCH;
	expect_parent(-ESRCH, "cannot watch the parent");
	/* Between the first look and the watch. */
	setup(state);
	parents[0] = 4711;
	parents[1] = 1;
	expect_parent(-ESRCH, "cannot watch the parent");
	setup(state);
	queue_failure = EMFILE;
	expect_parent(-EMFILE, "cannot watch the parent");
}

/* ---- the child's ---- */

static int run_status(void *user) {
	return *(int *)user;
}

static int run_abort(void *user) {
	signal(SIGABRT, SIG_DFL);
	raise(SIGABRT);
	return 0;
}

static int run_for_ever(void *user) {
	pause();
	return 0;
}

static void test_child(void **state) {
	struct supervised_end end;
	struct err err;
	int status = 3;
	int64_t before_us = clock_now_us();
	const struct supervised what = {.run = run_status, .user = &status};
	assert_int_equal(supervise(&what, &end, &err), 0);
	assert_true(end.ended);
	assert_int_equal(end.status, 3);
	assert_int_equal(end.signal, 0);
	assert_in_range(end.launched_at_us, before_us, clock_now_us());
	assert_null(end.report);
	const struct supervised crash = {.run = run_abort, .timeout_ms = LONG_MS};
	assert_int_equal(supervise(&crash, &end, &err), 0);
	assert_int_equal(end.status, -1);
	assert_int_equal(end.signal, SIGABRT);
	assert_int_not_equal(end.pid, getpid());
}

static void test_child_hangs(void **state) {
	struct supervised_end end;
	struct err err;
	const struct supervised what = {.run = run_for_ever, .timeout_ms = 10};
	assert_int_equal(supervise(&what, &end, &err), 0);
	assert_true(end.ended);
	assert_int_equal(end.signal, SIGKILL);
}

/* Somebody else has taken the child's end. */
static void test_child_is_reaped(void **state) {
	struct supervised_end end;
	struct err err = {0};
	int status = 0;
	const struct supervised what = {.run = run_status, .user = &status};
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(supervise(&what, &end, &err), -ECHILD);
	signal(SIGCHLD, SIG_DFL);
	assert_false(end.ended);
}

static void test_trial(void **state) {
	struct supervised_end end;
	struct err err;
	int status = 7;
	const struct supervised what = {.run = run_status, .user = &status};
	supervise_thread_started();
	assert_int_equal(supervise_trial(&what, &end, &err), 0);
	assert_true(end.ended);
	assert_int_equal(end.pid, getpid());
	assert_int_equal(end.status, 7);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup(test, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_parent_ends),
		TEST(test_parent_has_ended),
		TEST(test_child),
		TEST(test_child_hangs),
		TEST(test_child_is_reaped),
		TEST(test_trial),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
