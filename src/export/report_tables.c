/* What is told of all crashes together: where they happened, who looks to blame, what stood near in
 * time, and which reports it all came from. */
#include "export/experiment_parts.h"
#include "export/report_parts.h"

#include <inttypes.h>
#include <string.h>

#define CELLS_MAX 60
#define BUILDS_MAX 14
#define SITES_MAX 40
#define FILES_MAX 50
#define EVENTS_MAX 40

/* ---- regression ---- */

static void put_cell(struct buf *out, const struct analysis_cell *cell) {
	const char *texts[] = {cell->driver_version, cell->os_build, cell->hardware_model};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_add_str(out, "| ");
		report_code(out, texts[i]);
		buf_add_char(out, ' ');
	}
	buf_add_str(out, "| ");
	report_amount(out, cell->count, cell->simulated);
	buf_add_str(out, " | ");
	report_time(out, cell->first_at_us);
	buf_add_str(out, " | ");
	report_time(out, cell->last_at_us);
	buf_add_str(out, " |\n");
}

static void put_site_builds(struct buf *out, const struct analysis_site *site,
	const char *const *builds, size_t count) {
	buf_add_str(out, "| ");
	report_site_name(out, site);
	for (size_t i = 0; i < count; i++) {
		const struct analysis_count *found = NULL;
		for (size_t j = 0; j < site->os_builds.count && !found; j++)
			if (site->os_builds.items[j].text == builds[i])
				found = &site->os_builds.items[j];
		buf_add_str(out, " | ");
		report_amount(out, found ? found->count : 0, found ? found->simulated : 0);
	}
	buf_add_str(out, " |\n");
}

/* What one build has alone needs no table. */
static void put_builds(struct buf *out, const struct analysis *analysis) {
	const char *builds[BUILDS_MAX];
	size_t count = analysis_builds(analysis, builds, BUILDS_MAX);
	if (count < 2)
		return;
	buf_add_str(out, "Site by system build, in the order of release:\n\n| Site");
	for (size_t i = 0; i < count; i++) {
		buf_add_str(out, " | ");
		report_code(out, builds[i]);
	}
	buf_add_str(out, " |\n|---");
	for (size_t i = 0; i < count; i++)
		buf_add_str(out, "|---:");
	buf_add_str(out, "|\n");
	for (size_t i = 0; i < analysis->site_count && i < SITES_MAX; i++)
		put_site_builds(out, &analysis->sites[i], builds, count);
	if (analysis->site_count > SITES_MAX)
		buf_printf(out, "\n%zu more sites are left out here.\n",
			analysis->site_count - SITES_MAX);
	if (analysis->os_builds.count > count)
		buf_printf(out,
			"\nThe %zu builds with the most crashes; %zu others are left out.\n", count,
			analysis->os_builds.count - count);
	buf_add_str(out, "\n");
}

void report_regression(struct buf *out, const struct analysis *analysis) {
	if (!analysis->cell_count)
		return;
	buf_add_str(out, "## Driver version and system build\n\n"
			 "Crashes, not rates: how long each of them was in use is not known.\n\n");
	put_builds(out, analysis);
	buf_add_str(out,
		"| Driver version | System build | Model | Crashes | First (UTC) | Last (UTC) |\n"
		"|---|---|---|---:|---|---|\n");
	for (size_t i = 0; i < analysis->cell_count && i < CELLS_MAX; i++)
		put_cell(out, &analysis->cells[i]);
	if (analysis->cell_count > CELLS_MAX)
		buf_printf(out, "\n%zu more rows are left out here.\n",
			analysis->cell_count - CELLS_MAX);
	buf_add_str(out, "\n");
}

/* ---- attribution ---- */

