/*
 * What may leave of an identifier of a function or of a name.
 */
#ifndef TRIAGE_REDACT_IDENT_H
#define TRIAGE_REDACT_IDENT_H

#include "triage/redact_scan.h"

/* Letters of any script, digits, and what joins them. */
size_t redact_ident_length(const char *text, size_t len);

/* Whether a compiler put something into an identifier that only looks like a secret. */
bool redact_is_encoded(const char *text, size_t len);

/* Bytes of a public module's path in front of a function of Go, "net/http."; 0 for none. */
size_t redact_module_length(const struct redact_scan *scan, size_t from, size_t to);

/* Reads the identifier at from, at most to to; bytes, also of what begins in it and is longer.
 * symbol: one that has more unknown words than known ones goes. */
size_t redact_scan_ident(const struct redact_scan *scan, size_t from, size_t to, bool symbol);

#endif
