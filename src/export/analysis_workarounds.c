/* What a lock or a setting did to the rate, and what it cost: measured, one sentence each; and what
 * else all writers put the same way. */
#include "export/analysis.h"
#include "export/experiment_parts.h"

#include <inttypes.h>

void analysis_offset_text(uint64_t offset, struct buf *ret) {
	buf_printf(ret, "0x%" PRIx64 " (", offset);
	experiment_count(offset, ret);
	buf_add_char(ret, ')');
}

void analysis_partial_text(const struct analysis *analysis, struct buf *ret) {
	uint64_t all = analysis_total(analysis);
	if (!analysis->members || !analysis->members->dropped)
		return;
	buf_add_str(ret, "This archive has the newest ");
	experiment_count(analysis->members->incidents, ret);
	buf_add_str(ret, " of ");
	experiment_count(all, ret);
	buf_add_str(ret, " incidents: its size is limited. The numbers here are over all ");
	experiment_count(all, ret);
	buf_add_str(ret, "; manifest.json names those that were left out.");
}

/* Others are no ways around a crash; nor is there one where nothing crashed. */
static bool is_way(
	const struct experiment_summary *summary, const struct summary_comparison *comparison) {
	uint64_t crashed = summary->conditions[comparison->a].outcomes[TRIAL_CRASHED] +
			   summary->conditions[comparison->b].outcomes[TRIAL_CRASHED];
	return crashed && comparison->one_factor && comparison->matters &&
	       (comparison->factor == SUMMARY_LOCK || comparison->factor == SUMMARY_ENV ||
		       comparison->factor == SUMMARY_SETTINGS);
}

static void add_rate(const struct summary_condition *condition, struct buf *ret) {
	experiment_summary_rate(condition, ret);
	if (experiment_untold(condition->outcomes))
		return;
	buf_add_str(ret, ", ");
	experiment_count(condition->outcomes[TRIAL_CRASHED], ret);
	buf_add_str(ret, " of ");
	experiment_count(condition->runs, ret);
	buf_add_str(ret, " runs");
}

static void add_price(const struct summary_comparison *comparison,
	const struct summary_condition *subject, const struct summary_condition *base,
	struct buf *ret) {
	size_t few = subject->throughput_count < base->throughput_count ? subject->throughput_count
									: base->throughput_count;
	if (!comparison->has_ratio) {
		buf_add_str(ret, "; what it costs was not measured");
		return;
	}
	const struct sample_interval ratio = experiment_ratio(comparison);
	buf_add_str(ret, "; throughput x ");
	experiment_interval(&ratio, ret);
	if (few < EXPERIMENT_FEW_TRIALS)
		buf_printf(ret, ", from %zu and %zu finished trials, too few for a firm interval",
			subject->throughput_count, base->throughput_count);
}

/* Whether so many runs tell the two apart. */
static void add_doubt(const struct summary_comparison *comparison, struct buf *ret) {
	const struct rate_difference difference = experiment_difference(comparison);
	if (difference.low <= 0 && difference.high >= 0) {
		buf_add_str(ret, "; the difference of the rates may be chance (");
		experiment_p(comparison->fisher_p, ret);
		buf_add_char(ret, ')');
	}
}

static void add_sentence(
	const struct analysis_workaround *workaround, const char *title, struct buf *ret) {
	const struct summary_condition *subject = workaround->subject, *base = workaround->base;
	buf_printf(ret, "%s%s: crash rate ", workaround->simulated ? "SIMULATED: " : "", title);
	add_rate(base, ret);
	buf_add_str(ret, " -> ");
	add_rate(subject, ret);
	if (!experiment_untold(subject->outcomes) && !experiment_untold(base->outcomes))
		add_doubt(workaround->comparison, ret);
	add_price(workaround->comparison, subject, base, ret);
	buf_printf(ret, " (experiment %" PRId64 ")", subject->experiment);
}

static void tell(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, analysis_workaround_fn fn, void *user) {
	struct buf sentence = {0}, title = {0};
	struct analysis_workaround workaround = {.comparison = comparison,
		.subject = &summary->conditions[experiment_subject(comparison)],
		.base = &summary->conditions[experiment_base(comparison)]};
	workaround.simulated = experiment_is_simulated(workaround.subject) ||
			       experiment_is_simulated(workaround.base);
	experiment_title(summary, comparison, &title);
	add_sentence(&workaround, buf_str(&title), &sentence);
	workaround.title = buf_str(&title);
	workaround.sentence = buf_str(&sentence);
	if (!sentence.failed && !title.failed)
		fn(&workaround, user);
	buf_finish(&sentence);
	buf_finish(&title);
}

void analysis_workarounds_each(
	const struct analysis *analysis, analysis_workaround_fn fn, void *user) {
	for (size_t i = 0; i < analysis->experiment_count; i++) {
		const struct experiment_summary *summary = &analysis->experiments[i];
		for (size_t j = 0; j < summary->comparison_count; j++)
			if (is_way(summary, &summary->comparisons[j]))
				tell(summary, &summary->comparisons[j], fn, user);
	}
}

struct sentences {
	analysis_sentence_fn fn;
	void *user;
};

static void tell_sentence(const struct analysis_workaround *workaround, void *user) {
	struct sentences *sentences = user;
	sentences->fn(workaround->sentence, sentences->user);
}

void analysis_workarounds(const struct analysis *analysis, analysis_sentence_fn fn, void *user) {
	struct sentences sentences = {fn, user};
	analysis_workarounds_each(analysis, tell_sentence, &sentences);
}
