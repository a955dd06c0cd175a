/*
 * The fields that Apple's Feedback Assistant asks for, filled in from what is known; where nothing
 * is known the field says so.
 */
#include "export/experiment_parts.h"
#include "export/report_parts.h"
#include "export/symbol.h"

#include <inttypes.h>
#include <string.h>

#define SITES_MAX 6
#define FRAMES_MAX 16

static const char *first_text(const struct analysis_counts *counts) {
	for (size_t i = 0; i < counts->count; i++)
		if (counts->items[i].text)
			return counts->items[i].text;
	return NULL;
}

static const struct analysis_frame *site_frame(const struct analysis_site *site) {
	for (size_t i = 0; i < site->stack_count; i++)
		if (site->stack[i].counts && site->stack[i].symbol)
			return &site->stack[i];
	return NULL;
}

static void put_number(struct buf *out, size_t count, const char *what) {
	buf_printf(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

/* " (AGXMetalG16X 329.2)", " (AGXMetalG16X, 6 driver versions)": names what all have. */
static void put_driver(struct buf *out, const struct analysis_site *site) {
	size_t images = report_known(&site->driver_images);
	size_t versions = report_known(&site->driver_versions);
	if (!images)
		return;
	buf_add_str(out, " (");
	if (images == 1)
		report_plain(out, first_text(&site->driver_images));
	else
		put_number(out, images, "GPU driver");
	if (images == 1 && versions == 1) {
		buf_add_char(out, ' ');
		report_plain(out, first_text(&site->driver_versions));
	} else if (versions) {
		buf_add_str(out, ", ");
		put_number(out, versions, "driver version");
	}
	buf_add_char(out, ')');
}

static void put_where(struct buf *out, const struct analysis_site *site) {
	const struct analysis_frame *frame = site_frame(site);
	struct buf name = {0};
	if (site->id && frame) {
		symbol_plain(&name, frame->symbol, 80);
		buf_add_str(out, "Crash in ");
		report_plain(out, buf_str(&name));
	} else if (site->id && site->title) {
		report_plain(out, site->title);
	} else {
		buf_add_str(out, "Crashes of ");
		report_plain(out, first_text(&site->processes));
		buf_add_str(out, " at no known site");
	}
	out->failed = out->failed || name.failed;
	buf_finish(&name);
}

/* What most of its crashes have in common, and nothing that only some have. */
static void put_cause(struct buf *out, const struct analysis_site *site) {
	const struct analysis_count *exception =
		site->exceptions.count ? &site->exceptions.items[0] : NULL;
	const char *access = first_text(&site->accesses);
	if (!exception || !exception->text || 2 * exception->count <= site->count)
		return;
	buf_add_str(out, ": ");
	report_plain(out, exception->text);
	if (!site->offset_count || 2 * site->offsets[0].count <= site->count)
		return;
	buf_printf(out, " on %s NULL",
		!access                      ? "access to"
		: !strcmp(access, "read")    ? "a read of"
		: !strcmp(access, "write")   ? "a write to"
		: !strcmp(access, "execute") ? "a jump to"
					     : "access to");
	if (site->offsets[0].offset) {
		buf_add_str(out, " + ");
		analysis_offset_text(site->offsets[0].offset, out);
	}
}

static void put_title(struct buf *out, const struct analysis *analysis) {
	const struct analysis_site *site = report_main_site(analysis);
	buf_add_str(out, "## Title\n\n");
	if (!site) {
		put_number(out, analysis->gpu_events, "GPU event");
		buf_add_str(out, " and ");
		put_number(out, analysis->panics, "panic");
		buf_add_str(out, "\n\n");
		return;
	}
	if (site->simulated == site->count)
		buf_add_str(out, "(SIMULATED, not for Apple) ");
	put_where(out, site);
	put_driver(out, site);
	put_cause(out, site);
	buf_add_str(out, "\n\n");
}

static void put_kind(struct buf *out, const struct analysis *analysis) {
	bool crashes = analysis->crashes > 0;
	buf_add_str(out, "## Which area are you seeing an issue with?\n\nMetal\n\n"
			 "## What type of issue are you reporting?\n\n");
	buf_add_str(out, crashes            ? "Application Crash"
			 : analysis->panics ? "System Crash (kernel panic)"
					    : "Incorrect/Unexpected Behavior");
	buf_add_str(out, "\n\n");
}

/* ---- what happened ---- */

/* Whether this is about a real driver; else everything is simulated, and marked so. */
static bool is_real(const struct analysis *analysis) {
	return analysis->crashes > analysis->simulated;
}

/* Crashes that count here. */
static uint64_t counted(const struct analysis *analysis, const struct analysis_site *site) {
	return is_real(analysis) ? site->count - site->simulated : site->count;
}

static uint64_t counted_of(const struct analysis *analysis, const struct analysis_count *item) {
	return is_real(analysis) ? item->count - item->simulated : item->count;
}

/* "read 85, write 2", most of them: of what counts here. False: nothing is known. */
static bool put_counts(struct buf *out, const struct analysis *analysis, const char *before,
	const struct analysis_counts *counts) {
	size_t shown = 0, more = 0;
	for (size_t i = 0; i < counts->count; i++) {
		const struct analysis_count *item = &counts->items[i];
		if (!item->text || !counted_of(analysis, item))
			continue;
		if (shown == SITES_MAX) {
			more++;
			continue;
		}
		buf_add_str(out, shown++ ? ", " : before);
		report_plain(out, item->text);
		buf_add_char(out, ' ');
		experiment_count(counted_of(analysis, item), out);
	}
	if (more)
		buf_printf(out, ", %zu more", more);
	return shown;
}

static void put_others(
	struct buf *out, const struct analysis *analysis, const struct analysis_site *site) {
	bool real = is_real(analysis);
	uint64_t told = site->told - (real ? site->told_simulated : 0);
	if (!told)
		return;
	buf_add_str(out, "; in ");
	experiment_count(site->concurrent - (real ? site->concurrent_simulated : 0), out);
	buf_add_str(out, " of ");
	experiment_count(told, out);
	buf_add_str(out, " another thread was inside Metal or the driver");
}

static void put_site(
	struct buf *out, const struct analysis *analysis, const struct analysis_site *site) {
	uint64_t all =
		is_real(analysis) ? analysis->crashes - analysis->simulated : analysis->crashes;
	buf_add_str(out, "- ");
	report_plain(out, site->id ? site->id : "known to no rule");
	buf_add_str(out, ": ");
	report_crashes(out, counted(analysis, site));
	buf_printf(out, " (%.1f %%), fault address ",
		100 * (double)counted(analysis, site) / (double)all);
	report_fault_as(out, site, report_plain);
	put_counts(out, analysis, ", access ", &site->accesses);
	put_counts(out, analysis, ", base ", &site->base_registers);
	put_others(out, analysis, site);
	buf_printf(out, "; looks like: %s\n", report_attribution_words(site->attribution));
}

static void put_sites(struct buf *out, const struct analysis *analysis) {
	size_t shown = 0, more = 0;
	for (size_t i = 0; i < analysis->site_count; i++) {
		if (!counted(analysis, &analysis->sites[i]))
			continue;
		if (shown++ < SITES_MAX)
			put_site(out, analysis, &analysis->sites[i]);
		else
			more++;
	}
	if (more)
		buf_printf(out, "- %zu more sites: REPORT.md\n", more);
}

static void put_stack(
	struct buf *out, const struct analysis *analysis, const struct analysis_site *site) {
	if (!site->stack_count)
		return;
	buf_add_str(out, "\nStack of ");
	experiment_count(site->stack_crashes, out);
	buf_add_str(out, site->stack_crashes == 1 ? " crash at " : " crashes at ");
	report_plain(out, site->id ? site->id : "no known site");
	report_alike(out, site);
	report_sample(out, site, analysis, report_plain);
	buf_add_str(out, ":\n\n");
	report_frame_lines(out, site, FRAMES_MAX);
}

static void put_simulated(struct buf *out, const struct analysis *analysis) {
	if (!analysis->simulated)
		return;
	buf_add_str(out, is_real(analysis) ? "\nNot counted above: " : "SIMULATED: ");
	report_crashes(out, analysis->simulated);
	buf_add_str(out, " of the simulated driver, which tell nothing of a real one.\n");
	if (!is_real(analysis))
		buf_add_char(out, '\n');
}

static void put_amounts(struct buf *out, const struct analysis *analysis) {
	uint64_t real = analysis->crashes - analysis->simulated;
	if (!analysis->crashes) {
		buf_add_str(out, "No crash is among the attached reports.\n");
		return;
	}
	report_crashes(out, real ? real : analysis->crashes);
	buf_add_str(out, " (each incident counted once), ");
	report_times(out, real ? analysis->real_first_at_us : analysis->first_at_us,
		real ? analysis->real_last_at_us : analysis->last_at_us);
	buf_add_str(out, " UTC:\n\n");
	put_sites(out, analysis);
}

static void put_description(struct buf *out, const struct analysis *analysis) {
	const struct analysis_site *site = report_main_site(analysis);
	buf_add_str(out, "## What happened?\n\n");
	if (!is_real(analysis))
		put_simulated(out, analysis);
	put_amounts(out, analysis);
	if (is_real(analysis))
		put_simulated(out, analysis);
	if (analysis->gpu_events || analysis->panics) {
		buf_add_str(out, "\nApart from these: ");
		put_number(out, analysis->gpu_events, "GPU event");
		buf_add_str(out, " and ");
		put_number(out, analysis->panics, "panic");
		buf_add_str(out, ".\n");
	}
	if (site)
		put_stack(out, analysis, site);
	buf_add_str(out, "\n");
}

/* ---- steps, expected and actual ---- */

struct steps {
	struct buf *out;
	bool simulated; /* those wanted */
	size_t count;
};

/* The first one alone. */
static void put_recipe(const struct report_recipe *recipe, void *user) {
	struct steps *steps = user;
	struct buf *out = steps->out;
	if (recipe->simulated || steps->count++)
		return;
	size_t number = 1;
	if (recipe->ours)
		buf_printf(out, "%zu. %s\n", number++, REPORT_BUILD);
	buf_printf(out, "%zu. Run it, more than once: ", number++);
	report_plain(out, recipe->trial);
	buf_printf(out, "\n%zu. See how it ends: ", number);
	experiment_count(recipe->crashed, out);
	buf_add_str(out, " of ");
	experiment_count(recipe->runs, out);
	buf_add_str(out, " such runs crashed here.\n\nThe experiment as a whole: ");
	report_plain(out, recipe->command);
	buf_add_str(out, "\n");
}

static void put_rehearsal(const struct report_recipe *recipe, void *user) {
	struct steps *steps = user;
	struct buf *out = steps->out;
	if (!recipe->simulated || steps->count++)
		return;
	if (recipe->metal) {
		buf_printf(out, "1. %s\n2. Run it, more than once: ", REPORT_BUILD);
		report_plain(out, recipe->metal);
		buf_add_str(out, "\n\n");
	}
	buf_add_str(out, "That was only rehearsed, SIMULATED, which shows the method and nothing "
			 "of a real driver: ");
	report_plain(out, recipe->command);
	buf_add_str(out, "\n");
}

static void put_steps(struct buf *out, const struct analysis *analysis) {
	struct steps steps = {.out = out};
	buf_add_str(out, "## Steps to reproduce\n\n");
	out->failed = !report_recipes(analysis, put_recipe, &steps) || out->failed;
	if (!steps.count) {
		struct steps rehearsals = {.out = out};
		buf_add_str(out, "Not known: no experiment reproduced it on a real driver. The "
				 "processes that crashed: ");
		if (!put_counts(out, analysis, "", &analysis->processes))
			buf_add_str(out, "unknown");
		buf_add_str(out, "\n");
		if (analysis->experiment_count) {
			struct buf words = {0};
			rehearsals.out = &words;
			report_recipes(analysis, put_rehearsal, &rehearsals);
			if (rehearsals.count)
				buf_printf(out, "\nTo try on a Mac:\n\n%s", buf_str(&words));
			out->failed = out->failed || words.failed;
			buf_finish(&words);
		}
	}
	buf_add_str(out, "\n");
}

static void put_actual(struct buf *out, const struct analysis *analysis) {
	const struct experiment_summary *summary = NULL;
	const struct summary_condition *worst = report_worst(analysis, &summary);
	buf_add_str(out, "## Expected result\n\nNo run ends by a signal.\n\n## Actual result\n\n");
	if (worst) {
		struct buf rate = {0};
		experiment_summary_rate(worst, &rate);
		buf_printf(out,
			"%" PRIu64 " of %" PRIu64 " runs crashed: ", worst->outcomes[TRIAL_CRASHED],
			worst->runs);
		report_plain(out, buf_str(&rate));
		buf_add_str(out, " with 95 % confidence\n\n");
		out->failed = out->failed || rate.failed;
		buf_finish(&rate);
		return;
	}
	if (analysis->crashes)
		buf_add_str(out, "The crashes above; how often runs crash was not measured on a "
				 "real driver.\n\n");
	else
		buf_add_str(out, "The reports that are attached.\n\n");
}

/* ---- configuration ---- */

static void put_fact(struct buf *out, const struct analysis *analysis, const char *name,
	const struct analysis_counts *counts) {
	buf_printf(out, "- %s: ", name);
	if (!put_counts(out, analysis, "", counts))
		buf_add_str(out, "unknown");
	buf_add_str(out, "\n");
}

static void put_configuration(struct buf *out, const struct analysis *analysis) {
	buf_add_str(out, "## Configuration\n\n");
	put_fact(out, analysis, "Model", &analysis->models);
	put_fact(out, analysis, "System", &analysis->os_versions);
	put_fact(out, analysis, "Build", &analysis->os_builds);
	put_fact(out, analysis, "Driver", &analysis->driver_images);
	put_fact(out, analysis, "Driver version", &analysis->driver_versions);
	put_fact(out, analysis, "Process", &analysis->processes);
	if (analysis->frameworks.count) {
		buf_add_str(out, "- Frameworks in the typical reports:");
		for (size_t i = 0; i < analysis->frameworks.count; i++) {
			buf_add_str(out, i ? ", " : " ");
			report_plain(out, analysis->frameworks.items[i].text);
		}
		buf_add_str(out, "\n");
	}
	buf_add_str(out, "\nThe numbers say of how many crashes the reports tell it.\n\n");
}

/* ---- attachments ---- */

static void put_attachments(struct buf *out, const struct analysis *analysis) {
	uint64_t all = analysis_total(analysis);
	bool whole = !analysis->members || !analysis->members->dropped;
	buf_add_str(out, "## Attachments\n\n- this archive: in reports/ the ");
	if (!whole)
		buf_add_str(out, "newest of the ");
	buf_add_str(out, analysis->redactor ? "reports, redacted; " : "original reports; ");
	buf_add_str(out, "REPORT.md and report.html over all of them; SHA256SUMS\n");
	if (!whole) {
		buf_add_str(out, "- not in it for its size: ");
		experiment_count(analysis->members->dropped, out);
		buf_add_str(out, " of ");
		experiment_count(all, out);
		buf_add_str(out, " incidents, the oldest; manifest.json names them\n");
	}
	if (analysis->experiment_count)
		buf_add_str(out, "- experiments.json: the measured rates\n");
	buf_add_str(out, "\n");
}

void analysis_feedback(const struct analysis *analysis, struct buf *ret) {
	buf_add_str(ret, "# For Apple's Feedback Assistant\n\n"
			 "Each heading is a field of the form; what stands below it is plain "
			 "text.\n\n");
	report_partial(ret, analysis);
	put_title(ret, analysis);
	put_kind(ret, analysis);
	put_description(ret, analysis);
	put_steps(ret, analysis);
	put_actual(ret, analysis);
	put_configuration(ret, analysis);
	put_attachments(ret, analysis);
	buf_printf(ret, "---\nMade by agxtriage with rules %s. All times are UTC.\n",
		analysis->rules_version);
}
