/*
 * The names of flat files, and whose a file is that stands there already. A part of flat.h.
 */
#ifndef EXPORT_FLAT_NAME_H
#define EXPORT_FLAT_NAME_H

#include "base/buf.h"
#include "ips/report.h"

#include <stdint.h>

/* What a name is made of, and by what its file is known again. */
struct flat_incident {
	const char *incident_id; /* NULL: it has none, and is known by its row */
	int64_t id;
	struct i64_opt captured_at_us;
};

enum flat_holder {
	FLAT_FREE,
	FLAT_SAME,   /* a file of this incident */
	FLAT_OTHER,  /* of another one, or nothing of ours */
	FLAT_FAILED, /* nothing can be read there */
};

/* Appends the name; number from 1: only further ones stand in it, or any without a time. */
void flat_name(const struct flat_incident *incident, unsigned number, struct buf *ret);
/* FLAT_SAME: ret_text is the file. FLAT_FAILED: err says why. */
enum flat_holder flat_look(const struct flat_incident *incident, const char *path,
	struct buf *ret_text, struct err *err);

#endif
