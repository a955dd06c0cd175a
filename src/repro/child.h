/*
 * The command of a run: started with our standard input and output, in our process group, so that
 * terminal and job control work as if it had been started directly. Only its standard error takes a
 * way through here: passed on at once, its end kept. Where its input and output are none of ours,
 * the output comes through here too. Knows nothing of crashes.
 *
 * Needs SIGCHLD. One loop, one thread.
 */
#ifndef REPRO_CHILD_H
#define REPRO_CHILD_H

#include "base/err.h"
#include "repro/tail.h"

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

struct child;

struct child_options {
	const char *const *argv; /* looked for in PATH unless argv[0] has a slash */
	char *const *env;        /* NULL: ours */
	int stdout_fd;           /* what it gets as its standard output; 1 is ours */
	/* Not NULL: its standard input is empty and its standard output is read, instead. */
	void (*on_output)(const char *bytes, size_t len, void *user);
	bool silent;                /* what is read is not passed on to our standard error */
	void (*on_end)(void *user); /* it ended; what it had said until then has been read */
	void *user;
};

struct child_end {
	int status; /* exit status, -1 when a signal ended it */
	int signal; /* 0 unless a signal ended it */
};

/* -ENOENT, -EACCES ... when it cannot be started: err names it. *ret is set (NULL: without memory)
 * and has to be closed in either case. */
int child_start(
	uv_loop_t *loop, const struct child_options *options, struct child **ret, struct err *err);
pid_t child_pid(const struct child *child);
/* NULL while it runs. Borrowed. */
const struct child_end *child_end(const struct child *child);
/* Sends a signal unless it has ended. */
void child_signal(const struct child *child, int number);
/* Of its standard error. Borrowed. */
const struct tail *child_tail(const struct child *child);

/*
 * Closes its handles; child_free() once the loop has run. What still writes to its standard error
 * (a grandchild that lives on) then writes to a closed pipe. NULL is fine for all three.
 */
void child_close(struct child *child);
void child_free(struct child *child);
/* Both in one: it is gone once the loop has run. */
void child_release(struct child *child);

#endif
