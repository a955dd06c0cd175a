/*
 * What the end of a program's standard error tells: Python's tracebacks and Metal's error lines.
 * Pure; the text is anybody's and may hold anything.
 */
#ifndef REPRO_STDERR_FACTS_H
#define REPRO_STDERR_FACTS_H

#include "base/err.h"

#include <stddef.h>

/* A program that fails in a loop says the same again and again; the last ones count. */
#define STDERR_TRACEBACKS 16
#define STDERR_METAL_ERRORS 32

struct stderr_facts {
	/* Owned, each cleaned, of one or more lines without the last newline, in their order. Of
	 * more than fit the last ones. */
	char *tracebacks[STDERR_TRACEBACKS];
	size_t traceback_count;
	/* The same, without the blanks around each line; the same error once. */
	char *metal_errors[STDERR_METAL_ERRORS];
	size_t metal_error_count;
};

/* -ENOMEM: *ret is then empty. */
int stderr_facts_find(const char *text, size_t len, struct stderr_facts *ret, struct err *err);
void stderr_facts_finish(struct stderr_facts *facts);

#endif
