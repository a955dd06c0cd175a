/* A buffer over standard input; a short one is told apart from a wrong one. */
#include "export/bundle/feed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void feed_init(struct feed *feed, int fd) {
	feed->fd = fd;
	feed->at = feed->len = 0;
}

/* More behind what is there. 0: the end. */
static ssize_t fill(struct feed *feed) {
	memmove(feed->bytes, feed->bytes + feed->at, feed->len - feed->at);
	feed->len -= feed->at;
	feed->at = 0;
	ssize_t n;
	do {
		n = read(feed->fd, feed->bytes + feed->len, sizeof feed->bytes - feed->len);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		feed->len += (size_t)n;
	return n < 0 ? -errno : n;
}

static int ended(ssize_t n, struct err *err) {
	if (n < 0)
		return err_set(err, (int)n, "cannot read what to write: %s", strerror((int)-n));
	return err_set(err, -EPIPE, "given up: who wanted the archive is gone");
}

int feed_line(struct feed *feed, struct bundle_line *ret, struct err *err) {
	for (;;) {
		const char *line = feed->bytes + feed->at;
		size_t len = feed->len - feed->at;
		const char *end = memchr(line, '\n', len);
		if (end && bundle_line_parse(line, (size_t)(end - line), ret)) {
			feed->at += (size_t)(end - line) + 1;
			return 0;
		}
		if (end || len >= BUNDLE_LINE_BYTES)
			return err_set(err, -EPROTO, "not a member's name and size");
		ssize_t n = fill(feed);
		if (n <= 0)
			return ended(n, err);
	}
}

int feed_bytes(
	struct feed *feed, uint64_t max, const void **ret, size_t *ret_len, struct err *err) {
	if (feed->at == feed->len) {
		ssize_t n = fill(feed);
		if (n <= 0)
			return ended(n, err);
	}
	size_t len = feed->len - feed->at;
	*ret = feed->bytes + feed->at;
	*ret_len = len < max ? len : (size_t)max;
	feed->at += *ret_len;
	return 0;
}

int feed_end(struct feed *feed, struct err *err) {
	if (feed->at == feed->len && fill(feed) == 0)
		return 0;
	return err_set(err, -EPROTO, "something follows the end");
}
