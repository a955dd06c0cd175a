/*
 * What else the report tells about a GPU crash: the driver, the frameworks, the operation and who
 * else was in Metal.
 */
#ifndef TRIAGE_EVIDENCE_H
#define TRIAGE_EVIDENCE_H

#include "triage/triage.h"

/*
 * Fills driver, frameworks, operation and concurrent of *ret and nothing else. Texts are borrowed
 * from report, or live in arena with the two arrays. explain: NULL, or receives one line per step.
 * Linear in the report's size. Returns 0 or -ENOMEM (then those four are empty).
 */
int evidence_collect(
	struct triage *ret, const struct report *report, struct arena *arena, struct buf *explain);

#endif
