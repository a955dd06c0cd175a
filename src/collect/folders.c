/*
 * Watches on libuv's loop, whose thread runs everything here. inotify watches what was there at the
 * start, by inode, and tells of its end; FSEvents watches a path, tells nothing of the folder
 * itself, and is one stream for all, rebuilt whenever one of them starts or stops. So: never start
 * or stop without need, and look at everything once it was needed.
 */
#include "collect/folders_parts.h"

#include "base/path.h"
#include "collect/folder_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* So often what is watched may be replaced while a watch is being put on it; as deep may a chain of
 * folders be made meanwhile. What is missed then, folders_check() finds. */
#define TRIES 32

/* What a watch should be on. */
struct aim {
	char *path; /* as watch.at */
	struct folder_id id;
	int code; /* of probing the folder itself */
};

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

void folders_disarm(struct watch *watch) {
	uv_fs_event_stop(&watch->handle);
	if (watch->at != watch->path)
		free(watch->at);
	watch->at = NULL;
}

static void on_fs_event(uv_fs_event_t *handle, const char *name, int events, int status);

/* Consumes the aim's path. */
static int arm(struct watch *watch, struct aim *aim) {
	folders_disarm(watch);
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
	folders_disarm(retired);
	retired->there = false;
	set_state(retired, FOLDER_MISSING, NULL);
	return changed;
}

static void look_at_all(struct folders *folders) {
	for (size_t i = 0; i < folders_watches(folders); i++)
		folders->watches[i].look |= folders->watches[i].there;
}

static void on_late(uv_timer_t *timer);

static void look_late(struct folders *folders) {
	if (!folder_watch_late_ms)
		return;
	/* The loop may not have run for long. */
	uv_update_time(folders->loop);
	uv_timer_start(&folders->late, on_late, folder_watch_late_ms, 0);
}

static bool settle(struct watch *watch, bool dead) {
	struct folders *folders = watch->folders;
	bool changed = settle_one(watch, dead);
	if (watch->retired && !watch->retired->given)
		changed = settle_retired(watch->retired, watch->there) || changed;
	if (changed) {
		look_at_all(folders);
		look_late(folders);
	}
	return changed;
}

bool folders_is_trouble(enum folder_state state) {
	return state == FOLDER_UNREADABLE || state == FOLDER_UNWATCHED;
}

/* Nobody waits for a Retired/, but what was told of one is taken back. */
static bool is_worth_telling(const struct watch *watch) {
	return watch->state != watch->told && (watch->given || folders_is_trouble(watch->state) ||
						      folders_is_trouble(watch->told));
}

/* Tells the user what has changed. Each call may end in folders_check() or folders_stop(). */
static void tell(struct folders *folders) {
	const struct folders_options *options = &folders->options;
	for (size_t i = 0; i < folders_watches(folders) && !folders->stopping; i++) {
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

static void on_late(uv_timer_t *timer) {
	struct folders *folders = timer->data;
	if (folders->stopping)
		return;
	look_at_all(folders);
	tell(folders);
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
	folders_disarm(watch);
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

/* Names came or went; perhaps the system told so, perhaps not. */
static void check_names(struct watch *watch) {
	if (!watch->there || watch->checked_ns == watch->id.changed_ns)
		return;
	watch->checked_ns = watch->id.changed_ns;
	watch->look = true;
}

bool folders_check(struct folders *folders) {
	bool changed = false;
	if (folders->stopping)
		return false;
	for (size_t i = 0; i < folders->count; i++)
		changed = settle(&folders->watches[i], false) || changed;
	for (size_t i = 0; i < folders_watches(folders); i++)
		check_names(&folders->watches[i]);
	tell(folders);
	return changed;
}
