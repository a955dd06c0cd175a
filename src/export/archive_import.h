/*
 * Taking an archive in again. Everything in it is outside input: what the manifest says is believed
 * only where it does no harm, every report goes the way of any file.
 */
#ifndef EXPORT_ARCHIVE_IMPORT_H
#define EXPORT_ARCHIVE_IMPORT_H

#include "base/err.h"
#include "store/store.h"
#include "triage/rules.h"

#include <stdbool.h>
#include <stdint.h>

struct archive_import_options {
	const char *program; /* of the helper that reads archives */
	const char *path;    /* NULL: standard input */
	const struct rules *rules;
	const volatile bool *stop; /* NULL, or polled: -EINTR */
	/* A member that was not taken, or what is odd of the archive (member NULL); texts are not
	 * clean. May be NULL. */
	void (*on_problem)(const char *member, const char *reason, void *user);
	void *user;
};

struct archive_imported {
	uint64_t seen, added, known, rejected, conflicts; /* reports, as of a scan */
	uint64_t damaged;    /* members whose checksum is another; reports of them are rejected */
	uint64_t missing;    /* members that the manifest names and that are not there */
	uint64_t unverified; /* reports that were taken and of which no manifest has a checksum */
	uint64_t without_report; /* incidents of which the archive has no bytes: not taken */
	uint64_t states;         /* taken over */
	bool redacted;
};

/*
 * What was read before an archive broke is stored, what was committed before another error stays;
 * the same archive can be taken in again. Errors: those of bundle_open() and bundle_next(),
 * -EBADMSG also of a manifest that cannot be read (the reports are stored then), and the store's.
 * *ret is set whatever comes back.
 */
int archive_import(struct store *store, const struct archive_import_options *options,
	struct archive_imported *ret, struct err *err);

/* ---- for archive_import.c ---- */

struct manifest;
int archive_import_states(struct store *store, const struct archive_import_options *options,
	const struct manifest *manifest, uint64_t *ret_taken, struct err *err);

/* archive: its path, NULL for a pipe; incident: NULL when the manifest does not know it; own: holds
 * a path made here. */
struct manifest_incident;
struct store_origin archive_import_origin(const char *archive, const char *member,
	const struct manifest_incident *incident, struct buf *own);

/* What is told at the end of an archive. */
struct archive_import_end {
	const struct manifest *manifest; /* NULL: none could be read */
	const bool *seen;                /* of its files: they came */
	const struct err *unread;        /* why it could not be read; code 0: none came */
	bool broken;                     /* the archive ended before its end */
};
/* -EBADMSG: its manifest could not be read. */
int archive_import_tell(const struct archive_import_options *options,
	const struct archive_import_end *end, struct archive_imported *summary, struct err *err);

#endif
