/*
 * What the parts of the experiments' summary share: how they are compared, and how numbers, names
 * and commands are put into words. For export/experiment_*.c and the page's experiments only.
 */
#ifndef EXPORT_EXPERIMENT_PARTS_H
#define EXPORT_EXPERIMENT_PARTS_H

#include "export/experiment_summary.h"

/* ---- loading ---- */

/* Reads facts.env and facts.command into env, words and settings. What is no JSON of their kind is
 * none. -ENOMEM. */
int experiment_read_facts(struct arena *arena, struct summary_condition *condition);
/* p50, p95 and p99 of an operation in a trial's latencies; false when they are not there. */
bool experiment_read_latency(const char *json, double ret_us[3]);
/* Fills in the comparisons. -ENOMEM. */
int experiment_compare(struct experiment_summary *summary, struct err *err);

/* ---- conditions ---- */

/* In how many factors two conditions differ (every variable of env is one; the experiment only
 * where nothing else is). *ret_factor and *ret_variable: the last of them; both may be NULL. */
size_t experiment_differences(const struct summary_condition *a, const struct summary_condition *b,
	enum summary_factor *ret_factor, const char **ret_variable);
/* Whether the conditions of the summary have more than one value of it. */
bool experiment_varies(const struct experiment_summary *summary, enum summary_factor factor);
/* The value of env's variable; NULL: it has none. */
const char *experiment_variable(const struct summary_condition *condition, const char *name);
/* The value of one factor as a person says it: "4 threads". Nothing when there is none. */
void experiment_value(const struct experiment_summary *summary,
	const struct summary_condition *condition, enum summary_factor factor, struct buf *ret);
/* What differs between the two of a comparison, said of one of them: "global", else its name. */
void experiment_label(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, size_t index, struct buf *ret);
/* The base and the one that is held against it. */
size_t experiment_base(const struct summary_comparison *comparison);
size_t experiment_subject(const struct summary_comparison *comparison);
const struct store_experiment *experiment_of(
	const struct experiment_summary *summary, const struct summary_condition *condition);
/* What a page shows: comparisons that matter; all of them when none does and they are few. In
 * parts, one for each factor and one for those that differ in several. */
#define EXPERIMENT_PARTS (SUMMARY_FACTOR_COUNT + 1)
bool experiment_is_shown(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, size_t part);
size_t experiment_shown_count(const struct experiment_summary *summary);
/* What all conditions have in common and their names leave out: "sim, shared-queue, A=1". */
void experiment_common(const struct experiment_summary *summary, struct buf *ret);
/* Trials that count nowhere, in a sentence behind what ret holds; nothing when there are none. */
void experiment_uncounted(const struct experiment_summary *summary, struct buf *ret);

/* Fewer trials than that give an interval that is too narrow. */
#define EXPERIMENT_FEW_TRIALS 5
/* The rate up to which runs without a crash are counted. */
#define EXPERIMENT_BOUND 0.01

/* ---- words ---- */

/* "12,345" */
void experiment_count(uint64_t count, struct buf *ret);
/* Three or four digits that matter, with commas: "12,345", "812.3", "0.01234". */
void experiment_number(double value, struct buf *ret);
/* "340 us", "1.24 ms" */
void experiment_duration(double us, struct buf *ret);
/* "p 0.33", "p < 0.0001" */
void experiment_p(double p, struct buf *ret);
/* "2.14 (2.02 to 2.31)" */
void experiment_interval(const struct sample_interval *interval, struct buf *ret);
/* The ratio of subject to base, whichever of them a is. */
struct sample_interval experiment_ratio(const struct summary_comparison *comparison);
/* The difference of the rates, subject minus base. */
struct rate_difference experiment_difference(const struct summary_comparison *comparison);
/* In percentage points: "-38.3 (-51.0 to -25.9)" */
void experiment_points(const struct rate_difference *difference, struct buf *ret);
/* "global against none, 4 threads" */
void experiment_title(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, struct buf *ret);
/* One or two sentences on what a comparison shows; for Markdown, names are code in it. */
void experiment_conclude(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, bool markdown, struct buf *ret);
/* What has to be said of all comparisons together: chance, cause, the simulated driver. */
void experiment_caution(const struct experiment_summary *summary, struct buf *ret);
/* What experiments of this summary ran on and differ in: "system build: 24G419 (7), 25A123 (9)";
 * nothing when they do not. */
void experiment_platforms_differ(const struct experiment_summary *summary, struct buf *ret);

/* What is counted over all conditions. */
enum experiment_tally {
	EXPERIMENT_SITES,
	EXPERIMENT_LABELS,
	EXPERIMENT_ERRORS,
	EXPERIMENT_TALLY_COUNT,
};
struct experiment_tally_row {
	const char *name;
	uint64_t count;
	const char *where; /* "none, 4 threads: 7; ..." */
};
/* The most frequent first; errors may differ from trial to trial, so all behind the first
 * EXPERIMENT_TALLY_ROWS are one row. -ENOMEM. */
#define EXPERIMENT_TALLY_ROWS 20
int experiment_tally(const struct experiment_summary *summary, enum experiment_tally tally,
	struct arena *arena, struct experiment_tally_row **ret, size_t *ret_count);

#endif
