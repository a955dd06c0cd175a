/* The section of one incident: what happened, in facts, then threads and the rest folded. */
#include "base/text.h"
#include "export/page_parts.h"
#include "export/report_parts.h"
#include "export/text_headline.h"

#include <inttypes.h>
#include <string.h>

/* Texts of a report (application info, a panic) are cut here. */
#define TEXT_BYTES 8192

/* One fact of the list: opens it, and what is added then is its text. */
static void fact(struct buf *out, const char *label, const char *text) {
	if (text && *text) {
		html_printf(out, "<div class=\"fact\"><dt>%s</dt><dd>", label);
		html_clip(out, text, 400);
		buf_add_str(out, "</dd></div>\n");
	}
}

static void add_part(struct buf *text, const char *part) {
	if (part)
		buf_printf(text, "%s%s", text->len ? ", " : "", part);
}

static void add_heading(struct buf *out, const struct page_incident *incident) {
	const struct analysis_incident *row = incident->row;
	html_printf(out,
		"<section class=\"card incident\" id=\"incident-%" PRId64 "\" "
		"aria-labelledby=\"i%" PRId64 "\">\n<h3 id=\"i%" PRId64 "\">Incident ",
		row->id, row->id, row->id);
	page_incident_name(out, incident->analysis, row);
	buf_add_str(out, ", ");
	page_time(out, row->captured_at_us);
	buf_add_str(out, " UTC");
	if (incident->report->simulated || row->simulated)
		buf_add_str(out, " " PAGE_SIMULATED);
	page_status(out, row->status);
	buf_add_str(out, "</h3>\n");
}

static void add_headline(struct buf *out, const struct page_incident *incident) {
	struct buf text = {0};
	text_headline(&text, incident->report, incident->triage);
	buf_add_str(out, "<p class=\"lead\">");
	html_clip(out, buf_str(&text), 600);
	buf_add_str(out, "</p>\n");
	out->failed = out->failed || text.failed;
	buf_finish(&text);
}

static void add_site(struct buf *out, const struct triage *triage, struct buf *text) {
	add_part(text, triage->site);
	if (triage->site && triage->offset_unknown)
		buf_add_str(text, " (a fault offset not seen there before)");
	fact(out, "Site", buf_str(text));
	buf_reset(text);
}

static void add_fault(struct buf *out, const struct triage *triage, struct buf *text) {
	const struct fault *fault = &triage->fault;
	buf_reset(text);
	if (!fault->address.set)
		return;
	if (fault->kind == FAULT_NEAR_NULL)
		analysis_offset_text(fault->address.value, text);
	else
		buf_printf(text, "0x%" PRIx64, fault->address.value);
	if (fault->access != ACCESS_UNKNOWN)
		add_part(text, fault_access_names[fault->access]);
	add_part(text, fault->kind == FAULT_NONE ? NULL : fault_kind_names[fault->kind]);
	if (fault->base_register) {
		int64_t by = fault->displacement.value;
		buf_printf(text, ", base %s", fault->base_register);
		if (fault->displacement.set)
			buf_printf(text, " %s 0x%" PRIx64, by < 0 ? "-" : "+",
				by < 0 ? 0 - (uint64_t)by : (uint64_t)by);
	}
	fact(out, "Fault", buf_str(text));
}

static void add_exception(struct buf *out, const struct report *report, struct buf *text) {
	const struct report_exception *exception = &report->exception;
	buf_reset(text);
	add_part(text, exception->type);
	add_part(text, exception->signal);
	add_part(text, exception->subtype ? exception->subtype : exception->codes);
	add_part(text, exception->message);
	fact(out, "Exception", buf_str(text));
	buf_reset(text);
	add_part(text, report->termination.ns);
	add_part(text, report->termination.indicator);
	add_part(text, report->termination.by_process);
	fact(out, "Ended by", buf_str(text));
}

static void add_system(struct buf *out, const struct page_incident *incident, struct buf *text) {
	const struct report *report = incident->report;
	const struct driver *driver = &incident->triage->driver;
	buf_reset(text);
	add_part(text, driver->image);
	if (driver->version)
		buf_printf(text, " %s", driver->version);
	fact(out, "Driver", buf_str(text));
	buf_reset(text);
	add_part(text, report->os_version);
	add_part(text, report->os_build);
	add_part(text, report->hardware_model ? report->hardware_model : report->product);
	add_part(text, report->cpu_type);
	fact(out, "System", buf_str(text));
	buf_reset(text);
	for (size_t i = 0; i < incident->triage->framework_count; i++) {
		add_part(text, incident->triage->frameworks[i].name);
		if (incident->triage->frameworks[i].version)
			buf_printf(text, " %s", incident->triage->frameworks[i].version);
	}
	fact(out, "Frameworks", buf_str(text));
}

