/* Which conditions are held against each other, and what came of it. */
#include "export/experiment_parts.h"

#include <errno.h>
#include <string.h>

/* Up to so many conditions every pair is compared, beyond that only those of one factor. */
#define ALL_PAIRS_CONDITIONS 64
/* A ratio's bootstrap takes some milliseconds: with more comparisons than that, only those that
 * matter get one. */
#define RATIOS_OF_ALL 300
/* Comparisons of which none matters more than another are shown when they are no more than that. */
#define SHOWN_WITHOUT_CHOICE 10

static bool is_none(const struct summary_condition *condition) {
	return condition->facts.lock && !strcmp(condition->facts.lock, "none");
}

/* The lock none, the smaller number of threads, else the first is what the other is held against.
 */
static bool base_is_b(
	const struct experiment_summary *summary, const struct summary_comparison *comparison) {
	const struct summary_condition *a = &summary->conditions[comparison->a];
	const struct summary_condition *b = &summary->conditions[comparison->b];
	if (!comparison->one_factor)
		return is_none(b) && !is_none(a);
	if (comparison->factor == SUMMARY_LOCK)
		return is_none(b);
	return comparison->factor == SUMMARY_THREADS &&
	       b->facts.threads.value < a->facts.threads.value;
}

/* Whether c, too, differs from the subject in nothing but the comparison's factor, and is the
 * better base: none before other locks, the same experiment before another one, the nearest number
 * of threads, the first of the rest. */
static bool is_better_base(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, size_t c) {
	size_t base = experiment_base(comparison);
	const struct summary_condition *now = &summary->conditions[base];
	const struct summary_condition *other = &summary->conditions[c];
	const struct summary_condition *subject =
		&summary->conditions[experiment_subject(comparison)];
	bool near = now->experiment == subject->experiment;
	bool other_near = other->experiment == subject->experiment;
	int64_t threads = other->facts.threads.value;
	if (comparison->factor == SUMMARY_LOCK && is_none(now) != is_none(other))
		return is_none(other);
	if (near != other_near)
		return other_near && (comparison->factor != SUMMARY_THREADS ||
					     threads < subject->facts.threads.value);
	if (comparison->factor == SUMMARY_THREADS && threads != now->facts.threads.value)
		return threads > now->facts.threads.value && threads < subject->facts.threads.value;
	return c < base;
}

static bool matters(
	const struct experiment_summary *summary, const struct summary_comparison *comparison) {
	const struct summary_condition *subject =
		&summary->conditions[experiment_subject(comparison)];
	for (size_t c = 0; c < summary->condition_count; c++) {
		const struct summary_condition *other = &summary->conditions[c];
		enum summary_factor factor;
		const char *variable = NULL;
		if (c == comparison->a || c == comparison->b || !other->runs ||
			experiment_differences(subject, other, &factor, &variable) != 1 ||
			factor != comparison->factor)
			continue;
		if (factor == SUMMARY_ENV && strcmp(variable, comparison->variable) != 0)
			continue;
		if (is_better_base(summary, comparison, c))
			return false;
	}
	return true;
}

static bool same_unit(const struct summary_condition *a, const struct summary_condition *b) {
	const char *left = a->facts.throughput_unit, *right = b->facts.throughput_unit;
	return left == right || (left && right && !strcmp(left, right));
}

static int compare_throughputs(const struct summary_condition *a, const struct summary_condition *b,
	struct summary_comparison *ret, struct err *err) {
	struct err reason = {0};
	if (!a->throughput_count || !b->throughput_count || !same_unit(a, b))
		return 0;
	int code = sample_ratio(a->throughputs, a->throughput_count, b->throughputs,
		b->throughput_count, &ret->ratio, &reason);
	ret->has_ratio = !code;
	/* One that is not positive has no ratio. */
	return code == -ENOMEM ? err_set(err, code, "out of memory") : 0;
}

