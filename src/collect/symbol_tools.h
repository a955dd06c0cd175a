/*
 * The programs that know symbols: Apple's atos, and mdfind, which asks Spotlight where symbol files
 * are. Where there are none is no error: why says what to do.
 */
#ifndef COLLECT_SYMBOL_TOOLS_H
#define COLLECT_SYMBOL_TOOLS_H

#include "base/err.h"

/* $AGXTRIAGE_ATOS and $AGXTRIAGE_MDFIND name programs that take the arguments of those whose place
 * they take. */
struct symbol_tools {
	char *atos, *mdfind; /* paths, owned; NULL: none */
	struct err why;      /* there is no atos */
};

void symbol_tools_find(struct symbol_tools *ret);
void symbol_tools_finish(struct symbol_tools *tools);

/* What the system has; the platform's own. Sets atos, mdfind and why. */
void symbol_tools_of_system(struct symbol_tools *ret);

#endif
