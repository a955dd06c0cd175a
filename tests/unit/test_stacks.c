/* The stacks of a process that hangs: this test program itself, told by its first word to hang. Its
 * stand-ins for debuggers are scripts in a folder that is all of PATH. */
#include "repro/stacks.h"

#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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

#define THREADS 4
#define TIMEOUT_MS 10000

static char self[4096], folder[] = "/tmp/agxtriage-stacks-XXXXXX";
static char *real_path;
static pid_t hung;

/* ---- the process that hangs */

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long turns;

__attribute__((noinline)) static void hang_in_a_lock(void) {
	pthread_mutex_lock(&held);
	turns++;
}

static void *wait_for_ever(void *user) {
	hang_in_a_lock();
	return NULL;
}

static void *spin(void *user) {
	for (;;)
		turns++;
	return NULL;
}

static int play_hang(void) {
	/* A bracket, a state and a blank are what a careless reader falls over. */
	static const char *const names[THREADS] = {"waiter", "a) Z (b", "esc \x1b[31m", "spinner"};
	pthread_t threads[THREADS];
	signal(SIGPIPE, SIG_DFL);
	pthread_mutex_lock(&held);
	for (int i = 0; i < THREADS; i++) {
		pthread_create(&threads[i], NULL, i == THREADS - 1 ? spin : wait_for_ever, NULL);
		pthread_setname_np(threads[i], names[i]);
	}
	usleep(100 * 1000);
	if (write(STDOUT_FILENO, "r", 1) != 1)
		return 1;
	alarm(300); /* so that nothing stays if the test dies */
	for (;;)
		pause();
}

static int setup(void **state) {
	int fds[2];
	char ready;
	assert_non_null(mkdtemp(folder));
	real_path = strdup(getenv("PATH"));
	assert_int_equal(pipe(fds), 0);
	hung = fork();
	assert_true(hung >= 0);
	if (!hung) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		execl(self, self, "hang", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &ready, 1), 1);
	close(fds[0]);
	return 0;
}

static int teardown(void **state) {
	int status;
	kill(hung, SIGKILL);
	waitpid(hung, &status, 0);
	rmdir(folder);
	free(real_path);
	return 0;
}

/* ---- stand-ins */

static void path_of(const char *name, char ret[256]) {
	snprintf(ret, 256, "%s/%s", folder, name);
}

