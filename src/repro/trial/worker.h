/*
 * A thread of a trial: its lane, its share of the operations, what they cost. The scenarios
 * (scenarios.c) say what an operation is; what is around it stands here.
 */
#ifndef REPRO_TRIAL_WORKER_H
#define REPRO_TRIAL_WORKER_H

#include "repro/trial/barrier.h"
#include "repro/trial/latency.h"
#include "repro/trial/locks.h"
#include "repro/trial/trial.h"

#include <pthread.h>
#include <stdatomic.h>

/* What is timed. The names are those of repro/answer.h. */
enum call {
	CALL_OPERATION, /* all of it, with waiting for the policy's lock */
	CALL_BEGIN,
	CALL_ENCODER,
	CALL_PIPELINE,
	CALL_BUFFERS,
	CALL_DISPATCH,
	CALL_END,
	CALL_COMMIT,
	CALL_WAIT,
	CALL_COUNT,
};

extern const char *const call_names[CALL_COUNT];

/* As the exit status of repro/answer.h has it. */
enum outcome {
	OUTCOME_FINISHED = 0,
	OUTCOME_FAILED = 1,
	OUTCOME_GPU_ERROR = 3,
	OUTCOME_WRONG_RESULT = 4,
};

/* What all threads of a trial share. */
struct trial {
	const struct trial_options *options;
	struct gpu *gpu;
	struct locks *locks;
	bool shared_queue;
	enum kernel kernels[KERNEL_COUNT];
	unsigned kernel_count;
	atomic_uint warm; /* threads that have warmed up, in their order */
	/* When the threads start, 0 until all have warmed up; and when they stop, 0: never. */
	_Atomic uint64_t started_ns;
	uint64_t deadline_ns;
	_Atomic uint64_t claimed; /* operations that a thread has taken on */
	atomic_bool stop;
	struct barrier round;
	bool over; /* of the rounds of shared-buffer; set between two barriers */
	pthread_mutex_t failure;
	enum outcome outcome; /* under failure, until the threads have ended; and error */
	struct trial_error error;
};

struct worker {
	struct trial *trial;
	pthread_t thread;
	const struct backend *backend;
	struct lane *lane;
	unsigned index;
	struct lock_place place;
	uint64_t random;
	bool sampled; /* this operation's calls are timed */
	uint64_t next_sample_ns;
	uint64_t last_ns; /* when its last call returned */
	uint64_t done, lock_wait_ns, began_ns, ended_ns;
	struct latency calls[CALL_COUNT];
	struct trial_error error; /* place for what a call says */
};

uint64_t worker_clock_ns(void);

/* Everything a thread does: warm-up, barrier, operations. */
void worker_run(struct worker *worker);

/* Whether the thread may start one more operation, which is then its own. */
bool worker_claim(struct worker *worker);
/* Before an operation that begins now: chooses the kernel, decides whether calls are timed. */
void worker_prepare(struct worker *worker, uint64_t now_ns);
void worker_lock(struct worker *worker);
void worker_unlock(struct worker *worker);
/* After a call of the backend. Most calls are not timed. */
void worker_time_call(struct worker *worker, enum call call);
static inline void worker_called(struct worker *worker, enum call call) {
	if (worker->sampled)
		worker_time_call(worker, call);
}
/* An operation that began at *start_ns is done; *start_ns becomes now. */
void worker_count(struct worker *worker, uint64_t *start_ns);
/* Where a call puts its error. To clear all of it each time would be felt. */
static inline struct trial_error *worker_no_error(struct worker *worker) {
	worker->error.code[0] = worker->error.text[0] = '\0';
	return &worker->error;
}
/* Waits for the lane's command buffers. */
int worker_wait(struct worker *worker);
int worker_check(struct worker *worker);
/* Sets the outcome, unless another thread was faster, and stops the trial. -1. */
int worker_fail(struct worker *worker, enum outcome outcome, const struct trial_error *error);

#endif
