/* Programs that end well, badly, late or not at all, say too much, leave children behind. Each is
 * this test program itself, told by its first word what to do. */
#include "base/spawn.h"

#include "base/clock.h"

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
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FLOOD_BYTES (8u << 20)

static char self[4096];

/* ---- what the programs do */

static void say(int fd, char c, size_t count) {
	char bytes[65536];
	memset(bytes, c, sizeof bytes);
	while (count > 0) {
		ssize_t n = write(fd, bytes, count < sizeof bytes ? count : sizeof bytes);
		if (n < 0)
			_exit(90);
		count -= (size_t)n;
	}
}

static int play_open(void) {
	int count = 0;
	for (int fd = 3; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	printf("%d\n", count);
	return 0;
}

static int play_signals(void) {
	sigset_t mask;
	struct sigaction pipe;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigaction(SIGPIPE, NULL, &pipe);
	printf("%d %d\n", pipe.sa_handler == SIG_DFL, sigismember(&mask, SIGTERM));
	return 0;
}

static int play_input(void) {
	char c;
	printf("%zd\n", read(STDIN_FILENO, &c, 1));
	return 0;
}

/* The child prints its process id first, keeps the output, and lives on. */
static int play_child(bool stubborn, unsigned own_s) {
	pid_t pid = fork();
	if (pid == 0) {
		if (stubborn)
			signal(SIGTERM, SIG_IGN);
		printf("%d\n", (int)getpid());
		fflush(stdout);
		sleep(30);
		_exit(0);
	}
	usleep(100 * 1000);
	sleep(own_s);
	return 0;
}

static int play_stubborn(void) {
	signal(SIGTERM, SIG_IGN);
	printf("on\n");
	fflush(stdout);
	sleep(30);
	return 0;
}

static int play_closed(void) {
	printf("closing\n");
	fflush(stdout);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	usleep(200 * 1000);
	return 5;
}

static int play_flood(void) {
	/* In turn, so that a reader of one stream alone would wait for ever. */
	for (int i = 0; i < 2; i++) {
		say(STDERR_FILENO, 'e', FLOOD_BYTES / 2);
		say(STDOUT_FILENO, 'o', FLOOD_BYTES / 2);
	}
	return 7;
}

static int play(const char *part) {
	if (!strcmp(part, "open"))
		return play_open();
	if (!strcmp(part, "signals"))
		return play_signals();
	if (!strcmp(part, "input"))
		return play_input();
	if (!strcmp(part, "leave"))
		return play_child(false, 0);
	if (!strcmp(part, "hang-with-child"))
		return play_child(true, 30);
	if (!strcmp(part, "stubborn"))
		return play_stubborn();
	if (!strcmp(part, "closed"))
		return play_closed();
	if (!strcmp(part, "flood"))
		return play_flood();
	if (!strcmp(part, "killed"))
		raise(SIGKILL);
	return 99;
}

/* ---- the tests */

static int64_t run_part(const char *part, unsigned timeout_ms, struct spawn_result *ret) {
	const char *const argv[] = {self, part, NULL};
	struct err err = {0};
	int64_t from_us = clock_monotonic_us();
	assert_int_equal(spawn_run(argv, timeout_ms, ret, &err), 0);
	return (clock_monotonic_us() - from_us) / 1000;
}

static void test_words_and_status(void **state) {
	const char *const argv[] = {
		"/bin/sh", "-c", "echo \"$1\"; echo wrong >&2; exit 3", "sh", "a b\"c", NULL};
	struct spawn_result result;
	struct err err = {0};
	assert_int_equal(spawn_run(argv, 10000, &result, &err), 0);
	assert_int_equal(result.status, 3);
	assert_int_equal(result.signal, 0);
	assert_false(result.timed_out);
	assert_string_equal(buf_str(&result.out), "a b\"c\n");
	assert_string_equal(buf_str(&result.err), "wrong\n");
	spawn_finish(&result);
}

static void test_signal(void **state) {
	struct spawn_result result;
	run_part("killed", 10000, &result);
	assert_int_equal(result.status, -1);
	assert_int_equal(result.signal, SIGKILL);
	assert_false(result.timed_out);
	spawn_finish(&result);
}

static void refuse(const char *name, int code) {
	const char *const argv[] = {name, NULL};
	struct spawn_result result;
	struct err err = {0};
	assert_int_equal(spawn_run(argv, 1000, &result, &err), code);
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.text, name));
	assert_int_equal(result.out.len, 0);
	spawn_finish(&result);
}

