/*
 * A pager between stdout and the terminal, as git does it: $AGXTRIAGE_PAGER, $PAGER, else less with
 * LESS=FRX.
 */
#ifndef EXPORT_PAGER_H
#define EXPORT_PAGER_H

#include <stdbool.h>
#include <sys/types.h>

struct pager {
	pid_t pid;    /* 0: none runs */
	int error_fd; /* what stderr was, while one runs */
};

/*
 * Puts a pager behind stdout (and behind stderr when that is a terminal). Does nothing when one of
 * them runs already, stdout is no terminal, the pager is "cat" or empty, or it cannot be started:
 * then output goes straight on. From then on the keyboard's interrupt is the pager's business, and
 * the process ends at once, with status 0, when the user leaves the pager: nobody waits for a query
 * whose answer nobody reads. To be called when nothing is left to do but to show.
 */
void pager_start(struct pager *pager);

/*
 * Ends the output and waits until the user has left the pager; stderr is the terminal again. False
 * when the pager could not be run, so that nothing was shown.
 */
bool pager_stop(struct pager *pager);

#endif
