/*
 * Single values of a JSON report, each with the warning that a wrong type earns. Knows no fact of
 * the contract.
 */
#include "ips/report_reader.h"

#include <string.h>

void reader_skip_odd(struct report_reader *reader, const char *what) {
	enum json_type type = json_peek(&reader->json);
	if (json_skip(&reader->json) && type != JSON_NULL)
		report_warn(reader->report, "%s: not of the expected type", what);
}

const char *reader_text(struct report_reader *reader, const char *what, size_t max, bool lines) {
	const char *text = NULL, *odd = NULL;
	if (json_peek(&reader->json) != JSON_STRING) {
		reader_skip_odd(reader, what);
		return NULL;
	}
	json_text(&reader->json, &reader->report->arena, max, lines, &text, &odd);
	if (odd)
		report_warn(reader->report, "%s: %s", what, odd);
	return text;
}

struct u64_opt reader_u64(struct report_reader *reader, const char *what) {
	struct u64_opt number = {0};
	if (json_peek(&reader->json) != JSON_NUMBER) {
		reader_skip_odd(reader, what);
		return number;
	}
	number.set = json_u64(&reader->json, &number.value);
	if (!number.set)
		report_warn(reader->report, "%s: not an integer", what);
	return number;
}

struct i64_opt reader_i64(struct report_reader *reader, const char *what) {
	struct i64_opt number = {0};
	if (json_peek(&reader->json) != JSON_NUMBER) {
		reader_skip_odd(reader, what);
		return number;
	}
	number.set = json_i64(&reader->json, &number.value);
	if (!number.set)
		report_warn(reader->report, "%s: not an integer in range", what);
	return number;
}

enum tristate reader_bool(struct report_reader *reader, const char *what) {
	enum json_type type = json_peek(&reader->json);
	if (type == JSON_TRUE || type == JSON_FALSE) {
		json_skip(&reader->json);
		return type == JSON_TRUE ? TRI_YES : TRI_NO;
	}
	if (type == JSON_NUMBER) { /* "isCorpse" : 1 */
		struct i64_opt number = reader_i64(reader, what);
		if (!number.set)
			return TRI_UNKNOWN;
		return number.value ? TRI_YES : TRI_NO;
	}
	reader_skip_odd(reader, what);
	return TRI_UNKNOWN;
}

static int base64_digit(char c) {
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? memchr(digits, c, 64) : NULL;
	return found ? (int)(found - digits) : -1;
}

uint8_t *reader_base64(struct report_reader *reader, const char *what, size_t *ret_len) {
	const char *text = reader_text(reader, what, 4096, false);
	size_t len = text ? strlen(text) : 0, out = 0;
	*ret_len = 0;
	while (len && text[len - 1] == '=')
		len--;
	uint8_t *bytes = len ? arena_alloc(&reader->report->arena, len) : NULL;
	uint32_t bits = 0;
	for (size_t i = 0; bytes && i < len; i++) {
		int digit = base64_digit(text[i]);
		if (digit < 0) {
			report_warn(reader->report, "%s: not base64", what);
			return NULL;
		}
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4)
			bytes[out++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	*ret_len = out;
	return bytes;
}
