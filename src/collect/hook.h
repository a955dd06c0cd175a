/*
 * The user's own program, run once for each new crash with its JSON on standard input. It can be
 * slow, hang, fail, or be missing: collection goes on regardless. No shell is involved.
 */
#ifndef COLLECT_HOOK_H
#define COLLECT_HOOK_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct hook;

struct hook_options {
	const char *const *command; /* argv, NULL-terminated; copied */
	bool append_id;             /* as the last word */
	unsigned timeout_ms;        /* then SIGTERM to its process group ... */
	unsigned kill_ms;           /* ... and so much later SIGKILL; 0: 2 s */
	unsigned running_max;
	size_t queue_max; /* ids that wait; the newest beyond that are dropped with a warning */
	/* The JSON of one incident and a newline; called when its turn comes, in the loop's thread.
	 * Negative: the incident is skipped and the reason logged. */
	int (*describe)(int64_t id, struct buf *ret, void *user, struct err *err);
	/* A run that failed (not started, status, signal, time limit); text: one line for the log,
	 * with the first line of its standard error. */
	void (*on_failure)(int64_t id, const char *text, void *user);
	void *user;
};

int hook_new(
	uv_loop_t *loop, const struct hook_options *options, struct hook **ret, struct err *err);
/* Queues one run. */
void hook_run(struct hook *hook, int64_t id);
/* Drops what waits: its ids mean nothing any more. */
void hook_forget(struct hook *hook);
/* Runs that wait or go on. */
size_t hook_pending(const struct hook *hook);
/*
 * Takes no more, gives those that run grace_ms to end, then ends them; what waits is dropped. Calls
 * on_stopped when all is over and closed, and is gone.
 */
void hook_stop(struct hook *hook, unsigned grace_ms, void (*on_stopped)(void *user), void *user);

#endif
