/*
 * A pager between stdout and the terminal, as git does it: $AGXTRIAGE_PAGER, $PAGER, else less with
 * LESS=FRX.
 */
#ifndef EXPORT_PAGER_H
#define EXPORT_PAGER_H

#include <sys/types.h>

struct pager {
	pid_t pid; /* 0: none runs */
};

/*
 * Puts a pager behind stdout (and behind stderr when that is a terminal). Does nothing when one of
 * them runs already, stdout is no terminal, the pager is "cat" or empty, or it cannot be started:
 * then output goes straight on. From then on the keyboard's interrupt is the pager's business.
 */
void pager_start(struct pager *pager);

/* Ends the output and waits until the user has left the pager. */
void pager_stop(struct pager *pager);

#endif
