/*
 * One incident for a person's eyes: what crashed where, why we think so, and what else was going
 * on.
 */
#ifndef EXPORT_TEXT_VIEW_H
#define EXPORT_TEXT_VIEW_H

#include "base/buf.h"
#include "base/err.h"
#include "export/surroundings.h"
#include "export/term.h"
#include "ips/report.h"
#include "store/store.h"
#include "triage/triage.h"

struct text_view_options {
	const struct term *term; /* borrowed; its columns (0: nothing is wrapped) and colours */
	bool all;                /* every thread, registers, full symbols and texts */
	bool hints;              /* what to type next: for a terminal only */
	const char *explain;     /* NULL, or triage's steps, shown at the end */
};

/* What a view is made of, all borrowed. incident: as for json_view_print(), may be NULL. around:
 * of a stored incident, else NULL. */
struct text_view {
	const struct report *report;
	const struct triage *triage;
	const struct incident *incident;
	const struct surroundings *around;
};

/* Appends the view, ending in a newline, everything in it safe for a terminal. Returns 0 or
 * -ENOMEM. */
int text_view_print(struct buf *out, const struct text_view *view,
	const struct text_view_options *options, struct err *err);

#endif
