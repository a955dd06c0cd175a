/*
 * Prose: words leave that the vocabulary knows, and numbers. A method that a message names is read
 * as a function, and so is what assert() calls one.
 */
#include "triage/redact_char.h"
#include "triage/redact_find.h"

#include <string.h>

/* A method's name. */
#define METHOD_BYTES 512

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

/* One end of a region of memory, "102e5c000-102e60000". */
static bool is_region(const struct redact_scan *scan, size_t at, size_t len, size_t to) {
	const char *text = scan->text;
	size_t start = at;

	if (len < 8 || len > 16 || redact_span_hex(text + at, len) != len)
		return false;
	if (at > 8 && text[at - 1] == '-') {
		start--;
		while (start > 0 && at - start < 18 && redact_is_hex(text[start - 1]))
			start--;
		len = at - 1 - start;
		return len >= 8 && len <= 16 && (start == 0 || text[start - 1] == ' ');
	}
	if (at + len >= to || text[at + len] != '-' || (at > 0 && text[at - 1] != ' '))
		return false;
	start = at + len + 1;
	len = redact_span_hex(text + start, to - start);
	return len >= 8 && len <= 16 && (start + len == to || text[start + len] == ' ');
}

/* Reads one word or one other character; bytes. */
static size_t read_word(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text;
	size_t n = word_length(text + at, to - at);
	struct redact_match match;
	uint32_t point;

	match = redact_names_at(scan->names, text + at, to - at);
	if (n == 0 && (match.len == 0 || match.part || match.whole))
		return redact_char(text + at, to - at, &point);
	if (n == 0) {
		scan->found(match.kind, at, at + match.len, scan->user);
		return match.len;
	}
	/* A login may be a number. */
	if ((match.len != n || match.part) &&
		(is_number(text + at, n) || is_region(scan, at, n, to)))
		return n;
	if (match.len > 0 && !match.part &&
		(match.len == n ||
			(match.len > n && at + match.len <= to &&
				(at + match.len == to || word_char(text + at + match.len,
								 to - at - match.len) == 0)))) {
		scan->found(match.kind, at, at + match.len, scan->user);
		return match.len;
	}
	if (!redact_identifier_known(scan->words, text + at, n) ||
		redact_has_name(scan, at, at + n))
		scan->found(REDACT_WORD, at, at + n, scan->user);
	return n;
}

void redact_scan_words(const struct redact_scan *scan, size_t from, size_t to) {
	for (size_t i = from, n; i < to; i += n) {
		n = redact_placeholder(scan->text + i, to - i);
		if (n == 0)
			n = read_word(scan, i, to);
	}
}

/* "-[Class(Category) selector:with:]": bytes, 0 when it is none. */
static size_t method_length(const char *text, size_t len) {
	size_t n = 2, blanks = 0;

	if (len < 6 || (text[0] != '-' && text[0] != '+') || text[1] != '[')
		return 0;
	while (n < len && n < METHOD_BYTES && text[n] != ']') {
		if (text[n] == ' ' && ++blanks > 1)
			return 0;
		if (!redact_is_ident(text[n]) && strchr(" :().+*", text[n]) == NULL)
			return 0;
		n++;
	}
	return blanks == 1 && n < len && text[n] == ']' ? n + 1 : 0;
}

/* Where assert() names the function on the line that starts at at: its name, at most an identifier
 * with its scopes. */
static size_t asserted(const char *text, size_t at, size_t to, size_t *ret_len) {
	static const char start[] = "assertion failed: ", word[] = ", function ";
	size_t end = at, n = 0;

	if (!redact_at(text + at, to - at, start))
		return to;
	for (; end < to && text[end] != '\n'; end++) {
		if (text[end] == ',' && redact_at(text + end, to - end, word))
			break;
	}
	if (end == to || text[end] == '\n')
		return to;
	end += sizeof word - 1;
	while (end + n < to && (redact_is_ident(text[end + n]) || text[end + n] == ':'))
		n++;
	*ret_len = n;
	return n > 0 && end + n < to && text[end + n] == ',' ? end : to;
}

struct line {
	size_t function, function_len; /* of assert(); function: the end of the text for none */
};

static size_t read_token(const struct redact_scan *scan, const struct line *line, size_t from,
	size_t at, size_t to) {
	const char *text = scan->text;
	char before = (char)(at > from ? text[at - 1] : 0);
	size_t n = redact_placeholder(text + at, to - at);

	if (n > 0)
		return n;
	n = redact_find_path(scan, at, to, true);
	if (n > 0)
		return n;
	if (at == line->function)
		n = line->function_len;
	else if (!redact_is_ident(before))
		n = method_length(text + at, to - at);
	if (n > 0) {
		redact_scan_marks(scan, at, at + n, true);
		return n;
	}
	if (!redact_is_ident(before))
		n = redact_kernel_part(text + at, to - at);
	if (n > 0) {
		const char *version = memchr(text + at, '(', n);

		redact_scan_marks(scan, at, (size_t)(version - text), false);
		return n;
	}
	if (!redact_is_ident(before) && (unsigned char)before < 0x80)
		n = redact_find(scan, at, to, true);
	return n > 0 ? n : read_word(scan, at, to);
}

void redact_scan_text(const struct redact_scan *scan, size_t from, size_t to) {
	struct line line = {.function = to};

	for (size_t i = from, n; i < to; i += n) {
		if (i == from || scan->text[i - 1] == '\n')
			line.function = asserted(scan->text, i, to, &line.function_len);
		n = read_token(scan, &line, from, i, to);
	}
}
