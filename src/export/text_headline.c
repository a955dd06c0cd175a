/* Puts the facts into one sentence; knows nothing of layout. */
#include "export/text_headline.h"

#include "base/text.h"
#include "export/symbol.h"

#include <inttypes.h>
#include <string.h>

/* What an abort says is quoted up to here. */
#define QUOTE_BYTES 160

static void add_process(struct buf *out, const struct report *report) {
	const struct report_process *process = &report->process;
	buf_add_str(out, process->name ? process->name : "An unnamed process");
	if (process->version)
		buf_printf(out, " %s", process->version);
	if (process->pid.set)
		buf_printf(out, " [%" PRId64 "]", process->pid.value);
}

/* The frame that counts, else the top one of the crashed thread; NULL when there is none. */
static const struct frame *key_frame(const struct report *report, const struct triage *triage) {
	const struct thread *thread = report_crashed_thread(report);
	if (!thread || !thread->frames.count)
		return NULL;
	size_t index = triage->site_frame >= 0 ? (size_t)triage->site_frame : 0;
	return &thread->frames.items[index < thread->frames.count ? index : 0];
}

static void add_place(struct buf *out, const struct report *report, const struct triage *triage) {
	const struct frame *frame = key_frame(report, triage);
	if (!frame || (!frame->image && !frame->symbol))
		return;
	buf_printf(out, " in %s", frame->image ? frame->image : "code of no image");
	if (!frame->symbol)
		return;
	buf_add_str(out, ": ");
	symbol_name(out, frame->symbol);
}

static const char *access_verb(enum fault_access access) {
	switch (access) {
	case ACCESS_READ:
		return "reads";
	case ACCESS_WRITE:
		return "writes";
	case ACCESS_EXECUTE:
		return "jumps to";
	case ACCESS_UNKNOWN:
	case ACCESS_COUNT:
		break;
	}
	return "touches";
}

static void add_target(struct buf *out, const struct fault *fault) {
	static const char *const words[FAULT_KIND_COUNT] = {
		[FAULT_NONE] = "",
		[FAULT_NEAR_NULL] = "NULL + ",
		[FAULT_PAC] = "a pointer that failed authentication, ",
		[FAULT_NON_CANONICAL] = "an impossible address, ",
		[FAULT_PROTECTION] = "protected memory at ",
		[FAULT_CODE_SIGNING] = "a page with an invalid code signature at ",
		[FAULT_STACK_GUARD] = "the stack's guard page at ",
		[FAULT_UNALIGNED] = "the unaligned address ",
		[FAULT_WILD] = "a wild pointer, ",
	};
	if (fault->kind == FAULT_NEAR_NULL && !fault->address.value)
		buf_add_str(out, "NULL");
	else
		buf_printf(out, "%s0x%" PRIx64, words[fault->kind], fault->address.value);
}

/* Adds text up to one of the bytes of stop. */
static void add_first_line(struct buf *out, const char *text, const char *stop) {
	size_t len = strcspn(text, stop), shown = len;
	if (shown > QUOTE_BYTES) {
		shown = QUOTE_BYTES;
		while (shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80)
			shown--;
	}
	buf_printf(out, "%.*s%s", (int)shown, text, shown < len ? "..." : "");
}

/* Quotes the first line of text, or what a failed assertion in it says. */
static void add_quote(struct buf *out, const char *text) {
	static const char assertion[] = "failed assertion `";
	const char *inner = strstr(text, assertion);
	text = inner ? inner + sizeof assertion - 1 : text + strspn(text, " \n\t");
	buf_add_char(out, '"');
	add_first_line(out, text, inner ? "'\n" : "\n");
	buf_add_char(out, '"');
}

/* ": ", or a blank behind a selector that ends in a colon. */
static void add_colon(struct buf *out) {
	bool selector = out->len > 0 && out->data && out->data[out->len - 1] == ':';
	buf_add_str(out, selector ? " " : ": ");
}

