/*
 * Locking policies: what a thread holds while it encodes, submits and waits. To add one, write a
 * pair of functions and a row of the table in locks.c.
 */
#ifndef REPRO_TRIAL_LOCKS_H
#define REPRO_TRIAL_LOCKS_H

#include "repro/trial/backend.h"

/* What an operation is about to use. */
struct lock_place {
	unsigned queue;
	enum kernel kernel; /* each has a pipeline state of its own */
};

struct locks;

struct lock_policy {
	const char *name;
	const char *about; /* one line */
	/* Both NULL: nothing is held, and no time is spent on finding out how long that took. */
	void (*lock)(struct locks *locks, const struct lock_place *place);
	void (*unlock)(struct locks *locks, const struct lock_place *place);
};

extern const struct lock_policy lock_policies[]; /* the last one has no name */

const struct lock_policy *lock_policy_find(const char *name); /* NULL */

struct locks *locks_new(unsigned queues); /* NULL: out of memory */
void locks_free(struct locks *locks);

#endif
