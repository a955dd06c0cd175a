/* A run as a piece of a Markdown page. Text from outside stands as code. */
#include "cli/run_report.h"

#include "export/markdown.h"
#include "export/text_headline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A page may not grow without bound (GitHub's summary takes 1 MiB): the end counts. */
#define PAGE_TEXT_BYTES (16u << 10)

struct page {
	struct buf *out;
	const struct run_report *report;
	struct buf value; /* scratch for one cell */
};

static struct buf *value(struct page *page) {
	buf_reset(&page->value);
	return &page->value;
}

/* A row of a table; nothing for an empty value. */
static void row(struct page *page, const char *label, const char *text) {
	if (!text || !*text)
		return;
	buf_printf(page->out, "| %s | ", label);
	markdown_code(page->out, text);
	buf_add_str(page->out, " |\n");
}

static void add_folded(struct page *page, const char *title, const char *text) {
	size_t len = strlen(text);
	if (!len)
		return;
	if (len > PAGE_TEXT_BYTES) {
		text += len - PAGE_TEXT_BYTES;
		text += strcspn(text, "\n");
		len = strlen(text);
	}
	buf_printf(page->out, "\n<details><summary>%s</summary>\n\n", title);
	markdown_block(page->out, text, len);
	buf_add_str(page->out, "\n</details>\n");
}

static void put_incident(const struct text_view *view, void *user) {
	struct page *page = user;
	const struct triage *triage = view->triage;
	text_headline(value(page), view->report, triage);
	buf_add_str(page->out, "\n#### ");
	markdown_code(page->out, buf_str(&page->value));
	if (view->report->simulated)
		buf_add_str(page->out, " (simulated)");
	buf_add_str(page->out, "\n\n| | |\n|---|---|\n");
	row(page, "Site", triage->site ? triage->site : "none known");
	row(page, "Title", triage->site_title);
	run_report_status(view, value(page));
	row(page, "Status", buf_str(&page->value));
	run_report_fault(triage, value(page));
	row(page, "Fault", buf_str(&page->value));
	row(page, "Operation", triage->operation);
	run_report_concurrent(triage, value(page));
	row(page, "Other threads inside Metal or AGX", buf_str(&page->value));
	row(page, "Signature", triage->signature_text ? triage->signature_hash : NULL);
	row(page, "Made of", triage->signature_text);
	row(page, "Driver", triage->driver.version);
	row(page, "System build", view->report->os_build);
	row(page, "Claimed", run_report_tie(page->report, view->incident->id));
	row(page, "Incident id", view->report->incident_id);
	buf_printf(value(page), "%" PRId64, view->incident->id);
	row(page, "Incident", buf_str(&page->value));
}

static void put_head(struct page *page) {
	const struct run_report *report = page->report;
	size_t crashes = report->result->crash_count;
	const char *said = report->not_started           ? "not started"
			   : run_crashed(report->result) ? "crashed"
			   : report->result->hung        ? "hung"
							 : "no crash";
	buf_printf(page->out, "### agxtriage: %s\n\n", said);
	run_report_command(report, value(page));
	markdown_code(page->out, buf_str(&page->value));
	buf_add_str(page->out, "\n\n");
	run_report_end(report, value(page));
	markdown_code(page->out, buf_str(&page->value));
	buf_printf(page->out, "; %zu crash report%s\n", crashes, crashes == 1 ? "" : "s");
}

static void put_unreported(struct page *page) {
	const struct run_result *result = page->report->result;
	if (result->unreported)
		buf_printf(page->out, "\nNo report of this crash (**%s**). %s\n",
			reporter_label_names[result->label], run_report_label(result->label));
}

static void put_said(struct page *page) {
	const struct run_result *result = page->report->result;
	const struct stderr_facts *facts = &result->facts;
	for (size_t i = 0; i < facts->traceback_count; i++)
		add_folded(page, "Traceback", facts->tracebacks[i]);
	buf_reset(&page->value);
	for (size_t i = 0; i < facts->metal_error_count; i++)
		buf_printf(&page->value, "%s\n", facts->metal_errors[i]);
	add_folded(page, "Metal's errors", buf_str(&page->value));
	add_folded(page, "The system's log", buf_str(&result->system_log));
	if (run_crashed(result) || result->hung || result->status)
		add_folded(page, "End of standard error",
			result->stderr_tail ? result->stderr_tail : "");
}

void run_report_markdown(const struct run_report *report, struct buf *ret) {
	struct page page = {.out = ret, .report = report};
	put_head(&page);
	run_report_each(report, put_incident, &page);
	put_unreported(&page);
	put_said(&page);
	buf_add_char(ret, '\n');
	if (page.value.failed)
		ret->failed = true;
	buf_finish(&page.value);
}
