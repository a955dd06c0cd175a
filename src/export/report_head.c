/* The first page: what there is, in numbers, and the sites. */
#include "export/experiment_parts.h"
#include "export/report_parts.h"

#include <inttypes.h>

#define LIST_MAX 6
#define SITES_MAX 100

/* ---- head ---- */

static void put_filter(struct buf *out, const struct analysis *analysis) {
	bool any = analysis->filter_word_count || analysis->since_us.set || analysis->until_us.set;
	if (!any)
		return;
	buf_add_str(out, "Selected:");
	for (size_t i = 0; i < analysis->filter_word_count; i++) {
		buf_add_char(out, ' ');
		report_code(out, analysis->filter_words[i]);
	}
	if (analysis->since_us.set) {
		buf_add_str(out, " since ");
		report_time(out, analysis->since_us);
	}
	if (analysis->until_us.set) {
		buf_add_str(out, " until ");
		report_time(out, analysis->until_us);
	}
	buf_add_str(out, ".\n\n");
}

/* Sites that the rules know. */
static size_t known_sites(const struct analysis *analysis) {
	size_t known = 0;
	for (size_t i = 0; i < analysis->site_count; i++)
		known += analysis->sites[i].id != NULL;
	return known;
}

static void put_share(struct buf *out, const struct analysis *analysis) {
	size_t known = known_sites(analysis);
	uint64_t unknown = 0;
	if (known < analysis->site_count)
		unknown = analysis->sites[analysis->site_count - 1].count;
	if (known) {
		buf_printf(out, ", at %zu known site%s", known, known == 1 ? "" : "s");
		if (known > 2 && analysis->crashes) {
			double share = analysis->sites[0].share + analysis->sites[1].share;
			buf_printf(out, ", the first two with %.1f %% of them", share * 100);
		}
	}
	if (unknown && known) {
		buf_add_str(out, "; ");
		experiment_count(unknown, out);
		buf_add_str(out, " no rule knows");
	} else if (unknown)
		buf_add_str(out, ", none of which any rule knows");
}

static void put_number(struct buf *out, uint64_t count, const char *what) {
	if (count)
		buf_printf(out, "%" PRIu64 " %s%s", count, what, count == 1 ? "" : "s");
}

static void put_real(struct buf *out, const struct analysis *analysis) {
	uint64_t real = analysis->crashes - analysis->simulated;
	if (!real || !analysis->simulated)
		return;
	buf_add_str(out, " (");
	experiment_count(real, out);
	buf_add_str(out, " of a real driver, ");
	experiment_count(analysis->simulated, out);
	buf_add_str(out, " simulated)");
}

static void put_headline(struct buf *out, const struct analysis *analysis) {
	if (!analysis->crashes && !analysis->event_count) {
		buf_add_str(out, "Nothing here: no incident is stored, or none is selected.\n\n");
		return;
	}
	if (analysis->crashes) {
		buf_add_str(out, "**");
		report_crashes(out, analysis->crashes);
		buf_add_str(out, "**");
		put_real(out, analysis);
		put_share(out, analysis);
	} else {
		buf_add_str(out, "**No crash**");
	}
	if (analysis->gpu_events || analysis->panics) {
		buf_add_str(out, ". Besides ");
		put_number(out, analysis->gpu_events, "GPU event");
		buf_add_str(out, analysis->gpu_events && analysis->panics ? " and " : "");
		put_number(out, analysis->panics, "panic");
		buf_add_str(out, ", never counted as crashes");
	}
	buf_add_str(out, ".\n\n");
}

void report_head(struct buf *out, const struct analysis *analysis) {
	buf_add_str(out, "# GPU crashes: what the reports say\n\n");
	report_partial(out, analysis);
	put_headline(out, analysis);
	put_filter(out, analysis);
	report_simulated(out, analysis->crashes, analysis->simulated);
}

/* ---- summary ---- */

static void put_row(struct buf *out, const char *name, uint64_t count) {
	buf_printf(out, "| %s | ", name);
	experiment_count(count, out);
	buf_add_str(out, " |\n");
}

