/* What was measured: rates and throughputs of each condition, what they say, and what a workaround
 * costs. */
#include "export/experiment_parts.h"
#include "export/experiment_table.h"
#include "export/page_parts.h"
#include "export/svg.h"

#include <inttypes.h>
#include <stdio.h>

static void add_head(struct page *page, const struct experiment_summary *summary, size_t index) {
	struct buf *out = &page->out;
	html_printf(out, "<section class=\"card\" aria-labelledby=\"x%zu\">\n<h3 id=\"x%zu\">",
		index, index);
	for (size_t i = 0; i < summary->experiment_count; i++) {
		const struct store_experiment *experiment = &summary->experiments[i];
		html_printf(out, "%sExperiment %" PRId64, i ? ", " : "", experiment->id);
		if (!experiment->ended_at_us.set)
			buf_add_str(out, " (unfinished)");
	}
	if (summary->simulated)
		buf_add_str(out, " " PAGE_SIMULATED);
	buf_add_str(out, "</h3>\n");
	for (size_t i = 0; i < summary->experiment_count; i++) {
		struct buf *command = page_text(page);
		struct i64_opt started = {summary->experiments[i].started_at_us, true};
		experiment_command(summary->experiments[i].command, command);
		buf_add_str(out, "<p>");
		page_time(out, started);
		buf_add_str(out, " UTC: ");
		page_command(out, buf_str(command));
		buf_add_str(out, "</p>\n");
	}
	if (summary->simulated)
		html_printf(out, "<p class=\"warning\">%s</p>\n", EXPERIMENT_SIMULATED);
	experiment_common(summary, page_text(page));
	if (page->text.len)
		html_printf(
			out, "<p>In all conditions: <code>%s</code></p>\n", buf_str(&page->text));
	experiment_platforms_differ(summary, page_text(page));
	if (page->text.len)
		html_printf(out, "<p class=\"warning\">%s</p>\n", buf_str(&page->text));
}

static void add_conditions(struct page *page, const struct experiment_summary *summary) {
	const bool left_out[EXPERIMENT_COLUMN_COUNT] = {false};
	struct buf *out = &page->out;
	buf_add_str(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
			 "aria-label=\"Conditions\"><table><caption>Conditions and what they came "
			 "to</caption><thead><tr>");
	for (int i = 0; i < EXPERIMENT_COLUMN_COUNT; i++) {
		enum experiment_column column = (enum experiment_column)i;
		if (!experiment_column_is_there(summary, column))
			continue;
		experiment_column_title(summary, column, page_text(page));
		buf_add_str(out, experiment_column_is_right(column)
					 ? "<th scope=\"col\" class=\"n\">"
					 : "<th scope=\"col\">");
		html_printf(out, "%s</th>", buf_str(&page->text));
	}
	buf_add_str(out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < summary->condition_count; i++) {
		buf_add_str(out, "<tr>");
		for (int j = 0; j < EXPERIMENT_COLUMN_COUNT; j++) {
			enum experiment_column column = (enum experiment_column)j;
			if (!experiment_column_is_there(summary, column))
				continue;
			experiment_column_cell(summary, i, column, page_text(page));
			buf_add_str(out, experiment_column_is_right(column) ? "<td class=\"n\">"
					 : column <= EXPERIMENT_COLUMN_COMMAND
						 ? "<td>"
						 : "<td class=\"whole\">");
			html_clip(out, buf_str(&page->text), PAGE_SYMBOL_COLUMNS);
			buf_add_str(out, "</td>");
		}
		buf_add_str(out, "</tr>\n");
	}
	buf_add_str(out, "</tbody></table></div>\n");
	experiment_column_legend(summary, left_out, page_text(page));
	experiment_uncounted(summary, &page->text);
	html_printf(out, "<p class=\"dim\">%s</p>\n", buf_str(&page->text));
}

static void add_tally(struct page *page, const struct experiment_summary *summary,
	enum experiment_tally tally, const char *title) {
	struct experiment_tally_row *rows;
	struct buf *out = &page->out;
	struct arena arena;
	size_t count;
	arena_init(&arena, SIZE_MAX);
	if (experiment_tally(summary, tally, &arena, &rows, &count) < 0)
		out->failed = true;
	else if (count)
		html_printf(out,
			"<details><summary>%s (%zu)</summary>\n<table><caption>%s</caption>"
			"<thead><tr><th scope=\"col\">What</th><th scope=\"col\" "
			"class=\"n\">Trials</th><th scope=\"col\">Where</th></tr></thead><tbody>\n",
			title, count, title);
	for (size_t i = 0; i < count; i++)
		html_printf(out,
			"<tr><th scope=\"row\">%s</th><td class=\"n\">%" PRIu64
			"</td><td>%s</td></tr>\n",
			rows[i].name, rows[i].count, rows[i].where);
	if (count)
		buf_add_str(out, "</tbody></table></details>\n");
	arena_finish(&arena);
}

