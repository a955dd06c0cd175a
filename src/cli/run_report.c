/* The words that all writers have in common, and the way to the incidents. */
#include "cli/run_report.h"

#include "base/log.h"
#include "base/signal_name.h"
#include "export/experiment_summary.h"
#include "export/load.h"
#include "export/text_around.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void run_report_signal(int number, struct buf *ret) {
	const char *name = signal_name(number);
	if (name)
		buf_add_str(ret, name);
	else
		buf_printf(ret, "signal %d", number);
}

void run_report_command(const struct run_report *report, struct buf *ret) {
	size_t count = 0;
	while (report->argv[count])
		count++;
	experiment_words(report->argv, count, ret);
}

static void add_how(const struct run_result *result, struct buf *ret) {
	if (result->hung) {
		buf_add_str(ret, " did not end in time and was ended");
	} else if (result->signal) {
		buf_add_str(ret, " was ended by ");
		run_report_signal(result->signal, ret);
	} else {
		buf_printf(ret, " ended with status %d", result->status);
	}
}

void run_report_end(const struct run_report *report, struct buf *ret) {
	const struct run_result *result = report->result;
	if (report->not_started) {
		buf_printf(ret, "The command was not started: %s", report->not_started);
		return;
	}
	const char *slash = strrchr(report->argv[0], '/');
	buf_printf(ret, "%s [%ld]", slash && slash[1] ? slash + 1 : report->argv[0],
		(long)result->pid);
	add_how(result, ret);
	int64_t us = result->ended_at_us - result->started_at_us;
	us = us < 0 ? 0 : us;
	buf_printf(ret, " after %" PRId64 ".%" PRId64 " s", us / 1000000, us / 100000 % 10);
	if (result->crash_signal && !result->signal) {
		buf_add_str(ret, ", as a shell does when a command was ended by ");
		run_report_signal(result->crash_signal, ret);
	}
}

const char *run_report_label(enum reporter_label label) {
	switch (label) {
	case REPORTER_LATE:
		return "Less than a minute has passed, so it may still come: 'agxtriage scan' takes it "
		       "in then.";
	case REPORTER_FULL:
		return "The system keeps 25 reports of one process name and writes no more: the "
		       "folders hold that many.";
	case REPORTER_OFF:
		return "The crash reporter is off, or this system has none.";
	case REPORTER_UNKNOWN:
	case REPORTER_LABEL_COUNT:
		break;
	}
	return "The reason is not known: the system drops reports that it takes for duplicates, and "
	       "those of many crashes at a time.";
}

void run_report_fault(const struct triage *triage, struct buf *ret) {
	const struct fault *fault = &triage->fault;
	if (!fault->address.set)
		return;
	buf_printf(ret, "0x%" PRIx64, fault->address.value);
	if (fault->access != ACCESS_UNKNOWN)
		buf_printf(ret, " (%s)", fault_access_names[fault->access]);
	if (fault->kind != FAULT_NONE)
		buf_printf(ret, ", %s", fault_kind_names[fault->kind]);
}

void run_report_concurrent(const struct triage *triage, struct buf *ret) {
	size_t blocked = 0, count = triage->concurrent_count;
	for (size_t i = 0; i < count; i++)
		blocked += triage->concurrent[i].blocked;
	if (count)
		buf_printf(ret, "%zu (%zu running, %zu blocked)", count, count - blocked, blocked);
}

const char *run_report_tie(const struct run_report *report, int64_t id) {
	for (size_t i = 0; i < report->result->incident_count; i++) {
		const struct claimed *claimed = &report->result->incidents[i];
		if (claimed->id == id && claimed->tie == TREE_LAUNCH)
			return "by launch: neither this process nor its parent was seen; both "
			       "began during the run, and the parent is gone";
	}
	return NULL;
}

void run_report_status(const struct text_view *view, struct buf *ret) {
	const struct surroundings *around = view->around;
	if (!around || !around->status || !strcmp(around->status, "open"))
		return;
	text_around_status(ret, around->status, around->fixed_in, &around->regression);
	if (!strcmp(around->status, "ignored"))
		buf_add_str(ret, "; it counts as a crash all the same");
	if (around->note)
		buf_printf(ret, "; %s", around->note);
	if (around->url)
		buf_printf(ret, "; %s", around->url);
}

static int show_one(const struct run_report *report, int64_t id, run_report_fn fn, void *user,
	struct err *err) {
	struct loaded loaded = {0};
	struct surroundings around = {0};
	struct incident row;
	char word[24];
	snprintf(word, sizeof word, "%" PRId64, id);
	int code = store_find(report->store, word, &row, err);
	if (!code)
		code = surroundings_load(report->store, &row, &around, err);
	if (!code)
		code = loaded_open(report->store, report->rules, &row, &loaded, err);
	if (!code)
		fn(&(struct text_view){loaded.report, &loaded.triage, &row, &around}, user);
	loaded_finish(&loaded);
	surroundings_finish(&around);
	return code;
}

void run_report_each(const struct run_report *report, run_report_fn fn, void *user) {
	for (size_t i = 0; i < report->result->incident_count; i++) {
		struct err err = {0};
		if (show_one(report, report->result->incidents[i].id, fn, user, &err) < 0)
			log_error("%s", err.text);
	}
}
