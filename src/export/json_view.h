/*
 * One incident as the JSON object that other programs rely on (schema/incident.schema.json
 * describes it).
 */
#ifndef EXPORT_JSON_VIEW_H
#define EXPORT_JSON_VIEW_H

#include "base/buf.h"
#include "base/err.h"
#include "export/surroundings.h"
#include "ips/report.h"
#include "store/store.h"
#include "triage/triage.h"

enum json_view_detail {
	JSON_VIEW_FULL,
	JSON_VIEW_LIST, /* without threads, images and registers */
};

/*
 * Appends one line without its newline. incident: of the store, or made by hand for a file that is
 * in no store (id 0, first_seen_at_us 0 and status NULL then read null, null and "open"), or NULL
 * when nothing is known of where the report came from. The facts come from report and triage, the
 * history from incident. Returns 0 or -ENOMEM (buf is then incomplete).
 */
int json_view_print(struct buf *buf, const struct report *report, const struct triage *triage,
	const struct incident *incident, enum json_view_detail detail, struct err *err);

/* The same in full, of a stored incident with what surrounds it: its state and its neighbours. */
int json_view_print_stored(struct buf *buf, const struct report *report,
	const struct triage *triage, const struct incident *incident,
	const struct surroundings *around, struct err *err);

#endif
