/* How often each private value was replaced, and where first, in what of an archive is written: of
 * what is left out in the end nobody needs to know. */
#include "export/archive_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where: the report of an item, what incidents.json says of it, another member. */
#define OF_REPORT(item) (2 * (uint32_t)(item))
#define OF_VIEW(item) (2 * (uint32_t)(item) + 1)
#define OF_MEMBER(member) (UINT32_C(0x80000000) + (uint32_t)(member))
#define OF_MANIFEST UINT32_C(0xfffffffe)
#define NOWHERE UINT32_C(0xffffffff)

/* A value and how often it was replaced there. */
struct mark {
	uint32_t value, where;
	uint64_t count;
};

#define MARKS 256

struct tally {
	uint64_t seen;  /* the redactor's count when it was asked last */
	uint64_t count; /* in what is written */
	uint32_t first;
};

struct archive_places {
	struct spool marks;
	/* By the number that redactor_each() gives a value. */
	struct tally *values;
	size_t count, cap;
	/* While the redactor is asked. */
	struct mark piece[MARKS];
	size_t piece_count, index;
	uint32_t where;
	struct err *err;
};

int archive_places_new(struct archive_places **ret, struct err *err) {
	struct archive_places *places = calloc(1, sizeof *places);
	if (!places)
		return err_set(err, -ENOMEM, "out of memory");
	places->marks = (struct spool)SPOOL_NONE;
	int r = spool_open(&places->marks, err);
	if (r < 0)
		free(places);
	else
		*ret = places;
	return r;
}

void archive_places_free(struct archive_places *places) {
	if (!places)
		return;
	spool_close(&places->marks);
	free(places->values);
	free(places);
}

/* ---- what was replaced since the last time ---- */

static int flush(struct archive_places *places) {
	size_t len = places->piece_count * sizeof *places->piece;
	places->piece_count = 0;
	return len ? spool_add(&places->marks, places->piece, len, places->err) : 0;
}

static struct tally *tally_of(struct archive_places *places, size_t index) {
	if (index >= places->cap) {
		size_t cap = places->cap ? 2 * places->cap : 256;
		struct tally *values = realloc(places->values, cap * sizeof *values);
		if (!values) {
			err_set(places->err, -ENOMEM, "out of memory");
			return NULL;
		}
		places->values = values;
		places->cap = cap;
	}
	while (places->count <= index)
		places->values[places->count++] = (struct tally){.first = NOWHERE};
	return &places->values[index];
}

static int note(const struct redact_replacement *replacement, void *user) {
	struct archive_places *places = user;
	size_t index = places->index++;
	if (index < places->count && places->values[index].seen == replacement->count)
		return 0;
	struct tally *tally = tally_of(places, index);
	if (!tally)
		return -ENOMEM;
	/* Counts that are less belong to another one: beyond a limit values share their numbers. */
	uint64_t more = replacement->count - tally->seen;
	if (replacement->count < tally->seen)
		more = replacement->count;
	tally->seen = replacement->count;
	if (!more || places->where == NOWHERE)
		return 0;
	places->piece[places->piece_count++] =
		(struct mark){.value = (uint32_t)index, .where = places->where, .count = more};
	return places->piece_count == MARKS ? flush(places) : 0;
}

static int note_at(struct archive *archive, uint32_t where, struct err *err) {
	struct archive_places *places = archive->places;
	if (!places)
		return 0;
	places->where = where;
	places->index = 0;
	places->err = err;
	int r = redactor_each(archive->options->redactor, note, places);
	return r == 0 ? flush(places) : r;
}

int archive_places_of_report(
	struct archive *archive, const struct archive_item *item, struct err *err) {
	return note_at(archive, OF_REPORT(item - archive->items), err);
}

int archive_places_of_view(
	struct archive *archive, const struct archive_item *item, struct err *err) {
	return note_at(archive, OF_VIEW(item - archive->items), err);
}

int archive_places_of_member(struct archive *archive, size_t member, struct err *err) {
	return note_at(archive, OF_MEMBER(member), err);
}

int archive_places_of_manifest(struct archive *archive, struct err *err) {
	return note_at(archive, OF_MANIFEST, err);
}

int archive_places_pass(struct archive *archive, struct err *err) {
	return note_at(archive, NOWHERE, err);
}

/* ---- what is written of it ---- */

static bool is_written(const struct archive *archive, size_t keep, uint32_t where) {
	size_t item = where / 2;
	return where >= OF_MEMBER(0) ||
	       (item < keep && archive->items[item].state != ARCHIVE_UNREADABLE);
}

int archive_places_settle(struct archive *archive, size_t keep, struct err *err) {
	struct archive_places *places = archive->places;
	uint64_t end = places ? places->marks.len : 0;
	for (uint64_t at = 0; at < end;) {
		uint64_t left = end - at;
		size_t len = left < sizeof places->piece ? (size_t)left : sizeof places->piece;
		int r = spool_read(&places->marks, at, places->piece, len, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < len / sizeof *places->piece; i++) {
			const struct mark *mark = &places->piece[i];
			struct tally *tally = &places->values[mark->value];
			if (!is_written(archive, keep, mark->where))
				continue;
			if (!tally->count)
				tally->first = mark->where;
			tally->count += mark->count;
		}
		at += len;
	}
	return 0;
}

static const char *name_of(const struct archive *archive, uint32_t where) {
	if (where == OF_MANIFEST)
		return "manifest.json";
	if (where >= OF_MEMBER(0))
		return archive->members[where - OF_MEMBER(0)].name;
	size_t report = archive->items[where / 2].report;
	return where % 2 || report == ARCHIVE_NO_REPORT ? "incidents.json"
							: archive->reports[report].name;
}

struct telling {
	const struct archive_review *review;
	archive_review_fn fn;
	void *user;
	size_t index;
};

static int tell(const struct redact_replacement *replacement, void *user) {
	struct telling *telling = user;
	const struct archive *archive = telling->review->archive;
	const struct archive_places *places = archive->places;
	size_t index = telling->index++;
	if (index >= places->count || !places->values[index].count)
		return 0;
	struct redact_replacement written = *replacement;
	written.count = places->values[index].count;
	return telling->fn(&written, name_of(archive, places->values[index].first), telling->user);
}

int archive_review_each(const struct archive_review *review, archive_review_fn fn, void *user) {
	struct telling telling = {.review = review, .fn = fn, .user = user};
	return redactor_each(review->archive->options->redactor, tell, &telling);
}
