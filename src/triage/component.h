/*
 * Who owns a frame: told by its image's name and path, and where there is none by its function.
 */
#ifndef TRIAGE_COMPONENT_H
#define TRIAGE_COMPONENT_H

#include "triage/triage.h"

/* family and function: normalised, each may be NULL; frame may be NULL (a function that a message
 * names). */
enum component component_of_frame(const struct report *report, const struct frame *frame,
	const char *family, const char *function);

#endif
