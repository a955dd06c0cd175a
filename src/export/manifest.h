/*
 * manifest.json: what stands in an archive. Written as it is made (nothing of it is held in
 * memory), read as outside input.
 *
 *   format            "agxtriage-export";  format_version 1
 *   agxtriage         version of the program
 *   redacted          bool;  purpose: "archive", "apple", "github"
 *   filter            {matches: [...], site, since, until}: what was asked for
 *   counts            {incidents, reports, without_report, dropped, unreadable, changed}
 *   rules, signature_version
 *   missing           [{name, why}]: members that are not there and why
 *   states            [{target, name, status, note, url, fixed_in}]: of what is in incidents
 *   files             [{name, size, sha256}]: every member but manifest.json and SHA256SUMS
 *   reports           [{name, size, sha256, original: {size, sha256, ordinal}}]: name stands in
 *                     files, too; original is the stored file, ordinal (redacted only) which
 *                     report of it this one was
 *   incidents         [{id, incident_id, kind, simulated, captured_at, report, ordinal, site,
 *                     signature, signature_version, status}], newest first; report null: its bytes
 *                     were gone; changed_from {site, signature} when redaction changed them;
 *                     unredacted also path, first_seen_at_us, conflicts
 *   left_out          [{id, why: "max_size" or "unreadable"}]
 */
#ifndef EXPORT_MANIFEST_H
#define EXPORT_MANIFEST_H

#include "base/arena.h"
#include "base/err.h"
#include "ips/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_FORMAT "agxtriage-export"
#define MANIFEST_VERSION 1
#define MANIFEST_NAME "manifest.json"
#define MANIFEST_SUMS_NAME "SHA256SUMS"

struct archive;

/* Writes manifest.json and SHA256SUMS of the first keep items into their spools. */
int manifest_write(struct archive *archive, size_t keep, struct err *err);

/* ---- reading ---- */

/* A manifest of 10,000 incidents has about 9 MB; as much again is kept of it at most. */
#define MANIFEST_BYTES_MAX (128u << 20)

/* Texts may be NULL unless told otherwise, are clean, and say what they like. */
struct manifest_file {
	const char *name; /* never NULL */
	const char *sha256;
	const char *original_sha256; /* of a report */
	struct i64_opt original_ordinal;
};

struct manifest_incident {
	struct i64_opt id;
	const char *report; /* never NULL: others are left out */
	const char *incident_id;
	size_t ordinal;
	const char *path;
	struct i64_opt first_seen_at_us, conflicts;
};

struct manifest_state {
	const char *target, *name, *status, *note, *url, *fixed_in; /* target, name never NULL */
};

struct manifest {
	struct arena arena;
	bool redacted;
	const char *made_by;         /* version of agxtriage */
	struct manifest_file *files; /* by name */
	size_t file_count, file_cap;
	struct manifest_incident *incidents; /* by report, then ordinal */
	size_t incident_count, incident_cap;
	uint64_t without_report;
	struct manifest_state *states;
	size_t state_count, state_cap;
};

/* -EBADMSG: it is none, or of a later version; -E2BIG; -ENOMEM. *ret is to be finished whatever
 * comes back. */
int manifest_read(struct manifest *ret, const char *bytes, size_t len, struct err *err);
void manifest_finish(struct manifest *manifest);
/* NULL: the manifest does not name it. */
const struct manifest_file *manifest_find_file(const struct manifest *manifest, const char *name);
/* The incidents of a member, one behind the other. */
const struct manifest_incident *manifest_find_incidents(
	const struct manifest *manifest, const char *report, size_t *ret_count);

#endif
