/*
 * Names as they are compared: what moves with a driver build, a compiler or a demangler's options
 * is taken out of a symbol or an image name, and what is worth knowing of it comes back as a fact
 * of its own.
 */
#ifndef TRIAGE_NORMALISE_H
#define TRIAGE_NORMALISE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* What stands before the function of a block's body. */
#define NORMAL_BLOCK_PREFIX "block in "

struct normal_symbol {
	const char *function;   /* "AGX::ComputeContext<>::prepareForEnqueue"; in arena or the input
				   itself */
	const char *generation; /* "G16X" of a driver class, else NULL; in arena */
	bool mtlnext;           /* the class had the suffix _mtlnext */
	bool block;             /* function starts with NORMAL_BLOCK_PREFIX */
	bool cold;              /* outlined by the compiler (.cold.1) */
};

struct normal_image {
	const char *family;     /* "AGXMetalG*", else the name itself */
	const char *generation; /* "G16X"; NULL for other images; in arena */
	const char *variant;    /* "B0" of AGXMetalG15X_B0, else NULL; in arena */
};

/* Returns 0 or -ENOMEM. Linear in the symbol's length. */
int normalise_symbol(const char *symbol, struct arena *arena, struct normal_symbol *ret);
int normalise_image(const char *name, struct arena *arena, struct normal_image *ret);

/*
 * A message with what differs from one crash to the next folded: numbers and UUIDs to "#", absolute
 * paths to "PATH"; white space to one blank. At most limit code points, longer ones end in "...".
 * NULL without memory.
 */
const char *normalise_message(const char *text, size_t limit, struct arena *arena);

/*
 * The function that a line of text names, normalised like a symbol, when the line starts as Metal's
 * failure messages ("-[Class selector]:1091: failed assertion ...") or assert()'s do; ret->function
 * is NULL otherwise. Returns 0 or -ENOMEM.
 */
int normalise_asserted(
	const char *text, size_t len, struct arena *arena, struct normal_symbol *ret);

#endif
