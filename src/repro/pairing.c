/* A tie that is not pid and launch at once counts only within the trial's own time; of several
 * trials that a report may belong to, the surest tie wins, then the one that began nearest to the
 * process. */
#include "repro/pairing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A report's times may be cut to whole seconds. */
#define EARLY_US 1000000
/* A report's capture time may lie so much behind the end of its process. */
#define LATE_US 15000000
/* What the kernel and a crash report may differ by about the start of a process. */
#define LAUNCH_US 2000000

void pairing_finish(struct pairing *pairing) {
	for (size_t i = 0; i < pairing->count; i++)
		tree_finish(&pairing->items[i].tree);
	free(pairing->items);
	*pairing = (struct pairing){0};
}

int pairing_add(struct pairing *pairing, const struct pairing_trial *trial, size_t *ret) {
	if (pairing->count == pairing->cap) {
		size_t cap = pairing->cap ? pairing->cap * 2 : 64;
		struct pairing_trial *items = realloc(pairing->items, cap * sizeof *items);
		if (!items)
			return -ENOMEM;
		pairing->items = items;
		pairing->cap = cap;
	}
	*ret = pairing->count;
	pairing->items[pairing->count++] = *trial;
	return 0;
}

static int64_t distance(int64_t a, int64_t b) {
	return a > b ? a - b : b - a;
}

static bool in_time(const struct pairing_trial *trial, const struct tree_claim *says) {
	const struct i64_opt *captured = &says->captured_at_us;
	if (!captured->set)
		return says->launched_at_us.set;
	return captured->value >= trial->started_at_us - EARLY_US &&
	       (!trial->ended_at_us.set || captured->value <= trial->ended_at_us.value + LATE_US);
}

static bool is_itself(const struct pairing_trial *trial, const struct tree_claim *says) {
	if (!trial->pid.set || !says->pid.set || trial->pid.value != says->pid.value)
		return false;
	/* No two processes have both in common, whenever the reporter came to it and whatever the
	 * clock was set to meanwhile. */
	if (says->launched_at_us.set && trial->launched_at_us.set)
		return distance(trial->launched_at_us.value, says->launched_at_us.value) <=
		       LAUNCH_US;
	/* Without a launch time the pid has to do, within the trial's time. */
	return in_time(trial, says);
}

void pairing_end(struct pairing *pairing, size_t at, int64_t ended_at_us, struct tree *tree) {
	struct pairing_trial *trial = &pairing->items[at];
	trial->ended_at_us = (struct i64_opt){.value = ended_at_us, .set = true};
	trial->tree = *tree;
	trial->live = NULL;
	/* It may have told meanwhile whose report it has. */
	if (trial->incident && is_itself(trial, &trial->says))
		trial->rank = PAIRING_ITSELF;
	*tree = (struct tree){0};
	tree_trim(&trial->tree, true);
	if (at >= PAIRING_WHOLE)
		tree_trim(&pairing->items[at - PAIRING_WHOLE].tree, false);
}

enum verdict { VERDICT_NO, VERDICT_OPEN, VERDICT_YES };

static enum verdict judge(const struct pairing_trial *trial, const struct tree_claim *says,
	enum pairing_rank *ret_rank) {
	static const enum pairing_rank ranks[TREE_TIE_COUNT] = {[TREE_PID] = PAIRING_PID,
		[TREE_PARENT] = PAIRING_PARENT,
		[TREE_LAUNCH] = PAIRING_LAUNCH,
		[TREE_OPEN] = PAIRING_LAUNCH};
	const struct tree *tree = trial->live ? trial->live : &trial->tree;
	if (is_itself(trial, says)) {
		*ret_rank = PAIRING_ITSELF;
		return VERDICT_YES;
	}
	if (!in_time(trial, says))
		return VERDICT_NO;
	enum tree_tie tie = tree->count ? tree_find_tie(tree, says) : TREE_NONE;
	*ret_rank = ranks[tie];
	return tie == TREE_NONE ? VERDICT_NO : tie == TREE_OPEN ? VERDICT_OPEN : VERDICT_YES;
}

