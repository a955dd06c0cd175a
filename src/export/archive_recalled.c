/* An incident whose bytes are gone, as its row tells it: text by text, for there are no bytes that
 * could be redacted. Only what store_recall() fills is kept. */
#include "export/archive_parts.h"
#include "triage/redact_fact.h"

#include <errno.h>
#include <string.h>

struct recalled {
	struct redactor *redactor;
	struct arena *arena;
	bool failed; /* no memory */
};

static const char *text(struct recalled *recalled, enum redact_form form, const char *value) {
	const char *ret = redact_dup(recalled->redactor, form, value, recalled->arena);
	recalled->failed |= value && !ret;
	return ret;
}

static const char *fact_text(struct recalled *recalled, enum redact_fact fact, const char *value) {
	struct buf text = {0};
	const char *ret = NULL;
	redact_fact(recalled->redactor, fact, value, &text);
	if (value && !text.failed)
		ret = arena_strdup(recalled->arena, buf_str(&text));
	recalled->failed |= value && !ret;
	buf_finish(&text);
	return ret;
}

static struct frames frames(struct recalled *recalled, const struct frames *from) {
	struct frames ret = {0};
	ret.items = arena_calloc(recalled->arena, from->count + 1, sizeof *ret.items);
	if (!ret.items) {
		recalled->failed = true;
		return ret;
	}
	for (size_t i = 0; i < from->count; i++) {
		const struct frame *frame = &from->items[i];
		ret.items[i] = (struct frame){
			.image = text(recalled, REDACT_FORM_NAME, frame->image),
			.image_index = -1,
			.image_offset = frame->image_offset,
			.symbol = text(recalled, REDACT_FORM_SYMBOL, frame->symbol),
			.symbol_offset = frame->symbol_offset,
		};
	}
	ret.count = from->count;
	return ret;
}

static void copy_thread(
	struct recalled *recalled, const struct report *from, struct report *report) {
	const struct thread *thread = report_crashed_thread(from);
	report->crashed_thread = -1;
	if (!thread)
		return;
	struct thread *copy = arena_calloc(recalled->arena, 1, sizeof *copy);
	if (!copy) {
		recalled->failed = true;
		return;
	}
	copy->index = thread->index;
	copy->queue = text(recalled, REDACT_FORM_TEXT, thread->queue);
	copy->frames = frames(recalled, &thread->frames);
	report->threads = copy;
	report->thread_count = 1;
	report->crashed_thread = 0;
}

static void copy_warnings(
	struct recalled *recalled, const struct report *from, struct report *report) {
	const char **warnings =
		arena_calloc(recalled->arena, from->warning_count + 1, sizeof *warnings);
	if (!warnings) {
		recalled->failed = true;
		return;
	}
	for (size_t i = 0; i < from->warning_count; i++)
		warnings[i] = text(recalled, REDACT_FORM_TEXT, from->warnings[i]);
	report->warnings = warnings;
	report->warning_count = from->warning_count;
	report->warnings_lost = from->warnings_lost;
}

static const struct report *copy_report(struct recalled *recalled, const struct report *from) {
	struct report *report = arena_calloc(recalled->arena, 1, sizeof *report);
	if (!report) {
		recalled->failed = true;
		return NULL;
	}
	report->form = from->form;
	report->kind = from->kind;
	report->arch = from->arch;
	report->simulated = from->simulated;
	report->captured_at_us = from->captured_at_us;
	report->bug_type = text(recalled, REDACT_FORM_TEXT, from->bug_type);
	/* The key of the incident, which every report of it keeps where it is one. */
	report->incident_id = from->incident_id && archive_is_uuid(from->incident_id)
				      ? from->incident_id
				      : text(recalled, REDACT_FORM_TEXT, from->incident_id);
	report->process.name = text(recalled, REDACT_FORM_NAME, from->process.name);
	report->process.path = text(recalled, REDACT_FORM_PATH, from->process.path);
	report->process.pid = from->process.pid;
	report->os_version = fact_text(recalled, REDACT_SYSTEM, from->os_version);
	report->os_build = fact_text(recalled, REDACT_SYSTEM, from->os_build);
	report->hardware_model = fact_text(recalled, REDACT_MODEL, from->hardware_model);
	report->cpu_type = text(recalled, REDACT_FORM_TEXT, from->cpu_type);
	report->exception.type = text(recalled, REDACT_FORM_TEXT, from->exception.type);
	report->exception.signal = text(recalled, REDACT_FORM_TEXT, from->exception.signal);
	report->gpu_event.signature = from->gpu_event.signature;
	copy_thread(recalled, from, report);
	copy_warnings(recalled, from, report);
	return report;
}

/* A text of several parts, "FAULT | FRAME | FRAME". */
static const char *signature(struct recalled *recalled, const char *from) {
	static const char joint[] = " | ";
	struct buf ret = {0};
	if (!from)
		return NULL;
	for (const char *part = from; part;) {
		const char *end = strstr(part, joint);
		size_t len = end ? (size_t)(end - part) : strlen(part);
		enum redact_form form = part == from ? REDACT_FORM_TEXT : REDACT_FORM_SYMBOL;
		redact_bytes(recalled->redactor, form, part, len, &ret);
		if (end)
			buf_add_str(&ret, joint);
		part = end ? end + sizeof joint - 1 : NULL;
	}
	const char *copy = ret.failed ? NULL : arena_strdup(recalled->arena, buf_str(&ret));
	recalled->failed |= !copy;
	buf_finish(&ret);
	return copy;
}

int archive_redact_recalled(struct redactor *redactor, struct arena *arena,
	const struct report **report, struct triage *triage, struct err *err) {
	struct recalled recalled = {.redactor = redactor, .arena = arena};
	*report = copy_report(&recalled, *report);
	triage->signature_text = signature(&recalled, triage->signature_text);
	triage->operation = text(&recalled, REDACT_FORM_SYMBOL, triage->operation);
	triage->driver.image = text(&recalled, REDACT_FORM_NAME, triage->driver.image);
	triage->driver.generation = text(&recalled, REDACT_FORM_NAME, triage->driver.generation);
	triage->driver.version = fact_text(&recalled, REDACT_VERSION, triage->driver.version);
	triage->driver.uuid = NULL;
	triage->frameworks = NULL;
	triage->framework_count = 0;
	for (size_t i = 0; i < triage->concurrent_count; i++) {
		struct concurrent_thread *thread = &triage->concurrent[i];
		thread->name = text(&recalled, REDACT_FORM_TEXT, thread->name);
		thread->queue = text(&recalled, REDACT_FORM_TEXT, thread->queue);
		thread->image = text(&recalled, REDACT_FORM_NAME, thread->image);
		thread->symbol = text(&recalled, REDACT_FORM_SYMBOL, thread->symbol);
	}
	return recalled.failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}