/* The sites of one attribution, with their crashes. */
static void put_blamed(
	struct buf *out, const struct analysis *analysis, const struct analysis_count *item) {
	bool first = true;
	buf_printf(out, "| %s | ", report_attribution_words(item->text));
	report_amount(out, item->count, item->simulated);
	buf_add_str(out, " | ");
	for (size_t i = 0; i < analysis->site_count; i++) {
		const struct analysis_counts *counts = &analysis->sites[i].attributions;
		for (size_t j = 0; j < counts->count; j++) {
			if (counts->items[j].text != item->text)
				continue;
			buf_add_str(out, first ? "" : ", ");
			report_site_name(out, &analysis->sites[i]);
			buf_printf(out, " %" PRIu64, counts->items[j].count);
			first = false;
		}
	}
	buf_add_str(out, " |\n");
}

void report_attribution(struct buf *out, const struct analysis *analysis) {
	if (!analysis->attributions.count)
		return;
	buf_add_str(out,
		"## Who looks to blame\n\n"
		"Where it crashed is not who is to blame; each site tells the reason and what "
		"to run next.\n\n"
		"| Looks like | Crashes | Sites |\n|---|---:|---|\n");
	for (size_t i = 0; i < analysis->attributions.count; i++)
		put_blamed(out, analysis, &analysis->attributions.items[i]);
	buf_add_str(out, "\n");
}

/* ---- GPU events and panics ---- */

static void put_event(struct buf *out, const struct analysis_event *event) {
	buf_printf(out, "| %s | ", report_kind_words(event->kind));
	if (event->site)
		report_code(out, event->site);
	if (event->title) {
		buf_add_char(out, ' ');
		report_prose(out, event->title);
	}
	buf_add_str(out, " | ");
	report_amount(out, event->count, event->simulated);
	buf_add_str(out, " | ");
	report_times(out, event->first_at_us, event->last_at_us);
	buf_add_str(out, " |\n");
}

/* Only simulated events are near simulated crashes, so that those are told apart. */
static void put_near_gpu_events(struct buf *out, const struct store_correlation *near) {
	int64_t real = near->crashes - near->crashes_simulated;
	buf_printf(out,
		"- GPU events within 5 s of some crash: %" PRId64 " of %" PRId64
		", of a crash of the same process: %" PRId64
		"\n- crashes within 5 s of a GPU event "
		"of the same process: %" PRId64 " of %" PRId64,
		near->gpu_events_beside, near->gpu_events, near->gpu_events_near,
		near->near_gpu_event - near->near_simulated, real);
	if (near->crashes_simulated)
		buf_printf(out, ", and of the simulated ones %" PRId64 " of %" PRId64,
			near->near_simulated, near->crashes_simulated);
	buf_add_char(out, '\n');
}

static void put_correlation(struct buf *out, const struct store_correlation *near) {
	if (near->crashes && near->gpu_events)
		put_near_gpu_events(out, near);
	if (near->crashes && near->panics)
		buf_printf(out,
			"- panic within 5 minutes after a crash: %" PRId64 " of %" PRId64
			" panics\n",
			near->panics_near, near->panics);
	if (near->crashes && (near->gpu_events || near->panics))
		buf_add_str(out, "\nThat is nearness in time on one machine, and no cause.\n\n");
}

void report_around(struct buf *out, const struct analysis *analysis) {
	if (!analysis->event_count)
		return;
	buf_add_str(out, "## GPU events, panics and other reports\n\n"
			 "None of these is counted as a crash.\n\n"
			 "| Kind | What | How many | When (UTC) |\n|---|---|---:|---|\n");
	for (size_t i = 0; i < analysis->event_count && i < EVENTS_MAX; i++)
		put_event(out, &analysis->events[i]);
	if (analysis->event_count > EVENTS_MAX)
		buf_printf(out, "\n%zu more rows are left out here.\n",
			analysis->event_count - EVENTS_MAX);
	buf_add_str(out, "\n");
	put_correlation(out, &analysis->correlation);
}

/* ---- files ---- */

