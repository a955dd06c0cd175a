/* Linux: files without a name, on most file systems. */
#include "export/bundle_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define LINK_BYTES 32

/* Only so can those without special rights name a descriptor. */
static const char *link_of(int fd, char ret[LINK_BYTES]) {
	snprintf(ret, LINK_BYTES, "/proc/self/fd/%d", fd);
	return ret;
}

/* Kernels and file systems that do not know such files have many ways to say so. */
static bool is_unknown(int code) {
	return code == EOPNOTSUPP || code == EISDIR || code == EINVAL || code == ENOSYS ||
	       code == ENOENT;
}

int bundle_file_open_unnamed(int folder) {
	char link[LINK_BYTES];
	int fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return is_unknown(errno) ? -ENOTSUP : -errno;
	if (access(link_of(fd, link), F_OK) == 0)
		return fd;
	close(fd);
	return -ENOTSUP;
}

int bundle_file_link(int fd, int folder, const char *name) {
	char link[LINK_BYTES];
	if (linkat(AT_FDCWD, link_of(fd, link), folder, name, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return 0;
}
