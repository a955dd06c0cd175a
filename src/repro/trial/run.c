/* The trial as a program: opens the backend, says what it starts, measures, says what came out. */
#include "repro/trial/answer_out.h"
#include "repro/trial/scenarios.h"
#include "repro/trial/torch.h"

#include <stdlib.h>
#include <time.h>

char trial_abort_text[256];

static int64_t trial_now_us(void) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool trial_shares_queue(const struct trial_options *options) {
	return options->queues < 0 ? options->scenario->shared_queue : options->queues == 1;
}

static int trial_open(
	const struct trial_options *options, struct gpu **ret, struct trial_error *err) {
	const struct backend_setup setup = {
		.lanes = options->threads,
		.elements = options->elements,
		.shared_queue = trial_shares_queue(options),
		.latency_us = options->latency_us,
		.seed = options->seed,
		.rehearsal = options->rehearsal,
	};
	return options->backend->open(&setup, ret, err);
}

static int trial_start(
	const struct trial_options *options, const char *device, int64_t launched_at_us) {
	const struct answer_start start = {
		.launched_at_us = launched_at_us,
		.backend =
			options->scenario->run ? options->backend->name : options->scenario->name,
		.device = device,
		.scenario = options->scenario->name,
		.lock = options->lock->name,
		.threads = options->threads,
	};
	return answer_out_start(stdout, &start);
}

/* Where standard output is broken there is nobody to measure for. */
static int trial_end(const struct measured *measured) {
	if (answer_out_end(stdout, measured) < 0) {
		perror("standard output");
		return OUTCOME_FAILED;
	}
	return (int)measured->outcome;
}

static int trial_torch(const struct trial_options *options, int64_t launched_at_us) {
	struct measured measured = {.outcome = OUTCOME_FAILED};
	if (trial_start(options, NULL, launched_at_us) < 0)
		return OUTCOME_FAILED;
	torch_exec(options, &measured.error);
	return trial_end(&measured);
}

int trial_run(const struct trial_options *options) {
	int64_t launched_at_us = trial_now_us();
	struct measured measured = {.outcome = OUTCOME_FAILED};
	struct gpu *gpu = NULL;
	if (!options->scenario->run)
		return trial_torch(options, launched_at_us);
	int opened = trial_open(options, &gpu, &measured.error);
	const char *device = opened < 0 ? NULL : options->backend->device(gpu);
	int status = OUTCOME_FAILED;
	if (trial_start(options, device, launched_at_us) < 0) {
		perror("standard output");
		goto out;
	}
	if (opened == 0)
		measure(options, trial_shares_queue(options), gpu, &measured);
	status = trial_end(&measured);
out:
	options->backend->close(gpu);
	return status;
}
