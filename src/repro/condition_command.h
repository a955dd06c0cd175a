/*
 * The command of a condition and its environment, as the database has them: a JSON array of words,
 * and a JSON object of variables that are set on top of ours (null: taken away).
 */
#ifndef REPRO_CONDITION_COMMAND_H
#define REPRO_CONDITION_COMMAND_H

#include "base/arena.h"
#include "base/err.h"

/* NULL-terminated, in arena. -EINVAL: not such an array, empty, or with bytes that no word has. */
int condition_argv(const char *json, struct arena *arena, const char *const **ret, struct err *err);
/* What a process gets: ours with the object's on top. ours is borrowed. */
int condition_env(const char *json, char *const *ours, struct arena *arena, char *const **ret,
	struct err *err);

#endif
