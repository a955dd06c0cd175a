/* Hooks that work, fail, hang, flood, leave children, or are not there; and what remains of each
 * when the daemon stops. The hook is this test program itself, told by its words what to do. */
#include "collect/hook.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define BIG_BYTES (8u << 20)
#define FLOOD_BYTES (100u << 20)
#define TEXTS 32

/* Under valgrind a start takes a tenth of a second. */
static int many(int count) {
	return getenv("AGXTRIAGE_TEST_FEW") ? count / 10 : count;
}

static char self[4096], folder[] = "/tmp/agxtriage-hook-XXXXXX";

/* ---- what the hooks do; the process id of each stands in the file, so that it can be looked for
 */

static void note(const char *path) {
	FILE *file = fopen(path, "ae");
	if (!file)
		_exit(91);
	fprintf(file, "%d\n", (int)getpid());
	fclose(file);
}

static int play_record(const char *path) {
	char bytes[65536];
	ssize_t n;
	FILE *file = fopen(path, "we");
	/* By its path, as shell scripts do. */
	int fd = open("/dev/stdin", O_RDONLY | O_CLOEXEC);
	if (!file || fd < 0)
		return 92;
	fprintf(file, "%s %s %d\n", getenv("AGXTRIAGE_ID"),
		getenv("AGXTRIAGE_INCIDENT_ID") ? getenv("AGXTRIAGE_INCIDENT_ID") : "none",
		getpid() == getpgrp());
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		fwrite(bytes, 1, (size_t)n, file);
	return fclose(file) == 0 && n == 0 ? 0 : 93;
}

static int play_flood(void) {
	static char bytes[65536];
	memset(bytes, 'x', sizeof bytes);
	for (size_t i = 0; i < (size_t)many(FLOOD_BYTES) / sizeof bytes; i++) {
		if (write(STDERR_FILENO, bytes, sizeof bytes) < 0 ||
			write(STDOUT_FILENO, bytes, sizeof bytes) < 0)
			return 94;
	}
	return 3;
}

/* A child in a session of its own keeps every stream and lives on. */
static int play_leave(const char *path, int status) {
	pid_t pid = fork();
	if (pid == 0) {
		setsid();
		note(path);
		sleep(30);
		_exit(0);
	}
	usleep(200 * 1000);
	return status;
}

/* A child of the same group that must end with it. */
static int play_group(const char *path) {
	if (fork() == 0)
		signal(SIGTERM, SIG_IGN);
	note(path);
	sleep(30);
	return 0;
}

static int play_hang(const char *path, bool stubborn) {
	if (stubborn)
		signal(SIGTERM, SIG_IGN);
	note(path);
	fprintf(stderr, "waiting\n");
	sleep(30);
	return 0;
}

static int play_fail(void) {
	fprintf(stderr, "\n\r\nno \x1b[31mroute\x01\nsecond line\n");
	return 4;
}

static int play_deaf(void) {
	close(STDIN_FILENO);
	usleep(100 * 1000);
	return 0;
}

static int play(char **words) {
	const char *part = words[1], *path = words[2];
	if (!strcmp(part, "record"))
		return play_record(path);
	if (!strcmp(part, "flood"))
		return play_flood();
	if (!strcmp(part, "leave"))
		return play_leave(path, 0);
	if (!strcmp(part, "leave-failed"))
		return play_leave(path, 6);
	if (!strcmp(part, "group"))
		return play_group(path);
	if (!strcmp(part, "hang"))
		return play_hang(path, false);
	if (!strcmp(part, "stubborn"))
		return play_hang(path, true);
	if (!strcmp(part, "fail"))
		return play_fail();
	if (!strcmp(part, "deaf"))
		return play_deaf();
	if (!strcmp(part, "nap"))
		usleep(300 * 1000);
	if (!strcmp(part, "killed"))
		raise(SIGKILL);
	if (!strcmp(part, "count"))
		note(path);
	return 0;
}

/* ---- a scene: a loop with one hook */

struct scene {
	uv_loop_t loop;
	uv_timer_t tick; /* shows that the loop goes on, and bounds every wait */
	struct hook *hook;
	struct hook_options options;
	const char *command[4];
	char path[128];
	size_t json_bytes;
	int64_t refused_id;
	unsigned described, ticks;
	size_t failures;
	int64_t ids[TEXTS];
	char texts[TEXTS][1024];
	bool stopped;
};

