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
	struct err unread; /* why the manifest could not be read; code 0: it could, or none came */
	struct archive_aside *aside; /* NULL: nothing waits */
	bool *seen;                  /* of the manifest's files: they came */
	char *path;                  /* of the archive, absolute; NULL for stdin */
	struct buf bytes;
	char sha256[SHA256_HEX_BYTES];     /* of bytes */
	unsigned batch;                    /* reports in the open transaction; 0: none is open */
	struct archive_imported committed; /* the summary up to there */
	bool failed;                       /* the store: the open transaction is lost */
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
	if (r == 0) {
		import->committed = *import->summary;
		return 0;
	}
	store_rollback(import->store);
	import->failed = true;
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

/* NULL: the member is no redacted report. */
static const char *original_of(const struct import *import, const struct manifest_file *file) {
	return file && import->manifest.redacted ? file->original_sha256 : NULL;
}

/* 1: the original of a redacted report is here already. Nothing contradicts it, whatever became of
 * its id. */
static int has_original(struct import *import, const struct report *report,
	const struct manifest_file *file, struct err *err) {
	const char *original = original_of(import, file);
	const struct store_place place = {.sha256 = original,
		.ordinal = file ? file->original_ordinal : (struct i64_opt){0},
		.incident_id = report->incident_id};
	return original ? store_knows(import->store, &place, err) : 0;
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
	const struct manifest_file *file = manifest_find_file(&import->manifest, piece->member);
	struct buf own = {0};
	enum store_put put = STORE_KNOWN;
	struct store_origin origin =
		archive_import_origin(import->path, piece->member, piece->incident, &own);
	origin.original_sha256 = original_of(import, file);
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
	if (r == 0)
		r = has_original(import, report, file, err);
	if (r == 0)
		r = store_put(import->store, &item, &put, NULL, err);
	if (r >= 0) {
		count(import->summary, put);
		import->summary->unverified += !file || !file->sha256;
	}
	import->failed |= r < 0;
	buf_finish(&own);
	return r < 0 ? r : 0;
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
	int r = read_member(import, reader, size, MANIFEST_BYTES_MAX, err);
	if (r < 0)
		return r;
	import->met_manifest = true;
	if (r > 0) {
		err_set(&import->unread, -E2BIG, "is larger than a manifest may be");
		return 0;
	}
	r = manifest_read(
		&import->manifest, buf_str(&import->bytes), import->bytes.len, &import->unread);
	if (r < 0) {
		import->unread.code = r;
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
	while (!import->met_manifest && (r = bundle_next(reader, &name, &size, err)) > 0) {
		if (stopped(import, err))
			r = -EINTR;
		else if (strcmp(name, MANIFEST_NAME) == 0)
			r = take_manifest(import, reader, size, err);
		if (r < 0)
			break;
	}
	bundle_close(reader);
	/* What is damaged behind it is met again. */
	if (r == -EBADMSG && !import->met_manifest)
		*err = (struct err){0}, r = 0;
	return r < 0 ? r : 0;
}

static int take_any(struct import *import, struct bundle_reader *reader, const char *name,
	uint64_t size, struct err *err) {
	if (strcmp(name, MANIFEST_NAME) != 0)
		return take_member(import, reader, name, size, err);
	if (import->options->path || import->met_manifest)
		return 0;
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

/* ---- the whole ---- */

static int end_archive(struct import *import, bool broken, struct err *err) {
	const struct archive_import_end end = {
		.manifest = import->has_manifest ? &import->manifest : NULL,
		.seen = import->seen,
		.unread = &import->unread,
		.broken = broken,
	};
	return archive_import_tell(import->options, &end, import->summary, err);
}

static int import_all(struct import *import, struct err *err) {
	int r = look_for_manifest(import, err);
	if (r == 0)
		r = take_members(import, err);
	/* What was read before the archive broke is whole. */
	struct err end = {0};
	int ended = import->failed ? 0 : end_batch(import, &end);
	if (ended < 0)
		return err_set(err, ended, "%s", end.text);
	if (r < 0 && !import->failed && r != -EINTR && import->summary->seen + import->met_manifest)
		(void)end_archive(import, true, &end);
	if (r == 0)
		r = end_archive(import, false, err);
	return r == 0 ? archive_import_states(import->store, import->options, &import->manifest,
				&import->summary->states, err)
		      : r;
}

/* Of what was put only what was committed counts. */
static void roll_back(struct import *import) {
	const struct archive_imported *committed = &import->committed;
	struct archive_imported *summary = import->summary;
	if (import->batch)
		store_rollback(import->store);
	if (!import->failed)
		return;
	summary->seen = committed->seen + summary->rejected - committed->rejected;
	summary->added = committed->added;
	summary->known = committed->known;
	summary->conflicts = committed->conflicts;
	summary->unverified = committed->unverified;
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
	roll_back(&import);
	manifest_finish(&import.manifest);
	buf_finish(&import.bytes);
	archive_aside_free(import.aside);
	free(import.seen);
	free(import.path);
	return r;
}
