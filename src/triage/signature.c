/*
 * Building the signature in Socorro's manner: what happened, the message of an abort, then frames
 * from the first that counts down to the first that is no mere plumbing. Pure; knows no rules.
 */
#include "triage/signature.h"

#include "base/sha256.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Frames without a symbol say little: so many end a signature. */
#define NAMELESS_FRAMES 3

struct builder {
	struct stack *stack;
	const struct report *report;
	const struct fault *fault;
	struct buf text;
	struct buf *explain;
	size_t frames;    /* named in text */
	size_t nameless;  /* of them without symbol */
	bool owner_named; /* one of them has a symbol and is no plumbing */
};

__attribute__((format(printf, 2, 3))) static void add_part(
	struct builder *b, const char *fmt, ...) {
	char part[SIGNATURE_BYTES * 4 + 16];
	va_list args;

	va_start(args, fmt);
	vsnprintf(part, sizeof part, fmt, args);
	va_end(args);
	if (b->text.len > 0)
		buf_add_str(&b->text, " | ");
	buf_add_str(&b->text, part);
	if (b->explain != NULL)
		buf_printf(b->explain, "signature: + %s\n", part);
}

/* Text of the report, without what is private; "" for none and without memory. */
static const char *fold(const struct builder *b, enum redact_form form, const char *text) {
	const char *folded = text != NULL ? redact_fold(form, b->stack->own, b->stack->kept, text,
						    b->stack->arena)
					  : "";

	if (folded == NULL)
		b->stack->failed = true;
	return folded != NULL ? folded : "";
}

/* The exception and, near NULL, the offset; another bad pointer by its kind only. */
static void add_exception(struct builder *b) {
	const struct report *report = b->report;
	const char *type = fold(b, REDACT_FORM_TEXT, report->exception.type);
	const char *ns = fold(b, REDACT_FORM_TEXT, report->termination.ns);
	char detail[128] = "";

	if (b->fault->kind == FAULT_NEAR_NULL && b->fault->address.set)
		snprintf(detail, sizeof detail, " near_null 0x%llx",
			(unsigned long long)b->fault->address.value);
	else if (b->fault->kind != FAULT_NONE)
		snprintf(detail, sizeof detail, " %s", fault_kind_names[b->fault->kind]);
	else if (report->exception.signal != NULL)
		snprintf(detail, sizeof detail, " %.40s",
			fold(b, REDACT_FORM_TEXT, report->exception.signal));
	if (ns[0] != 0 && strcmp(ns, "SIGNAL") != 0) {
		size_t len = strlen(detail);

		snprintf(detail + len, sizeof detail - len, " %.40s", ns);
		len = strlen(detail);
		if (report->termination.code.set)
			snprintf(detail + len, sizeof detail - len, " 0x%llx",
				(unsigned long long)report->termination.code.value);
	}
	add_part(b, "%s%s%.40s%s",
		report->kind == REPORT_CRASH ? "" : report_kind_names[report->kind],
		report->kind == REPORT_CRASH ? "" : " ", type[0] != 0 ? type : "no exception",
		detail);
}

/* The assertion's own words: what stands in its quotes, or between "failed: " and ", function". */
static const char *assertion_words(struct builder *b) {
	const char *line = b->stack->assertion, *from, *end;
	size_t len = strcspn(line, "\n");
	struct arena *arena = b->stack->arena;
	char *copy = arena_strndup(arena, line, len);

	if (copy == NULL)
		return NULL;
	from = strstr(copy, "failed assertion `");
	if (from != NULL) {
		from += strlen("failed assertion `");
		end = strrchr(from, '\'');
	} else {
		from = text_starts(copy, "Assertion failed: ") ? copy + strlen("Assertion failed: ")
							       : copy;
		end = strstr(from, ", function ");
	}
	return arena_strndup(
		arena, from, end != NULL && end > from ? (size_t)(end - from) : strlen(from));
}