static int describe(int64_t id, struct buf *ret, void *user, struct err *err) {
	struct scene *scene = user;
	scene->described++;
	if (id == scene->refused_id)
		return err_set(err, -ENOENT, "no such incident");
	buf_printf(ret, "{\"id\":%" PRId64 ",\"incident_id\":\"AB-%" PRId64 "\",\"x\":\"", id, id);
	while (ret->len + 3 < scene->json_bytes)
		buf_add_char(ret, 'x');
	buf_add_str(ret, "\"}\n");
	return 0;
}

static void on_failure(int64_t id, const char *text, void *user) {
	struct scene *scene = user;
	if (scene->failures < TEXTS) {
		scene->ids[scene->failures] = id;
		snprintf(scene->texts[scene->failures], sizeof scene->texts[0], "%s", text);
	}
	scene->failures++;
}

static void on_tick(uv_timer_t *timer) {
	struct scene *scene = timer->data;
	scene->ticks++;
}

static struct scene *begin(const char *part) {
	struct scene *scene = test_calloc(1, sizeof *scene);
	snprintf(scene->path, sizeof scene->path, "%s/%s", folder, part);
	unlink(scene->path);
	scene->refused_id = -1;
	scene->command[0] = self;
	scene->command[1] = part;
	scene->command[2] = scene->path;
	scene->options = (struct hook_options){
		.command = scene->command,
		.timeout_ms = 20000,
		.running_max = 1,
		.queue_max = 100000,
		.describe = describe,
		.on_failure = on_failure,
		.user = scene,
	};
	assert_int_equal(uv_loop_init(&scene->loop), 0);
	uv_timer_init(&scene->loop, &scene->tick);
	scene->tick.data = scene;
	uv_timer_start(&scene->tick, on_tick, 0, 10);
	return scene;
}

static void open_hook(struct scene *scene) {
	assert_int_equal(hook_new(&scene->loop, &scene->options, &scene->hook, NULL), 0);
}

static int64_t now_ms(void) {
	return clock_monotonic_us() / 1000;
}

static void turn(struct scene *scene, int64_t ms) {
	int64_t until_ms = now_ms() + ms;
	while (now_ms() < until_ms)
		uv_run(&scene->loop, UV_RUN_ONCE);
}

/* Until nothing waits and nothing runs; how long it took. */
static int64_t settle(struct scene *scene) {
	int64_t from_ms = now_ms();
	while (hook_pending(scene->hook)) {
		assert_true(now_ms() < from_ms + 60000);
		uv_run(&scene->loop, UV_RUN_ONCE);
	}
	return now_ms() - from_ms;
}

static void on_stopped(void *user) {
	struct scene *scene = user;
	scene->stopped = true;
	uv_close((uv_handle_t *)&scene->tick, NULL);
}

/* How long the stop took. */
static int64_t end(struct scene *scene, unsigned grace_ms) {
	int64_t from_ms = now_ms();
	hook_stop(scene->hook, grace_ms, on_stopped, scene);
	assert_false(scene->stopped);
	uv_run(&scene->loop, UV_RUN_DEFAULT);
	assert_true(scene->stopped);
	assert_int_equal(uv_loop_close(&scene->loop), 0);
	return now_ms() - from_ms;
}

/* An upper limit between two ways of ending: the best of three counts, for a machine is busy at
 * times. Valgrind's time is its own. */
static void expect_soon(int64_t (*run)(void), int64_t limit_ms) {
	int64_t took_ms = run();

	if (getenv("AGXTRIAGE_TEST_FEW"))
		limit_ms *= 10;
	for (int tries = 1; tries < 3 && took_ms >= limit_ms; tries++)
		took_ms = run();
	assert_true(took_ms < limit_ms);
}

static void expect_failure(const struct scene *scene, int64_t id, const char *text) {
	assert_int_equal(scene->failures, 1);
	assert_int_equal(scene->ids[0], id);
	assert_string_equal(scene->texts[0], text);
}

