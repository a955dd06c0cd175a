/* Threads that wait for each other, again and again; macOS has no pthread_barrier_t. */
#ifndef REPRO_TRIAL_BARRIER_H
#define REPRO_TRIAL_BARRIER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct barrier {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	unsigned threads, waiting;
	uint64_t round;
	bool broken;
};

void barrier_init(struct barrier *barrier, unsigned threads);
void barrier_finish(struct barrier *barrier);
/* Until all are there. The last one calls open(user) first, if there is one. false: somebody has
 * given up, and nobody waits any more. */
bool barrier_wait(struct barrier *barrier, void (*open)(void *user), void *user);
void barrier_break(struct barrier *barrier);

#endif
