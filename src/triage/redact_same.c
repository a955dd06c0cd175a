/*
 * Letters are compared as redact_char.h reads them.
 */
#include "triage/redact_same.h"

#include "base/text.h"
#include "triage/redact_char.h"

#include <string.h>

/* Of a name that its sort is made of. */
#define SORT_BYTES 256

/* The next letter that counts, 0 at the end. Case and accents do not make another value, nor does
 * what joins the digits of a machine's. */
static uint32_t next_letter(enum redact_kind kind, const char *value, size_t len, size_t *at) {
	uint32_t point = 0;

	while (*at < len && point == 0) {
		*at += redact_letter(value + *at, len - *at, &point);
		if (kind == REDACT_MACHINE && (point == '-' || point == '_' || point == ':'))
			point = 0;
	}
	return point;
}

uint64_t redact_hash(enum redact_kind kind, const char *value, size_t len) {
	uint64_t hash = text_hash(TEXT_HASH_START, (const char[]){(char)kind}, 1);
	uint32_t point;
	size_t at = 0;

	while ((point = next_letter(kind, value, len, &at)) != 0)
		hash = text_hash(hash, (const char *)&point, sizeof point);
	return hash;
}

bool redact_same(enum redact_kind kind, const char *a, const char *b, size_t b_len) {
	size_t a_len = strlen(a), i = 0, k = 0;
	uint32_t left, right;

	do {
		left = next_letter(kind, a, a_len, &i);
		right = next_letter(kind, b, b_len, &k);
	} while (left == right && left != 0);
	return left == right;
}

unsigned redact_sort(const char *value, size_t len) {
	uint64_t hash = TEXT_HASH_START;
	uint32_t point;

	/* a placeholder's number differs from one archive to the next */
	for (size_t i = 0, n; i < len && i < SORT_BYTES; i += n) {
		n = redact_placeholder(value + i, len - i);
		if (n > 0)
			continue;
		n = redact_letter(value + i, len - i, &point);
		if (point != 0)
			hash = text_hash(hash, (const char *)&point, sizeof point);
	}
	hash ^= hash >> 32;
	hash ^= hash >> 16;
	return (unsigned)((hash ^ hash >> 8) & (REDACT_SORTS - 1));
}
