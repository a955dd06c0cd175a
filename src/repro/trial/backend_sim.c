/*
 * The simulated backend: a model of the race that reports of real crashes suggest, with real
 * threads, a real window and real faults. It claims nothing about a real driver's inside.
 *
 * The model
 *
 * A queue has a pool of compute contexts, which the driver uses again and again, the one that was
 * freed last first. A lock of the driver's own guards the list of free ones. An encoder takes a
 * context from it and lets context->impl point to the state of its own. Each call of the encoder
 * loads context->impl and uses a field of it, without a lock, for a context belongs to one encoder:
 *
 *   setComputePipelineState:  loads the field at 0x5c8
 *   dispatchThreads:          prepareForEnqueue loads the one at 0x98, allocateUSCSpillBuffer
 *                             stores to the one at 0x184, then it loads the one at 0x5f4 itself
 *
 * endEncoding puts the context back under the driver's lock, unlocks, cleans up its state, which
 * nobody else can reach any more, and only then sets context->impl to NULL. That is one step too
 * late: between unlock and NULL another thread may have taken the context and set impl to its own
 * state. The NULL falls under its hands, and its next call faults at NULL + offset.
 *
 * What follows
 *
 * One thread cannot crash: nobody takes a context between its unlock and its NULL. Nor can threads
 * with queues of their own, for pools are not shared. With a shared queue the chance of a crash
 * grows with the number of threads that are encoding at the same time, and therefore
 *   - the policies global and queue prevent it, for no two threads of a queue encode at once;
 *   - the policy pipeline lets two threads with different kernels encode at once, at most as many
 *     as there are kernels. With many threads the chance is lower than without a lock. With two
 *     it need not be: a thread that gets the lock begins at the same moment as the one that gave
 *     it up and goes on with another kernel. With a single kernel it prevents the crash.
 * Without a lock the chance per operation is about (threads - 1) x time of the clean-up / time of
 * an operation. There is no die: what decides is how long the work below takes, and when threads
 * wake up. Machine, load and compiler change the figures. Only their order is claimed: none with
 * one thread, more with more threads. It wants two processors: on a single one, threads meet only
 * where the scheduler interrupts one in its window.
 *
 * The misuse scenarios meet the same pool: using an encoder that another thread has ended is using
 * a context whose impl is NULL. A released encoder's context pointer leads to a context that never
 * has an impl. A second encoder of a command buffer whose first one has not ended is an assertion.
 *
 * commit computes the kernels of the command buffer on the CPU (of a buffer its first SIM_COMPUTED
 * elements) and takes latency_us: the submission. So wait() has nothing to wait for.
 *
 * Everything that threads share without a lock is atomic and relaxed: no data race of C, so that
 * ThreadSanitizer finds nothing, and the race of the model is there all the same.
 */
#include "repro/trial/backend.h"
#include "repro/trial/trial.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIM_ENCODERS 2
#define SIM_COMPUTED 8192 /* elements of a buffer that the model's GPU computes */
#define SIM_CHECKED 16    /* of those, how many check() looks at */

/* Real work between the calls: words of the state that a call goes through. It sets how long the
 * window is open, and how far another thread may get in it. */
#define SIM_WORK_PIPELINE 32
#define SIM_WORK_BUFFERS 16
#define SIM_WORK_PREPARE 40
#define SIM_WORK_SPILL 80
#define SIM_WORK_THREADS 96
#define SIM_WORK_CLEAN 480

/* Every function stands in the backtrace, and no sanitizer speaks before the processor does. */
#define SIM_VISIBLE                                                             \
	__attribute__((noinline, visibility("default"), no_sanitize("address"), \
		no_sanitize("undefined"), no_sanitize("thread")))

/* What the driver would call the context's implementation: fields at the published offsets. */
struct sim_impl {
	atomic_uint unused_0[0x98 / 4];
	atomic_uint queued; /* 0x98 */
	atomic_uint unused_9c[(0x184 - 0x9c) / 4];
	atomic_uint spill; /* 0x184 */
	atomic_uint unused_188[(0x5c8 - 0x188) / 4];
	atomic_uint pipeline; /* 0x5c8 */
	atomic_uint unused_5cc[(0x5f4 - 0x5cc) / 4];
	atomic_uint threads; /* 0x5f4 */
};
_Static_assert(offsetof(struct sim_impl, queued) == 0x98, "published offset");
_Static_assert(offsetof(struct sim_impl, spill) == 0x184, "published offset");
_Static_assert(offsetof(struct sim_impl, pipeline) == 0x5c8, "published offset");
_Static_assert(offsetof(struct sim_impl, threads) == 0x5f4, "published offset");

