/*
 * What a run came to, for a person, a program, a page and a test server. The writers append to a
 * buffer and print nothing; all text from reports and from the command is hostile to each of them.
 */
#ifndef CLI_RUN_REPORT_H
#define CLI_RUN_REPORT_H

#include "cli/cli.h"
#include "export/text_view.h"
#include "repro/run.h"

/* All borrowed. */
struct run_report {
	const struct term *term;
	struct store *store;
	const struct rules *rules;
	const struct run_result *result;
	const char *const *argv;
	const char *not_started; /* NULL, or why the command could not be started */
	int exit_status;         /* what agxtriage ends with */
};

/* "SIGSEGV", or "signal 34". */
void run_report_signal(int number, struct buf *ret);
/* "python3 bench.py", words quoted as for a shell where they need it. */
void run_report_command(const struct run_report *report, struct buf *ret);
/* "python3 [4242] was ended by SIGSEGV after 1.2 s": one line, raw. */
void run_report_end(const struct run_report *report, struct buf *ret);
/* Why a crash has no report: one sentence for result->label. */
const char *run_report_label(enum reporter_label label);
/* "0x5c8 (read), near_null"; nothing when there is no address. */
void run_report_fault(const struct triage *triage, struct buf *ret);
/* "3 (1 running, 2 blocked)"; nothing for none. */
void run_report_concurrent(const struct triage *triage, struct buf *ret);
/* "known", with its note and URL; nothing for what is open. */
void run_report_status(const struct text_view *view, struct buf *ret);

/* What has to be said of why an incident belongs to the run: one sentence, or NULL. */
const char *run_report_tie(const struct run_report *report, int64_t id);

/* Calls fn for each incident of the run; one that cannot be read again is left out and logged. */
typedef void (*run_report_fn)(const struct text_view *view, void *user);
void run_report_each(const struct run_report *report, run_report_fn fn, void *user);

/* The writers. */
void run_report_text(const struct run_report *report, struct buf *ret);
void run_report_json(const struct run_report *report, struct buf *ret);
void run_report_markdown(const struct run_report *report, struct buf *ret);
void run_report_junit(const struct run_report *report, struct buf *ret);

#endif
