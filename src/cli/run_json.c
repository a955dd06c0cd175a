/* A run as the JSON object that experiments print: one condition, one run. */
#include "cli/run_report.h"

#include "export/json_out.h"
#include "export/json_view.h"
#include "triage/rate.h"

#include <stdlib.h>
#include <string.h>

#define SITES_MAX 64

struct site_counts {
	char *names[SITES_MAX]; /* owned */
	uint64_t counts[SITES_MAX];
	size_t count;
};

static void count_site(const struct text_view *view, void *user) {
	struct site_counts *sites = user;
	const char *site = view->triage->site;
	size_t i = 0;
	if (!site || view->report->kind != REPORT_CRASH)
		return;
	while (i < sites->count && strcmp(sites->names[i], site) != 0)
		i++;
	if (i == SITES_MAX || (i == sites->count && !(sites->names[i] = strdup(site))))
		return;
	sites->count += i == sites->count;
	sites->counts[i]++;
}

static void put_sites(const struct run_report *report, struct json_out *out) {
	struct site_counts sites = {0};
	run_report_each(report, count_site, &sites);
	json_out_object(out, "sites");
	for (size_t i = 0; i < sites.count; i++) {
		json_out_u64(out, sites.names[i], sites.counts[i]);
		free(sites.names[i]);
	}
	json_out_object_end(out);
}

static void put_rate(struct json_out *out, const struct run_report *report, bool crashed) {
	if (report->not_started) {
		json_out_null(out, "rate");
		json_out_null(out, "rate_low");
		json_out_null(out, "rate_high");
		return;
	}
	struct rate rate = rate_of(crashed, 1);
	json_out_double(out, "rate", rate.rate);
	json_out_double(out, "rate_low", rate.low);
	json_out_double(out, "rate_high", rate.high);
}

/* Each run is one of finished, crashed, hung and failed. */
static void put_condition(const struct run_report *report, struct json_out *out) {
	const struct run_result *result = report->result;
	bool ran = !report->not_started, crashed = run_crashed(result);
	bool hung = !crashed && result->hung;
	bool failed = ran && !crashed && !hung && result->status != 0;
	json_out_object(out, NULL);
	json_out_null(out, "backend");
	json_out_null(out, "lock");
	json_out_null(out, "threads");
	json_out_object(out, "env");
	json_out_object_end(out);
	json_out_array(out, "command");
	for (size_t i = 0; report->argv[i]; i++)
		json_out_text(out, NULL, report->argv[i]);
	json_out_array_end(out);
	json_out_u64(out, "runs", ran);
	json_out_u64(out, "finished", ran && !crashed && !hung && !failed);
	json_out_u64(out, "crashed", crashed);
	json_out_u64(out, "hung", hung);
	json_out_u64(out, "failed", failed);
	put_rate(out, report, crashed);
	put_sites(report, out);
	json_out_null(out, "throughput_median");
	json_out_null(out, "throughput_low");
	json_out_null(out, "throughput_high");
	json_out_null(out, "throughput_unit");
	json_out_object_end(out);
}

struct incidents {
	struct json_out *out;
	bool failed;
};

static void put_incident(const struct text_view *view, void *user) {
	struct incidents *incidents = user;
	struct buf line = {0};
	struct err err = {0};
	if (json_view_print_stored(
		    &line, view->report, view->triage, view->incident, view->around, &err) < 0)
		incidents->failed = true;
	else
		json_out_raw(incidents->out, NULL, buf_str(&line));
	buf_finish(&line);
}

static void put_claims(struct json_out *out, const struct run_result *result) {
	json_out_array(out, "claims");
	for (size_t i = 0; i < result->incident_count; i++) {
		const struct claimed *claimed = &result->incidents[i];
		json_out_object(out, NULL);
		json_out_i64(out, "id", claimed->id);
		json_out_text(out, "claimed_by", tree_tie_names[claimed->tie]);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_signal(struct json_out *out, int number) {
	struct buf name = {0};
	if (number)
		run_report_signal(number, &name);
	json_out_text(out, "signal", number ? buf_str(&name) : NULL);
	buf_finish(&name);
}

static void put_unreported(struct json_out *out, const struct run_result *result) {
	json_out_array(out, "unreported");
	if (result->unreported) {
		bool itself = result->signal != 0;
		json_out_object(out, NULL);
		json_out_i64_opt(out, "pid", (struct i64_opt){result->pid, itself});
		put_signal(out, result->crash_signal);
		json_out_text(out, "label", reporter_label_names[result->label]);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_texts(struct json_out *out, const char *key, char *const *items, size_t count) {
	json_out_array(out, key);
	for (size_t i = 0; i < count; i++)
		json_out_text(out, NULL, items[i]);
	json_out_array_end(out);
}

static void put_lines(struct json_out *out, const char *key, const char *text) {
	struct buf line = {0};
	json_out_array(out, key);
	while (*text) {
		size_t len = strcspn(text, "\n");
		buf_reset(&line);
		buf_add(&line, text, len);
		json_out_text(out, NULL, buf_str(&line));
		text += len + (text[len] == '\n');
	}
	json_out_array_end(out);
	buf_finish(&line);
}

static void put_run(const struct run_report *report, struct json_out *out) {
	const struct run_result *result = report->result;
	const struct stderr_facts *facts = &result->facts;
	bool ended = !report->not_started && !result->signal;
	json_out_i64_opt(out, "exit_status", (struct i64_opt){result->status, ended});
	put_signal(out, result->signal);
	json_out_text(out, "stderr_tail", result->stderr_tail ? result->stderr_tail : "");
	put_texts(out, "tracebacks", facts->tracebacks, facts->traceback_count);
	put_texts(out, "metal_errors", facts->metal_errors, facts->metal_error_count);
	put_lines(out, "system_log", buf_str(&result->system_log));
	json_out_text(out, "not_started", report->not_started);
}

void run_report_json(const struct run_report *report, struct buf *ret) {
	struct json_out out;
	json_out_init(&out, ret);
	struct incidents incidents = {.out = &out};
	json_out_object(&out, NULL);
	json_out_null(&out, "experiment");
	json_out_array(&out, "conditions");
	put_condition(report, &out);
	json_out_array_end(&out);
	json_out_array(&out, "comparisons");
	json_out_array_end(&out);
	json_out_array(&out, "incidents");
	run_report_each(report, put_incident, &incidents);
	json_out_array_end(&out);
	put_claims(&out, report->result);
	put_unreported(&out, report->result);
	put_run(report, &out);
	json_out_object_end(&out);
	buf_add_char(ret, '\n');
	if (incidents.failed)
		ret->failed = true;
}
