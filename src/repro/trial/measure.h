/* A trial without its program: runs the threads and adds up what they measured. */
#ifndef REPRO_TRIAL_MEASURE_H
#define REPRO_TRIAL_MEASURE_H

#include "repro/trial/worker.h"

struct measured {
	enum outcome outcome;
	uint64_t operations;   /* measured ones */
	uint64_t elapsed_ns;   /* from the start of the first thread to the end of the last */
	uint64_t lock_wait_ns; /* of all threads together */
	struct latency calls[CALL_COUNT];
	struct trial_error error; /* of every outcome but finished */
};

/* *gpu is open for as many lanes as there are threads, with one queue or one for each. The outcome,
 * which *ret has too. */
enum outcome measure(const struct trial_options *options, bool shared_queue, struct gpu *gpu,
	struct measured *ret);

#endif