/* The n-th process that noted itself. */
static pid_t noted(const struct scene *scene, int n) {
	char line[32] = "";
	for (int tries = 0; tries < 3000; tries++) {
		FILE *file = fopen(scene->path, "re");
		bool found = file;
		for (int i = 0; found && i <= n; i++)
			found = fgets(line, sizeof line, file) && strchr(line, '\n');
		if (file)
			fclose(file);
		if (found)
			return (pid_t)strtol(line, NULL, 10);
		usleep(10 * 1000);
	}
	fail_msg("nobody noted itself in %s", scene->path);
	return 0;
}

/* An orphan whose end nobody asks for stays in the table where no init reaps. */
static bool is_dead(pid_t pid) {
	char path[32], text[512] = "";
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (file) {
		text[fread(text, 1, sizeof text - 1, file)] = '\0';
		fclose(file);
	}
	return kill(pid, 0) < 0 || strstr(text, ") Z ");
}

static void expect_dead(pid_t pid) {
	assert_true(pid > 1);
	for (int tries = 0; tries < 3000 && !is_dead(pid); tries++)
		usleep(10 * 1000);
	assert_true(is_dead(pid));
}

/* ---- runs */

static void expect_record(const struct scene *scene, const char *first, size_t bytes) {
	struct buf buf = {0};
	char line[64] = "";
	FILE *file = fopen(scene->path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof line, file));
	assert_string_equal(line, first);
	assert_true(buf_reserve(&buf, bytes + 16));
	buf.len = fread(buf.data, 1, bytes + 16, file);
	fclose(file);
	assert_int_equal(buf.len, bytes);
	assert_memory_equal(buf.data, "{\"id\":77,\"incident_id\":\"AB-77\"", 30);
	assert_memory_equal(buf.data + bytes - 3, "\"}\n", 3);
	buf_finish(&buf);
}

/* More than a pipe holds; a variable of ours that is already there is not passed on. */
static void test_works(void **state) {
	struct scene *scene = begin("record");
	scene->json_bytes = BIG_BYTES;
	setenv("AGXTRIAGE_ID", "old", 1);
	setenv("AGXTRIAGE_INCIDENT_ID", "old", 1);
	open_hook(scene);
	hook_run(scene->hook, 77);
	settle(scene);
	unsetenv("AGXTRIAGE_ID");
	unsetenv("AGXTRIAGE_INCIDENT_ID");
	assert_int_equal(scene->failures, 0);
	expect_record(scene, "77 AB-77 1\n", BIG_BYTES);
	assert_true(end(scene, 30000) < 15000);
	test_free(scene);
}

static void test_missing(void **state) {
	struct scene *scene = begin("none");
	scene->command[0] = "/no/such/hook";
	open_hook(scene);
	hook_run(scene->hook, 1);
	assert_int_equal(scene->failures, 0);
	settle(scene);
	expect_failure(scene, 1, "not started: /no/such/hook: no such file or directory");
	end(scene, 1000);
	test_free(scene);
}

static void test_not_executable(void **state) {
	struct scene *scene = begin("plain");
	char text[512];
	FILE *file = fopen(scene->path, "we");
	assert_non_null(file);
	fclose(file);
	scene->command[0] = scene->path;
	open_hook(scene);
	hook_run(scene->hook, 1);
	settle(scene);
	snprintf(text, sizeof text, "not started: %s: permission denied", scene->path);
	expect_failure(scene, 1, text);
	end(scene, 1000);
	test_free(scene);
}

static void test_status(void **state) {
	struct scene *scene = begin("fail");
	open_hook(scene);
	hook_run(scene->hook, 9);
	settle(scene);
	expect_failure(scene, 9, "exit status 4: no \x1b[31mroute\x01");
	end(scene, 1000);
	test_free(scene);
}

static void test_signal(void **state) {
	struct scene *scene = begin("killed");
	open_hook(scene);
	hook_run(scene->hook, 9);
	settle(scene);
	assert_int_equal(scene->failures, 1);
	assert_non_null(strstr(scene->texts[0], "killed by signal 9 ("));
	end(scene, 1000);
	test_free(scene);
}

static void test_not_described(void **state) {
	struct scene *scene = begin("record");
	scene->refused_id = 5;
	scene->json_bytes = 100;
	open_hook(scene);
	hook_run(scene->hook, 5);
	hook_run(scene->hook, 77);
	settle(scene);
	expect_failure(scene, 5, "not run: no such incident");
	expect_record(scene, "77 AB-77 1\n", 100);
	end(scene, 1000);
	test_free(scene);
}

