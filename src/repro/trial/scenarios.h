/*
 * What the threads of a trial do with each other's objects. To add a scenario, write its function
 * and a row of the table in scenarios.c.
 */
#ifndef REPRO_TRIAL_SCENARIOS_H
#define REPRO_TRIAL_SCENARIOS_H

#include "repro/trial/trial.h"

struct worker;

struct scenario {
	const char *name;
	const char *does;
	const char *expected;  /* on a real GPU, and why */
	const char *simulated; /* what the simulated backend does */
	bool shared_queue;     /* unless --queues says otherwise */
	/* All measured operations of one thread. NULL: another program does it all (torch.h). */
	void (*run)(struct worker *worker);
};

extern const struct scenario scenarios[]; /* the last one has no name */

const struct scenario *scenario_find(const char *name); /* NULL */

/* One operation as well-behaved programs do it, up to commit. -1: the trial has failed. */
int scenario_operation(struct worker *worker);

#endif
