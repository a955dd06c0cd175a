/* Numbers of processes, one bit for each that may be in use: small, and asked in no time. */
#ifndef REPRO_PID_SET_H
#define REPRO_PID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pid_set {
	uint64_t *words; /* owned */
	size_t count;
};

/* -ENOMEM; a number that no system gives to a process is left out. */
int pid_set_add(struct pid_set *set, pid_t pid);
bool pid_set_has(const struct pid_set *set, int64_t pid);
void pid_set_finish(struct pid_set *set);

#endif
