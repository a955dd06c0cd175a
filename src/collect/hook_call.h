/*
 * One run of the hook, from its start to the last closed handle: the JSON goes in, the first line
 * of its standard error comes out, the time limit is kept. Knows nothing of the other runs.
 */
#ifndef COLLECT_HOOK_CALL_H
#define COLLECT_HOOK_CALL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct hook_call;

struct hook_call_options {
	const char *const *command; /* borrowed */
	bool append_id;             /* as the last word */
	unsigned timeout_ms;        /* 0: none */
	unsigned kill_ms;           /* from SIGTERM to SIGKILL */
	int64_t id;
	/* It is over and about to be gone; failure: NULL, or one line. */
	void (*on_over)(struct hook_call *call, const char *failure, void *user);
	void *user;
};

/*
 * Takes json, or returns NULL without memory. That the program cannot be started is told by
 * on_over, which is never called from within.
 */
struct hook_call *hook_call_start(
	uv_loop_t *loop, const struct hook_call_options *options, struct buf *json);
int64_t hook_call_id(const struct hook_call *call);
/* The daemon stops: what still runs is told to end. */
void hook_call_end(struct hook_call *call);

#endif
