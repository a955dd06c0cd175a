/* Waiting for a child with a time limit, without signals of our own. */
#include "repro/supervise_child.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY_US 2000

int supervise_wait(unsigned timeout_ms, struct supervised_end *ret, struct err *err) {
	int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
	int status = 0;
	pid_t pid;
	while ((pid = waitpid(ret->pid, &status, WNOHANG)) == 0 || (pid < 0 && errno == EINTR)) {
		if (clock_monotonic_us() > deadline_us)
			kill(ret->pid, SIGKILL);
		usleep(LOOK_EVERY_US);
	}
	if (pid < 0)
		return err_set(err, -errno, "waiting for the child: %s", strerror(errno));
	ret->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return 0;
}
