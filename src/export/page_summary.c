/* What there is at a glance, and how it is spread over time. */
#include "export/page_parts.h"
#include "export/report_parts.h"
#include "export/svg.h"

#include <inttypes.h>

static void add_tile(struct buf *out, const char *title, uint64_t count, const char *more) {
	html_printf(out, "<div class=\"tile\"><dt>%s</dt><dd>", title);
	page_count(out, count);
	if (more)
		html_printf(out, "<small>%s</small>", more);
	buf_add_str(out, "</dd></div>\n");
}

static void add_number_tile(
	struct page *page, const char *title, uint64_t count, const char *fmt, uint64_t number) {
	struct buf *more = page_text(page);
	if (number) {
		page_count(more, number);
		buf_printf(more, " %s", fmt);
	}
	add_tile(&page->out, title, count, number ? buf_str(more) : NULL);
}

static void add_files_tile(struct page *page) {
	const struct analysis *analysis = page->analysis;
	struct buf *more = page_text(page);
	if (analysis->raw_gone) {
		page_count(more, analysis->raw_gone);
		buf_add_str(more, " without their bytes");
	}
	if (analysis->copies.set && analysis->copies.value > 0) {
		buf_add_str(more, more->len ? ", " : "");
		page_count(more, (uint64_t)analysis->copies.value);
		buf_add_str(
			more, analysis->copies.value == 1 ? " further copy" : " further copies");
	}
	add_tile(&page->out, "Files", analysis->files, more->len ? buf_str(more) : NULL);
}

static void add_tiles(struct page *page) {
	const struct analysis *analysis = page->analysis;
	const struct store_correlation *near = &analysis->correlation;
	buf_add_str(&page->out, "<dl class=\"tiles\">\n");
	add_number_tile(page, "Crashes", analysis->crashes, "simulated", analysis->simulated);
	size_t count = analysis->site_count;
	bool unknown = count && !analysis->sites[count - 1].id;
	add_number_tile(page, "Known sites", count - unknown, "at no known site",
		unknown ? analysis->sites[count - 1].count : 0);
	add_number_tile(page, "GPU events", analysis->gpu_events,
		"within 5 s of a crash on the same machine", (uint64_t)near->gpu_events_beside);
	add_number_tile(page, "Panics", analysis->panics, "within 5 min after a crash",
		(uint64_t)near->panics_near);
	if (analysis->other)
		add_tile(&page->out, "Other reports", analysis->other, NULL);
	add_files_tile(page);
	buf_add_str(&page->out, "</dl>\n");
}

static void add_facts(struct page *page) {
	const struct analysis *analysis = page->analysis;
	struct buf *out = &page->out;
	buf_add_str(out, "<dl class=\"facts cols\">\n");
	page_counts(out, "Operations", &analysis->operations);
	page_counts(out, "Processes", &analysis->processes);
	page_counts(out, "Systems", &analysis->os_versions);
	page_counts(out, "OS builds", &analysis->os_builds);
	page_counts(out, "Drivers", &analysis->driver_images);
	page_counts(out, "Driver versions", &analysis->driver_versions);
	page_counts(out, "Models", &analysis->models);
	page_names(out, "Frameworks of the typical reports", &analysis->frameworks);
	buf_add_str(out, "</dl>\n");
}

static void add_event(struct buf *out, const struct analysis_event *event) {
	html_printf(out,
		"<tr><th scope=\"row\">%s</th><td>%s<small>%s</small></td><td class=\"n\">",
		report_kind_words(event->kind), event->site ? event->site : "no known site",
		event->title);
	page_count_simulated(out, event->count, event->simulated);
	buf_add_str(out, "</td><td>");
	page_time(out, event->first_at_us);
	buf_add_str(out, "</td><td>");
	page_time(out, event->last_at_us);
	buf_add_str(out, "</td></tr>\n");
}

/* Only simulated events are near simulated crashes, so that those are told apart. */
static void add_near(struct buf *out, const struct store_correlation *near) {
	uint64_t simulated = (uint64_t)near->crashes_simulated;
	uint64_t real = (uint64_t)near->crashes - simulated;
	if (!near->gpu_events || !near->crashes)
		return;
	buf_add_char(out, ' ');
	page_count(out, (uint64_t)near->gpu_events_beside);
	buf_add_str(out, " of the ");
	page_count(out, (uint64_t)near->gpu_events);
	buf_printf(out, " GPU event%s came within 5 s of some crash on the same machine, ",
		near->gpu_events == 1 ? "" : "s");
	page_count(out, (uint64_t)near->gpu_events_near);
	buf_add_str(out, " within 5 s of one of the same process. Of the ");
	page_count(out, real);
	buf_printf(out, " crash%s%s, ", real == 1 ? "" : "es",
		simulated ? " that no simulator made" : "");
	page_count(out, (uint64_t)(near->near_gpu_event - near->near_simulated));
	buf_add_str(out, " had a GPU event of the same process within 5 s");
	if (near->near_simulated) {
		buf_add_str(out, ", and so had ");
		page_count(out, (uint64_t)near->near_simulated);
		buf_add_str(out, " of the ");
		page_count(out, simulated);
		buf_add_str(out, " simulated");
	}
	buf_add_str(out, ". That is nearness in time, and no cause.");
}

static void add_events(struct page *page) {
	const struct analysis *analysis = page->analysis;
	struct buf *out = &page->out;
	if (!analysis->event_count)
		return;
	buf_add_str(out, "<h3>What else was reported</h3>\n<p>None of these counts as a crash.");
	add_near(out, &analysis->correlation);
	buf_add_str(out,
		"</p>\n"
		"<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
		"aria-label=\"Reports that are no crashes\"><table><caption>Reports that "
		"are no crashes</caption><thead><tr><th scope=\"col\">Kind</th><th "
		"scope=\"col\">Site</th><th scope=\"col\" class=\"n\">Count</th><th "
		"scope=\"col\">First, UTC</th><th scope=\"col\">Last, UTC</th></tr></thead>"
		"<tbody>\n");
	for (size_t i = 0; i < analysis->event_count; i++)
		add_event(out, &analysis->events[i]);
	buf_add_str(out, "</tbody></table></div>\n");
}

void page_summary(struct page *page) {
	buf_add_str(&page->out, "<section id=\"summary\" aria-labelledby=\"summary-h\">\n<h2 "
				"id=\"summary-h\">Summary</h2>\n");
	add_tiles(page);
	add_facts(page);
	page_blame(page);
	add_events(page);
	buf_add_str(&page->out, "</section>\n");
}

void page_days(struct page *page) {
	buf_add_str(&page->out, "<section id=\"time\" aria-labelledby=\"time-h\">\n<h2 "
				"id=\"time-h\">Over time</h2>\n");
	if (page->analysis->day_count)
		svg_days(&page->out, page->analysis);
	else
		buf_add_str(&page->out, "<p class=\"none\">No crash has a time.</p>\n");
	buf_add_str(&page->out, "</section>\n");
}
