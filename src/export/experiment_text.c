/* Experiments for a person at a terminal: a table, the sites, and what may be concluded. */
#include "base/clock.h"
#include "export/experiment_parts.h"
#include "export/experiment_table.h"
#include "export/text_out.h"

#include <inttypes.h>
#include <string.h>

#define ITEM_INDENT 2
#define DETAIL_INDENT 4

struct text {
	struct text_out out;
	const struct experiment_summary *summary;
	struct buf value; /* scratch for one paragraph */
};

static struct buf *value(struct text *text) {
	buf_reset(&text->value);
	return &text->value;
}

static void put_value(struct text *text, enum term_role role, size_t indent) {
	text_out_paragraph(&text->out, role, indent, buf_str(&text->value));
}

/* ---- which experiments ---- */

static void add_span(int64_t us, struct buf *ret) {
	int64_t s = us / 1000000;
	if (s < 60)
		buf_printf(ret, " in %" PRId64 ".%" PRId64 " s", s, us / 100000 % 10);
	else if (s < 3600)
		buf_printf(ret, " in %" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else
		buf_printf(ret, " in %" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
}

static void put_experiment(struct text *text, const struct store_experiment *experiment) {
	char started[CLOCK_TEXT_BYTES];
	uint64_t done = 0, planned = 0;
	for (size_t i = 0; i < text->summary->condition_count; i++) {
		const struct summary_condition *condition = &text->summary->conditions[i];
		if (condition->experiment != experiment->id)
			continue;
		done += condition->runs;
		planned += (uint64_t)condition->planned;
	}
	clock_format_local(experiment->started_at_us, started);
	buf_printf(value(text), "Experiment %" PRId64 ", %s, ", experiment->id, started);
	experiment_count(done, &text->value);
	buf_add_str(&text->value, " of ");
	experiment_count(planned, &text->value);
	buf_add_str(&text->value, " trials");
	if (!experiment->ended_at_us.set)
		buf_add_str(&text->value, ", not finished");
	else if (experiment->ended_at_us.value > experiment->started_at_us)
		add_span(experiment->ended_at_us.value - experiment->started_at_us, &text->value);
	put_value(text, TERM_BOLD, 0);
	experiment_command(experiment->command, value(text));
	put_value(text, TERM_DIM, ITEM_INDENT);
}

static void put_head(struct text *text) {
	const struct experiment_summary *summary = text->summary;
	for (size_t i = 0; i < summary->experiment_count; i++)
		put_experiment(text, &summary->experiments[i]);
	buf_add_str(value(text), "In all conditions: ");
	size_t none = text->value.len;
	experiment_common(summary, &text->value);
	if (text->value.len > none)
		put_value(text, TERM_PLAIN, 0);
	if (summary->simulated)
		text_out_paragraph(&text->out, TERM_BAD, 0, EXPERIMENT_SIMULATED);
	experiment_platforms_differ(summary, value(text));
	if (text->value.len)
		put_value(text, TERM_WARN, 0);
	text_out_newline(&text->out);
}

/* ---- sites, labels, errors ---- */

/* What the label of a crash without a report means, as far as it does not say so itself. */
static const char *meaning(const char *label) {
	static const char *const meanings[][2] = {
		{"late",
			": none came within the wait; one that comes later is found by 'agxtriage scan'"},
		{"quota", ": the system keeps only so many of one program"},
		{"unknown", ": nothing is known that explains it"},
	};
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (!strcmp(label, meanings[i][0]))
			return meanings[i][1];
	return "";
}

static void put_tally(struct text *text, enum experiment_tally tally, const char *heading) {
	struct experiment_tally_row *rows;
	struct arena arena;
	size_t count;
	arena_init(&arena, SIZE_MAX);
	if (experiment_tally(text->summary, tally, &arena, &rows, &count) < 0)
		text->out.buf->failed = true;
	else if (count)
		text_out_heading(&text->out, heading);
	for (size_t i = 0; i < count; i++) {
		buf_printf(value(text), "%s (%" PRIu64 ")%s", rows[i].name, rows[i].count,
			tally == EXPERIMENT_LABELS ? meaning(rows[i].name) : "");
		put_value(text, tally == EXPERIMENT_SITES ? TERM_SITE : TERM_WARN, ITEM_INDENT);
		if (text->summary->condition_count > 1)
			text_out_paragraph(&text->out, TERM_PLAIN, DETAIL_INDENT, rows[i].where);
	}
	arena_finish(&arena);
}

/* ---- comparisons ---- */

/* No crash on either side, no run that failed, both told something, both simulated or neither: all
 * that differs may be the throughput. */
static bool is_quiet(
	const struct experiment_summary *summary, const struct summary_comparison *comparison) {
	const struct summary_condition *left = &summary->conditions[comparison->a];
	const struct summary_condition *right = &summary->conditions[comparison->b];
	const uint64_t *a = left->outcomes, *b = right->outcomes;
	return !a[TRIAL_CRASHED] && !b[TRIAL_CRASHED] && !a[TRIAL_FAILED] && !b[TRIAL_FAILED] &&
	       !experiment_untold(a) && !experiment_untold(b) &&
	       experiment_is_simulated(left) == experiment_is_simulated(right);
}

static size_t count_quiet(const struct experiment_summary *summary, size_t part) {
	size_t count = 0;
	for (size_t i = 0; i < summary->comparison_count; i++)
		count += experiment_is_shown(summary, &summary->comparisons[i], part) &&
			 is_quiet(summary, &summary->comparisons[i]);
	return count;
}

/* "global against none, 1 thread: throughput ratio 1.01 (0.97 to 1.04)" */
static void put_quiet_line(struct text *text, const struct summary_comparison *comparison) {
	const struct summary_condition *conditions = text->summary->conditions;
	experiment_title(text->summary, comparison, value(text));
	if (comparison->has_ratio) {
		const struct sample_interval ratio = experiment_ratio(comparison);
		buf_add_str(&text->value, ": throughput ratio ");
		experiment_interval(&ratio, &text->value);
		if (conditions[comparison->a].throughput_count < EXPERIMENT_FEW_TRIALS ||
			conditions[comparison->b].throughput_count < EXPERIMENT_FEW_TRIALS)
			buf_add_str(&text->value, ", few trials");
	}
	put_value(text, TERM_PLAIN, DETAIL_INDENT);
}

/* Several of them would say the same again and again. */
static void put_quiet(struct text *text, size_t part) {
	const struct experiment_summary *summary = text->summary;
	text_out_paragraph(&text->out, TERM_BOLD, ITEM_INDENT, "No crash on either side");
	buf_add_str(value(text), "The table says how high the rates may still be; ");
	experiment_count(rate_runs_for_bound(EXPERIMENT_BOUND), &text->value);
	buf_printf(&text->value, " runs without a crash would bound one at %g %%.",
		EXPERIMENT_BOUND * 100);
	put_value(text, TERM_PLAIN, DETAIL_INDENT);
	for (size_t i = 0; i < summary->comparison_count; i++) {
		const struct summary_comparison *comparison = &summary->comparisons[i];
		if (experiment_is_shown(summary, comparison, part) && is_quiet(summary, comparison))
			put_quiet_line(text, comparison);
	}
}

static void put_part(struct text *text, size_t part, const char *heading) {
	const struct experiment_summary *summary = text->summary;
	size_t quiet = count_quiet(summary, part);
	bool begun = false;
	for (size_t i = 0; i < summary->comparison_count; i++) {
		const struct summary_comparison *comparison = &summary->comparisons[i];
		if (!experiment_is_shown(summary, comparison, part))
			continue;
		if (!begun)
			text_out_heading(&text->out, heading);
		begun = true;
		if (quiet > 1 && is_quiet(summary, comparison))
			continue;
		experiment_title(summary, comparison, value(text));
		put_value(text, TERM_BOLD, ITEM_INDENT);
		text_out_paragraph(&text->out, TERM_PLAIN, DETAIL_INDENT, comparison->conclusion);
	}
	if (quiet > 1)
		put_quiet(text, part);
}

static void put_comparisons(struct text *text) {
	static const char *const headings[EXPERIMENT_PARTS] = {
		[SUMMARY_EXPERIMENT] = "One experiment against another",
		[SUMMARY_BACKEND] = "Back ends",
		[SUMMARY_SCENARIO] = "Scenarios",
		[SUMMARY_LOCK] = "Locks",
		[SUMMARY_THREADS] = "More threads",
		[SUMMARY_SETTINGS] = "Settings of the trials",
		[SUMMARY_ENV] = "Environment",
		[SUMMARY_COMMAND] = "Commands",
		[SUMMARY_FACTOR_COUNT] = "Conditions that differ in more than one thing",
	};
	for (size_t i = 0; i < EXPERIMENT_PARTS; i++)
		put_part(text, i, headings[i]);
	experiment_caution(text->summary, value(text));
	if (!text->value.len)
		return;
	text_out_newline(&text->out);
	put_value(text, TERM_DIM, 0);
}

void experiment_text(
	const struct experiment_summary *summary, const struct term *term, struct buf *ret) {
	struct text text = {.out = {ret, term}, .summary = summary};
	put_head(&text);
	experiment_table_text(summary, term, ret);
	put_tally(&text, EXPERIMENT_SITES, "Sites of the crashes");
	put_tally(&text, EXPERIMENT_LABELS, "Crashes without a report");
	put_tally(&text, EXPERIMENT_ERRORS, "What failed");
	put_comparisons(&text);
	ret->failed = ret->failed || text.value.failed;
	buf_finish(&text.value);
}
