/*
 * The daemon's life: one per database, on one loop, until it is told to end. Puts together the
 * collector, the database that may fail and come back, retention, the user's hook and the
 * forwarder. Knows nothing of words on a terminal: what it has to say goes through callbacks.
 */
#ifndef COLLECT_DAEMON_H
#define COLLECT_DAEMON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "collect/config.h"
#include "store/store.h"
#include "triage/rules.h"

#include <stdbool.h>

/* What a reload replaces. */
struct daemon_inputs {
	struct config config;
	struct rules *rules;
};

struct daemon_setup {
	const char *db_path;
	bool patient; /* a database that cannot be opened at the start is waited for */
	/*
	 * Configuration and rules as they are on disk now. NULL (err says why): the daemon does not
	 * start, or (again: at each SIGHUP) goes on with the old ones. What was made is given back
	 * to unload(), which may be given NULL.
	 */
	struct daemon_inputs *(*load)(bool again, void *user, struct err *err);
	void (*unload)(struct daemon_inputs *inputs, void *user);
	/* The contract's JSON of one incident on one line, with its newline: for the hook. */
	int (*describe)(struct store *store, const struct rules *rules, int64_t id, struct buf *ret,
		struct err *err);
	/* The program that finds symbols for the incident whose id is its last argument; without
	 * folders and id. NULL: none. */
	const char *const *symbolicate;
	/* One line for the log. */
	void (*say)(enum log_level level, const char *text, void *user);
	/* An incident was stored and is visible to others. */
	void (*on_added)(struct store *store, int64_t id, void *user);
	/* About once a minute. */
	void (*on_tick)(void *user);
	void *user;
};

/*
 * Runs until SIGTERM or SIGINT (a second one ends the process at once). SIGHUP reloads. Makes its
 * own loop and sizes the process's thread pool and heap, so it is for a process that does nothing
 * else. Returns 0 when it was told to end; -EAGAIN when another daemon serves the database (err
 * says which), or why it could not start.
 */
int daemon_run(const struct daemon_setup *setup, struct err *err);

#endif
