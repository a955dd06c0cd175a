/* Companions that live, end, are not there, or do not want to go; and what remains of each when the
 * daemon stops. The companion is this test program itself, told by its words what to do. */
#include "collect/companion.h"

#include "base/clock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXTS 8

static char self[4096], path[] = "/tmp/agxtriage-companion-XXXXXX";

/* ---- what the companions do */

static void note(const char *word) {
	char line[64];
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int n = snprintf(line, sizeof line, "%s %d\n", word, (int)getpid());
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		_exit(91);
	close(fd);
}

static int play(const char *part) {
	char c;
	note("started");
	if (!strcmp(part, "ends"))
		return 3;
	if (!strcmp(part, "killed"))
		raise(SIGKILL);
	if (!strcmp(part, "stubborn")) {
		signal(SIGTERM, SIG_IGN);
		note("deaf");
		sleep(30);
	}
	if (!strcmp(part, "says")) {
		printf("to stdout\n");
		fflush(stdout);
		fprintf(stderr, "to stderr\n");
		note("said");
		sleep(30);
	}
	/* What else: lives until its daemon does not. */
	if (read(STDIN_FILENO, &c, 1) == 0)
		note("alone");
	return 0;
}

/* ---- a scene: a loop with one companion */

struct scene {
	uv_loop_t loop;
	uv_timer_t tick; /* bounds every wait */
	struct companion *companion;
	const char *command[4];
	size_t ends;
	char texts[TEXTS][1024];
	int64_t times_ms[TEXTS];
	bool stop_at_end, stopped;
};

static int64_t now_ms(void) {
	return clock_monotonic_us() / 1000;
}

static void on_stopped(void *user) {
	struct scene *scene = user;
	scene->stopped = true;
	uv_close((uv_handle_t *)&scene->tick, NULL);
}

static void on_end(const char *text, void *user) {
	struct scene *scene = user;
	if (scene->ends < TEXTS) {
		scene->times_ms[scene->ends] = now_ms();
		snprintf(scene->texts[scene->ends], sizeof scene->texts[0], "%s", text);
	}
	scene->ends++;
	if (scene->stop_at_end)
		companion_stop(scene->companion, on_stopped, scene);
}

static void on_tick(uv_timer_t *timer) {
}

static struct scene *begin(const char *program, const char *part) {
	struct scene *scene = test_calloc(1, sizeof *scene);
	assert_int_equal(truncate(path, 0), 0);
	scene->command[0] = program;
	scene->command[1] = part;
	scene->command[2] = path;
	assert_int_equal(uv_loop_init(&scene->loop), 0);
	uv_timer_init(&scene->loop, &scene->tick);
	uv_timer_start(&scene->tick, on_tick, 0, 10);
	assert_int_equal(companion_start(&scene->loop,
				 &(struct companion_options){
					 .command = scene->command,
					 .on_end = on_end,
					 .user = scene,
				 },
				 &scene->companion, NULL),
		0);
	assert_int_equal(scene->ends, 0);
	scene->command[0] = "/overwritten"; /* it was copied */
	return scene;
}

/* How often word was noted; the process that did so last. */
static unsigned count(const char *word, pid_t *ret) {
	char line[64];
	unsigned found = 0;
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		size_t len = strlen(word);
		if (!strncmp(line, word, len) && line[len] == ' ') {
			found++;
			*ret = (pid_t)strtol(line + len, NULL, 10);
		}
	}
	fclose(file);
	return found;
}

static pid_t await(struct scene *scene, const char *word, unsigned times) {
	int64_t until_ms = now_ms() + 20000;
	pid_t pid = 0;
	while (count(word, &pid) < times) {
		assert_true(now_ms() < until_ms);
		if (scene)
			uv_run(&scene->loop, UV_RUN_ONCE);
		else
			usleep(10 * 1000);
	}
	return pid;
}

static void await_ends(struct scene *scene, size_t ends) {
	int64_t until_ms = now_ms() + 20000;
	while (scene->ends < ends) {
		assert_true(now_ms() < until_ms);
		uv_run(&scene->loop, UV_RUN_ONCE);
	}
}

static int64_t end(struct scene *scene) {
	int64_t from_ms = now_ms();
	if (!scene->stop_at_end)
		companion_stop(scene->companion, on_stopped, scene);
	uv_run(&scene->loop, UV_RUN_DEFAULT);
	assert_true(scene->stopped);
	assert_int_equal(uv_loop_close(&scene->loop), 0);
	return now_ms() - from_ms;
}

/* ---- the tests */

static void test_waits(void **state) {
	static const unsigned waits[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
	unsigned wait_s = 0;
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		wait_s = companion_wait_s(wait_s, 59999);
		assert_int_equal(wait_s, waits[i]);
	}
	assert_int_equal(companion_wait_s(wait_s, 60000), 1);
	assert_int_equal(companion_wait_s(0, 0), 1);
}

