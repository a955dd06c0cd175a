/* Reading files that nobody vouches for: every kind that is no regular file, limits, files that
 * change. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/agxtriage-file-XXXXXX";
static int dir_fd;

static int setup(void **state) {
	if (!mkdtemp(folder))
		return -1;
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY);
	return dir_fd < 0 ? -1 : 0;
}

static int teardown(void **state) {
	static const char *const files[] = {"plain", "empty", "big", "growing", "fifo", "link",
		"dangling", "loop", "socket", "secret", "blocker"};
	static const char *const folders[] = {"a/b/c", "a/b", "a", "folder.ips", "link-to-folder"};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlinkat(dir_fd, files[i], 0);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		unlinkat(dir_fd, folders[i], AT_REMOVEDIR);
	close(dir_fd);
	return rmdir(folder);
}

static void put(const char *name, const void *bytes, size_t len) {
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static int get(const char *name, enum file_follow follow, size_t limit, struct err *ret_err) {
	struct buf buf = {0};
	struct file_identity identity;
	*ret_err = (struct err){0};
	int r = file_read(dir_fd, name, follow, limit, &buf, &identity, ret_err);
	if (r < 0) {
		assert_int_equal(ret_err->code, r);
		assert_non_null(strstr(ret_err->text, name));
		assert_int_equal(buf.len, 0);
	}
	buf_finish(&buf);
	return r;
}

static void test_plain(void **state) {
	struct buf buf = {0};
	struct file_identity identity = {0}, again = {0};
	put("plain", "{\"a\":1}\0x", 9);
	buf_add_str(&buf, "what was there before");
	assert_int_equal(file_read(dir_fd, "plain", FILE_NOFOLLOW, 100, &buf, &identity, NULL), 0);
	assert_int_equal(buf.len, 9);
	assert_memory_equal(buf.data, "{\"a\":1}\0x\0", 10);
	assert_int_equal(identity.size, 9);
	struct stat st;
	assert_int_equal(fstatat(dir_fd, "plain", &st, 0), 0);
	assert_int_equal(identity.inode, st.st_ino);
	assert_int_equal(identity.mtime_ns / 1000000000, st.st_mtime);

	assert_int_equal(file_read(dir_fd, "plain", FILE_NOFOLLOW, 100, &buf, &again, NULL), 0);
	assert_true(file_identity_equal(&identity, &again));
	put("plain", "{\"a\":12}\0x", 10);
	assert_int_equal(file_read(dir_fd, "plain", FILE_NOFOLLOW, 100, &buf, &again, NULL), 0);
	assert_false(file_identity_equal(&identity, &again));
	assert_int_equal(file_read(dir_fd, "plain", FILE_NOFOLLOW, 100, &buf, NULL, NULL), 0);
	buf_finish(&buf);
}

static void test_absolute_path(void **state) {
	char path[128];
	struct buf buf = {0};
	put("plain", "x", 1);
	snprintf(path, sizeof path, "%s/plain", folder);
	assert_int_equal(file_read(AT_FDCWD, path, FILE_NOFOLLOW, 1, &buf, NULL, NULL), 0);
	assert_string_equal(buf_str(&buf), "x");
	buf_finish(&buf);
}

static void test_empty(void **state) {
	struct buf buf = {0};
	struct file_identity identity;
	put("empty", "", 0);
	assert_int_equal(file_read(dir_fd, "empty", FILE_NOFOLLOW, 0, &buf, &identity, NULL), 0);
	assert_int_equal(buf.len, 0);
	assert_non_null(buf.data);
	assert_int_equal(buf.data[0], '\0');
	assert_int_equal(identity.size, 0);
	buf_finish(&buf);
}

static void test_limit(void **state) {
	enum { LEN = 300000 };
	char *bytes = malloc(LEN);
	struct buf buf = {0};
	struct err err;
	assert_non_null(bytes);
	for (size_t i = 0; i < LEN; i++)
		bytes[i] = (char)(i * 31);
	put("big", bytes, LEN);
	assert_int_equal(file_read(dir_fd, "big", FILE_NOFOLLOW, LEN, &buf, NULL, NULL), 0);
	assert_int_equal(buf.len, LEN);
	assert_memory_equal(buf.data, bytes, LEN);
	assert_int_equal(get("big", FILE_NOFOLLOW, LEN - 1, &err), -EFBIG);
	assert_int_equal(get("big", FILE_NOFOLLOW, 0, &err), -EFBIG);
	/* Two gigabytes of nothing must not be read before they are refused. */
	int fd = openat(dir_fd, "big", O_WRONLY);
	assert_int_equal(ftruncate(fd, (off_t)2 << 30), 0);
	close(fd);
	assert_int_equal(get("big", FILE_NOFOLLOW, 64u << 20, &err), -EFBIG);
	buf_finish(&buf);
	free(bytes);
}

