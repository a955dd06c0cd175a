/*
 * What the writers of the analysis share: its sections in Markdown, and how values are put. For
 * export/report_*.c only.
 */
#ifndef EXPORT_REPORT_PARTS_H
#define EXPORT_REPORT_PARTS_H

#include "export/analysis.h"

/* ---- values: report_values.c ---- */

/* As code, "unknown" for NULL. */
void report_code(struct buf *out, const char *text);
/* Escaped, on one line. */
void report_prose(struct buf *out, const char *text);
/* For fields that show text as it is: on one line, "unknown" for NULL. */
void report_plain(struct buf *out, const char *text);
/* One of those above. */
typedef void (*report_put_fn)(struct buf *out, const char *text);
/* "2025-12-21 01:36:18", "unknown" */
void report_time(struct buf *out, struct i64_opt us);
/* "2025-12-21" */
void report_day(struct buf *out, struct i64_opt us);
/* "2025-12-21 01:36:18 to 2025-12-23 08:00:00" */
void report_times(struct buf *out, struct i64_opt first, struct i64_opt last);
/* "23", "23, 4 of them simulated", "23, all simulated" */
void report_amount(struct buf *out, uint64_t count, uint64_t simulated);
/* "1 crash", "2 crashes" */
void report_crashes(struct buf *out, uint64_t count);
/* "`python3.11` 23, `ollama` 2 (simulated), 3 more"; at most max of them.
 * known: the unknown is left out. */
void report_counts(struct buf *out, const struct analysis_counts *counts, size_t max, bool known);
void report_counts_as(struct buf *out, const struct analysis_counts *counts, size_t max, bool known,
	report_put_fn put);
/* How many have a text. */
size_t report_known(const struct analysis_counts *counts);
/* "0x5c8 (1,480)", "wild pointer", "none": what most crashes of the site have. */
void report_fault(struct buf *out, const struct analysis_site *site);
void report_fault_as(struct buf *out, const struct analysis_site *site, report_put_fn put);
/* "`site`", or words for the crashes that no rule knows. */
void report_site_name(struct buf *out, const struct analysis_site *site);
/* "crash", "GPU event", "panic", ... */
const char *report_kind_words(enum report_kind kind);
/* "undetermined", "misuse of the API", "the driver" */
const char *report_attribution_words(const char *attribution);
/* The site that the whole is about: of the most crashes of a real driver; what no rule knows comes
 * last, and is about many things. NULL: there is none. */
const struct analysis_site *report_main_site(const struct analysis *analysis);
/* ", such as `reports/000012-....ips`": what to look at for an example, named as who reads it can
 * find it. */
void report_sample(struct buf *out, const struct analysis_site *site,
	const struct analysis *analysis, report_put_fn put);
/* What the crashes of the stack may differ in, in brackets; nothing where they do not. */
void report_alike(struct buf *out, const struct analysis_site *site);
/* "`EXC_BAD_ACCESS (SIGSEGV)`, `near_null` 0x10 (16), `read`" */
void report_group_fault(
	struct buf *out, const struct analysis_signature *signature, report_put_fn put);
/* What its sample and frames are shown by. Borrows of the signature. */
struct analysis_site report_group_site(const struct analysis_signature *signature);
/* Those of a mixed site. */
void report_groups(
	struct buf *out, const struct analysis *analysis, const struct analysis_site *site);
/* That an archive does not have everything that the numbers are of; nothing where it has. */
void report_partial(struct buf *out, const struct analysis *analysis);
/* Frames 0 .. count-1, one a line; the one that counts is marked. */
void report_frame_lines(struct buf *out, const struct analysis_site *site, size_t count);
/* The same as a block of code. */
void report_frames(struct buf *out, const struct analysis_site *site, size_t count);
/* "**SIMULATED**..." in a paragraph of its own when any of count is. */
void report_simulated(struct buf *out, uint64_t count, uint64_t simulated);

/* ---- sections; each ends with an empty line, or is nothing ---- */

void report_head(struct buf *out, const struct analysis *analysis);
void report_summary(struct buf *out, const struct analysis *analysis);
void report_sites(struct buf *out, const struct analysis *analysis);
/* One site, number counted from 1. */
void report_site(struct buf *out, const struct analysis *analysis, size_t at);
void report_regression(struct buf *out, const struct analysis *analysis);
void report_attribution(struct buf *out, const struct analysis *analysis);
void report_measured(struct buf *out, const struct analysis *analysis);
void report_workarounds(struct buf *out, const struct analysis *analysis);
void report_around(struct buf *out, const struct analysis *analysis);
void report_reproduce(struct buf *out, const struct analysis *analysis);
void report_files(struct buf *out, const struct analysis *analysis);
void report_about(struct buf *out, const struct analysis *analysis);

/* A measured way to bring crashes about. Texts borrowed for the call. */
struct report_recipe {
	const char *command;      /* of the experiment */
	const char *condition;    /* the one meant; NULL: it has no other */
	const char *rate, *trial; /* trial: one run by hand */
	uint64_t crashed, runs;
	/* The program of repro/; metal: for the simulated driver, the same on a real one, else
	 * NULL. */
	bool ours;
	const char *metal;
	bool simulated;
};
/* How to come by that program, for who has the archive. */
#define REPORT_BUILD \
	"Build repro/agxtriage-repro.m of this archive: repro/README.md has the command"
typedef void (*report_recipe_fn)(const struct report_recipe *recipe, void *user);
/* The surest few, each of another experiment, those of a real driver first. False: out of memory,
 * and texts are cut. */
bool report_recipes(const struct analysis *analysis, report_recipe_fn fn, void *user);

/* The condition of a real driver that crashed most often; NULL: none crashed. */
const struct summary_condition *report_worst(
	const struct analysis *analysis, const struct experiment_summary **ret_summary);

#endif
