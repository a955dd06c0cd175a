/*
 * One line of the text form while it is copied piece by piece: what is not handed over as a piece
 * does not leave, but for the white space between pieces. Internal to src/triage.
 */
#ifndef TRIAGE_REDACT_LINE_H
#define TRIAGE_REDACT_LINE_H

#include "ips/text_parse.h"
#include "triage/redact_parts.h"

struct redact_line {
	struct redactor *redactor;
	struct buf *ret;
	const char *at; /* copied up to here */
};

/* Copies a piece that was looked at and tells nothing. */
void line_keep(struct redact_line *line, struct text piece);
/* Copies what may leave of a piece. */
void line_put(struct redact_line *line, enum redact_policy policy, struct text piece);

/* Whole lines, white space at both ends cut off. */
void line_frame(struct redact_line *line, struct text text);
void line_image(struct redact_line *line, struct text text);
/* False: it is none, nothing was copied. */
bool line_registers(struct redact_line *line, struct text text);
void line_instructions(struct redact_line *line, struct text text);
void line_call_graph(struct redact_line *line, struct text text);
/* name, then "Dispatch queue:" and a queue; both may be absent. */
void line_name_and_queue(struct redact_line *line, struct text text);
/* "Key: value", or prose. */
void line_header(struct redact_line *line, struct text text);

#endif
