/*
 * Bad luck to be preloaded into the program under test (Linux): a kernel whose inotify queue is too
 * small, a disk that is full, that cannot be written to, or that fails to sync, now and then.
 *
 * SHIM_INOTIFY_QUEUE=N      of what one read brings, only the first N events come; then an overflow
 * SHIM_INOTIFY_REFUSE=1      nothing can be watched
 * SHIM_FAIL_EVERY=N         every N-th write or sync of a file fails
 * SHIM_FAIL_WITH=ENOSPC     or EIO, EROFS (numbers)
 * SHIM_FAIL_WHAT=write,sync which of them; default both
 * SHIM_FAIL_FILE=PATH       failing is on only while this file exists; default always
 * SHIM_CLOCK_FILE=PATH      the wall clock is off by the seconds that stand in this file
 */
/* Both names of each function are meant, not one in the guise of the other. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Their declarations have reserved names, and some are hidden behind a macro. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name,readability-redundant-declaration)
 */

#define PUBLIC __attribute__((visibility("default")))
#define FDS 1024

static atomic_bool is_inotify[FDS];
static atomic_uint calls;

static long number(const char *name, long usual) {
	const char *text = getenv(name);
	return text ? strtol(text, NULL, 10) : usual;
}

static bool unlucky(const char *what) {
	long every = number("SHIM_FAIL_EVERY", 0);
	const char *whats = getenv("SHIM_FAIL_WHAT"), *file = getenv("SHIM_FAIL_FILE");
	if (every <= 0 || (whats && !strstr(whats, what)) || (file && access(file, F_OK) != 0))
		return false;
	if (atomic_fetch_add(&calls, 1) % (unsigned)every != (unsigned)every - 1)
		return false;
	errno = (int)number("SHIM_FAIL_WITH", ENOSPC);
	return true;
}

/* Pipes, terminals and the log are spared. */
static bool is_database(int fd) {
	struct stat st;
	return fd > 2 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

#define REAL(type, name, ...)             \
	static type (*real)(__VA_ARGS__); \
	if (!real)                        \
	*(void **)&real = dlsym(RTLD_NEXT, name)

PUBLIC int inotify_init1(int flags) {
	REAL(int, "inotify_init1", int);
	int fd = real(flags);
	if (fd >= 0 && fd < FDS)
		atomic_store(&is_inotify[fd], true);
	return fd;
}

PUBLIC int inotify_add_watch(int fd, const char *path, uint32_t mask) {
	REAL(int, "inotify_add_watch", int, const char *, uint32_t);
	if (!number("SHIM_INOTIFY_REFUSE", 0))
		return real(fd, path, mask);
	errno = ENOSPC;
	return -1;
}

/* Keeps the first events and puts an overflow behind them, as the kernel does. */
static ssize_t shorten(char *data, ssize_t len, long keep) {
	ssize_t at = 0;
	for (; at < len && keep > 0; keep--)
		at += (ssize_t)sizeof(struct inotify_event) +
		      (ssize_t)((struct inotify_event *)(void *)(data + at))->len;
	if (at >= len)
		return len;
	struct inotify_event overflow = {.wd = -1, .mask = IN_Q_OVERFLOW};
	memcpy(data + at, &overflow, sizeof overflow);
	return at + (ssize_t)sizeof overflow;
}

PUBLIC ssize_t read(int fd, void *data, size_t len) {
	REAL(ssize_t, "read", int, void *, size_t);
	ssize_t got = real(fd, data, len);
	long keep = number("SHIM_INOTIFY_QUEUE", 0);
	if (got > 0 && keep > 0 && fd >= 0 && fd < FDS && atomic_load(&is_inotify[fd]))
		return shorten(data, got, keep - 1);
	return got;
}

PUBLIC int close(int fd) {
	REAL(int, "close", int);
	if (fd >= 0 && fd < FDS)
		atomic_store(&is_inotify[fd], false);
	return real(fd);
}

PUBLIC ssize_t write(int fd, const void *data, size_t len) {
	REAL(ssize_t, "write", int, const void *, size_t);
	return is_database(fd) && unlucky("write") ? -1 : real(fd, data, len);
}

PUBLIC ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at) {
	REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
	return is_database(fd) && unlucky("write") ? -1 : real(fd, data, len, at);
}

PUBLIC ssize_t pwrite(int fd, const void *data, size_t len, off_t at) {
	REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
	return is_database(fd) && unlucky("write") ? -1 : real(fd, data, len, at);
}

PUBLIC int fsync(int fd) {
	REAL(int, "fsync", int);
	return is_database(fd) && unlucky("sync") ? -1 : real(fd);
}

PUBLIC int fdatasync(int fd) {
	REAL(int, "fdatasync", int);
	return is_database(fd) && unlucky("sync") ? -1 : real(fd);
}

PUBLIC int ftruncate64(int fd, off64_t len) {
	REAL(int, "ftruncate64", int, off64_t);
	return is_database(fd) && unlucky("write") ? -1 : real(fd, len);
}

PUBLIC int posix_fallocate64(int fd, off64_t at, off64_t len);
PUBLIC int posix_fallocate64(int fd, off64_t at, off64_t len) {
	REAL(int, "posix_fallocate64", int, off64_t, off64_t);
	return is_database(fd) && unlucky("write") ? errno : real(fd, at, len);
}

static time_t clock_error(void) {
	const char *file = getenv("SHIM_CLOCK_FILE");
	char text[32] = "";
	int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	if (pread(fd, text, sizeof text - 1, 0) < 0)
		text[0] = '\0';
	close(fd);
	return strtol(text, NULL, 10);
}

PUBLIC int clock_gettime(clockid_t clock, struct timespec *ret);
PUBLIC int clock_gettime(clockid_t clock, struct timespec *ret) {
	REAL(int, "clock_gettime", clockid_t, struct timespec *);
	int code = real(clock, ret);
	if (code == 0 && clock == CLOCK_REALTIME)
		ret->tv_sec += clock_error();
	return code;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name,readability-redundant-declaration)
 */
