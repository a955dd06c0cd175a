/*
 * A lock that lives as long as its holder: taken on a file of its own, gone when the process ends,
 * however it ends. POSIX record locks: they tell who holds them, are not inherited by a child, and
 * are lost when the process closes any descriptor of that file. So a holder never looks for the
 * holder.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct lock {
	int fd; /* -1: not held */
};

/*
 * Takes the lock on path, a regular file that is made (0600) when it is not there and is never
 * written to. -EAGAIN when another process holds it: *ret_holder is then its process id, or 0 when
 * the system does not tell. Other errors name path; a link is not followed (-ELOOP).
 */
int lock_take(const char *path, struct lock *ret, pid_t *ret_holder, struct err *err);
/* Gives it back; the file stays. Nothing for a lock that is not held. */
void lock_release(struct lock *lock);
/* False when it is not held, or somebody deleted its file: then the next who asks gets one too. */
bool lock_stands(const struct lock *lock);

/*
 * The same of a second lock on the same file, for other work: neither keeps the other out. Whoever
 * holds it asks for the first one's holder with lock_ask() and not with lock_find(), which would
 * close the file and so give both back.
 */
int lock_take_second(const char *path, struct lock *ret, pid_t *ret_holder, struct err *err);
/* 1 and the process id (0: unknown) of the first lock's holder, or 0. */
int lock_ask(const struct lock *second, pid_t *ret_holder, struct err *err);

/*
 * A word from the holder to everybody who looks, which costs no write to a disk: the mark is a lock
 * on the next byte and ends with its holder. Nothing for a lock that is not held.
 */
void lock_mark(const struct lock *lock, bool on);
/* Whether the holder has marked it; false when nobody holds it or that cannot be told. */
bool lock_is_marked(const char *path);

/* 1 and the holder's process id (0: unknown), or 0 when nobody holds it, be there a file or not. */
int lock_find(const char *path, pid_t *ret_holder, struct err *err);
/* The same of the second lock. */
int lock_find_second(const char *path, pid_t *ret_holder, struct err *err);

#endif
