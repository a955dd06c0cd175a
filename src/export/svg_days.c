/* Crashes over time as stacked bars. */
#include "export/page_parts.h"
#include "export/svg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 960, HEIGHT = 270, LEFT = 48, RIGHT = 12, TOP = 14, BOTTOM = 30 };

/* Beyond that many bars, each stands for more days. */
#define BARS_MAX 122

struct days {
	struct buf *out;
	const struct analysis *analysis;
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

/* The days that there are, in at most BARS_MAX bars. */
static bool count_days(struct days *days) {
	const struct analysis *analysis = days->analysis;
	if (!analysis->day_count)
		return false;
	days->first = analysis->days[0].day;
	uint64_t span =
		(uint64_t)analysis->days[analysis->day_count - 1].day - (uint64_t)days->first + 1;
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
	for (size_t i = 0; i < analysis->day_count; i++) {
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

static uint64_t simulated_of(const struct analysis *analysis, size_t series) {
	uint64_t sum = 0;
	for (size_t i = 0; i < analysis->site_count; i++)
		if (series_of(i) == series)
			sum += analysis->sites[i].simulated;
	return sum;
}

static void draw_legend(struct days *days) {
	const struct analysis *analysis = days->analysis;
	buf_add_str(days->out, "<ul class=\"legend\">\n");
	for (size_t i = 0; i < series_count(analysis); i++) {
		uint64_t sum = 0;
		for (size_t j = 0; j < days->bars; j++)
			sum += days->counts[j * SVG_SERIES + i];
		buf_add_str(days->out, "<li>");
		svg_swatch(days->out, i);
		buf_add_char(days->out, ' ');
		html_clip(days->out, series_name(analysis, i), PAGE_NAME_COLUMNS);
		buf_add_str(days->out, " <b>");
		page_count_simulated(days->out, sum, simulated_of(analysis, i));
		buf_add_str(days->out, "</b></li>\n");
	}
	buf_add_str(days->out, "</ul>\n");
}

static void draw_table(struct days *days) {
	const struct analysis *analysis = days->analysis;
	buf_printf(days->out,
		"<details><summary>The same as a table</summary>\n<div class=\"scroll\" "
		"role=\"region\" tabindex=\"0\" aria-label=\"Crashes per %s\"><table>"
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
	draw_table(&days);
	out->failed = out->failed || text.failed;
	buf_finish(&text);
	free(days.counts);
}