static int64_t run_to_time_limit(void) {
	struct scene *scene = begin("hang");
	scene->options.timeout_ms = 1500;
	open_hook(scene);
	hook_run(scene->hook, 3);
	int64_t took_ms = settle(scene);
	assert_true(took_ms >= 1500);
	expect_failure(scene, 3, "ended at the time limit of 1.5 s: waiting");
	expect_dead(noted(scene, 0));
	end(scene, 1000);
	test_free(scene);
	return took_ms;
}

static void test_time_limit(void **state) {
	expect_soon(run_to_time_limit, 3400);
}

static void test_time_limit_ignored(void **state) {
	struct scene *scene = begin("stubborn");
	scene->options.timeout_ms = 1500;
	open_hook(scene);
	hook_run(scene->hook, 3);
	assert_in_range(settle(scene), 3500, 20000);
	expect_failure(scene, 3, "ended at the time limit of 1.5 s: waiting");
	expect_dead(noted(scene, 0));
	end(scene, 1000);
	test_free(scene);
}

static void test_time_limit_of_children(void **state) {
	struct scene *scene = begin("group");
	scene->options.timeout_ms = 1500;
	open_hook(scene);
	hook_run(scene->hook, 3);
	assert_in_range(settle(scene), 3500, 20000);
	expect_failure(scene, 3, "ended at the time limit of 1.5 s");
	expect_dead(noted(scene, 0));
	expect_dead(noted(scene, 1));
	end(scene, 1000);
	test_free(scene);
}

/* What a hook leaves behind is its own affair, and holds nobody. */
static void leave(const char *part, size_t failures) {
	struct scene *scene = begin(part);
	open_hook(scene);
	hook_run(scene->hook, 3);
	assert_in_range(settle(scene), 200, 15000);
	assert_int_equal(scene->failures, failures);
	if (failures)
		expect_failure(scene, 3, "exit status 6");
	pid_t pid = noted(scene, 0);
	assert_false(is_dead(pid));
	assert_true(end(scene, 30000) < 15000);
	kill(pid, SIGKILL);
	test_free(scene);
}

static void test_child_left_behind(void **state) {
	leave("leave", 0);
}

static void test_child_left_behind_by_failure(void **state) {
	leave("leave-failed", 1);
}

static void test_flood(void **state) {
	struct scene *scene = begin("flood");
	open_hook(scene);
	hook_run(scene->hook, 3);
	settle(scene);
	assert_int_equal(scene->failures, 1);
	assert_true(strlen(scene->texts[0]) < 500);
	assert_memory_equal(scene->texts[0], "exit status 3: xxx", 18);
	end(scene, 1000);
	test_free(scene);
}

/* Neither does a hook that reads nothing hold us, nor is it a failure. */
static void test_deaf(void **state) {
	struct scene *scene = begin("deaf");
	scene->json_bytes = BIG_BYTES;
	open_hook(scene);
	hook_run(scene->hook, 3);
	settle(scene);
	scene->command[1] = "nap"; /* the command was copied */
	hook_run(scene->hook, 4);
	settle(scene);
	assert_int_equal(scene->failures, 0);
	end(scene, 1000);
	test_free(scene);
}

/* ---- many */

static void test_many_in_turn(void **state) {
	struct scene *scene = begin("count");
	scene->options.running_max = 3;
	open_hook(scene);
	for (int64_t id = 0; id < many(60); id++)
		hook_run(scene->hook, id);
	assert_int_equal(hook_pending(scene->hook), many(60));
	assert_int_equal(scene->described, 0);
	settle(scene);
	assert_int_equal(scene->failures, 0);
	assert_int_equal(scene->described, many(60));
	assert_true(noted(scene, many(60) - 1) > 1);
	end(scene, 1000);
	test_free(scene);
}

