/* The readable view, section by section; knows nothing of terminals but a width. */
#include "export/text_view.h"

#include "base/clock.h"
#include "base/text.h"
#include "export/text_around.h"
#include "export/text_frames.h"
#include "export/text_headline.h"
#include "export/text_out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Lines of application info and of a panic shown without -a. */
#define INFO_LINES 12
#define PANIC_LINES 24

struct show {
	struct text_out out;
	const struct report *report;
	const struct triage *triage;
	const struct incident *incident;
	const struct surroundings *around;
	const struct text_view_options *options;
	struct buf value; /* scratch for one field */
};

static struct buf *value(struct show *show) {
	buf_reset(&show->value);
	return &show->value;
}

/* Shows what stands in show->value. */
static void field(struct show *show, const char *label) {
	text_out_field(&show->out, TERM_PLAIN, label, buf_str(&show->value));
}

static void show_headline(struct show *show) {
	text_headline(value(show), show->report, show->triage);
	text_out_paragraph(&show->out, TERM_BOLD, 0, buf_str(&show->value));
	if (show->report->simulated)
		text_out_paragraph(&show->out, TERM_BAD, 0,
			"SIMULATED: the simulated driver made this crash; no real GPU driver crashed.");
	text_out_newline(&show->out);
}

static void show_site(struct show *show) {
	const struct triage *triage = show->triage;
	if (triage->site) {
		buf_add_str(value(show), triage->site);
		if (triage->offset_unknown)
			buf_add_str(&show->value, " (a fault offset not seen there before)");
		text_out_field(&show->out, TERM_SITE, "Site", buf_str(&show->value));
		text_out_field(&show->out, TERM_PLAIN, "", triage->site_title);
	} else if (show->report->kind == REPORT_CRASH) {
		text_out_field(&show->out, TERM_PLAIN, "Site", "none that is known");
	}
	const struct incident *row = show->incident;
	const char *stored = row && row->id > 0 ? row->site : NULL;
	if (stored && (!triage->site || strcmp(stored, triage->site) != 0)) {
		buf_printf(
			value(show), "stored as %s by other rules (agxtriage reclassify)", stored);
		field(show, "");
	}
	if (triage->signature_text) {
		buf_printf(value(show), "%s  %s", triage->signature_hash, triage->signature_text);
		field(show, "Signature");
	}
	if (show->around)
		text_around_state(&show->out, show->around);
	else if (row && row->id > 0)
		text_out_field(&show->out, text_around_role(row->status), "Status",
			row->status ? row->status : "open");
}

