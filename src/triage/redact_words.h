/*
 * The vocabulary: words that may leave, and how an identifier is cut into words. Compiled in from
 * schema/vocabulary.txt and the built-in rules; a redactor may have words of its own beside it.
 */
#ifndef TRIAGE_REDACT_WORDS_H
#define TRIAGE_REDACT_WORDS_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Made by the build: NUL-terminated words one after the other, and a table of where they start. */
extern const char redact_words_text[];
extern const uint32_t redact_words_slots[];
extern const size_t redact_words_slot_count; /* a power of two */

/* No word is longer. */
#define REDACT_WORD_BYTES 40

/* Words of a redactor's own, beside the compiled ones. */
struct redact_words {
	struct arena *arena; /* borrowed */
	const char **slots;
	size_t slot_count, count;
};

/* Adds every word of text. Returns 0 or -ENOMEM. */
int redact_words_add(struct redact_words *words, const char *text);

/* Whether one word of ASCII letters, of whatever case, is known. own may be NULL. */
bool redact_word_known(const struct redact_words *own, const char *word, size_t len);

/* The same for the words of a function, of which there are more: "parker" is a name, but not in
 * one. */
bool redact_symbol_word_known(const struct redact_words *own, const char *word, size_t len);

/* Bytes of the first word of an identifier ("set" of "setComputePipelineState", "AGX" of
 * "AGXMetal"): letters or digits, nothing else; 0 when none stands there. */
size_t redact_subword(const char *text, size_t len);

/* Whether an identifier may stand in prose: all of its words are known. */
bool redact_identifier_known(const struct redact_words *own, const char *text, size_t len);

#endif
