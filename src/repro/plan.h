/*
 * What is left to do of an experiment: its conditions, which slots have been counted, and what came
 * of them so far. Read from the database once, then kept in step by whoever runs the trials.
 */
#ifndef REPRO_PLAN_H
#define REPRO_PLAN_H

#include "base/arena.h"
#include "repro/experiment.h"

/* More conditions or trials than anybody waits for. */
#define PLAN_CONDITIONS_MAX 4096
#define PLAN_TRIALS_MAX 1000000

struct plan_condition {
	const char *const *argv;
	char *const *env;
	bool was_started; /* its command could be started once */
	/* Of what came of trials, for means. */
	int64_t lasted_ms, lasted_count;
	double throughput_sum;
	int64_t throughput_count;
};

struct plan {
	struct arena arena;
	int64_t id;
	uint64_t seed;
	int64_t started_at_us;
	bool ended; /* it was finished before */
	int64_t runs;
	struct plan_condition *conditions;
	struct experiment_tally *tallies; /* as many */
	size_t condition_count;
	bool *counted; /* by slot */
	int64_t slots, done, next;
};

/* Called for each trial that there is already, in the order in which they were started; nothing may
 * be asked of the store. Non-zero ends the load with that code. */
typedef int (*plan_trial_fn)(const struct store_trial *trial, void *user);

/* env: of this process. Trials without an end are given to fn and not counted. *ret is to be
 * finished in every case. -ENOENT, -EINVAL: it cannot be run as it stands there. */
int plan_load(struct plan *ret, struct store *store, int64_t id, char *const *env, plan_trial_fn fn,
	void *user, struct err *err);
void plan_finish(struct plan *plan);

/* The next slot that is not counted, and its condition; false: there is none. The same again until
 * it is counted or passed. */
bool plan_next(struct plan *plan, int64_t *ret_slot, size_t *ret_condition);

/* One of these words means that the trial is done. */
bool plan_is_counted(enum trial_outcome outcome);
/* A trial has its outcome. */
void plan_count(struct plan *plan, const struct store_trial *trial);
/* A counted one was taken for something else than it is. */
void plan_correct(struct plan *plan, const struct store_trial *before, enum trial_outcome outcome);

/* Estimated; running_ms: how long the trial of condition has been running, -1: none does. -1:
 * unknown. */
int64_t plan_left_ms(const struct plan *plan, size_t condition, int64_t running_ms);

#endif
