/*
 * The stacks of all threads of another process that hangs: sample(1) on macOS; on Linux eu-stack or
 * gdb where there is one, else what the kernel tells of each thread.
 */
#ifndef REPRO_STACKS_H
#define REPRO_STACKS_H

#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

#define STACKS_BYTES (256u << 10)

/* Appends cleaned text with line feeds, at most STACKS_BYTES, and first a line that says where it
 * came from. Blocks for at most about timeout_ms. -ESRCH, -ENOMEM. */
int stacks_take(pid_t pid, unsigned timeout_ms, struct buf *ret, struct err *err);

#endif
