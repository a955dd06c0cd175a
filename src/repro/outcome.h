/*
 * What a trial came to, from its exit status and what it said of itself. Pure; crash reports have
 * no say here.
 */
#ifndef REPRO_OUTCOME_H
#define REPRO_OUTCOME_H

#include "base/buf.h"
#include "repro/answer.h"
#include "repro/child.h"

struct outcome_facts {
	struct child_end end;
	bool hung;                   /* it reached its time limit */
	bool interrupted;            /* the experiment was stopped */
	const struct answer *answer; /* NULL: its output is none of ours to read */
	const char *stderr_tail;     /* cleaned, never NULL */
};

enum trial_outcome outcome_of(const struct outcome_facts *facts);

/* The signal that it crashed by or was ended by; absent: none. */
struct i64_opt outcome_signal(const struct outcome_facts *facts);

/* One line on why it is no finished one; nothing for a crash that has nothing to say. */
void outcome_error(const struct outcome_facts *facts, enum trial_outcome outcome, struct buf *ret);

#endif
