/*
 * Prose: words leave that the vocabulary knows, and numbers.
 */
#include "triage/redact_char.h"
#include "triage/redact_scan.h"

#include <string.h>

/* A letter, a digit, or what is neither blank nor punctuation. */
static size_t word_char(const char *text, size_t len) {
	uint32_t point;
	size_t n;

	if ((unsigned char)text[0] < 0x80)
		return redact_is_ident(text[0]);
	n = redact_char(text, len, &point);
	return redact_is_mark(point) ? 0 : n;
}

static size_t word_length(const char *text, size_t len) {
	size_t done = 0, n;

	while (done < len && (n = word_char(text + done, len - done)) > 0)
		done += n;
	return done;
}

/* "42", "0x5c8" */
static bool is_number(const char *text, size_t len) {
	size_t i = 0;

	if (len > 2 && text[0] == '0' && redact_lower(text[1]) == 'x') {
		for (i = 2; i < len && redact_is_hex(text[i]); i++)
			;
		return i == len && len <= 18;
	}
	while (i < len && redact_is_digit(text[i]))
		i++;
	return i == len && len <= 20;
}

static enum redact_kind kind_of_word(const struct redact_scan *scan, const char *text, size_t len) {
	struct redact_match match = redact_names_at(scan->names, text, len);

	return match.len == len ? match.kind : REDACT_WORD;
}

void redact_scan_text(const struct redact_scan *scan, size_t from, size_t to) {
	const char *text = scan->text;
	size_t n;

	for (size_t i = from; i < to; i += n) {
		n = redact_placeholder(text + i, to - i);
		if (n > 0)
			continue;
		n = word_length(text + i, to - i);
		if (n > 0 && !is_number(text + i, n) &&
			!redact_identifier_known(scan->words, text + i, n))
			scan->found(kind_of_word(scan, text + i, n), i, i + n, scan->user);
		if (n == 0)
			n = (unsigned char)text[i] < 0x80
				    ? 1
				    : redact_char(text + i, to - i, &(uint32_t){0});
	}
}
