/*
 * Any bytes through the whole way of a report: find, parse, triage, print. What comes out must be
 * clean text, indices in range, JSON that a second parser reads, and the same answer twice.
 */
#include "fuzz.h"

#include "base/text.h"
#include "export/json_view.h"
#include "ips/document.h"
#include "triage/triage.h"

#include <cjson/cJSON.h>
#include <string.h>

static void check_text(const char *text, enum text_keep keep) {
	if (text)
		MUST(text_is_clean(text, strlen(text), keep));
}

static void check_frames(const struct report *report, const struct frames *frames) {
	for (size_t i = 0; i < frames->count; i++) {
		const struct frame *frame = &frames->items[i];
		MUST(frame->image_index >= -1);
		MUST(frame->image_index < (int)report->image_count);
		check_text(frame->image, TEXT_LINE);
		check_text(frame->symbol, TEXT_LINE);
		check_text(frame->source_file, TEXT_LINE);
	}
}

static void check_report(const struct report *report) {
	MUST(report->kind < REPORT_KIND_COUNT);
	MUST(report->crashed_thread >= -1);
	MUST(report->crashed_thread < (int)report->thread_count);
	check_text(report->incident_id, TEXT_LINE);
	check_text(report->process.name, TEXT_LINE);
	check_text(report->process.path, TEXT_LINE);
	check_text(report->exception.subtype, TEXT_LINE);
	check_text(report->vm_region_info, TEXT_LINES);
	check_text(report->panic_string, TEXT_LINES);
	for (size_t i = 0; i < report->app_info_count; i++)
		check_text(report->app_info[i], TEXT_LINES);
	for (size_t i = 0; i < report->thread_count; i++) {
		MUST(report->threads[i].index >= 0);
		check_text(report->threads[i].name, TEXT_LINE);
		check_frames(report, &report->threads[i].frames);
	}
	check_frames(report, &report->last_exception);
	for (size_t i = 0; i < report->warning_count; i++)
		check_text(report->warnings[i], TEXT_LINE);
}

static void check_json(const struct buf *line) {
	MUST(!line->failed);
	MUST(text_is_clean(line->data, line->len, TEXT_LINE));
	cJSON *tree = cJSON_ParseWithLength(line->data, line->len);
	MUST(tree);
	MUST(cJSON_HasObjectItem(tree, "signature"));
	cJSON_Delete(tree);
}

static void check_triage(const struct rules *rules, const struct report *report) {
	struct arena arena;
	struct triage first, second;
	struct buf line = {0}, explain = {0};
	struct err err;
	arena_init(&arena, 64u << 20);
	MUST(triage_run(&first, report, rules, &arena, NULL) == 0);
	MUST(triage_run(&second, report, rules, &arena, &explain) == 0);
	MUST(strcmp(first.signature_hash, second.signature_hash) == 0);
	MUST(strcmp(first.signature_text, second.signature_text) == 0);
	MUST(strlen(first.signature_hash) == 16);
	MUST(!first.site == !second.site && (!first.site || !strcmp(first.site, second.site)));
	MUST(json_view_print(&line, report, &first, NULL, JSON_VIEW_FULL, &err) == 0);
	check_json(&line);
	buf_finish(&line);
	buf_finish(&explain);
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct rules *rules;
	struct document document;
	struct err err = {0};
	if (!rules)
		MUST(rules = rules_new_builtin(&err));
	int code = document_parse((const char *)data, size, &document, &err);
	if (code) {
		MUST(code < 0 && err.code == code && err.text[0]);
		check_text(err.text, TEXT_LINE);
		return 0;
	}
	MUST(document.count > 0);
	for (size_t i = 0; i < document.count; i++) {
		check_report(document.reports[i]);
		check_triage(rules, document.reports[i]);
	}
	document_finish(&document);
	return 0;
}
