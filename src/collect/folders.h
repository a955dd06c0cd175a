/*
 * Watches report folders, each with its Retired/. Tells that something may have happened, never
 * what: an event is a hint, may come late, twice, merged with others or not at all. Opens no file
 * and knows nothing of reports.
 *
 * A folder that is not there is waited for at its nearest parent that is; one that was deleted and
 * made again is noticed by device and inode and watched anew.
 */
#ifndef COLLECT_FOLDERS_H
#define COLLECT_FOLDERS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum folder_state {
	FOLDER_WATCHED,
	FOLDER_MISSING,
	FOLDER_UNREADABLE, /* there, but this user may not read it (macOS: perhaps no Full Disk
			      Access) */
	FOLDER_UNWATCHED,  /* readable, but the system gives no events (no watches left, no
			      descriptors): only reconciles find what appears */
	FOLDER_STATE_COUNT,
};

extern const char *const folder_state_names[FOLDER_STATE_COUNT]; /* "watched", ... */

struct folders;

struct folders_options {
	/*
	 * Something may have changed in folder (one of those given, or its Retired/). name: the
	 * file that the system named, without any path, or NULL: look at everything there. Of a
	 * hidden file the name is not told. Never called from within folders_start(): scan after
	 * it.
	 */
	void (*on_event)(const char *folder, const char *name, void *user);
	/* A folder's state changed; once for each change, also the first one. Of Retired/ only
	 * what is worth telling: that it is missing is not. reason: NULL or constant text. Both
	 * may be called from within folders_check(), and may call it and folders_stop(). */
	void (*on_state)(
		const char *folder, enum folder_state state, const char *reason, void *user);
	void *user;
};

/*
 * Watches from now on; on_state is called from within for the first state of each. paths are made
 * absolute and copied; a folder that is given twice, under whatever name, counts once. Fails only
 * without memory, with a broken loop, or when a relative path cannot be made absolute. macOS starts
 * to watch a moment after this has returned.
 */
int folders_start(uv_loop_t *loop, const char *const *paths, size_t count,
	const struct folders_options *options, struct folders **ret, struct err *err);

/* Looks at every folder's device, inode and time and arms again what has to be; on_event for those
 * in which names came or went since the last check. For a timer, after a wake-up, and whenever in
 * doubt. True when something was armed: events may have been lost. */
bool folders_check(struct folders *folders);

size_t folders_count(const struct folders *folders);
/* As given, absolute; borrowed. index below folders_count(). */
const char *folders_path(const struct folders *folders, size_t index);
enum folder_state folders_state(const struct folders *folders, size_t index);
/* The path (borrowed) of that folder's Retired/ while it is unreadable or unwatched, else NULL;
 * also NULL when it was given itself, and has an index of its own. */
const char *folders_retired_trouble(
	const struct folders *folders, size_t index, enum folder_state *ret_state);

/* Closes every handle; frees it once the loop has run. on_stopped may be NULL. */
void folders_stop(struct folders *folders, void (*on_stopped)(void *user), void *user);

#endif
