/* Reads and seeks; gives up as soon as nobody wants what would come of it. */
#include "export/bundle/source.h"

#include "base/buf.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a zip archive that comes through a pipe. */
#define SPOOL_BYTES (UINT64_C(4) << 30)
#define MAGIC_BYTES 4

/* Waits for bytes; -EPIPE when who would get them has gone. */
static int wait_for_bytes(const struct source *source) {
	struct pollfd polls[] = {
		{.fd = source->fd, .events = POLLIN}, {.fd = source->out, .events = 0}};
	for (;;) {
		if (poll(polls, 2, -1) < 0) {
			if (errno != EINTR)
				return -errno;
		} else if (polls[1].revents & (POLLERR | POLLHUP)) {
			return -EPIPE;
		} else if (polls[0].revents) {
			return 0;
		}
	}
}

static ssize_t read_some(struct source *source, char *bytes, size_t len) {
	ssize_t n = -1;
	source->code = source->seeks ? 0 : wait_for_bytes(source);
	while (!source->code && (n = read(source->fd, bytes, len)) < 0) {
		if (errno != EINTR)
			source->code = -errno;
	}
	return source->code ? -1 : n;
}

/* The last bytes of what stands in bytes, and of what stood before. */
static void copy_tail(const struct source *source, char *ret) {
	size_t len = source->len < SOURCE_TAIL_BYTES ? source->len : SOURCE_TAIL_BYTES;
	memcpy(ret, source->before + len, SOURCE_TAIL_BYTES - len);
	memcpy(ret + SOURCE_TAIL_BYTES - len, source->bytes + source->len - len, len);
}

int64_t source_next(struct source *source, const void **ret) {
	if (source->at == source->len) {
		char tail[SOURCE_TAIL_BYTES];
		copy_tail(source, tail);
		ssize_t n =
			source->at_end ? 0 : read_some(source, source->bytes, sizeof source->bytes);
		/* At the end the last bytes stay where they are. */
		source->at_end = n == 0;
		if (n <= 0)
			return n;
		memcpy(source->before, tail, sizeof tail);
		source->at = 0;
		source->len = (size_t)n;
	}
	size_t len = source->len - source->at;
	*ret = source->bytes + source->at;
	source->at = source->len;
	source->read += len;
	return (int64_t)len;
}

int64_t source_seek(struct source *source, int64_t offset, int whence) {
	off_t at = lseek(source->fd, (off_t)offset, whence);
	source->at = source->len = 0;
	source->at_end = false;
	source->code = at < 0 ? -errno : 0;
	return at;
}

bool source_tail(const struct source *source, uint64_t used, unsigned char *ret) {
	uint64_t rest = source->read - used;
	if (source->read < used || rest > source->len)
		return false;
	size_t len = source->len - (size_t)rest;
	for (size_t i = 0; i < SOURCE_TAIL_BYTES; i++) {
		/* Counted from the end of what is used. */
		size_t at = SOURCE_TAIL_BYTES - i;
		ret[i] = (unsigned char)(at <= len ? source->bytes[len - at]
						   : source->before[SOURCE_TAIL_BYTES + len - at]);
	}
	return true;
}

bool source_is_over(struct source *source, uint64_t used) {
	const void *bytes;
	if (source->read < used)
		return false;
	/* What was handed out last and not used still stands in the buffer. */
	uint64_t rest = source->read - used;
	for (size_t i = 0; i < rest; i++) {
		if (rest > source->len || source->bytes[source->len - 1 - i])
			return false;
	}
	int64_t n;
	while ((n = source_next(source, &bytes)) > 0) {
		for (int64_t i = 0; i < n; i++) {
			if (((const char *)bytes)[i])
				return false;
		}
	}
	return n == 0;
}

/* ---- the beginning ---- */

static int fail(struct source *source, int code, struct err *err) {
	source->code = code;
	return err_set(err, code, "cannot read it: %s", strerror(-code));
}

/* As many of the first bytes as there are, kept for source_next(). */
static int peek(struct source *source, struct err *err) {
	while (source->len < MAGIC_BYTES) {
		ssize_t n = read_some(
			source, source->bytes + source->len, sizeof source->bytes - source->len);
		if (n < 0)
			return fail(source, source->code, err);
		if (n == 0)
			break;
		source->len += (size_t)n;
	}
	if (!source->len)
		return err_set(err, -EBADMSG, "is empty");
	source->zip = source->len >= MAGIC_BYTES &&
		      (!memcmp(source->bytes, "PK\3\4", MAGIC_BYTES) ||
			      !memcmp(source->bytes, "PK\5\6", MAGIC_BYTES));
	return 0;
}

static int open_temporary(int *ret) {
	const char *folder = getenv("TMPDIR");
	struct buf path = {0};
	buf_printf(&path, "%s/agxtriage-bundle.XXXXXX", folder && *folder ? folder : "/tmp");
	int code = path.failed ? -ENOMEM : 0;
	if (!code) {
		*ret = mkstemp(path.data);
		code = *ret < 0 ? -errno : 0;
	}
	if (!code)
		unlink(path.data);
	buf_finish(&path);
	return code;
}

static int write_whole(int fd, const char *bytes, size_t len) {
	while (len) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* The pipe's bytes become a file, which takes the pipe's place. */
static int spool(struct source *source, struct err *err) {
	const void *bytes;
	int64_t n;
	int code = open_temporary(&source->spool);
	while (!code && (n = source_next(source, &bytes)) != 0) {
		code = n < 0 ? source->code : write_whole(source->spool, bytes, (size_t)n);
		if (!code && source->read > SPOOL_BYTES)
			return err_set(err, -EBADMSG, "is too large for a pipe: name the file");
	}
	if (code)
		return err_set(
			err, code, "cannot copy it to a temporary file: %s", strerror(-code));
	source->fd = source->spool;
	source->seeks = true;
	source->size = source->read;
	source->read = 0;
	return 0;
}

int source_open(struct source *source, int fd, int out, struct err *err) {
	struct stat st;
	*source = (struct source){.fd = fd, .out = out, .spool = -1};
	if (fstat(fd, &st) < 0)
		return fail(source, -errno, err);
	if (S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0) {
		source->seeks = true;
		source->size = (uint64_t)st.st_size;
	}
	int r = peek(source, err);
	if (r < 0 || !source->zip)
		return r;
	if (!source->seeks)
		r = spool(source, err);
	if (r >= 0 && source_seek(source, 0, SEEK_SET) < 0)
		r = fail(source, source->code, err);
	return r;
}

void source_close(struct source *source) {
	if (source->spool >= 0)
		close(source->spool);
	source->spool = -1;
}