/* Ten thousand wait behind one that hangs: nothing is made for them, and the loop goes on. */
static int64_t stop_many(void) {
	struct scene *scene = begin("hang");
	open_hook(scene);
	for (int64_t id = 0; id < 10000; id++)
		hook_run(scene->hook, id);
	assert_int_equal(hook_pending(scene->hook), 10000);
	for (int i = 0; i < 60 && scene->ticks <= 10; i++) /* a busy machine turns slowly */
		turn(scene, 500);
	assert_int_equal(hook_pending(scene->hook), 10000);
	assert_int_equal(scene->described, 1);
	assert_true(scene->ticks > 10);
	assert_int_equal(scene->failures, 0);
	pid_t pid = noted(scene, 0);
	int64_t took_ms = end(scene, 0);
	assert_int_equal(scene->described, 1);
	expect_failure(scene, 0, "ended because the daemon stops: waiting");
	expect_dead(pid);
	test_free(scene);
	return took_ms;
}

static void test_many_wait(void **state) {
	expect_soon(stop_many, 1900);
}

static void test_queue_is_full(void **state) {
	struct scene *scene = begin("nap");
	scene->options.queue_max = 20;
	scene->options.running_max = 50;
	open_hook(scene);
	for (int64_t id = 0; id < 5000; id++)
		hook_run(scene->hook, id);
	assert_int_equal(hook_pending(scene->hook), 20);
	expect_failure(scene, 20, "not run, nor for what follows: 20 incidents wait");
	settle(scene);
	assert_int_equal(scene->described, 20);
	assert_int_equal(scene->failures, 2);
	assert_string_equal(scene->texts[1], "runs again; not run for 4980 incidents");
	/* The ring goes round. */
	for (int64_t id = 0; id < 45; id++) {
		hook_run(scene->hook, id);
		if (id % 15 == 14)
			settle(scene);
	}
	assert_int_equal(scene->described, 65);
	assert_int_equal(scene->failures, 2);
	end(scene, 1000);
	test_free(scene);
}

/* A hook that is not there does not take the loop for itself. */
static void test_many_missing(void **state) {
	struct scene *scene = begin("none");
	scene->command[0] = "/no/such/hook";
	open_hook(scene);
	for (int64_t id = 0; id < many(200); id++)
		hook_run(scene->hook, id);
	settle(scene);
	assert_int_equal(scene->failures, many(200));
	assert_true(scene->ticks > 1);
	end(scene, 1000);
	test_free(scene);
}

/* ---- stopping */

/* A hook that has nothing to do wakes nobody. */
static void test_stop_unused(void **state) {
	struct scene *scene = begin("nap");
	open_hook(scene);
	hook_run(scene->hook, 1);
	settle(scene);
	uv_timer_stop(&scene->tick);
	assert_int_equal(uv_loop_alive(&scene->loop), 0);
	assert_true(end(scene, 30000) < 15000);
	assert_int_equal(scene->failures, 0);
	test_free(scene);
}

/* Before the loop had a turn. */
static void test_stop_at_once(void **state) {
	struct scene *scene = begin("nap");
	open_hook(scene);
	hook_run(scene->hook, 1);
	assert_true(end(scene, 30000) < 15000);
	assert_int_equal(scene->described, 0);
	test_free(scene);
}

static void test_stop_lets_end(void **state) {
	struct scene *scene = begin("nap");
	open_hook(scene);
	hook_run(scene->hook, 1);
	hook_run(scene->hook, 2);
	turn(scene, 50);
	assert_in_range(end(scene, 30000), 100, 15000);
	assert_int_equal(scene->described, 1);
	assert_int_equal(scene->failures, 0);
	test_free(scene);
}

static int64_t stop_running(const char *part, unsigned grace_ms) {
	struct scene *scene = begin(part);
	scene->json_bytes = BIG_BYTES;
	scene->options.running_max = 3;
	open_hook(scene);
	for (int64_t id = 0; id < 5; id++)
		hook_run(scene->hook, id);
	while (hook_pending(scene->hook) != 5 || scene->described != 3)
		uv_run(&scene->loop, UV_RUN_ONCE);
	pid_t pid = noted(scene, 2);
	int64_t took_ms = end(scene, grace_ms);
	assert_int_equal(scene->failures, 3);
	assert_memory_equal(scene->texts[0], "ended because the daemon stops", 30);
	expect_dead(pid);
	test_free(scene);
	return took_ms;
}

static int64_t stop_hanging(void) {
	int64_t took_ms = stop_running("hang", 300);
	assert_true(took_ms >= 300);
	return took_ms;
}

