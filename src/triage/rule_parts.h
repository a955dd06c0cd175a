/*
 * What reads the members of a rule document: values of every kind, each checked. Errors: -EINVAL,
 * err names file, line, rule and member; -ENOMEM.
 */
#ifndef TRIAGE_RULE_PARTS_H
#define TRIAGE_RULE_PARTS_H

#include "triage/rule.h"

#include <cjson/cJSON.h>

struct rule_loader {
	const char *name, *json;
	struct arena *arena; /* has everything that is read */
	struct err *err;
	size_t index; /* of the rule, from 0 */
	size_t line;
	const char *site; /* of the rule, NULL until it is known */
};

/* One member that an object may have, and what reads it into target. */
struct rule_member {
	const char *name;
	int (*load)(struct rule_loader *loader, const cJSON *item, void *target);
};

/* ---- rule_value.c ---- */

/* member: NULL when the rule as a whole is meant. */
int rule_fail(struct rule_loader *loader, const char *member, const char *what);
int rule_no_memory(struct rule_loader *loader);
int rule_read_text(struct rule_loader *loader, const cJSON *item, const char **ret);
/* A string or an array of them, into a struct rule_texts. */
int rule_read_texts(struct rule_loader *loader, const cJSON *item, void *target);
/* Functions and messages are full of brackets: there only * and ? are wildcards. */
int rule_read_bracketed(struct rule_loader *loader, const cJSON *item, struct rule_texts *ret);
/* Adds a bit for each name of the list that stands in names. */
int rule_read_bits(struct rule_loader *loader, const cJSON *item, const char *const *names,
	size_t count, unsigned *ret);
int rule_read_integer(
	struct rule_loader *loader, const cJSON *item, double low, double high, int64_t *ret);
/* Every member of an object through its table of at most 64; each at most once. */
int rule_read_members(struct rule_loader *loader, const cJSON *object,
	const struct rule_member *members, size_t count, void *target);

/* ---- rule_conditions.c ---- */

/* The member "match" of a struct rule: one alternative or a list of them. */
int rule_read_matches(struct rule_loader *loader, const cJSON *item, void *target);

#endif
