/* One place for each remainder of the hash. */
#include "collect/recent.h"

#include <stddef.h>

static uint64_t add_text(uint64_t hash, const char *text) {
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return (hash ^ 0xffu) * 0x100000001b3u;
}

bool recent_note(
	struct recent *recent, const char *text, const char *more, int64_t now_us, int64_t for_us) {
	uint64_t hash = add_text(add_text(0xcbf29ce484222325u, text), more);
	size_t i = (size_t)((hash >> 32 ^ hash) % RECENT_PLACES);
	if (recent->places[i].hash == hash && now_us < recent->places[i].until_us)
		return true;
	recent->places[i].hash = hash;
	recent->places[i].until_us = now_us + for_us;
	return false;
}
