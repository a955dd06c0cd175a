/* Member by member: checked against the manifest, parsed, triaged, put. */
#include "export/archive_import.h"

#include "base/limits.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "export/archive_aside.h"
#include "export/bundle.h"
#include "export/manifest.h"
#include "ips/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A transaction ends after so many reports. */
#define BATCH_REPORTS 128
#define PIECE_BYTES 16384

struct import {
	struct store *store;
	const struct archive_import_options *options;
	struct archive_imported *summary;
	struct manifest manifest;
	bool has_manifest, met_manifest;
	struct archive_aside *aside; /* NULL: nothing waits */
	bool *seen;                  /* of the manifest's files: they came */
	char *path;                  /* of the archive, absolute; NULL for stdin */
	struct buf bytes;
	char sha256[SHA256_HEX_BYTES]; /* of bytes */
	unsigned batch;                /* reports in the open transaction; 0: none is open */
};

static void tell(struct import *import, const char *member, const char *reason) {
	if (import->options->on_problem)
		import->options->on_problem(member, reason, import->options->user);
}

static bool stopped(const struct import *import, struct err *err) {
	const volatile bool *stop = import->options->stop;
	if (!stop || !*stop)
		return false;
	err_set(err, -EINTR, "interrupted");
	return true;
}

/* ---- bytes ---- */

/* 0, or 1 when the member is larger than limit: then it is not read. */
static int read_member(struct import *import, struct bundle_reader *reader, uint64_t size,
	uint64_t limit, struct err *err) {
	char piece[PIECE_BYTES];
	struct sha256_stream digest;
	uint8_t result[SHA256_BYTES];
	int64_t n;
	buf_reset(&import->bytes);
	sha256_start(&digest);
	while ((n = bundle_read(reader, piece, sizeof piece, err)) > 0) {
		sha256_add(&digest, piece, (size_t)n);
		if (size <= limit)
			buf_add(&import->bytes, piece, (size_t)n);
		if (stopped(import, err))
			return -EINTR;
	}
	if (n < 0)
		return (int)n;
	if (import->bytes.failed)
		return err_set(err, -ENOMEM, "out of memory");
	sha256_end(&digest, result);
	sha256_hex(result, import->sha256);
	return size > limit;
}

/* ---- one report ---- */

static int end_batch(struct import *import, struct err *err) {
	if (!import->batch)
		return 0;
	import->batch = 0;
	int r = store_commit(import->store, err);
	if (r < 0)
		store_rollback(import->store);
	return r;
}

static int begin_batch(struct import *import, struct err *err) {
	if (import->batch >= BATCH_REPORTS) {
		int r = end_batch(import, err);
		if (r < 0)
			return r;
	}
	if (import->batch++)
		return 0;
	int r = store_begin(import->store, err);
	if (r < 0)
		import->batch = 0;
	return r;
}

/* The original of a redacted report is here already: nothing contradicts it. */
static bool has_original(
	struct import *import, const struct report *report, const struct manifest_file *file) {
	struct incident row;
	struct err none = {0};
	if (!import->has_manifest || !import->manifest.redacted || !file ||
		!file->original_sha256 || !report->incident_id || strlen(report->incident_id) < 4)
		return false;
	return store_find(import->store, report->incident_id, &row, &none) == 0 &&
	       row.incident_id && strcmp(row.incident_id, report->incident_id) == 0 && row.sha256 &&
	       strcmp(row.sha256, file->original_sha256) == 0;
}

static bool is_path(const char *path) {
	return path && path[0] == '/' && path[1] && strlen(path) < LIMIT_CONFIG_WORD_BYTES;
}

/* What the row is to say of where it came from; own: a path made here, to be freed. */
static struct store_origin origin_of(const struct import *import, const char *member,
	const struct manifest_incident *incident, struct buf *own) {
	struct store_origin origin = {0};
	if (incident && incident->id.set && incident->id.value > 0 &&
		incident->id.value <= STORE_ORIGIN_ID_MAX)
		origin.id = incident->id.value;
	if (incident && incident->first_seen_at_us.set && incident->first_seen_at_us.value > 0)
		origin.first_seen_at_us = incident->first_seen_at_us.value;
	if (incident && incident->conflicts.set && incident->conflicts.value > 0 &&
		incident->conflicts.value <= UINT32_MAX)
		origin.conflicts = incident->conflicts.value;
	if (incident && is_path(incident->path)) {
		origin.path = incident->path;
	} else if (import->path && !(incident && incident->first_seen_at_us.set)) {
		buf_printf(own, "%s/%s", import->path, member);
		origin.path = own->failed ? NULL : buf_str(own);
	}
	return origin;
}

static void count(struct archive_imported *summary, enum store_put put) {
	summary->seen++;
	summary->added += put == STORE_ADDED;
	summary->known += put != STORE_ADDED;
	summary->conflicts += put == STORE_CONFLICT;
}

/* One report of a member. */
struct piece {
	const char *member;
	const struct document *document;
	size_t ordinal;
	const struct manifest_incident *incident; /* NULL: the manifest does not know it */
};

