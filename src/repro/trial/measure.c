/* Starts the threads, waits for them, adds up. */
#include "repro/trial/measure.h"

#include "repro/trial/scenarios.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum outcome measure_fail(struct measured *ret, const char *what, int number) {
	ret->outcome = OUTCOME_FAILED;
	snprintf(ret->error.text, sizeof ret->error.text, "%s: %s", what, strerror(number));
	return ret->outcome;
}

static void *measure_thread(void *user) {
	worker_run(user);
	return NULL;
}

static void measure_init(struct trial *trial, const struct trial_options *options) {
	trial->options = options;
	for (int i = 0; i < KERNEL_COUNT; i++)
		if (options->kernels & 1u << i)
			trial->kernels[trial->kernel_count++] = (enum kernel)i;
	pthread_mutex_init(&trial->failure, NULL);
	barrier_init(&trial->round, options->threads);
}

static void measure_finish(struct trial *trial) {
	barrier_finish(&trial->round);
	pthread_mutex_destroy(&trial->failure);
	locks_free(trial->locks);
}

static void measure_init_worker(struct worker *worker, struct trial *trial, unsigned index) {
	worker->trial = trial;
	worker->index = index;
	worker->backend = trial->options->backend;
	worker->lane = worker->backend->lane(trial->gpu, index);
	worker->place.queue = trial->shared_queue ? 0 : index;
	/* Neighbouring seeds give sequences that have nothing in common; zero would stay zero. */
	worker->random = (trial->options->seed + index + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

static void measure_add(const struct worker *worker, struct measured *ret) {
	ret->operations += worker->done;
	ret->lock_wait_ns += worker->lock_wait_ns;
	for (int i = 0; i < CALL_COUNT; i++)
		latency_merge(&ret->calls[i], &worker->calls[i]);
}

/* From the first that began to the last that ended; 0 when one did neither. */
static uint64_t measure_elapsed_ns(const struct worker *workers, unsigned count) {
	uint64_t began = UINT64_MAX, ended = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!workers[i].ended_ns)
			return 0;
		if (workers[i].began_ns < began)
			began = workers[i].began_ns;
		if (workers[i].ended_ns > ended)
			ended = workers[i].ended_ns;
	}
	return ended - began;
}

/* Returns 0, or the number of the error that kept a thread from starting. */
static int measure_threads(struct worker *workers, unsigned count) {
	unsigned started = 0;
	int r = 0;
	for (; !r && started < count; started += !r)
		r = pthread_create(
			&workers[started].thread, NULL, measure_thread, &workers[started]);
	if (r)
		atomic_store(&workers[0].trial->stop, true);
	for (unsigned i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	return r;
}

enum outcome measure(const struct trial_options *options, bool shared_queue, struct gpu *gpu,
	struct measured *ret) {
	struct trial trial = {.gpu = gpu, .shared_queue = shared_queue};
	struct worker *workers = calloc(options->threads, sizeof *workers);
	*ret = (struct measured){0};
	measure_init(&trial, options);
	trial.locks = locks_new(shared_queue ? 1 : options->threads);
	if (!workers || !trial.locks) {
		measure_fail(ret, "cannot start", ENOMEM);
		goto out;
	}
	for (unsigned i = 0; i < options->threads; i++)
		measure_init_worker(&workers[i], &trial, i);
	int r = measure_threads(workers, options->threads);
	if (r) {
		measure_fail(ret, "cannot start a thread", r);
		goto out;
	}
	for (unsigned i = 0; i < options->threads; i++)
		measure_add(&workers[i], ret);
	ret->elapsed_ns = measure_elapsed_ns(workers, options->threads);
	ret->outcome = trial.outcome;
	ret->error = trial.error;
out:
	measure_finish(&trial);
	free(workers);
	return ret->outcome;
}
