/* What a system has that tells of another process's threads; differs between kernels
 * (stacks_*.c). */
#ifndef REPRO_STACKS_SYSTEM_H
#define REPRO_STACKS_SYSTEM_H

#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

#define STACKS_WORDS 16
/* Among a tool's words: the process's number. */
#define STACKS_PID "PID"

struct stacks_tool {
	const char *name;                /* looked for in PATH; NULL behind the last */
	const char *words[STACKS_WORDS]; /* what is run, NULL behind the last */
	const char *proof;               /* stands in its output when there are stacks */
};

/* The best first. */
extern const struct stacks_tool stacks_tools[];

/* Appends a line for each thread: number, name, state, what it waits for, as far as the kernel
 * tells; may stop behind limit bytes. What names hold is not cleaned. -ESRCH. */
int stacks_threads(pid_t pid, size_t limit, struct buf *ret, struct err *err);

#endif
