/*
 * A file that appears under its name whole or not at all. Until then it has no name where the
 * system can do that, else a hidden one in the same folder, ".agxtriage-bundle.*.part", which is
 * locked as long as somebody writes it; what an ended writer left there goes with the next one.
 */
#ifndef EXPORT_BUNDLE_FILE_H
#define EXPORT_BUNDLE_FILE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bundle_file;

/* mode: its own once it has its name, 0600 until then. -EISDIR; -EEXIST: something at path is no
 * regular file (a link neither); else what open() has. */
int bundle_file_create(const char *path, mode_t mode, struct bundle_file **ret, struct err *err);
int bundle_file_fd(const struct bundle_file *file);
/* The path of the hidden one, NULL when it has no name. Borrowed. */
const char *bundle_file_hidden(const struct bundle_file *file);
/* Of size bytes, now on the disk, in the place of a regular file that is there. */
int bundle_file_commit(struct bundle_file *file, uint64_t size, struct err *err);
/* Without commit nothing is left. NULL is fine. */
void bundle_file_free(struct bundle_file *file);

/* All of it at once; signals that end this process wait until nothing of it could be left. Errors
 * as above. */
int bundle_file_write(
	const char *path, mode_t mode, const void *bytes, size_t len, struct err *err);

/* Of the platform. A file without a name in folder; -ENOTSUP when there are none. */
int bundle_file_open_unnamed(int folder);
/* Gives it one that is free: -EEXIST. */
int bundle_file_link(int fd, int folder, const char *name);

#endif
