/*
 * Reading files that nobody vouches for.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Enough to notice that a file is another one or has changed. Times in ns since 1970. */
struct file_identity {
	uint64_t device, inode;
	int64_t size, mtime_ns, ctime_ns;
};

enum file_follow {
	FILE_NOFOLLOW, /* a symbolic link is an error (-ELOOP) */
	FILE_FOLLOW,   /* the user named this very path */
};

/*
 * Reads a regular file of at most limit bytes into ret (emptied first; a NUL stands behind the
 * bytes). dir_fd: folder that path is relative to, or AT_FDCWD. Never blocks on a FIFO, never opens
 * a device for real. Errors, each with a text that names path: -ELOOP (link), -EISDIR, -ENXIO
 * (FIFO, socket, device), -EFBIG, -EAGAIN (it changed while it was read), -ETXTBSY (of
 * locked_files.h, and so not opened), -ENOENT, -EACCES ... An empty file is no error here.
 */
int file_read(int dir_fd, const char *path, enum file_follow follow, size_t limit, struct buf *ret,
	struct file_identity *ret_identity, struct err *err);

/*
 * Opens a regular file for reading, for those who read some of it; what it is stands in *ret_stat.
 * Returns the descriptor. Same errors.
 */
int file_open(int dir_fd, const char *path, enum file_follow follow, struct stat *ret_stat,
	struct err *err);

/* Reads a descriptor to its end (stdin). Same errors. */
int file_read_fd(int fd, const char *name, size_t limit, struct buf *ret, struct err *err);

/* What st tells of a file. */
struct file_identity file_identity_of(const struct stat *st);
bool file_identity_equal(const struct file_identity *a, const struct file_identity *b);

/* mkdir -p with mode 0700 for what is made. */
int file_make_folders(const char *path, struct err *err);

#endif
