/*
 * Texts that redact_fold() has read and left as they are, by their hashes: crash after crash has
 * the same functions. Shared by threads without a lock; it only saves time.
 */
#ifndef TRIAGE_REDACT_KEPT_H
#define TRIAGE_REDACT_KEPT_H

#include "triage/redact.h"

#include <stdatomic.h>

/* The most used few hundred functions; 16 KiB. A power of two. */
#define REDACT_KEPT_SLOTS 2048

struct redact_kept {
	_Atomic uint64_t slots[REDACT_KEPT_SLOTS]; /* 0: free */
};

/* Whether a text stays that has none of a report's own names in it, whatever stands around it. kept
 * may be NULL. */
bool redact_stays(struct redact_kept *kept, enum redact_form form, const char *text, size_t len);

#endif
