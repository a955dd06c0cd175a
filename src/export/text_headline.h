/*
 * One line that says what happened, for every kind of report.
 */
#ifndef EXPORT_TEXT_HEADLINE_H
#define EXPORT_TEXT_HEADLINE_H

#include "base/buf.h"
#include "ips/report.h"
#include "triage/triage.h"

/* Appends the headline alone, raw: "Python 3.14.0 [81920] crashed in AGXMetalG16X: ... reads NULL +
 * 0x5c8". */
void text_headline(struct buf *out, const struct report *report, const struct triage *triage);

#endif
