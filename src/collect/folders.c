/*
 * Watches on libuv's loop, whose thread runs everything here. inotify watches what was there at the
 * start, by inode, and tells of its end; FSEvents watches a path, tells nothing of the folder
 * itself, and is one stream for all, rebuilt whenever one of them starts or stops. So: never start
 * or stop without need, and look at everything once it was needed.
 */
#include "collect/folders.h"

#include "base/path.h"
#include "collect/folder_probe.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* So often what is watched may be replaced while a watch is being put on it; as deep may a chain of
 * folders be made meanwhile. What is missed then, folders_check() finds. */
#define TRIES 32

#define RETIRED "Retired"

const char *const folder_state_names[FOLDER_STATE_COUNT] = {
	[FOLDER_WATCHED] = "watched",
	[FOLDER_MISSING] = "missing",
	[FOLDER_UNREADABLE] = "unreadable",
	[FOLDER_UNWATCHED] = "unwatched",
};

struct watch {
	uv_fs_event_t handle;
	struct folders *folders;
	char *path;            /* NULL: not in use */
	bool given;            /* not merely somebody's Retired/ */
	struct watch *retired; /* this folder's; NULL: no such watch */
	/* What the handle watches: path (then the same pointer), a folder in which path is waited
	 * for (then owned), or NULL: nothing. */
	char *at;
	struct folder_id at_id;
	bool there; /* readable, with this id */
	struct folder_id id;
	bool doubted; /* the system gave it up once, and has told nothing since */
	enum folder_state state, told;
	const char *reason;
	bool look; /* the user is to look at everything in it */
};

struct folders {
	uv_loop_t *loop;
	struct folders_options options;
	struct watch *watches;  /* those given, then their Retired/ */
	size_t count, open;     /* given; handles that are not closed yet */
	bool started, stopping; /* on_event may be called; nothing may be called */
	void (*on_stopped)(void *user);
	void *stop_user;
};

/* What a watch should be on. */
struct aim {
	char *path; /* as watch.at */
	struct folder_id id;
	int code; /* of probing the folder itself */
};

static size_t watch_count(const struct folders *folders) {
	return folders->count * 2;
}

static bool on_itself(const struct watch *watch) {
	return watch->at && watch->at == watch->path;
}

static bool is_shortage(int code) {
	return code == -EMFILE || code == -ENFILE || code == -ENOMEM;
}

static bool is_missing(int code) {
	return code == -ENOENT || code == -ENOTDIR || code == -ELOOP || code == -ENAMETOOLONG;
}

static const char *reason_missing(int code) {
	switch (code) {
	case -ENOTDIR:
		return "something else than a folder stands in its path";
	case -ELOOP:
		return "its links lead in a circle";
	case -ENAMETOOLONG:
		return "its name is too long";
	default:
		return NULL;
	}
}

static const char *reason_unwatched(int code) {
	switch (code) {
	case -ENOSPC:
		return "no watches left (fs.inotify.max_user_watches)";
	case -EMFILE:
		return "too many open files or inotify instances (fs.inotify.max_user_instances)";
	case -ENFILE:
		return "too many open files in the whole system";
	case -ENOMEM:
		return "out of memory";
	default:
		return "the system refuses to watch it";
	}
}

static void set_state(struct watch *watch, enum folder_state state, const char *reason) {
	watch->state = state;
	watch->reason = reason;
}

/* What probing or starting answered. */
static void set_state_of(struct watch *watch, int probed, int started) {
	if (is_shortage(probed))
		set_state(watch, FOLDER_UNWATCHED, reason_unwatched(probed));
	else if (is_missing(probed))
		set_state(watch, FOLDER_MISSING, reason_missing(probed));
	else if (probed < 0)
		set_state(watch, FOLDER_UNREADABLE,
			probed == -EACCES || probed == -EPERM ? "this user may not read it"
							      : "reading it fails");
	else if (started < 0)
		set_state(watch, FOLDER_UNWATCHED, reason_unwatched(started));
	else if (watch->doubted)
		set_state(watch, FOLDER_UNWATCHED, "the system stopped watching it");
	else
		set_state(watch, FOLDER_WATCHED, NULL);
}

static void forget_aim(const struct watch *watch, struct aim *aim) {
	if (aim->path != watch->path)
		free(aim->path);
	aim->path = NULL;
}

