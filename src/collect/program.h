/*
 * One program on the loop, in a process group of its own: started, asked to end, made to end. What
 * it is for, and what it says, is its caller's affair.
 */
#ifndef COLLECT_PROGRAM_H
#define COLLECT_PROGRAM_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* The caller's storage, at one place until on_closed; to be read. */
struct program {
	uv_process_t process;
	uv_timer_t timer;
	unsigned handles; /* that are not closed yet */
	uint64_t kill_at_ms;
	bool ending, killed, exited;
	bool over;      /* it does not run (yet, or any more) */
	int64_t status; /* once it has exited */
	int signal;     /* that ended it, or 0 */
	void (*on_end)(struct program *program);
	void (*on_closed)(struct program *program);
	void *user;
};

struct program_options {
	const char *const *command; /* argv, NULL-terminated; no shell */
	char **environment;         /* NULL: ours */
	int files[3];               /* what becomes its standard streams, borrowed; -1: /dev/null */
	/* It has exited, and when it was told to end so has its group; or (exited is false then)
	 * not even SIGKILL ends it. */
	void (*on_end)(struct program *program);
	void *user;
};

/* An argv of one's own; NULL without memory. */
char **program_copy_command(const char *const *command);
void program_free_command(char **command);

void program_init(uv_loop_t *loop, struct program *program);
/* Once. */
int program_start(struct program *program, const struct program_options *options, struct err *err);
/* SIGTERM for its group, after kill_ms SIGKILL for what is left of it. Nothing the second time. */
void program_end(struct program *program, unsigned kill_ms);
/* Forgets it, started or not, over or not. on_closed may use the storage anew. */
void program_close(struct program *program, void (*on_closed)(struct program *program), void *user);

#endif