static bool is_better(const struct pairing_trial *trial, enum pairing_rank rank) {
	return !trial->incident || (!trial->paired && rank < trial->rank);
}

/* Between the start of a trial and that of the process; without any, trials are equally far. */
static int64_t how_far(const struct pairing_trial *trial, const struct tree_claim *says) {
	const struct i64_opt *at =
		says->launched_at_us.set ? &says->launched_at_us : &says->captured_at_us;
	return distance(trial->started_at_us, at->value);
}

struct choice {
	size_t at; /* PAIRING_NONE: none */
	enum pairing_rank rank;
	int64_t far;
};

static void consider(struct choice *choice, const struct choice *other) {
	if (choice->at == PAIRING_NONE || other->rank < choice->rank ||
		(other->rank == choice->rank && other->far < choice->far))
		*choice = *other;
}

static size_t choose(const struct pairing *pairing, const struct tree_claim *says,
	enum pairing_rank *ret_rank, bool *ret_open) {
	struct choice sure = {.at = PAIRING_NONE}, open = sure;
	for (size_t i = 0; i < pairing->count; i++) {
		const struct pairing_trial *trial = &pairing->items[i];
		struct choice this = {.at = i, .far = how_far(trial, says)};
		enum verdict verdict = judge(trial, says, &this.rank);
		if (verdict != VERDICT_NO && is_better(trial, this.rank))
			consider(verdict == VERDICT_YES ? &sure : &open, &this);
	}
	*ret_rank = sure.rank;
	*ret_open = sure.at == PAIRING_NONE && open.at != PAIRING_NONE;
	return sure.at;
}

static void keep_open(struct pairing *pairing, const struct arrival *arrival) {
	if (pairing->open_count == PAIRING_OPEN)
		memmove(pairing->open, pairing->open + 1,
			--pairing->open_count * sizeof *pairing->open);
	pairing->open[pairing->open_count++] = *arrival;
}

size_t pairing_find(
	struct pairing *pairing, const struct arrival *arrival, enum pairing_rank *ret_rank) {
	bool open;
	if (!arrival->crash)
		return PAIRING_NONE;
	size_t found = choose(pairing, &arrival->says, ret_rank, &open);
	if (open)
		keep_open(pairing, arrival);
	return found;
}

void pairing_set(
	struct pairing *pairing, size_t at, const struct arrival *arrival, enum pairing_rank rank) {
	struct pairing_trial *trial = &pairing->items[at];
	trial->incident = arrival->id;
	trial->says = arrival->says;
	trial->rank = rank;
}

bool pairing_is_open(const struct pairing *pairing) {
	return pairing->open_count > 0;
}

void pairing_update(
	struct pairing *pairing, struct process_info *all, size_t count, int64_t now_us) {
	size_t first = pairing->count > PAIRING_WHOLE ? pairing->count - PAIRING_WHOLE : 0;
	for (size_t i = first; i < pairing->count; i++)
		if (!pairing->items[i].live && pairing->items[i].tree.present)
			tree_update(&pairing->items[i].tree, all, count, now_us);
}

bool pairing_next(struct pairing *pairing, struct arrival *ret_arrival, size_t *ret_at,
	enum pairing_rank *ret_rank) {
	size_t kept = 0;
	bool found = false;
	for (size_t i = 0; i < pairing->open_count; i++) {
		const struct arrival arrival = pairing->open[i];
		bool open = true;
		size_t at = PAIRING_NONE;
		if (!found)
			at = choose(pairing, &arrival.says, ret_rank, &open);
		if (at != PAIRING_NONE) {
			found = true;
			*ret_at = at;
			*ret_arrival = arrival;
		} else if (open) {
			pairing->open[kept++] = arrival;
		}
	}
	pairing->open_count = kept;
	return found;
}
