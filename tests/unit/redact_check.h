/*
 * What must hold of every redacted report, checked by the unit test, the fuzz target and the helper
 * of the judge alike: it reads as the same report, means the same, and is not changed by redacting
 * it again.
 */
#ifndef TESTS_UNIT_REDACT_CHECK_H
#define TESTS_UNIT_REDACT_CHECK_H

#include "base/limits.h"
#include "triage/redact.h"
#include "triage/triage.h"

#include <stdio.h>
#include <string.h>

/* What is different, one line for each. */
struct redact_check {
	struct buf *found;
	struct arena arena;
	const struct redact_names *before_names, *after_names;
};

static inline bool check_same(const char *a, const char *b) {
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static inline void check_text(
	struct redact_check *check, const char *what, const char *before, const char *after) {
	if (!check_same(before, after))
		buf_printf(check->found, "%s: %s, was %s\n", what, after ? after : "none",
			before ? before : "none");
}

static inline void check_number(
	struct redact_check *check, const char *what, long long before, long long after) {
	if (before != after)
		buf_printf(check->found, "%s: %lld, was %lld\n", what, after, before);
}

/* Equal but for what became a placeholder. */
static inline void check_folded(struct redact_check *check, enum redact_form form, const char *what,
	const char *before, const char *after) {
	const char *a =
		redact_fold(form, check->before_names, NULL, before ? before : "", &check->arena);
	const char *b =
		redact_fold(form, check->after_names, NULL, after ? after : "", &check->arena);
	if (!check_same(a, b))
		buf_printf(check->found, "%s: %s (%s), was %s (%s)\n", what, after ? after : "none",
			b ? b : "none", before ? before : "none", a ? a : "none");
}

static inline void check_frame(
	struct redact_check *check, const struct frame *before, const struct frame *after) {
	check_folded(check, REDACT_FORM_SYMBOL, "symbol", before->symbol, after->symbol);
	check_folded(check, REDACT_FORM_NAME, "image", before->image, after->image);
	check_number(check, "symbol offset", (long long)before->symbol_offset.value,
		(long long)after->symbol_offset.value);
	check_number(check, "image offset", (long long)before->image_offset.value,
		(long long)after->image_offset.value);
	check_number(check, "address", (long long)before->address.value,
		(long long)after->address.value);
	check_number(check, "source line", before->source_line.value, after->source_line.value);
}

static inline void check_frames(struct redact_check *check, const char *what,
	const struct frames *before, const struct frames *after, bool whole) {
	check_number(check, what, (long long)before->count, (long long)after->count);
	for (size_t i = 0; whole && i < before->count && i < after->count; i++)
		check_frame(check, &before->items[i], &after->items[i]);
}

static inline void check_threads(
	struct redact_check *check, const struct report *before, const struct report *after) {
	check_number(
		check, "threads", (long long)before->thread_count, (long long)after->thread_count);
	check_number(check, "crashed thread", before->crashed_thread, after->crashed_thread);
	check_frames(check, "frames of the last exception", &before->last_exception,
		&after->last_exception, true);
	for (size_t i = 0; i < before->thread_count && i < after->thread_count; i++)
		check_frames(check, "frames", &before->threads[i].frames, &after->threads[i].frames,
			(int)i == before->crashed_thread);
}

static inline void check_facts(
	struct redact_check *check, const struct report *before, const struct report *after) {
	check_text(check, "kind", report_kind_names[before->kind], report_kind_names[after->kind]);
	check_text(check, "form", report_form_names[before->form], report_form_names[after->form]);
	check_folded(check, REDACT_FORM_TEXT, "bug type", before->bug_type, after->bug_type);
	check_number(
		check, "captured at", before->captured_at_us.value, after->captured_at_us.value);
	check_number(check, "pid", before->process.pid.value, after->process.pid.value);
	check_number(
		check, "images", (long long)before->image_count, (long long)after->image_count);
	check_number(check, "simulated", before->simulated, after->simulated);
	check_threads(check, before, after);
}

static inline void check_triage(
	struct redact_check *check, const struct triage *before, const struct triage *after) {
	check_text(check, "site", before->site, after->site);
	check_text(check, "signature", before->signature_text, after->signature_text);
	check_text(check, "hash", before->signature_hash, after->signature_hash);
	check_number(check, "fault address", (long long)before->fault.address.value,
		(long long)after->fault.address.value);
	check_text(check, "fault kind", fault_kind_names[before->fault.kind],
		fault_kind_names[after->fault.kind]);
	check_text(check, "access", fault_access_names[before->fault.access],
		fault_access_names[after->fault.access]);
	check_text(check, "base register", before->fault.base_register, after->fault.base_register);
	check_text(check, "driver", before->driver.image, after->driver.image);
	check_text(check, "driver version", before->driver.version, after->driver.version);
	check_text(check, "component", component_names[before->component],
		component_names[after->component]);
	check_text(check, "operation", before->operation, after->operation);
	check_text(check, "attribution", attribution_names[before->attribution],
		attribution_names[after->attribution]);
	check_number(check, "concurrent threads", (long long)before->concurrent_count,
		(long long)after->concurrent_count);
	check_number(check, "site frame", before->site_frame, after->site_frame);
}

static inline int check_parse(struct report *ret, const char *bytes, size_t len, struct err *err) {
	size_t from = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	while (from < len && strchr(" \t\r\n", bytes[from]) && bytes[from])
		from++;
	bool json = from < len && bytes[from] == '{';
	return (json ? report_parse_json : report_parse_text)(ret, bytes, len, err);
}

/* Learns what bytes give away and redacts them with a redactor of their own. */
static inline int check_redact(
	const struct report *report, const char *bytes, size_t len, struct buf *ret) {
	struct redactor *redactor = NULL;
	struct err err;
	int code = redactor_new(&redactor, &err);
	if (!code)
		code = redactor_learn(redactor, report, bytes, len, &err);
	if (!code)
		code = redact_report(redactor, report, bytes, len, ret, &err);
	redactor_free(redactor);
	return code;
}

static inline void check_triaged(struct redact_check *check, const struct rules *rules,
	const struct report *before, const struct report *after) {
	struct triage first, second;
	if (redact_names_of(before, NULL, &check->arena, &check->before_names) ||
		redact_names_of(after, NULL, &check->arena, &check->after_names) ||
		triage_run(&first, before, rules, &check->arena, NULL) ||
		triage_run(&second, after, rules, &check->arena, NULL)) {
		buf_add_str(check->found, "triage: out of memory\n");
		return;
	}
	check_facts(check, before, after);
	check_triage(check, &first, &second);
}

/* Appends to found what is wrong with redacted, which was made of report. */
static inline void check_redacted(const struct rules *rules, const struct report *report,
	const struct buf *redacted, struct buf *found) {
	struct redact_check check = {.found = found};
	struct buf again = {0};
	struct err err = {0};
	struct report *after = report_new();
	arena_init(&check.arena, LIMIT_REPORT_ARENA_BYTES);
	if (!after || check_parse(after, buf_str(redacted), redacted->len, &err)) {
		buf_printf(found, "it does not parse: %s\n", err.text);
	} else {
		check_triaged(&check, rules, report, after);
		if (check_redact(after, buf_str(redacted), redacted->len, &again))
			buf_add_str(found, "redacting it again fails\n");
		else if (again.len != redacted->len ||
			 memcmp(buf_str(&again), buf_str(redacted), again.len) != 0)
			buf_add_str(found, "redacting it again changes it\n");
	}
	report_free(after);
	buf_finish(&again);
	arena_finish(&check.arena);
}

#endif
