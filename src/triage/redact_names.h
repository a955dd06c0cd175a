/*
 * Private names and where they stand in a text, whatever their case, accents or encoding. A tree of
 * letters: looking at a place costs at most the longest name's letters, however many names there
 * are.
 */
#ifndef TRIAGE_REDACT_NAMES_H
#define TRIAGE_REDACT_NAMES_H

#include "triage/redact.h"

/* Letters of a name that are compared; what is longer is known by its start. */
#define REDACT_NAME_LETTERS 64
/* Shorter names are found as whole words only: "ed" stands in half of all words. */
#define REDACT_NAME_INSIDE 4
/* Longer names are found with a blank, a dash, an underscore or a dot within, too. */
#define REDACT_NAME_JOINED 8

struct redact_name {
	uint32_t parent, point, child; /* of the tree; child 0: a free slot */
	enum redact_kind kind;
	bool ends;  /* a name ends here */
	bool whole; /* it is found as a whole word only */
	bool part;  /* it is in the vocabulary: as a whole part of a path only */
};

struct redact_names {
	struct arena *arena;             /* borrowed */
	const struct redact_names *next; /* names that count as well; borrowed, may be NULL */
	struct redact_name *slots;
	size_t slot_count; /* a power of two, 0 before the first name */
	uint32_t nodes;
	bool first[256]; /* bytes that a name may start with */
};

/* Names of what everybody has ("Shared", "root") and placeholders are passed over. Returns 0 or
 * -ENOMEM. */
int redact_names_add(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len);

/* One that is made of ordinary words, and so counts as a whole word only. */
int redact_names_add_whole(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len);
/* One that goes although it is made of such words: somebody asked for it. */
int redact_names_add_asked(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len);

struct redact_match {
	size_t len; /* bytes of the text */
	enum redact_kind kind;
	bool whole, part;
};

static inline bool redact_names_none(const struct redact_names *names) {
	while (names != NULL && names->slot_count == 0)
		names = names->next;
	return names == NULL;
}

/* False: no name starts with this byte. */
static inline bool redact_names_may_start(const struct redact_names *names, char c) {
	while (names != NULL && !names->first[(unsigned char)c])
		names = names->next;
	return names != NULL;
}

/* The longest name that starts at text[0], len == 0 when none does. names may be NULL. */
struct redact_match redact_names_at(const struct redact_names *names, const char *text, size_t len);

#endif
