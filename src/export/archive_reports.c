/* Each report as it leaves, and what incidents.json and the manifest say of it, which is read from
 * what leaves and from nothing else. */
#include "export/archive_parts.h"

#include "export/json_out.h"
#include "export/json_view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_EVERY 64

/* ---- reports/ ---- */

/* A name of our own making: of what the report calls itself only a UUID is taken. */
static void name_report(size_t number, const char *id, char ret[ARCHIVE_NAME_BYTES]) {
	bool telling = id && archive_is_uuid(id);
	snprintf(ret, ARCHIVE_NAME_BYTES, "reports/%06zu%s%.36s.ips", number, telling ? "-" : "",
		telling ? id : "");
}

static int grow_reports(struct archive *archive, struct err *err) {
	if (archive->report_count < archive->report_cap)
		return 0;
	size_t cap = archive->report_cap ? 2 * archive->report_cap : 256;
	struct archive_report *reports = realloc(archive->reports, cap * sizeof *reports);
	if (!reports)
		return err_set(err, -ENOMEM, "out of memory");
	archive->reports = reports;
	archive->report_cap = cap;
	return 0;
}

static int add_report(
	struct archive_leaving *leaving, const char *bytes, size_t len, struct err *err) {
	struct archive *archive = leaving->archive;
	int r = grow_reports(archive, err);
	if (r < 0)
		return r;
	struct archive_report *report = &archive->reports[archive->report_count];
	*report = (struct archive_report){.offset = archive->spools.reports.len,
		.size = len,
		.original_size = (uint64_t)leaving->row.size,
		.original_ordinal = leaving->row.ordinal};
	name_report(archive->report_count + 1, leaving->report->incident_id, report->name);
	snprintf(report->original_sha256, sizeof report->original_sha256, "%s",
		leaving->row.sha256 ? leaving->row.sha256 : "");
	sha256(bytes, len, report->sha256);
	r = archive_places_in_report(archive, leaving->item, bytes, len, err);
	if (r == 0)
		r = spool_add(&archive->spools.reports, bytes, len, err);
	if (r == 0)
		leaving->item->report = archive->report_count++;
	return r;
}

/* The place of a stored file among the reports, or of the empty slot for it. A file that holds
 * several reports is one member. */
static uint32_t *find_slot(struct archive *archive, const char *sha256_hex_text) {
	size_t mask = archive->report_slot_count - 1;
	char start[17];
	snprintf(start, sizeof start, "%.16s", sha256_hex_text);
	size_t at = (size_t)strtoull(start, NULL, 16) & mask;
	while (archive->report_slots[at] &&
		strcmp(archive->reports[archive->report_slots[at] - 1].original_sha256,
			sha256_hex_text) != 0)
		at = (at + 1) & mask;
	return &archive->report_slots[at];
}

static int add_original(struct archive_leaving *leaving, struct err *err) {
	struct archive *archive = leaving->archive;
	const struct loaded *loaded = &leaving->loaded;
	uint32_t *slot = find_slot(archive, leaving->row.sha256);
	if (*slot) {
		leaving->item->report = *slot - 1;
		return 0;
	}
	int r = add_report(leaving, buf_str(&loaded->raw), loaded->raw.len, err);
	if (r == 0)
		*slot = (uint32_t)archive->report_count;
	return r;
}

/* ---- what is said of it ---- */

static int add_facts(struct archive_leaving *leaving, struct err *err) {
	struct archive *archive = leaving->archive;
	struct archive_item *item = leaving->item;
	const struct incident *row = &leaving->row;
	const struct triage *was = &leaving->loaded.triage, *now = &leaving->triage;
	bool redacted = archive->options->redactor != NULL;
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_i64(&out, "id", item->id);
	json_out_text(&out, "incident_id", leaving->report->incident_id);
	json_out_text(&out, "kind", report_kind_names[leaving->report->kind]);
	json_out_bool(&out, "simulated", leaving->report->simulated);
	json_out_time_opt(&out, "captured_at", leaving->report->captured_at_us);
	json_out_text(&out, "report",
		item->report == ARCHIVE_NO_REPORT ? NULL : archive->reports[item->report].name);
	json_out_u64(&out, "ordinal", redacted ? 0 : row->ordinal);
	json_out_text(&out, "site", now->site);
	json_out_text(&out, "signature", now->signature_text ? now->signature_hash : NULL);
	json_out_i64(&out, "signature_version", now->signature_version);
	json_out_text(&out, "status", row->status);
	if (item->changed) {
		json_out_object(&out, "changed_from");
		json_out_text(&out, "site", was->site);
		json_out_text(&out, "signature", was->signature_text ? was->signature_hash : NULL);
		json_out_object_end(&out);
	}
	if (!redacted) {
		json_out_text(&out, "path", row->path);
		json_out_i64(&out, "first_seen_at_us", row->first_seen_at_us);
		json_out_i64(&out, "conflicts", row->conflicts);
	}
	json_out_object_end(&out);
	item->facts_offset = archive->spools.facts.len;
	item->facts_len = line.len;
	int r = line.failed ? err_set(err, -ENOMEM, "out of memory")
			    : spool_add(&archive->spools.facts, line.data, line.len, err);
	buf_finish(&line);
	return r;
}

