/*
 * Looks at whole folders, in a worker, because a long one takes a while: at once when asked to, or
 * some moments after the last event when only a hint was given. Hands out what is there one by one.
 * Opens no file. Everything is called in the loop's thread.
 */
#ifndef COLLECT_SCANNER_H
#define COLLECT_SCANNER_H

#include "collect/folders.h"
#include "collect/walk.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct scanner;

/* on_work: something may wait in scanner_next(), or everything has been handed out. */
int scanner_new(uv_loop_t *loop, void (*on_work)(void *user), void *user, struct scanner **ret,
	struct err *err);

/* The folders, each with its Retired/; copied. What was wanted of others is forgotten. */
int scanner_set_folders(struct scanner *scanner, const struct folders *folders, struct err *err);

/* Look at a folder (or the one above a Retired/) when events have been quiet for a moment. */
void scanner_hint(struct scanner *scanner, const char *folder);
/* Look at all folders as soon as possible; also once more when that is going on right now. */
void scanner_want_all(struct scanner *scanner);

/* The next file, or NULL: none now. Lent until the next call; its path may be taken out. */
struct candidate *scanner_next(struct scanner *scanner);

size_t scanner_waiting(const struct scanner *scanner);
/* Whether something waits, is looked at, or will be because of a hint. */
bool scanner_busy(const struct scanner *scanner);
/* When the last look at all folders was handed out completely; absent: never. */
struct i64_opt scanner_last_us(const struct scanner *scanner);

/* Calls on_stopped when no worker and no handle of it is left, and is gone. */
void scanner_stop(struct scanner *scanner, void (*on_stopped)(void *user), void *user);

#endif
