/* Crashes over time as stacked bars. */
#include "export/page_parts.h"
#include "export/svg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 960, HEIGHT = 270, LEFT = 48, RIGHT = 12, TOP = 14, BOTTOM = 30 };

/* Beyond that many bars, each stands for more days. */
#define BARS_MAX 122

/* A clock that was wrong must not press all other days into one bar. Days this far from the rest
 * are told beside the diagram when they have few of the crashes (one of so many), and when they are
 * still farther however many they have. */
#define GAP_DAYS (2 * 365)
#define GAP_MAX_DAYS (20 * 365)
#define FEW 20

struct days {
	struct buf *out;
	const struct analysis *analysis;
	size_t from, to; /* of analysis.days; the rest is told beside */
	int64_t first;
	int64_t step; /* days of a bar */
	size_t bars;
	uint64_t *counts; /* bars times SVG_SERIES */
	uint64_t most, scale;
	double bar; /* width */
};

static size_t series_of(size_t site) {
	return site < PAGE_SERIES ? site : SVG_SERIES - 1;
}

static const char *unit(const struct days *days) {
	return days->step == 1 ? "day" : days->step == 7 ? "week" : "period";
}

/* Days without a wide gap between them. */
struct stretch {
	size_t from, to;
	uint64_t count;
};

static struct stretch stretch_from(const struct analysis *analysis, size_t from) {
	struct stretch ret = {from, from, 0};
	const struct analysis_day *days = analysis->days;
	while (ret.to < analysis->day_count &&
		(ret.to == from || days[ret.to].day - days[ret.to - 1].day <= GAP_DAYS))
		ret.count += days[ret.to++].count;
	return ret;
}

static struct stretch stretch_to(const struct analysis *analysis, size_t to) {
	struct stretch ret = {to, to, 0};
	const struct analysis_day *days = analysis->days;
	while (ret.from > 0 &&
		(ret.from == to || days[ret.from].day - days[ret.from - 1].day <= GAP_DAYS))
		ret.count += days[--ret.from].count;
	return ret;
}

static bool belongs(const struct stretch *next, uint64_t all, int64_t gap) {
	return next->count && gap <= GAP_MAX_DAYS && next->count > all / FEW;
}

/* The stretch with the most crashes, and those around it that belong to it. */
static void find_range(struct days *days) {
	const struct analysis *analysis = days->analysis;
	const struct analysis_day *all = analysis->days;
	struct stretch most = {0}, next;
	uint64_t count = 0;
	for (size_t i = 0; i < analysis->day_count; i = next.to) {
		next = stretch_from(analysis, i);
		count += next.count;
		most = next.count > most.count ? next : most;
	}
	for (next = stretch_from(analysis, most.to);
		most.to < analysis->day_count &&
		belongs(&next, count, all[most.to].day - all[most.to - 1].day);
		next = stretch_from(analysis, most.to))
		most.to = next.to;
	for (next = stretch_to(analysis, most.from);
		most.from > 0 && belongs(&next, count, all[most.from].day - all[most.from - 1].day);
		next = stretch_to(analysis, most.from))
		most.from = next.from;
	days->from = most.from;
	days->to = most.to;
}

/* The days that there are, in at most BARS_MAX bars. */
static bool count_days(struct days *days) {
	const struct analysis *analysis = days->analysis;
	if (!analysis->day_count)
		return false;
	find_range(days);
	days->first = analysis->days[days->from].day;
	uint64_t span = (uint64_t)analysis->days[days->to - 1].day - (uint64_t)days->first + 1;
	days->step = 1;
	if (span > BARS_MAX)
		days->step = 7;
	while (span / (uint64_t)days->step >= BARS_MAX)
		days->step = days->step == 7 ? 28 : days->step * 2;
	days->bars = (size_t)((span - 1) / (uint64_t)days->step + 1);
	days->counts = calloc(days->bars * SVG_SERIES, sizeof *days->counts);
	if (!days->counts) {
		days->out->failed = true;
		return false;
	}
	for (size_t i = days->from; i < days->to; i++) {
		const struct analysis_day *day = &analysis->days[i];
		size_t bar = (size_t)((day->day - days->first) / days->step);
		days->counts[bar * SVG_SERIES + series_of(day->site)] += day->count;
	}
	for (size_t i = 0; i < days->bars; i++) {
		uint64_t sum = 0;
		for (size_t j = 0; j < SVG_SERIES; j++)
			sum += days->counts[i * SVG_SERIES + j];
		days->most = sum > days->most ? sum : days->most;
	}
	return true;
}

