/*
 * Lines, labelled fields and colours of the readable views. Every text that goes through here is
 * made safe for a terminal first.
 */
#ifndef EXPORT_TEXT_OUT_H
#define EXPORT_TEXT_OUT_H

#include "base/buf.h"
#include "export/term.h"

struct text_out {
	struct buf *buf; /* borrowed */
	const struct term
		*term; /* borrowed; its columns (0: never wrap, never shorten) and colours */
};

/* Appends text, safe for a terminal, in the look of role. */
void text_out_put(struct text_out *out, enum term_role role, const char *text);
void text_out_newline(struct text_out *out);
/* An empty line and a heading. */
void text_out_heading(struct text_out *out, const char *text);
/* Wraps text between words; every line starts with indent blanks. */
void text_out_paragraph(struct text_out *out, enum term_role role, size_t indent, const char *text);
/* "     Label  text", wrapped with a hanging indent; nothing for NULL or empty text. */
void text_out_field(struct text_out *out, enum term_role role, const char *label, const char *text);
/* The same on one line, however long: what is copied, such as a path, must stay whole. */
void text_out_field_whole(struct text_out *out, const char *label, const char *text);
/* The lines of text, indented, wrapped when too long; at most max_lines (0: all), then how many are
 * missing.
 */
void text_out_lines(struct text_out *out, size_t indent, const char *text, size_t max_lines);
/* n blanks. */
void text_out_blanks(struct text_out *out, size_t n);

#endif