static void add_comparison(struct page *page, const struct experiment_summary *summary,
	const struct summary_comparison *comparison) {
	experiment_title(summary, comparison, page_text(page));
	html_printf(&page->out, "<tr><th scope=\"row\">%s</th>", buf_str(&page->text));
	experiment_conclude(summary, comparison, false, page_text(page));
	html_printf(&page->out, "<td>%s</td></tr>\n", buf_str(&page->text));
}

static void add_comparisons(struct page *page, const struct experiment_summary *summary) {
	struct buf *out = &page->out;
	if (!experiment_shown_count(summary))
		return;
	buf_add_str(out,
		"<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
		"aria-label=\"Comparisons\"><table><caption>What may be concluded</caption>"
		"<thead><tr><th scope=\"col\">Compared</th><th "
		"scope=\"col\">Conclusion</th></tr></thead><tbody>\n");
	for (size_t part = 0; part < EXPERIMENT_PARTS; part++)
		for (size_t i = 0; i < summary->comparison_count; i++)
			if (experiment_is_shown(summary, &summary->comparisons[i], part))
				add_comparison(page, summary, &summary->comparisons[i]);
	buf_add_str(out, "</tbody></table></div>\n");
	experiment_caution(summary, page_text(page));
	html_printf(out, "<p class=\"dim\">%s</p>\n", buf_str(&page->text));
}

static void add_platform(struct page *page, const struct experiment_summary *summary) {
	static const struct term plain = {0};
	experiment_platform_text(summary, &plain, page_text(page));
	if (!page->text.len)
		return;
	buf_add_str(&page->out, "<details><summary>Platform</summary>\n<pre>");
	html_text(&page->out, buf_str(&page->text), page->text.len, TEXT_LINES);
	buf_add_str(&page->out, "</pre></details>\n");
}

static void add_experiment(
	struct page *page, const struct experiment_summary *summary, size_t index) {
	char name[32];
	snprintf(name, sizeof name, "rates%zu", index);
	add_head(page, summary, index);
	svg_rates(&page->out, summary, name);
	add_conditions(page, summary);
	add_tally(page, summary, EXPERIMENT_SITES, "Crash sites");
	add_tally(page, summary, EXPERIMENT_LABELS, "Crashes without a report");
	add_tally(page, summary, EXPERIMENT_ERRORS, "What failed");
	add_comparisons(page, summary);
	add_platform(page, summary);
	buf_add_str(&page->out, "</section>\n");
	page_flush(page);
}

struct workarounds {
	struct buf *out;
	size_t count;
};

static void add_workaround(const char *sentence, void *user) {
	struct workarounds *workarounds = user;
	if (!workarounds->count++)
		buf_add_str(workarounds->out, "<h3>Workarounds and their price</h3>\n<ul>\n");
	html_printf(workarounds->out, "<li>%s</li>\n", sentence);
}

void page_experiments(struct page *page) {
	const struct analysis *analysis = page->analysis;
	struct workarounds workarounds = {.out = &page->out};
	buf_add_str(&page->out, "<section id=\"policies\" aria-labelledby=\"policies-h\">\n<h2 "
				"id=\"policies-h\">Measured policies</h2>\n");
	if (!analysis->experiment_count) {
		buf_add_str(&page->out, "<p class=\"none\">Nothing was measured yet: ");
		page_command(
			&page->out, "agxtriage repro --lock none,global --threads 2,4,8 --runs 30");
		buf_add_str(&page->out, " measures how often a program crashes under each locking "
					"policy, and what the policy costs.</p>\n");
	}
	analysis_workarounds(analysis, add_workaround, &workarounds);
	if (workarounds.count)
		buf_add_str(&page->out, "</ul>\n");
	for (size_t i = 0; i < analysis->experiment_count; i++)
		add_experiment(page, &analysis->experiments[i], i);
	if (analysis->experiments_unlisted)
		html_printf(&page->out,
			"<p class=\"dim\">%" PRIu64
			" older experiments: <code class=\"cmd\">agxtriage "
			"experiments</code></p>\n",
			analysis->experiments_unlisted);
	buf_add_str(&page->out, "</section>\n");
}
