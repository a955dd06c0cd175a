/*
 * Names of environment variables that the documentation of systems and libraries tells. Whoever
 * invents one may have put anything into it.
 */
#ifndef TRIAGE_REDACT_VARIABLE_H
#define TRIAGE_REDACT_VARIABLE_H

#include <stdbool.h>

/* Whether the name may leave as it is; any other is prose. */
bool redact_variable_known(const char *name);

#endif
