/* A run as a JUnit file: one test case, one failure for each crash. */
#include "cli/run_report.h"

#include "base/clock.h"
#include "base/text.h"
#include "export/text_headline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct junit {
	struct buf *out;
	const struct run_report *report;
	struct buf value; /* scratch for one text */
};

/* What XML has no character for becomes U+FFFD, in the content and in attributes. */
static void add_escaped(struct buf *out, const char *text) {
	size_t len = strlen(text);
	char *clean = malloc(3 * len + 1);
	if (!clean) {
		out->failed = true;
		return;
	}
	text_clean(clean, text, len, TEXT_LINES);
	for (const char *c = clean; *c; c++)
		if (strchr("<>&\"\n\t", *c))
			buf_printf(out, "&#%d;", *c);
		else
			buf_add_char(out, *c);
	free(clean);
}

static void add_attribute(struct buf *out, const char *name, const char *text) {
	buf_printf(out, " %s=\"", name);
	add_escaped(out, text);
	buf_add_char(out, '"');
}

static struct buf *value(struct junit *junit) {
	buf_reset(&junit->value);
	return &junit->value;
}

static void add_failure(struct junit *junit, const char *type, const char *message) {
	buf_add_str(junit->out, "\t\t\t<failure");
	add_attribute(junit->out, "type", type);
	add_attribute(junit->out, "message", message);
	buf_add_str(junit->out, ">");
}

static void end_failure(struct junit *junit) {
	buf_add_str(junit->out, "</failure>\n");
}

static void add_line(struct junit *junit, const char *label, const char *text) {
	if (!text || !*text)
		return;
	buf_printf(junit->out, "%s: ", label);
	add_escaped(junit->out, text);
	buf_add_char(junit->out, '\n');
}

static void put_incident(const struct text_view *view, void *user) {
	struct junit *junit = user;
	const struct triage *triage = view->triage;
	if (view->report->kind != REPORT_CRASH)
		return;
	text_headline(value(junit), view->report, triage);
	add_failure(junit, "crash", buf_str(&junit->value));
	add_line(junit, "simulated", view->report->simulated ? "no real GPU driver crashed" : NULL);
	add_line(junit, "site", triage->site ? triage->site : "none known");
	run_report_status(view, value(junit));
	add_line(junit, "status", buf_str(&junit->value));
	run_report_fault(triage, value(junit));
	add_line(junit, "fault", buf_str(&junit->value));
	add_line(junit, "operation", triage->operation);
	run_report_concurrent(triage, value(junit));
	add_line(junit, "other threads inside Metal or AGX", buf_str(&junit->value));
	add_line(junit, "signature", triage->signature_text ? triage->signature_hash : NULL);
	add_line(junit, "made of", triage->signature_text);
	add_line(junit, "claimed", run_report_tie(junit->report, view->incident->id));
	add_line(junit, "incident id", view->report->incident_id);
	end_failure(junit);
}

/* What is no crash that a report tells of. */
static void put_other_failure(struct junit *junit) {
	const struct run_result *result = junit->report->result;
	const char *type = result->unreported ? "unreported crash" : result->hung ? "hang" : "exit";
	bool failed = result->unreported || result->hung || result->status != 0;
	if (junit->report->not_started || !failed || (run_crashed(result) && !result->unreported))
		return;
	run_report_end(junit->report, value(junit));
	add_failure(junit, type, buf_str(&junit->value));
	if (result->unreported) {
		add_line(junit, "label", reporter_label_names[result->label]);
		add_line(junit, "why", run_report_label(result->label));
	}
	end_failure(junit);
}

static void add_seconds(struct buf *out, const struct run_result *result) {
	int64_t us = result->ended_at_us - result->started_at_us;
	us = us < 0 ? 0 : us;
	buf_printf(out, " time=\"%" PRId64 ".%03" PRId64 "\"", us / 1000000, us / 1000 % 1000);
}

static void open_case(struct junit *junit, bool failed) {
	const struct run_report *report = junit->report;
	const struct run_result *result = report->result;
	char time[CLOCK_TEXT_BYTES];
	clock_format_iso(result->started_at_us ? result->started_at_us : clock_now_us(), time);
	time[sizeof "2025-12-21T01:36:18" - 1] = '\0';
	buf_printf(junit->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		"\t<testsuite name=\"agxtriage run\" tests=\"1\" failures=\"%d\" errors=\"%d\" "
		"skipped=\"0\" timestamp=\"%s\"",
		failed, report->not_started != NULL, time);
	add_seconds(junit->out, result);
	buf_add_str(junit->out, ">\n\t\t<testcase classname=\"agxtriage.run\"");
	run_report_command(report, value(junit));
	add_attribute(junit->out, "name", buf_str(&junit->value));
	add_seconds(junit->out, result);
	buf_add_str(junit->out, ">\n");
}

void run_report_junit(const struct run_report *report, struct buf *ret) {
	struct junit junit = {.out = ret, .report = report};
	const struct run_result *result = report->result;
	bool failed = !report->not_started &&
		      (run_crashed(result) || result->hung || result->status != 0);
	open_case(&junit, failed);
	if (report->not_started) {
		buf_add_str(ret, "\t\t\t<error type=\"not started\"");
		add_attribute(ret, "message", report->not_started);
		buf_add_str(ret, "/>\n");
	}
	run_report_each(report, put_incident, &junit);
	put_other_failure(&junit);
	buf_add_str(ret, "\t\t\t<system-err>");
	add_escaped(ret, result->stderr_tail ? result->stderr_tail : "");
	buf_add_str(ret, "</system-err>\n\t\t</testcase>\n\t</testsuite>\n</testsuites>\n");
	if (junit.value.failed)
		ret->failed = true;
	buf_finish(&junit.value);
}