static void test_lives(void **state) {
	struct scene *scene = begin(self, "lives");
	pid_t pid = await(scene, "started", 1);
	assert_int_equal(kill(pid, 0), 0);
	/* As long as it lives, it wakes nobody. */
	uv_timer_stop(&scene->tick);
	uv_run(&scene->loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_backend_timeout(&scene->loop), -1);
	assert_true(end(scene) < 3000);
	assert_int_equal(scene->ends, 0);
	assert_int_equal(kill(pid, 0), -1);
	test_free(scene);
}

static void test_ends(void **state) {
	struct scene *scene = begin(self, "ends");
	await_ends(scene, 3);
	assert_string_equal(scene->texts[0], "ended with status 3 after 0 s; again in 1 s");
	assert_string_equal(scene->texts[1], "ended with status 3 after 0 s; again in 2 s");
	assert_string_equal(scene->texts[2], "ended with status 3 after 0 s; again in 4 s");
	assert_in_range(scene->times_ms[1] - scene->times_ms[0], 1000, 1900);
	assert_in_range(scene->times_ms[2] - scene->times_ms[1], 2000, 2900);
	await(scene, "started", 3);
	assert_true(end(scene) < 3000); /* while it waits */
	assert_int_equal(scene->ends, 3);
	test_free(scene);
}

static void test_killed(void **state) {
	struct scene *scene = begin(self, "killed");
	await_ends(scene, 1);
	assert_non_null(strstr(scene->texts[0], "ended by signal 9 ("));
	end(scene);
	test_free(scene);
}

static void test_missing(void **state) {
	struct scene *scene = begin("/no/such/companion", "x");
	await_ends(scene, 2);
	assert_string_equal(scene->texts[1],
		"cannot be started: /no/such/companion: no such file or directory; again in 2 s");
	end(scene);
	test_free(scene);
}

static void test_stubborn(void **state) {
	struct scene *scene = begin(self, "stubborn");
	pid_t pid = await(scene, "deaf", 1);
	assert_in_range(end(scene), 2000, 5000);
	assert_int_equal(scene->ends, 1);
	assert_memory_equal(scene->texts[0], "ended by signal 9 ", 18);
	assert_null(strstr(scene->texts[0], "again"));
	assert_int_equal(kill(pid, 0), -1);
	test_free(scene);
}

static void test_stop_at_once(void **state) {
	struct scene *scene = begin(self, "lives");
	pid_t pid = 0;
	assert_true(end(scene) < 3000);
	assert_int_equal(count("started", &pid), 0);
	test_free(scene);
}

/* From within on_end, with its handles still open. */
static void stop_at_end(const char *program) {
	struct scene *scene = begin(program, "ends");
	scene->stop_at_end = true;
	assert_true(end(scene) < 3000);
	assert_int_equal(scene->ends, 1);
	test_free(scene);
}

static void test_stop_at_end(void **state) {
	stop_at_end(self);
}

static void test_stop_missing(void **state) {
	stop_at_end("/no/such/companion");
}

static void test_stop_starting(void **state) {
	struct scene *scene = begin(self, "lives");
	uv_run(&scene->loop, UV_RUN_NOWAIT);
	assert_true(end(scene) < 3000);
	assert_int_equal(scene->ends, 0);
	test_free(scene);
}

static void test_output(void **state) {
	char said[] = "/tmp/agxtriage-said-XXXXXX", text[64] = "";
	int fd = mkstemp(said), old = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(fd >= 0 && old >= 0);
	dup2(fd, STDERR_FILENO);
	struct scene *scene = begin(self, "says");
	await(scene, "said", 1);
	end(scene);
	dup2(old, STDERR_FILENO);
	close(old);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(read(fd, text, sizeof text - 1), 20);
	assert_string_equal(text, "to stdout\nto stderr\n");
	close(fd);
	unlink(said);
	test_free(scene);
}

/* A daemon that is killed cannot end its companion; the companion can know. */
static void test_tether(void **state) {
	assert_int_equal(truncate(path, 0), 0); /* before the child does it again */
	pid_t daemon = fork();
	if (daemon == 0) {
		struct scene *scene = begin(self, "lives");
		for (;;)
			uv_run(&scene->loop, UV_RUN_ONCE);
	}
	pid_t pid = await(NULL, "started", 1);
	usleep(100 * 1000);
	pid_t alone = 0;
	assert_int_equal(count("alone", &alone), 0);
	kill(daemon, SIGKILL);
	waitpid(daemon, NULL, 0);
	assert_int_equal(await(NULL, "alone", 1), pid);
}

static int setup(void **state) {
	int fd = mkstemp(path);
	close(fd);
	return fd < 0 ? -1 : 0;
}

static int teardown(void **state) {
	return unlink(path);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_stubborn),
		cmocka_unit_test(test_stop_at_once),
		cmocka_unit_test(test_stop_at_end),
		cmocka_unit_test(test_stop_missing),
		cmocka_unit_test(test_stop_starting),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_tether),
	};
	if (argc > 2) {
		snprintf(path, sizeof path, "%s", argv[2]);
		return play(argv[1]);
	}
	if (!realpath(argv[0], self))
		return 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
