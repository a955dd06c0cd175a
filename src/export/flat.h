/*
 * Incidents as one file each, crash_YYYYMMDD_HHMMSS.json (UTC, when it was captured): the layout
 * that simple scripts read. The content is the object of `show --json`.
 */
#ifndef EXPORT_FLAT_H
#define EXPORT_FLAT_H

#include "export/archive.h"

struct flat_result {
	uint64_t incidents;         /* that have their file now */
	uint64_t written;           /* new, or with another content than before */
	uint64_t unreadable;        /* left out: their bytes cannot be read or redacted */
	uint64_t replaced, changed; /* as of an archive */
};

/*
 * Writes into folder, which is made when it is missing. Those of the same second get _2, _3 ... in
 * the order of their rows; one without a time is crash_unknown_N. A file of that name that is not
 * this very incident's is left alone, whoever made it: the next number is taken. A second run finds
 * the files of the first and adds none. Of options purpose, limits and the texts about the archive
 * are not used. -ENODATA: nothing matches.
 */
int flat_write(struct store *store, const struct archive_options *options, const char *folder,
	struct flat_result *ret, struct err *err);

#endif
