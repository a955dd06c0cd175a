/*
 * `report` as one self-contained HTML page: no network, readable without a script, every text from
 * outside escaped. Written straight to fd in pieces, so that its size is not the memory's.
 */
#ifndef EXPORT_PAGE_H
#define EXPORT_PAGE_H

#include "export/analysis.h"

struct page_options {
	struct store *store; /* whose incidents are shown with all threads; not used by anyone else
				meanwhile */
	const struct rules *rules;
	size_t detail_bytes; /* of sections with all threads; 0: as many as leave the page below
				5 MB */
};

/* A piece of the page; a negative errno ends it. */
typedef int (*page_write_fn)(const char *bytes, size_t len, void *user);
/* Goes through analysis->redactor when there is one. */
int page_write(const struct analysis *analysis, const struct page_options *options,
	page_write_fn write, void *user, struct err *err);

#endif
