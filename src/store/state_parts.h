/* What the files of states share: reading, writing and noting what people decided. */
#ifndef STORE_STATE_PARTS_H
#define STORE_STATE_PARTS_H

#include "store/internal.h"
#include "store/state.h"

enum state_value { STATE_STATUS, STATE_NOTE, STATE_URL, STATE_FIXED_IN, STATE_VALUE_COUNT };

/* What a site or a signature has of its own; borrowed texts. NULL: none. */
struct state_values {
	const char *texts[STATE_VALUE_COUNT];
};

static inline bool state_is_set(const struct state_values *values) {
	bool set = false;
	for (int i = 0; i < STATE_VALUE_COUNT; i++)
		set |= values->texts[i] != NULL;
	return set;
}

/* Writes all four to the site, or to every version of the signature, of that name. */
int store_state_write(struct store *store, enum state_target target, const char *name,
	const struct state_values *values, struct err *err);
/* A row of history. incident: event's, looked up for its id. */
int store_state_note(struct store *store, const struct store_state_event *event, struct err *err);

/* A site or signature by its name, with the counts. -ENOENT. */
int store_state_load(struct store *store, enum state_target target, const char *name,
	struct store_state *ret, struct err *err);

/* Remembers that the signature now stands for what old did, for count incidents more; hashes. */
int store_state_succeed(
	struct store *store, const char *old, const char *now, int64_t count, struct err *err);
/* Leaves values to every successor of old that has incidents and no state of its own; "ignored"
 * only where at least half of its incidents were old's, so that nobody's crashes fall silent
 * because a few others came to them. */
int store_state_settle(
	struct store *store, const char *old, const struct state_values *values, struct err *err);
/* Leaves values to the signature of that name, with a row of history. */
int store_state_leave(
	struct store *store, const char *name, const struct state_values *values, struct err *err);

/* SQL: signature g is one that its incidents have left for another. */
#define STATE_REPLACED                                                   \
	"(exists (select 1 from successor where hash = g.hash) and not " \
	"exists (select 1 from incident where signature_id = g.id))"

#endif
