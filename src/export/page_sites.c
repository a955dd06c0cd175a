/* The table of crash sites, where they touch memory, and a part for each of them. */
#include "export/page_parts.h"
#include "export/report_parts.h"
#include "export/svg.h"

#include <inttypes.h>
#include <string.h>

/* Calls, offsets and signatures of a site that are listed; the rest is counted. */
#define ROWS_MAX 16

/* ---- all of them ---- */

static void put_text(struct buf *out, const char *text) {
	html_printf(out, "%s", text ? text : "unknown");
}

static void add_fault(struct buf *out, const struct analysis_site *site) {
	const struct analysis_counts *accesses = &site->accesses;
	report_fault_as(out, site, put_text);
	if (accesses->count && accesses->items[0].text)
		html_printf(out, " <small>%s%s</small>", accesses->items[0].text,
			accesses->count > 1 ? ", not all" : "");
	for (size_t i = 0; i < site->offset_count; i++)
		if (site->offsets[i].unknown) {
			buf_add_str(out, " <small>one not seen there before</small>");
			break;
		}
}

/* The first few that are known. */
static void add_operations(struct buf *out, const struct analysis_counts *counts) {
	size_t shown = 0;
	for (size_t i = 0; i < counts->count && shown < 2; i++) {
		if (!counts->items[i].text)
			continue;
		buf_add_str(out, shown++ ? ", " : "");
		html_clip(out, counts->items[i].text, PAGE_NAME_COLUMNS);
	}
	if (report_known(counts) > shown)
		buf_printf(out, ", %zu more", report_known(counts) - shown);
}

static void add_others(struct buf *out, const struct analysis_site *site) {
	if (!site->told) {
		buf_add_str(out, "unknown");
		return;
	}
	page_count(out, site->concurrent);
	buf_add_str(out, " of ");
	page_count(out, site->told);
}

static void add_state(struct buf *out, const struct analysis_site *site) {
	if (!site->status || strcmp(site->status, "open") == 0)
		buf_add_str(out, "open");
	page_status(out, site->status);
	if (site->fixed_in)
		html_printf(out, " <small>fixed in %s</small>", site->fixed_in);
}

static void add_row(struct page *page, size_t index) {
	const struct analysis_site *site = &page->analysis->sites[index];
	struct buf *out = &page->out;
	buf_add_str(out, "<tr><th scope=\"row\"><a href=\"#");
	page_site_anchor(out, page->analysis, index);
	buf_add_str(out, "\">");
	html_clip(out, page_site_name(site), PAGE_NAME_COLUMNS);
	buf_add_str(out, "</a>");
	if (site->title)
		html_printf(out, "<small>%s</small>", site->title);
	buf_add_str(out, "</th><td class=\"n\">");
	page_count_simulated(out, site->count, site->simulated);
	buf_add_str(out, "</td><td class=\"n\">");
	page_share(out, site->share);
	buf_printf(out,
		"<svg class=\"share\" width=\"64\" height=\"10\" aria-hidden=\"true\" "
		"focusable=\"false\"><rect class=\"h1\" width=\"64\" height=\"10\" rx=\"2\"></rect>"
		"<rect class=\"c0\" width=\"%.1f\" height=\"10\" rx=\"2\"></rect></svg></td><td>",
		site->share * 64);
	add_fault(out, site);
	buf_add_str(out, "</td><td>");
	add_operations(out, &site->operations);
	buf_add_str(out, "</td><td class=\"n\">");
	add_others(out, site);
	html_printf(out, "</td><td>%s</td><td>", report_attribution_words(site->attribution));
	add_state(out, site);
	buf_add_str(out, "</td><td>");
	page_date(out, site->first_at_us);
	buf_add_str(out, " ");
	page_date(out, site->last_at_us);
	buf_add_str(out, "</td></tr>\n");
}

