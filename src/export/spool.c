/* A file that never had a name, or lost it as soon as it had one. */
#include "export/spool.h"

#include "base/buf.h"
#include "export/bundle_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(struct err *err, int code) {
	return err_set(err, -code, "a temporary file: %s", strerror(code));
}

/* Nobody can be killed between giving a name and taking it away. -1 where there are no such files.
 */
static int open_unnamed(const char *folder) {
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : bundle_file_open_unnamed(dir);
	if (dir >= 0)
		close(dir);
	return fd < 0 ? -1 : fd;
}

int spool_open(struct spool *spool, struct err *err) {
	const char *folder = getenv("TMPDIR");
	struct buf path = {0};
	int r = 0;
	if (!folder || !*folder)
		folder = "/var/tmp";
	int fd = open_unnamed(folder);
	if (fd >= 0) {
		*spool = (struct spool){.fd = fd};
		return 0;
	}
	buf_printf(&path, "%s/agxtriage.XXXXXX", folder);
	if (path.failed)
		return err_set(err, -ENOMEM, "out of memory");
	fd = mkstemp(path.data);
	if (fd < 0) {
		r = errno;
		r = err_set(err, -r, "%s: %s (another place: TMPDIR)", path.data, strerror(r));
	} else {
		(void)unlink(path.data);
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		*spool = (struct spool){.fd = fd};
	}
	buf_finish(&path);
	return r;
}

void spool_close(struct spool *spool) {
	if (spool->fd >= 0)
		close(spool->fd);
	*spool = (struct spool)SPOOL_NONE;
}

int spool_reset(struct spool *spool, struct err *err) {
	if (ftruncate(spool->fd, 0) < 0)
		return fail(err, errno);
	spool->len = 0;
	return 0;
}

int spool_add(struct spool *spool, const void *bytes, size_t len, struct err *err) {
	const char *p = bytes;
	while (len) {
		ssize_t n = pwrite(spool->fd, p, len, (off_t)spool->len);
		if (n < 0 && errno != EINTR)
			return fail(err, errno);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			spool->len += (uint64_t)n;
		}
	}
	return 0;
}

int spool_read(const struct spool *spool, uint64_t offset, void *ret, size_t len, struct err *err) {
	char *p = ret;
	while (len) {
		ssize_t n = pread(spool->fd, p, len, (off_t)offset);
		if (n < 0 && errno != EINTR)
			return fail(err, errno);
		if (n == 0)
			return err_set(err, -EIO, "a temporary file lost its end");
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			offset += (uint64_t)n;
		}
	}
	return 0;
}
