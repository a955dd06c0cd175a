/*
 * Whether two private values are one, whatever their case, accents or encoding.
 */
#ifndef TRIAGE_REDACT_SAME_H
#define TRIAGE_REDACT_SAME_H

#include "triage/redact.h"

/* Functions are sorted by their names, so that signatures tell most of them apart when the names
 * are gone. Few enough that a sort tells nothing of a name. */
#define REDACT_SORTS 256

uint64_t redact_hash(enum redact_kind kind, const char *value, size_t len);
bool redact_same(enum redact_kind kind, const char *a, const char *b, size_t b_len);

/* 0 to REDACT_SORTS - 1. */
unsigned redact_sort(const char *value, size_t len);

#endif
