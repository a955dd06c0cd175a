/* posix_spawn, a pipe on the loop, and waitpid when SIGCHLD says so. */
#include "repro/child.h"

#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES (64u << 10)
/* What is read at its end, when somebody else may go on writing for ever. */
#define DRAIN_READS 64

extern char **environ; /* NOLINT(readability-redundant-declaration) */

struct child {
	struct child_options options;
	pid_t pid;
	bool ended, deaf; /* deaf: nobody reads our standard error */
	struct child_end end;
	int fd; /* our end of the pipe; -1 once closed */
	uv_poll_t poll;
	uv_signal_t sigchld;
	struct tail tail;
	char buffer[READ_BYTES];
};

/* ---- its standard error ---- */

static void pass_on(struct child *child, const char *bytes, size_t len) {
	while (len && !child->deaf) {
		ssize_t n = write(STDERR_FILENO, bytes, len);
		if (n >= 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
		} else if (errno != EINTR) {
			child->deaf = true;
		}
	}
}

/* False when there is nothing more, now (true in *ret_later) or ever. */
static bool read_some(struct child *child, bool *ret_later) {
	ssize_t n = read(child->fd, child->buffer, sizeof child->buffer);
	*ret_later = n < 0 && (errno == EAGAIN || errno == EINTR);
	if (n <= 0)
		return false;
	pass_on(child, child->buffer, (size_t)n);
	tail_add(&child->tail, child->buffer, (size_t)n);
	return true;
}

static void on_readable(uv_poll_t *handle, int status, int events) {
	struct child *child = handle->data;
	bool later;
	if (!read_some(child, &later) && !later)
		uv_poll_stop(&child->poll);
}

/* ---- its end ---- */

static void on_sigchld(uv_signal_t *handle, int number) {
	struct child *child = handle->data;
	int status;
	bool later;
	if (child->ended || waitpid(child->pid, &status, WNOHANG) != child->pid)
		return;
	child->ended = true;
	child->end.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	child->end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	for (int i = 0; i < DRAIN_READS && read_some(child, &later); i++)
		;
	child->options.on_end(child->options.user);
}

/* ---- its start ---- */

static int make_pipe(int fds[2]) {
	if (pipe(fds) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	return 0;
}

/* A script without a first line that says what reads it is read by the shell, as env(1) and shells
 * do. */
static int spawn_script(pid_t *ret, const struct child_options *options,
	const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes) {
	size_t count = 0;
	while (options->argv[count])
		count++;
	char **argv = calloc(count + 2, sizeof *argv), *path = spawn_find(options->argv[0]);
	int code = argv && path ? 0 : ENOEXEC;
	if (!code) {
		char *const *env = options->env ? options->env : environ;
		argv[0] = (char[]){"sh"};
		argv[1] = path;
		memcpy(argv + 2, options->argv + 1, (count - 1) * sizeof *argv);
		code = posix_spawn(ret, "/bin/sh", actions, attributes, argv, env);
	}
	free(path);
	free(argv);
	return code;
}

static int spawn(pid_t *ret, const struct child_options *options, int error_fd) {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	/* Where a child cannot share memory with its parent (emulators, valgrind) only its exit
	 * status would tell. */
	if (strchr(options->argv[0], '/') && access(options->argv[0], F_OK) < 0)
		return -errno;
	int code = posix_spawn_file_actions_init(&actions);
	if (code)
		return -code;
	code = posix_spawnattr_init(&attributes);
	if (code)
		goto out;
	/* We ignore it; whoever was told to ignore others goes on ignoring them. */
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (options->stdout_fd != STDOUT_FILENO)
		code = posix_spawn_file_actions_adddup2(
			&actions, options->stdout_fd, STDOUT_FILENO);
	if (!code)
		code = posix_spawn_file_actions_adddup2(&actions, error_fd, STDERR_FILENO);
	if (!code) {
		/* posix_spawnp() takes them without const and leaves them alone. */
		char *const *argv = (char *const *)(uintptr_t)options->argv;
		code = posix_spawnp(ret, argv[0], &actions, &attributes, argv,
			options->env ? options->env : environ);
	}
	if (code == ENOEXEC)
		code = spawn_script(ret, options, &actions, &attributes);
	posix_spawnattr_destroy(&attributes);
out:
	posix_spawn_file_actions_destroy(&actions);
	return -code;
}

static void on_closed(uv_handle_t *handle) {
	struct child *child = handle->data;
	if (handle != (uv_handle_t *)&child->poll || child->fd < 0)
		return;
	close(child->fd);
	child->fd = -1;
}

int child_start(
	uv_loop_t *loop, const struct child_options *options, struct child **ret, struct err *err) {
	int fds[2];
	struct child *child = calloc(1, sizeof *child);
	int code = child ? make_pipe(fds) : -ENOMEM;
	*ret = NULL;
	if (code) {
		free(child);
		return err_set(err, code, "cannot make a pipe: %s", strerror(-code));
	}
	child->options = *options;
	child->fd = fds[0];
	child->poll.data = child->sigchld.data = child;
	/* Watched before there is anything to see. */
	uv_signal_init(loop, &child->sigchld);
	uv_poll_init(loop, &child->poll, child->fd);
	code = uv_signal_start(&child->sigchld, on_sigchld, SIGCHLD);
	if (!code)
		code = uv_poll_start(&child->poll, UV_READABLE, on_readable);
	if (!code)
		code = spawn(&child->pid, options, fds[1]);
	close(fds[1]);
	*ret = child;
	return code ? err_set(err, code, "%s: %s", options->argv[0], strerror(-code)) : 0;
}

pid_t child_pid(const struct child *child) {
	return child->pid;
}

const struct child_end *child_end(const struct child *child) {
	return child->ended ? &child->end : NULL;
}

void child_signal(const struct child *child, int number) {
	/* Until waitpid() has had it, the number is nobody else's. */
	if (child->pid > 0 && !child->ended)
		kill(child->pid, number);
}

const struct tail *child_tail(const struct child *child) {
	return &child->tail;
}

void child_close(struct child *child) {
	if (!child || uv_is_closing((uv_handle_t *)&child->poll))
		return;
	uv_close((uv_handle_t *)&child->poll, on_closed);
	uv_close((uv_handle_t *)&child->sigchld, on_closed);
}

void child_free(struct child *child) {
	if (!child)
		return;
	tail_finish(&child->tail);
	free(child);
}
