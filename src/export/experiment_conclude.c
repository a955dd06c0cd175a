/*
 * What may be concluded, in words: never more than the counts carry. A rate of zero is a bound, a
 * difference has its interval, and nothing is said to cause anything.
 */
#include "export/experiment_parts.h"
#include "export/markdown.h"

#include <math.h>
#include <string.h>

/* Below the first a difference counts as shown, below the second it is at the edge of chance. */
#define SIGNIFICANT 0.05
#define EDGE 0.2
/* A command's line is shortened in a sentence; the table has it whole. */
#define LABEL_BYTES 60

struct sides {
	const struct experiment_summary *summary;
	const struct summary_comparison *comparison;
	const struct summary_condition *subject, *base;
	struct buf subject_label, base_label;
};

static void add_share(const struct summary_condition *condition, struct buf *ret) {
	experiment_count(condition->outcomes[TRIAL_CRASHED], ret);
	buf_add_str(ret, " of ");
	experiment_count(condition->runs, ret);
}

/* More than two digits would claim to be exact. */
static void add_about(uint64_t count, struct buf *ret) {
	uint64_t unit = 1;
	while (count / unit >= 100)
		unit *= 10;
	experiment_count((count + unit - 1) / unit * unit, ret);
}

static uint64_t fewer_runs(const struct sides *sides) {
	return sides->subject->runs < sides->base->runs ? sides->subject->runs : sides->base->runs;
}

/* When as many runs as should do have not done, a quarter more is tried. Measured rates are all
 * that there is to plan with, and are said to be assumed. */
static void add_advice(const struct sides *sides, struct buf *ret) {
	uint64_t runs = fewer_runs(sides), least = runs + runs / 4 + 1;
	uint64_t needed =
		rate_runs_needed(sides->subject->crash_rate.rate, sides->base->crash_rate.rate);
	buf_add_str(ret, " If the true rates are the measured ones, about ");
	add_about(needed > least ? needed : least, ret);
	buf_add_str(ret, " runs of each would show a difference four times of five.");
}

static void no_crash(
	const struct sides *sides, const struct rate_difference *difference, struct buf *ret) {
	double room = fmax(fabs(difference->low), fabs(difference->high));
	uint64_t needed = rate_runs_for_bound(EXPERIMENT_BOUND), runs = fewer_runs(sides);
	buf_add_str(ret, "No crash on either side (");
	add_share(sides->subject, ret);
	buf_add_str(ret, ", ");
	add_share(sides->base, ret);
	buf_printf(ret, "); the rates may still be up to %.1f points apart.", room * 100);
	if (needed <= runs)
		return;
	buf_add_str(ret, " About ");
	add_about(needed - runs, ret);
	buf_printf(ret, " more runs of each without a crash would bound both rates at %g %%.",
		EXPERIMENT_BOUND * 100);
}

static void equal_rates(
	const struct sides *sides, const struct rate_difference *difference, struct buf *ret) {
	buf_add_str(ret, "Both crashed as often (");
	add_share(sides->subject, ret);
	buf_add_str(ret, ", ");
	add_share(sides->base, ret);
	buf_printf(ret,
		"); differences from %+.1f to %+.1f points remain possible. Four times as many "
		"runs would halve that.",
		difference->low * 100, difference->high * 100);
}

static void add_counts(const struct sides *sides, struct buf *ret) {
	add_share(sides->subject, ret);
	buf_add_str(ret, " against ");
	add_share(sides->base, ret);
}

static void settled(
	const struct sides *sides, const struct rate_difference *difference, struct buf *ret) {
	buf_printf(ret, "%s crashed %s often than %s: ", buf_str(&sides->subject_label),
		difference->difference < 0 ? "less" : "more", buf_str(&sides->base_label));
	add_counts(sides, ret);
	buf_add_str(ret, ", ");
	experiment_points(difference, ret);
	buf_add_str(ret, " points, ");
	experiment_p(sides->comparison->fisher_p, ret);
	buf_add_char(ret, '.');
}

static void open_question(
	const struct sides *sides, const struct rate_difference *difference, struct buf *ret) {
	const struct summary_comparison *comparison = sides->comparison;
	buf_printf(ret, "%s crashed in ", buf_str(&sides->subject_label));
	add_share(sides->subject, ret);
	buf_printf(ret, " runs, %s in ", buf_str(&sides->base_label));
	add_share(sides->base, ret);
	buf_add_str(ret, ": ");
	experiment_points(difference, ret);
	buf_add_str(ret, " points, ");
	experiment_p(comparison->fisher_p, ret);
	buf_add_str(ret, comparison->fisher_p < EDGE ? ", at the edge of chance."
						     : ". The difference may well be chance.");
	add_advice(sides, ret);
}

/* What never came so far cannot have crashed there. */
static void nothing_told(
	const struct sides *sides, const char *subject, const char *base, struct buf *ret) {
	buf_printf(ret, "The crash rate of %s is unknown: %s.",
		buf_str(subject ? &sides->subject_label : &sides->base_label),
		subject ? subject : base);
	if (subject && base)
		buf_printf(ret, " That of %s, too: %s.", buf_str(&sides->base_label), base);
	buf_add_str(ret, " Runs that neither finish nor crash tell nothing of crashes.");
}

static void add_failed(const struct sides *sides, struct buf *ret) {
	uint64_t subject = sides->subject->outcomes[TRIAL_FAILED],
		 base = sides->base->outcomes[TRIAL_FAILED];
	if (!subject && !base)
		return;
	buf_add_str(ret, " Among them are runs that failed (");
	experiment_count(subject, ret);
	buf_add_str(ret, ", ");
	experiment_count(base, ret);
	buf_add_str(ret, "), which tell nothing of crashes.");
}

