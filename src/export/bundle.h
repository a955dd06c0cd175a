/*
 * Archives are written and read by a program of their own, agxtriage-bundle, which alone loads
 * libarchive: this is what one says to it. It is a child process; both sides check every length.
 * Nothing stands at the target's path before bundle_finish(): however both processes end, there is
 * either the whole archive or nothing.
 *
 * Protocol, on the child's standard input (write) or output (read): for each member a line "NAME
 * SIZE\n", NAME in printable ASCII without blanks, SIZE in decimal, then SIZE bytes; then the line
 * "end\n". What went wrong is told on its standard error, one line, and by exit status 1.
 */
#ifndef EXPORT_BUNDLE_H
#define EXPORT_BUNDLE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bundle_format { BUNDLE_TAR_GZ, BUNDLE_TAR_ZST, BUNDLE_ZIP, BUNDLE_FORMAT_COUNT };

extern const char *const bundle_format_names[BUNDLE_FORMAT_COUNT]; /* "tar.gz", "tar.zst", "zip" */
/* From the end of a file's name (".tgz" and ".tzst" too); BUNDLE_FORMAT_COUNT when it tells none.
 */
enum bundle_format bundle_format_of(const char *path);

/* Longest name of a member; its folder is "NAME-OF-ARCHIVE/" (see bundle_options). */
#define BUNDLE_NAME_BYTES 200
/* Members of an archive that is read, and bytes of all of them together: an archive is outside
 * input. */
#define BUNDLE_MEMBERS_MAX 1000000
#define BUNDLE_BYTES_MAX (INT64_C(64) << 30)

struct bundle_options {
	const char *program; /* of the helper; borrowed */
	const char *path;    /* NULL: fd */
	int fd;              /* written to as it comes (standard output); used only without path */
	enum bundle_format format;
	const char *folder; /* every member stands in it: "agxtriage-export" */
	int64_t mtime_s;    /* of every member: a fact of what is in it, never the clock; taken to
			       1980 or 2038 when it is outside, which not every format can hold */
	const volatile bool *stop; /* NULL, or looked at while the helper or who reads fd keeps us
				      waiting: -EINTR */
};

struct bundle_writer;
/* Errors: -ENOENT (no helper), -EISDIR, -EEXIST (the path is no regular file, be it a link to one),
 * -ENOTTY (fd is a terminal), -EBADF (it is closed) and what open() has. The file's mode is 0600.
 */
int bundle_create(
	const struct bundle_options *options, struct bundle_writer **ret, struct err *err);
/* A member of exactly size bytes, then its bytes in pieces. name: relative, letters, digits and
 * "._-/", no "..", no part that is empty or starts with "-"; -EINVAL. Each once, whatever its case.
 * -EIO: the helper could not write (a full disk), which may show with any later call. After an
 * error only bundle_abort() may follow.
 */
int bundle_member(struct bundle_writer *writer, const char *name, uint64_t size, struct err *err);
int bundle_write(struct bundle_writer *writer, const void *bytes, size_t len, struct err *err);
/* Bytes of the compressed archive; the file stands under its name when this has returned 0. The
 * writer is gone afterwards, whatever comes back. */
int bundle_finish(struct bundle_writer *writer, uint64_t *ret_bytes, struct err *err);
void bundle_abort(struct bundle_writer *writer);

struct bundle_reader;
/* path NULL: standard input, which may be a pipe; a path is a file's. The form is recognised by its
 * content: tar.gz, tar.zst, zip or plain tar. */
int bundle_open(const char *program, const char *path, struct bundle_reader **ret, struct err *err);
/* 1: a member (regular files with names as above only, cleaned of the outer folder; others are
 * passed over), 0: end, and nothing was wrong anywhere. name borrowed until the next call.
 * -EBADMSG: damaged, hostile, or more than the limits above. Any error stays. */
int bundle_next(
	struct bundle_reader *reader, const char **ret_name, uint64_t *ret_size, struct err *err);
/* Looked at while the archive keeps us waiting (a pipe that nothing comes through): -EINTR. */
void bundle_watch(struct bundle_reader *reader, const volatile bool *stop);
/* Up to len bytes of the member; 0 at its end. */
int64_t bundle_read(struct bundle_reader *reader, void *bytes, size_t len, struct err *err);
void bundle_close(struct bundle_reader *reader);

#endif
