/* A database that may be full, busy, damaged, deleted or replaced, and come back. */
#include "collect/daemon_parts.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

static void on_reopen(uv_timer_t *timer);

static void wait_to_reopen(struct daemon *daemon) {
	if (daemon->stopping)
		return;
	uv_timer_start(&daemon->reopen, on_reopen, daemon->reopen_ms, 0);
	daemon->reopen_ms =
		daemon->reopen_ms * 2 < REOPEN_MAX_MS ? daemon->reopen_ms * 2 : REOPEN_MAX_MS;
}

static const char *advice(int code) {
	switch (code) {
	case -ENOSPC:
	case -EDQUOT:
		return "; no space is left: reports wait in their folders until there is some";
	case -EIO:
	case -ENXIO:
		return "; if it stays like that, 'agxtriage doctor' looks at it";
	case -EROFS:
	case -EACCES:
		return "; reports wait in their folders until it can be written to";
	default:
		return "; trying again";
	}
}

/* The same trouble is told once, until all is well again. */
static void remember(struct daemon *daemon, const struct err *err) {
	bool told = daemon->trouble.code == err->code;
	daemon->trouble = *err;
	daemon->trouble_at_us = clock_now_us();
	daemon->row_dirty = true;
	lock_mark(&daemon->lock, true);
	if (!told)
		daemon_say(daemon, LOG_ERROR, "%s%s", err->text, advice(err->code));
}

static int open_once(struct daemon *daemon, struct err *err) {
	struct store *store;
	int code = store_open(daemon->setup->db_path, STORE_WRITE, &store, err);
	if (code)
		return code;
	code = store_stay_small(store, err);
	if (code) {
		store_close(store);
		return code;
	}
	daemon->store = store;
	daemon->trained = false;
	return 0;
}

static void on_reopen(uv_timer_t *timer) {
	struct daemon *daemon = timer->data;
	struct err err;
	/* Whoever deleted the database may have deleted the lock as well. */
	if (daemon->stopping || daemon->store || !daemon_hold_lock(daemon))
		return;
	if (open_once(daemon, &err)) {
		remember(daemon, &err);
		wait_to_reopen(daemon);
		return;
	}
	collector_use(daemon->collector, daemon->store, daemon->inputs->rules, NULL);
}

int daemon_store_open(struct daemon *daemon, struct err *err) {
	daemon->reopen_ms = REOPEN_MIN_MS;
	int code = open_once(daemon, err);
	if (!code || !daemon->setup->patient)
		return code;
	remember(daemon, err);
	wait_to_reopen(daemon);
	return 0;
}

void daemon_store_fail(struct daemon *daemon, const struct err *err) {
	uv_timer_stop(&daemon->retain);
	/* Another database has other rows under the same numbers. */
	if (err->code == -ESTALE && daemon->hook)
		hook_forget(daemon->hook);
	store_close(daemon->store);
	daemon->store = NULL;
	remember(daemon, err);
	wait_to_reopen(daemon);
}

static void on_paused(void *user) {
	struct daemon *daemon = user;
	struct err err = daemon->trouble;
	daemon->trouble.code = 0; /* it has not been told yet */
	daemon->giving_up = false;
	if (daemon->store)
		daemon_store_fail(daemon, &err);
	daemon_settle_reload(daemon);
}

void daemon_store_give_up(struct daemon *daemon, const struct err *err) {
	if (daemon->giving_up || daemon->stopping)
		return;
	daemon->trouble = *err;
	daemon->giving_up = true;
	collector_use(daemon->collector, NULL, daemon->inputs->rules, on_paused);
}

void daemon_store_well(struct daemon *daemon) {
	daemon->reopen_ms = REOPEN_MIN_MS;
	if (!daemon->trouble.code)
		return;
	daemon_say(daemon, LOG_INFO, "the database can be written to again");
	lock_mark(&daemon->lock, false);
	daemon->trouble.code = 0;
	daemon->row_dirty = true;
}
