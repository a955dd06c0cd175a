/*
 * Writing HTML and the SVG inside of it: markup is written in formats, and every text that is put
 * into one is escaped, so that no text becomes markup by being forgotten.
 */
#ifndef EXPORT_HTML_H
#define EXPORT_HTML_H

#include "base/buf.h"
#include "base/text.h"

/*
 * Appends text for use between tags and inside of quoted attributes: & < > " ' as references;
 * control bytes, what is no UTF-8, and what reorders or breaks lines (bidirectional controls) as
 * U+FFFD.
 */
void html_text(struct buf *ret, const char *text, size_t len, enum text_keep keep);

/* The same, at most columns columns wide; longer ones end in an ellipsis. */
void html_clip(struct buf *ret, const char *text, size_t columns);

/*
 * printf with %s escaped as by html_text(): one line, NULL is nothing. Of the numbers there are %d,
 * %u, %zu and their long forms, %x with zeros ("%016x"), %f with a precision; "%%" is a percent
 * sign, and nothing else is known.
 */
void html_printf(struct buf *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
