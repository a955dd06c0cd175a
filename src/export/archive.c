/* The stages of an archive, one after the other. */
#include "export/archive_parts.h"
#include "export/manifest.h"

#include <errno.h>
#include <stdlib.h>

const char *const archive_purpose_names[ARCHIVE_PURPOSE_COUNT] = {"archive", "apple", "github"};

#define SPOOLS 6

static void spools_of(struct archive_spools *spools, struct spool *ret[SPOOLS]) {
	ret[0] = &spools->reports;
	ret[1] = &spools->views;
	ret[2] = &spools->facts;
	ret[3] = &spools->texts;
	ret[4] = &spools->index;
	ret[5] = &spools->sums;
}

static int open_spools(struct archive *archive, struct err *err) {
	struct spool *all[SPOOLS];
	int r = 0;
	spools_of(&archive->spools, all);
	for (size_t i = 0; i < SPOOLS; i++)
		*all[i] = (struct spool)SPOOL_NONE;
	for (size_t i = 0; i < SPOOLS && r == 0; i++)
		r = spool_open(all[i], err);
	return r;
}

static void finish(struct archive *archive) {
	struct spool *all[SPOOLS];
	spools_of(&archive->spools, all);
	for (size_t i = 0; i < SPOOLS; i++)
		spool_close(all[i]);
	archive_places_free(archive->places);
	free(archive->report_slots);
	free(archive->reports);
	free(archive->items);
}

static int compose(struct archive *archive, struct err *err) {
	const struct archive_options *options = archive->options;
	int r = archive_select(archive, err);
	if (r == 0 && options->redactor)
		r = archive_places_new(&archive->places, err);
	if (r == 0 && options->redactor)
		r = archive_learn(archive, err);
	if (r == 0)
		r = archive_compose_reports(archive, err);
	if (r == 0)
		r = archive_compose_texts(archive, archive->count, err);
	return r;
}

static int conclude(struct archive *archive, size_t keep, struct err *err) {
	int r = manifest_write(archive, keep, err);
	if (r == 0)
		r = archive_places_in_members(archive, err);
	return r == 0 ? archive_places_settle(archive, keep, err) : r;
}

static int review(struct archive *archive, struct err *err) {
	const struct archive_options *options = archive->options;
	const struct archive_review review = {archive};
	if (!options->redactor || !options->on_review)
		return 0;
	return options->on_review(&review, options->user, err);
}

static int count_written(
	const struct redact_replacement *replacement, const char *member, void *user) {
	uint64_t *count = user;
	*count += replacement->count > 0;
	return 0;
}

static int fill_result(
	struct archive *archive, size_t keep, struct archive_result *ret, struct err *err) {
	*ret = (struct archive_result){.bytes = ret->bytes};
	ret->dropped = archive->count - keep;
	ret->dropped_ids = calloc(ret->dropped + 1, sizeof *ret->dropped_ids);
	if (!ret->dropped_ids)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < archive->count; i++) {
		const struct archive_item *item = &archive->items[i];
		if (i >= keep) {
			ret->dropped_ids[i - keep] = item->id;
			continue;
		}
		ret->incidents += item->state != ARCHIVE_UNREADABLE;
		ret->unreadable += item->state == ARCHIVE_UNREADABLE;
		ret->raw_gone += item->state == ARCHIVE_RAW_GONE;
		ret->simulated += item->simulated && item->state != ARCHIVE_UNREADABLE;
		ret->changed += item->changed;
	}
	ret->reports = archive_reports_of(archive, keep);
	const struct archive_review review = {archive};
	if (archive->places)
		archive_review_each(&review, count_written, &ret->replaced);
	return 0;
}

int archive_write(struct store *store, const struct archive_options *options,
	const struct bundle_options *bundle, struct archive_result *ret, struct err *err) {
	struct archive archive = {.store = store, .options = options};
	struct archive_result result = {0};
	size_t keep = 0;
	int r = open_spools(&archive, err);
	if (r == 0)
		r = compose(&archive, err);
	keep = archive.count;
	if (r == 0 && options->max_bytes)
		r = archive_fit(&archive, bundle, &keep, err);
	if (r == 0)
		r = conclude(&archive, keep, err);
	if (r == 0)
		r = review(&archive, err);
	if (r == 0)
		r = fill_result(&archive, keep, &result, err);
	if (r == 0)
		r = archive_pack(&archive, keep, bundle, &result.bytes, err);
	if (r == 0)
		*ret = result;
	else
		archive_result_finish(&result);
	finish(&archive);
	return r;
}

void archive_result_finish(struct archive_result *result) {
	free(result->dropped_ids);
	*result = (struct archive_result){0};
}
