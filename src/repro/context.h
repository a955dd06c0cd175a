/*
 * The registers and the stack of a thread that was stopped by a signal. The only header that
 * differs between processors (context_*.c). Everything may be called in a signal handler except
 * where it says otherwise.
 */
#ifndef REPRO_CONTEXT_H
#define REPRO_CONTEXT_H

#include "ips/report.h"

#include <stddef.h>
#include <stdint.h>

#define CONTEXT_REGISTERS 40

extern const enum report_arch context_arch;
extern const char *const context_register_names[]; /* NULL-terminated */

struct context {
	uint64_t pc, sp, fp;
	uint64_t registers[CONTEXT_REGISTERS]; /* in the order of context_register_names */
};

/* ucontext: the third argument of a signal handler. */
void context_read(const void *ucontext, struct context *ret);

/*
 * The pc and the return addresses above it, along the frame pointers: at most max; code that keeps
 * none ends the walk. stack_end: first address behind the thread's stack; nothing outside is read.
 */
size_t context_walk(const struct context *context, uint64_t stack_end, uint64_t *ret, size_t max);

/*
 * The same along the tables that compilers leave for exceptions: they know code that keeps no frame
 * pointer, but trust the stack. In a handler that runs on top of context. 0: they lead nowhere.
 */
size_t context_unwind(const struct context *context, uint64_t *ret, size_t max);

/* Of the calling thread, or 0. Not for signal handlers. */
uint64_t context_stack_end(void);

#endif
