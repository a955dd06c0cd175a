/* Pipes that never block, a signal that never comes, a child that is always reaped. */
#include "export/bundle_child.h"

#include "base/path.h"
#include "base/spawn.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How often child->stop is looked at while nothing moves. */
#define LOOK_MS 200
/* Of what it says; its own message is one line. */
#define SAID_BYTES 400

static void close_fd(int *fd) {
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Above the standard streams, also where this process has closed one of them. */
static int lift(int *fd) {
	int above = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (above < 0)
		return -errno;
	close(*fd);
	*fd = above;
	return 0;
}

/* ours: 0 or 1, the end that never blocks. */
static int open_pipe(int ret[2], int ours) {
	if (pipe(ret) < 0) {
		int code = -errno;
		ret[0] = ret[1] = -1;
		return code;
	}
	int code = lift(&ret[0]);
	if (!code)
		code = lift(&ret[1]);
	if (!code && fcntl(ret[ours], F_SETFL, O_NONBLOCK) < 0)
		code = -errno;
	return code;
}

static int start(struct bundle_child *child, const char *const *argv, int in, int out) {
	int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
	int code = in < 0 ? open_pipe(pipes[0], 1) : 0;
	if (!code && out < 0)
		code = open_pipe(pipes[1], 0);
	if (!code)
		code = open_pipe(pipes[2], 0);
	const int files[] = {in < 0 ? pipes[0][0] : in, out < 0 ? pipes[1][1] : out, pipes[2][1]};
	if (!code)
		code = spawn_start(argv[0], argv, files, &child->pid);
	child->in = pipes[0][1];
	child->out = pipes[1][0];
	child->err = pipes[2][0];
	close_fd(&pipes[0][0]);
	close_fd(&pipes[1][1]);
	close_fd(&pipes[2][1]);
	return code;
}

int bundle_child_start(struct bundle_child *child, const char *const *argv, int in, int out,
	const volatile bool *stop, struct err *err) {
	*child = (struct bundle_child){.in = -1, .out = -1, .err = -1, .stop = stop};
	int code = start(child, argv, in, out);
	if (!code)
		return 0;
	child->pid = 0;
	bundle_child_finish(child);
	return err_set(err, code, "cannot start %s: %s", argv[0], strerror(-code));
}

/* ---- its streams ---- */

/* The rest is read and dropped, so that the child never waits for us to hear it. */
static void hear(struct bundle_child *child) {
	char bytes[1024];
	ssize_t n = read(child->err, bytes, sizeof bytes);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close_fd(&child->err);
		return;
	}
	size_t room = SAID_BYTES - child->said.len;
	buf_add(&child->said, bytes, (size_t)n < room ? (size_t)n : room);
}

/* Waits until fd (-1: none) is ready or the child has said something. 1: fd is, 0: look again. */
static int wait_for(struct bundle_child *child, int fd, short events) {
	struct pollfd polls[] = {
		{.fd = fd, .events = events}, {.fd = child->err, .events = POLLIN}};
	if (child->stop && *child->stop)
		return -EINTR;
	int n = poll(polls, 2, child->stop ? LOOK_MS : -1);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (polls[1].revents)
		hear(child);
	return fd >= 0 && polls[0].revents;
}

/* write() without the signal that a closed pipe would send to this whole process; one that was
 * pending before stays so. */
static ssize_t write_quietly(int fd, const void *bytes, size_t len) {
	sigset_t pipe, old, pending;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	bool before = sigismember(&pending, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	ssize_t n = write(fd, bytes, len);
	int code = errno;
	if (n < 0 && code == EPIPE && !before) {
		int number;
		sigpending(&pending);
		if (sigismember(&pending, SIGPIPE))
			sigwait(&pipe, &number);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = code;
	return n;
}

int bundle_child_write(struct bundle_child *child, const void *bytes, size_t len) {
	const char *at = bytes;
	while (len) {
		int r = wait_for(child, child->in, POLLOUT);
		if (r < 0)
			return r;
		ssize_t n = r ? write_quietly(child->in, at, len) : 0;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int64_t bundle_child_read(struct bundle_child *child, void *bytes, size_t len) {
	for (;;) {
		int r = wait_for(child, child->out, POLLIN);
		if (r < 0)
			return r;
		ssize_t n = r ? read(child->out, bytes, len) : -1;
		if (n >= 0)
			return n;
		if (r && errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

/* ---- its end ---- */

static int reap(struct bundle_child *child, int *ret_status) {
	pid_t pid = child->pid;
	child->pid = 0;
	while (waitpid(pid, ret_status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* The first line of what it said, fit for a message. */
static void last_words(
	const struct bundle_child *child, const char *name, struct err *err, int code) {
	char clean[3 * SAID_BYTES + 1];
	const char *text = buf_str(&child->said);
	text_clean(clean, text, strcspn(text, "\n"), TEXT_LINE);
	err_set(err, code, "%s", *clean ? clean : name);
}

static int judge(const struct bundle_child *child, int status, struct err *err) {
	if (WIFSIGNALED(status))
		return err_set(
			err, -EIO, "the helper program was ended by signal %d", WTERMSIG(status));
	int exit_status = WEXITSTATUS(status);
	if (exit_status == BUNDLE_DONE)
		return 0;
	int code = exit_status == BUNDLE_DAMAGED ? -EBADMSG : -EIO;
	last_words(child, "the helper program failed and did not say why", err, code);
	return code;
}

int bundle_child_end(struct bundle_child *child, struct err *err) {
	int status = 0, r = 0;
	close_fd(&child->in);
	while (child->err >= 0 && r >= 0)
		r = wait_for(child, -1, 0);
	if (r >= 0)
		r = reap(child, &status);
	if (r < 0)
		return err_set(err, r, "cannot wait for the helper program: %s", strerror(-r));
	return judge(child, status, err);
}

void bundle_child_finish(struct bundle_child *child) {
	int status;
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		(void)reap(child, &status);
	}
	close_fd(&child->in);
	close_fd(&child->out);
	close_fd(&child->err);
	buf_finish(&child->said);
}
