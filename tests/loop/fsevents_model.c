/* The stream, what libuv lets through of it, and the handles. */
#include "fsevents_model.h"

#include "simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 256
#define EVENTS_MAX 512
#define WATCHES_MAX 32
#define LATENCY_US 50000
/* From the stream's thread to the loop's. */
#define HANDOVER_US 3000
/* What a new stream may know of before its start. */
#define EARLY_US 1000000

struct event {
	char path[PATH_BYTES]; /* in a watch's queue: the name that is told */
	unsigned flags;        /* there: uv_fs_event's */
	int64_t at_us;
};

struct queue {
	struct event events[EVENTS_MAX];
	size_t count;
};

struct watch {
	uv_fs_event_t *handle; /* NULL: free */
	uv_fs_event_cb call;
	char path[PATH_BYTES];
	bool recursive, is_file;
	struct stat at; /* what the stream was made for */
	struct queue queue;
	int error;
};

static struct fsevents_habits habits;
static struct watch watches[WATCHES_MAX];
static struct queue waiting, history;
static bool is_running, is_due, is_stale;
static unsigned told, streams;

void fsevents_begin(const struct fsevents_habits *kept) {
	assert_int_equal(fsevents_active(), 0);
	waiting.count = history.count = 0;
	is_running = is_due = is_stale = false;
	told = streams = 0;
	habits = *kept;
}

void fsevents_change(const struct fsevents_habits *kept) {
	habits = *kept;
}

unsigned fsevents_told(void) {
	return told;
}

unsigned fsevents_streams(void) {
	return streams;
}

unsigned fsevents_active(void) {
	unsigned count = 0;
	for (size_t i = 0; i < WATCHES_MAX; i++)
		count += watches[i].handle != NULL;
	return count;
}

static void add(struct queue *queue, const char *path, unsigned flags) {
	if (queue->count == EVENTS_MAX)
		memmove(queue->events, queue->events + 1, --queue->count * sizeof *queue->events);
	struct event *event = &queue->events[queue->count++];
	event->flags = flags;
	event->at_us = simulation_now_us();
	assert_in_range(snprintf(event->path, PATH_BYTES, "%s", path), 1, PATH_BYTES - 1);
}

/* ---- to the loop ---- */

static void tell(void *user) {
	struct watch *watch = user;
	struct queue *queue = malloc(sizeof *queue);
	int error = watch->error;
	assert_non_null(queue);
	*queue = watch->queue;
	watch->queue.count = 0;
	watch->error = 0;
	uv_fs_event_t *handle = watch->handle;
	for (size_t i = 0; i < queue->count && watch->handle == handle; i++) {
		told++;
		watch->call(handle, queue->events[i].path, (int)queue->events[i].flags, 0);
	}
	if (error && watch->handle == handle) {
		told++;
		watch->call(handle, NULL, 0, error);
	}
	free(queue);
}

static void hand_over(struct watch *watch) {
	simulation_forget(watch);
	simulation_plan((int64_t)simulation_below(HANDOVER_US), tell, watch);
}

/* ---- what libuv makes of an event ---- */

static const char *name_in(const char *path) {
	return strrchr(path, '/') + 1;
}

static bool is_deaf(const struct watch *watch) {
	struct stat st;
	return habits.deaf && (stat(watch->path, &st) < 0 || st.st_ino != watch->at.st_ino);
}

/* The name to tell; NULL: none. */
static const char *let_through(const struct watch *watch, const struct event *event) {
	size_t len = strlen(watch->path);
	if (strncmp(event->path, watch->path, len) != 0 || is_deaf(watch))
		return NULL;
	const char *rest = event->path + len;
	if (!*rest) {
		bool ends = event->flags & (FSEVENTS_REMOVED | FSEVENTS_RENAMED);
		bool passes = !(event->flags & FSEVENTS_IS_FOLDER) || (habits.tells_end && ends);
		return passes ? name_in(watch->path) : NULL;
	}
	if (*rest++ != '/' || !*rest)
		return NULL;
	return watch->recursive || !strchr(rest + 1, '/') ? rest : NULL;
}

static unsigned kind_of(const struct watch *watch, const struct event *event) {
	unsigned flags = event->flags;
	if (!strcmp(event->path, watch->path) && !habits.tells_end)
		flags = 0; /* of what is watched itself it does not believe them */
	if (flags & (FSEVENTS_CREATED | FSEVENTS_REMOVED | FSEVENTS_RENAMED))
		return UV_RENAME;
	return (flags & FSEVENTS_MODIFIED) || !(flags & FSEVENTS_IS_FOLDER) ? UV_CHANGE : UV_RENAME;
}

static void pass_on(const struct event *event) {
	for (size_t i = 0; i < WATCHES_MAX; i++) {
		struct watch *watch = &watches[i];
		const char *name =
			watch->handle && !watch->is_file ? let_through(watch, event) : NULL;
		if (!name)
			continue;
		add(&watch->queue, name, kind_of(watch, event));
		hand_over(watch);
	}
}

/* ---- the stream ---- */

/* Another name in the same folder, be it there or not. */
static void misname(struct event *event) {
	static const char *const names[] = {"Python-0.ips", "Retired", ".Python-9.ips", "P",
		"python-1.IPS", "\xc3\xa9.ips", "e\xcc\x81.ips"};
	size_t folder = (size_t)(name_in(event->path) - event->path);
	const char *name = names[simulation_below(sizeof names / sizeof *names)];
	snprintf(event->path + folder, PATH_BYTES - folder, "%s", name);
}

