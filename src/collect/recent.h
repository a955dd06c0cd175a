/*
 * What was done a moment ago, so that a file that changes a thousand times a second is neither read
 * nor told of as often. Forgets when many others come in between, and remembers by hash: whoever
 * asks must be able to do without an answer now.
 */
#ifndef COLLECT_RECENT_H
#define COLLECT_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#define RECENT_PLACES 128

struct recent_place {
	uint64_t hash;
	int64_t until_us;
};

/* Zeroed: empty. */
struct recent {
	struct recent_place places[RECENT_PLACES];
};

/* True when the same two texts (either may be NULL) were noted and their time is not over. If not,
 * notes them for for_us. now_us: monotonic, never 0. */
bool recent_note(
	struct recent *recent, const char *text, const char *more, int64_t now_us, int64_t for_us);

#endif
