/*
 * What kind of bad pointer: address, kind, access, and the register that held it.
 */
#ifndef TRIAGE_FAULT_H
#define TRIAGE_FAULT_H

#include "triage/triage.h"

/*
 * Fills *ret from report; total and deterministic. Texts are constants. explain: NULL, or receives
 * one line per step. Linear in the crashed thread's frames and in the length of the report's texts.
 */
void fault_classify(const struct report *report, struct fault *ret, struct buf *explain);

#endif