static int put_report(struct import *import, const struct piece *piece, const struct triage *triage,
	struct err *err) {
	const struct report *report = piece->document->reports[piece->ordinal];
	struct buf own = {0};
	enum store_put put = STORE_KNOWN;
	const struct store_origin origin = origin_of(import, piece->member, piece->incident, &own);
	const struct store_item item = {
		.origin = &origin,
		.bytes = buf_str(&import->bytes),
		.len = import->bytes.len,
		.sha256 = import->sha256,
		.ordinal = piece->ordinal,
		.report = report,
		.triage = triage,
		.rules_version = rules_version(import->options->rules),
		.named = true,
	};
	int r = begin_batch(import, err);
	if (r == 0 &&
		!has_original(import, report, manifest_find_file(&import->manifest, piece->member)))
		r = store_put(import->store, &item, &put, NULL, err);
	if (r == 0)
		count(import->summary, put);
	buf_finish(&own);
	return r;
}

/* ---- a member of reports/ ---- */

static void reject(struct import *import, const char *member, const char *reason) {
	import->summary->seen++;
	import->summary->rejected++;
	tell(import, member, reason);
}

/* The reports of the member that the archive is about; all of them when it does not say. */
static int put_document(struct import *import, const char *member, const struct document *document,
	struct err *err) {
	struct arena arena;
	struct triage triage;
	size_t wanted_count = 0;
	const struct manifest_incident *wanted =
		manifest_find_incidents(&import->manifest, member, &wanted_count);
	size_t total = wanted ? wanted_count : document->count;
	int r = 0;
	arena_init(&arena, LIMIT_REPORT_ARENA_BYTES);
	for (size_t i = 0; i < total && r == 0; i++) {
		const struct piece piece = {
			.member = member,
			.document = document,
			.ordinal = wanted ? wanted[i].ordinal : i,
			.incident = wanted ? &wanted[i] : NULL,
		};
		if (piece.ordinal >= document->count) {
			reject(import, member, "has fewer reports than the manifest tells");
			continue;
		}
		arena_reset(&arena);
		if (triage_run(&triage, document->reports[piece.ordinal], import->options->rules,
			    &arena, NULL) < 0)
			reject(import, member, "needs more memory than a report may have");
		else
			r = put_report(import, &piece, &triage, err);
	}
	arena_finish(&arena);
	return r;
}

static int take_report(struct import *import, const char *member, struct err *err) {
	struct document document = {0};
	struct err unread = {0};
	if (document_parse(buf_str(&import->bytes), import->bytes.len, &document, &unread) < 0) {
		reject(import, member, unread.text);
		return 0;
	}
	int r = put_document(import, member, &document, err);
	document_finish(&document);
	return r;
}

static bool is_report(const char *name) {
	return text_starts(name, "reports/") || text_ends(name, ".ips") ||
	       text_ends(name, ".crash") || text_ends(name, ".panic");
}

/* Whether the checksum is the manifest's, where it has one. */
static bool is_intact(struct import *import, const char *name) {
	const struct manifest_file *file = manifest_find_file(&import->manifest, name);
	if (!file)
		return true;
	import->seen[file - import->manifest.files] = true;
	if (!file->sha256 || strcmp(file->sha256, import->sha256) == 0)
		return true;
	import->summary->damaged++;
	return false;
}

/* Its bytes were just read. */
static int judge_member(struct import *import, const char *name, bool too_large, struct err *err) {
	static const char damaged[] = "damaged: its checksum is not the manifest's";
	bool report = is_report(name), intact = is_intact(import, name);
	if (report && !intact)
		reject(import, name, damaged);
	else if (report && too_large)
		reject(import, name, "larger than a report may be");
	else if (report)
		return take_report(import, name, err);
	else if (!intact)
		tell(import, name, damaged);
	return 0;
}

static int judge_set_aside(const struct archive_set_aside *member, void *user, struct err *err) {
	struct import *import = user;
	if (stopped(import, err))
		return -EINTR;
	memcpy(import->sha256, member->sha256, sizeof import->sha256);
	return judge_member(import, member->name, member->too_large, err);
}

static int take_what_waits(struct import *import, struct err *err) {
	int r = archive_aside_each(import->aside, &import->bytes, judge_set_aside, import, err);
	archive_aside_free(import->aside);
	import->aside = NULL;
	return r;
}

/* What a pipe brings before the manifest waits for it: it cannot be read twice. */
static int take_member(struct import *import, struct bundle_reader *reader, const char *name,
	uint64_t size, struct err *err) {
	uint64_t limit = is_report(name) ? LIMIT_REPORT_BYTES : 0;
	int r = read_member(import, reader, size, limit, err);
	if (r < 0)
		return r;
	if (import->options->path || import->met_manifest)
		return judge_member(import, name, r > 0, err);
	const struct archive_set_aside member = {name, import->sha256, r > 0};
	return archive_aside_add(&import->aside, &member, &import->bytes, err);
}