static void add_duration(struct buf *out, int64_t us) {
	int64_t s = us / 1000000;
	if (s < 60)
		buf_printf(out, "%" PRId64 ".%" PRId64 " s", s, us / 100000 % 10);
	else if (s < 3600)
		buf_printf(out, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else
		buf_printf(out, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
}

static void show_when(struct show *show) {
	struct i64_opt captured = show->report->captured_at_us,
		       launched = show->report->launched_at_us;
	if (!captured.set)
		return;
	char text[CLOCK_TEXT_BYTES];
	clock_format_local(captured.value, text);
	buf_add_str(value(show), text);
	if (launched.set && launched.value > 0 && launched.value <= captured.value) {
		buf_add_str(&show->value, ", ");
		add_duration(&show->value, captured.value - launched.value);
		buf_add_str(&show->value, " after its start");
	}
	field(show, "When");
}

static void add_named_pid(
	struct buf *out, const char *prefix, const char *name, struct i64_opt pid) {
	if (!name)
		return;
	buf_printf(out, "%s%s", prefix, name);
	if (pid.set)
		buf_printf(out, " [%" PRId64 "]", pid.value);
}

static void show_process(struct show *show) {
	const struct report_process *process = &show->report->process;
	struct buf *text = value(show);
	add_named_pid(text, "", process->path ? process->path : process->name,
		(struct i64_opt){0, false});
	add_named_pid(text, ", started by ", process->parent, process->parent_pid);
	if (process->responsible &&
		(!process->parent || strcmp(process->parent, process->responsible) != 0))
		add_named_pid(
			text, ", on behalf of ", process->responsible, process->responsible_pid);
	if (process->translated == TRI_YES)
		buf_add_str(text, ", translated by Rosetta");
	field(show, "Process");
	if (show->report->kind == REPORT_GPU_EVENT)
		text_out_field(&show->out, TERM_DIM, "",
			"a GPU event names its process by at most 16 characters and without a PID");
}

static const char *const fault_words[FAULT_KIND_COUNT] = {
	[FAULT_NONE] = "",
	[FAULT_NEAR_NULL] = "a field of a structure whose pointer is NULL",
	[FAULT_PAC] = "pointer authentication failed",
	[FAULT_NON_CANONICAL] = "no possible address",
	[FAULT_PROTECTION] = "protected memory",
	[FAULT_CODE_SIGNING] = "a page whose code signature is invalid",
	[FAULT_STACK_GUARD] = "the guard page of a stack: most likely the stack overflowed",
	[FAULT_UNALIGNED] = "an unaligned address",
	[FAULT_WILD] = "a wild pointer",
};

static void add_base_register(struct show *show) {
	const struct fault *fault = &show->triage->fault;
	if (!fault->base_register)
		return;
	struct buf *text = &show->value;
	buf_printf(text, "; %s", fault->base_register);
	struct u64_opt base = report_register(show->report, fault->base_register);
	if (base.set && !base.value)
		buf_add_str(text, " = NULL");
	else if (base.set)
		buf_printf(text, " = 0x%" PRIx64, base.value);
	int64_t by = fault->displacement.value;
	if (fault->displacement.set)
		buf_printf(text, ", displacement %s0x%" PRIx64, by < 0 ? "-" : "",
			by < 0 ? 0 - (uint64_t)by : (uint64_t)by);
}

static void add_instruction(struct show *show) {
	const struct report *report = show->report;
	const uint8_t *at = report->at_pc;
	if (report->arch == REPORT_ARCH_ARM64 && report->at_pc_len >= 4)
		buf_printf(
			&show->value, "; instruction %02x%02x%02x%02x", at[3], at[2], at[1], at[0]);
}

static void show_fault(struct show *show) {
	const struct fault *fault = &show->triage->fault;
	if (!fault->address.set)
		return;
	buf_printf(value(show), "0x%" PRIx64, fault->address.value);
	if (fault->access != ACCESS_UNKNOWN)
		buf_printf(&show->value, " (%s)", fault_access_names[fault->access]);
	if (*fault_words[fault->kind])
		buf_printf(&show->value, ": %s", fault_words[fault->kind]);
	add_base_register(show);
	add_instruction(show);
	text_out_field(&show->out, TERM_BAD, "Fault", buf_str(&show->value));
}

static void add_part(struct buf *out, const char *text) {
	if (text)
		buf_printf(out, "%s%s", out->len ? ", " : "", text);
}

static void show_exception(struct show *show) {
	const struct report_exception *exception = &show->report->exception;
	struct buf *text = value(show);
	add_part(text, exception->type);
	add_part(text, exception->signal);
	add_part(text, exception->subtype ? exception->subtype : exception->codes);
	add_part(text, exception->message);
	field(show, "Exception");
	const struct report_termination *termination = &show->report->termination;
	text = value(show);
	add_part(text, termination->ns);
	bool small = termination->code.value < 0x1000; /* a signal's number, not 0x8badf00d */
	if (termination->code.set)
		buf_printf(text, small ? "%s%" PRIu64 : "%s0x%" PRIx64, text->len ? " " : "",
			termination->code.value);
	add_part(text, termination->indicator);
	if (termination->by_process)
		buf_printf(text, "%sby %s", text->len ? ", " : "", termination->by_process);
	field(show, "Ended by");
}

static void show_blame(struct show *show) {
	const struct triage *triage = show->triage;
	if (show->report->kind != REPORT_CRASH && !triage->site)
		return; /* nothing crashed in a program's hands: nobody is to blame */
	static const char *const words[ATTRIBUTION_COUNT] = {
		[ATTRIBUTION_UNDETERMINED] = "undetermined",
		[ATTRIBUTION_API_MISUSE] = "misuse of the API",
		[ATTRIBUTION_DRIVER] = "the driver",
	};
	buf_add_str(value(show), words[triage->attribution]);
	const char *reason = triage->attribution_reason;
	bool sentence = reason && *reason >= 'A' && *reason <= 'Z';
	if (reason)
		buf_printf(&show->value, "%s %s", sentence ? "." : ":", reason);
	field(show, "To blame");
	if (triage->component != COMPONENT_UNKNOWN)
		text_out_field(
			&show->out, TERM_PLAIN, "Component", component_names[triage->component]);
	text_out_field(&show->out, TERM_BOLD, "Operation", triage->operation);
}

static void show_system(struct show *show) {
	const struct report *report = show->report;
	const struct driver *driver = &show->triage->driver;
	if (driver->image) {
		buf_add_str(value(show), driver->image);
		if (driver->version)
			buf_printf(&show->value, " %s", driver->version);
		field(show, "Driver");
	}
	struct buf *text = value(show);
	add_part(text, report->os_version);
	if (report->os_build)
		buf_printf(text, " (%s)", report->os_build);
	add_part(text, report->hardware_model);
	if (report->product &&
		(!report->hardware_model || strcmp(report->product, report->hardware_model) != 0))
		add_part(text, report->product);
	add_part(text, report->cpu_type);
	field(show, "System");
}

static void show_frameworks(struct show *show) {
	struct buf *text = value(show);
	for (size_t i = 0; i < show->triage->framework_count; i++) {
		const struct framework *framework = &show->triage->frameworks[i];
		add_part(text, framework->name);
		if (framework->version)
			buf_printf(text, " %s", framework->version);
		else if (framework->uuid)
			buf_printf(text, " (%.8s)", framework->uuid);
	}
	field(show, "Frameworks");
}

static void show_gpu_event(struct show *show) {
	const struct report_gpu_event *event = &show->report->gpu_event;
	if (show->report->kind != REPORT_GPU_EVENT)
		return;
	struct buf *text = value(show);
	add_part(text, event->restart_reason_desc);
	if (event->restart_reason.set)
		buf_printf(text, "%sreason %" PRId64, text->len ? ", " : "",
			event->restart_reason.value);
	if (event->signature.set)
		buf_printf(text, "%ssignature %" PRId64, text->len ? ", " : "",
			event->signature.value);
	if (event->guilty_dm.set)
		buf_printf(text, "%sguilty data master %" PRId64, text->len ? ", " : "",
			event->guilty_dm.value);
	field(show, "Restart");
	text_out_field(&show->out, TERM_PLAIN, "Trace", event->command_buffer_trace_id);
}

static void show_source(struct show *show) {
	const struct incident *row = show->incident;
	if (!row)
		return;
	struct buf *text = value(show);
	if (row->path)
		buf_add_str(text, row->path);
	if (row->ordinal)
		buf_printf(text, ", report %zu in it", row->ordinal + 1);
	if (row->conflicts)
		buf_printf(text, "; came again with other bytes %" PRId64 " time%s", row->conflicts,
			row->conflicts == 1 ? "" : "s");
	text_out_field_whole(&show->out, "File", buf_str(text));
}

static void show_facts(struct show *show) {
	show_site(show);
	show_when(show);
	show_process(show);
	show_fault(show);
	show_exception(show);
	show_blame(show);
	show_gpu_event(show);
	show_system(show);
	show_frameworks(show);
	text_out_field(&show->out, TERM_DIM, "Incident", show->report->incident_id);
	show_source(show);
}

static void show_app_info(struct show *show) {
	const struct report *report = show->report;
	if (!report->app_info_count)
		return;
	text_out_heading(&show->out, "Application info");
	for (size_t i = 0; i < report->app_info_count; i++)
		text_out_lines(
			&show->out, 2, report->app_info[i], show->options->all ? 0 : INFO_LINES);
}

static void show_panic(struct show *show) {
	if (!show->report->panic_string)
		return;
	text_out_heading(&show->out, "Panic");
	text_out_lines(
		&show->out, 2, show->report->panic_string, show->options->all ? 0 : PANIC_LINES);
}

/* mark: what is special about this thread, or "". */
static void thread_title(struct buf *out, const struct thread *thread, const char *mark) {
	buf_printf(out, "Thread %d%s", thread->index, mark);
	if (thread->name)
		buf_printf(out, ", \"%s\"", thread->name);
	if (thread->queue)
		buf_printf(out, ", queue \"%s\"", thread->queue);
}

static void show_thread(struct show *show, const struct thread *thread) {
	bool crashed = thread == report_crashed_thread(show->report);
	bool died = show->report->kind == REPORT_CRASH;
	thread_title(value(show), thread,
		!crashed ? ""
		: died   ? " (crashed)"
			 : " (the one at fault)");
	text_out_heading(&show->out, buf_str(&show->value));
	struct text_frames view = {.report = show->report,
		.site_frame = crashed ? show->triage->site_frame : -1,
		.full = show->options->all};
	text_frames_print(&show->out, &view, &thread->frames);
}

static void show_crashed_thread(struct show *show) {
	const struct thread *thread = report_crashed_thread(show->report);
	if (thread)
		show_thread(show, thread);
	if (!show->report->last_exception.count)
		return;
	text_out_heading(&show->out, "Where the last exception was thrown");
	struct text_frames view = {
		.report = show->report, .site_frame = -1, .full = show->options->all};
	text_frames_print(&show->out, &view, &show->report->last_exception);
}

static void show_concurrent(struct show *show) {
	const struct triage *triage = show->triage;
	if (!triage->concurrent_count)
		return;
	size_t blocked = 0;
	for (size_t i = 0; i < triage->concurrent_count; i++)
		blocked += triage->concurrent[i].blocked;
	buf_printf(value(show),
		"Other threads inside Metal or AGX at that moment: %zu (%zu running, %zu blocked)",
		triage->concurrent_count, triage->concurrent_count - blocked, blocked);
	text_out_heading(&show->out, buf_str(&show->value));
	text_frames_concurrent(&show->out, triage);
}

static void show_other_threads(struct show *show) {
	const struct report *report = show->report;
	if (!show->options->all)
		return;
	for (size_t i = 0; i < report->thread_count; i++)
		if ((int)i != report->crashed_thread)
			show_thread(show, &report->threads[i]);
}

static void show_registers(struct show *show) {
	const struct report *report = show->report;
	if (!show->options->all || !report->register_count)
		return;
	text_out_heading(&show->out, "Registers of the crashed thread");
	for (size_t i = 0; i < report->register_count; i++) {
		const struct reg *reg = &report->registers[i];
		struct buf *text = value(show);
		buf_printf(text, "%6s 0x%016" PRIx64, reg->name, reg->value);
		text_out_put(&show->out, TERM_PLAIN, buf_str(text));
		if (i % 3 == 2 || i + 1 == report->register_count)
			text_out_newline(&show->out);
	}
	text_out_field(&show->out, TERM_PLAIN, "esr", report->esr_description);
}

static void show_vm_region(struct show *show) {
	if (!show->options->all || !show->report->vm_region_info)
		return;
	text_out_heading(&show->out, "Memory around the address");
	text_out_lines(&show->out, 2, show->report->vm_region_info, 0);
}

static void show_warnings(struct show *show) {
	const struct report *report = show->report;
	if (!report->warning_count && !report->warnings_lost)
		return;
	text_out_heading(&show->out, "Odd in this report");
	for (size_t i = 0; i < report->warning_count; i++)
		text_out_paragraph(&show->out, TERM_PLAIN, 2, report->warnings[i]);
	if (!report->warnings_lost)
		return;
	buf_printf(value(show), "and %zu more", report->warnings_lost);
	text_out_paragraph(&show->out, TERM_DIM, 2, buf_str(&show->value));
}

static void show_explain(struct show *show) {
	if (!show->options->explain)
		return;
	text_out_heading(&show->out, "How this was found");
	text_out_lines(&show->out, 2, show->options->explain, 0);
}

/* What a shell takes as it is. */
static bool is_plain_word(const char *path) {
	return path && *path && *path != '-' &&
	       !path[strcspn(path, " \t\n'\"`$\\&;|<>()*?[]{}!#~")];
}

static void show_hints(struct show *show) {
	if (!show->options->hints)
		return;
	const struct incident *row = show->incident;
	struct buf *text = value(show);
	buf_add_str(text, "Next: agxtriage show ");
	if (row && row->id > 0)
		buf_printf(text, "%" PRId64, row->id);
	else
		buf_add_str(text, row && is_plain_word(row->path) ? row->path : "FILE");
	buf_add_str(text, " -a (all threads), --explain, --json");
	if (row && row->id > 0 && show->triage->site)
		buf_printf(text, "; agxtriage list site=%s", show->triage->site);
	else if (row && row->id > 0)
		buf_add_str(text, "; agxtriage top");
	text_out_newline(&show->out);
	text_out_paragraph(&show->out, TERM_DIM, 0, buf_str(text));
}

int text_view_print(struct buf *out, const struct text_view *view,
	const struct text_view_options *options, struct err *err) {
	struct show show = {
		.out = {.buf = out, .term = options->term},
		.report = view->report,
		.triage = view->triage,
		.incident = view->incident,
		.around = view->around,
		.options = options,
	};
	show_headline(&show);
	show_facts(&show);
	show_app_info(&show);
	show_panic(&show);
	show_crashed_thread(&show);
	show_concurrent(&show);
	if (show.around)
		text_around_neighbours(&show.out, show.around, options->all);
	show_other_threads(&show);
	show_registers(&show);
	show_vm_region(&show);
	show_warnings(&show);
	show_explain(&show);
	show_hints(&show);
	bool failed = out->failed || show.value.failed;
	buf_finish(&show.value);
	return failed ? err_set(err, -ENOMEM, "out of memory for the view of a report") : 0;
}
