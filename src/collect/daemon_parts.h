/* What the files of the daemon share. Nothing else includes this. */
#ifndef COLLECT_DAEMON_PARTS_H
#define COLLECT_DAEMON_PARTS_H

#include "base/lock.h"
#include "collect/collector.h"
#include "collect/companion.h"
#include "collect/daemon.h"
#include "collect/hook.h"

#include <uv.h>

/* Between two attempts to open a database that failed. */
#define REOPEN_MIN_MS 1000
#define REOPEN_MAX_MS 60000

struct daemon {
	const struct daemon_setup *setup;
	uv_loop_t loop;
	struct lock lock;
	struct daemon_inputs *inputs;
	struct daemon_inputs *retired; /* the collector may still use their rules */
	struct collector *collector;   /* NULL: stopped */
	struct hook *hook;             /* NULL: none */
	struct companion *companion;   /* NULL: none */
	struct hook *symbols;          /* NULL: none */
	uv_signal_t terminate, interrupt, reload;
	uv_timer_t tick, reopen, retain;
	unsigned parts; /* what has to end before the daemon does */
	bool stopping, reload_again, giving_up;
	unsigned ticks;
	int64_t clock_offset_us; /* wall clock minus monotonic clock at the last tick */
	struct err stop_reason;  /* code 0: it was told to */

	/* The database (daemon_store.c). */
	struct store *store; /* NULL: waiting for it */
	unsigned reopen_ms;
	struct err trouble; /* code 0: all is well */
	int64_t trouble_at_us;

	/* The row (daemon_row.c). */
	int64_t started_at_us, row_at_us;
	bool row_dirty;
	uint64_t row_seen; /* the collector's count when the row was written */

	/* Retention and training (daemon_upkeep.c). */
	int64_t retention_checked_us;
	int64_t retention_after_us, retention_wait_us; /* since it failed */
	struct store_retained retained;                /* since retention began */
	uint64_t added_since_training;
	bool trained, too_big_told;
};

void daemon_say(const struct daemon *daemon, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The collector uses today's rules: those of before are given back, and a reload that had to wait
 * begins. */
void daemon_settle_reload(struct daemon *daemon);

/* Takes the lock anew when its file was deleted. False when another daemon has it: this one is then
 * ending. */
bool daemon_hold_lock(struct daemon *daemon);

/* ---- daemon_store.c ---- */

/* Opens the database for the first time. With a patient daemon always 0. */
int daemon_store_open(struct daemon *daemon, struct err *err);
/* The database failed, or the file is no longer the one: closes it and tries again later. The
 * collector must not use it any more. */
void daemon_store_fail(struct daemon *daemon, const struct err *err);
/* The same for what happened outside of the collector: it is paused first. */
void daemon_store_give_up(struct daemon *daemon, const struct err *err);
/* Something was written, or nothing had to be. */
void daemon_store_well(struct daemon *daemon);

/* ---- daemon_symbols.c ---- */

/* Nothing unless the configuration wants it. */
int daemon_symbols_start(struct daemon *daemon, struct err *err);
void daemon_symbols_stop(struct daemon *daemon);
void daemon_symbols_added(struct daemon *daemon, int64_t id, enum report_kind kind);

/* ---- daemon_row.c ---- */

/* Writes what readers of status see, when it is other than before. Failures show in the next
 * commit. */
void daemon_row_put(struct daemon *daemon);
/* The last one of this daemon. */
void daemon_row_stop(struct daemon *daemon);

/* ---- daemon_upkeep.c ---- */

/* Starts retention when it is due; asks ten times a second at most, or every time if now. */
void daemon_upkeep_check(struct daemon *daemon, bool now);
/* When nothing else is to be done. */
void daemon_upkeep_quiet(struct daemon *daemon);

#endif
