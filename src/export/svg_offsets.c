/* Where from NULL the sites read and write: lines for each site, a mark for each offset. */
#include "export/page_parts.h"
#include "export/svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { WIDTH = 960, LEFT = 34, RIGHT = 40, TOP = 4, BOTTOM = 34, SITES_MAX = 12 };
/* The name of a site, then the lanes of its marks, each with room for a number above it. */
enum { NAME = 24, LANE = 40, MIDDLE = 27, LANES_MAX = 6, MARKS_MAX = 64 };

/* Above the last offset that counts as near NULL; the scale is logarithmic. */
#define OFFSET_MAX 0x10000
#define RADIUS_MAX 11.0
/* Of a bold figure of eleven units. */
#define FIGURE 7.2

/* Marks that would lie on each other stand in different lanes. */
struct layout {
	size_t lanes, marks;
	size_t lane[MARKS_MAX];
	bool named[MARKS_MAX];
};

static double x_of(uint64_t offset) {
	double all = log2(OFFSET_MAX + 1.0);
	uint64_t most = offset < OFFSET_MAX ? offset : OFFSET_MAX;
	return LEFT + log2((double)most + 1) / all * (WIDTH - LEFT - RIGHT);
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

static double radius_of(const struct analysis_offset *offset, uint64_t most) {
	return 3 + sqrt((double)offset->count / (double)most) * (RADIUS_MAX - 3);
}

/* Half of what a mark with its number takes. */
static double half_of(const struct analysis_offset *offset, uint64_t most) {
	char text[24];
	double figures = snprintf(text, sizeof text, "0x%" PRIx64, offset->offset);
	double radius = radius_of(offset, most), label = figures * FIGURE / 2;
	return 2 + (radius > label ? radius : label);
}

static bool fits(const struct analysis_site *site, const struct layout *layout, size_t mark,
	size_t lane, uint64_t most) {
	const struct analysis_offset *offset = &site->offsets[mark];
	for (size_t i = 0; i < mark; i++) {
		const struct analysis_offset *other = &site->offsets[i];
		if (layout->lane[i] == lane && fabs(x_of(other->offset) - x_of(offset->offset)) <
						       half_of(other, most) + half_of(offset, most))
			return false;
	}
	return true;
}

/* The first lane that has room, the most frequent mark first. Where none has, the last one, without
 * a number: the table has it. */
static void lay_out(const struct analysis_site *site, uint64_t most, struct layout *ret) {
	*ret = (struct layout){.lanes = 1};
	for (size_t i = 0; i < site->offset_count && i < MARKS_MAX; i++) {
		size_t lane = 0;
		while (lane < LANES_MAX && !fits(site, ret, i, lane, most))
			lane++;
		ret->named[i] = lane < LANES_MAX;
		ret->lane[i] = lane < LANES_MAX ? lane : LANES_MAX - 1;
		ret->lanes = ret->lane[i] >= ret->lanes ? ret->lane[i] + 1 : ret->lanes;
		ret->marks++;
	}
}

/* Squares are written, circles are read. */
static void draw_mark(
	struct buf *out, const struct analysis_offset *offset, double y, uint64_t most) {
	double radius = radius_of(offset, most), x = x_of(offset->offset);
	const char *new = offset->unknown ? " new" : "";
	bool written = offset->writes > offset->reads;
	if (written)
		buf_printf(out,
			"<rect class=\"dot written%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\">",
			new, x - radius, y - radius, 2 * radius, 2 * radius);
	else
		buf_printf(out, "<circle class=\"dot%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">", new,
			x, y, radius);
	buf_add_str(out, "<title>");
	analysis_offset_text(offset->offset, out);
	buf_printf(out, ": %s in ", kind_of(offset));
	page_count(out, offset->count);
	buf_printf(out, " crash%s%s</title>", offset->count == 1 ? "" : "es",
		offset->unknown ? ", not seen there before" : "");
	buf_add_str(out, written ? "</rect>" : "</circle>");
}

static void draw_site(struct buf *out, const struct analysis_site *site,
	const struct layout *layout, double top, uint64_t most) {
	struct buf label = {0};
	page_site_label(&label, site);
	html_printf(out, "<text x=\"%d\" y=\"%.1f\">", LEFT, top + NAME - 8);
	html_clip(out, buf_str(&label), 60);
	buf_add_str(out, "</text>\n");
	for (size_t i = 0; i < layout->lanes; i++) {
		double y = top + NAME + (double)i * LANE + MIDDLE;
		svg_line(out, "rule", LEFT, y, WIDTH - RIGHT, y);
	}
	for (size_t i = 0; i < layout->marks; i++) {
		double y = top + NAME + (double)layout->lane[i] * LANE + MIDDLE;
		draw_mark(out, &site->offsets[i], y, most);
		if (layout->named[i])
			buf_printf(out,
				"<text class=\"middle strong small\" x=\"%.1f\" y=\"%.1f\">0x%" PRIx64
				"</text>",
				x_of(site->offsets[i].offset), y - RADIUS_MAX - 4,
				site->offsets[i].offset);
	}
	buf_add_char(out, '\n');
	out->failed = out->failed || label.failed;
	buf_finish(&label);
}

static void add_legend(struct buf *out, bool new) {
	buf_printf(out,
		"<p class=\"dim\">Circles are read, squares are written, larger ones more often. "
		"The scale is logarithmic.%s</p>\n",
		new ? " Dashed ones were not seen there before: the rule of the site knows other "
		      "offsets."
		    : "");
}

void svg_offsets(struct buf *out, const struct analysis *analysis) {
	struct layout layouts[SITES_MAX];
	size_t sites[SITES_MAX], count = 0;
	uint64_t most = most_of(analysis);
	int height = TOP;
	bool new = false;
	for (size_t i = 0; i < analysis->site_count && count < SITES_MAX; i++) {
		if (!analysis->sites[i].offset_count)
			continue;
		lay_out(&analysis->sites[i], most, &layouts[count]);
		height += NAME + (int)layouts[count].lanes * LANE;
		for (size_t j = 0; j < layouts[count].marks; j++)
			new = new || analysis->sites[i].offsets[j].unknown;
		sites[count++] = i;
	}
	if (!count)
		return;
	struct svg_size size = {WIDTH, height + BOTTOM};
	buf_add_str(out, "<h3>Where from NULL they read and write</h3>\n");
	svg_open(out, "offsets", &size, "Offsets from NULL that crashes touched, by site",
		"Circles are read, squares are written, larger ones more often. The tables of the "
		"sites have the numbers.");
	draw_axis(out, height);
	int top = TOP;
	for (size_t i = 0; i < count; i++) {
		draw_site(out, &analysis->sites[sites[i]], &layouts[i], top, most);
		top += NAME + (int)layouts[i].lanes * LANE;
	}
	svg_close(out);
	add_legend(out, new);
}