static void add_table(struct page *page) {
	buf_add_str(&page->out,
		"<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Crash sites\">"
		"<table class=\"all\"><caption>Crash sites, the most frequent first. Days are UTC.</caption><thead><tr><th "
		"scope=\"col\">Site</th><th scope=\"col\" class=\"n\">Crashes</th><th "
		"scope=\"col\" class=\"n\">Share</th><th scope=\"col\">Fault</th><th "
		"scope=\"col\">Operations</th><th scope=\"col\" class=\"n\">Others in Metal</th>"
		"<th scope=\"col\">Looks like</th><th scope=\"col\">Status</th><th "
		"scope=\"col\">First, last</th></tr></thead>"
		"<tbody>\n");
	for (size_t i = 0; i < page->analysis->site_count; i++) {
		add_row(page, i);
		if (page->out.len > PAGE_PIECE_BYTES)
			page_flush(page);
	}
	buf_add_str(&page->out, "</tbody></table></div>\n");
}

/* ---- one ---- */

static void add_remark(struct buf *out, const struct analysis_site *site) {
	if (!site->note && !site->url && !site->fixed_in)
		return;
	buf_add_str(out, "<p class=\"note\">");
	if (site->note)
		html_printf(out, "%s ", site->note);
	if (site->fixed_in)
		html_printf(out, "Fixed in build %s. ", site->fixed_in);
	if (site->url && (text_starts(site->url, "https://") || text_starts(site->url, "http://")))
		html_printf(out, "<a rel=\"noreferrer noopener\" href=\"%s\">%s</a>", site->url,
			site->url);
	else
		html_printf(out, "%s", site->url);
	buf_add_str(out, "</p>\n");
}

static void add_facts(struct buf *out, const struct analysis_site *site) {
	buf_add_str(out, "<dl class=\"facts cols\">\n");
	page_counts(out, "Exception", &site->exceptions);
	page_counts(out, "Kind of address", &site->fault_kinds);
	page_counts(out, "Access", &site->accesses);
	page_counts(out, "Base register", &site->base_registers);
	page_counts(out, "Operation", &site->operations);
	page_counts(out, "Process", &site->processes);
	page_counts(out, "Queue", &site->queues);
	page_counts(out, "OS build", &site->os_builds);
	page_counts(out, "Driver version", &site->driver_versions);
	page_counts(out, "Model", &site->models);
	buf_add_str(out, "</dl>\n");
}

static void add_blame(struct buf *out, const struct analysis_site *site) {
	if (site->message) {
		buf_add_str(out, "<blockquote>");
		html_text(out, site->message, strlen(site->message), TEXT_LINES);
		buf_add_str(out, "</blockquote>\n");
	}
	if (site->attribution) {
		html_printf(out, "<p><b>Looks like: %s.</b> ",
			report_attribution_words(site->attribution));
		html_printf(out, "%s</p>\n", site->attribution_reason);
	}
	if (site->evidence_count)
		buf_add_str(out, "<ul>\n");
	for (size_t i = 0; i < site->evidence_count; i++)
		html_printf(out, "<li>%s</li>\n", site->evidence[i]);
	if (site->evidence_count)
		buf_add_str(out, "</ul>\n");
}

void page_stack(struct buf *out, const struct analysis_site *site) {
	buf_add_str(out, "<ol class=\"stack\" start=\"0\">\n");
	for (size_t i = 0; i < site->stack_count; i++) {
		const struct analysis_frame *frame = &site->stack[i];
		struct page_frame shown = {
			.image = frame->image, .symbol = frame->symbol, .counts = frame->counts};
		if (frame->symbol)
			shown.offset = frame->offset;
		else
			shown.image_offset = frame->offset;
		page_frame(out, &shown);
	}
	buf_add_str(out, "</ol>");
}

static void add_stack(
	struct buf *out, const struct analysis *analysis, const struct analysis_site *site) {
	if (!site->stack_count)
		return;
	html_printf(out,
		"<details open><summary>The most frequent stack, in %" PRIu64 " of %" PRIu64
		" crashes",
		site->stack_crashes, site->count);
	report_alike(out, site);
	report_sample(out, site, analysis, put_text);
	html_printf(out, ", %zu frame%s</summary>\n", site->stack_count,
		site->stack_count == 1 ? "" : "s");
	page_stack(out, site);
	buf_add_str(out, "</details>\n");
}

static void add_more(struct buf *out, size_t count, int columns) {
	if (count > ROWS_MAX)
		buf_printf(out, "<tr><td colspan=\"%d\" class=\"dim\">and %zu more</td></tr>\n",
			columns, count - ROWS_MAX);
}

