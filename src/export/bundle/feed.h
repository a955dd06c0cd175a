/*
 * What the client sends: lines and the bytes behind them.
 */
#ifndef EXPORT_BUNDLE_FEED_H
#define EXPORT_BUNDLE_FEED_H

#include "base/err.h"
#include "export/bundle_line.h"

struct feed {
	int fd;
	size_t at, len;
	char bytes[64 << 10];
};

void feed_init(struct feed *feed, int fd);
/* The line before a member or the last one. -EPROTO: it is none, -EPIPE: the input ended early. */
int feed_line(struct feed *feed, struct bundle_line *ret, struct err *err);
/* Some of the next max bytes, borrowed until the next call; at least one. */
int feed_bytes(struct feed *feed, uint64_t max, const void **ret, size_t *ret_len, struct err *err);
/* 0: nothing follows. */
int feed_end(struct feed *feed, struct err *err);

#endif
