/*
 * C++ names as people write them.
 */
#ifndef IPS_DEMANGLE_H
#define IPS_DEMANGLE_H

#include "base/arena.h"

/*
 * The readable form of an Itanium name ("_Z..." or, as the linker of macOS writes it, "__Z...";
 * with one underscore more it is a block: "invocation function for block in ..."; a suffix
 * ".cold.1" is kept as " (.cold.1)"). The result is clean text (see base/text.h) and lives in the
 * arena. Returns symbol itself when it is not mangled, when its author meant it to hurt (very long,
 * or made to grow when it is expanded), or without memory. Rust and Swift names are left as they
 * are.
 */
const char *demangle(struct arena *arena, const char *symbol);

#endif
