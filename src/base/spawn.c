/* Starts a program and waits for its end, its silence or its time limit. Knows nothing of what it
 * says. */
#include "base/spawn.h"

#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* From SIGTERM to SIGKILL. */
#define KILL_MS 1000
/* How long the last words of children that outlive the program are waited for. */
#define GRACE_MS 100
/* No descriptor tells of a program's end, so it is asked for: after activity soon, in silence less
 * and less often. */
#define WAIT_MS_MIN 1
#define WAIT_MS_MAX 32
/* Reads of one stream before the clock is looked at again. */
#define READS_AT_ONCE 16
#define TRIES 8
/* What execvp() searches without PATH. */
#define DEFAULT_PATH "/usr/bin:/bin:/usr/sbin:/sbin"

/* No header of macOS declares it. */
extern char **environ; /* NOLINT(readability-redundant-declaration) */

enum stream { OUT, ERR, STREAM_COUNT };

struct run {
	pid_t pid;
	int fds[STREAM_COUNT]; /* -1 once it has ended */
	struct buf *bufs[STREAM_COUNT];
	int64_t limit_us; /* 0: none */
	const volatile bool *stop;
	int64_t killed_us; /* when SIGKILL was sent, 0 before */
	int64_t ended_us;  /* when the end was noticed, 0 before; it is a zombie until run_reap() */
	bool timed_out;
};

/* -ENOENT, -EACCES, or 0 when path is a file that may be run. */
static int runnable(const char *path) {
	struct stat st;
	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return access(path, X_OK) < 0 ? -errno : 0;
}

/* Looks where execvp() would, so that both C libraries agree and a program without "#!" is never
 * handed to a shell. */
static int find(const char *name, char **ret) {
	const char *dirs = getenv("PATH");
	int code = -ENOENT;
	if (strchr(name, '/')) {
		code = runnable(name);
		if (!code && !(*ret = strdup(name)))
			code = -ENOMEM;
		return code;
	}
	for (const char *dir = dirs ? dirs : DEFAULT_PATH; dir && *name;) {
		size_t len = strcspn(dir, ":");
		struct buf path = {0};
		buf_add(&path, dir, len);
		buf_printf(&path, "%s%s", len ? "/" : "./", name);
		int r = path.failed ? -ENOMEM : runnable(path.data);
		if (!r) {
			*ret = buf_take(&path);
			return 0;
		}
		buf_finish(&path);
		if (r == -EACCES || r == -ENOMEM)
			code = r;
		dir = dir[len] ? dir + len + 1 : NULL;
	}
	return code;
}

char *spawn_find(const char *name) {
	char *path = NULL;
	return find(name, &path) < 0 ? NULL : path;
}

/* Above the standard streams, whichever of them this process has closed: dup2() to itself would
 * leave close-on-exec set. */
static int lift(int *fd) {
	int above = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (above < 0)
		return -errno;
	close(*fd);
	*fd = above;
	return 0;
}

static int open_pipe(int ret[2]) {
	if (pipe(ret) < 0)
		return -errno;
	int code = lift(&ret[0]);
	if (!code)
		code = lift(&ret[1]);
	if (!code && fcntl(ret[0], F_SETFL, O_NONBLOCK) < 0)
		code = -errno;
	if (code) {
		close(ret[0]);
		close(ret[1]);
		ret[0] = ret[1] = -1;
	}
	return code;
}

/* What this process was started with, and other threads' descriptors of the moment between open
 * and F_SETFD. */
static int close_inherited(posix_spawn_file_actions_t *actions) {
	DIR *dir = opendir("/dev/fd");
	const struct dirent *entry;
	int code = 0;
	/* A system without that folder also has no other way to tell. */
	while (dir && !code && (entry = readdir(dir))) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);
		if (end == entry->d_name || fd <= STDERR_FILENO || fd > INT_MAX)
			continue;
		int flags = fcntl((int)fd, F_GETFD);
		if (flags >= 0 && !(flags & FD_CLOEXEC))
			code = -posix_spawn_file_actions_addclose(actions, (int)fd);
		/* One that stands above a limit that was lowered later cannot be named. */
		if (code == -EBADF)
			code = 0;
	}
	if (dir)
		closedir(dir);
	return code;
}