static double y_of(const struct days *days, uint64_t count) {
	return HEIGHT - BOTTOM - (double)count / (double)days->scale * (HEIGHT - TOP - BOTTOM);
}

static void draw_axes(struct days *days) {
	uint64_t step = svg_step(days->most, 4);
	struct buf text = {0};
	days->scale = (days->most / step + (days->most % step ? 1 : 0)) * step;
	for (uint64_t at = 0; at <= days->scale; at += step) {
		buf_reset(&text);
		page_count(&text, at);
		svg_line(days->out, at ? "grid" : "axis", LEFT, y_of(days, at), WIDTH - RIGHT,
			y_of(days, at));
		svg_text(days->out, "end", LEFT - 8, y_of(days, at) + 4, buf_str(&text));
	}
	/* Dates need 120 units each. */
	size_t labels = (WIDTH - LEFT - RIGHT) / 120, every = days->bars / labels + 1;
	for (size_t i = 0; i < days->bars; i += every) {
		double x = LEFT + ((double)i + 0.5) * days->bar;
		bool edge = x < LEFT + 34;
		buf_reset(&text);
		page_day(&text, days->first + (int64_t)i * days->step);
		svg_line(days->out, "axis", x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 4);
		if (x < WIDTH - RIGHT - 34 || days->bars == 1)
			svg_text(days->out, edge ? "" : "middle", edge ? LEFT : x, HEIGHT - 10,
				buf_str(&text));
	}
	buf_finish(&text);
}

static const char *series_name(const struct analysis *analysis, size_t series) {
	if (series == SVG_SERIES - 1 && analysis->site_count > SVG_SERIES)
		return "other sites";
	return page_site_name(&analysis->sites[series]);
}

static size_t series_count(const struct analysis *analysis) {
	return analysis->site_count < SVG_SERIES ? analysis->site_count : SVG_SERIES;
}

/* A bar of one day is no wider than a finger. */
static double bar_width(const struct days *days) {
	double width = days->bar > 4 ? days->bar - 1.5 : days->bar;
	return width < 40 ? width : 40;
}

static void draw_bar(struct days *days, size_t bar) {
	uint64_t below = 0;
	double x = LEFT + ((double)bar + 0.5) * days->bar - bar_width(days) / 2;
	for (size_t i = 0; i < series_count(days->analysis); i++) {
		uint64_t count = days->counts[bar * SVG_SERIES + i];
		if (!count)
			continue;
		double bottom = y_of(days, below), top = y_of(days, below + count);
		below += count;
		buf_printf(days->out,
			"<rect class=\"p%zu\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
			"<title>",
			i, x, top, bar_width(days), bottom - top);
		page_day(days->out, days->first + (int64_t)bar * days->step);
		html_printf(days->out, ": %s, %" PRIu64 "</title></rect>",
			series_name(days->analysis, i), count);
	}
	if (below)
		buf_add_char(days->out, '\n');
}

/* Crashes of days that are not drawn; says whether there are any. */
static bool tell_days(struct days *days, size_t from, size_t to, const char *before) {
	const struct analysis_day *all = days->analysis->days;
	uint64_t sum = 0;
	for (size_t i = from; i < to; i++)
		sum += all[i].count;
	if (!sum)
		return false;
	buf_add_str(days->out, before);
	page_count(days->out, sum);
	buf_printf(days->out, " crash%s %s ", sum == 1 ? "" : "es",
		all[from].day == all[to - 1].day ? "on" : "from");
	page_day(days->out, all[from].day);
	if (all[from].day != all[to - 1].day) {
		buf_add_str(days->out, " to ");
		page_day(days->out, all[to - 1].day);
	}
	return true;
}

