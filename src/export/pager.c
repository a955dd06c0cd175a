/* Starts and awaits the pager. Knows nothing of what is paged. */
#include "export/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a shell returns for a command that it cannot run. */
#define STATUS_NOT_RUN 126
#define STATUS_NOT_FOUND 127

/* For the signal's handler, which gets no argument. */
static volatile sig_atomic_t running, not_run;

static const char *choose(void) {
	static const char *const names[] = {"AGXTRIAGE_PAGER", "PAGER"};
	for (size_t i = 0; i < 2; i++) {
		const char *text = getenv(names[i]);
		if (text)
			return text;
	}
	return "less";
}

/* In the child; never returns. status_fd tells the parent of a failed exec, and closes by itself in
 * a good one. */
static void become(const char *command, int input, int status_fd) {
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	setenv("LESS", "FRX", 0);
	/* Output is UTF-8 whatever the locale is; less would show its bytes as <E2><80><A6>. */
	setenv("LESSCHARSET", "utf-8", 0);
	setenv("LV", "-c", 0);
	if (dup2(input, STDIN_FILENO) >= 0) {
		if (strpbrk(command, "|&;<>()$`\\\"' \t\n*?[#~=%"))
			execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		else
			execlp(command, command, (char *)NULL);
	}
	int error = errno;
	ssize_t n = write(status_fd, &error, sizeof error);
	_exit(n < 0 ? 126 : 127);
}

static int pipe_cloexec(int fds[2]) {
	if (pipe(fds) < 0)
		return -errno;
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

static void close_pair(int fds[2]) {
	close(fds[0]);
	close(fds[1]);
}

/* Whether the child's exec went well; reaps it if not. */
static int started(pid_t pid, int status_fd) {
	int error;
	ssize_t n;
	do
		n = read(status_fd, &error, sizeof error);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return 1;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static bool could_not_run(int status) {
	return WIFEXITED(status) &&
	       (WEXITSTATUS(status) == STATUS_NOT_RUN || WEXITSTATUS(status) == STATUS_NOT_FOUND);
}

static void on_child(int number) {
	int error = errno, status; /* NOLINT(bugprone-signal-handler,cert-sig30-c) */
	if (waitpid((pid_t)running, &status, WNOHANG) == (pid_t)running) {
		if (!could_not_run(status))
			_exit(0);
		not_run = 1;
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
	}
	/* errno is a plain thread-local here. */
	errno = error; /* NOLINT(bugprone-signal-handler,cert-sig30-c) */
}

static void attend(struct pager *pager, pid_t pid, int input) {
	pager->pid = pid;
	pager->error_fd = -1;
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	dup2(input, STDOUT_FILENO);
	if (isatty(STDERR_FILENO)) {
		pager->error_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
		dup2(input, STDERR_FILENO);
	}
	running = pid;
	signal(SIGCHLD, on_child);
	raise(SIGCHLD); /* it may have ended before */
}

void pager_start(struct pager *pager) {
	const char *command = choose();
	int data[2], status[2];
	if (pager->pid || !isatty(STDOUT_FILENO) || !*command || !strcmp(command, "cat"))
		return;
	if (pipe_cloexec(data) < 0)
		return;
	if (pipe_cloexec(status) < 0) {
		close_pair(data);
		return;
	}
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		become(command, data[0], status[1]);
	close(status[1]);
	if (pid > 0 && started(pid, status[0]))
		attend(pager, pid, data[1]);
	close(status[0]);
	close_pair(data);
}

bool pager_stop(struct pager *pager) {
	int status = 0;
	if (!pager->pid)
		return true;
	fflush(stdout);
	signal(SIGCHLD, SIG_DFL);
	close(STDOUT_FILENO);
	if (pager->error_fd >= 0) {
		dup2(pager->error_fd, STDERR_FILENO);
		close(pager->error_fd);
	}
	while (!not_run && waitpid(pager->pid, &status, 0) < 0 && errno == EINTR)
		;
	pager->pid = 0;
	return !not_run && !could_not_run(status);
}
