/*
 * What an experiment compares: the product of the values that the user gave for each factor (locks,
 * threads, environment variables ...), every combination a condition. Pure but for the environment
 * that it reads.
 */
#ifndef CLI_CONDITIONS_H
#define CLI_CONDITIONS_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/options.h"
#include "store/experiment.h"

#include <stdbool.h>
#include <stddef.h>

/* More conditions than that is a mistake in the command line. */
#define CONDITIONS_MAX 1024
#define CONDITIONS_FACTORS 16

/* One factor: each condition has one of its values. */
struct conditions_factor {
	const char *name; /* of a trial's option without dashes, "lock"; or of a variable */
	bool variable;
	const char **values;
	size_t count;
};

struct conditions {
	struct arena arena; /* all texts below */
	struct conditions_factor factors[CONDITIONS_FACTORS];
	size_t factor_count;
	struct store_condition *items;
	size_t count;
};

void conditions_init(struct conditions *ret);
void conditions_finish(struct conditions *conditions);

/* Adds a factor with the values of a list "a,b,c"; the first factor varies slowest. -EINVAL: an
 * empty value, one that stands twice, too many. */
int conditions_add(
	struct conditions *conditions, const char *name, const char *list, struct err *err);
/* The same for "K=a,b,c" of the environment. */
int conditions_add_variable(struct conditions *conditions, const char *text, struct err *err);

/*
 * Makes the items. Each one's command is argv and, for every factor that is no variable, "--NAME
 * VALUE" behind it; each one's env has what fixed says, the variables, and the validation layers
 * that are switched on in our own environment. -EINVAL: a word of fixed that is no K=V, too many
 * conditions.
 */
int conditions_make(struct conditions *conditions, const char *const *argv,
	const struct option_list *fixed, const char *unit, struct err *err);

#endif
