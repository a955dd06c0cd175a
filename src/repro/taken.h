/*
 * What a run takes from the report folders: what the user has chosen, and the reports of the
 * processes of the run, by their names. Pure.
 */
#ifndef REPRO_TAKEN_H
#define REPRO_TAKEN_H

#include "base/arena.h"
#include "collect/select.h"

#include <stdbool.h>
#include <stddef.h>

/* A build may start thousands of programs; a crash of one with a new name beyond that is found if
 * the selection takes it anyway. */
#define TAKEN_NAMES 256

struct taken {
	struct arena arena;       /* all that was ever handed out: others may still be reading it */
	struct selection current; /* what is in force */
	const struct selection *base; /* borrowed */
	const char *names[TAKEN_NAMES];
	size_t name_count;
};

/* base is what the user has chosen. */
void taken_init(struct taken *ret, const struct selection *base);
void taken_finish(struct taken *taken);

/*
 * One more process name. True when taken->current is a new one: what it points to stays valid until
 * taken_finish(). Without memory the name is left out.
 */
bool taken_add(struct taken *taken, const char *name);

#endif
