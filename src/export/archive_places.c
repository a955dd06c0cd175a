/* Where in the archive each placeholder came first: for people who look before they send. */
#include "export/archive_parts.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct place {
	char *placeholder; /* NULL: empty slot */
	char *member;
};

struct archive_places {
	struct place *slots; /* hash table by placeholder */
	size_t count, slot_count;
	const char *member; /* that is noted just now */
};

int archive_places_new(struct archive_places **ret, struct err *err) {
	struct archive_places *places = calloc(1, sizeof *places);
	if (!places)
		return err_set(err, -ENOMEM, "out of memory");
	*ret = places;
	return 0;
}

void archive_places_free(struct archive_places *places) {
	if (!places)
		return;
	for (size_t i = 0; i < places->slot_count; i++) {
		free(places->slots[i].placeholder);
		free(places->slots[i].member);
	}
	free(places->slots);
	free(places);
}

static struct place *find(const struct archive_places *places, const char *placeholder) {
	size_t at = (size_t)text_hash(TEXT_HASH_START, placeholder, strlen(placeholder));
	for (;; at++) {
		struct place *place = &places->slots[at & (places->slot_count - 1)];
		if (!place->placeholder || strcmp(place->placeholder, placeholder) == 0)
			return place;
	}
}

static int grow(struct archive_places *places) {
	struct archive_places larger = {
		.slot_count = places->slot_count ? 2 * places->slot_count : 256,
		.count = places->count};
	larger.slots = calloc(larger.slot_count, sizeof *larger.slots);
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < places->slot_count; i++)
		if (places->slots[i].placeholder)
			*find(&larger, places->slots[i].placeholder) = places->slots[i];
	free(places->slots);
	places->slots = larger.slots;
	places->slot_count = larger.slot_count;
	return 0;
}

static int note(const struct redact_replacement *replacement, void *user) {
	struct archive_places *places = user;
	if (!replacement->count)
		return 0;
	if (2 * places->count >= places->slot_count && grow(places) < 0)
		return -ENOMEM;
	struct place *place = find(places, replacement->placeholder);
	if (place->placeholder)
		return 0;
	place->member = strdup(places->member);
	place->placeholder = place->member ? strdup(replacement->placeholder) : NULL;
	if (!place->placeholder) {
		free(place->member);
		*place = (struct place){0};
		return -ENOMEM;
	}
	places->count++;
	return 0;
}

int archive_places_note(struct archive_places *places, const struct redactor *redactor,
	const char *member, struct err *err) {
	places->member = member;
	int r = redactor_each(redactor, note, places);
	return r < 0 ? err_set(err, r, "out of memory") : 0;
}

const char *archive_review_place(const struct archive_review *review, const char *placeholder) {
	if (!review->places->slot_count)
		return NULL;
	const struct place *place = find(review->places, placeholder);
	return place->placeholder ? place->member : NULL;
}
