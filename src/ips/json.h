/*
 * A pull reader for the JSON of reports: one pass, no tree, exact numbers, and every rule that the
 * contract has for odd input (a key that stands twice, control bytes, lone surrogates). A value is
 * either read or skipped; what is skipped is still checked for syntax. Nothing recurses.
 */
#ifndef IPS_JSON_H
#define IPS_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include "ips/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define JSON_KEY_BYTES 48

struct json {
	const char *start, *p, *end; /* borrowed bytes; p moves */
	int depth;                   /* of the containers entered by json_enter() */
	int code; /* 0, or the first failure (negative errno); everything then stops */
	struct err *err;
};

/* A member's name. Names longer than JSON_KEY_BYTES - 1 are none of ours and come as "". */
struct json_key {
	char text[JSON_KEY_BYTES];
	size_t len;
};

enum json_type {
	JSON_END, /* failure or end of input */
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

void json_init(struct json *json, const char *bytes, size_t len, struct err *err);

/* Records the first failure: -EBADMSG when code is 0, text with the byte it happened at. Returns
 * false. */
bool json_fail(struct json *json, int code, const char *what);

/* What stands next; consumes white space only. */
enum json_type json_peek(struct json *json);

/* Consumes the bracket of the object or array that json_peek() announced. */
void json_enter(struct json *json);
/* Goes to the next member or element of the container entered last, or consumes its end and returns
 * false. first: true at the first call after json_enter(), cleared here. The value must then be
 * read or skipped. */
bool json_next_member(struct json *json, bool *first, struct json_key *ret_key);
bool json_next_element(struct json *json, bool *first);

/* Consumes any value, checking its syntax. False after a failure. */
bool json_skip(struct json *json);

/* Inline, so that the length of a literal is known where it is compared. */
static inline bool json_key_is(const struct json_key *key, const char *name) {
	return key->text[0] == name[0] && strlen(name) == key->len &&
	       memcmp(key->text, name, key->len) == 0;
}

/*
 * Reads a string as clean text (see base/text.h) of at most max bytes into the arena: *ret, or NULL
 * for an empty one. *ret_odd is set to what was odd ("shortened", ...) and left alone otherwise.
 * Next must be JSON_STRING.
 */
bool json_text(struct json *json, struct arena *arena, size_t max, bool lines, const char **ret,
	const char **ret_odd);

/* Reads a number modulo 2^64. False (value consumed, no failure) when it has a fraction or an
 * exponent. */
bool json_u64(struct json *json, uint64_t *ret);
/* Reads a number that fits. False as above. */
bool json_i64(struct json *json, int64_t *ret);
/* Reads any number, also with fraction or exponent, rounded to double. */
bool json_double(struct json *json, double *ret);

#endif
