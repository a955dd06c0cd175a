/* A few places for each remainder of the hash, so that two busy ones do not drive each other out.
 */
#include "collect/recent.h"

#include "base/text.h"

#include <string.h>

#define WAYS 8

static uint64_t add_text(uint64_t hash, const char *text) {
	/* The NUL belongs to it, so that "ab", "c" is not "a", "bc". */
	return text_hash(hash, text ? text : "", text ? strlen(text) + 1 : 1);
}

bool recent_note(
	struct recent *recent, const char *text, const char *more, int64_t now_us, int64_t for_us) {
	uint64_t hash = add_text(add_text(TEXT_HASH_START, text), more);
	size_t first = (size_t)((hash >> 32 ^ hash) % RECENT_PLACES);
	struct recent_place *oldest = &recent->places[first];
	for (size_t i = 0; i < WAYS; i++) {
		struct recent_place *place = &recent->places[(first + i) % RECENT_PLACES];
		if (place->hash == hash && now_us < place->until_us)
			return true;
		if (place->hash == hash) {
			oldest = place;
			break;
		}
		if (place->until_us < oldest->until_us)
			oldest = place;
	}
	*oldest = (struct recent_place){.hash = hash, .until_us = now_us + for_us};
	return false;
}
