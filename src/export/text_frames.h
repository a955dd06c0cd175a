/*
 * Stacks in columns: number, image, symbol.
 */
#ifndef EXPORT_TEXT_FRAMES_H
#define EXPORT_TEXT_FRAMES_H

#include "export/text_out.h"
#include "ips/report.h"
#include "triage/triage.h"

struct text_frames {
	const struct report *report; /* borrowed */
	int site_frame;              /* marked with ">"; -1: none */
	bool full;                   /* symbols are not shortened */
};

void text_frames_print(
	struct text_out *out, const struct text_frames *view, const struct frames *frames);

/* One line per other thread inside Metal or AGX. */
void text_frames_concurrent(struct text_out *out, const struct triage *triage);

#endif
