/*
 * The signature: one line of text that is equal for reports of one problem, and its hash. Made for
 * every report, whether a rule matches or not; insensitive to driver generation, symbol offsets and
 * addresses.
 */
#ifndef TRIAGE_SIGNATURE_H
#define TRIAGE_SIGNATURE_H

#include "triage/stack.h"
#include "triage/triage.h"

/* Signatures stay below 256 characters in every table that shows them. */
#define SIGNATURE_BYTES 255
/* Frames that a signature may name. */
#define SIGNATURE_FRAMES 8
/* Frames that are looked at for them. */
#define SIGNATURE_DEPTH 40
/* Characters of an abort's message. */
#define SIGNATURE_MESSAGE 80

/*
 * Fills signature_text (in arena), signature_hash and signature_version of *ret from stack and
 * ret->fault. explain: NULL, or gets the steps. Returns 0 or -ENOMEM.
 */
int signature_make(struct triage *ret, struct stack *stack, struct buf *explain);

#endif
