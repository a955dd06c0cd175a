/*
 * A hash table that starts anew when it is full: what is asked for often is soon back. Texts are
 * compared as a whole, for a mistake would let something private go.
 */
#include "triage/redact_seen.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* Three quarters of them are used; an archive of real reports has a few thousand texts. */
#define SEEN_SLOTS 16384
#define SEEN_MAX (SEEN_SLOTS / 4 * 3)
#define SEEN_ARENA_BYTES ((size_t)4 << 20)
/* Longer functions are rare, and reading them again is no loss. */
#define SEEN_TEXT_BYTES 1024

struct redact_seen_text {
	const char *text; /* NULL: none */
	uint32_t hash;
	uint16_t len;
	uint8_t form;
};

void redact_seen_init(struct redact_seen *seen) {
	*seen = (struct redact_seen){0};
	arena_init(&seen->arena, SEEN_ARENA_BYTES);
}

void redact_seen_finish(struct redact_seen *seen) {
	arena_finish(&seen->arena);
}

void redact_seen_clear(struct redact_seen *seen) {
	if (seen->slots == NULL)
		return;
	arena_reset(&seen->arena);
	seen->slots = NULL;
	seen->count = 0;
}

static uint32_t hash_text(enum redact_form form, const char *text, size_t len) {
	uint64_t hash = text_hash(TEXT_HASH_START + (uint64_t)form, text, len);
	return (uint32_t)(hash ^ hash >> 32);
}

/* The slot of the text, or the empty one that would be its. */
static struct redact_seen_text *slot_of(const struct redact_seen *seen, enum redact_form form,
	uint32_t hash, const char *text, size_t len) {
	for (size_t at = hash;; at++) {
		struct redact_seen_text *slot = &seen->slots[at & (SEEN_SLOTS - 1)];
		if (slot->text == NULL ||
			(slot->hash == hash && slot->form == form && slot->len == len &&
				memcmp(slot->text, text, len) == 0))
			return slot;
	}
}

bool redact_seen_find(
	const struct redact_seen *seen, enum redact_form form, const char *text, size_t len) {
	return seen->slots != NULL && len <= SEEN_TEXT_BYTES &&
	       slot_of(seen, form, hash_text(form, text, len), text, len)->text != NULL;
}

/* Room for one more. */
static bool make_room(struct redact_seen *seen) {
	if (seen->count == SEEN_MAX)
		redact_seen_clear(seen);
	if (seen->slots == NULL)
		seen->slots = arena_calloc(&seen->arena, SEEN_SLOTS, sizeof(*seen->slots));
	return seen->slots != NULL;
}

void redact_seen_add(
	struct redact_seen *seen, enum redact_form form, const char *text, size_t len) {
	if (len > SEEN_TEXT_BYTES || !make_room(seen))
		return;
	uint32_t hash = hash_text(form, text, len);
	struct redact_seen_text *slot = slot_of(seen, form, hash, text, len);
	if (slot->text != NULL)
		return;
	char *copy = arena_alloc(&seen->arena, len + 1);
	if (copy == NULL) {
		redact_seen_clear(seen);
		return;
	}
	memcpy(copy, text, len);
	*slot = (struct redact_seen_text){copy, hash, (uint16_t)len, (uint8_t)form};
	seen->count++;
}
