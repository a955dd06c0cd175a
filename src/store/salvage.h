/* What the two ways of reading a damaged database share: by its trees, then page by page. */
#ifndef STORE_SALVAGE_H
#define STORE_SALVAGE_H

#include "store/internal.h"

enum fate {
	FATE_NONE,    /* no such row */
	FATE_UNKNOWN, /* no tree could be asked */
	FATE_LOST,
	FATE_READ,
	FATE_GONE, /* emptied by retention */
};

struct salvage {
	struct store *store; /* the damaged one */
	store_salvage_fn fn;
	void *user;
	sqlite3_stmt *source; /* where a file was first seen; may be NULL */
	struct buf bytes;
	int64_t last;
	uint8_t *fates; /* enum fate of each row of raw up to last */
};

/* Unpacks row id of from, gives it to fn and notes what became of it. What fn returned, or -ENOMEM;
 * a row that cannot be unpacked is no failure. */
int store_salvage_row(struct salvage *salvage, struct store *from, int64_t id);

/* Rows whose fate is unknown or lost, as far as their pages still have them. Same result. */
int store_salvage_pages(struct salvage *salvage, struct err *err);

#endif
