/* The reading side of bundle.h: hears from the helper what stands in an archive, and believes it
 * no more than it would the archive. */
#include "export/bundle.h"

#include "base/buf.h"
#include "export/bundle_child.h"
#include "export/bundle_line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bundle_reader {
	struct bundle_child child;
	char *path; /* for messages */
	struct bundle_line line;
	uint64_t left; /* of the member's bytes */
	uint64_t members, total;
	int code; /* of what went wrong; it stays so */
	struct err err;
	size_t at, len; /* in bytes */
	char bytes[64 << 10];
};

/* ---- what is read ---- */

static int check_kind(int fd, const char *path, struct err *err) {
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "%s: is a folder", path);
	if (isatty(fd))
		return err_set(
			err, -ENOTTY, "%s: is a terminal, and an archive is nothing to type", path);
	if (S_ISREG(st.st_mode))
		return 0;
	if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
		return err_set(err, -ENXIO, "%s: is neither a file nor a pipe", path);
	return 1;
}

/* Does not touch a device for real, and does not wait for the writer of a FIFO, which may never
 * come. */
static int open_path(const char *path, int *ret, struct err *err) {
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	int r = check_kind(fd, path, err);
	if (r > 0)
		r = err_set(
			err, -ENXIO, "%s: is a pipe, which is read as standard input only", path);
	if (r >= 0 && (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0 ||
			      (*ret = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) < 0))
		r = err_set(err, -errno, "%s: %s", path, strerror(errno));
	close(fd);
	return r;
}

static int open_stdin(int *ret, struct err *err) {
	int flags = fcntl(STDIN_FILENO, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY)
		return err_set(err, -EBADF, "standard input is closed");
	int r = check_kind(STDIN_FILENO, "standard input", err);
	if (r < 0)
		return r;
	*ret = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return *ret < 0 ? err_set(err, -errno, "standard input: %s", strerror(errno)) : 0;
}

int bundle_open(
	const char *program, const char *path, struct bundle_reader **ret, struct err *err) {
	const char *const argv[] = {program, "read", NULL};
	struct bundle_reader *reader = calloc(1, sizeof *reader);
	if (!reader)
		return err_set(err, -ENOMEM, "out of memory");
	reader->child = (struct bundle_child){.in = -1, .out = -1, .err = -1};
	reader->path = strdup(path ? path : "standard input");
	int fd = -1, r;
	if (!reader->path)
		r = err_set(err, -ENOMEM, "out of memory");
	else
		r = path ? open_path(path, &fd, err) : open_stdin(&fd, err);
	if (r >= 0)
		r = bundle_child_start(&reader->child, argv, fd, -1, NULL, err);
	if (fd >= 0)
		close(fd);
	if (r < 0) {
		bundle_close(reader);
		return r;
	}
	*ret = reader;
	return 0;
}

void bundle_watch(struct bundle_reader *reader, const volatile bool *stop) {
	reader->child.stop = stop;
}

/* ---- what the helper says ---- */

/* Once something is wrong nothing more comes of this reader. */
static int stop(struct bundle_reader *reader) {
	reader->code = reader->err.code;
	err_prefix(&reader->err, "%s", reader->path);
	bundle_child_finish(&reader->child);
	return reader->code;
}

static int say(const struct bundle_reader *reader, struct err *err) {
	if (err)
		*err = reader->err;
	return reader->code;
}

/* The bytes have ended where they should not: the helper tells why. */
static int ended(struct bundle_reader *reader) {
	if (bundle_child_end(&reader->child, &reader->err) >= 0)
		err_set(&reader->err, -EIO, "the helper program ended early");
	return stop(reader);
}

/* More behind what is there; at least one byte. */
static int fill(struct bundle_reader *reader) {
	memmove(reader->bytes, reader->bytes + reader->at, reader->len - reader->at);
	reader->len -= reader->at;
	reader->at = 0;
	int64_t n = bundle_child_read(
		&reader->child, reader->bytes + reader->len, sizeof reader->bytes - reader->len);
	if (n == 0)
		return ended(reader);
	if (n < 0) {
		err_set(&reader->err, (int)n, "%s", strerror((int)-n));
		return stop(reader);
	}
	reader->len += (size_t)n;
	return 0;
}

static int wrong(struct bundle_reader *reader, int code, const char *what) {
	err_set(&reader->err, code, "%s", what);
	return stop(reader);
}

static int next_line(struct bundle_reader *reader) {
	for (;;) {
		const char *line = reader->bytes + reader->at;
		size_t len = reader->len - reader->at;
		const char *end = memchr(line, '\n', len);
		if (end && bundle_line_parse(line, (size_t)(end - line), &reader->line)) {
			reader->at += (size_t)(end - line) + 1;
			return 0;
		}
		if (end || len >= BUNDLE_LINE_BYTES)
			return wrong(reader, -EIO, "the helper program does not make sense");
		int r = fill(reader);
		if (r < 0)
			return r;
	}
}

/* All is read; whether all is well is told by the helper's end. */
static int finish(struct bundle_reader *reader) {
	char more;
	if (reader->at < reader->len || bundle_child_read(&reader->child, &more, 1) > 0)
		return wrong(reader, -EIO, "the helper program does not make sense");
	if (bundle_child_end(&reader->child, &reader->err) < 0)
		return stop(reader);
	return 0;
}

static int begin_member(struct bundle_reader *reader) {
	const struct bundle_line *line = &reader->line;
	if (++reader->members > BUNDLE_MEMBERS_MAX)
		return wrong(reader, -EBADMSG, "has too many members");
	if (line->size > (uint64_t)BUNDLE_BYTES_MAX ||
		reader->total > (uint64_t)BUNDLE_BYTES_MAX - line->size)
		return wrong(reader, -EBADMSG, "is too large once it is unpacked");
	reader->total += line->size;
	reader->left = line->size;
	return 1;
}

static int next(struct bundle_reader *reader) {
	while (reader->left && !reader->code) {
		size_t len = reader->len - reader->at;
		size_t part = len < reader->left ? len : (size_t)reader->left;
		reader->at += part;
		reader->left -= part;
		if (reader->left)
			(void)fill(reader);
	}
	if (reader->code)
		return reader->code;
	if (reader->line.end)
		return 0;
	int r = next_line(reader);
	if (r < 0)
		return r;
	return reader->line.end ? finish(reader) : begin_member(reader);
}

int bundle_next(
	struct bundle_reader *reader, const char **ret_name, uint64_t *ret_size, struct err *err) {
	int r = next(reader);
	if (r < 0)
		return say(reader, err);
	if (r) {
		*ret_name = reader->line.name;
		*ret_size = reader->line.size;
	}
	return r;
}

int64_t bundle_read(struct bundle_reader *reader, void *bytes, size_t len, struct err *err) {
	if (reader->code)
		return say(reader, err);
	if (!reader->left || !len)
		return 0;
	if (reader->at == reader->len && fill(reader) < 0)
		return say(reader, err);
	size_t part = reader->len - reader->at;
	if (part > len)
		part = len;
	if (part > reader->left)
		part = (size_t)reader->left;
	memcpy(bytes, reader->bytes + reader->at, part);
	reader->at += part;
	reader->left -= part;
	return (int64_t)part;
}

void bundle_close(struct bundle_reader *reader) {
	if (!reader)
		return;
	bundle_child_finish(&reader->child);
	free(reader->path);
	free(reader);
}
