/*
 * What the public library's opaque types hold. Nothing here prints, exits or touches cJSON's hooks.
 */
#ifndef LIB_LIB_H
#define LIB_LIB_H

#include "agxtriage.h"
#include "base/arena.h"
#include "base/err.h"
#include "ips/document.h"
#include "store/store.h"
#include "triage/triage.h"

struct agxtriage_rules {
	struct rules *rules;
};

/* Of a document (report and triage are set, row has the file's facts) or of a list (row alone). */
struct agxtriage_incident {
	const struct report *report; /* borrowed from the document */
	struct triage triage;
	struct incident row; /* texts borrowed from document or cursor */
};

struct agxtriage_document {
	struct document document;
	struct agxtriage_incident *incidents; /* document.count of them */
	struct rules *own_rules;              /* NULL when the caller's are used */
	struct arena arena;
};

/* Copies what went wrong out of the library; returns code. */
int lib_error(struct agxtriage_error *error, const struct err *err, int code);

#endif
