/*
 * The rule set: which frames, messages and addresses make which site. JSON, built in
 * (schema/rules.json) and extended by the user's rules.d/ files (*.json in alphabetical order),
 * which come first.
 */
#ifndef TRIAGE_RULES_H
#define TRIAGE_RULES_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct rules;

/* The built-in set only. NULL without memory. Freed with rules_free(). */
struct rules *rules_new_builtin(struct err *err);

/*
 * Adds the rules of one JSON document before those already there with equal priority. name: shown
 * in explanations, e.g. the file's name. Errors: -EINVAL, err says line and what is wrong; rules
 * unchanged.
 */
int rules_add(struct rules *rules, const char *name, const char *json, size_t len, struct err *err);

/* Adds every *.json of a folder in alphabetical order; a missing folder is no error. */
int rules_add_folder(struct rules *rules, const char *path, struct err *err);
void rules_free(struct rules *rules);

/* Changes with every content: 16 hex digits. Stored with each classified row. Borrowed. */
const char *rules_version(const struct rules *rules);

size_t rules_count(const struct rules *rules);

/* One rule as it is listed; texts borrowed from rules. */
struct rule_info {
	const char *site, *title, *source; /* source: "built-in" or the file's name */
	const char *attribution;           /* NULL or "driver", "api_misuse", "undetermined" */
	const char *reason;                /* of attribution, NULL with it */
	const char *url;                   /* public source, may be NULL */
	int priority;
	const char *summary;     /* what it matches, one line */
	const uint64_t *offsets; /* known fault offsets */
	size_t offset_count;
};
/* index: 0 .. rules_count()-1 in order of precedence. */
void rules_info(const struct rules *rules, size_t index, struct rule_info *ret);

/*
 * Checks one JSON document: appends to out one line per finding ("error: ..." or "warning: ...":
 * unknown members, shadowed by an earlier rule, never matching ...) and how precedence will treat
 * each rule against the rules loaded. Returns 0 when it could be loaded, else -EINVAL.
 */
int rules_check(
	const struct rules *rules, const char *name, const char *json, size_t len, struct buf *out);

#endif
