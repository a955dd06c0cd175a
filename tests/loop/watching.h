/*
 * For the tests of watched folders: a loop, a folder to play in, and a record of what was told, one
 * line each: "state P watched", "event P x.ips", "event P *" (look at everything). Paths are told
 * below the folder. Needs cmocka.h.
 */
#ifndef TESTS_LOOP_WATCHING_H
#define TESTS_LOOP_WATCHING_H

#include "collect/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far longer than anything takes here, valgrind included. */
#define WATCHING_TIMEOUT_MS 20000
#define WATCHING_LINE_BYTES 512

#define FOLDER(...) ((const char *const[]){__VA_ARGS__, NULL})
#define LOOP_TEST(test) cmocka_unit_test_setup_teardown(test, watching_setup, watching_teardown)

struct watching {
	char root[64];
	uv_loop_t loop;
	uv_timer_t timer;
	bool timed_out;
	struct folders *folders; /* NULL once stopped */
	unsigned stopped;        /* calls of on_stopped */
	bool stop_on_event, stop_on_state;
	char *lines;
	size_t len, count;
	const char *reason; /* of the last state */
};

static inline void watching_add(
	struct watching *watching, const char *what, const char *path, const char *detail) {
	char line[WATCHING_LINE_BYTES];
	size_t root_len = strlen(watching->root);
	assert_memory_equal(path, watching->root, root_len);
	path += root_len + (path[root_len] == '/');
	int len = snprintf(line, sizeof line, "\n%s %s %s\n", what, path, detail);
	assert_in_range(len, 1, sizeof line - 1);
	watching->lines = realloc(watching->lines, watching->len + (size_t)len + 1);
	assert_non_null(watching->lines);
	memcpy(watching->lines + watching->len, line, (size_t)len + 1);
	watching->len += (size_t)len;
	watching->count++;
}

static inline void watching_stopped(void *user) {
	struct watching *watching = user;
	watching->stopped++;
}

static inline void watching_stop(struct watching *watching) {
	if (watching->folders)
		folders_stop(watching->folders, watching_stopped, watching);
	watching->folders = NULL;
}

static inline void watching_on_event(const char *folder, const char *name, void *user) {
	struct watching *watching = user;
	assert_true(!name || (name[0] && name[0] != '.' && !strchr(name, '/')));
	assert_int_equal(watching->stopped, 0);
	watching_add(watching, "event", folder, name ? name : "*");
	if (watching->stop_on_event)
		watching_stop(watching);
}

static inline void watching_on_state(
	const char *folder, enum folder_state state, const char *reason, void *user) {
	struct watching *watching = user;
	watching_add(watching, "state", folder, folder_state_names[state]);
	watching->reason = reason;
	if (watching->stop_on_state)
		watching_stop(watching);
}

static inline void watching_on_timer(uv_timer_t *timer) {
	((struct watching *)timer->data)->timed_out = true;
}

/* Whether that line was told since watching_clear(). */
static inline bool watching_told(const struct watching *watching, const char *line) {
	char wanted[WATCHING_LINE_BYTES];
	snprintf(wanted, sizeof wanted, "\n%s\n", line);
	return watching->lines && strstr(watching->lines, wanted);
}

static inline void watching_clear(struct watching *watching) {
	free(watching->lines);
	watching->lines = NULL;
	watching->len = watching->count = 0;
}

/* Lets the loop run for that long, or until the line was told. */
static inline bool watching_run(struct watching *watching, const char *line, unsigned ms) {
	watching->timed_out = false;
	uv_update_time(&watching->loop);
	/* Repeated, because the round in which it fires goes on to wait. */
	uv_timer_start(&watching->timer, watching_on_timer, ms, 1);
	while (!watching->timed_out && !(line && watching_told(watching, line)))
		uv_run(&watching->loop, UV_RUN_ONCE);
	uv_timer_stop(&watching->timer);
	return !watching->timed_out;
}

/* Waits for that line, then forgets all. */
static inline void watching_expect(struct watching *watching, const char *line) {
	if (!watching_run(watching, line, WATCHING_TIMEOUT_MS))
		fail_msg("not told: %s; told:%s", line, watching->lines ? watching->lines : "");
	watching_clear(watching);
}

/* Nothing (more) is told for a moment. */
static inline void watching_expect_quiet(struct watching *watching) {
	watching_run(watching, NULL, 30);
	if (watching->count)
		fail_msg("told: %s", watching->lines);
}

/* Lets what is under way end, and forgets it. */
static inline void watching_settle(struct watching *watching) {
	watching_run(watching, NULL, 30);
	watching_clear(watching);
}

/* Starts with paths below the root, up to a NULL. */
static inline void watching_start(struct watching *watching, const char *const *paths) {
	const struct folders_options options = {
		.on_event = watching_on_event,
		.on_state = watching_on_state,
		.user = watching,
	};
	struct err err = {0};
	char *full[8] = {0};
	size_t count = 0;
	for (; paths[count]; count++)
		assert_true(asprintf(&full[count], "%s/%s", watching->root, paths[count]) > 0);
	assert_int_equal(folders_start(&watching->loop, (const char *const *)full, count, &options,
				 &watching->folders, &err),
		0);
	while (count)
		free(full[--count]);
}

/* The root is the working folder. */
static inline int watching_setup(void **state) {
	struct watching *watching = calloc(1, sizeof *watching);
	if (!watching)
		return -1;
	snprintf(watching->root, sizeof watching->root, "/tmp/agxtriage-folders-XXXXXX");
	if (!mkdtemp(watching->root) || chdir(watching->root) < 0 || uv_loop_init(&watching->loop))
		return -1;
	uv_timer_init(&watching->loop, &watching->timer);
	watching->timer.data = watching;
	*state = watching;
	return 0;
}

static inline int watching_remove(
	const char *path, const struct stat *st, int kind, struct FTW *position) {
	return remove(path);
}

/* Stops if the test has not, and everything must end. */
static inline int watching_teardown(void **state) {
	struct watching *watching = *state;
	bool started = watching->folders || watching->stopped;
	watching_stop(watching);
	uv_close((uv_handle_t *)&watching->timer, NULL);
	while (uv_run(&watching->loop, UV_RUN_DEFAULT))
		;
	int r = uv_loop_close(&watching->loop);
	if (started && watching->stopped != 1)
		r = -1;
	watching_clear(watching);
	if (chdir("/") < 0 || nftw(watching->root, watching_remove, 16, FTW_DEPTH | FTW_PHYS) < 0)
		r = -1;
	free(watching);
	return r;
}

static inline void make_folder(const char *path) {
	assert_int_equal(mkdir(path, 0700), 0);
}

static inline void make_file(const char *path) {
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "{}", 2), 2);
	close(fd);
}

#endif
