/* The life of a report and its names; knows neither JSON nor text. */
#include "ips/report.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const report_kind_names[REPORT_KIND_COUNT] = {
	[REPORT_CRASH] = "crash",
	[REPORT_USER_FAULT] = "user_fault",
	[REPORT_GPU_EVENT] = "gpu_event",
	[REPORT_PANIC] = "panic",
	[REPORT_JETSAM] = "jetsam",
	[REPORT_HANG] = "hang",
	[REPORT_STACKSHOT] = "stackshot",
	[REPORT_RESOURCE] = "resource",
	[REPORT_OTHER] = "other",
};

const char *const report_form_names[REPORT_FORM_COUNT] = {
	[REPORT_FORM_JSON] = "json",
	[REPORT_FORM_TEXT] = "text",
};

/* The numbers that public reports carry; 109 is a crash of macOS 11 and before, with a text body.
 */
static const struct {
	const char *bug_type;
	enum report_kind kind;
} bug_types[] = {
	{"309", REPORT_CRASH},
	{"109", REPORT_CRASH},
	{"308", REPORT_USER_FAULT},
	{"284", REPORT_GPU_EVENT},
	{"21", REPORT_GPU_EVENT}, /* GPU restart */
	{"184", REPORT_GPU_EVENT},
	{"210", REPORT_PANIC},
	{"110", REPORT_PANIC},
	{"151", REPORT_PANIC}, /* forced reset */
	{"298", REPORT_JETSAM},
	{"98", REPORT_JETSAM},
	{"12", REPORT_HANG},
	{"222", REPORT_HANG},
	{"228", REPORT_HANG},
	{"28", REPORT_HANG}, /* watchdog */
	{"409", REPORT_HANG},
	{"288", REPORT_STACKSHOT},
	{"509", REPORT_STACKSHOT},
	{"22", REPORT_RESOURCE},
	{"185", REPORT_RESOURCE},
	{"385", REPORT_RESOURCE},
};

enum report_kind report_kind_of_bug_type(const char *bug_type) {
	for (size_t i = 0; bug_type && i < sizeof bug_types / sizeof *bug_types; i++)
		if (strcmp(bug_types[i].bug_type, bug_type) == 0)
			return bug_types[i].kind;
	return REPORT_OTHER;
}

enum report_kind report_kind_find(const char *name) {
	int kind = 0;
	while (kind < REPORT_KIND_COUNT && strcmp(report_kind_names[kind], name) != 0)
		kind++;
	return (enum report_kind)kind;
}

static void set_defaults(struct report *report, struct arena arena) {
	*report = (struct report){.arena = arena, .kind = REPORT_OTHER, .crashed_thread = -1};
}

struct report *report_new(void) {
	struct report *report = malloc(sizeof *report);
	if (!report)
		return NULL;
	struct arena arena;
	arena_init(&arena, LIMIT_REPORT_ARENA_BYTES);
	set_defaults(report, arena);
	return report;
}

void report_free(struct report *report) {
	if (!report)
		return;
	arena_finish(&report->arena);
	free(report);
}

void report_reset(struct report *report) {
	arena_reset(&report->arena);
	set_defaults(report, report->arena);
}

void report_warn(struct report *report, const char *fmt, ...) {
	char text[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	for (size_t i = 0; i < report->warning_count; i++)
		if (strcmp(report->warnings[i], text) == 0)
			return;
	if (!report->warnings)
		report->warnings =
			arena_calloc(&report->arena, LIMIT_WARNINGS, sizeof *report->warnings);
	const char *copy = NULL;
	if (report->warnings && report->warning_count < LIMIT_WARNINGS)
		copy = arena_strdup(&report->arena, text);
	if (copy)
		report->warnings[report->warning_count++] = copy;
	else
		report->warnings_lost++;
}

struct u64_opt report_register(const struct report *report, const char *name) {
	for (size_t i = 0; i < report->register_count; i++)
		if (strcmp(report->registers[i].name, name) == 0)
			return (struct u64_opt){.value = report->registers[i].value, .set = true};
	return (struct u64_opt){0};
}

/* The trial program's own functions say what they are, whoever wrote the report. */
bool report_is_simulated_frame(const struct frame *frame) {
	return frame->symbol &&
	       !strncmp(frame->symbol, REPORT_SIMULATED_PREFIX, strlen(REPORT_SIMULATED_PREFIX));
}

void report_note_simulated(struct report *report) {
	const struct thread *thread = report_crashed_thread(report);
	if (!thread || !report->process.name ||
		strcmp(report->process.name, REPORT_TRIAL_PROCESS) != 0)
		return;
	for (size_t i = 0; i < thread->frames.count && !report->simulated; i++)
		report->simulated = report_is_simulated_frame(&thread->frames.items[i]);
}

const struct thread *report_crashed_thread(const struct report *report) {
	if (report->crashed_thread < 0)
		return NULL;
	return &report->threads[report->crashed_thread];
}

struct found_call frame_call(const struct frame *frame) {
	if (!frame->symbol && frame->found)
		return frame->found->function;
	return (struct found_call){.symbol = frame->symbol,
		.symbol_offset = frame->symbol_offset,
		.source_file = frame->source_file,
		.source_line = frame->source_line};
}
