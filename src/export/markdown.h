/*
 * Text from outside inside a Markdown page: nothing of it is taken for structure, a link or a
 * mention, and the page stays readable and searchable as plain text.
 */
#ifndef EXPORT_MARKDOWN_H
#define EXPORT_MARKDOWN_H

#include "base/buf.h"
#include "base/text.h"

/* Prose on one line; words that trackers would make links or mentions of stand as code. */
void markdown_text(struct buf *out, const char *text);
/* On one line, as code. In a row of a table (out's last line begins with "|") its bars are
 * escaped. */
void markdown_code(struct buf *out, const char *text);
/* Lines, as a fenced block that begins and ends on lines of its own. */
void markdown_block(struct buf *out, const char *text, size_t len);

#endif
