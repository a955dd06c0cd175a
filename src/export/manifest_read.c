/* A manifest from outside: names, numbers and texts, none of which need be true. */
#include "export/manifest.h"

#include "base/limits.h"
#include "ips/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct json json;
	struct manifest *manifest;
	const char *format;
	struct i64_opt version;
};

/* ---- values ---- */

static const char *read_text(struct reader *reader, size_t max, bool lines) {
	const char *text = NULL, *odd = NULL;
	if (json_peek(&reader->json) == JSON_STRING)
		json_text(&reader->json, &reader->manifest->arena, max, lines, &text, &odd);
	else
		json_skip(&reader->json);
	return text;
}

static const char *read_word(struct reader *reader) {
	return read_text(reader, LIMIT_CONFIG_WORD_BYTES, false);
}

static struct i64_opt read_number(struct reader *reader) {
	struct i64_opt ret = {0};
	if (json_peek(&reader->json) == JSON_NUMBER)
		ret.set = json_i64(&reader->json, &ret.value);
	else
		json_skip(&reader->json);
	return ret;
}

static bool read_bool(struct reader *reader) {
	bool ret = json_peek(&reader->json) == JSON_TRUE;
	json_skip(&reader->json);
	return ret;
}

/* Enters an object; anything else is passed over. */
static bool enter(struct reader *reader, enum json_type type) {
	if (json_peek(&reader->json) == type) {
		json_enter(&reader->json);
		return true;
	}
	json_skip(&reader->json);
	return false;
}

/* A place for one more row; NULL after a failure. */
static void *add_row(struct reader *reader, void **items, size_t *count, size_t *cap, size_t size) {
	if (arena_grow(&reader->manifest->arena, items, *count, cap, size) < 0) {
		json_fail(&reader->json, -ENOMEM, "more than a manifest may hold");
		return NULL;
	}
	return (char *)*items + (*count)++ * size;
}

