/*
 * One trial: threads that encode small kernels until a number of operations is done or a time is
 * over, under one locking policy, in one scenario. What it measures it says on its standard output
 * (repro/answer.h), unless the process dies, which is what it is for. Knows nothing of agxtriage.
 */
#ifndef REPRO_TRIAL_TRIAL_H
#define REPRO_TRIAL_TRIAL_H

#include "repro/trial/backend.h"

struct lock_policy;
struct scenario;

struct trial_options {
	const struct backend *backend;
	const struct scenario *scenario;
	const struct lock_policy *lock;
	unsigned threads;
	uint64_t operations; /* of all threads together; 0: until seconds are over */
	double seconds;
	uint64_t warm_up;    /* operations of each thread that are not measured */
	size_t elements;     /* of a buffer */
	unsigned kernels;    /* 1 << enum kernel */
	int queues;          /* -1: as the scenario has it, 0 one for each thread, 1 one for all */
	unsigned wait_every; /* a thread waits for its command buffer after so many operations */
	unsigned latency_us; /* of the simulated GPU */
	uint64_t seed;
	const char *python;       /* scenario torch */
	enum rehearsal rehearsal; /* of the simulated GPU */
	/* In each thread at its start; NULL: nothing. */
	void (*thread_started)(void);
};

/* Takes the options that it knows out of argv (argv[0] stays); *ret holds the defaults before. 0,
 * or -1 with one line in *err. */
int trial_parse(int *argc, char **argv, struct trial_options *ret, struct trial_error *err);
/* What trial_parse() understands, one option a line, with scenarios, policies and what to expect.
 */
void trial_print_help(void);
void trial_defaults(struct trial_options *ret);

/* Runs and answers on standard output. The exit status of repro/answer.h. */
int trial_run(const struct trial_options *options);

/* What an assertion of the simulated driver said before it aborts, for the crash report; "" before.
 */
extern char trial_abort_text[256];

#endif
