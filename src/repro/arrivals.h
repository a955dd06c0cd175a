/*
 * The incidents that come into a database while somebody waits for them, each once, with what their
 * reports say of the processes they tell of. Asks the database only when something was committed.
 */
#ifndef REPRO_ARRIVALS_H
#define REPRO_ARRIVALS_H

#include "repro/tree.h"
#include "store/store.h"
#include "triage/rules.h"

struct arrival {
	int64_t id;             /* of the incident */
	bool crash;             /* and no user fault, GPU event or the like */
	struct tree_claim says; /* whose report it is */
};

/* Called for each; the store may be used. Non-zero ends the look with that code. */
typedef int (*arrivals_fn)(const struct arrival *arrival, void *user);

struct arrivals {
	struct store *store;       /* borrowed */
	const struct rules *rules; /* borrowed */
	bool crashes_only;         /* leave the rest unread */
	int64_t since_us;          /* what was captured before is left out */
	int64_t after_id, version;
};

/* From now on; what is stored already is left out. */
int arrivals_start(
	struct arrivals *ret, struct store *store, const struct rules *rules, struct err *err);
/* Also what is stored already and was captured since. */
void arrivals_start_since(
	struct arrivals *ret, struct store *store, const struct rules *rules, int64_t since_us);

/*
 * What came since the last look. own: this connection may have committed, which it cannot see from
 * the database's version. before: called once if there is anything, ahead of the first; may be
 * NULL. A row whose bytes cannot be read again is left out. Errors: of the store, and fn's (which
 * then sets err).
 */
int arrivals_look(struct arrivals *arrivals, bool own, void (*before)(void *user), arrivals_fn fn,
	void *user, struct err *err);

#endif
