/*
 * Texts that a redactor has read and left as they are: the stacks of one archive are made of the
 * same few thousand functions. Holds as long as nothing is learned.
 */
#ifndef TRIAGE_REDACT_SEEN_H
#define TRIAGE_REDACT_SEEN_H

#include "base/arena.h"
#include "triage/redact.h"

struct redact_seen_text;

struct redact_seen {
	struct arena arena;
	struct redact_seen_text *slots; /* SEEN_SLOTS of them in arena; NULL: nothing is kept yet */
	size_t count;
};

void redact_seen_init(struct redact_seen *seen);
void redact_seen_finish(struct redact_seen *seen);
/* What may stay has changed. */
void redact_seen_clear(struct redact_seen *seen);
bool redact_seen_find(
	const struct redact_seen *seen, enum redact_form form, const char *text, size_t len);
/* Too long ones, and those that no memory is there for, are not kept. */
void redact_seen_add(struct redact_seen *seen, enum redact_form form, const char *text, size_t len);

#endif
