/*
 * JSON on one line, written straight into a buffer: no tree, no global state, any thread. Numbers
 * are exact, text is valid UTF-8 whatever comes in. Running out of memory shows in buf->failed.
 *
 * key: the member's name, or NULL inside an array and for the outermost value.
 */
#ifndef EXPORT_JSON_OUT_H
#define EXPORT_JSON_OUT_H

#include "base/buf.h"
#include "ips/report.h"

struct json_out {
	struct buf *buf; /* borrowed */
	bool comma;      /* one is due before the next value */
};

/* Writes behind what buf already holds. */
void json_out_init(struct json_out *out, struct buf *buf);

void json_out_object(struct json_out *out, const char *key);
void json_out_object_end(struct json_out *out);
void json_out_array(struct json_out *out, const char *key);
void json_out_array_end(struct json_out *out);

void json_out_null(struct json_out *out, const char *key);
void json_out_bool(struct json_out *out, const char *key, bool value);
/* NULL becomes null; bytes that are no UTF-8 become U+FFFD. */
void json_out_text(struct json_out *out, const char *key, const char *text);
/* Whole numbers with all their digits, never an exponent. */
void json_out_i64(struct json_out *out, const char *key, int64_t value);
void json_out_u64(struct json_out *out, const char *key, uint64_t value);
/* The shortest digits that read back as value; null for what JSON has no number for. */
void json_out_double(struct json_out *out, const char *key, double value);
/* "0x5c8" as a string: addresses and registers. */
void json_out_hex(struct json_out *out, const char *key, uint64_t value);
/* "2025-12-21T01:36:18.286200Z" */
void json_out_time(struct json_out *out, const char *key, int64_t us);
/* One JSON value made elsewhere, as it is. */
void json_out_raw(struct json_out *out, const char *key, const char *json);

/* The same, null when absent. */
void json_out_tristate(struct json_out *out, const char *key, enum tristate value);
void json_out_i64_opt(struct json_out *out, const char *key, struct i64_opt value);
void json_out_u64_opt(struct json_out *out, const char *key, struct u64_opt value);
void json_out_hex_opt(struct json_out *out, const char *key, struct u64_opt value);
/* "0x5c8" or "-0x8" */
void json_out_signed_hex_opt(struct json_out *out, const char *key, struct i64_opt value);
void json_out_time_opt(struct json_out *out, const char *key, struct i64_opt us);

#endif