static void take_aim(struct watch *watch, struct aim *ret) {
	*ret = (struct aim){0};
	ret->code = folder_probe(watch->path, watch->given, &ret->id);
	if (!ret->code)
		ret->path = watch->path;
	if (!watch->given || !ret->code || is_shortage(ret->code))
		return;
	int r = folder_nearest(watch->path, &ret->path, &ret->id);
	if (is_shortage(r))
		ret->code = r;
}

static bool is_at(const struct watch *watch, const struct aim *aim) {
	if (!watch->at || !aim->path)
		return watch->at == aim->path;
	return on_itself(watch) == (aim->path == watch->path) && !strcmp(watch->at, aim->path) &&
	       folder_id_equal(&watch->at_id, &aim->id);
}

static void disarm(struct watch *watch) {
	uv_fs_event_stop(&watch->handle);
	if (watch->at != watch->path)
		free(watch->at);
	watch->at = NULL;
}

static void on_fs_event(uv_fs_event_t *handle, const char *name, int events, int status);

/* Consumes the aim's path. */
static int arm(struct watch *watch, struct aim *aim) {
	disarm(watch);
	int r = aim->path ? uv_fs_event_start(&watch->handle, on_fs_event, aim->path, 0) : 0;
	if (r < 0) {
		forget_aim(watch, aim);
		return r;
	}
	watch->at = aim->path;
	watch->at_id = aim->id;
	return 0;
}

/*
 * Puts the watch where it belongs; true when that needed a start or a stop. dead: the one that is
 * there may be on a folder that is gone, though device and inode look the same (inodes are used
 * again).
 */
static bool settle_one(struct watch *watch, bool dead) {
	bool changed = false;
	int started = 0;
	struct aim aim;
	for (int i = 0; i < TRIES; i++) {
		take_aim(watch, &aim);
		/* Nothing can be said now, so what was true stays. */
		if (is_shortage(aim.code) && watch->at)
			return changed;
		if (is_at(watch, &aim) && !dead)
			break;
		dead = false;
		changed = changed || watch->at;
		started = arm(watch, &aim);
		changed = changed || watch->at;
		if (started < 0 && started != -ENOENT && started != -ENOTDIR)
			break;
	}
	struct folder_id id = aim.id;
	bool there = !aim.code;
	if (there && (changed || !watch->there || !folder_id_equal(&id, &watch->id)))
		watch->look = true;
	watch->there = there;
	watch->id = id;
	set_state_of(watch, aim.code, on_itself(watch) ? 0 : started);
	if (aim.path != watch->at)
		forget_aim(watch, &aim);
	return changed;
}

/* The Retired/ of a folder that cannot be read is not asked for: it would fail alike. */
static bool settle_retired(struct watch *retired, bool above_there) {
	if (above_there)
		return settle_one(retired, false);
	bool changed = retired->at;
	disarm(retired);
	retired->there = false;
	set_state(retired, FOLDER_MISSING, NULL);
	return changed;
}

static bool settle(struct watch *watch, bool dead) {
	struct folders *folders = watch->folders;
	bool changed = settle_one(watch, dead);
	if (watch->retired && !watch->retired->given)
		changed = settle_retired(watch->retired, watch->there) || changed;
	for (size_t i = 0; changed && i < watch_count(folders); i++)
		folders->watches[i].look |= folders->watches[i].there;
	return changed;
}

static bool is_trouble(enum folder_state state) {
	return state == FOLDER_UNREADABLE || state == FOLDER_UNWATCHED;
}

/* Nobody waits for a Retired/, but what was told of one is taken back. */
static bool is_worth_telling(const struct watch *watch) {
	return watch->state != watch->told &&
	       (watch->given || is_trouble(watch->state) || is_trouble(watch->told));
}

/* Tells the user what has changed. Each call may end in folders_check() or folders_stop(). */
static void tell(struct folders *folders) {
	const struct folders_options *options = &folders->options;
	for (size_t i = 0; i < watch_count(folders) && !folders->stopping; i++) {
		struct watch *watch = &folders->watches[i];
		bool worth = is_worth_telling(watch), look = watch->look && folders->started;
		watch->told = watch->state;
		watch->look = false;
		if (worth)
			options->on_state(watch->path, watch->state, watch->reason, options->user);
		if (look && !folders->stopping)
			options->on_event(watch->path, NULL, options->user);
	}
}

/* Of a hidden file only that something happens: it may be about to get its name, and the system may
 * lose the event that tells so. */
