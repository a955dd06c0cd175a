/* The table of incidents, one line each. */
#include "base/clock.h"
#include "export/page_parts.h"

#include <inttypes.h>
#include <string.h>

/* Ten thousand of these lines are most of the page, so they are kept short. */
#define CELL_COLUMNS 28
/* Lines of one table. */
#define TABLE_ROWS 1000

static void add_cell(struct buf *out, const char *text) {
	buf_add_str(out, "<td>");
	if (text)
		html_clip(out, text, CELL_COLUMNS);
	buf_add_str(out, "</td>");
}

static void add_time(struct buf *out, struct i64_opt us) {
	char iso[CLOCK_TEXT_BYTES];
	buf_add_str(out, "<td>");
	if (us.set) {
		clock_format_iso(us.value, iso);
		buf_printf(out, "%.10s %.8s", iso, iso + 11);
	}
	buf_add_str(out, "</td>");
}

static void add_what(struct buf *out, const struct analysis_incident *incident) {
	buf_add_str(out, "<td>");
	if (incident->site)
		html_clip(out, incident->site, PAGE_NAME_COLUMNS);
	else if (incident->kind == REPORT_CRASH)
		buf_add_str(out, "<i>no known site</i>");
	else
		html_printf(out, "<i>%s</i>", report_kind_names[incident->kind]);
	page_status(out, incident->status);
	buf_add_str(out, "</td>");
}

static void add_fault(struct buf *out, const struct analysis_incident *incident) {
	buf_add_str(out, "<td>");
	if (incident->fault_address.set)
		html_printf(out, "0x%" PRIx64 "%s%s", incident->fault_address.value,
			incident->fault_access ? " " : "", incident->fault_access);
	else if (incident->signal)
		html_clip(out, incident->signal, CELL_COLUMNS);
	buf_add_str(out, "</td>");
}

static void add_row(struct buf *out, const struct analysis *analysis,
	const struct analysis_incident *incident, bool has_section) {
	buf_add_str(out, "<tr><th scope=\"row\">");
	if (has_section)
		html_printf(out, "<a href=\"#incident-%" PRId64 "\">", incident->id);
	else if (!page_leaves(analysis))
		buf_add_str(out, "<code>agxtriage show ");
	page_incident_name(out, analysis, incident);
	if (has_section)
		buf_add_str(out, "</a>");
	else if (!page_leaves(analysis))
		buf_add_str(out, "</code>");
	buf_add_str(out, incident->simulated ? " " PAGE_SIMULATED "</th>" : "</th>");
	add_time(out, incident->captured_at_us);
	add_what(out, incident);
	add_fault(out, incident);
	buf_add_str(out, "<td>");
	if (incident->process)
		html_clip(out, incident->process, CELL_COLUMNS);
	if (incident->pid.set)
		buf_printf(out, " [%" PRId64 "]", incident->pid.value);
	buf_add_str(out, "</td>");
	add_cell(out, incident->operation);
	add_cell(out, incident->driver_version);
	add_cell(out, incident->os_build);
	add_cell(out, incident->hardware_model);
	buf_add_str(out, "</tr>\n");
}

static void add_head(struct page *page) {
	const struct analysis *analysis = page->analysis;
	struct buf *out = &page->out;
	buf_add_str(out, "<p>");
	page_count(out, analysis->incident_count);
	html_printf(out, " incident%s, newest first", analysis->incident_count == 1 ? "" : "s");
	if (analysis->incidents_unlisted) {
		buf_add_str(out, " (");
		page_count(out, analysis->incidents_unlisted);
		buf_add_str(out, " older ones are counted above and not listed here)");
	}
	buf_add_str(out, ". ");
	page_count(out, page->detail_count);
	buf_add_str(out, page->detail_count == 1
				 ? " of them stands in full below, with all of its threads"
				 : " of them stand in full below, with all of their threads");
	if (page->detail_count < analysis->incident_count)
		buf_add_str(out, ": the newest of each site and signature, then the newest of all. "
				 "For the others the first column tells what to look for");
	if (analysis->members) {
		buf_add_str(out, ". Incidents are named as the numbers that their files in "
				 "reports/ begin with");
		if (analysis->members->dropped)
			buf_add_str(out, ", those that were left out as the first characters of "
					 "their ids");
		buf_add_str(out, ". <code>agxtriage import</code> takes the archive in; "
				 "<code>agxtriage show</code> then finds each by the first "
				 "characters of its id, which its file has behind the number");
	} else if (analysis->redactor)
		buf_add_str(out,
			". Incidents are named by the first characters of their ids: "
			"where they are stored, <code>agxtriage show</code> finds them so");
	buf_add_str(out, ".</p>\n<div id=\"find\"></div>\n");
}

/* A table of its own for so many lines, folded but for the newest: a browser lays out what is seen.
 */
static void open_table(struct page *page, size_t from) {
	struct buf *out = &page->out;
	struct buf *range = page_text(page);
	size_t last = from + TABLE_ROWS, count = page->analysis->incident_count;
	page_count(range, from + 1);
	buf_add_str(range, " to ");
	page_count(range, last < count ? last : count);
	if (from)
		buf_printf(out, "<details class=\"older\"><summary>Incidents %s</summary>\n",
			buf_str(range));
	buf_printf(out,
		"<div class=\"scroll tall\" role=\"region\" tabindex=\"0\" "
		"aria-label=\"Incidents %s\"><table%s class=\"list\"><caption>Incidents %s, newest "
		"first. Times are UTC.</caption><thead><tr><th scope=\"col\">Incident</th><th "
		"scope=\"col\">When</th><th scope=\"col\">Site</th><th scope=\"col\">Fault</th>"
		"<th scope=\"col\">Process</th><th scope=\"col\">Operation</th><th "
		"scope=\"col\">Driver</th><th scope=\"col\">OS build</th><th "
		"scope=\"col\">Model</th></tr></thead><tbody>\n",
		buf_str(range), from ? "" : " id=\"list\"", buf_str(range));
}

static void close_table(struct buf *out, size_t from) {
	buf_add_str(out, "</tbody></table></div>\n");
	if (from)
		buf_add_str(out, "</details>\n");
}

static void add_rows(struct page *page) {
	const struct analysis *analysis = page->analysis;
	size_t next = 0, from = 0;
	open_table(page, 0);
	for (size_t i = 0; i < analysis->incident_count && page->code == 0; i++) {
		bool has_section = next < page->detail_count && page->details[next].incident == i;
		next += has_section;
		if (i == from + TABLE_ROWS) {
			close_table(&page->out, from);
			open_table(page, i);
			from = i;
		}
		add_row(&page->out, analysis, &analysis->incidents[i], has_section);
		if (page->out.len > PAGE_PIECE_BYTES)
			page_flush(page);
	}
	close_table(&page->out, from);
}

void page_incidents(struct page *page) {
	buf_add_str(&page->out, "<section id=\"incidents\" aria-labelledby=\"incidents-h\">\n<h2 "
				"id=\"incidents-h\">Incidents</h2>\n");
	add_head(page);
	if (page->analysis->incident_count)
		add_rows(page);
	buf_add_str(&page->out, "</section>\n");
}
