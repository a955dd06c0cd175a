/*
 * The report for a tracker that takes only so much text: whole sections go, from the least telling
 * on, so that what stays is whole.
 */
#include "export/experiment_parts.h"
#include "export/report_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SITES_MAX 20
/* Of the stack on the first screen. */
#define FRAMES_SHORT 8

typedef void (*section_fn)(struct buf *out, const struct analysis *analysis);

/* ---- the first screen ---- */

static void put_rate(struct buf *out, const struct analysis *analysis) {
	const struct experiment_summary *summary = NULL;
	const struct summary_condition *worst = report_worst(analysis, &summary);
	struct buf rate = {0};
	buf_add_str(out, "- How often: ");
	if (!worst) {
		buf_add_str(out, "not measured on a real driver\n");
		return;
	}
	experiment_summary_rate(worst, &rate);
	experiment_count(worst->outcomes[TRIAL_CRASHED], out);
	buf_add_str(out, " of ");
	experiment_count(worst->runs, out);
	buf_add_str(out, " runs crashed, ");
	report_prose(out, buf_str(&rate));
	buf_add_char(out, '\n');
	out->failed = out->failed || rate.failed;
	buf_finish(&rate);
}

struct first {
	struct buf *out;
	bool told;
};

/* Real ones come first; a rehearsal tells what to try. */
static void put_command(const struct report_recipe *recipe, void *user) {
	struct first *first = user;
	const char *command = recipe->simulated ? recipe->metal : recipe->trial;
	if (first->told || !command)
		return;
	first->told = true;
	buf_add_str(first->out, recipe->simulated ? "- To try on a Mac: " : "- To reproduce: ");
	report_code(first->out, command);
	buf_add_char(first->out, '\n');
}

static void put_short(struct buf *out, const struct analysis *analysis) {
	const struct analysis_site *site = report_main_site(analysis);
	struct first first = {.out = out};
	if (!site)
		return;
	uint64_t real = site->count - site->simulated;
	buf_add_str(out, "## In short\n\n- Where most crash: ");
	report_site_name(out, site);
	buf_add_str(out, ", ");
	report_crashes(out, real ? real : site->count);
	if (site->simulated) {
		buf_add_str(out, real ? " and " : ", ");
		experiment_count(site->simulated, out);
		buf_add_str(out, " simulated");
	}
	buf_printf(out, " (%.1f %% of all), fault address ", site->share * 100);
	report_fault(out, site);
	buf_printf(out, "; looks like: %s\n", report_attribution_words(site->attribution));
	put_rate(out, analysis);
	out->failed = !report_recipes(analysis, put_command, &first) || out->failed;
	if (site->stack_count) {
		buf_printf(out, "- The stack of %" PRIu64 " of them", site->stack_crashes);
		report_alike(out, site);
		report_sample(out, site, analysis, report_code);
		buf_add_str(out, ":\n\n");
		report_frames(out, site, FRAMES_SHORT);
	}
	buf_add_char(out, '\n');
}

/* In the order of reading; the smaller the rank the longer it stays. */
static const struct {
	section_fn write; /* NULL: the sites, one by one */
	int rank;
	const char *name;
} sections[] = {
	{report_head, 0, "the headline"},
	{put_short, 0, "it in short"},
	{report_summary, 3, "the summary"},
	{report_sites, 1, "the table of sites"},
	{NULL, 10, "a site"},
	{report_regression, 5, "driver version and system build"},
	{report_attribution, 7, "who looks to blame"},
	{report_workarounds, 4, "workarounds"},
	{report_measured, 9, "measured crash rates"},
	{report_around, 8, "GPU events and panics"},
	{report_reproduce, 6, "how to reproduce"},
	{report_files, 1000, "the list of reports"},
	{report_about, 2, "where this comes from"},
};
#define SECTIONS (sizeof sections / sizeof *sections)

struct piece {
	struct buf text;
	int rank;
	const char *name;
	bool dropped;
};

/* The first site is worth more than measurements, the tenth less. */
static size_t write_pieces(const struct analysis *analysis, struct piece *ret) {
	size_t count = 0;
	for (size_t i = 0; i < SECTIONS; i++) {
		if (sections[i].write) {
			struct piece *piece = &ret[count++];
			*piece = (struct piece){.rank = sections[i].rank, .name = sections[i].name};
			sections[i].write(&piece->text, analysis);
			continue;
		}
		for (size_t j = 0; j < analysis->site_count && j < SITES_MAX; j++) {
			struct piece *piece = &ret[count++];
			*piece = (struct piece){.rank = j ? sections[i].rank + (int)j : 2,
				.name = sections[i].name};
			report_site(&piece->text, analysis, j);
		}
	}
	return count;
}

static size_t length(const struct piece *pieces, size_t count) {
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += pieces[i].dropped ? 0 : pieces[i].text.len;
	return total;
}

static struct piece *least_telling(struct piece *pieces, size_t count) {
	struct piece *ret = NULL;
	for (size_t i = 0; i < count; i++)
		if (!pieces[i].dropped && pieces[i].text.len &&
			(!ret || pieces[i].rank >= ret->rank))
			ret = &pieces[i];
	return ret;
}

/* What is not here, so that nobody takes it for all. */
static void put_dropped(struct buf *out, const struct analysis *analysis,
	const struct piece *pieces, size_t count) {
	size_t sites = analysis->site_count > SITES_MAX ? analysis->site_count - SITES_MAX : 0;
	bool first = true;
	for (size_t i = 0; i < count; i++) {
		bool site = !strcmp(pieces[i].name, "a site");
		if (!pieces[i].dropped)
			continue;
		sites += site;
		if (site)
			continue;
		buf_add_str(out, first ? "\nLeft out for its length: " : ", ");
		buf_add_str(out, pieces[i].name);
		first = false;
	}
	if (sites) {
		buf_add_str(out, first ? "\nLeft out for its length: " : ", ");
		buf_printf(out, "%zu site%s in full", sites, sites == 1 ? "" : "s");
		first = false;
	}
	if (!first)
		buf_add_str(out, ". The whole is in REPORT.md.\n");
}

/* Drops until it fits, with the sentence that tells what was dropped. */
static void fit(const struct analysis *analysis, struct piece *pieces, size_t count, size_t max,
	struct buf *ret) {
	struct buf dropped = {0};
	for (;;) {
		buf_reset(&dropped);
		put_dropped(&dropped, analysis, pieces, count);
		if (length(pieces, count) + dropped.len <= max)
			break;
		struct piece *piece = least_telling(pieces, count);
		if (!piece) {
			buf_reset(&dropped);
			break;
		}
		piece->dropped = true;
	}
	for (size_t i = 0; i < count; i++) {
		ret->failed = ret->failed || pieces[i].text.failed;
		if (!pieces[i].dropped)
			buf_add(ret, buf_str(&pieces[i].text), pieces[i].text.len);
	}
	buf_add(ret, buf_str(&dropped), dropped.len);
	ret->failed = ret->failed || dropped.failed;
	buf_finish(&dropped);
}

void analysis_issue(const struct analysis *analysis, size_t max, struct buf *ret) {
	struct piece *pieces = calloc(SECTIONS + SITES_MAX, sizeof *pieces);
	if (!pieces) {
		ret->failed = true;
		return;
	}
	size_t count = write_pieces(analysis, pieces);
	fit(analysis, pieces, count, max, ret);
	for (size_t i = 0; i < count; i++)
		buf_finish(&pieces[i].text);
	free(pieces);
}
