/* Texts kept once, and places found by a key; knows nothing of incidents. */
#include "base/text.h"
#include "export/analysis_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 256

/* ---- places ---- */

struct places_slot {
	struct places_key key;
	size_t index;
	bool used;
};

static struct places_slot *slot_of(const struct places *places, const struct places_key *key) {
	uint64_t hash = text_hash(TEXT_HASH_START, (const char *)key, sizeof *key);
	size_t at = (size_t)(hash ^ hash >> 32) & (places->cap - 1);
	while (places->slots[at].used && memcmp(&places->slots[at].key, key, sizeof *key) != 0)
		at = (at + 1) & (places->cap - 1);
	return &places->slots[at];
}

static int grow_places(struct places *places) {
	struct places larger = {
		.cap = places->cap ? places->cap * 2 : FIRST_ROOM, .count = places->count};
	if (places->cap && places->count < places->cap / 4 * 3)
		return 0;
	larger.slots = calloc(larger.cap, sizeof *larger.slots);
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < places->cap; i++)
		if (places->slots[i].used)
			*slot_of(&larger, &places->slots[i].key) = places->slots[i];
	free(places->slots);
	*places = larger;
	return 0;
}

int places_find(struct places *places, const struct places_key *key, size_t next, size_t *ret) {
	int code = grow_places(places);
	if (code)
		return code;
	struct places_slot *slot = slot_of(places, key);
	if (!slot->used) {
		*slot = (struct places_slot){.key = *key, .index = next, .used = true};
		places->count++;
	}
	*ret = slot->index;
	return 0;
}

void places_finish(struct places *places) {
	free(places->slots);
	*places = (struct places){0};
}

/* ---- texts ---- */

/* One for each text as it came, in its form, and one for each as it is kept. */
struct text_slot {
	const char *text; /* NULL: free */
	const char *kept;
	uint64_t hash;
	int form; /* an enum redact_form, FACTS and an enum redact_fact, or KEPT: what others became
		   */
};

#define KEPT (-1)
#define FACTS (REDACT_FORM_COUNT + 1)

static struct text_slot *text_slot_of(
	const struct texts *texts, int form, const char *text, uint64_t hash) {
	size_t at = (size_t)(hash ^ hash >> 32) & (texts->cap - 1);
	for (;; at = (at + 1) & (texts->cap - 1)) {
		struct text_slot *slot = &texts->slots[at];
		if (!slot->text)
			return slot;
		if (slot->hash == hash && slot->form == form && !strcmp(slot->text, text))
			return slot;
	}
}

static bool grow_texts(struct texts *texts) {
	struct text_slot *old = texts->slots;
	size_t old_cap = texts->cap, cap = old_cap ? old_cap * 2 : FIRST_ROOM;
	if (old_cap && texts->count + 1 < old_cap / 4 * 3)
		return true;
	texts->slots = calloc(cap, sizeof *texts->slots);
	if (!texts->slots) {
		texts->slots = old;
		return false;
	}
	texts->cap = cap;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].text)
			*text_slot_of(texts, old[i].form, old[i].text, old[i].hash) = old[i];
	free(old);
	return true;
}

static uint64_t hash_of(int form, const char *text) {
	char c = (char)form;
	return text_hash(text_hash(TEXT_HASH_START, &c, 1), text, strlen(text));
}

/* The one copy of a text that nothing more happens to. */
static const char *keep_one(struct texts *texts, const char *text) {
	uint64_t hash = hash_of(KEPT, text);
	if (!grow_texts(texts))
		return NULL;
	struct text_slot *slot = text_slot_of(texts, KEPT, text, hash);
	if (slot->text)
		return slot->kept;
	const char *copy = arena_strdup(texts->arena, text);
	if (!copy)
		return NULL;
	*slot = (struct text_slot){.text = copy, .kept = copy, .hash = hash, .form = KEPT};
	texts->count++;
	return copy;
}

static const char *keep_redacted(struct texts *texts, int form, const char *text) {
	uint64_t hash = hash_of(form, text);
	struct text_slot *slot;
	if (!grow_texts(texts))
		return NULL;
	slot = text_slot_of(texts, form, text, hash);
	if (slot->text)
		return slot->kept;
	buf_reset(&texts->redacted);
	if (form >= (int)FACTS)
		redact_fact(texts->redactor, (enum redact_fact)(form - (int)FACTS), text,
			&texts->redacted);
	else
		redact(texts->redactor, (enum redact_form)form, text, &texts->redacted);
	const char *copy = arena_strdup(texts->arena, text);
	const char *kept =
		texts->redacted.failed ? NULL : keep_one(texts, buf_str(&texts->redacted));
	if (!copy || !kept || !grow_texts(texts))
		return NULL;
	slot = text_slot_of(texts, form, text, hash); /* they may have moved */
	*slot = (struct text_slot){.text = copy, .kept = kept, .hash = hash, .form = form};
	texts->count++;
	return kept;
}

const char *texts_keep(struct texts *texts, enum redact_form form, const char *text) {
	const char *ret;
	if (!text)
		return NULL;
	if (texts->redactor && form != TEXTS_AS_IS)
		ret = keep_redacted(texts, (int)form, text);
	else
		ret = keep_one(texts, text);
	texts->failed = texts->failed || !ret;
	return ret;
}

const char *texts_keep_fact(struct texts *texts, enum redact_fact fact, const char *text) {
	if (!text || !texts->redactor)
		return texts_keep(texts, TEXTS_AS_IS, text);
	const char *ret = keep_redacted(texts, (int)FACTS + (int)fact, text);
	texts->failed = texts->failed || !ret;
	return ret;
}

/* A frame without a symbol is "IMAGE+0x64bc". */
static void redact_part(struct redactor *redactor, const char *part, bool frame, struct buf *ret) {
	const char *plus = strrchr(part, '+');
	if (frame && plus && plus > part && text_starts(plus, "+0x")) {
		redact_bytes(redactor, REDACT_FORM_NAME, part, (size_t)(plus - part), ret);
		buf_add_char(ret, '+');
		redact(redactor, REDACT_FORM_TEXT, plus + 1, ret);
		return;
	}
	redact(redactor, frame ? REDACT_FORM_SYMBOL : REDACT_FORM_TEXT, part, ret);
}

const char *texts_keep_signature(struct texts *texts, const char *text) {
	struct buf whole = {0}, part = {0};
	if (!text || !texts->redactor)
		return texts_keep(texts, TEXTS_AS_IS, text);
	for (bool first = true; text; first = false) {
		const char *end = strstr(text, " | ");
		buf_reset(&part);
		buf_add(&part, text, end ? (size_t)(end - text) : strlen(text));
		if (!first)
			buf_add_str(&whole, " | ");
		redact_part(texts->redactor, buf_str(&part), !first, &whole);
		text = end ? end + 3 : NULL;
	}
	texts->failed = texts->failed || whole.failed || part.failed;
	const char *ret = texts_keep(texts, TEXTS_AS_IS, buf_str(&whole));
	buf_finish(&part);
	buf_finish(&whole);
	return ret;
}

void texts_finish(struct texts *texts) {
	free(texts->slots);
	buf_finish(&texts->redacted);
	*texts = (struct texts){0};
}