static void put_tool(const char *name, const char *script) {
	char path[256];
	path_of(name, path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	fclose(file);
	assert_int_equal(chmod(path, 0755), 0);
}

static int use_tools(void **state) {
	setenv("PATH", folder, 1);
	return 0;
}

static int drop_tools(void **state) {
	char path[256];
	setenv("PATH", real_path, 1);
	path_of("eu-stack", path);
	unlink(path);
	path_of("gdb", path);
	unlink(path);
	return 0;
}

static void take(struct buf *ret) {
	struct err err = {0};
	if (stacks_take(hung, TIMEOUT_MS, ret, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(text_is_clean(buf_str(ret), ret->len, TEXT_LINES));
	assert_int_equal(strlen(buf_str(ret)), ret->len);
}

static void expect(const struct buf *text, const char *what) {
	if (!strstr(buf_str(text), what))
		fail_msg("no \"%s\" in:\n%s", what, buf_str(text));
}

static size_t count(const struct buf *text, const char *what) {
	size_t found = 0;
	for (const char *p = buf_str(text); (p = strstr(p, what)); p++)
		found++;
	return found;
}

/* A sanitizer may have one of its own. */
static void expect_threads(const struct buf *text) {
	assert_in_range(count(text, "\nthread "), THREADS + 1, THREADS + 2);
}

/* ---- tests */

static void test_kernel_lists_every_thread(void **state) {
	struct buf text = {0};
	char head[64], *line;
	take(&text);
	snprintf(head, sizeof head, "process %d, by the kernel", (int)hung);
	assert_ptr_equal(strstr(text.data, head), text.data);
	expect_threads(&text);
	expect(&text, "\"waiter\": sleeping");
	expect(&text, "\"a) Z (b\": sleeping");
	expect(&text, "\"esc \xef\xbf\xbd[31m\": sleeping");
	expect(&text, "\"spinner\": running");
	snprintf(head, sizeof head, "\nthread %d \"", (int)hung);
	expect(&text, head);
	line = strstr(text.data, head);
	assert_non_null(strstr(line, "\": sleeping"));
	assert_int_equal(text.data[text.len - 1], '\n');
	buf_finish(&text);
}

static void test_tool_is_asked(void **state) {
	struct buf text = {0};
	char line[64];
	put_tool("eu-stack", "echo \"PID $*\"; printf 'TID 7:\\n#0 f\\033[31m\\n'; "
			     "echo \"${DEBUGINFOD_URLS-offline}\"; printf '\\377\\000end'");
	put_tool("gdb", "echo '#0 of another'; echo '#0 f ()'");
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:9/", 1);
	buf_add_str(&text, "before\n");
	take(&text);
	unsetenv("DEBUGINFOD_URLS");
	snprintf(line, sizeof line, "before\nprocess %d, by eu-stack\nPID ", (int)hung);
	assert_ptr_equal(strstr(text.data, line), text.data);
	snprintf(line, sizeof line, "-p %d\n", (int)hung);
	expect(&text, line);
	expect(&text, "\nTID 7:\n#0 f\xef\xbf\xbd[31m\noffline\n\xef\xbf\xbd\xef\xbf\xbd"
		      "end\n");
	assert_null(strstr(text.data, "another"));
	buf_finish(&text);
}

static void test_next_tool_is_asked(void **state) {
	struct buf text = {0};
	put_tool("eu-stack", "echo 'dwfl_linux_proc_attach: not permitted' >&2; exit 2");
	put_tool("gdb", "echo 'Thread 1 (LWP 7)'; echo '#0 0x1 in f ()'; exit 1");
	take(&text);
	expect(&text, ", by gdb\nThread 1 (LWP 7)\n#0 0x1 in f ()\n");
	assert_null(strstr(text.data, "eu-stack"));
	buf_finish(&text);
}

/* Each reason is told; what a tool said is one line of text. */
static void test_kernel_when_tools_fail(void **state) {
	struct buf text = {0};
	put_tool("eu-stack",
		"echo 'PID 7 - process'; echo first >&2; printf 'not\\033 permitted\\n\\n' >&2; exit 2");
	put_tool("gdb", "kill -KILL $$");
	take(&text);
	expect(&text, ", by the kernel");
	expect(&text, "\neu-stack told nothing (exit status 2): not\xef\xbf\xbd permitted\n");
	expect(&text, "\ngdb was ended by signal 9\n");
	assert_null(strstr(text.data, "first"));
	expect_threads(&text);
	buf_finish(&text);
}

static void test_tool_that_hangs(void **state) {
	struct buf text = {0};
	struct err err = {0};
	put_tool("eu-stack", "trap '' TERM; /bin/sleep 60; /bin/sleep 60");
	int64_t from_us = clock_monotonic_us();
	assert_int_equal(stacks_take(hung, 1000, &text, &err), 0);
	assert_in_range(clock_monotonic_us() - from_us, 400000, 3000000);
	expect(&text, "\neu-stack took too long\n");
	expect_threads(&text);
	buf_finish(&text);
}

static void test_tool_that_does_not_finish(void **state) {
	struct buf text = {0};
	struct err err = {0};
	put_tool("eu-stack", "printf 'PID 1\\nTID 7:\\n#0 f\\n'; exec /bin/sleep 60");
	assert_int_equal(stacks_take(hung, 1000, &text, &err), 0);
	expect(&text, ", by eu-stack (not to its end: no time left)\nPID 1\nTID 7:\n#0 f\n");
	buf_finish(&text);
}

static void test_no_time(void **state) {
	struct buf text = {0};
	struct err err = {0};
	put_tool("eu-stack", "printf 'PID 1\\nTID 7:\\n#0 f\\n'");
	assert_int_equal(stacks_take(hung, 0, &text, &err), 0);
	expect(&text, ", by the kernel");
	assert_null(strstr(text.data, "eu-stack"));
	buf_finish(&text);
}

static void test_output_is_bounded(void **state) {
	struct buf text = {0};
	put_tool("eu-stack",
		"printf 'PID 1\\nTID 7:\\n'; i=0; while [ $i -lt 6000 ]; do i=$((i+1)); "
		"printf '#%d f(\\377\\377\\377\\377 a long name of a function that "
		"goes on and on for a whole line)\\n' $i; done");
	buf_add_str(&text, "before\n");
	take(&text);
	assert_in_range(text.len, STACKS_BYTES - 200, STACKS_BYTES + strlen("before\n"));
	assert_int_equal(text.data[text.len - 1], '\n');
	expect(&text, "\n#1 f(");
	buf_finish(&text);
}

/* Half of a line would look like a whole one. */
static void test_endless_line(void **state) {
	struct buf text = {0};
	put_tool("eu-stack", "printf 'PID 1\\nTID 7:'; i=0; while [ $i -lt 9 ]; do i=$((i+1)); "
			     "/usr/bin/head -c 100000 /dev/zero; done");
	take(&text);
	assert_string_equal(strchr(text.data, '\n'), "\nPID 1\n");
	buf_finish(&text);
}

static void test_nobody(void **state) {
	struct buf text = {0};
	struct err err = {0};
	static const pid_t pids[] = {0, -1, INT32_MAX};
	for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
		assert_int_equal(stacks_take(pids[i], TIMEOUT_MS, &text, &err), -ESRCH);
		assert_int_equal(err.code, -ESRCH);
	}
	assert_int_equal(text.len, 0);
	buf_finish(&text);
}

static void test_zombie(void **state) {
	struct buf text = {0};
	struct err err = {0};
	siginfo_t info;
	int status;
	pid_t pid = fork();
	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(stacks_take(pid, TIMEOUT_MS, &text, &err), 0);
	expect(&text, "\": zombie\n");
	waitpid(pid, &status, 0);
	buf_finish(&text);
	assert_int_equal(stacks_take(pid, TIMEOUT_MS, &text, &err), -ESRCH);
	buf_finish(&text);
}

/* With what is installed here, if it may look. The process goes on as before. */
static void test_real_tools(void **state) {
	struct buf text = {0};
	char *eu_stack = spawn_find("eu-stack"), *gdb = spawn_find("gdb");
	bool any = eu_stack || gdb;
	free(eu_stack);
	free(gdb);
	if (!any)
		skip();
	take(&text);
	if (!strstr(text.data, ", by the kernel")) {
		assert_in_range(count(&text, "\n#0"), THREADS + 1, THREADS + 3);
		expect(&text, "hang_in_a_lock");
	}
	buf_finish(&text);
	assert_int_equal(kill(hung, 0), 0);
	setenv("PATH", folder, 1);
	take(&text);
	expect(&text, "\"spinner\": running");
	buf_finish(&text);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_kernel_lists_every_thread, use_tools, drop_tools),
		cmocka_unit_test_setup_teardown(test_tool_is_asked, use_tools, drop_tools),
		cmocka_unit_test_setup_teardown(test_next_tool_is_asked, use_tools, drop_tools),
		cmocka_unit_test_setup_teardown(test_kernel_when_tools_fail, use_tools, drop_tools),
		cmocka_unit_test_setup_teardown(test_tool_that_hangs, use_tools, drop_tools),
		cmocka_unit_test_setup_teardown(
			test_tool_that_does_not_finish, use_tools, drop_tools),
		cmocka_unit_test_setup_teardown(test_no_time, use_tools, drop_tools),
		cmocka_unit_test_setup_teardown(test_output_is_bounded, use_tools, drop_tools),
		cmocka_unit_test_setup_teardown(test_endless_line, use_tools, drop_tools),
		cmocka_unit_test_setup_teardown(test_nobody, use_tools, drop_tools),
		cmocka_unit_test_setup_teardown(test_zombie, use_tools, drop_tools),
		cmocka_unit_test_teardown(test_real_tools, drop_tools),
	};
	if (argc > 1)
		return play_hang();
	if (!realpath(argv[0], self))
		return 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
