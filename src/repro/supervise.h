/*
 * Runs something that is meant to crash in a child process, and sees to it that there is a report
 * of it: the system's own where it has a crash reporter, else one made here. The only header that
 * differs between the two (supervise_*.c).
 */
#ifndef REPRO_SUPERVISE_H
#define REPRO_SUPERVISE_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct supervised {
	int (*run)(void *user); /* in the child; what it returns is the exit status */
	void *user;
	const char *reports; /* folder for the report; NULL: none is made */
	const char *name;    /* of the process in the report */
	unsigned timeout_ms; /* then the child is killed */
};

struct supervised_end {
	pid_t pid;
	int64_t launched_at_us;
	int status;   /* exit status, -1 when a signal ended it */
	int signal;   /* 0 unless a signal ended it */
	char *report; /* path, to be freed; NULL: none, or the system's reporter writes it */
};

/* Returns 0 when the child ended, however; *ret is set even if the report then failed. */
int supervise(const struct supervised *what, struct supervised_end *ret, struct err *err);

#endif