struct sim_context {
	_Atomic(struct sim_impl *) impl;
	struct sim_context *next_free; /* under the pool's lock */
};

struct sim_queue {
	pthread_mutex_t lock; /* the driver's own */
	struct sim_context *free;
	struct sim_context *contexts; /* as many as lanes */
};

/* A command buffer. */
struct sim_commands {
	atomic_bool encoding; /* an encoder of it has not ended */
	atomic_uint count;
	unsigned capacity;
	unsigned *dispatches; /* lane and kernel, each written by one thread */
};

/* Never freed before the end, for another lane may still point to it; a lane uses its two in turn.
 */
struct sim_encoder {
	_Atomic(struct sim_context *) context;
	_Atomic(struct sim_commands *) commands;
	struct sim_queue *queue;
	atomic_int references;
	atomic_bool ended;
	atomic_uint work[SIM_WORK_CLEAN]; /* argument tables, resources and the like */
	struct sim_impl impl;
};

struct lane {
	struct gpu *gpu;
	unsigned index;
	enum kernel kernel;                    /* of the pipeline state that was set last */
	_Atomic(struct sim_encoder *) encoder; /* own or adopted, NULL */
	bool own, retained; /* it was made here; the lane holds a reference to it */
	_Atomic(struct sim_commands *) commands;
	struct sim_encoder encoders[SIM_ENCODERS];
	unsigned made;
	struct sim_commands own_commands;
	float *a, *b, *out;
};

struct gpu {
	struct backend_setup setup;
	size_t computed; /* elements */
	unsigned queue_count;
	struct sim_queue *queues;
	struct lane *lanes;
};

/* A context that was never given an implementation: where a released encoder's pointer leads. */
static struct sim_context sim_no_context;

/* ---- the driver: what faults, and the frames below it */

/* Frames that tell of a thread that it is in the driver, also where it only waits there. */
#define SIM_NAMED __attribute__((noinline, visibility("default")))

int agxtriage_simulated_use(unsigned value);
struct sim_context *agxtriage_simulated_takeComputeContext(struct sim_queue *queue);
int agxtriage_simulated_returnComputeContext(struct sim_encoder *encoder);
int agxtriage_simulated_commit(struct lane *lane);
int agxtriage_simulated_setComputePipelineState(struct lane *lane);
int agxtriage_simulated_prepareForEnqueue(struct sim_encoder *encoder);
int agxtriage_simulated_allocateUSCSpillBuffer(struct sim_encoder *encoder);
int agxtriage_simulated_dispatchThreads(struct lane *lane);
int agxtriage_simulated_tryCoalescingPreviousComputeCommandEncoder(struct sim_commands *commands);
int agxtriage_simulated_add_mps_kernel(int (*step)(struct lane *lane), struct lane *lane);
int agxtriage_simulated_mul_mps_kernel(int (*step)(struct lane *lane), struct lane *lane);
int agxtriage_simulated_copy_mps_kernel(int (*step)(struct lane *lane), struct lane *lane);

/* Between two calls the frame is whole: compilers set it up late and take it down early. */
SIM_VISIBLE int agxtriage_simulated_use(unsigned value) {
	__asm__ volatile("" : "+r"(value));
	return (int)(value & 1);
}

/* Goes through words of the encoder's tables. Nothing of the context: it must not fault here. */
static __attribute__((noinline)) unsigned sim_work(struct sim_encoder *encoder, unsigned words) {
	unsigned value = 1;
	for (unsigned i = 0; i < words; i++) {
		value = value * 31 + atomic_load_explicit(&encoder->work[i], memory_order_relaxed);
		atomic_store_explicit(&encoder->work[i], value, memory_order_relaxed);
	}
	return value;
}

static struct sim_impl *sim_impl_of(struct sim_encoder *encoder) {
	struct sim_context *context = atomic_load_explicit(&encoder->context, memory_order_relaxed);
	return atomic_load_explicit(&context->impl, memory_order_relaxed);
}

SIM_VISIBLE int agxtriage_simulated_setComputePipelineState(struct lane *lane) {
	struct sim_encoder *encoder = atomic_load_explicit(&lane->encoder, memory_order_relaxed);
	int used = agxtriage_simulated_use(sim_work(encoder, SIM_WORK_PIPELINE));
	struct sim_impl *impl = sim_impl_of(encoder);
	unsigned before = atomic_load_explicit(&impl->pipeline, memory_order_relaxed);
	return used + agxtriage_simulated_use(before);
}