#define ADD_ROW(reader, list)                                                                     \
	add_row(reader, (void **)&(reader)->manifest->list##s, &(reader)->manifest->list##_count, \
		&(reader)->manifest->list##_cap, sizeof *(reader)->manifest->list##s)

/* ---- rows ---- */

static void read_original(struct reader *reader, struct manifest_file *file) {
	struct json_key key;
	bool first = true;
	if (!enter(reader, JSON_OBJECT))
		return;
	while (json_next_member(&reader->json, &first, &key)) {
		if (json_key_is(&key, "sha256"))
			file->original_sha256 = read_word(reader);
		else if (json_key_is(&key, "ordinal"))
			file->original_ordinal = read_number(reader);
		else
			json_skip(&reader->json);
	}
}

static void read_file(struct reader *reader) {
	struct manifest_file file = {0}, *row;
	struct json_key key;
	bool first = true;
	if (!enter(reader, JSON_OBJECT))
		return;
	while (json_next_member(&reader->json, &first, &key)) {
		if (json_key_is(&key, "name"))
			file.name = read_word(reader);
		else if (json_key_is(&key, "sha256"))
			file.sha256 = read_word(reader);
		else if (json_key_is(&key, "original"))
			read_original(reader, &file);
		else
			json_skip(&reader->json);
	}
	if (file.name && (row = ADD_ROW(reader, file)))
		*row = file;
}

static void read_incident(struct reader *reader) {
	struct manifest_incident incident = {0}, *row;
	struct i64_opt ordinal = {0};
	struct json_key key;
	bool first = true;
	if (!enter(reader, JSON_OBJECT))
		return;
	while (json_next_member(&reader->json, &first, &key)) {
		if (json_key_is(&key, "id"))
			incident.id = read_number(reader);
		else if (json_key_is(&key, "report"))
			incident.report = read_word(reader);
		else if (json_key_is(&key, "incident_id"))
			incident.incident_id = read_word(reader);
		else if (json_key_is(&key, "ordinal"))
			ordinal = read_number(reader);
		else if (json_key_is(&key, "path"))
			incident.path = read_word(reader);
		else if (json_key_is(&key, "first_seen_at_us"))
			incident.first_seen_at_us = read_number(reader);
		else if (json_key_is(&key, "conflicts"))
			incident.conflicts = read_number(reader);
		else
			json_skip(&reader->json);
	}
	reader->manifest->without_report += !incident.report;
	if (!incident.report || ordinal.value < 0 || ordinal.value >= LIMIT_REPORTS_PER_DOCUMENT)
		return;
	incident.ordinal = (size_t)ordinal.value;
	row = ADD_ROW(reader, incident);
	if (row)
		*row = incident;
}

static void read_state(struct reader *reader) {
	struct manifest_state state = {0}, *row;
	struct json_key key;
	bool first = true;
	if (!enter(reader, JSON_OBJECT))
		return;
	while (json_next_member(&reader->json, &first, &key)) {
		if (json_key_is(&key, "target"))
			state.target = read_word(reader);
		else if (json_key_is(&key, "name"))
			state.name = read_word(reader);
		else if (json_key_is(&key, "status"))
			state.status = read_word(reader);
		else if (json_key_is(&key, "note"))
			state.note = read_text(reader, LIMIT_TEXT_BYTES, true);
		else if (json_key_is(&key, "url"))
			state.url = read_word(reader);
		else if (json_key_is(&key, "fixed_in"))
			state.fixed_in = read_word(reader);
		else
			json_skip(&reader->json);
	}
	if (state.target && state.name && (row = ADD_ROW(reader, state)))
		*row = state;
}

static void read_rows(struct reader *reader, void (*read_row)(struct reader *reader)) {
	bool first = true;
	if (!enter(reader, JSON_ARRAY))
		return;
	while (json_next_element(&reader->json, &first))
		read_row(reader);
}

/* ---- the whole ---- */

static void read_members(struct reader *reader) {
	struct manifest *manifest = reader->manifest;
	struct json_key key;
	bool first = true;
	json_enter(&reader->json);
	while (json_next_member(&reader->json, &first, &key)) {
		if (json_key_is(&key, "format"))
			reader->format = read_word(reader);
		else if (json_key_is(&key, "format_version"))
			reader->version = read_number(reader);
		else if (json_key_is(&key, "agxtriage"))
			manifest->made_by = read_word(reader);
		else if (json_key_is(&key, "redacted"))
			manifest->redacted = read_bool(reader);
		else if (json_key_is(&key, "files") || json_key_is(&key, "reports"))
			read_rows(reader, read_file);
		else if (json_key_is(&key, "incidents"))
			read_rows(reader, read_incident);
		else if (json_key_is(&key, "states"))
			read_rows(reader, read_state);
		else
			json_skip(&reader->json);
	}
}

static int compare_files(const void *left, const void *right) {
	const struct manifest_file *a = left, *b = right;
	int order = strcmp(a->name, b->name);
	/* What tells of the original comes first. */
	return order ? order : (a->original_sha256 == NULL) - (b->original_sha256 == NULL);
}

static int compare_incidents(const void *left, const void *right) {
	const struct manifest_incident *a = left, *b = right;
	int order = strcmp(a->report, b->report);
	return order ? order : (a->ordinal > b->ordinal) - (a->ordinal < b->ordinal);
}

/* A report stands among the files and among the reports: one row is enough. */
static void merge_files(struct manifest *manifest) {
	struct manifest_file *files = manifest->files;
	size_t kept = 0;
	if (manifest->file_count)
		qsort(files, manifest->file_count, sizeof *files, compare_files);
	for (size_t i = 0; i < manifest->file_count; i++)
		if (!kept || strcmp(files[kept - 1].name, files[i].name) != 0)
			files[kept++] = files[i];
	manifest->file_count = kept;
}

static int check_format(const struct reader *reader, struct err *err) {
	if (!reader->format || strcmp(reader->format, MANIFEST_FORMAT) != 0)
		return err_set(err, -EBADMSG, "is no manifest of agxtriage");
	if (!reader->version.set || reader->version.value != MANIFEST_VERSION)
		return err_set(
			err, -EBADMSG, "has a form that this version of agxtriage does not know");
	return 0;
}

int manifest_read(struct manifest *ret, const char *bytes, size_t len, struct err *err) {
	struct reader reader = {.manifest = ret};
	*ret = (struct manifest){0};
	arena_init(&ret->arena, MANIFEST_BYTES_MAX);
	json_init(&reader.json, bytes, len, err);
	if (json_peek(&reader.json) != JSON_OBJECT)
		return err_set(err, -EBADMSG, "is no JSON object");
	read_members(&reader);
	if (reader.json.code)
		return reader.json.code;
	merge_files(ret);
	if (ret->incident_count)
		qsort(ret->incidents, ret->incident_count, sizeof *ret->incidents,
			compare_incidents);
	return check_format(&reader, err);
}

void manifest_finish(struct manifest *manifest) {
	arena_finish(&manifest->arena);
	*manifest = (struct manifest){0};
}

const struct manifest_file *manifest_find_file(const struct manifest *manifest, const char *name) {
	size_t low = 0, high = manifest->file_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(manifest->files[middle].name, name);
		if (order == 0)
			return &manifest->files[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct manifest_incident *manifest_find_incidents(
	const struct manifest *manifest, const char *report, size_t *ret_count) {
	size_t low = 0, high = manifest->incident_count;
	*ret_count = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(manifest->incidents[middle].report, report) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low;
		i < manifest->incident_count && strcmp(manifest->incidents[i].report, report) == 0;
		i++)
		++*ret_count;
	return *ret_count ? &manifest->incidents[low] : NULL;
}
