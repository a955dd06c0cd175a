/*
 * Where a function's name ends, in C, C++, Objective-C, Swift, Rust and Go: what stands behind is
 * no part of it.
 */
#ifndef TRIAGE_REDACT_GRAMMAR_H
#define TRIAGE_REDACT_GRAMMAR_H

#include "triage/redact_scan.h"

/* What was read so far of one function. Zeroed at its start. */
struct redact_grammar {
	size_t depth;        /* open brackets of all sorts */
	bool method;         /* in "-[...]" */
	bool selector;       /* behind "objc_msgSend$" */
	bool extension;      /* in "(extension in ...)" */
	size_t operator_end; /* where the signs of "operator..." end, plus one; 0 before any */
};

/* Reads the sign at at, which begins no identifier, in what starts at from. False: the function
 * ends in front of it. */
bool redact_grammar_sign(struct redact_grammar *g, const struct redact_scan *scan, size_t from,
	size_t at, size_t to);

/* Bytes of "(Full Name)" behind a blank, which is none of the things that may stand there; 0. */
size_t redact_grammar_remark(
	const struct redact_grammar *g, const struct redact_scan *scan, size_t at, size_t to);

/* Bytes of a lifetime of Rust, "'a" or "'static"; 0 when the quote is something else. */
size_t redact_grammar_lifetime(const char *text, size_t at, size_t to);

#endif