static void put_address(struct buf *out, const struct analysis_incident *incident) {
	if (incident->fault_address.set)
		buf_printf(out, "`0x%" PRIx64 "`", incident->fault_address.value);
	if (incident->fault_access) {
		buf_add_char(out, ' ');
		report_prose(out, incident->fault_access);
	}
}

/* What it is found by: in the archive, by its id wherever it is, or by its row here. */
static void put_place(struct buf *out, const struct analysis *analysis,
	const struct analysis_incident *incident) {
	bool leaves = analysis->members || analysis->redactor;
	if (incident->member)
		report_code(out, incident->member);
	else if (leaves && incident->incident_id)
		report_code(out, incident->incident_id);
	else if (leaves)
		buf_add_str(out, "without an id");
	else
		buf_printf(out, "%" PRId64, incident->id);
	if (incident->raw_gone)
		buf_add_str(out, " (its bytes are gone)");
	else if (analysis->members && !incident->member)
		buf_add_str(out, " (not in this archive)");
}

static void put_incident(struct buf *out, const struct analysis *analysis,
	const struct analysis_incident *incident) {
	buf_add_str(out, "| ");
	put_place(out, analysis, incident);
	buf_add_str(out, " | ");
	report_time(out, incident->captured_at_us);
	buf_printf(out, " | %s%s | ", report_kind_words(incident->kind),
		incident->simulated ? " (simulated)" : "");
	report_code(out, incident->process);
	buf_add_str(out, " | ");
	if (incident->site)
		report_code(out, incident->site);
	buf_add_str(out, " | ");
	put_address(out, incident);
	if (!analysis->members && !analysis->redactor) {
		buf_add_str(out, " | ");
		if (incident->incident_id)
			report_code(out, incident->incident_id);
	}
	buf_add_str(out, " |\n");
}

static void put_files_head(struct buf *out, const struct analysis *analysis) {
	buf_add_str(out, "## Reports\n\n");
	if (analysis->members)
		buf_add_str(out, "`agxtriage import` takes this archive in; `agxtriage show` then "
				 "finds each by the first characters of its id, which its name has "
				 "behind the number.\n\n");
	else if (analysis->redactor)
		buf_add_str(out, "`agxtriage show` finds each by the first characters of its id "
				 "where it is stored.\n\n");
	else
		buf_add_str(out, "`agxtriage show --raw ROW` gives the exact bytes of one.\n\n");
	if (analysis->members || analysis->redactor)
		buf_add_str(out, "| Report | Captured (UTC) | Kind | Process | Site | Fault |\n"
				 "|---|---|---|---|---|---|\n");
	else
		buf_add_str(out, "| Row | Captured (UTC) | Kind | Process | Site | Fault | "
				 "Incident |\n|---:|---|---|---|---|---|---|\n");
}

void report_files(struct buf *out, const struct analysis *analysis) {
	uint64_t more = analysis->incidents_unlisted;
	if (!analysis->incident_count)
		return;
	if (analysis->incident_count > FILES_MAX)
		more += analysis->incident_count - FILES_MAX;
	put_files_head(out, analysis);
	for (size_t i = 0; i < analysis->incident_count && i < FILES_MAX; i++)
		put_incident(out, analysis, &analysis->incidents[i]);
	if (more) {
		buf_add_str(out, "\n");
		experiment_count(more, out);
		buf_printf(out, " older ones: %s.\n",
			analysis->members ? "`incidents.json`" : "`agxtriage list`");
	}
	buf_add_str(out, "\n");
}

void report_about(struct buf *out, const struct analysis *analysis) {
	buf_printf(out,
		"---\nMade by agxtriage with rules %s from its database alone. All times are UTC, all "
		"intervals of 95 %%.%s\n",
		analysis->rules_version,
		analysis->redactor
			? " What tells of persons and machines stands as placeholders such as "
			  "`<user-1>`; the same value has the same placeholder."
			: "");
}
