/*
 * Experiments, their conditions and their trials in the database. Nobody can run the past again:
 * what is written here is on the disk (synchronous FULL, on macOS with F_FULLFSYNC) before the call
 * returns. A part of struct store and its rules.
 *
 * Because of that each of these writes is a transaction of its own, and fails with -EINPROGRESS,
 * having changed nothing, while another one is open on the same handle (a batch of reports: end it
 * first, see ingest_flush()). store_trial_launched() alone may stand in one.
 */
#ifndef STORE_EXPERIMENT_H
#define STORE_EXPERIMENT_H

#include "store/store.h"

enum experiment_kind {
	EXPERIMENT_REPRO, /* trials of agxtriage-repro */
	EXPERIMENT_RUN,   /* a command of the user's */
	EXPERIMENT_KIND_COUNT,
};

enum trial_outcome {
	TRIAL_STARTED, /* no end is known: it runs, or its runner was killed, or the machine died */
	TRIAL_FINISHED,
	TRIAL_CRASHED,
	TRIAL_HUNG,
	TRIAL_GPU_ERROR,    /* a command buffer failed, the process did not */
	TRIAL_WRONG_RESULT, /* a kernel's output was not what it should be */
	TRIAL_FAILED,       /* ended with another status than 0, or could not be started */
	TRIAL_INTERRUPTED,  /* ended from outside; counts nowhere and is run again by a resume */
	TRIAL_OUTCOME_COUNT,
};

/* "started", "finished", "crashed", "hung", "gpu_error", "wrong_result", "failed", "interrupted";
 * "repro", "run". */
extern const char *const trial_outcome_names[TRIAL_OUTCOME_COUNT];
extern const char *const experiment_kind_names[EXPERIMENT_KIND_COUNT];

/* Texts borrowed: on the way in for the call, on the way out until the row function returns. */
struct store_experiment {
	int64_t id;
	enum experiment_kind kind;
	int64_t started_at_us;
	struct i64_opt ended_at_us; /* absent: not finished: it runs, or can be resumed */
	int64_t runs;               /* of each condition, as planned */
	uint64_t seed;              /* of the order */
	const char *command;        /* JSON array: what the user typed */
	const char *settings;       /* JSON object: what a resume needs; the runner's own */
	const char *platform;       /* JSON object: the fingerprint */
};

/* Conditions of one experiment are numbered from 0. */
struct store_condition {
	int64_t number;
	const char *backend, *scenario, *lock; /* NULL for a command of the user's */
	struct i64_opt threads;
	const char
		*env; /* JSON object: what was set for this condition, and the validation layers */
	const char *command;         /* JSON array: what is started */
	const char *throughput_unit; /* NULL: none is measured */
};

struct store_trial {
	int64_t id;
	int64_t condition; /* its number */
	int64_t slot;      /* place in the planned order, from 0 */
	enum trial_outcome outcome;
	int64_t started_at_us;
	struct i64_opt ended_at_us;
	struct i64_opt pid, launched_at_us; /* of the process that matters: the one that crashes */
	struct i64_opt exit_status;         /* absent when a signal ended it */
	struct i64_opt signal;              /* the one that it crashed by or was ended by */
	struct i64_opt operations;
	bool has_throughput;
	double throughput; /* in the condition's unit */
	bool has_lock_wait;
	double lock_wait_s;      /* all threads together */
	const char *latency;     /* JSON object or NULL */
	const char *error;       /* one line: of the GPU, of the start; NULL */
	const char *stacks;      /* of a hung one, text or NULL */
	const char *stderr_tail; /* cleaned; NULL or "" for none */
	/* A crash with a report: its incident, kept as text too, for retention may delete the row.
	 */
	struct i64_opt incident;
	const char *incident_id, *site;
	const char
		*label; /* of a crash without one: late, quota, reporter off, unknown; else NULL */
	bool simulated; /* its incident is; only on the way out */
};

/* Adds both, in one transaction; *ret_id: of the experiment. Conditions are numbered by their place
 * in the array, whatever their number says. JSON that is NULL becomes the empty array or object. */
int store_experiment_add(struct store *store, const struct store_experiment *experiment,
	const struct store_condition *conditions, size_t count, int64_t *ret_id, struct err *err);
/* ended_at_us absent: it goes on (a resume). */
int store_experiment_end(
	struct store *store, int64_t id, struct i64_opt ended_at_us, struct err *err);

/* Before the process is started: condition, slot and started_at_us; *ret_id of the row. -ENOENT: no
 * such condition. */
int store_trial_begin(struct store *store, int64_t experiment, const struct store_trial *trial,
	int64_t *ret_id, struct err *err);
/* The pid is known: written without waiting for the disk. */
int store_trial_launched(
	struct store *store, int64_t id, int64_t pid, int64_t launched_at_us, struct err *err);
/* Everything but id, condition, slot, started_at_us, incident, incident_id, site, label. pid and
 * launched_at_us stay as they are where the trial has none; a measure that is not finite is none.
 * -ENOENT. */
int store_trial_end(struct store *store, const struct store_trial *trial, struct err *err);
/*
 * The incident belongs to the trial: copies its id and site, takes the label away. An incident that
 * has a trial already keeps it, and a trial its incident: -EEXIST (the same pair again: 0).
 * -ENOENT. As long as the incident's row is there, id and site are read from it, so that they
 * follow a reclassify; when retention deletes it, the trial keeps what they were at that moment.
 */
int store_trial_pair(struct store *store, int64_t id, int64_t incident, struct err *err);
/* NULL takes it away. A trial that has its incident gets none (0). -ENOENT. A crash that has one is
 * paired by store_put() when its report comes after all. */
int store_trial_label(struct store *store, int64_t id, const char *label, struct err *err);

/* Non-zero from fn ends the walk with that code. fn may ask the store, but must not write to it. */
typedef int (*store_experiment_fn)(const struct store_experiment *experiment, void *user);
typedef int (*store_condition_fn)(const struct store_condition *condition, void *user);
typedef int (*store_trial_fn)(const struct store_trial *trial, void *user);

/* Newest first. limit 0: all. */
int store_experiments(
	struct store *store, int64_t limit, store_experiment_fn fn, void *user, struct err *err);
/* By number; "latest"; "unfinished": the newest that has not ended. -ENOENT; -EINVAL for any other
 * word. */
int store_experiment_find(struct store *store, const char *word, int64_t *ret_id, struct err *err);
/* One: fn is called once. -ENOENT. */
int store_experiment_get(
	struct store *store, int64_t id, store_experiment_fn fn, void *user, struct err *err);
/* In their order; none for an experiment that is not there, as store_trials(). */
int store_conditions(
	struct store *store, int64_t id, store_condition_fn fn, void *user, struct err *err);
/* In the order in which they were started. */
int store_trials(struct store *store, int64_t id, store_trial_fn fn, void *user, struct err *err);

struct store_salvaged_experiments {
	uint64_t experiments, trials; /* in the new database now */
	bool incomplete;              /* there was more that could not be read, or may have been */
};

/*
 * Takes the experiments of the damaged database at path into a new one, under their old numbers:
 * what can be read of them. Trials find their incidents there by the incident's id, so that these
 * come first. Damage is no error; a failure of the new database is one.
 */
int store_salvage_experiments(const char *path, struct store *to,
	struct store_salvaged_experiments *ret, struct err *err);

#endif
