/* What the diagrams have in common. */
#include "export/svg.h"

#include <string.h>

/* Diagrams that are narrower are never enlarged. */
#define CHART_WIDTH 960

/* What is drawn on a series' colour, so that it is known without colour. */
static const char *const marks[SVG_SERIES] = {
	"",
	"M0 8L8 0M-2 2L2 -2M6 10L10 6",
	"M0 0L8 8M-2 6L2 10M6 -2L10 2",
	"M0 4H8",
	"M4 0V8",
	"M4 0V8M0 4H8",
	"M2 2h2v2h-2zM6 6h2v2h-2z",
	"M0 0L8 8M0 8L8 0",
};

void svg_patterns(struct buf *out) {
	buf_add_str(out, "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\" "
			 "focusable=\"false\"><defs>\n");
	for (size_t i = 0; i < SVG_SERIES; i++)
		buf_printf(out,
			"<pattern id=\"pattern-%zu\" width=\"8\" height=\"8\" "
			"patternUnits=\"userSpaceOnUse\"><rect class=\"c%zu\" width=\"8\" "
			"height=\"8\"></rect><path class=\"mark\" d=\"%s\"></path></pattern>\n",
			i, i, marks[i]);
	buf_add_str(out, "</defs></svg>\n");
}

void svg_open(struct buf *out, const char *name, const struct svg_size *size, const char *title,
	const char *description) {
	html_printf(out,
		"<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">"
		"<svg class=\"chart%s\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
		"aria-labelledby=\"%s-t %s-d\">",
		title, size->width < CHART_WIDTH ? " small" : "", size->width, size->height,
		size->width, size->height, name, name);
	html_printf(out, "<title id=\"%s-t\">%s</title><desc id=\"%s-d\">%s</desc>\n", name, title,
		name, description);
}

void svg_close(struct buf *out) {
	buf_add_str(out, "</svg></div>\n");
}

void svg_line(struct buf *out, const char *class, double x1, double y1, double x2, double y2) {
	buf_printf(out,
		"<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"></line>", class,
		x1, y1, x2, y2);
}

void svg_text(struct buf *out, const char *class, double x, double y, const char *text) {
	html_printf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", class, x, y, text);
}

void svg_swatch(struct buf *out, size_t series) {
	buf_printf(out,
		"<svg class=\"swatch\" width=\"14\" height=\"14\" aria-hidden=\"true\" "
		"focusable=\"false\"><rect class=\"p%zu\" width=\"14\" height=\"14\" rx=\"2\">"
		"</rect></svg>",
		series);
}

uint64_t svg_step(uint64_t most, unsigned steps) {
	static const uint64_t factors[] = {1, 2, 5};
	for (uint64_t power = 1; power <= UINT64_MAX / 50; power *= 10)
		for (size_t i = 0; i < 3; i++)
			if (factors[i] * power * steps >= most)
				return factors[i] * power;
	return most / steps + 1;
}
