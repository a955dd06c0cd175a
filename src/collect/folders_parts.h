/*
 * What folders.c, which watches, and folders_setup.c, which makes what it needs, share.
 */
#ifndef COLLECT_FOLDERS_PARTS_H
#define COLLECT_FOLDERS_PARTS_H

#include "collect/folder_probe.h"
#include "collect/folders.h"

#define RETIRED "Retired"

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
	int64_t checked_ns; /* what id.changed_ns was at the last check */
	bool doubted;       /* the system gave it up once, and has told nothing since */
	enum folder_state state, told;
	const char *reason;
	bool look; /* the user is to look at everything in it */
};

struct folders {
	uv_loop_t *loop;
	struct folders_options options;
	struct watch *watches;  /* those given, then their Retired/ */
	size_t count, open;     /* given; handles that are not closed yet */
	uv_timer_t late;        /* until what was started works */
	bool started, stopping; /* on_event may be called; nothing may be called */
	void (*on_stopped)(void *user);
	void *stop_user;
};

/* Handles: those given, and a Retired/ for each. */
static inline size_t folders_watches(const struct folders *folders) {
	return folders->count * 2;
}

void folders_disarm(struct watch *watch);
bool folders_is_trouble(enum folder_state state);

#endif
