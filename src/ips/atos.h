/*
 * What atos prints: one line for each address, or, when inlined functions are asked for, one group
 * of lines for each, the innermost first, groups apart by an empty line.
 */
#ifndef IPS_ATOS_H
#define IPS_ATOS_H

#include "base/arena.h"
#include "ips/report.h"

/* Functions inlined in one place; compilers reach about 30. */
#define ATOS_INLINED_MAX 64

/*
 * Reads the answers to count addresses, in their order; ret[i] becomes NULL where nothing was
 * found. Everything lives in arena, cleaned and demangled. Returns 0; -EBADMSG when there are not
 * as many answers as questions, so that none can be told from another's; -ENOMEM.
 */
int atos_parse(struct arena *arena, const char *text, size_t len, bool groups, size_t count,
	const struct found_symbol **ret);

#endif
