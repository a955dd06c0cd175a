/* Archives through the helper program: what goes in comes out, the same bytes twice, nothing but
 * the whole at the target's path, no child left. */
#include "export/bundle.h"

#include "export/bundle_child.h"
#include "export/bundle_file.h"
#include "export/bundle_line.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MTIME INT64_C(1766281000)

static const char *helper; /* AGXTRIAGE_BUNDLE */
static char folder[64], path[128];

/* ---- a folder of its own ---- */

static int setup(void **state) {
	snprintf(folder, sizeof folder, "/tmp/agxtriage-bundle-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/out", folder);
	return 0;
}

/* How many names stand in the folder, hidden ones too. */
static int names(void) {
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int count = 0;
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return count;
}

static int teardown(void **state) {
	char name[400];
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	while (dir && (entry = readdir(dir))) {
		snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
		if (unlink(name) < 0)
			(void)rmdir(name);
	}
	if (dir)
		closedir(dir);
	return rmdir(folder);
}

static void put_file(const char *name, const char *text) {
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool file_is(const char *name, const char *text) {
	char bytes[256] = "";
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t n = read(fd, bytes, sizeof bytes - 1);
	close(fd);
	return n == (ssize_t)strlen(text) && !memcmp(bytes, text, (size_t)n);
}

static void no_children(void) {
	int status;
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* ---- archives ---- */

static struct bundle_options options_of(enum bundle_format format) {
	return (struct bundle_options){.program = helper,
		.path = path,
		.format = format,
		.folder = "agxtriage-export",
		.mtime_s = MTIME};
}

static struct bundle_writer *create(enum bundle_format format) {
	struct bundle_options options = options_of(format);
	struct bundle_writer *writer = NULL;
	struct err err = {0};
	int r = bundle_create(&options, &writer, &err);
	if (r < 0)
		fail_msg("%s", err.text);
	return writer;
}

static void add(struct bundle_writer *writer, const char *name, const char *text) {
	struct err err = {0};
	size_t len = strlen(text);
	assert_int_equal(bundle_member(writer, name, len, &err), 0);
	/* In two pieces. */
	assert_int_equal(bundle_write(writer, text, len / 2, &err), 0);
	assert_int_equal(bundle_write(writer, text + len / 2, len - len / 2, &err), 0);
}

static void check_member(
	struct bundle_reader *reader, const char *want_name, const char *want_text) {
	const char *name;
	char bytes[64];
	uint64_t size;
	struct err err = {0};
	size_t len = 0;
	int64_t n;
	assert_int_equal(bundle_next(reader, &name, &size, &err), 1);
	assert_string_equal(name, want_name);
	assert_int_equal(size, strlen(want_text));
	while ((n = bundle_read(reader, bytes + len, 5, &err)) > 0)
		len += (size_t)n;
	assert_int_equal(n, 0);
	assert_int_equal(len, size);
	assert_memory_equal(bytes, want_text, len);
}

static void test_round_trip(void **state) {
	for (enum bundle_format format = 0; format < BUNDLE_FORMAT_COUNT; format++) {
		struct err err = {0};
		struct bundle_writer *writer = create(format);
		struct bundle_reader *reader;
		const char *name;
		uint64_t bytes, size;
		struct stat st;
		add(writer, "manifest.json", "{\"a\": 1}");
		add(writer, "empty", "");
		add(writer, "reports/000001-A.ips", "a report\nend\n");
		assert_int_not_equal(access(path, F_OK), 0);
		assert_int_equal(bundle_finish(writer, &bytes, &err), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, bytes);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(names(), 1);

		assert_int_equal(bundle_open(helper, path, &reader, &err), 0);
		check_member(reader, "manifest.json", "{\"a\": 1}");
		check_member(reader, "empty", "");
		check_member(reader, "reports/000001-A.ips", "a report\nend\n");
		assert_int_equal(bundle_next(reader, &name, &size, &err), 0);
		assert_int_equal(bundle_next(reader, &name, &size, &err), 0);
		bundle_close(reader);
		assert_int_equal(unlink(path), 0);
		no_children();
	}
}

static void test_members_passed_unread(void **state) {
	struct err err = {0};
	struct bundle_writer *writer = create(BUNDLE_TAR_ZST);
	struct bundle_reader *reader;
	const char *name;
	char bytes[4];
	uint64_t size;
	char *large = calloc(1, 300000);
	memset(large, 'x', 299999);
	add(writer, "large", large);
	add(writer, "small", "small");
	free(large);
	assert_int_equal(bundle_finish(writer, NULL, &err), 0);
	assert_int_equal(bundle_open(helper, path, &reader, &err), 0);
	assert_int_equal(bundle_read(reader, bytes, sizeof bytes, &err), 0);
	assert_int_equal(bundle_next(reader, &name, &size, &err), 1);
	assert_true(bundle_read(reader, bytes, sizeof bytes, &err) > 0);
	check_member(reader, "small", "small");
	assert_int_equal(bundle_next(reader, &name, &size, &err), 0);
	bundle_close(reader);
}

static void test_formats(void **state) {
	assert_int_equal(bundle_format_of("a.tar.gz"), BUNDLE_TAR_GZ);
	assert_int_equal(bundle_format_of("/b/A.TGZ"), BUNDLE_TAR_GZ);
	assert_int_equal(bundle_format_of("a.tar.zst"), BUNDLE_TAR_ZST);
	assert_int_equal(bundle_format_of("a.tzst"), BUNDLE_TAR_ZST);
	assert_int_equal(bundle_format_of("a.b.zip"), BUNDLE_ZIP);
	static const char *const none[] = {"", "a", "a.gz", "zip", "a.zip/", "a.tar", "a.tar.xz"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(bundle_format_of(none[i]), BUNDLE_FORMAT_COUNT);
	for (enum bundle_format format = 0; format < BUNDLE_FORMAT_COUNT; format++) {
		snprintf(path, sizeof path, "a.%s", bundle_format_names[format]);
		assert_int_equal(bundle_format_of(path), format);
	}
}

static void test_names(void **state) {
	static const char *const good[] = {
		"a", "a/b", "repro/agxtriage-repro.m", "A_b-c.9/.x", "..a", "a.."};
	static const char *const bad[] = {"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "a/../b",
		"./a", "a b", "a\nb", "a\\b", "-a", "a/-b", "\xc3\xa4", "a\x7f", "a:b", "a\tb"};
	char name[BUNDLE_NAME_BYTES + 2];
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(bundle_name_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(bundle_name_valid(bad[i], strlen(bad[i])));
	assert_false(bundle_name_valid("a\0b", 3));
	memset(name, 'a', sizeof name);
	assert_true(bundle_name_valid(name, BUNDLE_NAME_BYTES));
	assert_false(bundle_name_valid(name, BUNDLE_NAME_BYTES + 1));
	assert_true(bundle_folder_valid("agxtriage-export"));
	assert_false(bundle_folder_valid("a/b"));
	assert_false(bundle_folder_valid(".."));
}

static void test_lines(void **state) {
	struct bundle_line line;
	assert_true(bundle_line_parse("a/b 12", 6, &line));
	assert_string_equal(line.name, "a/b");
	assert_int_equal(line.size, 12);
	assert_false(line.end);
	assert_true(bundle_line_parse("end", 3, &line));
	assert_true(line.end);
	static const char *const bad[] = {"", "a", "a ", " 1", "a -1", "a -0", "a 0x1", "a 1 2",
		"a 9223372036854775808", "a 1x", "end 1x", "../a 1", "END", "a\t1", "end "};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(bundle_line_parse(bad[i], strlen(bad[i]), &line));
	assert_true(bundle_line_parse("a 9223372036854775807", 21, &line));
}

/* A name of the full length, in tar beyond what its plain header holds. */
static void test_long_name(void **state) {
	char name[BUNDLE_NAME_BYTES + 1];
	memset(name, 'n', BUNDLE_NAME_BYTES);
	name[BUNDLE_NAME_BYTES] = '\0';
	for (enum bundle_format format = 0; format < BUNDLE_FORMAT_COUNT; format++) {
		struct bundle_writer *writer = create(format);
		struct bundle_reader *reader;
		struct err err = {0};
		add(writer, name, "text");
		assert_int_equal(bundle_finish(writer, NULL, &err), 0);
		assert_int_equal(bundle_open(helper, path, &reader, &err), 0);
		check_member(reader, name, "text");
		bundle_close(reader);
	}
}

/* ---- what is refused ---- */

static void test_sizes(void **state) {
	struct err err = {0};
	struct bundle_writer *writer = create(BUNDLE_TAR_GZ);
	assert_int_equal(bundle_member(writer, "a", 3, &err), 0);
	assert_int_equal(bundle_write(writer, "four", 4, &err), -EINVAL);
	assert_non_null(strstr(err.text, "member a"));
	bundle_abort(writer);
	assert_int_equal(names(), 0);

	writer = create(BUNDLE_TAR_GZ);
	assert_int_equal(bundle_member(writer, "a", 3, &err), 0);
	assert_int_equal(bundle_write(writer, "ab", 2, &err), 0);
	assert_int_equal(bundle_member(writer, "b", 0, &err), -EINVAL);
	bundle_abort(writer);

	writer = create(BUNDLE_TAR_GZ);
	assert_int_equal(bundle_member(writer, "a", 3, &err), 0);
	assert_int_equal(bundle_finish(writer, NULL, &err), -EINVAL);
	assert_int_equal(names(), 0);

	writer = create(BUNDLE_ZIP);
	assert_int_equal(bundle_member(writer, "a", (uint64_t)BUNDLE_BYTES_MAX + 1, &err), -EFBIG);
	bundle_abort(writer);
	writer = create(BUNDLE_ZIP);
	assert_int_equal(bundle_write(writer, "a", 1, &err), -EINVAL);
	assert_int_equal(bundle_member(writer, "../a", 1, &err), -EINVAL);
	bundle_abort(writer);
	assert_int_equal(names(), 0);
	no_children();
}

/* Names are equal when a file system may take them for one file. */
static void test_equal_names(void **state) {
	struct err err = {0};
	struct bundle_writer *writer = create(BUNDLE_TAR_GZ);
	add(writer, "Report.md", "1");
	/* What the helper does not like may show with one of the next calls only. */
	int r = bundle_member(writer, "REPORT.md", 0, &err);
	if (r < 0)
		bundle_abort(writer);
	else
		r = bundle_finish(writer, NULL, &err);
	assert_int_equal(r, -EIO);
	assert_non_null(strstr(err.text, "two members have the name REPORT.md"));
	assert_int_equal(names(), 0);
}

static int try_create(const char *target, struct err *err) {
	struct bundle_options options = options_of(BUNDLE_TAR_GZ);
	struct bundle_writer *writer;
	options.path = target;
	int r = bundle_create(&options, &writer, err);
	if (r >= 0)
		bundle_abort(writer);
	return r;
}

static void test_targets(void **state) {
	struct err err = {0};
	char other[160];
	assert_int_equal(try_create("", &err), -ENOENT);
	assert_int_equal(try_create(folder, &err), -EISDIR);
	assert_int_equal(try_create("/", &err), -EISDIR);
	snprintf(other, sizeof other, "%s/", folder);
	assert_int_equal(try_create(other, &err), -EISDIR);
	snprintf(other, sizeof other, "%s/..", folder);
	assert_int_equal(try_create(other, &err), -EISDIR);
	snprintf(other, sizeof other, "%s/none/out", folder);
	assert_int_equal(try_create(other, &err), -ENOENT);
	assert_non_null(strstr(err.text, other));

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(try_create(path, &err), -EEXIST);
	unlink(path);
	snprintf(other, sizeof other, "%s/file", folder);
	put_file(other, "precious");
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(try_create(path, &err), -EEXIST);
	assert_non_null(strstr(err.text, "symbolic link"));
	assert_true(file_is(other, "precious"));
	assert_int_equal(try_create("/dev/null", &err), -EEXIST);
	unlink(other);
	assert_int_equal(try_create(path, &err), -EEXIST);
}

static void test_replaces_a_file(void **state) {
	struct err err = {0};
	struct bundle_writer *writer;
	put_file(path, "old");
	writer = create(BUNDLE_ZIP);
	add(writer, "a", "text");
	assert_true(file_is(path, "old"));
	bundle_abort(writer);
	assert_true(file_is(path, "old"));
	writer = create(BUNDLE_ZIP);
	add(writer, "a", "text");
	assert_int_equal(bundle_finish(writer, NULL, &err), 0);
	assert_false(file_is(path, "old"));
	assert_int_equal(names(), 1);
}

/* Something takes the name while the archive is written. */
static void test_name_taken_meanwhile(void **state) {
	struct err err = {0};
	struct bundle_writer *writer = create(BUNDLE_TAR_GZ);
	put_file(path, "newer");
	assert_int_equal(bundle_finish(writer, NULL, &err), 0);
	assert_false(file_is(path, "newer"));
	unlink(path);
	writer = create(BUNDLE_TAR_GZ);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(bundle_finish(writer, NULL, &err), -EISDIR);
	assert_int_equal(names(), 1);
	assert_int_equal(rmdir(path), 0);
}

static void test_no_helper(void **state) {
	struct err err = {0};
	struct bundle_options options = options_of(BUNDLE_TAR_GZ);
	struct bundle_writer *writer;
	struct bundle_reader *reader;
	options.program = "/nowhere/agxtriage-bundle";
	assert_int_equal(bundle_create(&options, &writer, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/agxtriage-bundle"));
	assert_int_equal(names(), 0);
	put_file(path, "x");
	assert_int_equal(bundle_open(options.program, path, &reader, &err), -ENOENT);
	/* Programs that do not do what they should. */
	static const char *const others[] = {"/usr/bin/true", "/bin/cat", "/usr/bin/false"};
	for (size_t i = 0; i < 3; i++) {
		options.program = others[i];
		int r = bundle_create(&options, &writer, &err);
		assert_int_equal(r, 0);
		assert_true(bundle_finish(writer, NULL, &err) < 0);
		assert_true(file_is(path, "x"));
		assert_int_equal(names(), 1);
	}
	no_children();
}

/* ---- streams ---- */

static int finish_to(int fd, uint64_t *ret_bytes, struct err *err) {
	struct bundle_options options = options_of(BUNDLE_TAR_GZ);
	struct bundle_writer *writer;
	options.path = NULL;
	options.fd = fd;
	int r = bundle_create(&options, &writer, err);
	if (r < 0)
		return r;
	r = bundle_member(writer, "a", 4, err);
	if (r >= 0)
		r = bundle_write(writer, "text", 4, err);
	if (r >= 0)
		return bundle_finish(writer, ret_bytes, err);
	bundle_abort(writer);
	return r;
}

static void test_to_a_stream(void **state) {
	struct err err = {0};
	uint64_t bytes = 0;
	int fds[2];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;
	assert_int_equal(finish_to(fd, &bytes, &err), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, bytes);
	close(fd);
	assert_int_equal(finish_to(fd, &bytes, &err), -EBADF);

	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(finish_to(fd, &bytes, &err), -EBADF);
	close(fd);
	fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		assert_int_equal(finish_to(fd, &bytes, &err), -ENOTTY);
		close(fd);
	}
	/* Nobody reads, and the signal that tells so must not end this process. */
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(finish_to(fds[1], &bytes, &err), -EIO);
	assert_non_null(strstr(err.text, "Broken pipe"));
	close(fds[1]);
	no_children();
}

/* Somebody's Ctrl-C, while the other side waits for ever. */
static volatile bool stopped;

static void on_alarm(int number) {
	stopped = true;
}

static void stop_soon(void) {
	const struct itimerval soon = {.it_value.tv_usec = 300 * 1000};
	stopped = false;
	signal(SIGALRM, on_alarm);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
}

static void test_stop(void **state) {
	struct bundle_options options = options_of(BUNDLE_TAR_GZ);
	struct bundle_writer *writer;
	struct err err = {0};
	int fds[2], r = 0;
	uint32_t noise[1024], seed = 1;
	assert_int_equal(pipe(fds), 0);
	options.path = NULL;
	options.fd = fds[1];
	options.stop = &stopped;
	assert_int_equal(bundle_create(&options, &writer, &err), 0);
	stop_soon();
	assert_int_equal(bundle_member(writer, "a", 1u << 30, &err), 0);
	for (size_t i = 0; i < 1024; i++)
		noise[i] = seed = seed * 1664525u + 1013904223u;
	while (r == 0)
		r = bundle_write(writer, noise, sizeof noise, &err);
	assert_int_equal(r, -EINTR);
	bundle_abort(writer);
	signal(SIGALRM, SIG_DFL);
	close(fds[0]);
	close(fds[1]);
	no_children();
}

/* An archive that never comes. */
static void test_stop_reading(void **state) {
	struct bundle_reader *reader;
	struct err err = {0};
	const char *name;
	uint64_t size;
	int fds[2], old = dup(STDIN_FILENO);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(bundle_open(helper, NULL, &reader, &err), 0);
	bundle_watch(reader, &stopped);
	stop_soon();
	assert_int_equal(bundle_next(reader, &name, &size, &err), -EINTR);
	bundle_close(reader);
	signal(SIGALRM, SIG_DFL);
	dup2(old, STDIN_FILENO);
	close(old);
	close(fds[0]);
	close(fds[1]);
	no_children();
}

/* ---- ends that nobody wished for ---- */

static void test_helper_killed(void **state) {
	struct err err = {0};
	struct bundle_child child;
	char bytes[4096] = {0};
	const char *const argv[] = {helper, "write", "tar.gz", "folder", "1766281000", NULL};
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC), r;
	assert_int_equal(bundle_child_start(&child, argv, -1, fd, NULL, &err), 0);
	kill(child.pid, SIGKILL);
	do {
		r = bundle_child_write(&child, bytes, sizeof bytes);
	} while (r == 0);
	assert_int_equal(r, -EPIPE);
	assert_int_equal(bundle_child_end(&child, &err), -EIO);
	assert_non_null(strstr(err.text, "signal 9"));
	bundle_child_finish(&child);
	close(fd);
	no_children();
}

/* One that says more than a pipe holds, and never reads. */
static void test_talkative_helper(void **state) {
	struct err err = {0};
	struct bundle_child child;
	char *bytes = calloc(1, 1 << 20);
	const char *const argv[] = {"/bin/sh", "-c",
		"head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2; exec cat >/dev/null", NULL};
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_int_equal(bundle_child_start(&child, argv, -1, fd, NULL, &err), 0);
	assert_int_equal(bundle_child_write(&child, bytes, 1 << 20), 0);
	assert_int_equal(bundle_child_end(&child, &err), 0);
	assert_true(child.said.len > 0 && child.said.len < 1000);
	bundle_child_finish(&child);
	free(bytes);
	close(fd);
}

static void test_reader_closed_early(void **state) {
	struct err err = {0};
	struct bundle_writer *writer = create(BUNDLE_TAR_GZ);
	struct bundle_reader *reader;
	const char *name;
	char byte;
	uint64_t size;
	char *zeros = calloc(1, 1 << 20);
	assert_int_equal(bundle_member(writer, "zeros", 64u << 20, &err), 0);
	for (int i = 0; i < 64; i++)
		assert_int_equal(bundle_write(writer, zeros, 1 << 20, &err), 0);
	free(zeros);
	assert_int_equal(bundle_finish(writer, NULL, &err), 0);
	assert_int_equal(bundle_open(helper, path, &reader, &err), 0);
	assert_int_equal(bundle_next(reader, &name, &size, &err), 1);
	assert_int_equal(size, 64u << 20);
	assert_int_equal(bundle_read(reader, &byte, 1, &err), 1);
	bundle_close(reader);
	no_children();
}

static void test_bad_archives(void **state) {
	static const char *const what[] = {"", "x", "PK", "PK\3\4 and no more", "\x1f\x8b", "{}\n"};
	struct err err = {0};
	struct bundle_reader *reader;
	const char *name;
	uint64_t size;
	for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
		put_file(path, what[i]);
		assert_int_equal(bundle_open(helper, path, &reader, &err), 0);
		assert_int_equal(bundle_next(reader, &name, &size, &err), -EBADMSG);
		assert_non_null(strstr(err.text, path));
		assert_int_equal(bundle_next(reader, &name, &size, &err), -EBADMSG);
		assert_int_equal(bundle_read(reader, &size, 1, &err), -EBADMSG);
		bundle_close(reader);
	}
	assert_int_equal(bundle_open(helper, folder, &reader, &err), -EISDIR);
	assert_int_equal(bundle_open(helper, "/dev/zero", &reader, &err), -ENXIO);
	unlink(path);
	assert_int_equal(bundle_open(helper, path, &reader, &err), -ENOENT);
	/* Nobody writes into it, and nobody waits. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(bundle_open(helper, path, &reader, &err), -ENXIO);
	no_children();
}

/* A helper that lies: its members are checked like an archive's. */
static void test_lying_helper(void **state) {
	static const char *const says[] = {"../a 1\\nx", "a 5\\nx", "a 1", "end\\nmore",
		"a 1\\nxend", "a 99999999999999\\nx", "", "a 1\\nxa"};
	struct err err = {0};
	struct bundle_reader *reader;
	const char *name;
	uint64_t size;
	char script[400];
	snprintf(script, sizeof script, "%s/helper", folder);
	put_file(path, "x");
	for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
		char text[200];
		int r;
		snprintf(text, sizeof text, "#!/bin/sh\nprintf '%s'\n", says[i]);
		put_file(script, text);
		assert_int_equal(chmod(script, 0700), 0);
		assert_int_equal(bundle_open(script, path, &reader, &err), 0);
		do {
			r = bundle_next(reader, &name, &size, &err);
		} while (r > 0);
		assert_true(r == -EIO || r == -EBADMSG);
		bundle_close(reader);
	}
	no_children();
}

/* ---- files with a hidden name, where there are none without ---- */

static void hidden_path(char *ret, size_t size, const char *name) {
	snprintf(ret, size, "%s/%s", folder, name);
}

static void test_sweep(void **state) {
	struct err err = {0};
	char dead[200], alive[200], foreign[200];
	struct bundle_file *file;
	hidden_path(dead, sizeof dead, ".agxtriage-bundle.1-0.part");
	hidden_path(alive, sizeof alive, ".agxtriage-bundle.1-1.part");
	hidden_path(foreign, sizeof foreign, ".agxtriage-bundle.1-2.partner");
	put_file(dead, "left");
	put_file(alive, "being written");
	put_file(foreign, "not ours");
	int fd = open(alive, O_WRONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(bundle_file_create(path, 0600, &file, &err), 0);
	assert_int_not_equal(access(dead, F_OK), 0);
	assert_int_equal(access(alive, F_OK), 0);
	assert_int_equal(access(foreign, F_OK), 0);
	bundle_file_free(file);
	close(fd);
	assert_int_equal(names(), 2);
}

static void test_wrong_size(void **state) {
	struct err err = {0};
	struct bundle_file *file;
	assert_int_equal(bundle_file_create(path, 0600, &file, &err), 0);
	assert_int_equal(write(bundle_file_fd(file), "1234", 4), 4);
	assert_int_equal(bundle_file_commit(file, 5, &err), -EIO);
	bundle_file_free(file);
	assert_int_equal(names(), 0);
}

/* In a process that a signal waits for: it ends as soon as it may. */
static _Noreturn void write_and_end(void) {
	struct err err = {0};
	sigset_t term;

	signal(SIGTERM, SIG_DFL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	raise(SIGTERM);
	if (bundle_file_write(path, 0644, "page", 4, &err) < 0)
		_exit(1);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	_exit(2);
}

/* It leaves the whole file and nothing beside it, also where one stood before. */
static void test_write_at_once(void **state) {
	struct err err = {0};
	struct stat st;

	for (int round = 0; round < 2; round++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			write_and_end();
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
		assert_true(file_is(path, "page"));
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0644);
		assert_int_equal(names(), 1);
	}
	unlink(path);
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(bundle_file_write(path, 0644, "page", 4, &err), -EEXIST);
	assert_int_equal(bundle_file_write(folder, 0644, "page", 4, &err), -EISDIR);
	assert_int_equal(names(), 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_members_passed_unread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_formats, setup, teardown),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_lines),
		cmocka_unit_test_setup_teardown(test_long_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_equal_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_targets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaces_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_name_taken_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_helper, setup, teardown),
		cmocka_unit_test_setup_teardown(test_to_a_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
		cmocka_unit_test(test_stop_reading),
		cmocka_unit_test_setup_teardown(test_helper_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_talkative_helper, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_closed_early, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_archives, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lying_helper, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sweep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_at_once, setup, teardown),
	};
	helper = getenv("AGXTRIAGE_BUNDLE");
	if (!helper) {
		fputs("AGXTRIAGE_BUNDLE does not name the helper\n", stderr);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
