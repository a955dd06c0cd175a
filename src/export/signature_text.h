/* A signature's text in the width of a column. For show only, never for comparison. */
#ifndef EXPORT_SIGNATURE_TEXT_H
#define EXPORT_SIGNATURE_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Appends the parts of text ("EXC_BAD_ACCESS near_null 0x5c8 | FRAME | FRAME") that fit columns
 * columns, the first frame first, long names as symbol_shorten() has them. with_fault: the part
 * before the frames too, without its exception type; false where another column tells it.
 */
void signature_text(struct buf *out, const char *text, size_t columns, bool with_fault);

#endif
