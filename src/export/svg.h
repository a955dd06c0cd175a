/*
 * Diagrams inside the page: what they have in common, and the four that there are. Colour is never
 * the only carrier: series have patterns, numbers stand beside bars, and each diagram has a table.
 */
#ifndef EXPORT_SVG_H
#define EXPORT_SVG_H

#include "export/analysis.h"
#include "export/html.h"

/* Series with a pattern of their own; the last is for all others. */
#define SVG_SERIES 8

/* The patterns, once in a page. */
void svg_patterns(struct buf *out);
/* A frame that can be scrolled, and the diagram in it. name: of the anchors of title and
 * description, unique in the page; title and text are escaped. */
struct svg_size {
	int width, height;
};
void svg_open(struct buf *out, const char *name, const struct svg_size *size, const char *title,
	const char *description);
void svg_close(struct buf *out);
void svg_line(struct buf *out, const char *class, double x1, double y1, double x2, double y2);
/* class: "end", "middle" or "" for where the text stands to x, and more. */
void svg_text(struct buf *out, const char *class, double x, double y, const char *text);
/* The square that stands for a series in a legend. */
void svg_swatch(struct buf *out, size_t series);
/* A round number that is at least most / steps: 1, 2 or 5 times a power of ten, at least 1. */
uint64_t svg_step(uint64_t most, unsigned steps);

/* Crashes per day (week, four weeks when there are many) by site. */
void svg_days(struct buf *out, const struct analysis *analysis);
/* Counts in rows and columns. values: row by row. A label of NULL is "unknown". */
struct svg_matrix {
	const char *name, *title, *description;
	const char *const *rows, *const *columns;
	size_t row_count, column_count;
	const uint64_t *values;
};
void svg_matrix(struct buf *out, const struct svg_matrix *matrix);
/* Crash rates with their intervals beside throughputs with theirs. */
void svg_rates(struct buf *out, const struct experiment_summary *summary, const char *name);
/* Where from NULL each site reads and writes. */
void svg_offsets(struct buf *out, const struct analysis *analysis);

#endif
