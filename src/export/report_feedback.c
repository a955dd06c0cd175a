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

/* The one that the report is about: of the most crashes of a real driver; what no rule knows comes
 * last, and is about many things. */
static const struct analysis_site *main_site(const struct analysis *analysis) {
	for (size_t i = 0; i < analysis->site_count; i++)
		if (analysis->sites[i].count > analysis->sites[i].simulated)
			return &analysis->sites[i];
	return analysis->site_count ? &analysis->sites[0] : NULL;
}

static const struct analysis_frame *site_frame(const struct analysis_site *site) {
	for (size_t i = 0; i < site->stack_count; i++)
		if (site->stack[i].counts && site->stack[i].symbol)
			return &site->stack[i];
	return NULL;
}

/* " (AGXMetalG16X 329.2)" */
static void put_driver(
	struct buf *out, const struct analysis *analysis, const struct analysis_site *site) {
	const char *image = first_text(&analysis->driver_images);
	const char *version = first_text(&site->driver_versions);
	if (!image)
		return;
	buf_add_str(out, " (");
	report_prose(out, image);
	if (version) {
		buf_add_char(out, ' ');
		report_prose(out, version);
	}
	buf_add_char(out, ')');
}

static void put_where(struct buf *out, const struct analysis_site *site) {
	const struct analysis_frame *frame = site_frame(site);
	const char *process = first_text(&site->processes);
	struct buf name = {0};
	if (site->id && frame) {
		symbol_shorten(&name, frame->symbol, 80);
		buf_add_str(out, "Crash in ");
		report_code(out, buf_str(&name));
	} else if (site->id && site->title) {
		report_prose(out, site->title);
	} else {
		size_t known = report_known(&site->processes);
		buf_add_str(out, "Crashes of ");
		report_code(out, process);
		if (known > 1)
			buf_printf(
				out, " and %zu other program%s", known - 1, known == 2 ? "" : "s");
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
	report_prose(out, exception->text);
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
	const struct analysis_site *site = main_site(analysis);
	buf_add_str(out, "## Title\n\n");
	if (!site) {
		buf_printf(out, "%" PRIu64 " GPU events and %" PRIu64 " panics\n\n",
			analysis->gpu_events, analysis->panics);
		return;
	}
	if (site->simulated == site->count)
		buf_add_str(out, "(SIMULATED, not for Apple) ");
	put_where(out, site);
	put_driver(out, analysis, site);
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

static void put_site(struct buf *out, const struct analysis_site *site) {
	buf_add_str(out, "- ");
	report_site_name(out, site);
	buf_add_str(out, ": ");
	report_amount(out, site->count, site->simulated);
	buf_printf(out, " (%.1f %%), fault address ", site->share * 100);
	report_fault(out, site);
	if (report_known(&site->accesses)) {
		buf_add_str(out, ", access ");
		report_counts(out, &site->accesses, 2, true);
	}
	if (report_known(&site->base_registers)) {
		buf_add_str(out, ", base ");
		report_counts(out, &site->base_registers, 2, true);
	}
	if (site->told)
		buf_printf(out,
			"; in %" PRIu64 " of %" PRIu64
			" another thread was inside Metal or the driver",
			site->concurrent, site->told);
	buf_printf(out, "; looks like: %s\n", report_attribution_words(site->attribution));
}

static void put_stack(struct buf *out, const struct analysis_site *site) {
	if (!site->stack_count)
		return;
	buf_printf(out, "\nStack of %" PRIu64 " of the crashes of the first:\n\n<pre>\n",
		site->stack_crashes);
	report_frames(out, site, FRAMES_MAX);
	buf_add_str(out, "</pre>\n");
}

static void put_description(struct buf *out, const struct analysis *analysis) {
	buf_add_str(out, "## What happened?\n\n");
	report_simulated(out, analysis->crashes, analysis->simulated);
	if (!analysis->crashes)
		buf_add_str(out, "No crash is among the attached reports.\n");
	else {
		report_crashes(out, analysis->crashes);
		buf_add_str(out, " (each incident counted once), ");
		report_times(out, analysis->first_at_us, analysis->last_at_us);
		buf_add_str(out, " UTC:\n\n");
	}
	for (size_t i = 0; i < analysis->site_count && i < SITES_MAX; i++)
		put_site(out, &analysis->sites[i]);
	if (analysis->site_count > SITES_MAX)
		buf_printf(out, "- %zu more sites: REPORT.md\n", analysis->site_count - SITES_MAX);
	if (analysis->gpu_events || analysis->panics)
		buf_printf(out,
			"\nApart from these: %" PRIu64 " GPU events and %" PRIu64 " panics.\n",
			analysis->gpu_events, analysis->panics);
	const struct analysis_site *site = main_site(analysis);
	if (site && site == &analysis->sites[0])
		put_stack(out, site);
	buf_add_str(out, "\n");
}

/* ---- steps, expected and actual ---- */

static void put_command(struct buf *out, const struct store_experiment *experiment) {
	struct buf text = {0};
	experiment_command(experiment->command, &text);
	report_code(out, buf_str(&text));
	out->failed = out->failed || text.failed;
	buf_finish(&text);
}

static void put_steps(struct buf *out, const struct analysis *analysis) {
	const struct experiment_summary *summary = NULL;
	const struct summary_condition *worst = report_worst(analysis, &summary);
	const struct store_experiment *experiment = worst ? experiment_of(summary, worst) : NULL;
	buf_add_str(out, "## Steps to reproduce\n\n");
	if (!experiment) {
		buf_add_str(out, "Not known: no experiment reproduced it. The processes that "
				 "crashed: ");
		report_counts(out, &analysis->processes, SITES_MAX, false);
		buf_add_str(out, "\n\n");
		return;
	}
	if (experiment_is_simulated(worst))
		buf_add_str(out, "(SIMULATED: shows the method, and nothing of a real driver)\n\n");
	buf_add_str(out, "1. In a terminal: ");
	put_command(out, experiment);
	buf_add_str(out, "\n2. Wait for its table: how often each condition crashed\n\n");
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
		report_prose(out, buf_str(&rate));
		buf_printf(out, " with 95 %% confidence%s\n\n",
			experiment_is_simulated(worst) ? " (SIMULATED)" : "");
		buf_finish(&rate);
		return;
	}
	if (analysis->crashes)
		buf_add_str(out, "The crashes above; how often runs crash was not measured.\n\n");
	else
		buf_add_str(out, "The reports that are attached.\n\n");
}

/* ---- configuration ---- */

static void put_fact(struct buf *out, const char *name, const struct analysis_counts *counts) {
	buf_printf(out, "- %s: ", name);
	report_counts(out, counts, SITES_MAX, true);
	buf_add_str(out, "\n");
}

static void put_configuration(struct buf *out, const struct analysis *analysis) {
	buf_add_str(out, "## Configuration\n\n");
	put_fact(out, "Model", &analysis->models);
	put_fact(out, "System", &analysis->os_versions);
	put_fact(out, "Build", &analysis->os_builds);
	put_fact(out, "Driver", &analysis->driver_images);
	put_fact(out, "Driver version", &analysis->driver_versions);
	put_fact(out, "Process", &analysis->processes);
	if (analysis->frameworks.count) {
		buf_add_str(out, "- Frameworks in the typical reports:");
		for (size_t i = 0; i < analysis->frameworks.count; i++) {
			buf_add_str(out, i ? ", " : " ");
			report_code(out, analysis->frameworks.items[i].text);
		}
		buf_add_str(out, "\n");
	}
	buf_add_str(out, "\nThe numbers say of how many crashes the reports tell it.\n\n");
}

void analysis_feedback(const struct analysis *analysis, struct buf *ret) {
	buf_add_str(ret, "# For Apple's Feedback Assistant\n\n"
			 "Each heading is a field of the form.\n\n");
	put_title(ret, analysis);
	put_kind(ret, analysis);
	put_description(ret, analysis);
	put_steps(ret, analysis);
	put_actual(ret, analysis);
	put_configuration(ret, analysis);
	buf_printf(ret,
		"## Attachments\n\n- this archive: the %s in `reports/`, `REPORT.md` and "
		"`report.html` over all of them, and `SHA256SUMS`\n",
		analysis->redactor ? "reports, redacted," : "original reports");
	if (analysis->experiment_count)
		buf_add_str(ret, "- `experiments.json`: the measured rates\n");
	buf_add_str(ret, "\n");
	report_about(ret, analysis);
}
