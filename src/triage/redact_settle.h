/*
 * Writing a text with what must go replaced, again and again until nothing more goes.
 */
#ifndef TRIAGE_REDACT_SETTLE_H
#define TRIAGE_REDACT_SETTLE_H

#include "triage/redact_scan.h"

struct redact_settle {
	const struct redact_names *names; /* may be NULL */
	const struct redact_words *words; /* may be NULL */
	enum redact_form form;
	/* What to write for a value: a placeholder; NULL without memory. */
	const char *(*name)(enum redact_kind kind, const char *value, size_t len, void *user);
	void *user;
};

/* Appends; running out of memory shows in ret->failed. */
void redact_settle(
	const struct redact_settle *settle, const char *text, size_t len, struct buf *ret);

#endif
