/*
 * The watches of a set of folders: made, told of, taken apart.
 */
#include "collect/folders_parts.h"

#include "base/path.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const folder_state_names[FOLDER_STATE_COUNT] = {
	[FOLDER_WATCHED] = "watched",
	[FOLDER_MISSING] = "missing",
	[FOLDER_UNREADABLE] = "unreadable",
	[FOLDER_UNWATCHED] = "unwatched",
};

static void folders_free(struct folders *folders) {
	for (size_t i = 0; folders->watches && i < folders_watches(folders); i++)
		free(folders->watches[i].path);
	free(folders->watches);
	free(folders);
}

static struct watch *find_watch(struct folders *folders, const char *path) {
	for (size_t i = 0; i < folders->count; i++)
		if (folder_same(folders->watches[i].path, path))
			return &folders->watches[i];
	return NULL;
}

static int add_given(struct folders *folders, const char *path, struct err *err) {
	char *absolute = path_absolute(path);
	if (!absolute) {
		int code = errno;
		return err_set(err, -code, "%s: %s", path, strerror(code));
	}
	if (find_watch(folders, absolute)) {
		free(absolute);
		return 0;
	}
	folders->watches[folders->count++] = (struct watch){
		.path = absolute,
		.given = true,
		.state = FOLDER_MISSING,
		.told = FOLDER_STATE_COUNT,
	};
	return 0;
}

/* Each folder's Retired/, unless it was given too. */
static int add_retired(struct folders *folders, size_t index, struct err *err) {
	struct watch *above = &folders->watches[index];
	struct watch *watch = &folders->watches[folders->count + index];
	char *path;
	assert(above->path);
	if (asprintf(&path, "%s/" RETIRED, strcmp(above->path, "/") ? above->path : "") < 0)
		return err_set(err, -ENOMEM, "%s: out of memory", above->path);
	above->retired = find_watch(folders, path);
	if (above->retired) {
		free(path);
		return 0;
	}
	*watch = (struct watch){.path = path, .state = FOLDER_MISSING, .told = FOLDER_MISSING};
	above->retired = watch;
	return 0;
}

static int add_all(
	struct folders *folders, const char *const *paths, size_t count, struct err *err) {
	folders->watches = calloc(count * 2 + 1, sizeof *folders->watches);
	if (!folders->watches)
		return err_set(err, -ENOMEM, "out of memory");
	int r = 0;
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = add_given(folders, paths[i], err);
	for (size_t i = 0; r >= 0 && i < folders->count; i++)
		r = add_retired(folders, i, err);
	return r;
}

static int init_handles(struct folders *folders, struct err *err) {
	for (size_t i = 0; i < folders_watches(folders); i++) {
		struct watch *watch = &folders->watches[i];
		int r = uv_fs_event_init(folders->loop, &watch->handle);
		if (r < 0)
			return err_set(err, r, "watching folders: %s", uv_strerror(r));
		watch->handle.data = watch;
		watch->folders = folders;
		folders->open++;
	}
	return 0;
}

int folders_start(uv_loop_t *loop, const char *const *paths, size_t count,
	const struct folders_options *options, struct folders **ret, struct err *err) {
	struct folders *folders = calloc(1, sizeof *folders);
	if (!folders)
		return err_set(err, -ENOMEM, "out of memory");
	folders->loop = loop;
	folders->options = *options;
	uv_timer_init(loop, &folders->late);
	folders->late.data = folders;
	folders->open = 1;
	int r = add_all(folders, paths, count, err);
	if (r >= 0)
		r = init_handles(folders, err);
	if (r < 0) {
		folders_stop(folders, NULL, NULL);
		return r;
	}
	folders_check(folders);
	folders->started = true;
	*ret = folders;
	return 0;
}

size_t folders_count(const struct folders *folders) {
	return folders->count;
}

const char *folders_path(const struct folders *folders, size_t index) {
	assert(index < folders->count);
	return folders->watches[index].path;
}

enum folder_state folders_state(const struct folders *folders, size_t index) {
	assert(index < folders->count);
	return folders->watches[index].state;
}

const char *folders_retired_trouble(
	const struct folders *folders, size_t index, enum folder_state *ret_state) {
	assert(index < folders->count);
	const struct watch *retired = folders->watches[index].retired;
	if (!retired || retired->given || !folders_is_trouble(retired->state))
		return NULL;
	*ret_state = retired->state;
	return retired->path;
}

static void end_one(struct folders *folders) {
	void (*on_stopped)(void *user) = folders->on_stopped;
	void *user = folders->stop_user;
	if (--folders->open)
		return;
	folders_free(folders);
	if (on_stopped)
		on_stopped(user);
}

static void on_closed(uv_handle_t *handle) {
	end_one(((struct watch *)handle->data)->folders);
}

static void on_late_closed(uv_handle_t *handle) {
	end_one(handle->data);
}

void folders_stop(struct folders *folders, void (*on_stopped)(void *user), void *user) {
	if (folders->stopping)
		return;
	folders->stopping = true;
	folders->on_stopped = on_stopped;
	folders->stop_user = user;
	size_t watching = folders->open - 1;
	for (size_t i = 0; i < watching; i++) {
		folders_disarm(&folders->watches[i]);
		uv_close((uv_handle_t *)&folders->watches[i].handle, on_closed);
	}
	uv_close((uv_handle_t *)&folders->late, on_late_closed);
}
