/*
 * What surrounds a stored incident, for a person: its state in words, and what stands near it in
 * time.
 */
#ifndef EXPORT_TEXT_AROUND_H
#define EXPORT_TEXT_AROUND_H

#include "export/surroundings.h"
#include "export/term.h"
#include "export/text_out.h"

/* How a state looks: of a name of state_status_names; NULL as "open". */
enum term_role text_around_role(const char *status);
/* "regressed: it was fixed in 24G84, and came again on 24G419, 2026-02-04 03:20 (incident 7)", or
 * the status alone where there is nothing more to say. */
void text_around_status(
	struct buf *ret, const char *status, const char *fixed_in, const struct regression *how);
/* "GPU event": a kind in the middle of a sentence. */
const char *text_around_kind(enum report_kind kind);

/* The fields Status, Note and URL. */
void text_around_state(struct text_out *out, const struct surroundings *around);
/* A section, or nothing when nothing is near. all: every one that is kept. */
void text_around_neighbours(struct text_out *out, const struct surroundings *around, bool all);

#endif
