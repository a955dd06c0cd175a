/* The pull reader. Knows JSON and nothing of reports. */
#include "ips/json.h"

#include "base/limits.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Stands for an escape that is none; cleaning makes it U+FFFD. One byte, so that nothing gets
 * longer than its source. */
#define NO_ESCAPE '\x01'

void json_init(struct json *json, const char *bytes, size_t len, struct err *err) {
	*json = (struct json){.start = bytes, .p = bytes, .end = bytes + len, .err = err};
}

bool json_fail(struct json *json, int code, const char *what) {
	if (json->code)
		return false;
	json->code = code ? code : -EBADMSG;
	if (json->p >= json->end && !code)
		err_set(json->err, json->code, "truncated: the JSON ends at byte %zu (%s)",
			(size_t)(json->end - json->start), what);
	else if (!code)
		err_set(json->err, json->code, "malformed JSON at byte %zu: %s",
			(size_t)(json->p - json->start), what);
	else
		err_set(json->err, json->code, "%s (at byte %zu)", what,
			(size_t)(json->p - json->start));
	json->p = json->end;
	return false;
}

static inline bool is_space(char c) {
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline char next_char(struct json *json) {
	while (json->p < json->end && is_space(*json->p))
		json->p++;
	if (json->p == json->end)
		return '\0';
	return *json->p;
}

enum json_type json_peek(struct json *json) {
	if (json->code)
		return JSON_END;
	char c = next_char(json);
	switch (c) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case 'n':
		return JSON_NULL;
	default:
		if (c == '-' || (c >= '0' && c <= '9'))
			return JSON_NUMBER;
		json_fail(json, 0, "a value is missing");
		return JSON_END;
	}
}

void json_enter(struct json *json) {
	json->p++;
	if (++json->depth > LIMIT_JSON_DEPTH)
		json_fail(json, -E2BIG, "nested too deep");
}

/* Non-zero when one of the eight bytes is c. */
static inline uint64_t has_byte(uint64_t word, unsigned char c) {
	const uint64_t ones = 0x0101010101010101;
	uint64_t x = word ^ ones * c;
	return (x - ones) & ~x & ones << 7;
}