/* The text of application info that tells best why the program gave up; NULL when none does. */
static const char *choose_message(const struct stack *stack) {
	static const char uncaught[] = "Terminating app due to uncaught exception ";
	static const char *const telling[] = {"Assertion failed", "failed assertion",
		"Terminating app due to", "terminating due to", "terminating with", "Fatal error",
		"fatal error", "BUG IN", "GGML_ASSERT", "assertion", "Assertion"};

	for (size_t k = 0; k < sizeof telling / sizeof telling[0]; k++) {
		for (size_t i = 0; i < stack->report->app_info_count; i++) {
			const char *found = strstr(stack->messages[i], telling[k]);

			if (found != NULL)
				return text_starts(found, uncaught) ? found + strlen(uncaught)
								    : found;
		}
	}
	return NULL;
}

static int add_message(struct builder *b) {
	const char *message = NULL;

	if (b->stack->messages == NULL)
		return 0;
	message = b->stack->assertion != NULL ? assertion_words(b) : choose_message(b->stack);
	if (message == NULL)
		return 0;
	/* A text report runs all texts together, one per line. */
	message = arena_strndup(b->stack->arena, message, strcspn(message, "\n"));
	if (message == NULL)
		return -ENOMEM;
	message = normalise_message(message, SIGNATURE_MESSAGE, b->stack->arena);
	if (message == NULL)
		return -ENOMEM;
	if (message[0] != 0)
		add_part(b, "%s", message);
	return 0;
}

/* Code that several functions share: any of them. */
static bool is_shared_code(const struct stack_frame *f) {
	return f->symbol.function != NULL &&
	       strcmp(f->symbol.function, "<deduplicated_symbol>") == 0;
}

/* <redacted> and the like are no names. */
static bool has_name(const struct stack_frame *f) {
	return f->symbol.function != NULL && f->symbol.function[0] != '<';
}

/* Carries a call on without being what went wrong: the signature goes on to its caller. */
static bool is_plumbing(const struct stack_frame *f) {
	const char *name = f->symbol.function;

	if (f->component == COMPONENT_RUNTIME || f->component == COMPONENT_METAL ||
		f->component == COMPONENT_DRIVER)
		return true;
	return text_starts(name, "std::") || strstr(name, "dispatch_sync_with_rethrow") != NULL;
}

static void add_nameless(struct builder *b, const struct stack_frame *f) {
	const char *image = f->family != NULL ? f->family : "?";

	b->nameless++;
	if (!b->owner_named && f->frame != NULL && f->frame->image_offset.set)
		add_part(
			b, "%.80s+0x%llx", image, (unsigned long long)f->frame->image_offset.value);
	else
		add_part(b, "%.80s+?", image);
}

static void explain_frame(struct builder *b, const struct stack_frame *f, const char *why) {
	if (b->explain != NULL)
		buf_printf(b->explain, "signature: frame %d %s: %s\n", f->index,
			stack_frame_name(f), why);
}

/* Adds one frame or passes it over; false when the signature ends with it. */
static bool add_frame(struct builder *b, const struct stack_frame *f, bool *in_driver) {
	bool below_driver = *in_driver;

	if (f->skipped != NULL || is_shared_code(f)) {
		explain_frame(
			b, f, f->skipped != NULL ? f->skipped : "shared by several functions");
		return true;
	}
	*in_driver = f->component == COMPONENT_DRIVER;
	if (*in_driver && below_driver) {
		explain_frame(b, f, "still the driver, its first frame stands for it");
		return true;
	}
	b->frames++;
	if (!has_name(f)) {
		add_nameless(b, f);
		return b->nameless < NAMELESS_FRAMES;
	}
	add_part(b, "%s", f->symbol.function);
	if (is_plumbing(f))
		return true;
	b->owner_named = true;
	explain_frame(b, f, "no mere plumbing, ends the signature");
	return false;
}

static void add_frames(struct builder *b) {
	struct stack *stack = b->stack;
	bool in_driver = false;

	for (size_t i = stack->first; i < stack->count && i < stack->first + SIGNATURE_DEPTH; i++) {
		if (!add_frame(b, stack_frame(stack, i), &in_driver) ||
			b->frames == SIGNATURE_FRAMES)
			break;
	}
	if (b->frames == 0)
		add_part(b, "no frames in %.64s",
			b->report->process.name != NULL
				? fold(b, REDACT_FORM_NAME, b->report->process.name)
				: "?");
}

