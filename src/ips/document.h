/*
 * A document is whatever bytes somebody hands us: one report, or an issue, a forum post, a mail
 * with one or several reports in the middle, HTML-escaped, indented or quoted. It is cut into
 * reports here.
 */
#ifndef IPS_DOCUMENT_H
#define IPS_DOCUMENT_H

#include "base/buf.h"
#include "ips/report.h"

struct document {
	struct report **reports; /* owned, in the order of the text */
	size_t count;
};

/*
 * Finds and parses every report in bytes. The translated text and the JSON of the same incident
 * (equal incident id, or equal process, pid and capture time) are one report: the JSON wins.
 * Errors: -EBADMSG when there is no readable report (err says what was found instead: "empty",
 * "binary", "truncated JSON at byte N", "no report in it"), -E2BIG, -ENOMEM. On error *ret is
 * untouched.
 */
int document_parse(const char *bytes, size_t len, struct document *ret, struct err *err);
/* Appends the bytes of one report alone, as its parser read them: without what stood around it, and
 * with entities and quoting undone. They parse as the same report. Errors as above; -ENODATA: there
 * is none of that number. */
int document_text(const char *bytes, size_t len, size_t ordinal, struct buf *ret, struct err *err);
void document_finish(struct document *document);

#endif
