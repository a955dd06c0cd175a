/*
 * What the harness of a trial costs: the trial with the policy none and one thread against a bare
 * loop of the same calls on the simulated backend, which submits without delay. Both in turn in one
 * process on one processor; compared is the processor time of pairs that ran one after the other,
 * for waiting for a busy machine is not the harness's.
 *
 *   trial_overhead [--check]     with --check the exit status is 1 above 3 %
 */
#include "repro/trial/locks.h"
#include "repro/trial/measure.h"
#include "repro/trial/scenarios.h"
#include "repro/trial/spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAIRS 41
#define OPERATIONS 20000
#define ALLOWED 0.03

struct bare {
	const struct trial_options *options;
	struct gpu *gpu;
	const enum kernel *kernels; /* as little to be foreseen as those of the trial */
	int failed;
};

static void bare_operation(const struct backend *backend, struct lane *lane, enum kernel kernel,
	struct trial_error *error) {
	backend->begin(lane, error);
	backend->encoder(lane, error);
	backend->pipeline(lane, kernel);
	backend->buffers(lane, kernel);
	backend->dispatch(lane);
	backend->end(lane);
	backend->commit(lane);
}

static void *bare_thread(void *user) {
	struct bare *bare = user;
	const struct backend *backend = bare->options->backend;
	struct lane *lane = backend->lane(bare->gpu, 0);
	struct trial_error error = {0};
	spread_thread(0);
	for (uint64_t i = 0; i < bare->options->warm_up; i++)
		bare_operation(backend, lane, KERNEL_ADD, &error);
	for (uint64_t i = 0; i < bare->options->operations; i++) {
		enum kernel kernel = bare->kernels[i];
		bare_operation(backend, lane, kernel, &error);
		if ((i + 1) % bare->options->wait_every == 0)
			bare->failed |=
				backend->wait(lane, &error) | backend->check(lane, kernel, &error);
		backend->release(lane);
	}
	return NULL;
}

static double used_ns(void) {
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec * 1e9 + (double)used.tv_nsec;
}

static double bare_loop(const struct trial_options *options, struct gpu *gpu) {
	static enum kernel kernels[OPERATIONS];
	for (int i = 0; i < OPERATIONS; i++)
		kernels[i] = (enum kernel)(random() % KERNEL_COUNT);
	struct bare bare = {.options = options, .gpu = gpu, .kernels = kernels};
	pthread_t thread;
	double before = used_ns();
	if (pthread_create(&thread, NULL, bare_thread, &bare) || pthread_join(thread, NULL) ||
		bare.failed)
		abort();
	return (used_ns() - before) / (double)options->operations;
}

static double trial_loop(const struct trial_options *options, struct gpu *gpu) {
	static struct measured measured;
	double before = used_ns();
	if (measure(options, true, gpu, &measured) != OUTCOME_FINISHED ||
		measured.operations != options->operations)
		abort();
	return (used_ns() - before) / (double)options->operations;
}

static int by_size(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
	qsort(values, count, sizeof *values, by_size);
	return values[count / 2];
}

int main(int argc, char **argv) {
	struct trial_options options;
	struct trial_error error = {0};
	struct gpu *gpu = NULL;
	double bare[PAIRS], trial[PAIRS], ratios[PAIRS];
	bool check = argc > 1 && !strcmp(argv[1], "--check");
	trial_defaults(&options);
	options.backend = &backend_sim;
	options.operations = OPERATIONS;
	options.latency_us = 0;
	const struct backend_setup setup = {
		.lanes = 1, .elements = options.elements, .shared_queue = true, .seed = 1};
	if (backend_sim.open(&setup, &gpu, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	for (int i = 0; i < PAIRS; i++) {
		/* Neither of the two is always the first of its pair. */
		if (i % 2)
			trial[i] = trial_loop(&options, gpu);
		bare[i] = bare_loop(&options, gpu);
		if (i % 2 == 0)
			trial[i] = trial_loop(&options, gpu);
		ratios[i] = trial[i] / bare[i];
	}
	backend_sim.close(gpu);
	double overhead = median(ratios, PAIRS) - 1;
	printf("bare loop %.0f ns, trial %.0f ns for an operation: the harness costs %.1f %% "
	       "(at most %.0f %%)\n",
		median(bare, PAIRS), median(trial, PAIRS), overhead * 100, ALLOWED * 100);
	return check && overhead > ALLOWED;
}
