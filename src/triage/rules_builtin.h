/*
 * schema/rules.json as the build embedded it.
 */
#ifndef TRIAGE_RULES_BUILTIN_H
#define TRIAGE_RULES_BUILTIN_H

#include <stddef.h>

extern const char rules_builtin[]; /* NUL-terminated */
extern const size_t rules_builtin_len;

#endif