/* The next quote or backslash, or end. */
static inline const char *find_special(const char *p, const char *end) {
	for (; end - p >= 8; p += 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		if (has_byte(word, '"') | has_byte(word, '\\'))
			break;
	}
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* Moves p behind the closing quote; p stands behind the opening one. */
static bool skip_string_tail(struct json *json, bool *ret_escaped) {
	const char *p = json->p;
	for (;;) {
		p = find_special(p, json->end);
		if (p < json->end && *p == '"') {
			json->p = p + 1;
			return true;
		}
		if (json->end - p < 2) {
			json->p = json->end;
			return json_fail(json, 0, "inside a string");
		}
		*ret_escaped = true;
		p += 2;
	}
}

/* What stands between the quotes; p stands at the opening one. */
static bool raw_string(struct json *json, const char **ret, size_t *ret_len, bool *ret_escaped) {
	const char *from = ++json->p;
	*ret_escaped = false;
	if (!skip_string_tail(json, ret_escaped))
		return false;
	*ret = from;
	*ret_len = (size_t)(json->p - from) - 1;
	return true;
}

static int hex_digit(char c) {
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at text, or -1. */
static int32_t hex4(const char *text, const char *end) {
	if (end - text < 4)
		return -1;
	int32_t value = 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(text[i]);
		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* Undoes "\uXXXX", with its second half where there is one; lone halves become U+FFFD. p stands
 * behind the "u". */
static const char *unescape_unicode(const char *p, const char *end, char **dst) {
	int32_t code = hex4(p, end);
	if (code < 0) {
		*(*dst)++ = NO_ESCAPE;
		return p;
	}
	p += 4;
	if (code >= 0xd800 && code < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
		int32_t low = hex4(p + 2, end);
		if (low >= 0xdc00 && low < 0xe000) {
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
			p += 6;
		}
	}
	if (code >= 0xd800 && code < 0xe000)
		code = 0xfffd;
	*dst += text_encode(*dst, (uint32_t)code);
	return p;
}

/* Never longer than its source. */
static size_t unescape(char *dst, const char *p, size_t len) {
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *end = p + len;
	char *start = dst;
	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		const char *stop = slash ? slash : end;
		memcpy(dst, p, (size_t)(stop - p));
		dst += stop - p;
		p = stop;
		if (p + 1 >= end)
			break;
		char c = p[1];
		p += 2;
		const char *known = memchr(from, c, sizeof from - 1);
		if (known)
			*dst++ = to[known - from];
		else if (c == 'u')
			p = unescape_unicode(p, end, &dst);
		else
			*dst++ = NO_ESCAPE;
	}
	return (size_t)(dst - start);
}

/* At most max bytes of text, cut between code points. */
static size_t cut(const char *text, size_t len, size_t max) {
	if (len <= max)
		return len;
	while (max && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

/* NULL without memory. */
static char *slow_text(struct arena *arena, const char *raw, size_t *len, enum text_keep keep,
	const char **ret_odd) {
	char *kept = NULL, *unescaped = malloc(*len + 1);
	if (!unescaped)
		return NULL;
	size_t unescaped_len = unescape(unescaped, raw, *len);
	if (text_is_clean(unescaped, unescaped_len, keep)) {
		kept = arena_strndup(arena, unescaped, unescaped_len);
		*len = unescaped_len;
	} else {
		kept = arena_alloc(arena, 3 * unescaped_len + 1);
		if (kept)
			*len = text_clean(kept, unescaped, unescaped_len, keep);
		*ret_odd = "control bytes or invalid UTF-8 became U+FFFD";
	}
	free(unescaped);
	return kept;
}

bool json_text(struct json *json, struct arena *arena, size_t max, bool lines, const char **ret,
	const char **ret_odd) {
	const char *raw = NULL;
	char *text;
	size_t len = 0;
	enum text_keep keep = lines ? TEXT_LINES : TEXT_LINE;
	bool escaped;
	if (!raw_string(json, &raw, &len, &escaped))
		return false;
	if (!len) {
		*ret = NULL;
		return true;
	}
	if (len > 6 * max) { /* an escape has at most 6 bytes for one */
		len = 6 * max;
		*ret_odd = "shortened";
	}
	if (!escaped && text_is_clean(raw, len, keep))
		text = arena_strndup(arena, raw, len);
	else
		text = slow_text(arena, raw, &len, keep, ret_odd);
	if (!text)
		return json_fail(json, -ENOMEM, "the report needs more memory than it may have");
	text[cut(text, len, max)] = '\0';
	if (len > max)
		*ret_odd = "shortened";
	*ret = text;
	return true;
}

/* The token of a number; checks JSON's grammar. */
static bool number(struct json *json, const char **ret, size_t *ret_len, bool *ret_whole) {
	const char *p = json->p, *end = json->end;
	*ret = p;
	*ret_whole = true;
	if (p < end && *p == '-')
		p++;
	const char *digits = p;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	bool good = p > digits && (*digits != '0' || p == digits + 1);
	if (good && p < end && *p == '.') {
		*ret_whole = false;
		const char *fraction = ++p;
		while (p < end && *p >= '0' && *p <= '9')
			p++;
		good = p > fraction;
	}
	if (good && p < end && (*p | 0x20) == 'e') {
		*ret_whole = false;
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		const char *exponent = p;
		while (p < end && *p >= '0' && *p <= '9')
			p++;
		good = p > exponent;
	}
	json->p = p;
	*ret_len = (size_t)(p - *ret);
	return good || json_fail(json, 0, "not a number");
}

bool json_u64(struct json *json, uint64_t *ret) {
	const char *p = json->p, *end = json->end;
	bool negative = p < end && *p == '-';
	uint64_t value = 0;
	p += negative;
	const char *digits = p;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		value = value * 10 + (uint64_t)(*p - '0');
	bool plain = p > digits && (*digits != '0' || p == digits + 1) && p < end && *p != '.' &&
		     (*p | 0x20) != 'e';
	if (!plain) { /* the slow way knows what is wrong with it */
		const char *token;
		size_t len;
		bool whole;
		if (!number(json, &token, &len, &whole) || !whole)
			return false;
	}
	json->p = p;
	*ret = negative ? 0 - value : value;
	return true;
}

bool json_i64(struct json *json, int64_t *ret) {
	const char *token;
	size_t len;
	bool whole;
	if (!number(json, &token, &len, &whole) || !whole)
		return false;
	return text_i64(token, len, ret);
}

bool json_double(struct json *json, double *ret) {
	const char *token;
	size_t len;
	bool whole;
	char copy[64];
	if (!number(json, &token, &len, &whole) || len >= sizeof copy)
		return false;
	memcpy(copy, token, len);
	copy[len] = '\0';
	double value = strtod(copy, NULL);
	if (!isfinite(value))
		return false;
	*ret = value;
	return true;
}

static bool skip_literal(struct json *json, const char *word) {
	size_t len = strlen(word);
	size_t left = (size_t)(json->end - json->p);
	if (left < len && memcmp(json->p, word, left) == 0)
		json->p = json->end;
	else if (left >= len && memcmp(json->p, word, len) == 0) {
		json->p += len;
		return true;
	}
	return json_fail(json, 0, "a value is expected");
}

static bool skip_scalar(struct json *json, enum json_type type) {
	const char *token;
	size_t len;
	bool whole, escaped;
	switch (type) {
	case JSON_STRING:
		json->p++;
		return skip_string_tail(json, &escaped);
	case JSON_NUMBER:
		return number(json, &token, &len, &whole);
	case JSON_TRUE:
		return skip_literal(json, "true");
	case JSON_FALSE:
		return skip_literal(json, "false");
	case JSON_NULL:
		return skip_literal(json, "null");
	case JSON_END:
	case JSON_OBJECT:
	case JSON_ARRAY:
	default:
		return false;
	}
}

static bool skip_name(struct json *json) {
	if (next_char(json) != '"')
		return json_fail(json, 0, "a member's name is missing");
	bool escaped;
	json->p++;
	if (!skip_string_tail(json, &escaped))
		return false;
	if (next_char(json) != ':')
		return json_fail(json, 0, "':' is missing");
	json->p++;
	return true;
}

/* Consumes commas and closing brackets behind a value. open[]: which brackets are open. True:
 * another value follows, or *depth is 0. */
static bool skip_to_next(struct json *json, const char *open, int *depth) {
	while (*depth) {
		char c = next_char(json);
		char close = open[*depth - 1] == '{' ? '}' : ']';
		if (c == ',') {
			json->p++;
			return open[*depth - 1] == '[' || skip_name(json);
		}
		if (c != close)
			return json_fail(json, 0,
				close == '}' ? "',' or '}' is missing" : "',' or ']' is missing");
		json->p++;
		--*depth;
	}
	return true;
}

bool json_skip(struct json *json) {
	char open[LIMIT_JSON_DEPTH];
	int depth = 0;
	do {
		enum json_type type = json_peek(json);
		if (type == JSON_OBJECT || type == JSON_ARRAY) {
			if (depth + json->depth >= LIMIT_JSON_DEPTH)
				return json_fail(json, -E2BIG, "nested too deep");
			open[depth++] = *json->p++;
			char close = type == JSON_OBJECT ? '}' : ']';
			if (next_char(json) != close) {
				if (type == JSON_OBJECT && !skip_name(json))
					return false;
				continue;
			}
		} else if (!skip_scalar(json, type)) {
			return false;
		}
		if (!skip_to_next(json, open, &depth))
			return false;
	} while (depth);
	return true;
}

/* True when another member or element follows. */
static bool advance(struct json *json, bool *first, char close) {
	if (json->code)
		return false;
	char c = next_char(json);
	if (c == close) {
		json->p++;
		json->depth--;
		return false;
	}
	if (!*first) {
		if (c != ',')
			return json_fail(json, 0, "',' or a closing bracket is missing");
		json->p++;
	}
	*first = false;
	return true;
}

bool json_next_element(struct json *json, bool *first) {
	return advance(json, first, ']') && json_peek(json) != JSON_END;
}

static void set_key(struct json_key *key, const char *raw, size_t len, bool escaped) {
	key->len = 0;
	if (len >= JSON_KEY_BYTES * 6) {
		key->text[0] = '\0';
		return;
	}
	if (len < JSON_KEY_BYTES && !escaped) {
		memcpy(key->text, raw, len);
		key->len = len;
	} else {
		char plain[JSON_KEY_BYTES * 6];
		size_t plain_len = unescape(plain, raw, len);
		if (plain_len < JSON_KEY_BYTES) {
			memcpy(key->text, plain, plain_len);
			key->len = plain_len;
		}
	}
	key->text[key->len] = '\0';
}

bool json_next_member(struct json *json, bool *first, struct json_key *ret_key) {
	const char *raw;
	size_t len;
	bool escaped;
	if (!advance(json, first, '}'))
		return false;
	if (next_char(json) != '"')
		return json_fail(json, 0, "a member's name is missing");
	if (!raw_string(json, &raw, &len, &escaped))
		return false;
	set_key(ret_key, raw, len, escaped);
	if (next_char(json) != ':')
		return json_fail(json, 0, "':' is missing");
	json->p++;
	return json_peek(json) != JSON_END;
}
