/* Which systems and drivers crash where: sites by OS build, driver versions by OS build. */
#include "export/page_parts.h"
#include "export/svg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Newest builds and most frequent sites that are drawn. */
#define COLUMNS_MAX 14
#define ROWS_MAX 40
/* Rows of drivers, builds and models. */
#define CELLS_MAX 60

/* Texts as rows or columns; NULL, the unknown, is one of them. */
struct labels {
	const char *items[64];
	size_t count;
};

static bool same(const char *a, const char *b) {
	return a == b || (a && b && strcmp(a, b) == 0);
}

static size_t find(const struct labels *labels, const char *text) {
	size_t i = 0;
	while (i < labels->count && !same(labels->items[i], text))
		i++;
	return i;
}

static void add_label(struct labels *labels, const char *text, size_t most) {
	if (find(labels, text) == labels->count && labels->count < most)
		labels->items[labels->count++] = text;
}

struct sum {
	uint64_t count, simulated;
};

static struct sum count_of(const struct analysis_counts *counts, const char *text) {
	for (size_t i = 0; i < counts->count; i++)
		if (same(counts->items[i].text, text))
			return (struct sum){counts->items[i].count, counts->items[i].simulated};
	return (struct sum){0};
}

/* ---- sites by build ---- */

static void draw_sites(struct page *page, const struct labels *builds) {
	const struct analysis *analysis = page->analysis;
	size_t rows = analysis->site_count < ROWS_MAX ? analysis->site_count : ROWS_MAX;
	const char *names[ROWS_MAX];
	struct buf labels[ROWS_MAX] = {0};
	uint64_t *values = calloc(rows * builds->count + 1, sizeof *values);
	if (!values) {
		page->out.failed = true;
		return;
	}
	for (size_t i = 0; i < rows; i++) {
		page_site_label(&labels[i], &analysis->sites[i]);
		names[i] = buf_str(&labels[i]);
		for (size_t j = 0; j < builds->count; j++)
			values[i * builds->count + j] =
				count_of(&analysis->sites[i].os_builds, builds->items[j]).count;
	}
	struct svg_matrix matrix = {.name = "builds",
		.title = "Crashes by site and OS build",
		.description = "One row for each site, one column for each OS build in the order "
			       "of release; the number of crashes stands in each cell.",
		.rows = names,
		.columns = builds->items,
		.row_count = rows,
		.column_count = builds->count,
		.values = values};
	svg_matrix(&page->out, &matrix);
	for (size_t i = 0; i < rows; i++) {
		page->out.failed = page->out.failed || labels[i].failed;
		buf_finish(&labels[i]);
	}
	free(values);
}

static void add_columns(struct buf *out, const struct labels *builds) {
	for (size_t i = 0; i < builds->count; i++)
		html_printf(out, "<th scope=\"col\" class=\"n\">%s</th>",
			builds->items[i] ? builds->items[i] : "unknown");
	buf_add_str(out, "</tr></thead><tbody>\n");
}

static void add_number(struct buf *out, struct sum sum) {
	if (!sum.count) {
		buf_add_str(out, "<td class=\"n dim\">0</td>");
		return;
	}
	buf_add_str(out, "<td class=\"n\">");
	page_count_simulated(out, sum.count, sum.simulated);
	buf_add_str(out, "</td>");
}

static void add_sites(struct page *page, const struct labels *builds) {
	const struct analysis *analysis = page->analysis;
	struct buf *out = &page->out;
	buf_add_str(out,
		"<details><summary>The same as a table</summary>\n<div class=\"scroll\" "
		"role=\"region\" tabindex=\"0\" aria-label=\"Crashes by site and OS "
		"build, as a table\"><table><caption>Crashes by site and OS build</caption>"
		"<thead><tr><th scope=\"col\">Site</th>");
	add_columns(out, builds);
	for (size_t i = 0; i < analysis->site_count; i++) {
		html_printf(
			out, "<tr><th scope=\"row\">%s</th>", page_site_name(&analysis->sites[i]));
		for (size_t j = 0; j < builds->count; j++)
			add_number(out, count_of(&analysis->sites[i].os_builds, builds->items[j]));
		buf_add_str(out, "</tr>\n");
	}
	buf_add_str(out, "</tbody></table></div></details>\n");
}

/* ---- drivers by build ---- */