static void add_calls(struct buf *out, const struct analysis_site *site) {
	if (!site->told) {
		buf_add_str(out,
			"<p><b>Concurrency:</b> what other threads did is not known of any "
			"of these crashes.</p>\n");
		return;
	}
	html_printf(out,
		"<p><b>Concurrency:</b> in %" PRIu64 " of %" PRIu64
		" crashes another thread was inside Metal or the driver, in %" PRIu64
		" inside the driver itself",
		site->concurrent, site->told, site->in_driver);
	if (site->ending)
		html_printf(out, "; in %" PRIu64 " one was ending or releasing an encoder",
			site->ending);
	buf_add_str(out, ".");
	if (site->told < site->count) {
		buf_add_str(out, " Of the other ");
		page_count(out, site->count - site->told);
		buf_add_str(out, " that is not known.");
	}
	buf_add_str(out, "</p>\n");
	if (!site->call_count)
		return;
	html_printf(out,
		"<details open><summary>The calls in which other threads were (%zu)</summary>\n<div "
		"class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Calls of other "
		"threads\"><table><caption>Calls of other threads at that moment</caption><thead>"
		"<tr><th scope=\"col\">Image</th><th scope=\"col\">Call</th><th scope=\"col\" "
		"class=\"n\">Crashes</th><th scope=\"col\" class=\"n\">not waiting</th></tr>"
		"</thead><tbody>\n",
		site->call_count);
	for (size_t i = 0; i < site->call_count && i < ROWS_MAX; i++) {
		const struct analysis_call *call = &site->calls[i];
		html_printf(out, "<tr><td>%s</td><th scope=\"row\"><code>", call->image);
		html_clip(out, call->symbol ? call->symbol : "unknown", PAGE_SYMBOL_COLUMNS);
		html_printf(out,
			"</code></th><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64
			"</td></tr>\n",
			call->crashes, call->running);
	}
	add_more(out, site->call_count, 4);
	buf_add_str(out, "</tbody></table></div></details>\n");
}

static void add_offset(struct buf *out, const struct analysis_offset *offset) {
	html_printf(out, "<tr><th scope=\"row\"><code>0x%" PRIx64 "</code>", offset->offset);
	if (offset->unknown)
		buf_add_str(out, " <span class=\"state\">not seen there before</span>");
	buf_add_str(out, "</th>");
	const uint64_t numbers[] = {offset->offset, offset->count, offset->reads, offset->writes};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		buf_add_str(out, "<td class=\"n\">");
		page_count(out, numbers[i]);
		buf_add_str(out, "</td>");
	}
	buf_add_str(out, "</tr>\n");
}

static void add_offsets(struct buf *out, const struct analysis_site *site) {
	bool unknown = false;
	if (!site->offset_count)
		return;
	html_printf(out,
		"<details open><summary>Offsets from NULL (%zu)</summary>\n<div class=\"scroll\" "
		"role=\"region\" tabindex=\"0\" aria-label=\"Offsets from NULL\"><table><caption>A "
		"NULL pointer plus the offset of a member</caption><thead><tr><th "
		"scope=\"col\">Offset</th><th scope=\"col\" class=\"n\">Decimal</th><th "
		"scope=\"col\" class=\"n\">Crashes</th><th scope=\"col\" "
		"class=\"n\">Reads</th><th scope=\"col\" class=\"n\">Writes</th></tr></thead>"
		"<tbody>\n",
		site->offset_count);
	for (size_t i = 0; i < site->offset_count && i < ROWS_MAX; i++) {
		add_offset(out, &site->offsets[i]);
		unknown = unknown || site->offsets[i].unknown;
	}
	add_more(out, site->offset_count, 5);
	buf_add_str(out, "</tbody></table></div>\n");
	if (unknown)
		buf_add_str(out, "<p class=\"dim\">Not seen there before: the rule of this site "
				 "knows other offsets, and not this one.</p>\n");
	buf_add_str(out, "</details>\n");
}

static void add_signature_state(struct buf *out, const struct analysis_signature *signature) {
	html_printf(out, "%s", signature->status ? signature->status : "open");
	if (signature->fixed_in)
		html_printf(out, ", fixed in %s", signature->fixed_in);
	if (signature->note)
		html_printf(out, "<small>%s</small>", signature->note);
	if (signature->url)
		html_printf(out, "<small>%s</small>", signature->url);
}

