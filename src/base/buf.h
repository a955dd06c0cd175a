/*
 * A growable byte buffer. A failed allocation is remembered, so that callers check once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* owned; always NUL-terminated once anything was added */
	size_t len, cap;
	bool failed; /* out of memory: the content is incomplete */
};

void buf_finish(struct buf *buf);
/* Empties it and keeps the memory. */
void buf_reset(struct buf *buf);
/* Room for more bytes behind len; false (and failed) without memory. */
bool buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The text, or "" when nothing was added. Borrowed. */
const char *buf_str(const struct buf *buf);
/* Hands the memory (to be freed with free()) to the caller; NULL if it failed or is empty. */
char *buf_take(struct buf *buf);

#endif
