/* posix_spawn, pipes on the loop, and waitpid when SIGCHLD says so. */
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

/* One of its standard streams. */
struct stream {
	struct child *child;
	int fd; /* our end of the pipe; -1 once closed */
	uv_poll_t poll;
	void (*take)(struct child *child, const char *bytes, size_t len);
};

struct child {
	struct child_options options;
	pid_t pid;
	bool ended, deaf; /* deaf: nobody reads our standard error */
	bool closing, released;
	struct child_end end;
	struct stream streams[2]; /* of its standard error, of its standard output */
	unsigned stream_count;    /* 1: the second one is not read */
	unsigned handles;         /* that are not closed */
	uv_signal_t sigchld;
	struct tail tail;
	char buffer[READ_BYTES];
};

/* ---- what it says ---- */

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

static void take_error(struct child *child, const char *bytes, size_t len) {
	tail_add(&child->tail, bytes, len);
}

static void take_output(struct child *child, const char *bytes, size_t len) {
	child->options.on_output(bytes, len, child->options.user);
}

/* False when there is nothing more, now (true in *ret_later) or ever. */
static bool read_some(struct stream *stream, bool *ret_later) {
	struct child *child = stream->child;
	ssize_t n = read(stream->fd, child->buffer, sizeof child->buffer);
	*ret_later = n < 0 && (errno == EAGAIN || errno == EINTR);
	if (n <= 0)
		return false;
	if (!child->options.silent)
		pass_on(child, child->buffer, (size_t)n);
	stream->take(child, child->buffer, (size_t)n);
	return true;
}

static void on_readable(uv_poll_t *handle, int status, int events) {
	bool later;
	if (!read_some(handle->data, &later) && !later)
		uv_poll_stop(handle);
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
	for (unsigned s = 0; s < child->stream_count; s++)
		for (int i = 0; i < DRAIN_READS && read_some(&child->streams[s], &later); i++)
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

static int set_streams(posix_spawn_file_actions_t *ret, const struct child_options *options,
	int output_fd, int error_fd) {
	int code = 0;
	if (options->on_output)
		code = posix_spawn_file_actions_addopen(
			ret, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!code && output_fd != STDOUT_FILENO)
		code = posix_spawn_file_actions_adddup2(ret, output_fd, STDOUT_FILENO);
	return code ? code : posix_spawn_file_actions_adddup2(ret, error_fd, STDERR_FILENO);
}

static int spawn(pid_t *ret, const struct child_options *options, int output_fd, int error_fd) {
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
	code = set_streams(&actions, options, output_fd, error_fd);
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

static void gone(struct child *child) {
	tail_finish(&child->tail);
	free(child);
}

static void on_handle_closed(struct child *child) {
	child->handles--;
	if (!child->handles && child->released)
		gone(child);
}

static void on_signal_closed(uv_handle_t *handle) {
	on_handle_closed(handle->data);
}

static void on_poll_closed(uv_handle_t *handle) {
	struct stream *stream = handle->data;
	close(stream->fd);
	stream->fd = -1;
	on_handle_closed(stream->child);
}

/* *ret_fd: the child's end. */
static int add_stream(struct child *child, uv_loop_t *loop,
	void (*take)(struct child *child, const char *bytes, size_t len), int *ret_fd) {
	int fds[2];
	int code = make_pipe(fds);
	if (code)
		return code;
	struct stream *stream = &child->streams[child->stream_count++];
	*stream = (struct stream){.child = child, .fd = fds[0], .take = take};
	*ret_fd = fds[1];
	uv_poll_init(loop, &stream->poll, stream->fd);
	stream->poll.data = stream;
	child->handles++;
	return uv_poll_start(&stream->poll, UV_READABLE, on_readable);
}

int child_start(
	uv_loop_t *loop, const struct child_options *options, struct child **ret, struct err *err) {
	int error_fd = -1, output_fd = -1;
	struct child *child = calloc(1, sizeof *child);
	*ret = child;
	if (!child)
		return err_set(err, -ENOMEM, "out of memory");
	child->options = *options;
	child->sigchld.data = child;
	/* Watched before there is anything to see. */
	uv_signal_init(loop, &child->sigchld);
	child->handles++;
	int code = uv_signal_start(&child->sigchld, on_sigchld, SIGCHLD);
	if (!code)
		code = add_stream(child, loop, take_error, &error_fd);
	if (!code && options->on_output)
		code = add_stream(child, loop, take_output, &output_fd);
	if (!code)
		code = spawn(&child->pid, options,
			options->on_output ? output_fd : options->stdout_fd, error_fd);
	if (error_fd >= 0)
		close(error_fd);
	if (output_fd >= 0)
		close(output_fd);
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
	if (!child || child->closing)
		return;
	child->closing = true;
	for (unsigned i = 0; i < child->stream_count; i++)
		uv_close((uv_handle_t *)&child->streams[i].poll, on_poll_closed);
	uv_close((uv_handle_t *)&child->sigchld, on_signal_closed);
}

void child_free(struct child *child) {
	if (child)
		gone(child);
}

void child_release(struct child *child) {
	if (!child)
		return;
	child->released = true;
	child_close(child);
}