static void add_signatures(struct buf *out, const struct analysis_site *site) {
	if (!site->signature_count)
		return;
	html_printf(out,
		"<details><summary>Signatures (%zu)</summary>\n<div class=\"scroll\" "
		"role=\"region\" tabindex=\"0\" aria-label=\"Signatures\"><table><caption>"
		"Signatures of this site</caption><thead><tr><th scope=\"col\">Signature</th><th "
		"scope=\"col\" class=\"n\">Crashes</th><th scope=\"col\">Status</th><th scope=\"col\">What it is made "
		"of</th>"
		"</tr></thead><tbody>\n",
		site->signature_count);
	for (size_t i = 0; i < site->signature_count && i < ROWS_MAX; i++) {
		const struct analysis_signature *signature = &site->signatures[i];
		html_printf(out, "<tr><th scope=\"row\"><code>%s</code>", signature->hash);
		html_printf(out, "</th><td class=\"n\">%" PRIu64 "</td><td>", signature->count);
		add_signature_state(out, signature);
		buf_add_str(out, "</td><td><code>");
		html_clip(out, signature->text ? signature->text : "", PAGE_SYMBOL_COLUMNS * 2);
		buf_add_str(out, "</code></td></tr>\n");
	}
	add_more(out, site->signature_count, 4);
	buf_add_str(out, "</tbody></table></div></details>\n");
}

static void add_next(struct buf *out, const struct analysis_site *site) {
	if (!site->next_count)
		return;
	buf_add_str(out, "<p><b>To learn more:</b></p>\n<ul class=\"next\">\n");
	for (size_t i = 0; i < site->next_count; i++) {
		const char *reason = strstr(site->next[i], " # ");
		size_t len = reason ? (size_t)(reason - site->next[i]) : strlen(site->next[i]);
		buf_add_str(out, "<li><code class=\"cmd\">");
		html_text(out, site->next[i], len, TEXT_LINE);
		buf_add_str(out, "</code>");
		if (reason)
			html_printf(out, "<small>%s</small>", reason + 3);
		buf_add_str(out, "</li>\n");
	}
	buf_add_str(out, "</ul>\n");
}

static void add_site(struct page *page, size_t index) {
	const struct analysis_site *site = &page->analysis->sites[index];
	struct buf *out = &page->out;
	buf_add_str(out, "<section class=\"card site\" id=\"");
	page_site_anchor(out, page->analysis, index);
	html_printf(out, "\" aria-labelledby=\"s%zu\">\n<h3 id=\"s%zu\">%s", index, index,
		page_site_name(site));
	page_status(out, site->status);
	buf_add_str(out, "</h3>\n<p class=\"lead\">");
	if (site->title)
		html_printf(out, "%s. ", site->title);
	page_count_simulated(out, site->count, site->simulated);
	html_printf(out, " crash%s, ", site->count == 1 ? "" : "es");
	page_share(out, site->share);
	buf_add_str(out, " of all, from ");
	page_time(out, site->first_at_us);
	buf_add_str(out, " to ");
	page_time(out, site->last_at_us);
	buf_add_str(out, " UTC.</p>\n");
	add_remark(out, site);
	add_blame(out, site);
	if (site->mixed) {
		page_groups(out, page->analysis, site);
	} else {
		add_facts(out, site);
		add_offsets(out, site);
		add_stack(out, page->analysis, site);
		add_calls(out, site);
	}
	add_signatures(out, site);
	add_next(out, site);
	buf_add_str(out, "</section>\n");
	page_flush(page);
}

void page_sites(struct page *page) {
	const struct analysis *analysis = page->analysis;
	buf_add_str(&page->out, "<section id=\"sites\" aria-labelledby=\"sites-h\">\n<h2 "
				"id=\"sites-h\">Crash sites</h2>\n");
	if (!analysis->site_count)
		buf_add_str(&page->out, "<p class=\"none\">No crash was asked for.</p>\n");
	else
		add_table(page);
	svg_offsets(&page->out, analysis);
	for (size_t i = 0; i < analysis->site_count; i++)
		add_site(page, i);
	buf_add_str(&page->out, "</section>\n");
}
