/* Threads as macOS's libproc tells them: handles first, then each thread, which may have ended. */
#include "repro/stacks_system.h"

#include "repro/reporter.h"

#include <errno.h>
#include <libproc.h>
#include <mach/thread_info.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PID 76982
#define FIRST UINT64_C(0x1f4c8e0c0)

static unsigned threads, ended; /* that many; every so many-th has ended, 0: none */
static int failure;

int proc_pidinfo(int pid, int flavor, uint64_t arg, void *buffer, int buffer_len) {
	assert_int_equal(pid, PID);
	errno = failure;
	if (failure)
		return 0;
	if (flavor == PROC_PIDLISTTHREADS) {
		uint64_t *handles = buffer;
		unsigned room = (unsigned)buffer_len / sizeof *handles, n = 0;
		for (; n < room && n < threads; n++)
			handles[n] = FIRST + n * 0x1000;
		return (int)(n * sizeof *handles);
	}
	assert_int_equal(flavor, PROC_PIDTHREADINFO);
	unsigned index = (unsigned)((arg - FIRST) / 0x1000);
	struct proc_threadinfo *info = buffer;
	assert_int_equal(buffer_len, sizeof *info);
	if (ended && index % ended == 0) {
		errno = ESRCH;
		return 0;
	}
	*info = (struct proc_threadinfo){.pth_run_state = (int)index % 7};
	if (index == 1)
		memset(info->pth_name, 'n', sizeof info->pth_name); /* fills its place */
	else
		snprintf(info->pth_name, sizeof info->pth_name, "metal gpu stream");
	return sizeof *info;
}

static int setup(void **state) {
	threads = 7;
	ended = 0;
	failure = 0;
	return 0;
}

static void test_states(void **state) {
	struct buf told = {0};
	struct err err;
	char wanted[160];
	assert_int_equal(stacks_threads(PID, 1000, &told, &err), 0);
	const char *text = buf_str(&told);
	assert_non_null(strstr(text, "thread 0x1f4c8e0c0 \"metal gpu stream\": unknown\n"));
	snprintf(wanted, sizeof wanted, "thread 0x1f4c8f0c0 \"%.64s\": running\n",
		"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
	assert_non_null(strstr(text, wanted));
	assert_non_null(strstr(text, ": stopped\n"));
	assert_non_null(strstr(text, ": sleeping\n"));
	assert_non_null(strstr(text, ": waiting, not interruptible\n"));
	assert_non_null(strstr(text, ": halted\n"));
	buf_finish(&told);
}

static unsigned lines(const struct buf *buf) {
	unsigned n = 0;
	for (size_t i = 0; i < buf->len; i++)
		n += buf->data[i] == '\n';
	return n;
}

static void test_some_have_ended(void **state) {
	struct buf told = {0};
	struct err err;
	ended = 2;
	assert_int_equal(stacks_threads(PID, 1000, &told, &err), 0);
	assert_int_equal(lines(&told), 3);
	buf_finish(&told);
}

/* More than there is room for, and more than is wanted. */
static void test_many(void **state) {
	struct buf told = {0};
	struct err err;
	threads = 100000;
	assert_int_equal(stacks_threads(PID, 1 << 20, &told, &err), 0);
	assert_int_equal(lines(&told), 4096);
	buf_finish(&told);
	assert_int_equal(stacks_threads(PID, 100, &told, &err), 0);
	assert_in_range(told.len, 100, 250);
	buf_finish(&told);
}

static void expect_none(const char *word) {
	struct buf told = {0};
	struct err err = {0};
	assert_int_equal(stacks_threads(PID, 1000, &told, &err), -ESRCH);
	assert_int_equal(err.code, -ESRCH);
	assert_int_equal(told.len, 0);
	assert_non_null(strstr(err.text, word));
}

static void test_none(void **state) {
	threads = 0;
	expect_none("no threads");
	threads = 3;
	ended = 1;
	expect_none("no threads");
	failure = ESRCH;
	expect_none(strerror(ESRCH));
	/* Another user's. */
	failure = EPERM;
	expect_none(strerror(EPERM));
}

/* Tools of the system, by their full paths: nobody's PATH has a say. */
static void test_tools(void **state) {
	unsigned count = 0, pids = 0;
	for (const struct stacks_tool *tool = stacks_tools; tool->name; tool++, count++) {
		assert_int_equal(tool->name[0], '/');
		assert_string_equal(tool->name, tool->words[0]);
		for (size_t i = 0; tool->words[i]; i++)
			pids += strcmp(tool->words[i], STACKS_PID) == 0;
	}
	assert_int_equal(count, 1);
	assert_int_equal(pids, 1);
	assert_string_equal(reporter_here.launchctl, "/bin/launchctl");
	assert_string_equal(reporter_here.log_program, "/usr/bin/log");
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup(test, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_states),
		TEST(test_some_have_ended),
		TEST(test_many),
		TEST(test_none),
		TEST(test_tools),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
