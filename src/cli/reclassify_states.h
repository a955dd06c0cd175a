/*
 * What becomes of states while incidents go to other sites and signatures. The store lets a
 * signature's state follow by itself; a site's follows at the end, and what cannot is told.
 */
#ifndef CLI_RECLASSIFY_STATES_H
#define CLI_RECLASSIFY_STATES_H

#include "base/arena.h"
#include "base/err.h"
#include "export/json_out.h"
#include "store/state.h"

struct followed_state; /* one that there was at the beginning */

struct followed_states {
	struct store *store;
	bool dry_run; /* nothing is written: what would become of them */
	struct arena arena;
	struct followed_state *items;
	size_t count, cap;
};

/* Reads all states. Finished with followed_states_finish() whether this succeeds or not. */
int followed_states_load(struct followed_states *states, struct err *err);
void followed_states_finish(struct followed_states *states);

/* An incident goes from one to another; NULL: none, the same: nothing. -ENOMEM. */
int followed_states_move(
	struct followed_states *states, enum state_target target, const char *from, const char *to);
/* After the last incident, in its transaction unless nothing is written: moves the states of sites
 * that have none any more. */
int followed_states_settle(struct followed_states *states, struct err *err);

/* On stderr. */
void followed_states_tell(const struct followed_states *states);
/* A member "states" of the object that is open. */
void followed_states_json(const struct followed_states *states, struct json_out *out);

#endif