/* The application info that says most: not the one that every abort has. */
static const char *telling_info(const struct report *report) {
	for (size_t i = 0; i < report->app_info_count; i++)
		if (!text_starts(report->app_info[i], "abort() called") &&
			!text_starts(report->app_info[i], "terminating with uncaught exception of"))
			return report->app_info[i];
	return report->app_info_count ? report->app_info[0] : NULL;
}

static void add_abort(struct buf *out, const struct report *report) {
	const struct report_exception *exception = &report->exception;
	const char *info = telling_info(report);
	if (info) {
		add_colon(out);
		add_quote(out, info);
	} else if (exception->type) {
		buf_printf(out, " (%s%s%s)", exception->type, exception->signal ? ", " : "",
			exception->signal ? exception->signal : "");
	}
}

static bool is_abort(const struct report *report) {
	const char *signal = report->exception.signal;
	return signal && strcmp(signal, "SIGABRT") == 0;
}

static void add_crash(struct buf *out, const struct report *report, const struct triage *triage) {
	add_process(out, report);
	buf_add_str(out, is_abort(report) ? " aborted" : " crashed");
	/* Without a frame that counts, the top of an abort is only how it ends. */
	if (!is_abort(report) || triage->site_frame >= 0)
		add_place(out, report, triage);
	if (triage->fault.address.set) {
		add_colon(out);
		buf_printf(out, "%s ", access_verb(triage->fault.access));
		add_target(out, &triage->fault);
	} else {
		add_abort(out, report);
	}
}

static void add_user_fault(struct buf *out, const struct report *report) {
	const struct report_exception *exception = &report->exception;
	add_process(out, report);
	buf_add_str(out, " did something forbidden and lived on");
	if (exception->type)
		buf_printf(out, " (%s%s%s)", exception->type, exception->subtype ? ": " : "",
			exception->subtype ? exception->subtype : "");
}

static void add_gpu_event(struct buf *out, const struct report *report) {
	const char *reason = report->gpu_event.restart_reason_desc;
	buf_printf(out, "The GPU was restarted%s%s", reason ? ": " : "", reason ? reason : "");
	if (report->process.name)
		buf_printf(out, ", while %s used it", report->process.name);
}

/* Behind "panic(cpu 3 caller 0xfffffe0012345678): ", which tells nothing to a person. */
static const char *behind_caller(const char *text) {
	const char *end = text_starts(text, "panic(cpu ") ? strstr(text, "): ") : NULL;
	return end && !memchr(text, '\n', (size_t)(end - text)) ? end + 3 : text;
}

static void add_panic(struct buf *out, const struct report *report) {
	buf_add_str(out, "The kernel panicked");
	if (!report->panic_string)
		return;
	const char *text = behind_caller(report->panic_string);
	buf_add_str(out, ": ");
	if (*text == '"')
		add_first_line(out, text, "\n");
	else
		add_quote(out, text);
}

static void add_about_process(struct buf *out, const struct report *report, const char *what) {
	add_process(out, report);
	buf_printf(out, " %s", what);
}

void text_headline(struct buf *out, const struct report *report, const struct triage *triage) {
	switch (report->kind) {
	case REPORT_CRASH:
		add_crash(out, report, triage);
		break;
	case REPORT_USER_FAULT:
		add_user_fault(out, report);
		break;
	case REPORT_GPU_EVENT:
		add_gpu_event(out, report);
		break;
	case REPORT_PANIC:
		add_panic(out, report);
		break;
	case REPORT_JETSAM:
		buf_add_str(out, "Memory ran out and the kernel ended processes (jetsam)");
		break;
	case REPORT_HANG:
		add_about_process(out, report, "did not respond");
		break;
	case REPORT_RESOURCE:
		add_about_process(out, report, "used more of a resource than it may");
		break;
	case REPORT_STACKSHOT:
		buf_add_str(out, "A stackshot: what every thread was doing; nothing crashed");
		break;
	case REPORT_OTHER:
	case REPORT_KIND_COUNT:
		buf_printf(out, "A report of type %s, which says nothing of a crash",
			report->bug_type ? report->bug_type : "unknown");
		break;
	}
}