static struct sum sum_cells(
	const struct analysis *analysis, const char *driver, const char *build) {
	struct sum sum = {0};
	for (size_t i = 0; i < analysis->cell_count; i++) {
		const struct analysis_cell *cell = &analysis->cells[i];
		if (!same(cell->driver_version, driver) || !same(cell->os_build, build))
			continue;
		sum.count += cell->count;
		sum.simulated += cell->simulated;
	}
	return sum;
}

static void add_drivers(struct page *page, const struct labels *builds) {
	const struct analysis *analysis = page->analysis;
	struct buf *out = &page->out;
	struct labels drivers = {0};
	for (size_t i = 0; i < analysis->cell_count; i++)
		add_label(&drivers, analysis->cells[i].driver_version, 64);
	buf_add_str(out,
		"<h3>Driver version by OS build</h3>\n<p>A driver comes with its system: a "
		"row that starts or ends at a build is where to look for a regression or a "
		"fix.</p>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
		"aria-label=\"Driver version by OS build\"><table><caption>Crashes by "
		"driver version and OS build</caption><thead><tr><th "
		"scope=\"col\">Driver</th>");
	add_columns(out, builds);
	for (size_t i = 0; i < drivers.count; i++) {
		html_printf(out, "<tr><th scope=\"row\">%s</th>",
			drivers.items[i] ? drivers.items[i] : "unknown");
		for (size_t j = 0; j < builds->count; j++)
			add_number(out, sum_cells(analysis, drivers.items[i], builds->items[j]));
		buf_add_str(out, "</tr>\n");
	}
	buf_add_str(out, "</tbody></table></div>\n");
}

/* ---- drivers, builds and models ---- */

static void add_cell(struct buf *out, const struct analysis_cell *cell) {
	html_printf(out, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td class=\"n\">",
		cell->driver_version ? cell->driver_version : "unknown",
		cell->os_build ? cell->os_build : "unknown",
		cell->hardware_model ? cell->hardware_model : "unknown");
	page_count_simulated(out, cell->count, cell->simulated);
	buf_add_str(out, "</td><td>");
	page_time(out, cell->first_at_us);
	buf_add_str(out, "</td><td>");
	page_time(out, cell->last_at_us);
	buf_add_str(out, "</td></tr>\n");
}

static void add_cells(struct page *page) {
	const struct analysis *analysis = page->analysis;
	struct buf *out = &page->out;
	if (!analysis->cell_count)
		return;
	buf_add_str(out,
		"<h3>Driver version, OS build and model</h3>\n<p>Crashes, not rates: how long "
		"each of them was in use is not known.</p>\n<div class=\"scroll\" "
		"role=\"region\" tabindex=\"0\" aria-label=\"Driver version, OS build and "
		"model\"><table><caption>Crashes by driver version, OS build and "
		"model</caption><thead><tr><th scope=\"col\">Driver</th><th scope=\"col\">OS "
		"build</th><th scope=\"col\">Model</th><th scope=\"col\" "
		"class=\"n\">Crashes</th><th scope=\"col\">First, UTC</th><th "
		"scope=\"col\">Last, UTC</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < analysis->cell_count && i < CELLS_MAX; i++)
		add_cell(out, &analysis->cells[i]);
	buf_add_str(out, "</tbody></table></div>\n");
	if (analysis->cell_count > CELLS_MAX)
		buf_printf(out, "<p class=\"dim\">%zu more rows are left out here.</p>\n",
			analysis->cell_count - CELLS_MAX);
}

void page_tables(struct page *page) {
	struct labels builds = {0};
	buf_add_str(&page->out, "<section id=\"systems\" aria-labelledby=\"systems-h\">\n<h2 "
				"id=\"systems-h\">Systems and drivers</h2>\n");
	builds.count = analysis_builds(page->analysis, builds.items, COLUMNS_MAX);
	if (!builds.count || !page->analysis->site_count) {
		buf_add_str(&page->out, "<p class=\"none\">No crash names its system.</p>\n");
	} else {
		buf_add_str(&page->out, "<h3>Site by OS build</h3>\n");
		draw_sites(page, &builds);
		add_sites(page, &builds);
		if (page->analysis->os_builds.count > builds.count)
			html_printf(&page->out,
				"<p class=\"dim\">The %zu builds with the most crashes; %zu others "
				"are not in these tables.</p>\n",
				builds.count, page->analysis->os_builds.count - builds.count);
		add_drivers(page, &builds);
		add_cells(page);
	}
	buf_add_str(&page->out, "</section>\n");
}
