/*
 * Runs a program to its end and keeps what it said: no shell, no inherited descriptors, bounded in
 * time and in bytes. Blocks; loops use libuv instead. Or only starts one.
 */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* Of each stream so much is kept; the rest is read and dropped. */
#define SPAWN_OUTPUT_BYTES (1u << 20)

struct spawn_result {
	int status;          /* exit status, or -1 when a signal ended it */
	int signal;          /* 0 unless a signal ended it */
	bool timed_out;      /* it was killed at the time limit */
	struct buf out, err; /* stdout, stderr; owned */
};

/*
 * argv[0] is looked for in PATH unless it has a slash. Standard input is /dev/null. At the time
 * limit (0: none) its process group gets SIGTERM, 1 s later SIGKILL. Children that outlive it and
 * hold its output are not waited for. Returns 0 when the program ran, however it ended; -ENOENT,
 * -EACCES
 * ... when it could not be started (err names it); -ECHILD when this process ignores SIGCHLD. *ret
 * is released with spawn_finish() in every case. Any thread.
 */
int spawn_run(
	const char *const *argv, unsigned timeout_ms, struct spawn_result *ret, struct err *err);
/* The same; the time limit is reached at once when *stop becomes true, which a signal handler may
 * do. NULL: never. */
int spawn_run_until(const char *const *argv, unsigned timeout_ms, const volatile bool *stop,
	struct spawn_result *ret, struct err *err);
void spawn_finish(struct spawn_result *result);

/*
 * The same for callers that talk with the program meanwhile: starts the one at path with files as
 * its standard streams (all of them above 2; -1: /dev/null), nothing else inherited, a process
 * group of its own and the signals of a login. Returns 0 or a negative errno; the caller waits for
 * *ret. Any thread.
 */
int spawn_start(const char *path, const char *const *argv, const int files[3], pid_t *ret);

/* The path of a program in PATH (or name itself if it has a slash and can be run), to be freed;
 * NULL when there is none. */
char *spawn_find(const char *name);

#endif
