/*
 * The one-pass reader against a full parse by cJSON: what is JSON for the one is JSON for the
 * other, and both see the same threads, frames, numbers and names.
 *
 * Where they differ on purpose: cJSON takes numbers that are none ("01", "1."), takes any control
 * byte as white space, knows no depth limit of ours, ends at a NUL, and refuses unknown escapes and
 * lone surrogates.
 */
#include "fuzz.h"

#include "base/limits.h"
#include "ips/json.h"
#include "ips/report.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <string.h>

static const cJSON *last(const cJSON *object, const char *name) {
	const cJSON *found = NULL, *item;
	cJSON_ArrayForEach(item, object) {
		if (item->string && strcmp(item->string, name) == 0)
			found = item;
	}
	return found;
}

static void check_pid(const struct report *report, const cJSON *body) {
	const cJSON *pid = last(body, "pid");
	if (!report->process.pid.set)
		return;
	MUST(cJSON_IsNumber(pid));
	if (fabs(pid->valuedouble) < 9007199254740992.0)
		MUST((double)report->process.pid.value == pid->valuedouble);
}

static void check_threads(const struct report *report, const cJSON *body) {
	const cJSON *threads = last(body, "threads");
	if (!cJSON_IsArray(threads)) {
		MUST(report->thread_count == 0);
		return;
	}
	MUST(report->thread_count == (size_t)cJSON_GetArraySize(threads));
	const cJSON *thread = threads->child;
	for (size_t i = 0; i < report->thread_count; i++, thread = thread->next) {
		const cJSON *frames = last(thread, "frames");
		size_t count = cJSON_IsArray(frames) ? (size_t)cJSON_GetArraySize(frames) : 0;
		MUST(report->threads[i].frames.count == count);
	}
}

static void check_name(const struct report *report, const cJSON *body) {
	const cJSON *name = last(body, "procName");
	if (!cJSON_IsString(name) || !report->process.name || !*name->valuestring)
		return;
	for (const char *p = name->valuestring; *p; p++)
		if (*p < ' ' || *p > '~')
			return;
	if (strlen(name->valuestring) < LIMIT_SYMBOL_BYTES && !strchr(report->process.name, '\xef'))
		MUST(strcmp(report->process.name, name->valuestring) == 0);
}

/* A body alone: an object that is not followed by another. */
static void compare_bodies(const char *text, size_t len) {
	struct report *report = report_new();
	struct err err = {0};
	MUST(report);
	const char *end;
	int code = report_parse_json(report, text, len, &err);
	cJSON *tree = code ? NULL : cJSON_ParseWithLengthOpts(text, len, &end, 0);
	if (tree && (size_t)(end - text) == report->source_len) {
		check_pid(report, tree);
		check_threads(report, tree);
		check_name(report, tree);
	}
	cJSON_Delete(tree);
	report_free(report);
}

static void compare_syntax(const char *text, size_t len) {
	struct err err = {0};
	struct json json;
	const char *end;
	json_init(&json, text, len, &err);
	bool ours = json_skip(&json);
	cJSON *tree = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	if (ours && !tree)
		MUST(memchr(text, '\\', len)); /* an escape that cJSON refuses */
	if (ours && tree)
		MUST(end == json.p);
	cJSON_Delete(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (size > (1u << 20) || memchr(data, 0, size))
		return 0;
	char *text = malloc(size + 1); /* cJSON wants its NUL */
	MUST(text);
	memcpy(text, data, size);
	text[size] = '\0';
	compare_syntax(text, size);
	compare_bodies(text, size);
	free(text);
	return 0;
}
