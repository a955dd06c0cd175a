/*
 * What rules say, where it may leave the machine: the built-in ones are everybody's; what the
 * user's own are called, and how, is the user's business.
 */
#ifndef EXPORT_RULE_WORDS_H
#define EXPORT_RULE_WORDS_H

#include "base/arena.h"
#include "triage/redact.h"
#include "triage/triage.h"

/* How a text is to be read; for a built-in rule's. */
#define RULE_WORDS_OURS REDACT_FORM_COUNT

/* Each RULE_WORDS_OURS or REDACT_FORM_TEXT. Rules that are there no more were the user's. */
enum redact_form rule_words_site(const struct rules *rules, const char *site);
enum redact_form rule_words_title(const struct rules *rules, const char *site, const char *title);
/* Also of sentences that triage makes itself. */
enum redact_form rule_words_reason(const struct rules *rules, const char *reason);

/* site, site_title, rule ("SITE (own)") and attribution_reason as they may leave; new texts in
 * arena. -ENOMEM. */
int rule_words_redact(struct redactor *redactor, const struct rules *rules, struct triage *triage,
	struct arena *arena);

#endif
