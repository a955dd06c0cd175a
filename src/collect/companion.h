/*
 * A program that the daemon keeps running beside itself (the forwarder): started with it, started
 * again when it ends, later and later if it ends soon, ended with it. Its standard input ends when
 * the daemon does, however the daemon ends: nothing else is ever to be read there. What it says
 * goes to the daemon's standard error.
 */
#ifndef COLLECT_COMPANION_H
#define COLLECT_COMPANION_H

#include "base/err.h"

#include <stdint.h>
#include <uv.h>

struct companion;

struct companion_options {
	const char *const *command; /* argv, NULL-terminated; copied; no shell */
	/* It ended without being asked, did not end when it was, or could not be started: one line
	 * for the log. Never called from within companion_start(). */
	void (*on_end)(const char *text, void *user);
	void *user;
};

/* How long to wait before the next start, after what was waited before the last one (0: it was the
 * first) and how long it lived. */
unsigned companion_wait_s(unsigned before_s, uint64_t lived_ms);

int companion_start(uv_loop_t *loop, const struct companion_options *options,
	struct companion **ret, struct err *err);
/* SIGTERM, after 2 s SIGKILL; calls on_stopped when it is gone and closed. */
void companion_stop(struct companion *companion, void (*on_stopped)(void *user), void *user);

#endif