SIM_VISIBLE int agxtriage_simulated_prepareForEnqueue(struct sim_encoder *encoder) {
	int used = agxtriage_simulated_use(sim_work(encoder, SIM_WORK_PREPARE));
	struct sim_impl *impl = sim_impl_of(encoder);
	unsigned queued = atomic_load_explicit(&impl->queued, memory_order_relaxed);
	return used + agxtriage_simulated_use(queued);
}

SIM_VISIBLE int agxtriage_simulated_allocateUSCSpillBuffer(struct sim_encoder *encoder) {
	int used = agxtriage_simulated_use(sim_work(encoder, SIM_WORK_SPILL));
	struct sim_impl *impl = sim_impl_of(encoder);
	atomic_store_explicit(&impl->spill, (unsigned)used, memory_order_relaxed);
	return used + agxtriage_simulated_use(1);
}

SIM_VISIBLE int agxtriage_simulated_dispatchThreads(struct lane *lane) {
	struct sim_encoder *encoder = atomic_load_explicit(&lane->encoder, memory_order_relaxed);
	int used = agxtriage_simulated_prepareForEnqueue(encoder);
	used += agxtriage_simulated_allocateUSCSpillBuffer(encoder);
	used += agxtriage_simulated_use(sim_work(encoder, SIM_WORK_THREADS));
	struct sim_impl *impl = sim_impl_of(encoder);
	unsigned threads = atomic_load_explicit(&impl->threads, memory_order_relaxed);
	return used + agxtriage_simulated_use(threads);
}

/* The sums keep the calls from becoming jumps, which leave no frame. */
SIM_VISIBLE int agxtriage_simulated_add_mps_kernel(
	int (*step)(struct lane *lane), struct lane *lane) {
	return step(lane) + 1;
}

SIM_VISIBLE int agxtriage_simulated_mul_mps_kernel(
	int (*step)(struct lane *lane), struct lane *lane) {
	return step(lane) + 1;
}

SIM_VISIBLE int agxtriage_simulated_copy_mps_kernel(
	int (*step)(struct lane *lane), struct lane *lane) {
	return step(lane) + 1;
}

static int (*const sim_operations[KERNEL_COUNT])(int (*)(struct lane *), struct lane *) = {
	[KERNEL_ADD] = agxtriage_simulated_add_mps_kernel,
	[KERNEL_MUL] = agxtriage_simulated_mul_mps_kernel,
	[KERNEL_COPY] = agxtriage_simulated_copy_mps_kernel,
};

/* One thread says it and aborts; others that find the same wait for that. */
SIM_VISIBLE int agxtriage_simulated_tryCoalescingPreviousComputeCommandEncoder(
	struct sim_commands *commands) {
	static atomic_flag said = ATOMIC_FLAG_INIT;
	if (!atomic_exchange_explicit(&commands->encoding, true, memory_order_relaxed))
		return agxtriage_simulated_use(1);
	while (atomic_flag_test_and_set(&said))
		pause();
	snprintf(trial_abort_text, sizeof trial_abort_text,
		"-[AGXTriageSimulatedCommandBuffer "
		"tryCoalescingPreviousComputeCommandEncoderWithConfig:nextEncoderClass:]: failed "
		"assertion `A command encoder is already encoding to this command buffer'");
	abort();
}

/* ---- contexts */

SIM_NAMED struct sim_context *agxtriage_simulated_takeComputeContext(struct sim_queue *queue) {
	pthread_mutex_lock(&queue->lock);
	struct sim_context *context = queue->free;
	if (context)
		queue->free = context->next_free;
	pthread_mutex_unlock(&queue->lock);
	return context;
}

/* The published race: impl becomes NULL after the context is free for others to take. */
SIM_NAMED int agxtriage_simulated_returnComputeContext(struct sim_encoder *encoder) {
	struct sim_context *context = atomic_load_explicit(&encoder->context, memory_order_relaxed);
	struct sim_queue *queue = encoder->queue;
	pthread_mutex_lock(&queue->lock);
	context->next_free = queue->free;
	queue->free = context;
	pthread_mutex_unlock(&queue->lock);
	int used = agxtriage_simulated_use(sim_work(encoder, SIM_WORK_CLEAN));
	atomic_signal_fence(memory_order_seq_cst); /* no compiler closes the window */
	atomic_store_explicit(&context->impl, NULL, memory_order_relaxed);
	return used;
}