static int set_files(posix_spawn_file_actions_t *actions, const int files[3]) {
	int code = 0;
	for (int i = STDIN_FILENO; i <= STDERR_FILENO && !code; i++) {
		if (files[i] >= 0)
			code = posix_spawn_file_actions_adddup2(actions, files[i], i);
		else
			code = posix_spawn_file_actions_addopen(
				actions, i, "/dev/null", i ? O_WRONLY : O_RDONLY, 0);
	}
	return code ? -code : close_inherited(actions);
}

/* A process group of its own, and none of this program's habits with signals. */
static int set_attributes(posix_spawnattr_t *attributes) {
	static const int reset[] = {SIGPIPE, SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
	sigset_t set;
	sigemptyset(&set);
	int code = posix_spawnattr_setsigmask(attributes, &set);
	for (size_t i = 0; i < sizeof reset / sizeof *reset; i++)
		sigaddset(&set, reset[i]);
	if (!code)
		code = posix_spawnattr_setsigdefault(attributes, &set);
	if (!code)
		code = posix_spawnattr_setpgroup(attributes, 0);
	if (!code)
		code = posix_spawnattr_setflags(attributes,
			POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return -code;
}

static int launch(const char *path, const char *const *argv, const int files[3], pid_t *ret) {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int code = posix_spawn_file_actions_init(&actions);
	if (code)
		return -code;
	code = posix_spawnattr_init(&attributes);
	if (code) {
		posix_spawn_file_actions_destroy(&actions);
		return -code;
	}
	code = set_files(&actions, files);
	if (!code)
		code = set_attributes(&attributes);
	/* exec takes the words as they are and changes none; the type is older than const. */
	char *const *words = (char *const *)(uintptr_t)argv;
	if (!code)
		code = -posix_spawn(ret, path, &actions, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

int spawn_start(const char *path, const char *const *argv, const int files[3], pid_t *ret) {
	int code = -EBADF;
	/* Of another thread's descriptors one may be gone before it can be closed in the child; not
	 * every kernel passes over that. */
	for (int tries = 0; code == -EBADF && tries < TRIES; tries++)
		code = launch(path, argv, files, ret);
	return code;
}

/* Opens the streams and starts the program at path. */
static int run_start(struct run *run, const char *path, const char *const *argv) {
	int ends[STREAM_COUNT] = {-1, -1};
	int code = 0;
	for (int i = 0; i < STREAM_COUNT && !code; i++) {
		int fds[2];
		code = open_pipe(fds);
		if (code)
			break;
		run->fds[i] = fds[0];
		ends[i] = fds[1];
	}
	if (!code)
		code = spawn_start(path, argv, (const int[]){-1, ends[OUT], ends[ERR]}, &run->pid);
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (ends[i] >= 0)
			close(ends[i]);
	}
	return code;
}

static void run_close(struct run *run) {
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (run->fds[i] >= 0)
			close(run->fds[i]);
		run->fds[i] = -1;
	}
}

static void keep(struct buf *buf, const char *bytes, size_t len) {
	size_t room = SPAWN_OUTPUT_BYTES - buf->len;
	buf_add(buf, bytes, len < room ? len : room);
}

/* True when something came, be it the end. */
static bool drain(int *fd, struct buf *buf) {
	char bytes[16384];
	for (int i = 0; i < READS_AT_ONCE; i++) {
		ssize_t n = read(*fd, bytes, sizeof bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return i > 0;
		if (n <= 0) {
			close(*fd);
			*fd = -1;
			return true;
		}
		keep(buf, bytes, (size_t)n);
	}
	return true;
}

static bool run_silent(const struct run *run) {
	return run->fds[OUT] < 0 && run->fds[ERR] < 0;
}

/* Waits at most wait_ms for something to read, and reads it. */
static bool run_read(struct run *run, int wait_ms) {
	struct pollfd polls[STREAM_COUNT];
	bool active = false;
	for (int i = 0; i < STREAM_COUNT; i++)
		polls[i] = (struct pollfd){.fd = run->fds[i], .events = POLLIN};
	if (poll(polls, STREAM_COUNT, wait_ms) <= 0)
		return false;
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (polls[i].revents && run->fds[i] >= 0)
			active |= drain(&run->fds[i], run->bufs[i]);
	}
	return active;
}

/* Leaves a zombie: as long as it is there, no other process group can have its number. */
static int run_look(struct run *run) {
	siginfo_t info = {0};
	if (waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno == EINTR ? 0 : -errno;
	if (info.si_pid == run->pid)
		run->ended_us = clock_monotonic_us();
	return 0;
}

static void run_limit(struct run *run, int64_t now_us) {
	if (run->stop && *run->stop) {
		run->limit_us = run->limit_us && run->limit_us < now_us ? run->limit_us : now_us;
		run->stop = NULL;
	}
	if (!run->limit_us || now_us < run->limit_us)
		return;
	if (!run->timed_out && !run->ended_us) {
		run->timed_out = true;
		kill(-run->pid, SIGTERM);
	}
	if (run->timed_out && !run->killed_us && now_us >= run->limit_us + KILL_MS * 1000) {
		run->killed_us = now_us;
		kill(-run->pid, SIGKILL);
	}
}

static bool run_over(const struct run *run, int64_t now_us) {
	if (!run->ended_us)
		return false;
	if (run_silent(run))
		return true;
	/* Its children are asked to end too, and may say something meanwhile. */
	if (run->timed_out && !run->killed_us)
		return false;
	int64_t from_us = run->killed_us > run->ended_us ? run->killed_us : run->ended_us;
	return now_us >= from_us + GRACE_MS * 1000;
}

static int run_reap(struct run *run, struct spawn_result *result) {
	int status;
	if (run->timed_out)
		kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	result->timed_out = run->timed_out;
	result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	result->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return 0;
}

static int run_to_end(struct run *run, struct spawn_result *result) {
	int wait_ms = WAIT_MS_MIN;
	int64_t now_us = clock_monotonic_us();
	while (!run_over(run, now_us)) {
		if (run_read(run, wait_ms))
			wait_ms = WAIT_MS_MIN;
		else if (wait_ms < WAIT_MS_MAX)
			wait_ms *= 2;
		if (!run->ended_us) {
			int code = run_look(run);
			if (code)
				return code;
		}
		now_us = clock_monotonic_us();
		run_limit(run, now_us);
	}
	return run_reap(run, result);
}

int spawn_run_until(const char *const *argv, unsigned timeout_ms, const volatile bool *stop,
	struct spawn_result *ret, struct err *err) {
	*ret = (struct spawn_result){.status = -1};
	struct run run = {.fds = {-1, -1}, .bufs = {&ret->out, &ret->err}, .stop = stop};
	char *path = NULL;
	int code = find(argv[0], &path);
	if (!code)
		code = run_start(&run, path, argv);
	if (code)
		goto out;
	if (timeout_ms)
		run.limit_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
	code = run_to_end(&run, ret);
	if (!code && (ret->out.failed || ret->err.failed))
		code = -ENOMEM;
out:
	run_close(&run);
	free(path);
	return code ? err_set(err, code, "%s: %s", argv[0], strerror(-code)) : 0;
}

int spawn_run(
	const char *const *argv, unsigned timeout_ms, struct spawn_result *ret, struct err *err) {
	return spawn_run_until(argv, timeout_ms, NULL, ret, err);
}

void spawn_finish(struct spawn_result *result) {
	buf_finish(&result->out);
	buf_finish(&result->err);
}
