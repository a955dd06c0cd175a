/*
 * What the stages of writing an archive hand to each other (archive*.c): select, learn, compose,
 * fit. Nothing is written before everything is composed: reports wait in spools, a few words of
 * each stay in memory.
 */
#ifndef EXPORT_ARCHIVE_PARTS_H
#define EXPORT_ARCHIVE_PARTS_H

#include "base/sha256.h"
#include "export/archive.h"
#include "export/load.h"
#include "export/spool.h"

/* "reports/000001-79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9.ips" */
#define ARCHIVE_NAME_BYTES 64
#define ARCHIVE_NO_REPORT SIZE_MAX
/* Beside the reports. */
#define ARCHIVE_MEMBERS_MAX 10

/* A member of reports/. */
struct archive_report {
	char name[ARCHIVE_NAME_BYTES];
	uint64_t offset, size; /* in spools.reports */
	uint8_t sha256[SHA256_BYTES];
	char original_sha256[SHA256_HEX_BYTES]; /* of the stored file */
	uint64_t original_size;
	size_t original_ordinal; /* of a redacted one: which report of that file it was */
};

enum archive_state {
	ARCHIVE_WHOLE,
	ARCHIVE_RAW_GONE,   /* its row alone is there */
	ARCHIVE_UNREADABLE, /* left out: its bytes cannot be read */
};

/* An incident. Prefixes of the archive's list end at places of the spools. */
struct archive_item {
	int64_t id;
	size_t report; /* into reports, ARCHIVE_NO_REPORT */
	enum archive_state state;
	bool changed; /* its site or signature */
	bool simulated;
	struct i64_opt captured_at_us;
	uint64_t site, signature;         /* archive_key_of() what the row has; 0: none */
	uint64_t facts_offset, facts_len; /* its object in the manifest, in spools.facts */
	uint64_t views_end;               /* incidents.json up to and with it, in spools.views */
};

/* Any other member. */
struct archive_member {
	const char *name;
	uint64_t offset, size; /* in spools.texts */
	uint8_t sha256[SHA256_BYTES];
};

struct archive_spools {
	struct spool reports, views, facts, texts;
	struct spool index, sums; /* manifest.json and SHA256SUMS of one attempt */
};

struct archive {
	struct store *store;
	const struct archive_options *options;
	struct archive_item *items; /* newest first */
	size_t count, item_cap;
	struct archive_report *reports; /* in the order of the items that need them first */
	size_t report_count, report_cap;
	uint32_t *report_slots; /* hash table of reports by digest; 0: empty, else index + 1 */
	size_t report_slot_count;
	struct archive_member members[ARCHIVE_MEMBERS_MAX];
	size_t member_count;
	struct archive_spools spools;
	struct archive_places *places; /* NULL without a redactor */
	uint64_t replaced;
	const char *repro_missing; /* why there is no repro; NULL: there is */
};

/* incidents.json is ARCHIVE_VIEWS_START and ARCHIVE_VIEWS_END around its rows; the former stands in
 * spools.views before the first row. */
#define ARCHIVE_VIEWS_START "[\n"
#define ARCHIVE_VIEWS_END "\n]\n"

struct archive_review {
	const struct archive *archive;
};

/* Of a site's id or a signature's hash, for comparing; never 0. */
uint64_t archive_key_of(enum state_target target, const char *name);

bool archive_stopped(const struct archive *archive, struct err *err);

/* ---- archive_select.c ---- */

/* Of 36 characters, as reports have them. */
bool archive_is_uuid(const char *text);

/* Fills the items. -ENODATA: there are none. */
int archive_select(struct archive *archive, struct err *err);
/* Row and report of an item. -ENOENT and what loaded_open() has. Texts of ret_row until the store's
 * next call. */
int archive_open_item(struct archive *archive, const struct archive_item *item,
	struct incident *ret_row, struct loaded *ret, struct err *err);
/* The bytes of its report alone; ret_own holds them unless they could be borrowed. */
int archive_item_text(const struct loaded *loaded, size_t ordinal, struct buf *ret_own,
	const char **ret, size_t *ret_len, struct err *err);
/* Lets the redactor see every report. */
int archive_learn(struct archive *archive, struct err *err);

/* ---- archive_leaving.c ---- */

/* One incident on its way. */
struct archive_leaving {
	struct archive *archive;
	struct archive_item *item;
	struct incident row; /* texts of the store's; until its next call */
	struct loaded loaded;
	struct buf own, redacted;
	/* What leaves; of loaded, or of the redacted bytes. */
	const struct report *report;
	struct triage triage;
	struct document document;
	struct arena arena;
};

void archive_leaving_init(
	struct archive_leaving *leaving, struct archive *archive, struct archive_item *item);
/* Everything that may be wrong with the report itself happens here. Sets the item's state. */
int archive_leave(struct archive_leaving *leaving, struct err *err);
void archive_leaving_finish(struct archive_leaving *leaving);

/* ---- archive_reports.c ---- */

/* Puts the reports, incidents.json and the manifest's facts into their spools. */
int archive_compose_reports(struct archive *archive, struct err *err);

/* ---- archive_recalled.c ---- */

/* What a row alone tells, redacted: copies of both in arena. */
int archive_redact_recalled(struct redactor *redactor, struct arena *arena,
	const struct report **report, struct triage *triage, struct err *err);

/* ---- archive_texts.c ---- */

/* Everything that is written about the reports, of which the first keep items are in the archive;
 * in place of what was composed before. */
int archive_compose_texts(struct archive *archive, size_t keep, struct err *err);

/* ---- archive_places.c ---- */

int archive_places_new(struct archive_places **ret, struct err *err);
void archive_places_free(struct archive_places *places);
/* What is written of an item. They do nothing without places. */
int archive_places_in_report(struct archive *archive, const struct archive_item *item,
	const char *bytes, size_t len, struct err *err);
int archive_places_in_view(struct archive *archive, const struct archive_item *item,
	const char *bytes, size_t len, struct err *err);
/* The other members, once they and the manifest are what will be written. */
int archive_places_in_members(struct archive *archive, struct err *err);
/* Counts what stands in the first keep items and in everything else; once, after the others. */
int archive_places_settle(struct archive *archive, size_t keep, struct err *err);

/* ---- archive_fit.c ---- */

/* How many reports the first keep items need: they stand at the front of the list. */
size_t archive_reports_of(const struct archive *archive, size_t keep);
/* Of their part of spools.views. */
uint64_t archive_views_len(const struct archive *archive, size_t keep);
/* Writes the first keep items, of which manifest_write() has told. */
int archive_pack(struct archive *archive, size_t keep, const struct bundle_options *bundle,
	uint64_t *ret_bytes, struct err *err);
/* How many items fit max_bytes. The texts are composed for so many. */
int archive_fit(struct archive *archive, const struct bundle_options *bundle, size_t *ret_keep,
	struct err *err);

#endif
