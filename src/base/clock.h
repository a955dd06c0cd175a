/*
 * Points in time: microseconds since 1970, UTC, as int64_t (named ..._us).
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_BYTES 32

/*
 * Apple's "2025-12-20 17:36:18.2862 -0800" (fraction and zone optional: no zone means UTC) and ISO
 * 8601. Years 1970 to 9999. False, and *ret untouched, for anything else.
 */
bool clock_parse(const char *text, size_t len, int64_t *ret_us);

/* What a person types: "2d", "36h", "90m", "45s", "2w" (before now), "2025-12-20" and "2025-12-20
 * 17:36" (local time), "today", "yesterday", ISO 8601. */
bool clock_parse_user(const char *text, int64_t now_us, int64_t *ret_us);

/* "2025-12-21T01:36:18.286200Z"; a point outside the years 0 to 9999 becomes the nearest one
 * inside. */
void clock_format_iso(int64_t us, char ret[CLOCK_TEXT_BYTES]);
/* "2025-12-20 17:36:18" in local time. */
void clock_format_local(int64_t us, char ret[CLOCK_TEXT_BYTES]);
int64_t clock_now_us(void);
/* For durations; unaffected by the wall clock. */
int64_t clock_monotonic_us(void);

#endif
