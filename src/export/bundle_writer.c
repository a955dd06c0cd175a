/* The writing side of bundle.h: says to the helper what stands in the archive. */
#include "export/bundle.h"

#include "base/text.h"
#include "export/bundle_child.h"
#include "export/bundle_file.h"
#include "export/bundle_line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What every format can hold: zip counts from 1980 on, and in 32 bits. */
#define MTIME_MIN INT64_C(315532800)
#define MTIME_MAX INT64_C(2147483647)
/* What is in it may be private. */
#define ARCHIVE_MODE 0600

struct bundle_writer {
	struct bundle_child child;
	struct bundle_file *file;         /* NULL: a stream of the caller's */
	char *path;                       /* for messages */
	char name[BUNDLE_NAME_BYTES + 1]; /* of the member that is being written */
	uint64_t left;                    /* of its bytes */
	uint64_t members, bytes;
};

/* A copy above the standard streams, for the helper. */
static int take_stream(int fd, int *ret, struct err *err) {
	struct stat st;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return err_set(err, -EBADF, "standard output is closed");
	if (isatty(fd))
		return err_set(err, -ENOTTY,
			"an archive is not for a terminal: name a file, or send it to a program");
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "standard output is a folder");
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return *ret < 0 ? err_set(err, -errno, "standard output: %s", strerror(errno)) : 0;
}

static int start(struct bundle_writer *writer, const struct bundle_options *options, int out,
	struct err *err) {
	char mtime[32];
	int64_t mtime_s = options->mtime_s < MTIME_MIN ? MTIME_MIN : options->mtime_s;
	snprintf(mtime, sizeof mtime, "%" PRId64, mtime_s > MTIME_MAX ? MTIME_MAX : mtime_s);
	const char *const argv[] = {options->program, "write", bundle_format_names[options->format],
		options->folder, mtime, writer->file ? bundle_file_hidden(writer->file) : NULL,
		NULL};
	return bundle_child_start(&writer->child, argv, -1, out, options->stop, err);
}

static int check(const struct bundle_options *options, struct err *err) {
	if (options->format >= BUNDLE_FORMAT_COUNT)
		return err_set(err, -EINVAL, "no such format of an archive");
	if (!bundle_folder_valid(options->folder))
		return err_set(err, -EINVAL, "not the name of a folder in an archive");
	return 0;
}

int bundle_create(
	const struct bundle_options *options, struct bundle_writer **ret, struct err *err) {
	int r = check(options, err), stream = -1;
	if (r < 0)
		return r;
	struct bundle_writer *writer = calloc(1, sizeof *writer);
	if (!writer)
		return err_set(err, -ENOMEM, "out of memory");
	writer->child = (struct bundle_child){.in = -1, .out = -1, .err = -1};
	writer->path = strdup(options->path ? options->path : "standard output");
	if (!writer->path)
		r = err_set(err, -ENOMEM, "out of memory");
	else if (options->path)
		r = bundle_file_create(options->path, ARCHIVE_MODE, &writer->file, err);
	else
		r = take_stream(options->fd, &stream, err);
	if (r >= 0)
		r = start(
			writer, options, writer->file ? bundle_file_fd(writer->file) : stream, err);
	if (stream >= 0)
		close(stream);
	if (r < 0) {
		bundle_abort(writer);
		return r;
	}
	*ret = writer;
	return 0;
}

/* Why the helper takes nothing more is what it says at its end. */
static int send(struct bundle_writer *writer, const void *bytes, size_t len, struct err *err) {
	int r = bundle_child_write(&writer->child, bytes, len);
	int end = r == -EPIPE ? bundle_child_end(&writer->child, err) : 0;
	if (end < 0) {
		err_prefix(err, "%s", writer->path);
		return end;
	}
	return r < 0 ? err_set(err, r, "%s: %s", writer->path, strerror(-r)) : 0;
}

static int check_complete(const struct bundle_writer *writer, struct err *err) {
	if (!writer->left)
		return 0;
	return err_set(err, -EINVAL, "%s: member %s lacks %" PRIu64 " bytes", writer->path,
		writer->name, writer->left);
}

int bundle_member(struct bundle_writer *writer, const char *name, uint64_t size, struct err *err) {
	char line[BUNDLE_LINE_BYTES];
	int r = check_complete(writer, err);
	if (r < 0)
		return r;
	if (!bundle_name_valid(name, strlen(name)))
		return err_set(err, -EINVAL, "%s: not the name of a member", writer->path);
	if (writer->members >= BUNDLE_MEMBERS_MAX || size > (uint64_t)BUNDLE_BYTES_MAX ||
		writer->bytes > (uint64_t)BUNDLE_BYTES_MAX - size)
		return err_set(err, -EFBIG, "%s: more than an archive may hold", writer->path);
	snprintf(writer->name, sizeof writer->name, "%s", name);
	writer->left = size;
	writer->bytes += size;
	writer->members++;
	int len = snprintf(line, sizeof line, "%s %" PRIu64 "\n", name, size);
	return send(writer, line, (size_t)len, err);
}

int bundle_write(struct bundle_writer *writer, const void *bytes, size_t len, struct err *err) {
	if (len > writer->left)
		return err_set(err, -EINVAL, "%s: more bytes of member %s than it was to have",
			writer->path, writer->name);
	writer->left -= len;
	return len ? send(writer, bytes, len, err) : 0;
}

/* The helper's own count of what it wrote. */
static int count_of(const struct bundle_writer *writer, uint64_t *ret, struct err *err) {
	const char *text = buf_str(&writer->child.said);
	size_t len = strcspn(text, "\n");
	if (text[len] == '\n' && text_u64(text, len, ret))
		return 0;
	return err_set(
		err, -EIO, "%s: the helper program did not say how much it wrote", writer->path);
}

int bundle_finish(struct bundle_writer *writer, uint64_t *ret_bytes, struct err *err) {
	uint64_t bytes = 0;
	int r = check_complete(writer, err);
	if (r >= 0)
		r = send(writer, "end\n", 4, err);
	if (r >= 0) {
		r = bundle_child_end(&writer->child, err);
		if (r < 0)
			err_prefix(err, "%s", writer->path);
	}
	if (r >= 0)
		r = count_of(writer, &bytes, err);
	if (r >= 0 && writer->file)
		r = bundle_file_commit(writer->file, bytes, err);
	if (r >= 0 && ret_bytes)
		*ret_bytes = bytes;
	bundle_abort(writer);
	return r;
}

void bundle_abort(struct bundle_writer *writer) {
	if (!writer)
		return;
	bundle_child_finish(&writer->child);
	bundle_file_free(writer->file);
	free(writer->path);
	free(writer);
}
