/*
 * A program that the daemon keeps running beside itself (the forwarder): started with it, started
 * again when it ends, later and later if it ends soon, ended with it.
 */
#ifndef COLLECT_COMPANION_H
#define COLLECT_COMPANION_H

#include "base/err.h"

#include <uv.h>

struct companion;

struct companion_options {
	const char *const *command; /* argv, NULL-terminated; copied; no shell */
	/* It ended, or could not be started: one line for the log. */
	void (*on_end)(const char *text, void *user);
	void *user;
};

int companion_start(uv_loop_t *loop, const struct companion_options *options,
	struct companion **ret, struct err *err);
/* SIGTERM, after 5 s SIGKILL; calls on_stopped when it is gone and closed. */
void companion_stop(struct companion *companion, void (*on_stopped)(void *user), void *user);

#endif