static int conclude(
	struct experiment_summary *summary, struct summary_comparison *ret, struct err *err) {
	struct buf text = {0};
	experiment_conclude(summary, ret, false, &text);
	ret->conclusion = text.failed ? NULL : arena_strdup(&summary->arena, buf_str(&text));
	buf_finish(&text);
	return ret->conclusion ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* Everything but the throughputs. */
static void fill(const struct experiment_summary *summary, struct summary_comparison *ret) {
	const struct summary_condition *a = &summary->conditions[ret->a];
	const struct summary_condition *b = &summary->conditions[ret->b];
	const struct rate_counts left = {a->outcomes[TRIAL_CRASHED], a->runs};
	const struct rate_counts right = {b->outcomes[TRIAL_CRASHED], b->runs};
	ret->b_is_base = base_is_b(summary, ret);
	ret->matters = ret->one_factor && matters(summary, ret);
	ret->rate = rate_difference(&left, &right);
	ret->fisher_p = rate_fisher(&left, &right);
}

static int finish(
	struct experiment_summary *summary, struct summary_comparison *ret, struct err *err) {
	const struct summary_condition *a = &summary->conditions[ret->a];
	const struct summary_condition *b = &summary->conditions[ret->b];
	int code = 0;
	if (ret->matters || summary->comparison_count <= RATIOS_OF_ALL)
		code = compare_throughputs(a, b, ret, err);
	return code ? code : conclude(summary, ret, err);
}

static bool is_compared(
	const struct experiment_summary *summary, struct summary_comparison *comparison) {
	const struct summary_condition *a = &summary->conditions[comparison->a];
	const struct summary_condition *b = &summary->conditions[comparison->b];
	if (!a->runs || !b->runs)
		return false;
	comparison->one_factor =
		experiment_differences(a, b, &comparison->factor, &comparison->variable) == 1;
	return comparison->one_factor || summary->condition_count <= ALL_PAIRS_CONDITIONS;
}

int experiment_compare(struct experiment_summary *summary, struct err *err) {
	size_t cap = 0;
	int code = 0;
	for (size_t a = 0; a < summary->condition_count; a++)
		for (size_t b = a + 1; b < summary->condition_count; b++) {
			struct summary_comparison comparison = {.a = a, .b = b};
			if (!is_compared(summary, &comparison))
				continue;
			if (arena_grow(&summary->arena, (void **)&summary->comparisons,
				    summary->comparison_count, &cap, sizeof comparison))
				return err_set(err, -ENOMEM, "out of memory");
			fill(summary, &comparison);
			summary->comparisons[summary->comparison_count++] = comparison;
		}
	for (size_t i = 0; i < summary->comparison_count && !code; i++)
		code = finish(summary, &summary->comparisons[i], err);
	return code;
}

/* ---- which of them a page shows ---- */

static bool any_matters(const struct experiment_summary *summary) {
	for (size_t i = 0; i < summary->comparison_count; i++)
		if (summary->comparisons[i].matters)
			return true;
	return false;
}

static bool is_shown(
	const struct experiment_summary *summary, const struct summary_comparison *comparison) {
	return comparison->matters ||
	       (summary->comparison_count <= SHOWN_WITHOUT_CHOICE && !any_matters(summary));
}

bool experiment_is_shown(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, size_t part) {
	size_t its = comparison->one_factor ? comparison->factor : SUMMARY_FACTOR_COUNT;
	return its == part && is_shown(summary, comparison);
}

size_t experiment_shown_count(const struct experiment_summary *summary) {
	size_t count = 0;
	for (size_t i = 0; i < summary->comparison_count; i++)
		count += is_shown(summary, &summary->comparisons[i]);
	return count;
}

struct sample_interval experiment_ratio(const struct summary_comparison *comparison) {
	const struct sample_interval *ratio = &comparison->ratio;
	if (!comparison->b_is_base && comparison->has_ratio)
		return (struct sample_interval){1 / ratio->value, 1 / ratio->high, 1 / ratio->low};
	return *ratio;
}

struct rate_difference experiment_difference(const struct summary_comparison *comparison) {
	const struct rate_difference *rate = &comparison->rate;
	if (comparison->b_is_base)
		return *rate;
	return (struct rate_difference){-rate->difference, -rate->high, -rate->low};
}
