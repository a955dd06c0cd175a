/* What the two ways of supervising have in common. */
#ifndef REPRO_SUPERVISE_CHILD_H
#define REPRO_SUPERVISE_CHILD_H

#include "repro/supervise.h"

/* Waits for the child's end; after the time limit kills it. */
int supervise_wait(unsigned timeout_ms, struct supervised_end *ret, struct err *err);

#endif