static void make_file(const char *path, const char *text, mode_t mode) {
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* What cannot be started, and what PATH says. */
static void test_refused(void **state) {
	char folder[] = "/tmp/agxtriage-spawn-XXXXXX", plain[64], text[64], path[128];
	assert_non_null(mkdtemp(folder));
	snprintf(plain, sizeof plain, "%s/plain-program", folder);
	snprintf(text, sizeof text, "%s/text-program", folder);
	make_file(plain, "#!/bin/sh\n", 0600);
	make_file(text, "echo this needs a shell\n", 0700);
	char *old = strdup(getenv("PATH"));
	snprintf(path, sizeof path, "/nowhere:%s::/bin:/usr/bin", folder);
	setenv("PATH", path, 1);

	refuse("no-such-program", -ENOENT);
	refuse("./no/such/program", -ENOENT);
	refuse("plain-program", -EACCES);
	refuse(plain, -EACCES);
	refuse(folder, -EACCES);
	refuse(text, -ENOEXEC);
	refuse("text-program", -ENOEXEC);
	assert_null(spawn_find("plain-program"));
	assert_null(spawn_find(""));
	assert_null(spawn_find(folder));
	char *found = spawn_find("text-program");
	assert_string_equal(found, text);
	free(found);
	found = spawn_find(text);
	assert_string_equal(found, text);
	free(found);
	unsetenv("PATH");
	found = spawn_find("ls");
	assert_non_null(found);
	free(found);

	setenv("PATH", old, 1);
	free(old);
	unlink(plain);
	unlink(text);
	rmdir(folder);
}

static void test_output_is_bounded(void **state) {
	struct spawn_result result;
	run_part("flood", 30000, &result);
	assert_int_equal(result.status, 7);
	assert_int_equal(result.out.len, SPAWN_OUTPUT_BYTES);
	assert_int_equal(result.err.len, SPAWN_OUTPUT_BYTES);
	assert_null(memchr(result.out.data, 'e', result.out.len));
	assert_null(memchr(result.err.data, 'o', result.err.len));
	spawn_finish(&result);
}

static void test_input_is_empty(void **state) {
	struct spawn_result result;
	run_part("input", 10000, &result);
	assert_string_equal(buf_str(&result.out), "0\n");
	spawn_finish(&result);
}

static void test_nothing_inherited(void **state) {
	struct spawn_result result;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	int far = fcntl(fds[0], F_DUPFD, 200);
	run_part("open", 10000, &result);
	assert_string_equal(buf_str(&result.out), "0\n");
	spawn_finish(&result);
	assert_int_equal(fcntl(far, F_GETFD), 0);
	close(far);
	close(fds[0]);
	close(fds[1]);
}

/* Also with the numbers of the standard streams free, which the pipes would then get. */
static void test_closed_standard_streams(void **state) {
	struct spawn_result result;
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10), out = fcntl(1, F_DUPFD_CLOEXEC, 10);
	int err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	const char *const argv[] = {"/bin/sh", "-c", "cat; echo out; echo err >&2", NULL};
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	int code = spawn_run(argv, 10000, &result, NULL);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(in);
	close(out);
	close(err);
	assert_int_equal(code, 0);
	assert_int_equal(result.status, 0);
	assert_string_equal(buf_str(&result.out), "out\n");
	assert_string_equal(buf_str(&result.err), "err\n");
	spawn_finish(&result);
}

static void test_signals_reset(void **state) {
	struct spawn_result result;
	sigset_t block, old;
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &old);
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	run_part("signals", 10000, &result);
	signal(SIGPIPE, before);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_string_equal(buf_str(&result.out), "1 0\n");
	spawn_finish(&result);
}

static void test_time_limit(void **state) {
	const char *const argv[] = {"sleep", "30", NULL};
	struct spawn_result result;
	int64_t from_us = clock_monotonic_us();
	assert_int_equal(spawn_run(argv, 200, &result, NULL), 0);
	assert_in_range(clock_monotonic_us() - from_us, 200000, 1000000);
	assert_true(result.timed_out);
	assert_int_equal(result.signal, SIGTERM);
	spawn_finish(&result);
}

static volatile bool stop;

static void on_alarm(int number) {
	stop = true;
}

/* A signal handler asks for the end. */
static void test_stopped(void **state) {
	const char *const argv[] = {"sleep", "30", NULL};
	struct spawn_result result;
	signal(SIGALRM, on_alarm);
	alarm(1);
	assert_int_equal(spawn_run_until(argv, 20000, &stop, &result, NULL), 0);
	alarm(0);
	signal(SIGALRM, SIG_DFL);
	assert_true(stop);
	assert_int_equal(result.signal, SIGTERM);
	spawn_finish(&result);
	/* It was before the start. */
	assert_int_equal(spawn_run_until(argv, 0, &stop, &result, NULL), 0);
	assert_int_equal(result.signal, SIGTERM);
	spawn_finish(&result);
}

