/*
 * What the system tells of other processes. The only header that differs between kernels
 * (process_*.c).
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process_info {
	pid_t pid, parent;
	int64_t started_at_us; /* wall clock, as exactly as the system tells (Linux: 10 ms) */
	int64_t birth; /* with pid the same for one process for as long as it lives, and another for
			  the next of that pid; says nothing else */
	char name[64]; /* shortened */
};

/* -ESRCH when there is no such process (or it may not be looked at). */
int process_find(pid_t pid, struct process_info *ret, struct err *err);

/*
 * Every process that can be seen, in no order. *ret is to be freed with free().
 */
int process_list(struct process_info **ret, size_t *ret_count, struct err *err);

#endif
