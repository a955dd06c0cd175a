/*
 * A command under watch: its process, all that comes from it as samples show, and its time limit,
 * at which the whole tree is ended. Has no timer: whoever holds it calls watched_tick() as often as
 * watched_next_ms() says. Knows nothing of crash reports.
 */
#ifndef REPRO_WATCHED_H
#define REPRO_WATCHED_H

#include "repro/child.h"
#include "repro/tree.h"

/* Texts, argv and env are borrowed until the end. */
struct watched_options {
	const char *const *argv;
	char *const *env;
	int stdout_fd;
	void (*on_output)(const char *bytes, size_t len, void *user);
	bool silent;                   /* these are for child_start() */
	int64_t timeout_ms;            /* 0: never */
	void (*on_sample)(void *user); /* the tree may have grown */
	/* The time is over. False: not yet to be ended, and asked again at the next tick. May be
	 * NULL. */
	bool (*on_limit)(void *user);
	void (*on_end)(void *user);
	void *user;
};

/* To be read; zeroed before the start. */
struct watched {
	struct watched_options options;
	struct child *child;
	struct tree tree;                   /* [0] is the command */
	bool hung;                          /* it reached its time limit */
	int64_t started_at_us, ended_at_us; /* wall clock; ended_at_us 0: it runs */
	int64_t started_ms, ended_ms;       /* monotonic */
	/* Of the monotonic clock, and its own. */
	int64_t asked_ms; /* it was asked to end; 0: it was not */
	bool killed;
	int64_t sampled_ms, changed_ms, sample_cost_us;
};

/* As child_start(). *ret is to be closed and finished in every case; *ret_not_started tells whether
 * the command is what failed. */
int watched_start(struct watched *ret, uv_loop_t *loop, const struct watched_options *options,
	bool *ret_not_started, struct err *err);
/* Samples when it is time, and sees to the time limit. Also of use when the command has ended and
 * what it started lives on. */
void watched_tick(struct watched *watched, int64_t now_ms);
/* How soon the next tick is due. */
int64_t watched_next_ms(const struct watched *watched, int64_t now_ms);
void watched_sample(struct watched *watched);
/* Asks the command and all that came from it to end, and soon makes them. Nothing once it ended. */
void watched_stop(struct watched *watched, int64_t now_ms);

void watched_close(struct watched *watched);
/* Once the loop has run. */
void watched_finish(struct watched *watched);

#endif