static void test_time_limit_ignored(void **state) {
	struct spawn_result result;
	assert_in_range(run_part("stubborn", 300, &result), 1300, 3000);
	assert_true(result.timed_out);
	assert_int_equal(result.signal, SIGKILL);
	assert_string_equal(buf_str(&result.out), "on\n");
	spawn_finish(&result);
}

static bool gone(pid_t pid) {
	for (int i = 0; i < 200; i++) {
		char path[32], text[512] = "";
		/* Where nobody reaps orphans, a dead one stays in the table. */
		snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			ssize_t n = read(fd, text, sizeof text - 1);
			text[n > 0 ? n : 0] = '\0';
			close(fd);
		}
		if (kill(pid, 0) < 0 || strstr(text, ") Z "))
			return true;
		usleep(10 * 1000);
	}
	return false;
}

/* The program is ended with its children, also one that ignores SIGTERM and holds the output. */
static void test_time_limit_of_children(void **state) {
	struct spawn_result result;
	assert_in_range(run_part("hang-with-child", 400, &result), 1400, 3000);
	assert_true(result.timed_out);
	assert_int_equal(result.signal, SIGTERM);
	pid_t pid = (pid_t)strtol(buf_str(&result.out), NULL, 10);
	assert_true(pid > 1);
	assert_true(gone(pid));
	spawn_finish(&result);
}

/* A child that outlives the program is nobody's business, but must not hold us. */
static void test_child_left_behind(void **state) {
	struct spawn_result result;
	assert_in_range(run_part("leave", 10000, &result), 100, 1500);
	assert_false(result.timed_out);
	assert_int_equal(result.status, 0);
	pid_t pid = (pid_t)strtol(buf_str(&result.out), NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, 0), 0);
	kill(pid, SIGKILL);
	spawn_finish(&result);
}

static void test_streams_closed_early(void **state) {
	struct spawn_result result;
	assert_in_range(run_part("closed", 10000, &result), 200, 1500);
	assert_int_equal(result.status, 5);
	assert_string_equal(buf_str(&result.out), "closing\n");
	spawn_finish(&result);
}

static void test_nobody_may_wait(void **state) {
	const char *const argv[] = {"/bin/sh", "-c", "exit 4", NULL};
	struct spawn_result result;
	struct err err = {0};
	void (*before)(int) = signal(SIGCHLD, SIG_IGN);
	int code = spawn_run(argv, 10000, &result, &err);
	signal(SIGCHLD, before);
	assert_int_equal(code, -ECHILD);
	assert_int_equal(err.code, -ECHILD);
	spawn_finish(&result);
}

static void test_no_descriptors(void **state) {
	int fds[64];
	size_t count = 0;
	struct rlimit old, few;
	const char *const argv[] = {"/bin/sh", "-c", "exit 4", NULL};
	struct spawn_result result;
	struct err err = {0};
	getrlimit(RLIMIT_NOFILE, &old);
	few = old;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (count < 64 && (fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		count++;
	/* Three free ones are one too few for two pipes. */
	for (size_t i = 0; i < 3; i++)
		close(fds[--count]);
	int code = spawn_run(argv, 10000, &result, &err);
	spawn_finish(&result);
	while (count > 0)
		close(fds[--count]);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(code, -EMFILE);
	assert_int_equal(spawn_run(argv, 10000, &result, &err), 0);
	assert_int_equal(result.status, 4);
	spawn_finish(&result);
}

static void *run_many(void *user) {
	int *wrong = user;
	for (int i = 0; i < 20; i++) {
		const char *const argv[] = {"/bin/sh", "-c", "echo a; exit 9", NULL};
		struct spawn_result result;
		if (spawn_run(argv, 20000, &result, NULL) < 0 || result.status != 9 ||
			strcmp(buf_str(&result.out), "a\n") != 0)
			++*wrong;
		spawn_finish(&result);
	}
	return NULL;
}

static void test_threads(void **state) {
	pthread_t threads[4];
	int wrong[4] = {0};
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_many, &wrong[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(wrong[i], 0);
	}
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_and_status),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_output_is_bounded),
		cmocka_unit_test(test_input_is_empty),
		cmocka_unit_test(test_nothing_inherited),
		cmocka_unit_test(test_closed_standard_streams),
		cmocka_unit_test(test_signals_reset),
		cmocka_unit_test(test_time_limit),
		cmocka_unit_test(test_time_limit_ignored),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_time_limit_of_children),
		cmocka_unit_test(test_child_left_behind),
		cmocka_unit_test(test_streams_closed_early),
		cmocka_unit_test(test_nobody_may_wait),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_threads),
	};
	if (argc > 1)
		return play(argv[1]);
	if (!realpath(argv[0], self))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