/* Whoever ends it first gives the context back. */
static void sim_end_encoder(struct sim_encoder *encoder) {
	if (atomic_exchange_explicit(&encoder->ended, true, memory_order_relaxed))
		return;
	struct sim_commands *commands =
		atomic_load_explicit(&encoder->commands, memory_order_relaxed);
	atomic_store_explicit(&commands->encoding, false, memory_order_relaxed);
	agxtriage_simulated_returnComputeContext(encoder);
}

/* ---- one operation */

static int sim_fail(struct trial_error *err, const char *code, const char *text) {
	snprintf(err->code, sizeof err->code, "%s", code);
	snprintf(err->text, sizeof err->text, "%s", text);
	return -1;
}

static int sim_begin(struct lane *lane, struct trial_error *err) {
	(void)err;
	struct sim_commands *commands = &lane->own_commands;
	atomic_store_explicit(&commands->count, 0, memory_order_relaxed);
	atomic_store_explicit(&commands->encoding, false, memory_order_relaxed);
	atomic_store_explicit(&lane->commands, commands, memory_order_relaxed);
	return 0;
}

static int sim_encoder(struct lane *lane, struct trial_error *err) {
	struct sim_commands *commands = atomic_load_explicit(&lane->commands, memory_order_relaxed);
	struct sim_encoder *encoder = &lane->encoders[lane->made++ % SIM_ENCODERS];
	if (!commands)
		return sim_fail(err, "", "simulated: no command buffer to encode to");
	agxtriage_simulated_tryCoalescingPreviousComputeCommandEncoder(commands);
	struct sim_context *context = agxtriage_simulated_takeComputeContext(encoder->queue);
	if (!context)
		return sim_fail(err, "", "simulated: the queue has no free context");
	atomic_store_explicit(&encoder->commands, commands, memory_order_relaxed);
	atomic_store_explicit(&encoder->references, 1, memory_order_relaxed);
	atomic_store_explicit(&encoder->ended, false, memory_order_relaxed);
	atomic_store_explicit(&encoder->context, context, memory_order_relaxed);
	atomic_store_explicit(&context->impl, &encoder->impl, memory_order_relaxed);
	atomic_store_explicit(&lane->encoder, encoder, memory_order_relaxed);
	lane->own = lane->retained = true;
	return 0;
}

static bool sim_encoding(const struct lane *lane) {
	return atomic_load_explicit(&lane->encoder, memory_order_relaxed) != NULL;
}

static void sim_pipeline(struct lane *lane, enum kernel kernel) {
	lane->kernel = kernel;
	if (sim_encoding(lane))
		sim_operations[kernel](agxtriage_simulated_setComputePipelineState, lane);
}

static void sim_buffers(struct lane *lane, enum kernel kernel) {
	(void)kernel;
	struct sim_encoder *encoder = atomic_load_explicit(&lane->encoder, memory_order_relaxed);
	if (encoder)
		agxtriage_simulated_use(sim_work(encoder, SIM_WORK_BUFFERS));
}

/* What was encoded with another lane's encoder is not computed: its command buffer may be on its
 * way already. */
static void sim_dispatch(struct lane *lane) {
	if (!sim_encoding(lane))
		return;
	sim_operations[lane->kernel](agxtriage_simulated_dispatchThreads, lane);
	if (!lane->own)
		return;
	struct sim_commands *commands = atomic_load_explicit(&lane->commands, memory_order_relaxed);
	unsigned at = atomic_fetch_add_explicit(&commands->count, 1, memory_order_relaxed);
	if (at < commands->capacity)
		commands->dispatches[at] = lane->index * KERNEL_COUNT + (unsigned)lane->kernel;
}

static void sim_end(struct lane *lane) {
	struct sim_encoder *encoder = atomic_load_explicit(&lane->encoder, memory_order_relaxed);
	if (encoder)
		sim_end_encoder(encoder);
}

static float sim_value(const struct lane *lane, enum kernel kernel, size_t i) {
	if (kernel == KERNEL_COPY)
		return lane->a[i];
	return kernel == KERNEL_ADD ? lane->a[i] + lane->b[i] : lane->a[i] * lane->b[i];
}

