/*
 * What a thread that faults can tell before it dies: a signal handler on a stack of its own writes
 * one record into a pipe and lets the fault happen again, so that the process ends as it would have
 * ended. Nothing in the handler allocates or locks.
 */
#ifndef REPRO_CAPTURE_H
#define REPRO_CAPTURE_H

#include "base/err.h"
#include "repro/context.h"

#include <stdint.h>

#define CAPTURE_FRAMES 256

/* From a process to the one that it was forked from, so never stored. */
struct capture {
	int32_t signal, code;
	uint64_t address;
	int64_t captured_at_us;
	uint64_t thread; /* the kernel's number */
	struct context context;
	uint64_t frame_count;
	uint64_t frames[CAPTURE_FRAMES];
};

/*
 * From now on a fault of the calling thread is written to fd. Once per process; for good.
 */
int capture_start(int fd, struct err *err);
/* Reads one record: 1, 0 when the other side ended without one, -ETIMEDOUT, -errno. */
int capture_read(int fd, unsigned timeout_ms, struct capture *ret);

#endif
