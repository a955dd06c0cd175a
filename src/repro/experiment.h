/*
 * Runs the trials of an experiment that stands in the database, one at a time, and pairs the crash
 * reports that come, whenever they come, with the trial whose process they tell of. Blocks until
 * all is known; prints nothing. Knows neither what the conditions mean nor how their commands were
 * made.
 */
#ifndef REPRO_EXPERIMENT_H
#define REPRO_EXPERIMENT_H

#include "collect/select.h"
#include "repro/reporter.h"
#include "store/experiment.h"
#include "triage/rules.h"

#include <regex.h>

struct experiment_tally {
	int64_t planned, done; /* of the condition: counted trials */
	int64_t outcomes[TRIAL_OUTCOME_COUNT];
	double throughput; /* mean so far; 0: none */
};

/* What it is doing; texts and arrays borrowed for the call. */
struct experiment_progress {
	enum experiment_phase {
		EXPERIMENT_TRIALS,  /* a trial runs, or has just ended */
		EXPERIMENT_REPORTS, /* all have run; reports are waited for */
	} phase;
	const struct experiment_tally *conditions;
	size_t condition_count;
	int64_t planned, done;
	int64_t elapsed_ms, left_ms;     /* left_ms: estimated from what was done; -1: unknown */
	int64_t condition;               /* of the trial that runs */
	size_t unpaired;                 /* crashes that still lack their report */
	const struct store_trial *ended; /* the trial that has just ended, else NULL */
};

/* All borrowed for the call. */
struct experiment_options {
	const char *db_path;
	const char *const *folders; /* where reports appear */
	size_t folder_count;
	const struct selection *selection;
	const struct reporter *reporter;
	int64_t timeout_ms;    /* of a trial; 0: never */
	int64_t wait_ms;       /* for the reports of the last crashes; REPORTER_LATE_US / 1000 */
	bool answers;          /* the commands speak agxtriage-repro's protocol (repro/answer.h) */
	const regex_t *metric; /* in the output; NULL: no throughput from there */
	bool show_output; /* pass what the commands say on to our stderr; else it is only read */
	void (*on_progress)(const struct experiment_progress *progress,
		void *user); /* about every 100 ms; may be NULL */
	void *user;
};

enum experiment_end {
	EXPERIMENT_DONE,
	EXPERIMENT_STOPPED, /* by Ctrl-C or a signal: what was measured is kept, a resume goes on */
};

/*
 * Runs every trial of experiment id that has not been counted yet, in the planned order, waits for
 * reports, labels crashes that have none, and marks the experiment as ended. Trials that a killed
 * runner left without an end become "interrupted" first. Errors: of the store (nothing more is
 * started then), -ENOENT. -EBUSY: another process runs this experiment. Uses signal handlers: one
 * at a time per process.
 */
int experiment_run(struct store *store, const struct rules *rules, int64_t id,
	const struct experiment_options *options, enum experiment_end *ret, struct err *err);

/*
 * The order of the trials: each block of `conditions` slots has every condition once, shuffled by
 * seed. Pure: the same for a resume. *ret: condition of that slot.
 */
size_t experiment_order(uint64_t seed, size_t conditions, int64_t slot);

#endif
