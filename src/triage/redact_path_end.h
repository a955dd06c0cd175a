/*
 * Where a path in other text ends.
 */
#ifndef TRIAGE_REDACT_PATH_END_H
#define TRIAGE_REDACT_PATH_END_H

#include "triage/redact_scan.h"

/* The ends of the path whose root ends at root and that starts at at. near: as long as a blank or a
 * bracket leaves no doubt. Returns the end of all that may belong to it, near or behind: up to the
 * last part whose separator is no start of another path. */
size_t redact_path_end(
	const struct redact_scan *scan, size_t at, size_t root, size_t to, size_t *near);

#endif
