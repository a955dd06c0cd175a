/*
 * The scenarios. Where one misuses the interface, a lock around the operation still makes it
 * correct: what another thread has is only used if it is there, as a program would look whether its
 * stream has an open encoder, and under the lock it never is. So the policies can be compared.
 */
#include "repro/trial/scenarios.h"

#include "repro/trial/worker.h"

#include <string.h>

/* Kernels of one encoder in the scenarios that borrow encoders, as a stream collects them. */
#define ENCODER_KERNELS 8
/* Operations of a thread in a command buffer that all share. */
#define ROUND_OPERATIONS 4

/* ---- pieces of an operation */

static int scenario_begin(struct worker *worker) {
	struct trial_error *error = worker_no_error(worker);
	if (worker->backend->begin(worker->lane, error) < 0)
		return worker_fail(worker, OUTCOME_FAILED, error);
	worker_called(worker, CALL_BEGIN);
	return 0;
}

static int scenario_encoder(struct worker *worker) {
	struct trial_error *error = worker_no_error(worker);
	if (worker->backend->encoder(worker->lane, error) < 0)
		return worker_fail(worker, OUTCOME_FAILED, error);
	worker_called(worker, CALL_ENCODER);
	return 0;
}

static void scenario_kernel(struct worker *worker) {
	worker->backend->pipeline(worker->lane, worker->place.kernel);
	worker_called(worker, CALL_PIPELINE);
	worker->backend->buffers(worker->lane, worker->place.kernel);
	worker_called(worker, CALL_BUFFERS);
	worker->backend->dispatch(worker->lane);
	worker_called(worker, CALL_DISPATCH);
}

static void scenario_end(struct worker *worker) {
	worker->backend->end(worker->lane);
	worker_called(worker, CALL_END);
}

static void scenario_commit(struct worker *worker) {
	worker->backend->commit(worker->lane);
	worker_called(worker, CALL_COMMIT);
}

int scenario_operation(struct worker *worker) {
	if (scenario_begin(worker) < 0 || scenario_encoder(worker) < 0)
		return -1;
	scenario_kernel(worker);
	scenario_end(worker);
	scenario_commit(worker);
	return 0;
}

/* Uses the encoder of the thread before, if it has one open, and then has one of its own. */
static int scenario_borrow(struct worker *worker, enum adopt what) {
	const struct backend *backend = worker->backend;
	unsigned threads = worker->trial->options->threads;
	if (threads > 1) {
		unsigned other = (worker->index + threads - 1) % threads;
		backend->adopt(worker->lane, backend->lane(worker->trial->gpu, other), what);
		for (int i = 0; i < ENCODER_KERNELS; i++)
			scenario_kernel(worker);
		backend->release_encoder(worker->lane);
	}
	if (scenario_begin(worker) < 0 || scenario_encoder(worker) < 0)
		return -1;
	for (int i = 0; i < ENCODER_KERNELS; i++)
		scenario_kernel(worker);
	scenario_end(worker);
	backend->release_encoder(worker->lane);
	scenario_commit(worker);
	return 0;
}

static int scenario_use_after_end(struct worker *worker) {
	return scenario_borrow(worker, ADOPT_ENCODER);
}

static int scenario_release_in_use(struct worker *worker) {
	return scenario_borrow(worker, ADOPT_ENCODER_UNRETAINED);
}

/* ---- threads */

/* The wait for the command buffer is inside of the policy's lock, as PyTorch has it. */
static int scenario_locked(
	struct worker *worker, uint64_t now_ns, int (*operation)(struct worker *worker)) {
	worker_prepare(worker, now_ns);
	worker_lock(worker);
	int r = operation(worker);
	if (!r && (worker->done + 1) % worker->trial->options->wait_every == 0)
		r = worker_wait(worker) < 0 ? -1 : worker_check(worker);
	worker->backend->release(worker->lane);
	worker_unlock(worker);
	return r;
}

/* The last command buffer is waited for before the thread counts as done. */
static void scenario_repeat(struct worker *worker, int (*operation)(struct worker *worker)) {
	uint64_t start = worker_clock_ns();
	while (worker_claim(worker)) {
		if (scenario_locked(worker, start, operation) < 0)
			return;
		worker_count(worker, &start);
	}
	if (worker->done % worker->trial->options->wait_every && !worker_wait(worker))
		worker_check(worker);
}

static void scenario_run(struct worker *worker) {
	scenario_repeat(worker, scenario_operation);
}

static void scenario_run_use_after_end(struct worker *worker) {
	scenario_repeat(worker, scenario_use_after_end);
}

static void scenario_run_release_in_use(struct worker *worker) {
	scenario_repeat(worker, scenario_release_in_use);
}

/* ---- one command buffer for all threads */

/* One kernel into the command buffer of the first lane. */
static int scenario_join(struct worker *worker) {
	const struct backend *backend = worker->backend;
	if (worker->index)
		backend->adopt(worker->lane, backend->lane(worker->trial->gpu, 0), ADOPT_COMMANDS);
	if (scenario_encoder(worker) < 0)
		return -1;
	scenario_kernel(worker);
	scenario_end(worker);
	backend->release_encoder(worker->lane);
	return 0;
}

