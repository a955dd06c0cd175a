/* A few places for each remainder of the hash, so that two busy ones do not drive each other out.
 */
#include "collect/recent.h"

#include <stddef.h>

#define WAYS 8

static uint64_t add_text(uint64_t hash, const char *text) {
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return (hash ^ 0xffu) * 0x100000001b3u;
}

bool recent_note(
	struct recent *recent, const char *text, const char *more, int64_t now_us, int64_t for_us) {
	uint64_t hash = add_text(add_text(0xcbf29ce484222325u, text), more);
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
