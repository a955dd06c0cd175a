/* Rules and documents of the public library. */
#include "lib/lib.h"

#include "base/limits.h"
#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

int lib_error(struct agxtriage_error *error, const struct err *err, int code) {
	if (!error)
		return code;
	_Static_assert(sizeof error->text == sizeof err->text, "texts fit each other");
	error->code = code;
	memcpy(error->text, err->text, sizeof error->text);
	return code;
}

const char *agxtriage_version(void) {
	return AGXTRIAGE_VERSION;
}

void agxtriage_free(void *memory) {
	free(memory);
}

static int no_memory(struct err *err) {
	return err_set(err, -ENOMEM, "out of memory");
}

int agxtriage_rules_new(struct agxtriage_rules **ret, struct agxtriage_error *error) {
	struct err err = {0};
	struct agxtriage_rules *rules = malloc(sizeof *rules);
	if (!rules)
		return lib_error(error, &err, no_memory(&err));
	rules->rules = rules_new_builtin(&err);
	if (!rules->rules) {
		free(rules);
		return lib_error(error, &err, err.code ? err.code : no_memory(&err));
	}
	*ret = rules;
	return 0;
}

int agxtriage_rules_add(struct agxtriage_rules *rules, const char *name, const char *json,
	size_t len, struct agxtriage_error *error) {
	struct err err = {0};
	int status = rules_add(rules->rules, name, json, len, &err);
	return status < 0 ? lib_error(error, &err, status) : 0;
}

void agxtriage_rules_free(struct agxtriage_rules *rules) {
	if (!rules)
		return;
	rules_free(rules->rules);
	free(rules);
}

void agxtriage_document_free(struct agxtriage_document *document) {
	if (!document)
		return;
	document_finish(&document->document);
	rules_free(document->own_rules);
	arena_finish(&document->arena);
	free(document);
}

static int classify(
	struct agxtriage_document *document, const struct rules *rules, struct err *err) {
	size_t count = document->document.count;
	document->incidents = arena_calloc(&document->arena, count, sizeof *document->incidents);
	if (!document->incidents)
		return no_memory(err);
	for (size_t i = 0; i < count; i++) {
		struct agxtriage_incident *incident = &document->incidents[i];
		incident->report = document->document.reports[i];
		incident->row.ordinal = i;
		if (triage_run(&incident->triage, incident->report, rules, &document->arena, NULL) <
			0)
			return no_memory(err);
	}
	return 0;
}

static int fill(struct agxtriage_document *document, const void *bytes, size_t len,
	const struct agxtriage_rules *rules, struct err *err) {
	int status = document_parse(bytes, len, &document->document, err);
	if (status < 0)
		return status;
	if (!rules) {
		document->own_rules = rules_new_builtin(err);
		if (!document->own_rules)
			return err->code ? err->code : no_memory(err);
	}
	status = classify(document, rules ? rules->rules : document->own_rules, err);
	if (status < 0)
		return status;
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	sha256(bytes, len, digest);
	sha256_hex(digest, hex);
	const char *kept = arena_strdup(&document->arena, hex);
	if (!kept)
		return no_memory(err);
	for (size_t i = 0; i < document->document.count; i++) {
		document->incidents[i].row.sha256 = kept;
		document->incidents[i].row.size = (int64_t)len;
	}
	return 0;
}

int agxtriage_parse(const void *bytes, size_t len, const struct agxtriage_rules *rules,
	struct agxtriage_document **ret, struct agxtriage_error *error) {
	struct err err = {0};
	struct agxtriage_document *document = calloc(1, sizeof *document);
	if (!document)
		return lib_error(error, &err, no_memory(&err));
	arena_init(&document->arena, LIMIT_REPORT_ARENA_BYTES);
	int status = fill(document, bytes, len, rules, &err);
	if (status < 0) {
		agxtriage_document_free(document);
		return lib_error(error, &err, status);
	}
	*ret = document;
	return 0;
}

static int set_path(struct agxtriage_document *document, const char *path) {
	const char *kept = arena_strdup(&document->arena, path);
	for (size_t i = 0; i < document->document.count; i++)
		document->incidents[i].row.path = kept;
	return kept ? 0 : -ENOMEM;
}

int agxtriage_read_file(const char *path, const struct agxtriage_rules *rules,
	struct agxtriage_document **ret, struct agxtriage_error *error) {
	struct err err = {0};
	struct buf bytes = {0};
	struct agxtriage_document *document = NULL;
	int status = file_read(AT_FDCWD, path, FILE_FOLLOW, LIMIT_REPORT_BYTES, &bytes, NULL, &err);
	if (status < 0) {
		lib_error(error, &err, status);
		goto out;
	}
	status = agxtriage_parse(buf_str(&bytes), bytes.len, rules, &document, error);
	if (status < 0)
		goto out;
	status = set_path(document, path);
	if (status < 0) {
		lib_error(error, &err, no_memory(&err));
		goto out;
	}
	*ret = document;
	document = NULL;
out:
	agxtriage_document_free(document);
	buf_finish(&bytes);
	return status;
}

size_t agxtriage_document_count(const struct agxtriage_document *document) {
	return document->document.count;
}

const struct agxtriage_incident *agxtriage_document_incident(
	const struct agxtriage_document *document, size_t index) {
	return index < document->document.count ? &document->incidents[index] : NULL;
}
