/* Where the system has a crash reporter of its own it writes the report, and nobody else. */
#include "repro/supervise_child.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int supervise(const struct supervised *what, struct supervised_end *ret, struct err *err) {
	*ret = (struct supervised_end){.launched_at_us = clock_now_us()};
	ret->pid = fork();
	if (ret->pid < 0)
		return err_set(err, -errno, "cannot start a child: %s", strerror(errno));
	if (!ret->pid)
		_exit(what->run(what->user));
	return supervise_wait(what->timeout_ms, ret, err);
}