static void test_stop_hanging(void **state) {
	expect_soon(stop_hanging, 2200);
}

static void test_stop_stubborn(void **state) {
	assert_in_range(stop_running("stubborn", 300), 2300, 15000);
}

static void test_stop_group(void **state) {
	assert_in_range(stop_running("group", 300), 2300, 15000);
}

/* While its time limit is already ending it. */
static void test_stop_ending(void **state) {
	struct scene *scene = begin("stubborn");
	scene->options.timeout_ms = 1500;
	open_hook(scene);
	hook_run(scene->hook, 1);
	turn(scene, 1800);
	assert_true(end(scene, 0) < 10000);
	expect_failure(scene, 1, "ended at the time limit of 1.5 s: waiting");
	test_free(scene);
}

static void test_stop_left_behind(void **state) {
	struct scene *scene = begin("leave-failed");
	open_hook(scene);
	hook_run(scene->hook, 1);
	turn(scene, 230); /* its last words are being waited for */
	pid_t pid = noted(scene, 0);
	assert_true(end(scene, 30000) < 15000);
	expect_failure(scene, 1, "exit status 6");
	kill(pid, SIGKILL);
	test_free(scene);
}

static void test_stop_flooding(void **state) {
	struct scene *scene = begin("flood");
	open_hook(scene);
	hook_run(scene->hook, 1);
	turn(scene, 20);
	assert_true(end(scene, 0) < 10000);
	assert_int_equal(scene->failures, 1);
	test_free(scene);
}

static void test_stop_missing(void **state) {
	struct scene *scene = begin("none");
	scene->command[0] = "/no/such/hook";
	open_hook(scene);
	hook_run(scene->hook, 1);
	uv_run(&scene->loop, UV_RUN_NOWAIT); /* its handles are about to be closed */
	assert_true(end(scene, 30000) < 15000);
	test_free(scene);
}

/* No descriptor is left for the streams of a run: it fails, the next one works. */
static void test_no_descriptors(void **state) {
	struct scene *scene = begin("nap");
	int fds[256];
	size_t count = 0;
	struct rlimit old, few;
	open_hook(scene);
	uv_run(&scene->loop, UV_RUN_NOWAIT);
	getrlimit(RLIMIT_NOFILE, &old);
	few = old;
	few.rlim_cur = 256;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (count < 256 && (fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		count++;
	close(fds[--count]);
	hook_run(scene->hook, 1);
	settle(scene);
	while (count > 0)
		close(fds[--count]);
	setrlimit(RLIMIT_NOFILE, &old);
	hook_run(scene->hook, 2);
	settle(scene);
	expect_failure(scene, 1, "not started: pipe: too many open files");
	end(scene, 1000);
	test_free(scene);
}

static int setup(void **state) {
	/* As the program does. */
	signal(SIGPIPE, SIG_IGN);
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
	static const char *const parts[] = {"record", "plain", "fail", "hang", "stubborn", "group",
		"leave", "leave-failed", "flood", "deaf", "nap", "killed", "count", "none"};
	char path[128];
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, parts[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_works),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_not_executable),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_not_described),
		cmocka_unit_test(test_time_limit),
		cmocka_unit_test(test_time_limit_ignored),
		cmocka_unit_test(test_time_limit_of_children),
		cmocka_unit_test(test_child_left_behind),
		cmocka_unit_test(test_child_left_behind_by_failure),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_many_in_turn),
		cmocka_unit_test(test_many_wait),
		cmocka_unit_test(test_queue_is_full),
		cmocka_unit_test(test_many_missing),
		cmocka_unit_test(test_stop_unused),
		cmocka_unit_test(test_stop_at_once),
		cmocka_unit_test(test_stop_lets_end),
		cmocka_unit_test(test_stop_hanging),
		cmocka_unit_test(test_stop_stubborn),
		cmocka_unit_test(test_stop_group),
		cmocka_unit_test(test_stop_ending),
		cmocka_unit_test(test_stop_left_behind),
		cmocka_unit_test(test_stop_flooding),
		cmocka_unit_test(test_stop_missing),
		cmocka_unit_test(test_no_descriptors),
	};
	if (argc > 2)
		return play(argv);
	if (!realpath(argv[0], self))
		return 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
