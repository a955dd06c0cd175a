/* Keeps up to twice of what is asked for, so that bytes are moved once in a while and not with each
 * piece. */
#include "repro/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM (2 * TAIL_BYTES)

int tail_add(struct tail *tail, const char *bytes, size_t len) {
	if (!tail->data && !(tail->data = malloc(ROOM)))
		return -ENOMEM;
	if (len > TAIL_BYTES) {
		tail->cut = true;
		bytes += len - TAIL_BYTES;
		len = TAIL_BYTES;
	}
	if (tail->len + len > ROOM) {
		memmove(tail->data, tail->data + tail->len - TAIL_BYTES, TAIL_BYTES);
		tail->len = TAIL_BYTES;
		tail->cut = true;
	}
	memcpy(tail->data + tail->len, bytes, len);
	tail->len += len;
	return 0;
}

const char *tail_text(const struct tail *tail, size_t *ret_len) {
	const char *text = tail->data ? tail->data : "";
	size_t len = tail->len;
	bool cut = tail->cut;
	if (len > TAIL_BYTES) {
		text += len - TAIL_BYTES;
		len = TAIL_BYTES;
		cut = true;
	}
	const char *newline = cut ? memchr(text, '\n', len) : NULL;
	if (newline) {
		len -= (size_t)(newline + 1 - text);
		text = newline + 1;
	}
	*ret_len = len;
	return text;
}

void tail_finish(struct tail *tail) {
	free(tail->data);
	*tail = (struct tail){0};
}
