/*
 * uv_fs_event_start() and uv_fs_event_stop() as libuv has them on macOS, in simulated time:
 *
 * - All folders of a loop are one stream. Every start and stop replaces it, with "since now": what
 *   it had not yet delivered is lost, and so is what happens until the new one runs. A start
 *   returns before that, a stop after it.
 * - A stream tells of paths below the folders, some 50 ms late, in batches; what happened to one
 *   path meanwhile is one event with all its flags. It may tell of what was before its start.
 * - libuv passes over what the system says of the stream itself: that events were dropped, that
 *   everything below a folder has to be looked at, that a root changed. It passes over everything
 *   that is deeper than one name, and over the folder itself; since 1.49 not over its end.
 * - A stream that cannot be made is told to each handle once, and then there is none.
 * - A file is watched with kqueue, at once and without a name of its own.
 *
 * How often which of it happens is drawn from the simulation's seed. The test tells what it does to
 * files; nothing is watched really.
 */
#ifndef TESTS_LOOP_FSEVENTS_MODEL_H
#define TESTS_LOOP_FSEVENTS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum fsevents_flag {
	FSEVENTS_CREATED = 1,
	FSEVENTS_REMOVED = 2,
	FSEVENTS_RENAMED = 4,
	FSEVENTS_MODIFIED = 8,
	FSEVENTS_IS_FOLDER = 16,
};

/* Chances are percents. */
struct fsevents_habits {
	unsigned lost;     /* one event */
	unsigned dropped;  /* a whole batch: the system said so, and libuv passed over it */
	unsigned merged;   /* a batch becomes "look below this folder" */
	unsigned repeated; /* an event */
	unsigned misnamed; /* an event has the name of something else */
	unsigned early;    /* a new stream begins with what was shortly before it */
	unsigned refused;  /* a stream cannot be made */
	unsigned short_of; /* a start fails for want of descriptors */
	int64_t late_us;   /* at most, for a batch, beyond the usual 50 ms */
	int64_t start_us;  /* at most, from a start until the stream runs */
	bool deaf;         /* of a folder that was replaced, until the next stream */
	bool tells_end;    /* as libuv since 1.49 */
};

/* No watch may be active. */
void fsevents_begin(const struct fsevents_habits *kept);
/* From now on; what is under way takes its course. */
void fsevents_change(const struct fsevents_habits *kept);

/* That happened to path (absolute, without links). */
void fsevents_note(const char *path, unsigned flags);

/* Since the beginning: calls of the watches' callbacks, streams made, watches that are active. */
unsigned fsevents_told(void);
unsigned fsevents_streams(void);
unsigned fsevents_active(void);

#endif
