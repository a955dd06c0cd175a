/*
 * What a report gives away of its owner: the names in its paths and texts.
 */
#ifndef TRIAGE_REDACT_LEARN_H
#define TRIAGE_REDACT_LEARN_H

#include "triage/redact_names.h"
#include "triage/redact_words.h"

/* A whole name and those of its parts that are names of their own. Returns 0 or -ENOMEM. */
int redact_learn_name(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len);
/* The names behind /Users/ and /home/, before "-MacBook-Pro.local" and so on. */
int redact_learn_text(struct redact_names *names, const char *text, size_t len);
/* What of other programs, of threads and of the machine goes as a whole where it stands, so that it
 * goes everywhere. words: beside the vocabulary, may be NULL; kept: what was found before without
 * such words, may be NULL. */
int redact_learn_values(struct redact_names *names, const struct redact_words *words,
	struct redact_kept *kept, const struct report *report);
/* The folders that go in the paths of the report, and that it does not show by other names. */
int redact_learn_folders(struct redact_names *names, const struct report *report);
/* The names in every path and text of the report. */
int redact_learn_paths(struct redact_names *names, const struct report *report);
/* Numbers that placeholders in text already have: numbers[kind] becomes the highest. */
void redact_learn_numbers(const char *text, size_t len, uint64_t numbers[REDACT_KIND_COUNT]);

#endif
