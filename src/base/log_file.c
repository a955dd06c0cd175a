/*
 * stderr as a rotating file. Knows nothing of the lines that are written.
 */
#include "base/log_file.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES (16u << 10)
/* A reader that is only slow needs less. */
#define STUCK_MS 1000

/* Of the whole process, like stderr itself. */
static struct {
	pthread_mutex_t lock;
	char *path, *old_path; /* NULL: no log file */
	size_t max_bytes;
	bool never_waits;
	uint64_t lost; /* lines that stderr did not take; then nobody waits for it again */
} log_file = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int make_parent(const char *path, struct err *err) {
	char *folder = strdup(path);
	if (!folder)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	char *slash = strrchr(folder, '/');
	int r = 0;
	if (slash && slash != folder) {
		*slash = '\0';
		r = file_make_folders(folder, err);
	}
	free(folder);
	return r;
}

static int check_opened(int fd, const char *path, struct err *err) {
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, -ENXIO, "%s: is no regular file", path);
	/* Whoever made it before, launchd for instance, may have let others read it. */
	if (st.st_uid == geteuid() && st.st_mode & 077)
		(void)fchmod(fd, 0600);
	return 0;
}

static int open_append(const char *path, struct err *err) {
	/* Without O_NONBLOCK a FIFO would wait for its reader; a regular file does not care. */
	int fd = open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
		0600);
	if (fd < 0) {
		int code = errno;
		return err_set(err, -code, "%s: %s", path,
			code == ELOOP ? "is a symbolic link" : strerror(code));
	}
	int r = check_opened(fd, path, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static void use(int fd) {
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int log_file_open(const char *path, size_t max_bytes, struct err *err) {
	char *copy = NULL, *old = NULL;
	int r = make_parent(path, err), fd = -1;
	if (r < 0)
		goto out;
	copy = strdup(path);
	if (!copy || asprintf(&old, "%s.1", path) < 0) {
		old = NULL;
		r = err_set(err, -ENOMEM, "%s: out of memory", path);
		goto out;
	}
	fd = open_append(path, err);
	if (fd < 0) {
		r = fd;
		goto out;
	}
	fflush(stdout);
	use(fd);
	pthread_mutex_lock(&log_file.lock);
	free(log_file.path);
	free(log_file.old_path);
	log_file.path = copy;
	log_file.old_path = old;
	log_file.max_bytes = max_bytes;
	pthread_mutex_unlock(&log_file.lock);
	log_set_times(true);
	log_file_check();
	return 0;
out:
	free(copy);
	free(old);
	return r;
}

/* Whether path still names what stderr is. */
static bool in_place(const char *path, const struct stat *opened) {
	struct stat st;
	return lstat(path, &st) == 0 && st.st_dev == opened->st_dev && st.st_ino == opened->st_ino;
}

static bool write_all(int fd, const char *data, size_t len) {
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* Copies what stands behind offset. */
static void copy(int from, off_t offset, int to) {
	char piece[COPY_BYTES];
	ssize_t n;
	while ((n = pread(from, piece, sizeof piece, offset)) > 0 &&
		write_all(to, piece, (size_t)n))
		offset += n;
}

/* The last of it, if somebody wrote very much meanwhile. */
static void keep_old(off_t size) {
	off_t most = 2 * (off_t)log_file.max_bytes;
	int from = open(log_file.path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int to = from < 0 ? -1
			  : open(log_file.old_path,
				    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK |
					    O_CLOEXEC | O_NOCTTY,
				    0600);
	if (to >= 0)
		copy(from, size > most ? size - most : 0, to);
	if (to >= 0)
		close(to);
	if (from >= 0)
		close(from);
}

static bool begin_new(void) {
	int fd = open_append(log_file.path, NULL);
	if (fd == -ENOENT && make_parent(log_file.path, NULL) >= 0)
		fd = open_append(log_file.path, NULL);
	if (fd >= 0)
		use(fd);
	return fd >= 0;
}

static void check_locked(void) {
	struct stat st;
	if (!log_file.path || fstat(STDERR_FILENO, &st) < 0)
		return;
	bool there = in_place(log_file.path, &st);
	if ((!there && begin_new()) || (size_t)st.st_size < log_file.max_bytes)
		return;
	if (there)
		keep_old(st.st_size);
	/* Also one that could be neither copied nor replaced: forgetting is better than filling the
	 * disk. */
	(void)!ftruncate(STDERR_FILENO, 0);
}

void log_file_check(void) {
	int saved = errno;
	pthread_mutex_lock(&log_file.lock);
	check_locked();
	pthread_mutex_unlock(&log_file.lock);
	errno = saved;
}

static bool has_room(int wait_ms) {
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	int r;
	do
		r = poll(&out, 1, wait_ms);
	while (r < 0 && errno == EINTR);
	return r != 0; /* an error is write()'s to tell */
}

/* So much at once never blocks where poll() saw room. */
static bool write_pieces(const char *bytes, size_t len, int wait_ms) {
	while (len) {
		size_t piece = len < PIPE_BUF ? len : PIPE_BUF;
		if (!has_room(wait_ms) || !write_all(STDERR_FILENO, bytes, piece))
			return false;
		bytes += piece;
		len -= piece;
	}
	return true;
}

static void write_or_lose(const char *bytes, size_t len) {
	char line[64];
	if (log_file.lost) {
		int told = snprintf(
			line, sizeof line, "%" PRIu64 " messages were lost\n", log_file.lost);
		if (!write_pieces(line, (size_t)told, 0)) {
			log_file.lost++;
			return;
		}
		log_file.lost = 0;
	}
	if (!write_pieces(bytes, len, STUCK_MS))
		log_file.lost++;
}

void log_never_wait(bool on) {
	pthread_mutex_lock(&log_file.lock);
	log_file.never_waits = on;
	pthread_mutex_unlock(&log_file.lock);
}

void log_file_write(const char *bytes, size_t len) {
	int saved = errno;
	/* Between copying and emptying nobody else may write. */
	pthread_mutex_lock(&log_file.lock);
	if (log_file.never_waits)
		write_or_lose(bytes, len);
	else
		(void)write_all(STDERR_FILENO, bytes, len);
	check_locked();
	pthread_mutex_unlock(&log_file.lock);
	errno = saved;
}

void log_file_close(void) {
	pthread_mutex_lock(&log_file.lock);
	free(log_file.path);
	free(log_file.old_path);
	log_file.path = log_file.old_path = NULL;
	pthread_mutex_unlock(&log_file.lock);
	log_set_times(false);
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		use(fd);
}
