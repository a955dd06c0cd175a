/*
 * Cleaning, globbing and numbers of outside text. Knows no locale: the same bytes give the same
 * answer everywhere.
 */
#include "base/text.h"

#include "base/buf.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"
#define REPLACEMENT_BYTES 3

/* High bits where one of eight bytes is not printable ASCII; borrows and carries only come from
 * bytes that are bad. */
static inline uint64_t bad_bytes(const char *text) {
	const uint64_t space = 0x2020202020202020u, one = 0x0101010101010101u;
	uint64_t word;
	memcpy(&word, text, sizeof word);
	return (word | (word - space) | (word + one)) & 0x8080808080808080u;
}

/* Bytes of printable ASCII at the start. */
static size_t ascii_run(const char *text, size_t len) {
	const size_t word = sizeof(uint64_t);
	size_t i = 0;
	while (len - i >= 4 * word) {
		if (bad_bytes(text + i) | bad_bytes(text + i + word) |
			bad_bytes(text + i + 2 * word) | bad_bytes(text + i + 3 * word))
			break;
		i += 4 * word;
	}
	while (len - i >= word && !bad_bytes(text + i))
		i += word;
	/* The last word may overlap what was seen already. */
	if (len - i < word && len >= word && !bad_bytes(text + len - word))
		return len;
	while (i < len && (unsigned char)text[i] >= 0x20 && (unsigned char)text[i] < 0x7F)
		i++;
	return i;
}

static bool is_kept(uint32_t c, enum text_keep keep) {
	if (c < 0x20)
		return keep == TEXT_LINES && (c == '\n' || c == '\t');
	if (c >= 0x7F && c < 0xA0)
		return false;
	return (c & 0xFFFE) != 0xFFFE && !(c >= 0xFDD0 && c <= 0xFDEF);
}

static bool moves_terminal(uint32_t c) {
	return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x2069);
}

bool text_is_clean(const char *text, size_t len, enum text_keep keep) {
	size_t i = ascii_run(text, len);
	while (i < len) {
		uint32_t c;
		size_t n = text_decode(text + i, len - i, &c);
		if (!n || !is_kept(c, keep))
			return false;
		i += n;
		i += ascii_run(text + i, len - i);
	}
	return true;
}

size_t text_clean(char *dst, const char *text, size_t len, enum text_keep keep) {
	size_t i = 0, out = 0;
	while (i < len) {
		size_t run = ascii_run(text + i, len - i);
		memcpy(dst + out, text + i, run);
		i += run;
		out += run;
		if (i == len)
			break;
		uint32_t c;
		size_t n = text_decode(text + i, len - i, &c);
		if (n && is_kept(c, keep)) {
			memcpy(dst + out, text + i, n);
			out += n;
		} else {
			memcpy(dst + out, REPLACEMENT, REPLACEMENT_BYTES);
			out += REPLACEMENT_BYTES;
		}
		i += n ? n : 1;
	}
	dst[out] = '\0';
	return out;
}

void text_terminal(struct buf *ret, const char *text, size_t len, enum text_keep keep) {
	size_t i = 0;
	while (i < len) {
		size_t run = ascii_run(text + i, len - i);
		buf_add(ret, text + i, run);
		i += run;
		if (i == len)
			break;
		uint32_t c;
		size_t n = text_decode(text + i, len - i, &c);
		if (n && is_kept(c, keep) && !moves_terminal(c))
			buf_add(ret, text + i, n);
		else
			buf_add(ret, REPLACEMENT, REPLACEMENT_BYTES);
		i += n ? n : 1;
	}
}

static bool is_tail(unsigned char c) {
	return (c & 0xC0) == 0x80;
}

static size_t decode_long(const unsigned char *s, size_t len, uint32_t *ret) {
	if (s[0] < 0xE0) {
		if (s[0] < 0xC2 || len < 2 || !is_tail(s[1]))
			return 0;
		*ret = (s[0] & 0x1Fu) << 6 | (s[1] & 0x3Fu);
		return 2;
	}
	if (len < 3 || !is_tail(s[1]) || !is_tail(s[2]))
		return 0;
	if (s[0] < 0xF0) {
		uint32_t c = (s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
		if (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF))
			return 0;
		*ret = c;
		return 3;
	}
	if (len < 4 || s[0] > 0xF4 || !is_tail(s[3]))
		return 0;
	uint32_t c =
		(s[0] & 0x07u) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu);
	if (c < 0x10000 || c > 0x10FFFF)
		return 0;
	*ret = c;
	return 4;
}

size_t text_decode(const char *text, size_t len, uint32_t *ret) {
	if (!len)
		return 0;
	unsigned char first = (unsigned char)text[0];
	if (first >= 0x80)
		return decode_long((const unsigned char *)text, len, ret);
	*ret = first;
	return 1;
}

size_t text_encode(char *dst, uint32_t c) {
	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = 0xFFFD;
	if (c < 0x80) {
		dst[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		dst[0] = (char)(0xC0 | c >> 6);
		dst[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		dst[0] = (char)(0xE0 | c >> 12);
		dst[1] = (char)(0x80 | (c >> 6 & 0x3F));
		dst[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	dst[0] = (char)(0xF0 | c >> 18);
	dst[1] = (char)(0x80 | (c >> 12 & 0x3F));
	dst[2] = (char)(0x80 | (c >> 6 & 0x3F));
	dst[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

uint64_t text_hash(uint64_t hash, const char *text, size_t len) {
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

bool text_starts(const char *text, const char *prefix) {
	return !strncmp(text, prefix, strlen(prefix));
}

bool text_ends(const char *text, const char *suffix) {
	size_t len = strlen(text), tail = strlen(suffix);
	return len >= tail && !memcmp(text + len - tail, suffix, tail);
}

static int digit_value(char c) {
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static bool parse_digits(const char *text, size_t len, unsigned base, uint64_t *ret) {
	uint64_t value = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)digit_value(text[i]);
		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	if (len)
		*ret = value;
	return len > 0;
}

bool text_u64(const char *text, size_t len, uint64_t *ret) {
	if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return parse_digits(text + 2, len - 2, 16, ret);
	return parse_digits(text, len, 10, ret);
}

bool text_i64(const char *text, size_t len, int64_t *ret) {
	bool negative = len && text[0] == '-';
	uint64_t value;
	if (!parse_digits(text + negative, len - negative, 10, &value))
		return false;
	if (value > (uint64_t)INT64_MAX + negative)
		return false;
	*ret = negative ? -(int64_t)(value - 1) - 1 : (int64_t)value;
	if (negative && !value)
		*ret = 0;
	return true;
}
