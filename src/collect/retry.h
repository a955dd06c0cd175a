/*
 * Files that were not whole when they were read. Each is looked at again, later and later, until it
 * is whole, gone, or has not changed for so long that it never will be.
 */
#ifndef COLLECT_RETRY_H
#define COLLECT_RETRY_H

#include "collect/walk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retry {
	char *path; /* owned */
	uint64_t hash;
	struct file_identity identity; /* when it was read last */
	int64_t same_since_us, due_us; /* clock_monotonic_us() */
	unsigned delay_ms;
	bool away; /* handed out by retries_due() */
};

/* All zero is empty. */
struct retries {
	struct retry *items;
	size_t count, away;
};

/* What the loop knows of the time. */
struct retry_clock {
	int64_t monotonic_us, wall_us;
};

/*
 * The candidate was read and was not whole. code: why, as ingest's on_incomplete tells. True: it
 * will be tried again. False: it has been the same for long enough, or there is no room for one
 * more.
 */
bool retries_add(struct retries *retries, const struct candidate *candidate, int code,
	struct retry_clock now);
/* Something happened to a file: if it is waited for, its turn comes soon. False when it is not. */
bool retries_hint(struct retries *retries, const struct candidate *candidate, int64_t now_us);
/* One whose turn has come, or NULL. The path is lent until the next call. */
const char *retries_due(struct retries *retries, int64_t now_us);
/* Those handed out and not added again need no further try, once still() is false for them. */
void retries_sweep(
	struct retries *retries, bool (*still)(const char *path, void *user), void *user);
/* When the next turn comes; INT64_MAX: none. */
int64_t retries_next_us(const struct retries *retries);
/* How many are still tried often. */
size_t retries_young(const struct retries *retries);
void retries_finish(struct retries *retries);

#endif
