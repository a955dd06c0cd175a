/*
 * Takes in what appears in the watched folders, as long as its loop runs: watch, scan, try
 * incomplete files again, commit together under load and at once otherwise. The daemon is built on
 * it, and every command that has to wait for a report.
 *
 * Everything is called in the loop's thread.
 */
#ifndef COLLECT_COLLECTOR_H
#define COLLECT_COLLECTOR_H

#include "collect/folders.h"
#include "collect/ingest.h"
#include "collect/select.h"

struct collector;

struct collector_options {
	const char *const *folders; /* copied */
	size_t folder_count;
	const struct selection *selection; /* borrowed until collector_select() or the end */
	/* An incident was stored for the first time, and other processes can see it now. */
	void (*on_added)(int64_t id, enum report_kind kind, void *user);
	void (*on_rejected)(const char *path, const char *reason, void *user);
	void (*on_folder)(
		const char *folder, enum folder_state state, const char *reason, void *user);
	/* Descriptors or memory ran out while files were read: they are read again some seconds
	 * later. Once for each time. */
	void (*on_trouble)(const struct err *err, void *user);
	/* Nothing waits, nothing is being read, everything is committed. After the first scan and
	 * after each burst. */
	void (*on_quiet)(void *user);
	/* The database failed. What was not committed is forgotten; nothing more is taken until
	 * collector_use(). Events are remembered as "scan everything". */
	void (*on_failure)(const struct err *err, void *user);
	void *user;
};

struct collector_status {
	struct ingest_summary summary; /* since the start */
	size_t queue;                  /* known to be there and not yet stored, retries included */
	struct i64_opt last_event_at_us, last_scan_at_us;
};

/*
 * Watches, then scans all folders. Callbacks may be NULL. store and rules: until collector_use()
 * replaces them or the collector has stopped; store NULL: paused. After a failure the loop must
 * still run for a moment, so that what was begun is closed.
 */
int collector_start(uv_loop_t *loop, struct store *store, const struct rules *rules,
	const struct collector_options *options, struct collector **ret, struct err *err);

/*
 * Goes on with another store or other rules, once what is in flight has ended (then on_used is
 * called, and the old ones may be closed). store NULL: pause. Starts with a full scan.
 */
void collector_use(struct collector *collector, struct store *store, const struct rules *rules,
	void (*on_used)(void *user));

/* Replaces what is watched and selected; ends with a full scan. */
int collector_select(struct collector *collector, const char *const *folders, size_t folder_count,
	const struct selection *selection, struct err *err);

/* Checks the folders and scans them all; reads only what is not known. Writes nothing when nothing
 * is new. */
void collector_reconcile(struct collector *collector);

/*
 * What finds what no event told, for whoever runs for long: to be called every so often. Looks at
 * the folders' devices, inodes and times and scans where something was amiss; at every fourth call,
 * or when in doubt (the machine slept, the clock was set), it reconciles. So a report in a folder
 * that is watched in vain waits for one period, and one that was written late into a file that had
 * been given up for four.
 */
#define COLLECTOR_TICK_MS 75000 /* less than one wake-up a minute */
#define COLLECTOR_TICKS_PER_RECONCILE 4
void collector_tick(struct collector *collector, bool in_doubt);

/* Commits what is pending, so that the store is free for a transaction of the caller's. False when
 * there is no store, or it failed. */
bool collector_commit(struct collector *collector);

void collector_status(const struct collector *collector, struct collector_status *ret);
/* There is a new dictionary in the store: what comes is compressed with it. */
void collector_retrained(struct collector *collector);
/* Borrowed. */
const struct folders *collector_folders(const struct collector *collector);

/* Stops watching, lets what is being read end (what has not begun is left for the next time),
 * commits, closes its handles, calls on_stopped (may be NULL) and is gone. */
void collector_stop(struct collector *collector, void (*on_stopped)(void *user), void *user);

#endif