static void conclude_rates(const struct sides *sides, struct buf *ret) {
	const struct rate_difference difference = experiment_difference(sides->comparison);
	bool excludes_zero = difference.low > 0 || difference.high < 0;
	const char *subject = experiment_untold(sides->subject->outcomes);
	const char *base = experiment_untold(sides->base->outcomes);
	if (subject || base) {
		nothing_told(sides, subject, base, ret);
		return;
	}
	if (!sides->subject->outcomes[TRIAL_CRASHED] && !sides->base->outcomes[TRIAL_CRASHED])
		no_crash(sides, &difference, ret);
	else if (difference.difference == 0)
		equal_rates(sides, &difference, ret);
	else if (excludes_zero && sides->comparison->fisher_p < SIGNIFICANT)
		settled(sides, &difference, ret);
	else
		open_question(sides, &difference, ret);
	add_failed(sides, ret);
}

static void conclude_throughputs(const struct sides *sides, struct buf *ret) {
	const struct sample_interval ratio = experiment_ratio(sides->comparison);
	size_t few = sides->subject->throughput_count < sides->base->throughput_count
			     ? sides->subject->throughput_count
			     : sides->base->throughput_count;
	if (!sides->comparison->has_ratio)
		return;
	buf_printf(ret, " Throughput of %s: ", buf_str(&sides->subject_label));
	experiment_interval(&ratio, ret);
	buf_printf(ret, " times that of %s", buf_str(&sides->base_label));
	if (few < EXPERIMENT_FEW_TRIALS)
		buf_printf(ret, "; from %zu and %zu finished trials, too few for a firm interval",
			sides->subject->throughput_count, sides->base->throughput_count);
	else if (ratio.low <= 1 && ratio.high >= 1)
		buf_add_str(ret, "; no difference is shown");
	buf_add_char(ret, '.');
}

/* Cuts in front of a character, not inside one. */
static void shorten(struct buf *label) {
	size_t len = LABEL_BYTES;
	if (label->failed || label->len <= LABEL_BYTES)
		return;
	while (len && ((unsigned char)label->data[len] & 0xc0) == 0x80)
		len--;
	label->data[len] = '\0';
	label->len = len;
	buf_add_str(label, "\xe2\x80\xa6");
}

static void make_label(
	const struct sides *sides, size_t condition, bool markdown, struct buf *ret) {
	struct buf label = {0}, row = {0};
	experiment_label(sides->summary, sides->comparison, condition, &label);
	shorten(&label);
	if (markdown) { /* it will stand in a row of a table */
		buf_add_char(&row, '|');
		markdown_code(&row, buf_str(&label));
		buf_add_str(ret, buf_str(&row) + !row.failed);
	} else {
		buf_add(ret, buf_str(&label), label.len);
	}
	ret->failed = ret->failed || label.failed || row.failed;
	buf_finish(&row);
	buf_finish(&label);
}

void experiment_conclude(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, bool markdown, struct buf *ret) {
	size_t subject = experiment_subject(comparison), base = experiment_base(comparison);
	struct sides sides = {.summary = summary,
		.comparison = comparison,
		.subject = &summary->conditions[subject],
		.base = &summary->conditions[base]};
	make_label(&sides, subject, markdown, &sides.subject_label);
	make_label(&sides, base, markdown, &sides.base_label);
	conclude_rates(&sides, ret);
	conclude_throughputs(&sides, ret);
	if (experiment_is_simulated(sides.subject) != experiment_is_simulated(sides.base))
		buf_add_str(ret, " One of the two is simulated: nothing follows from this.");
	ret->failed = ret->failed || sides.subject_label.failed || sides.base_label.failed;
	buf_finish(&sides.subject_label);
	buf_finish(&sides.base_label);
}

void experiment_caution(const struct experiment_summary *summary, struct buf *ret) {
	size_t shown = experiment_shown_count(summary), made = summary->comparison_count;
	if (!shown)
		return;
	buf_printf(
		ret, "%zu comparison%s shown, of %zu made. ", shown, shown == 1 ? "" : "s", made);
	buf_add_str(ret,
		"Differences are in percentage points; every interval is of 95 %, every p is "
		"Fisher's: how often chance alone makes one at least as large");
	if (shown > 1) {
		buf_printf(ret,
			". Each stands for itself: where nothing differs, up to one comparison in "
			"twenty looks as if it did; of %zu together, only p of at most %.2g tells "
			"(Bonferroni)",
			shown, SIGNIFICANT / (double)shown);
	}
	buf_add_str(ret, ". What went together was measured, not what caused it.");
}

void experiment_uncounted(const struct experiment_summary *summary, struct buf *ret) {
	uint64_t open = 0, interrupted = 0;
	for (size_t i = 0; i < summary->condition_count; i++) {
		open += summary->conditions[i].outcomes[TRIAL_STARTED];
		interrupted += summary->conditions[i].outcomes[TRIAL_INTERRUPTED];
	}
	if (!open && !interrupted)
		return;
	buf_add_str(ret, ret->len ? " Not counted: " : "Not counted: ");
	if (interrupted) {
		experiment_count(interrupted, ret);
		buf_printf(ret, " interrupted%s", open ? ", " : ".");
	}
	if (open) {
		experiment_count(open, ret);
		buf_add_str(ret, " without an end.");
	}
}
