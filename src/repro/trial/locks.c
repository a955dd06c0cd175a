/* The locks of all policies, and the table of policies. */
#include "repro/trial/locks.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct locks {
	pthread_mutex_t global;
	pthread_mutex_t pipelines[KERNEL_COUNT];
	unsigned queue_count;
	pthread_mutex_t queues[];
};

static void global_lock(struct locks *locks, const struct lock_place *place) {
	(void)place;
	pthread_mutex_lock(&locks->global);
}

static void global_unlock(struct locks *locks, const struct lock_place *place) {
	(void)place;
	pthread_mutex_unlock(&locks->global);
}

static void pipeline_lock(struct locks *locks, const struct lock_place *place) {
	pthread_mutex_lock(&locks->pipelines[place->kernel]);
}

static void pipeline_unlock(struct locks *locks, const struct lock_place *place) {
	pthread_mutex_unlock(&locks->pipelines[place->kernel]);
}

static void queue_lock(struct locks *locks, const struct lock_place *place) {
	pthread_mutex_lock(&locks->queues[place->queue]);
}

static void queue_unlock(struct locks *locks, const struct lock_place *place) {
	pthread_mutex_unlock(&locks->queues[place->queue]);
}

const struct lock_policy lock_policies[] = {
	{"none", "nothing is held", NULL, NULL},
	{"global", "one mutex for all operations", global_lock, global_unlock},
	{"pipeline", "a mutex for each pipeline state: operations of one kernel exclude each other",
		pipeline_lock, pipeline_unlock},
	{"queue", "a mutex for each queue: operations of one queue exclude each other", queue_lock,
		queue_unlock},
	{NULL, NULL, NULL, NULL},
};

const struct lock_policy *lock_policy_find(const char *name) {
	for (const struct lock_policy *policy = lock_policies; policy->name; policy++)
		if (!strcmp(policy->name, name))
			return policy;
	return NULL;
}

struct locks *locks_new(unsigned queues) {
	struct locks *locks = calloc(1, sizeof *locks + queues * sizeof locks->queues[0]);
	if (!locks)
		return NULL;
	pthread_mutex_init(&locks->global, NULL);
	for (int i = 0; i < KERNEL_COUNT; i++)
		pthread_mutex_init(&locks->pipelines[i], NULL);
	for (locks->queue_count = 0; locks->queue_count < queues; locks->queue_count++)
		pthread_mutex_init(&locks->queues[locks->queue_count], NULL);
	return locks;
}

void locks_free(struct locks *locks) {
	if (!locks)
		return;
	for (unsigned i = 0; i < locks->queue_count; i++)
		pthread_mutex_destroy(&locks->queues[i]);
	for (int i = 0; i < KERNEL_COUNT; i++)
		pthread_mutex_destroy(&locks->pipelines[i]);
	pthread_mutex_destroy(&locks->global);
	free(locks);
}