/* A device writes element by element; how fast must not depend on the compiler. */
static void sim_compute(struct lane *lane, enum kernel kernel) {
	volatile float *out = lane->out;
	size_t count = lane->gpu->computed;
	for (size_t i = 0; i < count; i++)
		out[i] = sim_value(lane, kernel, i);
	if (lane->gpu->setup.rehearsal == REHEARSAL_WRONG_RESULT)
		out[count - 1] = out[count - 1] + 1;
}

static void sim_sleep(unsigned us) {
	struct timespec left = {us / 1000000, (long)(us % 1000000) * 1000};
	while (us && nanosleep(&left, &left) != 0) {
	}
}

SIM_NAMED int agxtriage_simulated_commit(struct lane *lane) {
	struct sim_commands *commands = atomic_load_explicit(&lane->commands, memory_order_relaxed);
	unsigned count = atomic_load_explicit(&commands->count, memory_order_relaxed);
	for (unsigned i = 0; i < count && i < commands->capacity; i++) {
		unsigned dispatch = commands->dispatches[i];
		sim_compute(&lane->gpu->lanes[dispatch / KERNEL_COUNT],
			(enum kernel)(dispatch % KERNEL_COUNT));
	}
	sim_sleep(lane->gpu->setup.latency_us);
	return agxtriage_simulated_use(1);
}

static void sim_commit(struct lane *lane) {
	agxtriage_simulated_commit(lane);
}

static int sim_wait(struct lane *lane, struct trial_error *err) {
	switch (lane->gpu->setup.rehearsal) {
	case REHEARSAL_GPU_ERROR:
		return sim_fail(err, "MTLCommandBufferErrorPageFault",
			"simulated: Caused GPU Address Fault Error "
			"(0000000b:kIOGPUCommandBufferCallbackErrorPageFault)");
	case REHEARSAL_HANG:
		for (;;)
			pause();
	case REHEARSAL_NONE:
	case REHEARSAL_WRONG_RESULT:
	case REHEARSAL_COUNT:
		break;
	}
	return 0;
}

/* Some elements, the first and the last among them. */
static int sim_check(struct lane *lane, enum kernel kernel, struct trial_error *err) {
	size_t last = lane->gpu->computed - 1;
	for (size_t n = 0; n < SIM_CHECKED; n++) {
		size_t i = last * n / (SIM_CHECKED - 1);
		float want = sim_value(lane, kernel, i);
		if (lane->out[i] == want)
			continue;
		err->code[0] = '\0';
		snprintf(err->text, sizeof err->text,
			"simulated: %s: element %zu is %g and should be %g", kernel_names[kernel],
			i, (double)lane->out[i], (double)want);
		return -1;
	}
	return 0;
}

/* ---- misuse */

static void sim_release_encoder(struct lane *lane) {
	struct sim_encoder *encoder = atomic_load_explicit(&lane->encoder, memory_order_relaxed);
	atomic_store_explicit(&lane->encoder, NULL, memory_order_relaxed);
	if (!encoder || !lane->retained)
		return;
	lane->retained = false;
	if (atomic_fetch_sub_explicit(&encoder->references, 1, memory_order_relaxed) != 1)
		return;
	sim_end_encoder(encoder);
	atomic_store_explicit(&encoder->context, &sim_no_context, memory_order_relaxed);
}

static void sim_adopt(struct lane *lane, const struct lane *other, enum adopt what) {
	if (what == ADOPT_COMMANDS) {
		atomic_store_explicit(&lane->commands,
			atomic_load_explicit(&other->commands, memory_order_relaxed),
			memory_order_relaxed);
		return;
	}
	struct sim_encoder *encoder = atomic_load_explicit(&other->encoder, memory_order_relaxed);
	lane->own = false;
	lane->retained = encoder && what == ADOPT_ENCODER;
	if (lane->retained)
		atomic_fetch_add_explicit(&encoder->references, 1, memory_order_relaxed);
	atomic_store_explicit(&lane->encoder, encoder, memory_order_relaxed);
}

static void sim_release(struct lane *lane) {
	sim_release_encoder(lane);
	atomic_store_explicit(&lane->commands, NULL, memory_order_relaxed);
}

/* ---- device, queues, lanes */