/* What leaves stands in the archive, and came from nowhere else. */
static struct incident row_that_leaves(
	const struct archive_leaving *leaving, char hex[SHA256_HEX_BYTES]) {
	struct incident row = leaving->row;
	const struct archive_item *item = leaving->item;
	if (!leaving->archive->options->redactor)
		return row;
	row.path = row.sha256 = NULL;
	row.size = row.first_seen_at_us = 0;
	row.ordinal = 0;
	if (item->report != ARCHIVE_NO_REPORT) {
		const struct archive_report *report = &leaving->archive->reports[item->report];
		sha256_hex(report->sha256, hex);
		row.path = report->name;
		row.sha256 = hex;
		row.size = (int64_t)report->size;
	}
	return row;
}

static int add_view(struct archive_leaving *leaving, struct err *err) {
	struct archive *archive = leaving->archive;
	struct spool *views = &archive->spools.views;
	struct buf line = {0};
	char hex[SHA256_HEX_BYTES];
	const struct incident row = row_that_leaves(leaving, hex);
	buf_add_str(&line, views->len ? ",\n" : ARCHIVE_VIEWS_START);
	int r = json_view_print(
		&line, leaving->report, &leaving->triage, &row, JSON_VIEW_LIST, err);
	if (r == 0)
		r = archive_places_in_view(archive, leaving->item, line.data, line.len, err);
	if (r == 0)
		r = spool_add(views, line.data, line.len, err);
	buf_finish(&line);
	return r;
}

/* ---- one after the other ---- */

static int put(struct archive_leaving *leaving, struct err *err) {
	bool redacted = leaving->archive->options->redactor != NULL;
	int r = 0;
	if (leaving->item->state == ARCHIVE_WHOLE && redacted)
		r = add_report(leaving, buf_str(&leaving->redacted), leaving->redacted.len, err);
	else if (leaving->item->state == ARCHIVE_WHOLE)
		r = add_original(leaving, err);
	if (r == 0)
		r = add_view(leaving, err);
	return r == 0 ? add_facts(leaving, err) : r;
}

/* Of what people decided, that alone leaves which is of something that leaves. */
static void note_decided(struct archive_leaving *leaving) {
	const struct incident *row = &leaving->row;
	if (row->site)
		leaving->item->site = archive_key_of(STATE_SITE, row->site);
	if (row->signature)
		leaving->item->signature = archive_key_of(STATE_SIGNATURE, row->signature);
}

static int compose_item(struct archive *archive, struct archive_item *item, struct err *err) {
	struct archive_leaving leaving;
	struct err unread = {0};
	archive_leaving_init(&leaving, archive, item);
	int r = archive_leave(&leaving, &unread);
	if (r == -ENOMEM && !leaving.arena.spent && !leaving.loaded.arena.spent) {
		r = err_set(err, r, "%s", unread.text);
	} else if (r < 0) {
		item->state = ARCHIVE_UNREADABLE;
		r = 0;
	} else {
		note_decided(&leaving);
		r = put(&leaving, err);
	}
	item->views_end = archive->spools.views.len;
	archive_leaving_finish(&leaving);
	return r;
}

static int make_slots(struct archive *archive, struct err *err) {
	size_t count = 64;
	while (count < 2 * archive->count)
		count *= 2;
	archive->report_slots = calloc(count, sizeof *archive->report_slots);
	archive->report_slot_count = count;
	return archive->report_slots ? 0 : err_set(err, -ENOMEM, "out of memory");
}

int archive_compose_reports(struct archive *archive, struct err *err) {
	const struct archive_options *options = archive->options;
	int r = make_slots(archive, err);
	for (size_t i = 0; i < archive->count && r == 0; i++) {
		if (archive_stopped(archive, err))
			return -EINTR;
		r = compose_item(archive, &archive->items[i], err);
		if (options->on_progress && i % PROGRESS_EVERY == 0)
			options->on_progress(options->redactor ? (archive->count + i) / 2 : i,
				archive->count, options->user);
	}
	return r;
}
