/*
 * Looking words up. An identifier is as known as the least known of its words; a name of Apple's
 * public interfaces, told by its prefix, as the most of them.
 */
#include "triage/redact_words.h"

#include "base/text.h"
#include "triage/redact_char.h"

#include <errno.h>
#include <string.h>

/* Digits inside of an identifier that are a size or a version ("float16"), not a number of
 * somebody. */
#define DIGITS_OF_A_NAME 4

static bool lower(char *dst, const char *word, size_t len) {
	if (len == 0 || len >= REDACT_WORD_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		dst[i] = redact_lower(word[i]);
	dst[len] = 0;
	return true;
}

static bool find_own(const struct redact_words *own, const char *word, size_t len, size_t *ret) {
	size_t at = text_hash(TEXT_HASH_START, word, len) & (own->slot_count - 1);

	while (own->slots[at] != NULL && strcmp(own->slots[at], word) != 0)
		at = (at + 1) & (own->slot_count - 1);
	*ret = at;
	return own->slots[at] != NULL;
}

static bool find_compiled(const char *key, size_t len) {
	size_t at = text_hash(TEXT_HASH_START, key, len) & (redact_words_slot_count - 1);

	while (redact_words_slots[at] != 0) {
		if (strcmp(redact_words_text + redact_words_slots[at], key) == 0)
			return true;
		at = (at + 1) & (redact_words_slot_count - 1);
	}
	return false;
}

bool redact_word_known(const struct redact_words *own, const char *word, size_t len) {
	char key[REDACT_WORD_BYTES];
	size_t at;

	if (!lower(key, word, len))
		return false;
	return find_compiled(key, len) ||
	       (own != NULL && own->slot_count > 0 && find_own(own, key, len, &at));
}

bool redact_symbol_word_known(const struct redact_words *own, const char *word, size_t len) {
	char key[REDACT_WORD_BYTES + 1] = {':'};

	return redact_word_known(own, word, len) ||
	       (lower(key + 1, word, len) && find_compiled(key, len + 1));
}

static int grow(struct redact_words *words) {
	struct redact_words next = {.arena = words->arena,
		.slot_count = words->slot_count > 0 ? 2 * words->slot_count : 256,
		.count = words->count};
	size_t at;

	next.slots = arena_calloc(words->arena, next.slot_count, sizeof *next.slots);
	if (next.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < words->slot_count; i++) {
		if (words->slots[i] != NULL) {
			find_own(&next, words->slots[i], strlen(words->slots[i]), &at);
			next.slots[at] = words->slots[i];
		}
	}
	*words = next;
	return 0;
}

static int add_word(struct redact_words *words, const char *word, size_t len) {
	char key[REDACT_WORD_BYTES];
	size_t at;

	if (!lower(key, word, len))
		return 0;
	if (2 * words->count >= words->slot_count && grow(words) < 0)
		return -ENOMEM;
	if (find_own(words, key, len, &at))
		return 0;
	words->slots[at] = arena_strndup(words->arena, key, len);
	if (words->slots[at] == NULL)
		return -ENOMEM;
	words->count++;
	return 0;
}

int redact_words_add(struct redact_words *words, const char *text) {
	size_t len = strlen(text), i = 0;

	while (i < len) {
		size_t n = redact_subword(text + i, len - i);

		if (n > 0 && redact_is_letter(text[i]) && add_word(words, text + i, n) < 0)
			return -ENOMEM;
		i += n > 0 ? n : 1;
	}
	return 0;
}

size_t redact_subword(const char *text, size_t len) {
	size_t n = 0;

	if (len == 0)
		return 0;
	if (redact_is_digit(text[0])) {
		while (n < len && redact_is_digit(text[n]))
			n++;
		return n;
	}
	while (n < len && redact_is_upper(text[n]))
		n++;
	/* the last capital starts the next word: "AGXMetal" */
	if (n > 1 && n < len && redact_is_letter(text[n]))
		return n - 1;
	while (n < len && redact_is_letter(text[n]) && !redact_is_upper(text[n]))
		n++;
	return n;
}

/* Bytes of a prefix of Apple's public classes, functions and constants; what follows it starts with
 * a capital. */
static size_t public_prefix(const char *text, size_t len) {
	static const char *const prefixes[] = {"kIOGPU", "kIO", "IOGPU", "IOSurface", "IO", "AGX",
		"MTL", "MPS", "NS", "CF", "CA", "CG", "CI", "CT", "CV", "CM", "AV", "UI", "OS",
		"OBJC", "XPC", "kCF", "kCG", "kCV", "SC", "SK", "WK", "LS", "CL", "ML", "BNNS",
		"ANE", "GPU"};
	size_t skip = 0;

	while (skip < len && text[skip] == '_')
		skip++;
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		size_t n = strlen(prefixes[i]);

		if (len > skip + n && memcmp(text + skip, prefixes[i], n) == 0 &&
			redact_is_upper(text[skip + n]))
			return skip + n;
	}
	return 0;
}

struct tally {
	size_t known, unknown, single;
	bool odd; /* something that no name has */
};

static struct tally count_words(const struct redact_words *own, const char *text, size_t len) {
	struct tally tally = {0};
	size_t i = 0;

	while (i < len) {
		size_t n = redact_subword(text + i, len - i);

		if (n == 0) {
			tally.odd |= text[i] != '_' && text[i] != '$';
			i++;
			continue;
		}
		if (redact_is_digit(text[i]))
			tally.odd |= n > DIGITS_OF_A_NAME;
		else if (n == 1)
			tally.single++;
		else if (redact_word_known(own, text + i, n))
			tally.known++;
		else
			tally.unknown++;
		i += n;
	}
	return tally;
}

/* A few letters or digits each are no words: "x7f3k9q". */
static bool is_jumble(const char *text, size_t len) {
	size_t pieces = 0, letters = 0, single = 0;

	for (size_t i = 0, n; i<len; i += n> 0 ? n : 1) {
		n = redact_subword(text + i, len - i);
		if (n > 0 && redact_is_letter(text[i])) {
			letters += n;
			single += n == 1;
		}
		pieces += n > 0;
	}
	return single > 2 || (pieces > 4 && letters < 2 * pieces);
}

bool redact_identifier_known(const struct redact_words *own, const char *text, size_t len) {
	struct tally tally;
	size_t prefix;

	if (redact_word_known(own, text, len))
		return true;
	tally = count_words(own, text, len);
	if (tally.odd || is_jumble(text, len))
		return false;
	if (tally.unknown == 0)
		return true;
	prefix = public_prefix(text, len);
	if (prefix == 0)
		return false;
	tally = count_words(own, text + prefix, len - prefix);
	return tally.known > tally.unknown;
}