static void tell_outside(struct days *days) {
	static const char why[] = "<p class=\"dim\">Not drawn, for they are far from the others in "
				  "time: ";
	bool any = tell_days(days, 0, days->from, why);
	any = tell_days(days, days->to, days->analysis->day_count, any ? ", " : why) || any;
	if (any)
		buf_add_str(days->out, ".</p>\n");
}

static void draw_legend(struct days *days) {
	const struct analysis *analysis = days->analysis;
	buf_add_str(days->out, "<ul class=\"legend\">\n");
	for (size_t i = 0; i < series_count(analysis); i++) {
		uint64_t sum = 0, simulated = 0;
		for (size_t j = 0; j < analysis->site_count; j++) {
			sum += series_of(j) == i ? analysis->sites[j].count : 0;
			simulated += series_of(j) == i ? analysis->sites[j].simulated : 0;
		}
		buf_add_str(days->out, "<li>");
		svg_swatch(days->out, i);
		buf_add_char(days->out, ' ');
		html_clip(days->out, series_name(analysis, i), PAGE_NAME_COLUMNS);
		buf_add_str(days->out, " <b>");
		page_count_simulated(days->out, sum, simulated);
		buf_add_str(days->out, "</b></li>\n");
	}
	buf_add_str(days->out, "</ul>\n");
}

static void draw_table(struct days *days) {
	const struct analysis *analysis = days->analysis;
	buf_printf(days->out,
		"<details><summary>The same as a table</summary>\n<div class=\"scroll\" "
		"role=\"region\" tabindex=\"0\" aria-label=\"Crashes per %s\"><table class=\"wrap\">"
		"<caption>Crashes per %s and site</caption>\n<thead><tr><th scope=\"col\">%s</th>",
		unit(days), unit(days), days->step == 1 ? "Day" : "From");
	for (size_t i = 0; i < series_count(analysis); i++)
		html_printf(days->out, "<th scope=\"col\" class=\"n\">%s</th>",
			series_name(analysis, i));
	buf_add_str(days->out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < days->bars; i++) {
		const uint64_t *counts = &days->counts[i * SVG_SERIES];
		uint64_t sum = 0;
		for (size_t j = 0; j < SVG_SERIES; j++)
			sum += counts[j];
		if (!sum)
			continue;
		buf_add_str(days->out, "<tr><th scope=\"row\">");
		page_day(days->out, days->first + (int64_t)i * days->step);
		buf_add_str(days->out, "</th>");
		for (size_t j = 0; j < series_count(analysis); j++)
			html_printf(days->out, "<td class=\"n\">%" PRIu64 "</td>", counts[j]);
		buf_add_str(days->out, "</tr>\n");
	}
	buf_add_str(days->out, "</tbody></table></div></details>\n");
}

void svg_days(struct buf *out, const struct analysis *analysis) {
	struct days days = {.out = out, .analysis = analysis};
	struct buf text = {0};
	if (!count_days(&days))
		return;
	days.bar = (double)(WIDTH - LEFT - RIGHT) / (double)days.bars;
	buf_printf(&text, "Stacked bars, one for each %s", unit(&days));
	if (days.step > 7)
		buf_printf(&text, " of %" PRId64 " days", days.step);
	buf_printf(&text, ", %zu in all; the highest stands for %" PRIu64 ". A table follows.",
		days.bars, days.most);
	struct svg_size size = {WIDTH, HEIGHT};
	svg_open(out, "days", &size,
		days.step == 1   ? "Crashes per day by site"
		: days.step == 7 ? "Crashes per week by site"
				 : "Crashes over time by site",
		buf_str(&text));
	draw_axes(&days);
	for (size_t i = 0; i < days.bars; i++)
		draw_bar(&days, i);
	svg_close(out);
	draw_legend(&days);
	tell_outside(&days);
	draw_table(&days);
	out->failed = out->failed || text.failed;
	buf_finish(&text);
	free(days.counts);
}
