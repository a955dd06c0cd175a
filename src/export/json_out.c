/* Writes JSON; knows nothing of what it means. */
#include "export/json_out.h"

#include "base/clock.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_out_init(struct json_out *out, struct buf *buf) {
	*out = (struct json_out){.buf = buf};
}

static bool needs_escape(unsigned char c) {
	return c < 0x20 || c == '"' || c == '\\' || c >= 0x7f;
}

/* Writes the character at text, which is not plain, and returns how many bytes it took. */
static size_t add_special(struct buf *buf, const char *text, size_t len) {
	static const char letters[] = "btn.fr"; /* 8 .. 13; there is no letter for 11 */
	unsigned char c = (unsigned char)*text;
	if (c == '"' || c == '\\') {
		buf_printf(buf, "\\%c", c);
		return 1;
	}
	if (c >= 8 && c <= 13 && c != 11) {
		buf_printf(buf, "\\%c", letters[c - 8]);
		return 1;
	}
	uint32_t code_point;
	size_t n = text_decode(text, len, &code_point);
	if (!n) {
		buf_add_str(buf, "\xef\xbf\xbd");
		return 1;
	}
	/* C1 controls too: a terminal that shows this line must not obey them. */
	if (code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0))
		buf_printf(buf, "\\u%04x", (unsigned)code_point);
	else
		buf_add(buf, text, n);
	return n;
}

static void add_string(struct buf *buf, const char *text) {
	size_t len = strlen(text), i = 0;
	buf_add_char(buf, '"');
	while (i < len) {
		size_t plain = i;
		while (plain < len && !needs_escape((unsigned char)text[plain]))
			plain++;
		buf_add(buf, text + i, plain - i);
		i = plain;
		if (i < len)
			i += add_special(buf, text + i, len - i);
	}
	buf_add_char(buf, '"');
}

static void begin_value(struct json_out *out, const char *key) {
	if (out->comma)
		buf_add_char(out->buf, ',');
	out->comma = true;
	if (!key)
		return;
	add_string(out->buf, key);
	buf_add_char(out->buf, ':');
}

static void open_with(struct json_out *out, const char *key, char bracket) {
	begin_value(out, key);
	buf_add_char(out->buf, bracket);
	out->comma = false;
}

static void close_with(struct json_out *out, char bracket) {
	buf_add_char(out->buf, bracket);
	out->comma = true;
}

void json_out_object(struct json_out *out, const char *key) {
	open_with(out, key, '{');
}

void json_out_object_end(struct json_out *out) {
	close_with(out, '}');
}

void json_out_array(struct json_out *out, const char *key) {
	open_with(out, key, '[');
}

void json_out_array_end(struct json_out *out) {
	close_with(out, ']');
}

void json_out_raw(struct json_out *out, const char *key, const char *json) {
	begin_value(out, key);
	buf_add_str(out->buf, json);
}

void json_out_null(struct json_out *out, const char *key) {
	json_out_raw(out, key, "null");
}

void json_out_bool(struct json_out *out, const char *key, bool value) {
	json_out_raw(out, key, value ? "true" : "false");
}

void json_out_text(struct json_out *out, const char *key, const char *text) {
	if (!text) {
		json_out_null(out, key);
		return;
	}
	begin_value(out, key);
	add_string(out->buf, text);
}

void json_out_i64(struct json_out *out, const char *key, int64_t value) {
	char digits[24];
	snprintf(digits, sizeof digits, "%" PRId64, value);
	json_out_raw(out, key, digits);
}

void json_out_u64(struct json_out *out, const char *key, uint64_t value) {
	char digits[24];
	snprintf(digits, sizeof digits, "%" PRIu64, value);
	json_out_raw(out, key, digits);
}

void json_out_double(struct json_out *out, const char *key, double value) {
	if (!isfinite(value)) {
		json_out_null(out, key);
		return;
	}
	char digits[40];
	for (int precision = 6; precision <= 17; precision++) {
		snprintf(digits, sizeof digits, "%.*g", precision, value);
		if (strtod(digits, NULL) == value)
			break;
	}
	char *point = strchr(digits, ','); /* the decimal point of some locales */
	if (point)
		*point = '.';
	json_out_raw(out, key, digits);
}

void json_out_hex(struct json_out *out, const char *key, uint64_t value) {
	char digits[24];
	snprintf(digits, sizeof digits, "\"0x%" PRIx64 "\"", value);
	json_out_raw(out, key, digits);
}

void json_out_time(struct json_out *out, const char *key, int64_t us) {
	char text[CLOCK_TEXT_BYTES];
	clock_format_iso(us, text);
	json_out_text(out, key, text);
}

void json_out_tristate(struct json_out *out, const char *key, enum tristate value) {
	if (value == TRI_UNKNOWN)
		json_out_null(out, key);
	else
		json_out_bool(out, key, value == TRI_YES);
}

void json_out_i64_opt(struct json_out *out, const char *key, struct i64_opt value) {
	if (value.set)
		json_out_i64(out, key, value.value);
	else
		json_out_null(out, key);
}

void json_out_u64_opt(struct json_out *out, const char *key, struct u64_opt value) {
	if (value.set)
		json_out_u64(out, key, value.value);
	else
		json_out_null(out, key);
}

void json_out_hex_opt(struct json_out *out, const char *key, struct u64_opt value) {
	if (value.set)
		json_out_hex(out, key, value.value);
	else
		json_out_null(out, key);
}

void json_out_signed_hex_opt(struct json_out *out, const char *key, struct i64_opt value) {
	if (!value.set) {
		json_out_null(out, key);
		return;
	}
	bool minus = value.value < 0;
	uint64_t size = minus ? 0 - (uint64_t)value.value : (uint64_t)value.value;
	char text[24];
	snprintf(text, sizeof text, "\"%s0x%" PRIx64 "\"", minus ? "-" : "", size);
	json_out_raw(out, key, text);
}

void json_out_time_opt(struct json_out *out, const char *key, struct i64_opt us) {
	if (us.set)
		json_out_time(out, key, us.value);
	else
		json_out_null(out, key);
}
