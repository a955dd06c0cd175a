/*
 * One stored incident in full: its bytes, read and triaged again with the rules at hand.
 */
#ifndef EXPORT_LOAD_H
#define EXPORT_LOAD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "ips/document.h"
#include "store/store.h"
#include "triage/triage.h"

struct loaded {
	struct buf raw; /* the exact bytes of the stored file */
	struct document document;
	const struct report *report; /* borrowed from document, or in arena */
	struct arena arena;          /* what triage made */
	struct triage triage;
	bool raw_gone; /* retention has removed the bytes: raw and document are empty, report and
			  triage are what the row tells, with a warning that says so */
};

/*
 * Fills *ret, which is released with loaded_finish() whether this succeeds or not and may be used
 * again afterwards. Only id and ordinal of incident are read, and before the store is asked. rules
 * must outlive *ret. Errors: those of store_raw(), document_parse() and triage_run(), each naming
 * the row; -ENODATA when the document has fewer reports than when it was stored.
 */
int loaded_open(struct store *store, const struct rules *rules, const struct incident *incident,
	struct loaded *ret, struct err *err);
void loaded_finish(struct loaded *loaded);

#endif
