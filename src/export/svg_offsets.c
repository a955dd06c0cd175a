/* Where from NULL the sites read and write: one line for each site, a circle for each offset. */
#include "export/page_parts.h"
#include "export/svg.h"

#include <inttypes.h>
#include <math.h>

enum { WIDTH = 960, LEFT = 344, RIGHT = 40, TOP = 12, ROW = 44, BOTTOM = 34, ROWS_MAX = 12 };

/* Above the last offset that counts as near NULL; the scale is logarithmic. */
#define OFFSET_MAX 0x10000
#define RADIUS_MAX 13.0

static double x_of(uint64_t offset) {
	double all = log2(OFFSET_MAX + 1.0);
	uint64_t most = offset < OFFSET_MAX ? offset : OFFSET_MAX;
	return LEFT + log2((double)most + 1) / all * (WIDTH - LEFT - RIGHT);
}

static size_t rows_of(const struct analysis *analysis) {
	size_t rows = 0;
	for (size_t i = 0; i < analysis->site_count; i++)
		rows += analysis->sites[i].offset_count > 0;
	return rows < ROWS_MAX ? rows : ROWS_MAX;
}

static uint64_t most_of(const struct analysis *analysis) {
	uint64_t most = 1;
	for (size_t i = 0; i < analysis->site_count; i++)
		for (size_t j = 0; j < analysis->sites[i].offset_count; j++) {
			uint64_t count = analysis->sites[i].offsets[j].count;
			most = count > most ? count : most;
		}
	return most;
}

static void draw_axis(struct buf *out, int bottom) {
	static const uint64_t ticks[] = {0, 0x10, 0x40, 0x100, 0x400, 0x1000, 0x4000, 0x10000};
	for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++) {
		svg_line(out, "grid", x_of(ticks[i]), TOP, x_of(ticks[i]), bottom);
		html_printf(out, "<text class=\"middle\" x=\"%.1f\" y=\"%d\">0x%" PRIx64 "</text>",
			x_of(ticks[i]), bottom + 18, ticks[i]);
	}
	buf_add_char(out, '\n');
}

static const char *kind_of(const struct analysis_offset *offset) {
	if (offset->writes && offset->reads)
		return "read and written";
	if (offset->writes)
		return "written";
	return offset->reads ? "read" : "touched";
}

/* Squares are written, circles are read. */
static void draw_mark(
	struct buf *out, const struct analysis_offset *offset, double y, uint64_t most) {
	double radius = 3 + sqrt((double)offset->count / (double)most) * (RADIUS_MAX - 3);
	double x = x_of(offset->offset);
	if (offset->writes > offset->reads)
		buf_printf(out,
			"<rect class=\"dot written\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\">",
			x - radius, y - radius, 2 * radius, 2 * radius);
	else
		buf_printf(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">", x, y,
			radius);
	html_printf(out, "<title>0x%" PRIx64 " (%" PRIu64 "): %s in %" PRIu64 " crash%s</title>",
		offset->offset, offset->offset, kind_of(offset), offset->count,
		offset->count == 1 ? "" : "es");
	buf_add_str(out, offset->writes > offset->reads ? "</rect>" : "</circle>");
}

/* Labels that would lie on the one before are left out: the table has them. */
static void draw_labels(struct buf *out, const struct analysis_site *site, double y) {
	double taken[4] = {-1e9, -1e9, -1e9, -1e9};
	size_t count = 0;
	for (size_t i = 0; i < site->offset_count && count < 4; i++) {
		double x = x_of(site->offsets[i].offset);
		bool free = true;
		for (size_t j = 0; j < count; j++)
			free = free && fabs(taken[j] - x) > 46;
		if (!free)
			continue;
		taken[count++] = x;
		html_printf(out,
			"<text class=\"middle strong small\" x=\"%.1f\" y=\"%.1f\">0x%" PRIx64
			"</text>",
			x, y - RADIUS_MAX - 4, site->offsets[i].offset);
	}
}

static void draw_site(
	struct buf *out, const struct analysis_site *site, size_t row, uint64_t most) {
	double y = TOP + 28 + (double)row * ROW;
	struct buf label = {0};
	svg_line(out, "rule", LEFT, y, WIDTH - RIGHT, y);
	html_printf(out, "<text class=\"end\" x=\"%d\" y=\"%.1f\">", LEFT - 22, y + 4);
	page_site_label(&label, site);
	html_clip(out, buf_str(&label), 48);
	buf_add_str(out, "</text>");
	for (size_t i = 0; i < site->offset_count && i < 64; i++)
		draw_mark(out, &site->offsets[i], y, most);
	draw_labels(out, site, y);
	buf_add_char(out, '\n');
	out->failed = out->failed || label.failed;
	buf_finish(&label);
}

void svg_offsets(struct buf *out, const struct analysis *analysis) {
	size_t rows = rows_of(analysis), row = 0;
	if (!rows)
		return;
	struct svg_size size = {WIDTH, TOP + 8 + (int)rows * ROW + BOTTOM};
	buf_add_str(out, "<h3>Where from NULL they read and write</h3>\n");
	svg_open(out, "offsets", &size, "Offsets from NULL that crashes touched, by site",
		"One line for each site. Circles are read, squares are written, larger ones more "
		"often. The scale is logarithmic. The tables of the sites have the numbers.");
	draw_axis(out, TOP + 8 + (int)rows * ROW);
	for (size_t i = 0; i < analysis->site_count && row < rows; i++)
		if (analysis->sites[i].offset_count)
			draw_site(out, &analysis->sites[i], row++, most_of(analysis));
	svg_close(out);
}
