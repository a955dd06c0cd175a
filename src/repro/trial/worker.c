/* What surrounds an operation. With the policy none an operation costs the harness one look at the
 * clock, one addition to a counter that the threads share, and one to a histogram. */
#include "repro/trial/worker.h"

#include "repro/trial/scenarios.h"
#include "repro/trial/spread.h"

#include <time.h>

/* The calls of an operation are timed when those of none were for so long: ten looks at the clock
 * may take a microsecond, and they part the calls whose race is to be seen. */
#define WORKER_SAMPLE_NS UINT64_C(2000000)
/* How often a thread looks whether others are ready, before anything is measured. */
#define WORKER_POLL_NS UINT64_C(100000)

const char *const call_names[CALL_COUNT] = {
	[CALL_OPERATION] = "operation",
	[CALL_BEGIN] = "begin",
	[CALL_ENCODER] = "encoder",
	[CALL_PIPELINE] = "pipeline",
	[CALL_BUFFERS] = "buffers",
	[CALL_DISPATCH] = "dispatch",
	[CALL_END] = "end",
	[CALL_COMMIT] = "commit",
	[CALL_WAIT] = "wait",
};

uint64_t worker_clock_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* xorshift64*: for the choice of kernels. */
static unsigned worker_random(struct worker *worker, unsigned below) {
	uint64_t value = worker->random;
	value ^= value >> 12;
	value ^= value << 25;
	value ^= value >> 27;
	worker->random = value;
	return (unsigned)(((value * UINT64_C(0x2545f4914f6cdd1d) >> 32) * below) >> 32);
}

bool worker_claim(struct worker *worker) {
	struct trial *trial = worker->trial;
	if (atomic_load_explicit(&trial->stop, memory_order_relaxed))
		return false;
	uint64_t limit = trial->options->operations;
	return !limit ||
	       atomic_fetch_add_explicit(&trial->claimed, 1, memory_order_relaxed) < limit;
}

void worker_prepare(struct worker *worker, uint64_t now_ns) {
	const struct trial *trial = worker->trial;
	worker->place.kernel = trial->kernels[worker_random(worker, trial->kernel_count)];
	worker->sampled = now_ns >= worker->next_sample_ns;
	worker->last_ns = now_ns;
	if (worker->sampled)
		worker->next_sample_ns = now_ns + WORKER_SAMPLE_NS;
}

void worker_lock(struct worker *worker) {
	const struct lock_policy *policy = worker->trial->options->lock;
	if (!policy->lock)
		return;
	uint64_t before = worker_clock_ns();
	policy->lock(worker->trial->locks, &worker->place);
	worker->last_ns = worker_clock_ns();
	worker->lock_wait_ns += worker->last_ns - before;
}

void worker_unlock(struct worker *worker) {
	const struct lock_policy *policy = worker->trial->options->lock;
	if (policy->unlock)
		policy->unlock(worker->trial->locks, &worker->place);
}

void worker_time_call(struct worker *worker, enum call call) {
	uint64_t now = worker_clock_ns();
	latency_add(&worker->calls[call], now - worker->last_ns);
	worker->last_ns = now;
}

void worker_count(struct worker *worker, uint64_t *start_ns) {
	struct trial *trial = worker->trial;
	uint64_t now = worker_clock_ns();
	latency_add(&worker->calls[CALL_OPERATION], now - *start_ns);
	*start_ns = now;
	worker->done++;
	if (trial->deadline_ns && now >= trial->deadline_ns)
		atomic_store_explicit(&trial->stop, true, memory_order_relaxed);
}

int worker_fail(struct worker *worker, enum outcome outcome, const struct trial_error *error) {
	struct trial *trial = worker->trial;
	pthread_mutex_lock(&trial->failure);
	if (trial->outcome == OUTCOME_FINISHED) {
		trial->outcome = outcome;
		trial->error = *error;
	}
	pthread_mutex_unlock(&trial->failure);
	atomic_store_explicit(&trial->stop, true, memory_order_relaxed);
	barrier_break(&trial->round);
	return -1;
}

/* Waits are rare and long: each one is timed. */
int worker_wait(struct worker *worker) {
	struct trial_error *error = worker_no_error(worker);
	uint64_t before = worker_clock_ns();
	if (worker->backend->wait(worker->lane, error) < 0)
		return worker_fail(worker, OUTCOME_GPU_ERROR, error);
	latency_add(&worker->calls[CALL_WAIT], worker_clock_ns() - before);
	return 0;
}

int worker_check(struct worker *worker) {
	struct trial_error *error = worker_no_error(worker);
	if (worker->backend->check(worker->lane, worker->place.kernel, error) < 0)
		return worker_fail(worker, OUTCOME_WRONG_RESULT, error);
	return 0;
}

static void worker_sleep(uint64_t ns) {
	struct timespec left = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
	while (nanosleep(&left, &left) != 0) {
	}
}

static bool worker_stopped(const struct trial *trial) {
	return atomic_load_explicit(&trial->stop, memory_order_relaxed);
}

static int worker_warm_up(struct worker *worker) {
	int r = 0;
	for (uint64_t i = 0; i < worker->trial->options->warm_up && !r; i++) {
		worker_prepare(worker, 0);
		r = scenario_operation(worker);
		if (!r)
			r = worker_wait(worker);
		if (!r)
			r = worker_check(worker);
		worker->backend->release(worker->lane);
	}
	for (int i = 0; i < CALL_COUNT; i++)
		worker->calls[i] = (struct latency){0};
	return r;
}

/* One thread at a time, so that a race begins behind the barrier and not in front of it. */
static bool worker_warm_up_in_turn(struct worker *worker) {
	struct trial *trial = worker->trial;
	unsigned before;
	while ((before = atomic_load(&trial->warm)) != worker->index) {
		if (worker_stopped(trial))
			return false;
		worker_sleep((worker->index - before) * WORKER_POLL_NS);
	}
	return worker_warm_up(worker) == 0;
}

/* The barrier: the last one sets the time at which all begin. */
static bool worker_start(struct worker *worker) {
	struct trial *trial = worker->trial;
	uint64_t start = 0;
	if (atomic_fetch_add(&trial->warm, 1) + 1 == trial->options->threads) {
		start = worker_clock_ns() + 2 * WORKER_POLL_NS;
		if (trial->options->seconds > 0)
			trial->deadline_ns = start + (uint64_t)(trial->options->seconds * 1e9);
		atomic_store(&trial->started_ns, start);
	}
	while (!start) {
		if (worker_stopped(trial))
			return false;
		worker_sleep(WORKER_POLL_NS);
		start = atomic_load(&trial->started_ns);
	}
	uint64_t now = worker_clock_ns();
	if (now < start)
		worker_sleep(start - now);
	return true;
}

void worker_run(struct worker *worker) {
	struct trial *trial = worker->trial;
	if (trial->options->thread_started)
		trial->options->thread_started();
	spread_thread(worker->index);
	if (!worker_warm_up_in_turn(worker) || !worker_start(worker))
		return;
	worker->began_ns = worker_clock_ns();
	trial->options->scenario->run(worker);
	worker->ended_ns = worker_clock_ns();
}
