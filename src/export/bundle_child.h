/*
 * The helper as a child process: bytes to or from it without ever waiting for each other, its last
 * words, its end. Knows nothing of members.
 */
#ifndef EXPORT_BUNDLE_CHILD_H
#define EXPORT_BUNDLE_CHILD_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit status of the helper. */
enum bundle_status {
	BUNDLE_DONE = 0,
	BUNDLE_FAILED = 1,  /* the system would not: disk, memory, closed pipe */
	BUNDLE_USAGE = 2,   /* its words, or what it was sent */
	BUNDLE_DAMAGED = 3, /* the archive that it was to read */
};

struct bundle_child {
	pid_t pid;                 /* 0: none, or reaped */
	int in, out, err;          /* our ends of its streams; -1: none */
	struct buf said;           /* on its standard error, the beginning of it */
	const volatile bool *stop; /* may be NULL */
};

/* in, out: its standard input and output, above 2; -1: a pipe whose other end is child->in or
 * child->out. -ENOENT ...: it cannot be started. */
int bundle_child_start(struct bundle_child *child, const char *const *argv, int in, int out,
	const volatile bool *stop, struct err *err);
/* All of it; -EPIPE when the child no longer reads, -EINTR when it is to stop. */
int bundle_child_write(struct bundle_child *child, const void *bytes, size_t len);
/* At most len; 0 at the end, -EINTR when it is to stop. */
int64_t bundle_child_read(struct bundle_child *child, void *bytes, size_t len);
/* Ends its input, waits for its end. 0 when it says that all is well; else err is what it said:
 * -EBADMSG of an archive, -EIO. */
int bundle_child_end(struct bundle_child *child, struct err *err);
/* Ends it at once, if it runs, and lets go of everything. Any number of times. */
void bundle_child_finish(struct bundle_child *child);

#endif
