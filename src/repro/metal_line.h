/* What errors of Metal, its libraries and the GPU driver look like among a program's output. Pure.
 */
#ifndef REPRO_METAL_LINE_H
#define REPRO_METAL_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a line tells of such an error; one that merely speaks of Metal does not. */
bool metal_line_is_error(const char *text, size_t len);

/* Whether it starts an assertion's text ("... failed assertion `") that ends on a later line, which
 * then has the closing quote as its last character. */
bool metal_line_is_open(const char *text, size_t len);

#endif