static void test_no_regular_file(void **state) {
	struct err err;
	assert_int_equal(mkfifoat(dir_fd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(dir_fd, "folder.ips", 0700), 0);
	assert_int_equal(get("fifo", FILE_NOFOLLOW, 100, &err), -ENXIO);
	assert_int_equal(get("fifo", FILE_FOLLOW, 100, &err), -ENXIO);
	assert_int_equal(get("folder.ips", FILE_NOFOLLOW, 100, &err), -EISDIR);
	assert_int_equal(get("folder.ips", FILE_FOLLOW, 100, &err), -EISDIR);
	assert_int_equal(get("/dev/zero", FILE_FOLLOW, 100, &err), -ENXIO);
	assert_int_equal(get("/dev/null", FILE_NOFOLLOW, 100, &err), -ENXIO);
	assert_int_equal(get("missing", FILE_NOFOLLOW, 100, &err), -ENOENT);
	assert_int_equal(get("plain/below", FILE_NOFOLLOW, 100, &err), -ENOTDIR);

	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(get("socket", FILE_NOFOLLOW, 100, &err), -ENXIO);
	close(fd);
}

static void test_links(void **state) {
	struct err err;
	put("plain", "x", 1);
	assert_int_equal(symlinkat("plain", dir_fd, "link"), 0);
	assert_int_equal(symlinkat("nowhere", dir_fd, "dangling"), 0);
	assert_int_equal(symlinkat("loop", dir_fd, "loop"), 0);
	assert_int_equal(get("link", FILE_NOFOLLOW, 100, &err), -ELOOP);
	assert_int_equal(get("link", FILE_FOLLOW, 100, &err), 0);
	assert_int_equal(get("dangling", FILE_NOFOLLOW, 100, &err), -ELOOP);
	assert_int_equal(get("dangling", FILE_FOLLOW, 100, &err), -ENOENT);
	assert_int_equal(get("loop", FILE_FOLLOW, 100, &err), -ELOOP);
}

static void test_unreadable(void **state) {
	struct err err;
	put("secret", "x", 1);
	assert_int_equal(fchmodat(dir_fd, "secret", 0, 0), 0);
	/* Root may read everything, so be somebody else for a moment. */
	const uid_t nobody = 65534, self = geteuid();
	assert_int_equal(fchmod(dir_fd, 0711), 0);
	if (self == 0)
		assert_int_equal(seteuid(nobody), 0);
	int r = get("secret", FILE_NOFOLLOW, 100, &err);
	if (self == 0)
		assert_int_equal(seteuid(self), 0);
	assert_int_equal(r, -EACCES);
}

static atomic_bool stop;

static void *grow(void *unused) {
	char chunk[4096];
	memset(chunk, 'x', sizeof chunk);
	while (!atomic_load(&stop)) {
		int fd = openat(dir_fd, "growing", O_WRONLY | O_CREAT | O_APPEND, 0600);
		for (int i = 0; i < 64 && write(fd, chunk, sizeof chunk) > 0; i++)
			;
		struct stat st;
		if (!fstat(fd, &st) && st.st_size > 4 << 20 && ftruncate(fd, 0) < 0)
			break;
		close(fd);
	}
	return NULL;
}

/* What is taken from a file that is being written is one state of it, whole; else the answer is
 * -EAGAIN. */
static void test_growing(void **state) {
	pthread_t thread;
	struct buf buf = {0};
	int changed = 0;
	put("growing", "", 0);
	assert_int_equal(pthread_create(&thread, NULL, grow, NULL), 0);
	/* A busy machine lets the other thread wait for long. */
	time_t last = time(NULL) + 20;
	while (changed < 20 && time(NULL) < last) {
		struct file_identity identity = {0};
		struct err err;
		int r = file_read(
			dir_fd, "growing", FILE_NOFOLLOW, 64u << 20, &buf, &identity, &err);
		if (r == -EAGAIN)
			changed++;
		else if (!r)
			assert_int_equal(buf.len, identity.size);
		else
			fail_msg("%s", err.text);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	assert_true(changed > 0);
	buf_finish(&buf);
}

static void *feed(void *pipe_end) {
	int fd = *(int *)pipe_end;
	for (int i = 0; i < 1000; i++) {
		char line[64];
		int n = snprintf(line, sizeof line, "line %d of the pipe\n", i);
		if (write(fd, line, (size_t)n) != n)
			break;
	}
	close(fd);
	return NULL;
}

static void test_read_pipe(void **state) {
	int ends[2];
	pthread_t thread;
	struct buf buf = {0};
	assert_int_equal(pipe(ends), 0);
	/* A descriptor that somebody else made non-blocking is waited for all the same. */
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(pthread_create(&thread, NULL, feed, &ends[1]), 0);
	assert_int_equal(file_read_fd(ends[0], "-", 1u << 20, &buf, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(buf.len, strlen(buf.data));
	assert_non_null(strstr(buf.data, "line 999 of the pipe\n"));
	close(ends[0]);
	buf_finish(&buf);
}

static void test_read_fd_limit(void **state) {
	struct buf buf = {0};
	struct err err = {0};
	int fd = open("/dev/zero", O_RDONLY);
	assert_int_equal(file_read_fd(fd, "stdin", 100000, &buf, &err), -EFBIG);
	assert_string_equal(err.text, "stdin: larger than 100000 bytes");
	assert_int_equal(buf.len, 0);
	close(fd);
	put("plain", "12345", 5);
	fd = openat(dir_fd, "plain", O_RDONLY);
	assert_int_equal(file_read_fd(fd, "plain", 5, &buf, NULL), 0);
	assert_string_equal(buf_str(&buf), "12345");
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(fd, "plain", 4, &buf, NULL), -EFBIG);
	close(fd);
	assert_int_equal(file_read_fd(fd, "plain", 4, &buf, NULL), -EBADF);
	assert_int_equal(file_read_fd(dir_fd, "folder", 4, &buf, NULL), -EISDIR);
	buf_finish(&buf);
}

static void test_make_folders(void **state) {
	char path[128];
	struct stat st;
	struct err err;
	mode_t mask = umask(0);
	snprintf(path, sizeof path, "%s/a//b/c/", folder);
	assert_int_equal(file_make_folders(path, NULL), 0);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(file_make_folders(path, NULL), 0);
	assert_int_equal(file_make_folders("/", NULL), 0);
	assert_int_equal(file_make_folders("", &err), -ENOENT);
	put("blocker", "x", 1);
	snprintf(path, sizeof path, "%s/blocker/x", folder);
	assert_int_equal(file_make_folders(path, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, "blocker"));
	snprintf(path, sizeof path, "%s/blocker", folder);
	assert_int_equal(file_make_folders(path, &err), -ENOTDIR);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_absolute_path),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_no_regular_file),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_read_pipe),
		cmocka_unit_test(test_read_fd_limit),
		cmocka_unit_test(test_make_folders),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
