/*
 * A temporary file in the same folder, synced, then renamed over the old one.
 */
#include "base/file_save.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct err *err, const char *path) {
	int code = errno;
	return err_set(err, -code, "%s: %s", path, strerror(code));
}

static int check_target(const char *path, struct err *err) {
	struct stat st;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : fail(err, path);
	if (S_ISREG(st.st_mode))
		return 0;
	if (S_ISLNK(st.st_mode))
		return err_set(err, -ELOOP, "%s: is a symbolic link", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "%s: is a folder", path);
	return err_set(err, -ENXIO, "%s: is no regular file", path);
}

/* "FOLDER/.NAME.XXXXXX" and "FOLDER" (with a trailing slash; "./" for a bare name). */
static bool make_names(const char *path, struct buf *ret_temporary, struct buf *ret_folder) {
	const char *slash = strrchr(path, '/');
	size_t folder_len = slash ? (size_t)(slash - path) + 1 : 0;
	if (slash)
		buf_add(ret_folder, path, folder_len);
	else
		buf_add_str(ret_folder, "./");
	buf_add_str(ret_temporary, buf_str(ret_folder));
	buf_printf(ret_temporary, ".%s.XXXXXX", path + folder_len);
	return !ret_temporary->failed && !ret_folder->failed;
}

static int write_whole(int fd, const char *data, size_t len) {
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* A rename is on the disk once its folder is. Some file systems cannot sync a folder; then the
 * rename is as safe as they make it. */
static void sync_folder(const char *folder) {
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

static int fill(int fd, const void *bytes, size_t len, mode_t mode) {
	int r = write_whole(fd, bytes, len);
	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

int file_save(const char *path, const void *bytes, size_t len,
	const struct file_save_options *options, struct err *err) {
	struct buf temporary = {0}, folder = {0};
	bool made = false;
	int fd = -1, r = check_target(path, err);
	if (r < 0)
		goto out;
	if (!make_names(path, &temporary, &folder)) {
		r = err_set(err, -ENOMEM, "%s: out of memory", path);
		goto out;
	}
	fd = mkstemp(temporary.data);
	if (fd < 0) {
		r = fail(err, buf_str(&folder));
		goto out;
	}
	made = true;
	r = fill(fd, bytes, len, options->mode);
	if (close(fd) < 0 && r >= 0)
		r = -errno;
	if (r < 0) {
		err_set(err, r, "%s: %s", path, strerror(-r));
		goto out;
	}
	r = options->check ? options->check(temporary.data, options->user, err) : 0;
	if (r < 0)
		goto out;
	if (rename(temporary.data, path) < 0) {
		r = fail(err, path);
		goto out;
	}
	made = false;
	sync_folder(folder.data);
out:
	if (made)
		unlink(temporary.data);
	buf_finish(&temporary);
	buf_finish(&folder);
	return r;
}
