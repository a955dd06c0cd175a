/*
 * Runs something that is meant to crash, and sees to it that there is a report of it: the system's
 * own where it has a crash reporter, else one made here. The only header that differs between the
 * two (supervise_*.c).
 */
#ifndef REPRO_SUPERVISE_H
#define REPRO_SUPERVISE_H

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct supervised {
	int (*run)(void *user); /* what it returns is the exit status; may become another program */
	void *user;
	const char *reports;    /* folder for the report; NULL: none is made */
	const char *name;       /* of the process in the report */
	unsigned timeout_ms;    /* then the child is killed; 0: never */
	const char *abort_text; /* 256 bytes: what run says before it aborts; NULL: nothing */
	/* After SIGQUIT: every thread's stack, while the child goes on. NULL: not wanted. */
	void (*stacks)(const char *text);
};

struct supervised_end {
	bool ended; /* false: it was never started */
	pid_t pid;
	int64_t launched_at_us;
	int status;   /* exit status, -1 when a signal ended it */
	int signal;   /* 0 unless a signal ended it */
	int told;     /* SIGINT or SIGTERM that this process got and handed on; 0: none */
	char *report; /* path, to be freed; NULL: none, or the system's reporter writes it */
};

/*
 * In a child, which never outlives this process. Returns 0 when it ended, however; an error after
 * *ret->ended was set says that there is no report of its crash. Takes the process's signals.
 */
int supervise(const struct supervised *what, struct supervised_end *ret, struct err *err);

/* The same, but where the system writes the report in this very process: it then dies of it. */
int supervise_trial(const struct supervised *what, struct supervised_end *ret, struct err *err);

/* Whether the signal that ended it was what it was told, and not a crash of its own. */
static inline bool supervise_obeyed(const struct supervised_end *end) {
	return end->told && (end->signal == end->told || end->signal == SIGKILL);
}

/* For each thread that run starts, at its start and in it. */
void supervise_thread_started(void);

/* This process dies when its parent does, however that ends. Errors: the parent is gone already. */
int supervise_parent(struct err *err);

#endif
