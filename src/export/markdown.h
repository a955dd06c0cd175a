/*
 * Text from outside inside a Markdown page: what Markdown or HTML could take for structure, a link
 * or a mention stands there as numeric references, the rest as it is, so that the page can be
 * searched.
 */
#ifndef EXPORT_MARKDOWN_H
#define EXPORT_MARKDOWN_H

#include "base/buf.h"
#include "base/text.h"

void markdown_escape(struct buf *out, const char *text, size_t len, enum text_keep keep);
/* On one line, as code. */
void markdown_code(struct buf *out, const char *text);

#endif
