/*
 * Signals that this process gets while it runs a command in the same process group. What the
 * terminal sends (Ctrl-C) reaches the command by itself; what somebody sends to this process alone
 * has to be passed on. Only one may be started at a time: signal handlers belong to the process.
 */
#ifndef REPRO_SIGNALS_H
#define REPRO_SIGNALS_H

#include "base/err.h"

#include <stdbool.h>
#include <uv.h>

struct signals;

/* direct: it was sent to this process and not by the terminal to its whole group. */
typedef void (*signals_fn)(int number, bool direct, void *user);

/*
 * Catches SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2, but leaves those alone that were
 * ignored at the start (nohup, a shell's background jobs). fn is called in the loop's thread.
 */
int signals_start(
	uv_loop_t *loop, signals_fn fn, void *user, struct signals **ret, struct err *err);
/* One that asks for an end has come and fn has not been called for it yet. */
bool signals_pending(void);
/* Puts back what was there; signals_free() once the loop has run. NULL is fine for both. */
void signals_stop(struct signals *signals);
void signals_free(struct signals *signals);

#endif
