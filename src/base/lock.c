/* Record locks on a file made for nothing else; knows nothing of what they guard. */
#include "base/lock.h"

#include "base/locked_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So often the file may be replaced, or its holder end, between two of our calls. */
#define TRIES 100

#define OPEN_FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static int fail_errno(struct err *err, const char *path) {
	int code = errno;
	return err_set(err, -code, "%s: %s", path, strerror(code));
}

static int check_kind(const struct stat *st, const char *path, struct err *err) {
	if (S_ISREG(st->st_mode))
		return 0;
	if (S_ISLNK(st->st_mode))
		return err_set(err, -ELOOP, "%s: is a symbolic link", path);
	return err_set(
		err, S_ISDIR(st->st_mode) ? -EISDIR : -ENXIO, "%s: is no regular file", path);
}

/* The descriptor. */
static int open_file(const char *path, int flags, struct err *err) {
	struct stat st;
	/* Opening a device can act on it, so look first. */
	if (!lstat(path, &st)) {
		int r = check_kind(&st, path, err);
		if (r < 0)
			return r;
	} else if (errno != ENOENT) {
		return fail_errno(err, path);
	}
	int fd = open(path, flags | OPEN_FLAGS, 0600);
	if (fd < 0)
		return fail_errno(err, path);
	int r = fstat(fd, &st) < 0 ? fail_errno(err, path) : check_kind(&st, path, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/* Bytes that the file need not have. */
enum byte { BYTE_HELD, BYTE_MARKED, BYTE_SECOND };

static struct flock lock_of(enum byte byte, short type) {
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
}

/* 1 when another process has locked the byte, 0 when none has. */
static int ask(int fd, enum byte byte, pid_t *ret_holder) {
	struct flock lock = lock_of(byte, F_WRLCK);
	if (fcntl(fd, F_GETLK, &lock) < 0)
		return -errno;
	if (lock.l_type == F_UNLCK)
		return 0;
	*ret_holder = lock.l_pid > 0 ? lock.l_pid : 0;
	return 1;
}

static int ask_holder(
	int fd, enum byte byte, const char *path, pid_t *ret_holder, struct err *err) {
	int r = ask(fd, byte, ret_holder);
	return r < 0 ? err_set(err, r, "%s: %s", path, strerror(-r)) : r;
}

/* Whether path still names what fd is: a lock on a file that was deleted keeps nobody out. */
static bool is_same(int fd, const char *path) {
	struct stat mine, there;
	return !fstat(fd, &mine) && !lstat(path, &there) && mine.st_dev == there.st_dev &&
	       mine.st_ino == there.st_ino;
}

/* The descriptor, -EAGAIN when it is held, -ESTALE when it has to be tried again. */
static int try_take(const char *path, enum byte byte, pid_t *ret_holder, struct err *err) {
	int fd = open_file(path, O_RDWR | O_CREAT, err);
	if (fd < 0)
		return fd;
	struct flock held = lock_of(byte, F_WRLCK);
	int r;
	if (!fcntl(fd, F_SETLK, &held)) {
		if (is_same(fd, path))
			return fd;
		r = err_set(err, -ESTALE, "%s: is replaced again and again", path);
	} else if (errno == EAGAIN || errno == EACCES) {
		r = ask_holder(fd, byte, path, ret_holder, err);
		if (r > 0)
			r = err_set(err, -EAGAIN, "%s: is held by another process", path);
		else if (!r)
			r = err_set(err, -ESTALE, "%s: its holder cannot be told", path);
	} else {
		r = fail_errno(err, path);
	}
	close(fd);
	return r;
}

static void protect(int fd, void (*what)(dev_t device, ino_t inode)) {
	struct stat st;
	if (!fstat(fd, &st))
		what(st.st_dev, st.st_ino);
}

static int take(
	const char *path, enum byte byte, struct lock *ret, pid_t *ret_holder, struct err *err) {
	pid_t holder = 0;
	int r = -ESTALE;
	for (int i = 0; i < TRIES && r == -ESTALE; i++)
		r = try_take(path, byte, &holder, err);
	if (r >= 0) {
		ret->fd = r;
		protect(r, locked_files_add);
	} else if (r == -EAGAIN) {
		*ret_holder = holder;
	}
	return r < 0 ? r : 0;
}

int lock_take(const char *path, struct lock *ret, pid_t *ret_holder, struct err *err) {
	return take(path, BYTE_HELD, ret, ret_holder, err);
}

int lock_take_second(const char *path, struct lock *ret, pid_t *ret_holder, struct err *err) {
	return take(path, BYTE_SECOND, ret, ret_holder, err);
}

int lock_ask(const struct lock *second, pid_t *ret_holder, struct err *err) {
	return ask_holder(second->fd, BYTE_HELD, "the lock", ret_holder, err);
}

void lock_release(struct lock *lock) {
	if (lock->fd >= 0) {
		protect(lock->fd, locked_files_remove);
		close(lock->fd);
	}
	lock->fd = -1;
}

bool lock_stands(const struct lock *lock) {
	struct stat st;
	return lock->fd >= 0 && !fstat(lock->fd, &st) && st.st_nlink > 0;
}

static int find(const char *path, enum byte byte, pid_t *ret_holder, struct err *err) {
	struct err local;
	int fd = open_file(path, O_RDONLY, &local);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return err_set(err, fd, "%s", local.text);
	int r = ask_holder(fd, byte, path, ret_holder, err);
	close(fd);
	return r;
}

int lock_find(const char *path, pid_t *ret_holder, struct err *err) {
	return find(path, BYTE_HELD, ret_holder, err);
}

int lock_find_second(const char *path, pid_t *ret_holder, struct err *err) {
	return find(path, BYTE_SECOND, ret_holder, err);
}

void lock_mark(const struct lock *lock, bool on) {
	struct flock mark = lock_of(BYTE_MARKED, on ? F_WRLCK : F_UNLCK);
	if (lock->fd >= 0)
		(void)fcntl(lock->fd, F_SETLK, &mark);
}

bool lock_is_marked(const char *path) {
	struct err err;
	pid_t holder;
	int fd = open_file(path, O_RDONLY, &err);
	if (fd < 0)
		return false;
	bool marked = ask(fd, BYTE_MARKED, &holder) > 0;
	close(fd);
	return marked;
}