/* SplitMix64. */
static uint64_t sim_random(uint64_t *state) {
	uint64_t value = *state += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

/* Small whole numbers and a half: what is computed of them is exact. */
static void sim_fill(float *values, size_t count, uint64_t seed) {
	for (size_t i = 0; i < count; i++)
		values[i] = (float)(sim_random(&seed) % 1000) + 0.5f;
}

static int sim_open_queues(struct gpu *gpu) {
	unsigned lanes = gpu->setup.lanes, wanted = gpu->setup.shared_queue ? 1 : lanes;
	gpu->queues = calloc(wanted, sizeof *gpu->queues);
	if (!gpu->queues)
		return -1;
	for (; gpu->queue_count < wanted; gpu->queue_count++) {
		struct sim_queue *queue = &gpu->queues[gpu->queue_count];
		queue->contexts = calloc(lanes, sizeof *queue->contexts);
		if (!queue->contexts)
			return -1;
		pthread_mutex_init(&queue->lock, NULL);
		for (unsigned i = 0; i < lanes; i++) {
			queue->contexts[i].next_free = queue->free;
			queue->free = &queue->contexts[i];
		}
	}
	return 0;
}

static int sim_open_lane(struct gpu *gpu, unsigned index) {
	struct lane *lane = &gpu->lanes[index];
	lane->gpu = gpu;
	lane->index = index;
	for (unsigned i = 0; i < SIM_ENCODERS; i++) {
		lane->encoders[i].queue = &gpu->queues[gpu->setup.shared_queue ? 0 : index];
		atomic_store(&lane->encoders[i].context, &sim_no_context);
		atomic_store(&lane->encoders[i].ended, true);
	}
	lane->own_commands.capacity = 64 + 16 * gpu->setup.lanes;
	lane->own_commands.dispatches =
		calloc(lane->own_commands.capacity, sizeof *lane->own_commands.dispatches);
	lane->a = calloc(gpu->setup.elements, sizeof(float));
	lane->b = calloc(gpu->setup.elements, sizeof(float));
	lane->out = calloc(gpu->setup.elements, sizeof(float));
	if (!lane->own_commands.dispatches || !lane->a || !lane->b || !lane->out)
		return -1;
	sim_fill(lane->a, gpu->computed, gpu->setup.seed + 2 * index);
	sim_fill(lane->b, gpu->computed, gpu->setup.seed + 2 * index + 1);
	return 0;
}

static void sim_close(struct gpu *gpu) {
	if (!gpu)
		return;
	for (unsigned i = 0; gpu->lanes && i < gpu->setup.lanes; i++) {
		free(gpu->lanes[i].own_commands.dispatches);
		free(gpu->lanes[i].a);
		free(gpu->lanes[i].b);
		free(gpu->lanes[i].out);
	}
	for (unsigned i = 0; i < gpu->queue_count; i++) {
		pthread_mutex_destroy(&gpu->queues[i].lock);
		free(gpu->queues[i].contexts);
	}
	free(gpu->queues);
	free(gpu->lanes);
	free(gpu);
}

static int sim_open(const struct backend_setup *setup, struct gpu **ret, struct trial_error *err) {
	struct gpu *gpu = calloc(1, sizeof *gpu);
	if (!gpu)
		return sim_fail(err, "", "out of memory");
	gpu->setup = *setup;
	gpu->computed = setup->elements < SIM_COMPUTED ? setup->elements : SIM_COMPUTED;
	gpu->lanes = calloc(setup->lanes, sizeof *gpu->lanes);
	bool whole = gpu->lanes && sim_open_queues(gpu) == 0;
	for (unsigned i = 0; whole && i < setup->lanes; i++)
		whole = sim_open_lane(gpu, i) == 0;
	if (!whole) {
		sim_close(gpu);
		return sim_fail(err, "", "out of memory");
	}
	*ret = gpu;
	return 0;
}

static const char *sim_device(const struct gpu *gpu) {
	(void)gpu;
	return "simulated";
}

static struct lane *sim_lane(struct gpu *gpu, unsigned index) {
	return &gpu->lanes[index];
}

const struct backend backend_sim = {
	.name = "sim",
	.about = "a simulated driver with the published race; its crashes are real, its GPU is not",
	.open = sim_open,
	.close = sim_close,
	.device = sim_device,
	.lane = sim_lane,
	.begin = sim_begin,
	.encoder = sim_encoder,
	.pipeline = sim_pipeline,
	.buffers = sim_buffers,
	.dispatch = sim_dispatch,
	.end = sim_end,
	.commit = sim_commit,
	.wait = sim_wait,
	.check = sim_check,
	.adopt = sim_adopt,
	.release_encoder = sim_release_encoder,
	.release = sim_release,
};