static void add_process(struct buf *out, const struct report *report, struct buf *text) {
	const struct report_process *process = &report->process;
	buf_reset(text);
	add_part(text, process->path ? process->path : process->name);
	if (process->pid.set)
		buf_printf(text, " [%" PRId64 "]", process->pid.value);
	if (process->parent)
		buf_printf(text, ", started by %s", process->parent);
	if (process->translated == TRI_YES)
		buf_add_str(text, ", translated by Rosetta");
	fact(out, "Process", buf_str(text));
}

static void add_gpu_event(struct buf *out, const struct report *report, struct buf *text) {
	const struct report_gpu_event *event = &report->gpu_event;
	if (report->kind != REPORT_GPU_EVENT)
		return;
	buf_reset(text);
	add_part(text, event->restart_reason_desc);
	if (event->signature.set)
		buf_printf(text, "%ssignature %" PRId64, text->len ? ", " : "",
			event->signature.value);
	fact(out, "Restart", buf_str(text));
}

static void add_facts(struct buf *out, const struct page_incident *incident) {
	const struct triage *triage = incident->triage;
	const struct report *report = incident->report;
	struct buf text = {0};
	buf_add_str(out, "<dl class=\"facts\">\n");
	add_site(out, triage, &text);
	if (triage->signature_text) {
		buf_printf(&text, "%s %s", triage->signature_hash, triage->signature_text);
		fact(out, "Signature", buf_str(&text));
	}
	add_fault(out, triage, &text);
	add_exception(out, report, &text);
	add_gpu_event(out, report, &text);
	fact(out, "Operation", triage->operation);
	if (report->kind == REPORT_CRASH) {
		buf_reset(&text);
		add_part(&text, report_attribution_words(attribution_names[triage->attribution]));
		add_part(&text, triage->attribution_reason);
		fact(out, "Looks like", buf_str(&text));
	}
	add_system(out, incident, &text);
	add_process(out, report, &text);
	fact(out, "Identifier", incident->row->incident_id);
	fact(out, "Report", incident->row->member);
	buf_add_str(out, "</dl>\n");
	out->failed = out->failed || text.failed;
	buf_finish(&text);
}

static void add_text(struct buf *out, const char *title, const char *text) {
	size_t len = strlen(text), shown = len < TEXT_BYTES ? len : TEXT_BYTES;
	while (shown < len && shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80)
		shown--;
	html_printf(out, "<details><summary>%s</summary>\n<pre>", title);
	html_text(out, text, shown, TEXT_LINES);
	if (shown < len)
		html_printf(out, "\n... and %zu more bytes", len - shown);
	buf_add_str(out, "</pre></details>\n");
}

static void add_texts(struct buf *out, const struct report *report) {
	for (size_t i = 0; i < report->app_info_count && i < 8; i++)
		add_text(out, "Application info", report->app_info[i]);
	if (report->panic_string)
		add_text(out, "Panic", report->panic_string);
	if (report->vm_region_info)
		add_text(out, "Memory around the address", report->vm_region_info);
	if (!report->warning_count)
		return;
	html_printf(out, "<details><summary>Odd in this report (%zu)</summary>\n<ul>\n",
		report->warning_count + report->warnings_lost);
	for (size_t i = 0; i < report->warning_count; i++)
		html_printf(out, "<li>%s</li>\n", report->warnings[i]);
	buf_add_str(out, "</ul></details>\n");
}

/* How it is shown where it is stored: a row number holds in this database alone. */
static void add_more(struct buf *out, const struct page_incident *incident) {
	const struct analysis_incident *row = incident->row;
	buf_add_str(out, "<p class=\"more\">");
	if (!page_leaves(incident->analysis))
		html_printf(
			out, "<code class=\"cmd\">agxtriage show %" PRId64 " -a</code> ", row->id);
	else if (row->incident_id)
		html_printf(
			out, "<code class=\"cmd\">agxtriage show %s -a</code> ", row->incident_id);
	buf_add_str(out, "<a href=\"#incidents\">All incidents</a></p>\n</section>\n");
}

void page_incident(struct buf *out, const struct page_incident *incident) {
	add_heading(out, incident);
	add_headline(out, incident);
	if (incident->raw_gone)
		buf_add_str(out,
			"<p class=\"note\">Retention has removed the bytes of this report; "
			"this is what its row keeps.</p>\n");
	add_facts(out, incident);
	page_threads(out, incident);
	add_texts(out, incident->report);
	add_more(out, incident);
}