static void put_list(struct buf *out, const char *name, const struct analysis_counts *counts) {
	if (!report_known(counts))
		return;
	buf_printf(out, "| %s | ", name);
	report_counts(out, counts, LIST_MAX, true);
	buf_add_str(out, " |\n");
}

static void put_names(struct buf *out, const char *name, const struct analysis_counts *counts) {
	if (!counts->count)
		return;
	buf_printf(out, "| %s | ", name);
	for (size_t i = 0; i < counts->count; i++) {
		buf_add_str(out, i ? ", " : "");
		report_code(out, counts->items[i].text);
	}
	buf_add_str(out, " |\n");
}

static void put_totals(struct buf *out, const struct analysis *analysis) {
	uint64_t incidents = analysis_total(analysis);
	put_row(out, "Incidents, each counted once", incidents);
	put_row(out, "Files that they came from", analysis->files);
	if (analysis->copies.set && analysis->copies.value)
		put_row(out, "Further copies of those files", (uint64_t)analysis->copies.value);
	buf_add_str(out, "| Crashes | ");
	report_amount(out, analysis->crashes, analysis->simulated);
	buf_add_str(out, " |\n");
	put_row(out, "GPU events", analysis->gpu_events);
	put_row(out, "Panics", analysis->panics);
	if (analysis->other)
		put_row(out, "Other reports", analysis->other);
	if (analysis->raw_gone)
		put_row(out, "Rows whose report retention has removed", analysis->raw_gone);
}

void report_summary(struct buf *out, const struct analysis *analysis) {
	if (!analysis->crashes && !analysis->event_count)
		return;
	buf_add_str(out, "## Summary\n\n| What | How many |\n|---|---|\n");
	put_totals(out, analysis);
	if (analysis->crashes) {
		buf_add_str(out, "| Crashes from, to (UTC) | ");
		report_times(out, analysis->first_at_us, analysis->last_at_us);
		buf_add_str(out, " |\n");
	}
	put_list(out, "Processes", &analysis->processes);
	put_list(out, "Operations", &analysis->operations);
	put_list(out, "Systems", &analysis->os_versions);
	put_list(out, "System builds", &analysis->os_builds);
	put_list(out, "Driver", &analysis->driver_images);
	put_list(out, "Driver versions", &analysis->driver_versions);
	put_list(out, "Models", &analysis->models);
	put_names(out, "Frameworks in the typical reports", &analysis->frameworks);
	buf_add_str(out, "\n");
}

/* ---- the sites at a glance ---- */

static void put_others(struct buf *out, const struct analysis_site *site) {
	if (!site->told)
		buf_add_str(out, "unknown");
	else
		buf_printf(out, "%" PRIu64 " of %" PRIu64, site->concurrent, site->told);
}

static void put_site(struct buf *out, const struct analysis_site *site, size_t number) {
	buf_printf(out, "| %zu | ", number);
	report_site_name(out, site);
	buf_add_str(out, " | ");
	report_amount(out, site->count, site->simulated);
	buf_printf(out, " | %.1f %% | ", site->share * 100);
	report_fault(out, site);
	buf_add_str(out, " | ");
	report_counts(out, &site->accesses, 2, true);
	buf_add_str(out, " | ");
	report_counts(out, &site->operations, 2, true);
	buf_add_str(out, " | ");
	put_others(out, site);
	buf_printf(out, " | %s | ", report_attribution_words(site->attribution));
	report_prose(out, site->status);
	buf_add_str(out, " | ");
	report_day(out, site->last_at_us);
	buf_add_str(out, " |\n");
}

void report_sites(struct buf *out, const struct analysis *analysis) {
	if (!analysis->crashes)
		return;
	buf_add_str(out, "## Crash sites\n\n"
			 "| # | Site | Crashes | Share | Fault address | Access | Operations | "
			 "Another thread in Metal | Looks like | Status | Last seen |\n"
			 "|---:|---|---:|---:|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < analysis->site_count && i < SITES_MAX; i++)
		put_site(out, &analysis->sites[i], i + 1);
	if (analysis->site_count > SITES_MAX)
		buf_printf(out, "\n%zu more sites are left out here.\n",
			analysis->site_count - SITES_MAX);
	buf_add_str(out, "\n");
}
