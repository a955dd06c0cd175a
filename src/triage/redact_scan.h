/*
 * Reading a text for what must go. One pass, from left to right; each form has a file of its own.
 * What is found is told as ranges: ascending, not overlapping, never a line feed in them, never a
 * placeholder in front of other text. Decisions never depend on a placeholder's kind or number, so
 * that a redacted text is read as the original was.
 */
#ifndef TRIAGE_REDACT_SCAN_H
#define TRIAGE_REDACT_SCAN_H

#include "triage/redact_names.h"
#include "triage/redact_words.h"

struct redact_scan {
	const struct redact_names *names; /* may be NULL */
	const struct redact_words *words; /* beside the vocabulary; may be NULL */
	const char *text;
	size_t len;
	unsigned has; /* REDACT_HAS_...: whether a sign stands anywhere in the text */
	void (*found)(enum redact_kind kind, size_t from, size_t to, void *user);
	void *user;
};

/* Signs without which most forms cannot be there; looked for once. */
enum redact_has {
	REDACT_HAS_SLASH = 1, /* or what stands for one */
	REDACT_HAS_AT = 2,    /* or a percent sign */
	REDACT_HAS_DOT = 4,
	REDACT_HAS_DASH = 8,
	REDACT_HAS_EQUALS = 16,
	REDACT_HAS_COLON = 32,
	REDACT_HAS_DIGITS = 64, /* two or more */
};

/* Fills scan->has first. */
void redact_scan(struct redact_scan *scan, enum redact_form form);

/* Whether it would find anything; scan->found and user are not used. */
bool redact_finds(struct redact_scan scan, enum redact_form form);

/* The forms, each on the part [from, to) of the text. */
void redact_scan_text(const struct redact_scan *scan, size_t from, size_t to);
void redact_scan_symbol(const struct redact_scan *scan, size_t from, size_t to);
void redact_scan_name(const struct redact_scan *scan, size_t from, size_t to);
void redact_scan_path(const struct redact_scan *scan, size_t from, size_t to);
/* Words of prose without any form beyond them. */
void redact_scan_words(const struct redact_scan *scan, size_t from, size_t to);
/* Identifiers stay; what is private by its form, and names, do not. symbol: with the grammar of
 * functions. */
void redact_scan_marks(const struct redact_scan *scan, size_t from, size_t to, bool symbol);

#endif
