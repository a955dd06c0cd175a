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
	uint64_t damaged; /* members whose checksum is another; reports of them are rejected */
	uint64_t missing; /* members that the manifest names and that are not there */
	uint64_t without_report; /* incidents of which the archive has no bytes: not taken */
	uint64_t states;         /* taken over */
	bool redacted;
};

/*
 * What was committed before an error stays; the same archive can be taken in again. Errors: those
 * of bundle_open() and bundle_next(), and the store's. *ret is set whatever comes back.
 */
int archive_import(struct store *store, const struct archive_import_options *options,
	struct archive_imported *ret, struct err *err);

/* ---- for archive_import.c ---- */

struct manifest;
int archive_import_states(struct store *store, const struct archive_import_options *options,
	const struct manifest *manifest, uint64_t *ret_taken, struct err *err);

#endif
