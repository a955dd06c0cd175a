/* Experiments as a piece of a Markdown page, for an issue or for the summary of a CI job. Text from
 * outside stands as code, where nothing of it is a link or a mention. */
#include "base/clock.h"
#include "export/experiment_parts.h"
#include "export/experiment_table.h"
#include "export/markdown.h"

#include <inttypes.h>
#include <string.h>

struct page {
	struct buf *out;
	const struct experiment_summary *summary;
	struct buf value; /* scratch for one piece of text */
};

static struct buf *value(struct page *page) {
	buf_reset(&page->value);
	return &page->value;
}

static void put_code(struct page *page) {
	markdown_code(page->out, buf_str(&page->value));
}

/* ---- head ---- */

static void put_experiment(struct page *page, const struct store_experiment *experiment) {
	char started[CLOCK_TEXT_BYTES];
	clock_format_iso(experiment->started_at_us, started);
	buf_printf(page->out, "%sxperiment %" PRId64 ", %.19sZ: ",
		experiment->ended_at_us.set ? "E" : "Unfinished e", experiment->id, started);
	experiment_command(experiment->command, value(page));
	put_code(page);
	buf_add_str(page->out, "\n\n");
}

static void put_head(struct page *page) {
	const struct experiment_summary *summary = page->summary;
	uint64_t runs = 0, crashes = 0;
	for (size_t i = 0; i < summary->condition_count; i++) {
		runs += summary->conditions[i].runs;
		crashes += summary->conditions[i].outcomes[TRIAL_CRASHED];
	}
	buf_add_str(page->out, "### agxtriage: ");
	experiment_count(crashes, page->out);
	buf_printf(page->out, " crash%s in ", crashes == 1 ? "" : "es");
	experiment_count(runs, page->out);
	buf_printf(page->out, " run%s%s\n\n", runs == 1 ? "" : "s",
		summary->simulated ? " (simulated)" : "");
	for (size_t i = 0; i < summary->experiment_count; i++)
		put_experiment(page, &summary->experiments[i]);
	experiment_common(summary, value(page));
	if (page->value.len) {
		buf_add_str(page->out, "In all conditions: ");
		put_code(page);
		buf_add_str(page->out, "\n\n");
	}
	if (summary->simulated)
		buf_printf(page->out, "> **%s**\n\n", EXPERIMENT_SIMULATED);
	experiment_platforms_differ(summary, value(page));
	if (!page->value.len)
		return;
	buf_add_str(page->out, "> ");
	put_code(page);
	buf_add_str(page->out, "\n\n");
}

/* ---- the table of conditions ---- */

static void put_titles(struct page *page) {
	const struct experiment_summary *summary = page->summary;
	for (int i = 0; i < EXPERIMENT_COLUMN_COUNT; i++) {
		if (!experiment_column_is_there(summary, (enum experiment_column)i))
			continue;
		experiment_column_title(summary, (enum experiment_column)i, value(page));
		buf_add_str(page->out, "| ");
		markdown_text(page->out, buf_str(&page->value));
		buf_add_char(page->out, ' ');
	}
	buf_add_str(page->out, "|\n");
	for (int i = 0; i < EXPERIMENT_COLUMN_COUNT; i++)
		if (experiment_column_is_there(summary, (enum experiment_column)i))
			buf_add_str(page->out, experiment_column_is_right((enum experiment_column)i)
						       ? "|---:"
						       : "|---");
	buf_add_str(page->out, "|\n");
}

/* Numbers as they are, texts of the user's as code. */
static void put_cell(struct page *page, size_t condition, enum experiment_column column) {
	experiment_column_cell(page->summary, condition, column, value(page));
	buf_add_str(page->out, "| ");
	if (page->value.len && column <= EXPERIMENT_COLUMN_COMMAND &&
		!experiment_column_is_right(column))
		put_code(page);
	else
		markdown_text(page->out, buf_str(&page->value));
	buf_add_char(page->out, ' ');
}

static void put_conditions(struct page *page) {
	const struct experiment_summary *summary = page->summary;
	const bool left_out[EXPERIMENT_COLUMN_COUNT] = {false};
	put_titles(page);
	for (size_t i = 0; i < summary->condition_count; i++) {
		for (int j = 0; j < EXPERIMENT_COLUMN_COUNT; j++)
			if (experiment_column_is_there(summary, (enum experiment_column)j))
				put_cell(page, i, (enum experiment_column)j);
		buf_add_str(page->out, "|\n");
	}
	experiment_column_legend(summary, left_out, value(page));
	experiment_uncounted(summary, &page->value);
	if (page->value.len)
		buf_printf(page->out, "\n%s\n", buf_str(&page->value));
}

/* ---- the rest ---- */

static void put_tally(struct page *page, enum experiment_tally tally, const char *title) {
	struct experiment_tally_row *rows;
	struct arena arena;
	size_t count;
	arena_init(&arena, SIZE_MAX);
	if (experiment_tally(page->summary, tally, &arena, &rows, &count) < 0)
		page->out->failed = true;
	else if (count)
		buf_printf(page->out, "\n| %s | %s | where |\n|---|---:|---|\n", title,
			tally == EXPERIMENT_ERRORS ? "runs" : "crashes");
	for (size_t i = 0; i < count; i++) {
		buf_add_str(page->out, "| ");
		markdown_code(page->out, rows[i].name);
		buf_printf(page->out, " | %" PRIu64 " | ", rows[i].count);
		markdown_code(page->out, rows[i].where);
		buf_add_str(page->out, " |\n");
	}
	arena_finish(&arena);
}

static void put_comparison(struct page *page, const struct summary_comparison *comparison) {
	experiment_title(page->summary, comparison, value(page));
	buf_add_str(page->out, "| ");
	put_code(page);
	buf_add_str(page->out, " | ");
	experiment_conclude(page->summary, comparison, true, page->out);
	buf_add_str(page->out, " |\n");
}

static void put_comparisons(struct page *page) {
	const struct experiment_summary *summary = page->summary;
	if (!experiment_shown_count(summary))
		return;
	buf_add_str(page->out, "\n| compared | what may be concluded |\n|---|---|\n");
	for (size_t part = 0; part < EXPERIMENT_PARTS; part++)
		for (size_t i = 0; i < summary->comparison_count; i++)
			if (experiment_is_shown(summary, &summary->comparisons[i], part))
				put_comparison(page, &summary->comparisons[i]);
	experiment_caution(summary, value(page));
	buf_printf(page->out, "\n%s\n", buf_str(&page->value));
}

static void put_platform(struct page *page) {
	static const struct term plain = {0};
	experiment_platform_text(page->summary, &plain, value(page));
	const char *text = buf_str(&page->value);
	text += strspn(text, "\n");
	buf_add_str(page->out, "\n<details><summary>Platform</summary>\n\n");
	markdown_block(page->out, text, strlen(text));
	buf_add_str(page->out, "\n</details>\n");
}

void experiment_markdown(const struct experiment_summary *summary, struct buf *ret) {
	struct page page = {.out = ret, .summary = summary};
	put_head(&page);
	put_conditions(&page);
	put_tally(&page, EXPERIMENT_SITES, "site");
	put_tally(&page, EXPERIMENT_LABELS, "no report");
	put_tally(&page, EXPERIMENT_ERRORS, "what failed");
	put_comparisons(&page);
	put_platform(&page);
	ret->failed = ret->failed || page.value.failed;
	buf_finish(&page.value);
}