static void tell_name(const struct watch *watch, const char *name) {
	const struct folders_options *options = &watch->folders->options;
	if (!watch->folders->stopping)
		options->on_event(watch->path, name[0] == '.' ? NULL : name, options->user);
}

static bool is_retired_name(const char *name, size_t len) {
	return len == strlen(RETIRED) && !strncasecmp(name, RETIRED, len);
}

/* name: "Retired/x". inotify never tells such names. */
static void on_name_below(struct watch *watch, const char *name, const char *slash) {
	struct watch *retired = watch->retired;
	if (!retired || !is_retired_name(name, (size_t)(slash - name)))
		return;
	settle(retired, false);
	slash += strspn(slash, "/");
	if (!*slash)
		retired->look = retired->there;
	else if (!strchr(slash, '/'))
		tell_name(retired, slash);
}

/* What is watched itself, or something of the same name in it: inotify does not let us tell. */
static bool is_own_name(const struct watch *watch, const char *name) {
	return !*name || !strcmp(name, path_name(watch->at));
}

/* Perhaps what is watched was deleted or moved, and the watch with it. */
static bool is_end(const struct watch *watch, const char *name, int events) {
	return is_own_name(watch, name) && (events & UV_RENAME);
}

static void on_name(struct watch *watch, const char *name, int events) {
	name += strspn(name, "/");
	const char *slash = strchr(name, '/');
	if (slash) {
		on_name_below(watch, name, slash);
		return;
	}
	if (is_own_name(watch, name)) {
		settle(watch, is_end(watch, name, events));
		watch->look = watch->there;
		return;
	}
	bool is_retired = watch->retired && is_retired_name(name, strlen(name));
	if (is_retired)
		settle(watch->retired, false);
	/* What was renamed may be the folder, under a name by which somebody else watches it. */
	if (events & UV_RENAME)
		settle(watch, false);
	if (!is_retired || !watch->retired->there)
		tell_name(watch, name);
}

static void on_failure(struct watch *watch) {
	watch->doubted = true;
	disarm(watch);
	if (watch->there)
		set_state_of(watch, 0, 0);
}

static void on_fs_event(uv_fs_event_t *handle, const char *name, int events, int status) {
	struct watch *watch = handle->data;
	if (watch->folders->stopping)
		return;
	if (!name)
		name = "";
	if (status >= 0 && watch->doubted) {
		watch->doubted = false;
		if (on_itself(watch))
			set_state_of(watch, 0, 0);
	}
	if (status < 0)
		on_failure(watch);
	else if (!on_itself(watch))
		settle(watch, is_end(watch, name, events));
	else
		on_name(watch, name, events);
	tell(watch->folders);
}

bool folders_check(struct folders *folders) {
	bool changed = false;
	if (folders->stopping)
		return false;
	for (size_t i = 0; i < folders->count; i++)
		changed = settle(&folders->watches[i], false) || changed;
	tell(folders);
	return changed;
}

static void folders_free(struct folders *folders) {
	for (size_t i = 0; folders->watches && i < watch_count(folders); i++)
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
	/* One more, so that there is always a handle whose closing can be waited for. */
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
	for (size_t i = 0; i <= watch_count(folders); i++) {
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
	int r = add_all(folders, paths, count, err);
	if (r >= 0)
		r = init_handles(folders, err);
	if (r < 0) {
		if (folders->open)
			folders_stop(folders, NULL, NULL);
		else
			folders_free(folders);
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
	if (!retired || retired->given || !is_trouble(retired->state))
		return NULL;
	*ret_state = retired->state;
	return retired->path;
}

static void on_closed(uv_handle_t *handle) {
	struct folders *folders = ((struct watch *)handle->data)->folders;
	void (*on_stopped)(void *user) = folders->on_stopped;
	void *user = folders->stop_user;
	if (--folders->open)
		return;
	folders_free(folders);
	if (on_stopped)
		on_stopped(user);
}

void folders_stop(struct folders *folders, void (*on_stopped)(void *user), void *user) {
	if (folders->stopping)
		return;
	folders->stopping = true;
	folders->on_stopped = on_stopped;
	folders->stop_user = user;
	for (size_t i = 0; i < folders->open; i++) {
		disarm(&folders->watches[i]);
		uv_close((uv_handle_t *)&folders->watches[i].handle, on_closed);
	}
}
