/* A file without a name, or a hidden one under a lock; then its place, in one step. */
#include "export/bundle_file.h"

#include "base/buf.h"
#include "base/path.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HIDDEN_START ".agxtriage-bundle."
#define HIDDEN_END ".part"
#define HIDDEN_BYTES 64
/* Hidden names of one process before it gives up. */
#define TRIES 1000

struct bundle_file {
	char *path;
	const char *name; /* in path */
	int folder, fd;
	mode_t mode;
	char hidden[HIDDEN_BYTES]; /* "": no name so far */
	char *hidden_path;
};

static int fail(const struct bundle_file *file, int code, struct err *err) {
	return err_set(err, code, "%s: %s", file->path, strerror(-code));
}

/* 0: nothing is there, 1: a regular file is. */
static int look(const struct bundle_file *file, struct err *err) {
	struct stat st;
	if (fstatat(file->folder, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(file, -errno, err);
	if (S_ISREG(st.st_mode))
		return 1;
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "%s: is a folder", file->path);
	return err_set(err, -EEXIST, "%s: is %s, no regular file, and stays as it is", file->path,
		S_ISLNK(st.st_mode) ? "a symbolic link" : "something else");
}

/* ---- the hidden name ---- */

/* Whether this process holds the lock and the name is still there: who sweeps locks, then unlinks.
 */
static bool is_held(int fd) {
	struct stat st;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return false;
	/* Without locks on this file system nobody sweeps either. */
	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static void hidden_name(struct bundle_file *file, int number) {
	snprintf(file->hidden, sizeof file->hidden, HIDDEN_START "%ld-%d" HIDDEN_END,
		(long)getpid(), number);
}

static int open_hidden(struct bundle_file *file) {
	int code = -EEXIST;
	for (int i = 0; i < TRIES; i++) {
		hidden_name(file, i);
		int fd = openat(file->folder, file->hidden,
			O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
		code = -errno;
		if (fd >= 0 && is_held(fd))
			return fd;
		if (fd >= 0)
			close(fd);
		else if (code != -EEXIST)
			break;
	}
	file->hidden[0] = '\0';
	return code;
}

/* One without a name gets a hidden one, since only a rename replaces what is there. */
static int link_hidden(struct bundle_file *file) {
	int code = -EEXIST;
	(void)flock(file->fd, LOCK_EX | LOCK_NB);
	for (int i = 0; i < TRIES && code == -EEXIST; i++) {
		hidden_name(file, i);
		code = bundle_file_link(file->fd, file->folder, file->hidden);
	}
	if (code)
		file->hidden[0] = '\0';
	return code;
}

/* ---- what others left ---- */

static void sweep_one(int folder, const char *name) {
	struct stat st;
	int fd = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(folder, name, 0);
	close(fd);
}

static void sweep(int folder) {
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (text_starts(entry->d_name, HIDDEN_START) &&
			text_ends(entry->d_name, HIDDEN_END))
			sweep_one(folder, entry->d_name);
	}
	closedir(dir);
}

/* ---- life ---- */

static int open_folder(struct bundle_file *file, struct err *err) {
	struct buf folder = {0};
	buf_add(&folder, file->path, (size_t)(file->name - file->path));
	buf_add_str(&folder, ".");
	int code = -ENOMEM;
	if (!folder.failed) {
		file->folder = open(folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		code = file->folder < 0 ? -errno : 0;
	}
	buf_finish(&folder);
	return code ? fail(file, code, err) : 0;
}

/* The path of the hidden name, for who is not in this process. */
static int tell_hidden(struct bundle_file *file) {
	struct buf path = {0};
	buf_add(&path, file->path, (size_t)(file->name - file->path));
	buf_add_str(&path, file->hidden);
	file->hidden_path = buf_take(&path);
	buf_finish(&path);
	return file->hidden_path ? 0 : -ENOMEM;
}

static int open_file(struct bundle_file *file, struct err *err) {
	file->fd = bundle_file_open_unnamed(file->folder);
	int code = file->fd;
	if (code == -ENOTSUP) {
		file->fd = code = open_hidden(file);
		if (code >= 0)
			code = tell_hidden(file);
	}
	return code < 0 ? fail(file, code, err) : 0;
}

int bundle_file_create(const char *path, mode_t mode, struct bundle_file **ret, struct err *err) {
	struct bundle_file *file = calloc(1, sizeof *file);
	if (!file || !(file->path = strdup(path))) {
		free(file);
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	}
	file->folder = file->fd = -1;
	file->mode = mode;
	file->name = path_name(file->path);
	int r = !*path ? err_set(err, -ENOENT, "a file needs a name") : open_folder(file, err);
	if (r >= 0 && (!*file->name || !strcmp(file->name, ".") || !strcmp(file->name, "..")))
		r = err_set(err, -EISDIR, "%s: is a folder", path);
	if (r >= 0)
		r = look(file, err);
	if (r >= 0) {
		sweep(file->folder);
		r = open_file(file, err);
	}
	if (r < 0) {
		bundle_file_free(file);
		return r;
	}
	*ret = file;
	return 0;
}

int bundle_file_fd(const struct bundle_file *file) {
	return file->fd;
}

const char *bundle_file_hidden(const struct bundle_file *file) {
	return file->hidden_path;
}

/* Gives the file its name. -EEXIST: something took it meanwhile. */
static int appear(struct bundle_file *file, bool replace) {
	int code = 0;
	if (!file->hidden[0] && !replace)
		return bundle_file_link(file->fd, file->folder, file->name);
	if (!file->hidden[0])
		code = link_hidden(file);
	if (!code && renameat(file->folder, file->hidden, file->folder, file->name) < 0)
		code = -errno;
	if (!code)
		file->hidden[0] = '\0';
	return code;
}

int bundle_file_commit(struct bundle_file *file, uint64_t size, struct err *err) {
	struct stat st;
	if (fstat(file->fd, &st) < 0 || fchmod(file->fd, file->mode) < 0 || fsync(file->fd) < 0)
		return fail(file, -errno, err);
	if ((uint64_t)st.st_size != size)
		return err_set(err, -EIO, "%s: has %lld bytes instead of %llu", file->path,
			(long long)st.st_size, (unsigned long long)size);
	int there = look(file, err);
	if (there < 0)
		return there;
	int code = appear(file, there);
	if (code == -EEXIST) {
		there = look(file, err);
		if (there < 0)
			return there;
		code = appear(file, true);
	}
	if (code)
		return fail(file, code, err);
	/* Some file systems cannot sync a folder; then the name is as safe as they make it. */
	(void)fsync(file->folder);
	return 0;
}

void bundle_file_free(struct bundle_file *file) {
	if (!file)
		return;
	if (file->hidden[0])
		(void)unlinkat(file->folder, file->hidden, 0);
	if (file->fd >= 0)
		close(file->fd);
	if (file->folder >= 0)
		close(file->folder);
	free(file->hidden_path);
	free(file->path);
	free(file);
}
