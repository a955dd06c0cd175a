/* The kernel tells of a parent's death if it is asked before. */
#include "repro/supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Whoever reads our answer is our parent; nobody reads a pipe that has hung up. */
static bool nobody_reads(void) {
	struct pollfd fd = {.fd = STDOUT_FILENO};
	return poll(&fd, 1, 0) > 0 && (fd.revents & POLLERR);
}

int supervise_parent(struct err *err) {
	pid_t parent = getppid();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_set(err, -errno, "cannot watch the parent: %s", strerror(errno));
	/* One that died before is not told of any more. */
	if (getppid() != parent || nobody_reads())
		return err_set(err, -ESRCH, "the parent has ended");
	return 0;
}
