/* macOS: sample(1), which needs no rights for processes of one's own; libproc for what it may not
 * look at. */
#include "repro/stacks_system.h"

#include <errno.h>
#include <libproc.h>
#include <mach/thread_info.h>
#include <stdlib.h>
#include <string.h>

/* A process may have some thousands. */
#define THREADS 4096

/* One second of samples, a tree of them for each thread. It would leave a file in /tmp if it were
 * not told where to write. */
const struct stacks_tool stacks_tools[] = {
	{"/usr/bin/sample", {"/usr/bin/sample", STACKS_PID, "1", "-mayDie", "-file", "/dev/stdout"},
		"Call graph"},
	{NULL, {NULL}, NULL},
};

static const char *state_word(int32_t state) {
	switch (state) {
	case TH_STATE_RUNNING:
		return "running";
	case TH_STATE_STOPPED:
		return "stopped";
	case TH_STATE_WAITING:
		return "sleeping";
	case TH_STATE_UNINTERRUPTIBLE:
		return "waiting, not interruptible";
	case TH_STATE_HALTED:
		return "halted";
	default:
		return "unknown";
	}
}

/* thread: its handle, an address in the process; the numbers that reports have are not told. */
static void add_thread(pid_t pid, uint64_t thread, struct buf *ret) {
	struct proc_threadinfo info;
	int n = proc_pidinfo(pid, PROC_PIDTHREADINFO, thread, &info, sizeof info);
	if (n < (int)sizeof info)
		return; /* it has ended meanwhile */
	buf_printf(ret, "thread 0x%llx \"%.*s\": %s\n", (unsigned long long)thread,
		(int)sizeof info.pth_name, info.pth_name, state_word(info.pth_run_state));
}

int stacks_threads(pid_t pid, size_t limit, struct buf *ret, struct err *err) {
	size_t before = ret->len;
	uint64_t *threads = calloc(THREADS, sizeof *threads);
	if (!threads)
		return err_set(err, -ENOMEM, "out of memory");
	errno = 0;
	int n = proc_pidinfo(
		pid, PROC_PIDLISTTHREADS, 0, threads, (int)(THREADS * sizeof *threads));
	int code = n > 0 ? 0 : errno;
	size_t count = n > 0 ? (size_t)n / sizeof *threads : 0;
	for (size_t i = 0; i < count && ret->len - before < limit && !ret->failed; i++)
		add_thread(pid, threads[i], ret);
	free(threads);
	if (ret->len > before)
		return 0;
	return err_set(err, -ESRCH, "process %d: %s", (int)pid,
		code ? strerror(code) : "it has no threads");
}