/* ---- the manifest ---- */

static int take_manifest(
	struct import *import, struct bundle_reader *reader, uint64_t size, struct err *err) {
	struct err unread = {0};
	int r = read_member(import, reader, size, MANIFEST_BYTES_MAX, err);
	if (r < 0)
		return r;
	if (r > 0) {
		tell(import, MANIFEST_NAME, "is too large; what it says is left alone");
		return 0;
	}
	if (manifest_read(&import->manifest, buf_str(&import->bytes), import->bytes.len, &unread) <
		0) {
		tell(import, MANIFEST_NAME, unread.text);
		manifest_finish(&import->manifest);
		return 0;
	}
	import->seen = calloc(import->manifest.file_count + 1, sizeof *import->seen);
	if (!import->seen)
		return err_set(err, -ENOMEM, "out of memory");
	import->has_manifest = true;
	import->summary->redacted = import->manifest.redacted;
	import->summary->without_report = import->manifest.without_report;
	return 0;
}

/* Others pack archives too, and not always with the manifest in front. */
static int look_for_manifest(struct import *import, struct err *err) {
	struct bundle_reader *reader = NULL;
	const char *name;
	uint64_t size;
	if (!import->options->path)
		return 0;
	int r = bundle_open(import->options->program, import->options->path, &reader, err);
	if (r < 0)
		return r;
	bundle_watch(reader, import->options->stop);
	while (!import->has_manifest && (r = bundle_next(reader, &name, &size, err)) > 0) {
		if (stopped(import, err))
			r = -EINTR;
		else if (strcmp(name, MANIFEST_NAME) == 0)
			r = take_manifest(import, reader, size, err);
		if (r < 0)
			break;
	}
	bundle_close(reader);
	/* What is damaged behind it is met again. */
	if (r == -EBADMSG && !import->has_manifest)
		*err = (struct err){0}, r = 0;
	return r < 0 ? r : 0;
}

static int take_any(struct import *import, struct bundle_reader *reader, const char *name,
	uint64_t size, struct err *err) {
	if (strcmp(name, MANIFEST_NAME) != 0)
		return take_member(import, reader, name, size, err);
	if (import->options->path || import->met_manifest)
		return 0;
	import->met_manifest = true;
	int r = take_manifest(import, reader, size, err);
	return r == 0 ? take_what_waits(import, err) : r;
}

static int take_members(struct import *import, struct err *err) {
	struct bundle_reader *reader = NULL;
	const char *name;
	uint64_t size;
	int r = bundle_open(import->options->program, import->options->path, &reader, err);
	if (r < 0)
		return r;
	bundle_watch(reader, import->options->stop);
	while (r >= 0 && (r = bundle_next(reader, &name, &size, err)) > 0) {
		char member[BUNDLE_NAME_BYTES + 1];
		if (stopped(import, err)) {
			r = -EINTR;
			break;
		}
		size_t len = strlen(name);
		if (len >= sizeof member)
			continue;
		memcpy(member, name, len + 1);
		r = take_any(import, reader, member, size, err);
		if (r < 0)
			break;
	}
	bundle_close(reader);
	/* There is no manifest, or what broke was behind them. */
	struct err end = {0};
	int ended = r == 0 || r == -EBADMSG ? take_what_waits(import, &end) : 0;
	if (ended < 0)
		return err_set(err, ended, "%s", end.text);
	return r < 0 ? r : 0;
}

static void tell_missing(struct import *import) {
	for (size_t i = 0; i < import->manifest.file_count; i++) {
		if (import->seen[i])
			continue;
		import->summary->missing++;
		tell(import, import->manifest.files[i].name,
			"the manifest names it, the archive does not have it");
	}
}

/* ---- the whole ---- */

static int import_all(struct import *import, struct err *err) {
	int r = look_for_manifest(import, err);
	if (r == 0)
		r = take_members(import, err);
	/* What was read before the archive broke is whole. */
	struct err end = {0};
	int ended = r < 0 && r != -EBADMSG && r != -EINTR ? 0 : end_batch(import, &end);
	if (ended < 0 && r >= 0)
		return err_set(err, ended, "%s", end.text);
	if (r == 0 && import->has_manifest)
		tell_missing(import);
	return r == 0 ? archive_import_states(import->store, import->options, &import->manifest,
				&import->summary->states, err)
		      : r;
}

int archive_import(struct store *store, const struct archive_import_options *options,
	struct archive_imported *ret, struct err *err) {
	struct import import = {.store = store, .options = options, .summary = ret};
	int r = 0;
	*ret = (struct archive_imported){0};
	if (options->path) {
		import.path = path_absolute(options->path);
		if (!import.path)
			r = err_set(err, -errno, "%s: %s", options->path, strerror(errno));
	}
	if (r == 0)
		r = import_all(&import, err);
	if (import.batch)
		store_rollback(store);
	manifest_finish(&import.manifest);
	buf_finish(&import.bytes);
	archive_aside_free(import.aside);
	free(import.seen);
	free(import.path);
	return r;
}
