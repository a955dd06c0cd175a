/*
 * Which trial of an experiment a crash report belongs to: all trials so far with their processes,
 * and the reports that nobody can be told the owner of yet. Pure: is given trials, processes and
 * what reports say.
 */
#ifndef REPRO_PAIRING_H
#define REPRO_PAIRING_H

#include "repro/arrivals.h"

#define PAIRING_NONE SIZE_MAX

/* How sure it is that a report is of a trial; the surest first. */
enum pairing_rank {
	PAIRING_ITSELF, /* of the process that matters: pid and launch */
	PAIRING_PID,    /* of another process of its tree */
	PAIRING_PARENT, /* of one that a process of its tree started */
	PAIRING_LAUNCH, /* of one that can have come from nowhere else */
	PAIRING_RANK_COUNT,
};

struct pairing_trial {
	int64_t id; /* the row */
	int64_t started_at_us;
	struct i64_opt ended_at_us;
	/* Of the process that matters: told by itself, else the one that was started. */
	struct i64_opt pid, launched_at_us;
	bool itself;             /* that one crashed, so its own report is expected */
	struct tree tree;        /* owned, of a trial that has ended */
	const struct tree *live; /* borrowed, of the one that runs */
	int64_t incident;        /* its report's; 0: none yet */
	bool paired;             /* for good: no surer one takes its place */
	enum pairing_rank rank;  /* how sure it is */
	struct tree_claim says;  /* what it says */
};

/* Reports of processes whose parents live, and belong to nobody, are few. */
#define PAIRING_OPEN 64
/* So many of the last trials keep all that is known of their surroundings. */
#define PAIRING_WHOLE 4

struct pairing {
	struct pairing_trial *items; /* owned, in the order in which they were started */
	size_t count, cap;
	struct arrival open[PAIRING_OPEN]; /* owners may still be found; of more the last ones */
	size_t open_count;
};

void pairing_finish(struct pairing *pairing);

/* *ret is its place. Its tree is taken. -ENOMEM: nothing is. */
int pairing_add(struct pairing *pairing, const struct pairing_trial *trial, size_t *ret);
/* The trial that runs has ended, and pid and launched_at_us are what it told last: takes its tree.
 */
void pairing_end(struct pairing *pairing, size_t at, int64_t ended_at_us, struct tree *tree);

/*
 * The trial of a report, or PAIRING_NONE; one that is paired, or has a report at least as sure, is
 * not asked. *ret_rank: how sure. What may be told later is kept for pairing_next().
 */
size_t pairing_find(
	struct pairing *pairing, const struct arrival *arrival, enum pairing_rank *ret_rank);
/* It is the trial's, until a surer one comes or the caller sets paired. */
void pairing_set(
	struct pairing *pairing, size_t at, const struct arrival *arrival, enum pairing_rank rank);

/* There are open ones: more is known once a sample has been taken. */
bool pairing_is_open(const struct pairing *pairing);
/* Takes a sample for trials that have ended; all is sorted by it. */
void pairing_update(
	struct pairing *pairing, struct process_info *all, size_t count, int64_t now_us);
/* An open one that has found its trial meanwhile; it is open no more. False: none has. */
bool pairing_next(struct pairing *pairing, struct arrival *ret_arrival, size_t *ret_at,
	enum pairing_rank *ret_rank);

#endif
