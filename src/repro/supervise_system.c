/* Where the system has a crash reporter of its own it writes the report, and nobody else. */
#include "repro/supervise.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY_US 2000

static int wait_for(unsigned timeout_ms, struct supervised_end *ret, struct err *err) {
	int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
	int status = 0;
	pid_t pid;
	while ((pid = waitpid(ret->pid, &status, timeout_ms ? WNOHANG : 0)) == 0 ||
		(pid < 0 && errno == EINTR)) {
		if (timeout_ms && clock_monotonic_us() > deadline_us)
			kill(ret->pid, SIGKILL);
		usleep(LOOK_EVERY_US);
	}
	if (pid < 0)
		return err_set(err, -errno, "waiting for the child: %s", strerror(errno));
	ret->ended = true;
	ret->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return 0;
}

int supervise(const struct supervised *what, struct supervised_end *ret, struct err *err) {
	*ret = (struct supervised_end){.launched_at_us = clock_now_us()};
	ret->pid = fork();
	if (ret->pid < 0)
		return err_set(err, -errno, "cannot start a child: %s", strerror(errno));
	if (!ret->pid)
		_exit(what->run(what->user));
	return wait_for(what->timeout_ms, ret, err);
}

/* The pid in the report is then the one that everybody else knows. */
int supervise_trial(const struct supervised *what, struct supervised_end *ret, struct err *err) {
	(void)err;
	*ret = (struct supervised_end){.pid = getpid(), .launched_at_us = clock_now_us()};
	ret->status = what->run(what->user);
	ret->ended = true;
	return 0;
}

void supervise_thread_started(void) {
}