/* Returns how many operations the thread has encoded, or -1. */
static int scenario_round(struct worker *worker) {
	uint64_t start = worker_clock_ns();
	int encoded = 0, r = 0;
	while (!r && encoded < ROUND_OPERATIONS && worker_claim(worker)) {
		worker_prepare(worker, start);
		worker_lock(worker);
		r = scenario_join(worker);
		worker_unlock(worker);
		if (r < 0)
			return -1;
		worker_count(worker, &start);
		encoded++;
	}
	return encoded;
}

/* On the first thread, while the others wait. */
static int scenario_open_round(struct worker *worker) {
	struct trial *trial = worker->trial;
	uint64_t limit = trial->options->operations;
	worker->sampled = false;
	trial->over =
		atomic_load_explicit(&trial->stop, memory_order_relaxed) ||
		(limit && atomic_load_explicit(&trial->claimed, memory_order_relaxed) >= limit);
	return trial->over ? 0 : scenario_begin(worker);
}

static int scenario_close_round(struct worker *worker) {
	worker->sampled = true;
	worker->last_ns = worker_clock_ns();
	scenario_commit(worker);
	return worker_wait(worker);
}

static void scenario_run_shared_buffer(struct worker *worker) {
	struct trial *trial = worker->trial;
	struct barrier *round = &trial->round;
	for (;;) {
		if (!worker->index && scenario_open_round(worker) < 0)
			return;
		if (!barrier_wait(round, NULL, NULL) || trial->over)
			return;
		int encoded = scenario_round(worker);
		if (encoded < 0 || !barrier_wait(round, NULL, NULL))
			return;
		if (!worker->index && scenario_close_round(worker) < 0)
			return;
		if (!barrier_wait(round, NULL, NULL))
			return;
		if (encoded && worker_check(worker) < 0)
			return;
		worker->backend->release(worker->lane);
	}
}

/* ---- the table */

const struct scenario scenarios[] = {
	{
		.name = "independent",
		.does = "Each thread has a queue, buffers, command buffers and encoders of its own.",
		.expected = "No crash: nothing is shared but the device, and Metal's devices and "
			    "queues are made for several threads. A crash here would be the "
			    "driver's own.",
		.simulated = "never crashes: each queue has its own pool of contexts",
		.shared_queue = false,
		.run = scenario_run,
	},
	{
		.name = "shared-queue",
		.does = "All threads share one queue; each has command buffers and encoders of its "
			"own, which Metal allows.",
		.expected = "Metal promises that it works, so a crash is the driver's. Not known: "
			    "public reports of such crashes come from frameworks that may share "
			    "more than they mean to.",
		.simulated = "crashes with two threads or more: a context is cleared after it was "
			     "given to the next encoder",
		.shared_queue = true,
		.run = scenario_run,
	},
	{
		.name = "shared-buffer",
		.does = "All threads encode into one command buffer, each with encoders of its own.",
		.expected =
			"The assertion \"A command encoder is already encoding to this command "
			"buffer\": a command buffer takes one encoder at a time and is not made "
			"for several threads. A lock around an encoder's life prevents it.",
		.simulated = "the same assertion, or the crash of shared-queue",
		.shared_queue = true,
		.run = scenario_run_shared_buffer,
	},
	{
		.name = "use-after-end",
		.does = "A thread goes on encoding with an encoder that it found open, while the "
			"thread that made it ends it. The encoder is kept alive.",
		.expected =
			"A crash in setComputePipelineState: or below dispatchThreads:, at 0x5c8 "
			"or 0x98: the ended encoder has given up its state. This misuse is one "
			"explanation of the crashes that PyTorch's users report.",
		.simulated = "crashes with two threads or more: the ended encoder's context has no "
			     "state, or that of another encoder",
		.shared_queue = true,
		.run = scenario_run_use_after_end,
	},
	{
		.name = "release-in-use",
		.does = "As use-after-end, but the encoder's last reference is given up as well.",
		.expected =
			"A crash in objc_msgSend or objc_retain (a use after free), or those of "
			"use-after-end where the memory still holds the old object.",
		.simulated = "crashes with two threads or more: the released encoder leads to a "
			     "context without state",
		.shared_queue = true,
		.run = scenario_run_release_in_use,
	},
	{
		.name = "torch",
		.does = "Runs the Python given by --python with its own PyTorch: threads that "
			"compute element-wise on the device mps. Policies none and global only: "
			"the lock is in Python, around each operation.",
		.expected = "Depends on PyTorch: it has locks of its own around its stream, and "
			    "versions differ. A crash is to be compared with the same threads in "
			    "shared-queue and use-after-end.",
		.simulated = "not simulated: --backend has no meaning here",
		.shared_queue = true,
		.run = NULL,
	},
	{0},
};

const struct scenario *scenario_find(const char *name) {
	for (const struct scenario *scenario = scenarios; scenario->name; scenario++)
		if (!strcmp(scenario->name, name))
			return scenario;
	return NULL;
}
