/*
 * Reading files that nobody vouches for; knows nothing of what stands in them.
 */
#include "base/file.h"

#include "base/file_times.h"
#include "base/locked_files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MIN_BYTES (64u << 10)

struct file_identity file_identity_of(const struct stat *st) {
	return (struct file_identity){
		.device = (uint64_t)st->st_dev,
		.inode = (uint64_t)st->st_ino,
		.size = (int64_t)st->st_size,
		.mtime_ns = file_time_ns(FILE_MTIME(st)),
		.ctime_ns = file_time_ns(FILE_CTIME(st)),
	};
}

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b) {
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static int fail_errno(struct err *err, const char *path) {
	int code = errno;
	return err_set(err, -code, "%s: %s", path, strerror(code));
}

static int too_big(struct err *err, const char *name, size_t limit) {
	return err_set(err, -EFBIG, "%s: larger than %zu bytes", name, limit);
}

static int check_kind(const struct stat *st, const char *path, struct err *err) {
	if (S_ISREG(st->st_mode))
		return 0;
	if (S_ISDIR(st->st_mode))
		return err_set(err, -EISDIR, "%s: is a folder", path);
	if (S_ISLNK(st->st_mode))
		return err_set(err, -ELOOP, "%s: is a symbolic link", path);
	return err_set(err, -ENXIO, "%s: is no regular file", path);
}

/* Appends until the end or until more than limit bytes are there. */
static int read_all(int fd, const char *name, size_t limit, struct buf *ret, struct err *err) {
	while (ret->len <= limit) {
		size_t room = ret->cap > ret->len ? ret->cap - ret->len - 1 : 0;
		if (!room) {
			if (!buf_reserve(ret, READ_MIN_BYTES))
				return err_set(err, -ENOMEM, "%s: out of memory", name);
			continue;
		}
		size_t want = limit - ret->len;
		ssize_t n = read(fd, ret->data + ret->len, want < room ? want + 1 : room);
		if (n > 0) {
			ret->len += (size_t)n;
			ret->data[ret->len] = '\0';
		} else if (!n) {
			ret->data[ret->len] = '\0';
			return 0;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
		} else if (errno != EINTR) {
			return fail_errno(err, name);
		}
	}
	return too_big(err, name, limit);
}

int file_open(int dir_fd, const char *path, enum file_follow follow, struct stat *ret_stat,
	struct err *err) {
	int nofollow = follow == FILE_NOFOLLOW;
	/* Opening a device can act on it, so look first; the check behind open() is the one that
	 * counts. */
	if (fstatat(dir_fd, path, ret_stat, nofollow ? AT_SYMLINK_NOFOLLOW : 0) < 0)
		return fail_errno(err, path);
	int r = check_kind(ret_stat, path, err);
	if (r < 0)
		return r;
	if (locked_files_have(ret_stat))
		return err_set(err, -ETXTBSY, "%s: is in use by this program itself", path);
	int fd = openat(dir_fd, path,
		O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | (nofollow ? O_NOFOLLOW : 0));
	if (fd < 0)
		return fail_errno(err, path);
	r = fstat(fd, ret_stat) < 0 ? fail_errno(err, path) : check_kind(ret_stat, path, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int file_read(int dir_fd, const char *path, enum file_follow follow, size_t limit, struct buf *ret,
	struct file_identity *ret_identity, struct err *err) {
	struct stat st;
	buf_reset(ret);
	int fd = file_open(dir_fd, path, follow, &st, err);
	if (fd < 0)
		return fd;
	struct file_identity before = file_identity_of(&st), after;
	int r = 0;
	if (before.size < 0 || (uint64_t)before.size > limit)
		r = too_big(err, path, limit);
	/* One byte more than the size lets the read that finds the end be the one after the
	 * content. */
	else if (!buf_reserve(ret, (size_t)before.size + 1))
		r = err_set(err, -ENOMEM, "%s: out of memory", path);
	else
		r = read_all(fd, path, limit, ret, err);
	if (r < 0 && r != -EFBIG)
		goto out;
	if (fstat(fd, &st) < 0) {
		r = fail_errno(err, path);
		goto out;
	}
	after = file_identity_of(&st);
	if (r == -EFBIG && (uint64_t)after.size > limit)
		goto out;
	if (!file_identity_equal(&before, &after) || (uint64_t)after.size != ret->len)
		r = err_set(err, -EAGAIN, "%s: changed while it was read", path);
	else if (ret_identity)
		*ret_identity = after;
out:
	close(fd);
	if (r < 0)
		buf_reset(ret);
	return r;
}

int file_read_fd(int fd, const char *name, size_t limit, struct buf *ret, struct err *err) {
	buf_reset(ret);
	int r = read_all(fd, name, limit, ret, err);
	if (r < 0)
		buf_reset(ret);
	return r;
}

static int make_folder(const char *path, struct err *err) {
	if (!mkdir(path, 0700))
		return 0;
	int code = errno;
	struct stat st;
	/* A read-only parent answers EROFS or EACCES even for a folder that is there. */
	if (!stat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return 0;
		code = ENOTDIR;
	}
	return err_set(err, -code, "%s: %s", path, strerror(code));
}

int file_make_folders(const char *path, struct err *err) {
	if (!*path)
		return err_set(err, -ENOENT, "an empty path is no folder");
	char *copy = strdup(path);
	if (!copy)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	int r = 0;
	for (char *at = copy + 1; r >= 0 && *at; at++) {
		if (*at != '/' || at[-1] == '/')
			continue;
		*at = '\0';
		r = make_folder(copy, err);
		*at = '/';
	}
	if (r >= 0)
		r = make_folder(copy, err);
	free(copy);
	return r;
}
