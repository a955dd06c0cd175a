/* What the system tells of processes, asked about this one and its children. */
#include "base/process.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static pid_t start_child(void) {
	pid_t pid = fork();
	if (pid == 0) {
		alarm(60); /* should the test die first */
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

static void end_child(pid_t pid) {
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_child(void **state) {
	struct err err = {0};
	struct process_info info, again;
	int64_t before = clock_now_us();
	pid_t pid = start_child();
	int64_t after = clock_now_us();
	assert_int_equal(process_find(pid, &info, &err), 0);
	assert_int_equal(info.pid, pid);
	assert_int_equal(info.parent, getpid());
	/* A tick of 10 ms, and what both clocks differ by. */
	assert_in_range(info.started_at_us, before - 20000, after + 20000);
	assert_true(info.name[0] != '\0');
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	assert_int_equal(process_find(pid, &again, &err), 0);
	assert_int_equal(again.birth, info.birth);
	end_child(pid);
	assert_int_equal(process_find(pid, &info, &err), -ESRCH);
	assert_int_equal(err.code, -ESRCH);
}

static void test_birth_differs(void **state) {
	struct err err = {0};
	struct process_info own, child;
	nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
	pid_t pid = start_child();
	assert_int_equal(process_find(getpid(), &own, &err), 0);
	assert_int_equal(process_find(pid, &child, &err), 0);
	end_child(pid);
	assert_true(own.birth < child.birth);
}

static void test_list(void **state) {
	struct err err = {0};
	struct process_info *all = NULL;
	size_t count = 0, own = 0, child = 0;
	pid_t pid = start_child();
	assert_int_equal(process_list(&all, &count, &err), 0);
	for (size_t i = 0; i < count; i++) {
		own += all[i].pid == getpid() && all[i].parent == getppid();
		child += all[i].pid == pid && all[i].parent == getpid();
	}
	free(all);
	end_child(pid);
	assert_int_equal(own, 1);
	assert_int_equal(child, 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_birth_differs),
		cmocka_unit_test(test_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
