/*
 * Incidents that were put and have still to be told of: in order, none before its commit, none of a
 * batch that was given up.
 */
#ifndef COLLECT_ADDED_H
#define COLLECT_ADDED_H

#include "ips/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct added_item {
	int64_t id;
	enum report_kind kind;
};

/* All zero is empty. */
struct added {
	struct added_item *items;
	size_t first, committed, count, cap; /* indexes, in this order */
};

/* Without memory the incident is stored all the same, but nobody is told of it. */
void added_put(struct added *added, int64_t id, enum report_kind kind);
/* What was put so far is visible to others. */
void added_commit(struct added *added);
/* What was put and not committed never happened. */
void added_roll_back(struct added *added);
/* The next one that may be told; false: none. More may be put and committed between two calls. */
bool added_take(struct added *added, struct added_item *ret);
void added_finish(struct added *added);

#endif
