/*
 * Which of the incidents that come into the database belong to a run. Asks the database only when
 * something was committed; each new row once.
 */
#ifndef REPRO_CLAIMS_H
#define REPRO_CLAIMS_H

#include "repro/arrivals.h"

struct claimed {
	int64_t id; /* of the incident */
	struct i64_opt pid;
	bool crash;        /* and no user fault, GPU event or the like */
	enum tree_tie tie; /* why it is ours */
};

/* May become ours when a process is gone. */
struct claim_open {
	struct claimed claimed;
	struct tree_claim says;
};

/* Reports of processes whose parents live, and belong to nobody, are few. */
#define CLAIMS_OPEN 64

struct claims {
	struct arrivals arrivals;
	const struct tree *tree; /* borrowed */
	/* Called before new reports are judged: the tree may be a second old. NULL: it is not. */
	void (*refresh)(void *user);
	void *user;
	struct claimed *items; /* owned, in the order in which they were found */
	size_t count, cap;
	struct claim_open open[CLAIMS_OPEN]; /* of more the last ones */
	size_t open_count;
};

/* From now on; what is stored already is none of ours. tree may be empty until the first look. */
int claims_start(struct claims *ret, struct store *store, const struct rules *rules,
	const struct tree *tree, struct err *err);
void claims_finish(struct claims *claims);

/* Looks at what came since the last time, and again at what was open. own: this connection may have
 * committed, which it cannot see from the database's version. *ret_more: how many were found that
 * are ours. */
int claims_look(struct claims *claims, bool own, size_t *ret_more, struct err *err);

#endif
