/* A report's way into its folder: nobody sees it before it is whole. */
#include "repro/crash_report.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More reports of one process in one second than that is a mistake. */
#define NAMES_MAX 1000

/* FOLDER/[.]NAME-2025-12-20-173618[-N].ips */
static char *make_path(
	const char *folder, const struct crash_facts *facts, unsigned number, bool hidden) {
	char iso[CLOCK_TEXT_BYTES];
	struct buf path = {0};
	clock_format_iso(facts->captured_at_us, iso);
	buf_printf(&path, "%s/%s%s-%.10s-%.2s%.2s%.2s", folder, hidden ? "." : "", facts->name, iso,
		iso + 11, iso + 14, iso + 17);
	if (number > 1)
		buf_printf(&path, "-%u", number);
	buf_add_str(&path, ".ips");
	char *ret = buf_take(&path);
	buf_finish(&path);
	return ret;
}

static int write_all(int fd, const struct buf *bytes) {
	for (size_t done = 0; done < bytes->len;) {
		ssize_t n = write(fd, bytes->data + done, bytes->len - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/*
 * 1: the number is taken. Whoever holds the hidden name alone may take the visible one, so that
 * looking first is enough.
 */
static int try_number(const char *hidden, const char *path, const struct buf *bytes) {
	int fd = open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 1 : -errno;
	int r = access(path, F_OK) == 0 ? 1 : write_all(fd, bytes);
	if (close(fd) < 0 && !r)
		r = -errno;
	if (!r && rename(hidden, path) < 0)
		r = -errno;
	if (r)
		unlink(hidden);
	return r;
}

int crash_report_write(
	const char *folder, const struct crash_facts *facts, char **ret_path, struct err *err) {
	struct buf bytes = {0};
	char *path = NULL, *hidden = NULL;
	int r = crash_report_format(facts, &bytes, err);
	if (r < 0)
		goto out;
	r = 1;
	for (unsigned number = 1; r == 1 && number <= NAMES_MAX; number++) {
		free(path);
		free(hidden);
		path = make_path(folder, facts, number, false);
		hidden = make_path(folder, facts, number, true);
		r = path && hidden ? try_number(hidden, path, &bytes) : -ENOMEM;
	}
	if (r == 1)
		r = -EEXIST;
	if (r < 0) {
		err_set(err, r, "cannot write a report into %s: %s", folder, strerror(-r));
		goto out;
	}
	*ret_path = path;
	path = NULL;
out:
	free(path);
	free(hidden);
	buf_finish(&bytes);
	return r;
}
