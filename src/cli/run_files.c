/* Appending to what is not ours, and replacing what is. */
#include "cli/run_files.h"

#include "base/file_save.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *bytes, size_t len) {
	while (len) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Others write to a job's page too, and may not have ended their line: nothing of theirs is
 * touched. */
static int append(const char *path, const struct buf *text, struct err *err) {
	struct stat status;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	int code = fd < 0 ? -errno : 0;
	if (!code && fstat(fd, &status) == 0 && status.st_size > 0)
		code = write_all(fd, "\n\n", 2);
	if (!code)
		code = write_all(fd, buf_str(text), text->len);
	if (fd >= 0 && close(fd) < 0 && !code)
		code = -errno;
	return code ? err_set(err, code, "%s: %s", path, strerror(-code)) : 0;
}

static int save(const char *path, const struct buf *text, struct err *err) {
	const struct file_save_options options = {.mode = 0644};
	return file_save(path, buf_str(text), text->len, &options, err);
}

static enum cli_status keep(const char *path, const struct buf *text,
	int (*keeper)(const char *, const struct buf *, struct err *)) {
	struct err err = {0};
	if (!path)
		return CLI_DONE;
	int code = text->failed ? err_set(&err, -ENOMEM, "%s: out of memory", path)
				: keeper(path, text, &err);
	return code ? cli_fail(&err) : CLI_DONE;
}

enum cli_status run_files_append(const char *path, const struct buf *text) {
	return keep(path, text, append);
}

enum cli_status run_files_save(const char *path, const struct buf *text) {
	return keep(path, text, save);
}