static void add_gpu_event(struct builder *b) {
	const struct report_gpu_event *event = &b->report->gpu_event;

	add_part(b, "gpu_event");
	if (event->signature.set)
		add_part(b, "signature %lld", (long long)event->signature.value);
	if (event->restart_reason_desc != NULL)
		add_part(b, "%.120s", fold(b, REDACT_FORM_TEXT, event->restart_reason_desc));
	else if (event->restart_reason.set)
		add_part(b, "restart reason %lld", (long long)event->restart_reason.value);
}

/* The first line without the processor and address that it starts with. */
static int add_panic(struct builder *b) {
	const char *text = b->report->panic_string, *close;
	const char *line;

	add_part(b, "panic");
	if (text == NULL)
		return 0;
	text += strspn(text, " \n\t");
	line = arena_strndup(b->stack->arena, text, strcspn(text, "\n"));
	line = fold(b, REDACT_FORM_TEXT, line);
	if (text_starts(line, "panic(") && (close = strstr(line, "): ")) != NULL &&
		close - line < 80)
		line = close + 3;
	line = normalise_message(line, 2 * SIGNATURE_MESSAGE, b->stack->arena);
	if (line == NULL)
		return -ENOMEM;
	if (line[0] != 0)
		add_part(b, "%s", line);
	return 0;
}

/* What is no crash: its kind and whom it is about. */
static void add_other(struct builder *b) {
	const struct report *report = b->report;

	add_part(b, "%s", report_kind_names[report->kind]);
	if (report->kind == REPORT_OTHER && report->bug_type != NULL)
		add_part(b, "bug_type %.16s", fold(b, REDACT_FORM_TEXT, report->bug_type));
	if (report->exception.type != NULL)
		add_part(b, "%.64s", fold(b, REDACT_FORM_TEXT, report->exception.type));
	if (report->process.name != NULL && report->kind != REPORT_JETSAM)
		add_part(b, "%.64s", fold(b, REDACT_FORM_NAME, report->process.name));
}

static int build(struct builder *b) {
	int r = 0;

	switch (b->report->kind) {
	case REPORT_CRASH:
	case REPORT_USER_FAULT:
		add_exception(b);
		r = add_message(b);
		add_frames(b);
		break;
	case REPORT_GPU_EVENT:
		add_gpu_event(b);
		break;
	case REPORT_PANIC:
		r = add_panic(b);
		break;
	case REPORT_JETSAM:
	case REPORT_HANG:
	case REPORT_STACKSHOT:
	case REPORT_RESOURCE:
	case REPORT_OTHER:
	case REPORT_KIND_COUNT:
		add_other(b);
		break;
	}
	return r;
}

/* At most SIGNATURE_BYTES, whole code points. */
static void shorten(struct buf *text) {
	size_t len = SIGNATURE_BYTES - 3;

	if (text->len <= SIGNATURE_BYTES)
		return;
	while (len > 0 && ((unsigned char)text->data[len] & 0xc0) == 0x80)
		len--;
	text->len = len;
	buf_add_str(text, "...");
}

static void hash_text(struct triage *ret, struct buf *explain) {
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	struct buf hashed = {0};

	buf_printf(&hashed, "v%d|%s", SIGNATURE_VERSION, ret->signature_text);
	sha256(buf_str(&hashed), hashed.len, digest);
	sha256_hex(digest, hex);
	memcpy(ret->signature_hash, hex, sizeof ret->signature_hash - 1);
	ret->signature_hash[sizeof ret->signature_hash - 1] = 0;
	ret->signature_version = SIGNATURE_VERSION;
	if (explain != NULL)
		buf_printf(explain, "signature: hash %s of \"%s\"\n", ret->signature_hash,
			buf_str(&hashed));
	buf_finish(&hashed);
}

int signature_make(struct triage *ret, struct stack *stack, struct buf *explain) {
	struct builder b = {
		.stack = stack, .report = stack->report, .fault = &ret->fault, .explain = explain};
	const char *text = NULL;
	int r = build(&b);

	shorten(&b.text);
	if (r == 0 && !b.text.failed && !stack->failed)
		text = arena_strdup(stack->arena, buf_str(&b.text));
	buf_finish(&b.text);
	if (text == NULL)
		return -ENOMEM;
	ret->signature_text = text;
	hash_text(ret, explain);
	return 0;
}
