/* A counter under a mutex. Threads of one round may still be leaving when the next one fills up,
 * therefore the number of the round and not the counter says whether it is open. */
#include "repro/trial/barrier.h"

void barrier_init(struct barrier *barrier, unsigned threads) {
	*barrier = (struct barrier){.threads = threads};
	pthread_mutex_init(&barrier->lock, NULL);
	pthread_cond_init(&barrier->opened, NULL);
}

void barrier_finish(struct barrier *barrier) {
	pthread_cond_destroy(&barrier->opened);
	pthread_mutex_destroy(&barrier->lock);
}

bool barrier_wait(struct barrier *barrier, void (*open)(void *user), void *user) {
	pthread_mutex_lock(&barrier->lock);
	uint64_t round = barrier->round;
	if (++barrier->waiting == barrier->threads) {
		barrier->waiting = 0;
		barrier->round++;
		if (open)
			open(user);
		pthread_cond_broadcast(&barrier->opened);
	}
	while (round == barrier->round && !barrier->broken)
		pthread_cond_wait(&barrier->opened, &barrier->lock);
	bool whole = !barrier->broken;
	pthread_mutex_unlock(&barrier->lock);
	return whole;
}

void barrier_break(struct barrier *barrier) {
	pthread_mutex_lock(&barrier->lock);
	barrier->broken = true;
	pthread_cond_broadcast(&barrier->opened);
	pthread_mutex_unlock(&barrier->lock);
}
