/*
 * Names that the system has told of and nobody has looked at yet: each once, in the order in which
 * they came, and not without bound.
 */
#ifndef COLLECT_BACKLOG_H
#define COLLECT_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backlog_name {
	const char *folder; /* borrowed */
	char *name;         /* owned */
	uint64_t hash;
	uint32_t next; /* in its chain: index + 1, 0: last */
};

#define BACKLOG_CHAINS 1024

/* All zero is empty. */
struct backlog {
	struct backlog_name *names;
	size_t first, count, cap; /* first: the next to be looked at */
	uint32_t *chains;         /* BACKLOG_CHAINS; index + 1, 0: none */
};

/* False when there is no room: the caller looks at the whole folder then. A name that waits already
 * is not added again. folder must live as long as the name waits. */
bool backlog_add(struct backlog *backlog, const char *folder, const char *name);
/* The next one, or NULL. Lent until the next call. */
const struct backlog_name *backlog_take(struct backlog *backlog);
size_t backlog_count(const struct backlog *backlog);
/* Forgets all and gives the memory back. */
void backlog_finish(struct backlog *backlog);

#endif