static void deliver_one(struct event *event) {
	if (simulation_chance(habits.lost))
		return;
	if (simulation_chance(habits.misnamed))
		misname(event);
	pass_on(event);
	if (simulation_chance(habits.repeated))
		pass_on(event);
}

/* "Look below this folder" names the folder, with or without the word that it is one. */
static void deliver_merged(const struct event *first) {
	struct event event = *first;
	event.path[name_in(event.path) - event.path - 1] = '\0';
	event.flags = simulation_chance(50) ? FSEVENTS_IS_FOLDER : 0;
	if (event.path[0])
		pass_on(&event);
}

static void deliver(void *user) {
	is_due = false;
	struct queue *queue = malloc(sizeof *queue);
	assert_non_null(queue);
	*queue = waiting;
	waiting.count = 0;
	bool dropped = simulation_chance(habits.dropped);
	bool merged = simulation_chance(habits.merged);
	for (size_t i = 0; i < queue->count && !dropped; i++)
		if (!merged)
			deliver_one(&queue->events[i]);
	if (merged && !dropped && queue->count)
		deliver_merged(&queue->events[0]);
	free(queue);
}

static void expect_delivery(void) {
	if (is_due)
		return;
	is_due = true;
	simulation_plan(LATENCY_US + (int64_t)simulation_below((uint64_t)habits.late_us + 1),
		deliver, &waiting);
}

static void end_stream(void) {
	simulation_forget(&waiting);
	waiting.count = 0;
	is_running = is_due = false;
}

/* A refusal is told to all, and none is deaf to it. */
static void refuse(void) {
	for (size_t i = 0; i < WATCHES_MAX; i++) {
		if (!watches[i].handle || watches[i].is_file)
			continue;
		watches[i].error = UV_EMFILE;
		hand_over(&watches[i]);
	}
}

/* What happened shortly before, once. */
static void remember(void) {
	for (size_t i = 0; i < history.count; i++)
		if (simulation_now_us() - history.events[i].at_us < EARLY_US)
			waiting.events[waiting.count++] = history.events[i];
	if (waiting.count)
		expect_delivery();
}

static void replace_stream(void *user) {
	if (!is_stale)
		return;
	is_stale = false;
	end_stream();
	if (!fsevents_active())
		return;
	streams++;
	if (simulation_chance(habits.refused)) {
		refuse();
		return;
	}
	for (size_t i = 0; i < WATCHES_MAX; i++)
		if (watches[i].handle && stat(watches[i].path, &watches[i].at) < 0)
			watches[i].at = (struct stat){0};
	is_running = true;
	if (simulation_chance(habits.early))
		remember();
}

static void note_to_stream(const char *path, unsigned flags) {
	for (size_t i = 0; i < waiting.count; i++)
		if (!strcmp(waiting.events[i].path, path)) {
			waiting.events[i].flags |= flags;
			return;
		}
	add(&waiting, path, flags);
	expect_delivery();
}

void fsevents_note(const char *path, unsigned flags) {
	add(&history, path, flags);
	if (is_running)
		note_to_stream(path, flags);
	for (size_t i = 0; i < WATCHES_MAX; i++) {
		struct watch *watch = &watches[i];
		if (!watch->handle || !watch->is_file || strcmp(watch->path, path) != 0)
			continue;
		add(&watch->queue, name_in(path),
			flags & FSEVENTS_MODIFIED ? UV_CHANGE : UV_RENAME);
		hand_over(watch);
	}
}

/* ---- libuv's own interface ---- */

static struct watch *watch_of(const uv_fs_event_t *handle) {
	for (size_t i = 0; i < WATCHES_MAX; i++)
		if (watches[i].handle == handle)
			return &watches[i];
	return NULL;
}

int uv_fs_event_start(
	uv_fs_event_t *handle, uv_fs_event_cb call, const char *path, unsigned int flags) {
	struct stat st = {0};
	if (watch_of(handle))
		return UV_EINVAL;
	if (simulation_chance(habits.short_of))
		return UV_EMFILE;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fstat(fd, &st);
	close(fd);
	char *real = realpath(path, NULL);
	if (!real)
		return -errno;
	struct watch *watch = watch_of(NULL);
	assert_non_null(watch);
	watch->handle = handle;
	watch->call = call;
	watch->recursive = flags & UV_FS_EVENT_RECURSIVE;
	watch->is_file = !S_ISDIR(st.st_mode);
	watch->queue.count = 0;
	watch->error = 0;
	assert_in_range(snprintf(watch->path, PATH_BYTES, "%s", real), 1, PATH_BYTES - 1);
	free(real);
	if (!watch->is_file) {
		is_stale = true;
		simulation_plan((int64_t)simulation_below((uint64_t)habits.start_us + 1),
			replace_stream, &is_stale);
	}
	return 0;
}

int uv_fs_event_stop(uv_fs_event_t *handle) {
	struct watch *watch = watch_of(handle);
	if (!handle || !watch)
		return 0;
	watch->handle = NULL;
	simulation_forget(watch);
	if (watch->is_file)
		return 0;
	is_stale = true;
	replace_stream(NULL);
	return 0;
}
