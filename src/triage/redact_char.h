/*
 * Characters as redaction reads them: classes of ASCII, letters whatever their case, accent or
 * encoding, and placeholders.
 */
#ifndef TRIAGE_REDACT_CHAR_H
#define TRIAGE_REDACT_CHAR_H

#include "triage/redact.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool redact_is_upper(char c) {
	return c >= 'A' && c <= 'Z';
}

static inline bool redact_is_digit(char c) {
	return c >= '0' && c <= '9';
}

static inline bool redact_is_letter(char c) {
	return redact_is_upper(c) || (c >= 'a' && c <= 'z');
}

static inline bool redact_is_hex(char c) {
	return redact_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Bytes of the digits at text. */
static inline size_t redact_span_digits(const char *text, size_t len) {
	size_t n = 0;

	while (n < len && redact_is_digit(text[n]))
		n++;
	return n;
}

static inline size_t redact_span_hex(const char *text, size_t len) {
	size_t n = 0;

	while (n < len && redact_is_hex(text[n]))
		n++;
	return n;
}

static inline char redact_lower(char c) {
	return (char)(redact_is_upper(c) ? c + 'a' - 'A' : c);
}

/* Letters, digits, and what joins them in an identifier. */
static inline bool redact_is_ident(char c) {
	return redact_is_letter(c) || redact_is_digit(c) || c == '_' || c == '$';
}

/* Bytes of the character at text; what is no UTF-8 is one byte. *ret: itself, U+FFFD for those. */
size_t redact_char(const char *text, size_t len, uint32_t *ret);

/*
 * Bytes of the letter at text as names are compared: lower case, without accents, percent-encoding
 * undone. *ret is 0 for what counts for nothing (a combining accent, an invisible character).
 */
size_t redact_letter(const char *text, size_t len, uint32_t *ret);

/* A character beyond ASCII that parts words, as a quote or a dash does. */
bool redact_is_mark(uint32_t point);

/* A character that shows nothing, or turns the direction of others: no name has one. */
bool redact_is_hidden(uint32_t point);

/* Bytes of the placeholder at text, 0 when none stands there. */
size_t redact_placeholder(const char *text, size_t len);

/* Whether text has word at its start, whatever the case; word is lower case. */
bool redact_at(const char *text, size_t len, const char *word);

/* Whether word stands anywhere in text, whatever the case. text may be NULL. */
bool redact_contains(const char *text, const char *word, size_t len);

#endif
