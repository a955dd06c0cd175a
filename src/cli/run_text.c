/* A run for a person: only what went wrong; of a run without a crash there is nothing to tell. */
#include "cli/run_report.h"

#include "export/text_around.h"
#include "export/text_headline.h"
#include "export/text_out.h"

#include <inttypes.h>

/* Of a text that has been on the screen already. */
#define SHOWN_LINES 20

struct text {
	struct text_out out;
	const struct run_report *report;
	struct buf value; /* scratch for one field */
};

static struct buf *value(struct text *text) {
	buf_reset(&text->value);
	return &text->value;
}

static void field(struct text *text, enum term_role role, const char *label) {
	text_out_field(&text->out, role, label, buf_str(&text->value));
}

static void put_incident(const struct text_view *view, void *user) {
	struct text *text = user;
	const struct triage *triage = view->triage;
	text_out_newline(&text->out);
	text_headline(value(text), view->report, triage);
	text_out_paragraph(&text->out, TERM_BOLD, 0, buf_str(&text->value));
	if (view->report->simulated)
		text_out_paragraph(&text->out, TERM_BAD, 0,
			"SIMULATED: the simulated driver made this crash; no real GPU driver crashed.");
	text_out_field(&text->out, TERM_SITE, "Site", triage->site ? triage->site : "none known");
	run_report_fault(triage, value(text));
	field(text, TERM_BAD, "Fault");
	text_out_field(&text->out, TERM_PLAIN, "Operation", triage->operation);
	run_report_concurrent(triage, value(text));
	if (text->value.len)
		buf_add_str(&text->value, " inside Metal or AGX at that moment");
	field(text, TERM_PLAIN, "Others");
	if (triage->signature_text) {
		buf_printf(value(text), "%s  %s", triage->signature_hash, triage->signature_text);
		field(text, TERM_PLAIN, "Signature");
	}
	run_report_status(view, value(text));
	field(text, text_around_role(view->around ? view->around->status : NULL), "Status");
	text_out_field(&text->out, TERM_PLAIN, "Claimed",
		run_report_tie(text->report, view->incident->id));
	buf_printf(value(text), "%" PRId64 "; 'agxtriage show %" PRId64 "' tells more",
		view->incident->id, view->incident->id);
	field(text, TERM_PLAIN, "Incident");
}

static void put_unreported(struct text *text) {
	const struct run_result *result = text->report->result;
	if (!result->unreported)
		return;
	text_out_newline(&text->out);
	buf_printf(value(text), "No report of this crash (%s). %s",
		reporter_label_names[result->label], run_report_label(result->label));
	text_out_paragraph(&text->out, TERM_WARN, 0, buf_str(&text->value));
}

static void put_said(struct text *text) {
	const struct stderr_facts *facts = &text->report->result->facts;
	if (facts->traceback_count) {
		text_out_heading(&text->out, "Last traceback on standard error");
		text_out_lines(&text->out, 2, facts->tracebacks[facts->traceback_count - 1], 0);
	}
	if (facts->metal_error_count)
		text_out_heading(&text->out, "Metal's errors on standard error");
	for (size_t i = 0; i < facts->metal_error_count; i++)
		text_out_lines(&text->out, 2, facts->metal_errors[i], 0);
}

static void put_log(struct text *text) {
	const char *log = buf_str(&text->report->result->system_log);
	size_t lines = 0, skip;
	for (const char *c = log; *c; c++)
		lines += *c == '\n';
	if (!lines)
		return;
	for (skip = lines > SHOWN_LINES ? lines - SHOWN_LINES : 0; skip; log++)
		skip -= *log == '\n';
	text_out_heading(&text->out, "The system's log at that moment");
	text_out_lines(&text->out, 2, log, 0);
}

void run_report_text(const struct run_report *report, struct buf *ret) {
	struct text text = {.out = {ret, report->term}, .report = report};
	if (!run_crashed(report->result) && !report->result->incident_count)
		return;
	run_report_end(report, value(&text));
	text_out_paragraph(&text.out, TERM_BOLD, 0, buf_str(&text.value));
	run_report_each(report, put_incident, &text);
	put_unreported(&text);
	put_said(&text);
	put_log(&text);
	if (text.value.failed)
		ret->failed = true;
	buf_finish(&text.value);
}
