/*
 * Symbols as a person reads them: template arguments and parameters that make a C++ name a thousand
 * characters long are left out. For show only; triage has its own rules, which are part of the
 * signature.
 */
#ifndef EXPORT_SYMBOL_H
#define EXPORT_SYMBOL_H

#include "base/buf.h"

/*
 * Appends symbol in at most columns columns (0: no limit): whole if it fits, else with template
 * arguments as
 * <>, else with parameters as () too, else with "..." for the class, the outer namespaces or the
 * end.
 */
void symbol_shorten(struct buf *out, const char *symbol, size_t columns);

/*
 * The same, but always without template arguments and parameters, as signatures and the calls of
 * other threads have it: "at::native::mps::MetalShaderLibrary::exec_binary_kernel".
 */
void symbol_plain(struct buf *out, const char *symbol, size_t columns);

/* Appends the bare name: an Objective-C selector without its class, a C++ name without templates
 * and parameters. */
void symbol_name(struct buf *out, const char *symbol);

#endif
