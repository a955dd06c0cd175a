/* A file of which all bytes are there already. */
#include "export/bundle_file.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int write_whole(int fd, const char *bytes, size_t len) {
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

static int write_file(
	const char *path, mode_t mode, const void *bytes, size_t len, struct err *err) {
	struct bundle_file *file = NULL;
	int r = bundle_file_create(path, mode, &file, err);
	if (r < 0)
		return r;
	r = write_whole(bundle_file_fd(file), bytes, len);
	if (r < 0)
		err_set(err, r, "%s: %s", path, strerror(-r));
	else
		r = bundle_file_commit(file, len, err);
	bundle_file_free(file);
	return r;
}

int bundle_file_write(
	const char *path, mode_t mode, const void *bytes, size_t len, struct err *err) {
	static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
	sigset_t wait, old;
	sigemptyset(&wait);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
		sigaddset(&wait, ending[i]);
	pthread_sigmask(SIG_BLOCK, &wait, &old);
	int r = write_file(path, mode, bytes, len, err);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}
