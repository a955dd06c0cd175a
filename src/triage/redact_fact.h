/*
 * Facts that have a shape: what has it stays, anything else at their place is prose. The same as in
 * a report, for those that stand in a row of the store.
 */
#ifndef TRIAGE_REDACT_FACT_H
#define TRIAGE_REDACT_FACT_H

#include "triage/redact.h"

enum redact_fact {
	REDACT_SYSTEM,  /* "macOS 15.7.3", "24G419" */
	REDACT_MODEL,   /* "Mac16,5" */
	REDACT_VERSION, /* "329.2" */
	REDACT_FACT_COUNT,
};

/* Appends text, redacted. NULL appends nothing. */
void redact_fact(
	struct redactor *redactor, enum redact_fact fact, const char *text, struct buf *ret);

#endif
