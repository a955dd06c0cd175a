/* How often each placeholder stands in what is written of an archive, and where first: found in the
 * very bytes, for much is replaced on the way that is not shown in the end, or left out. */
#include "export/archive_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where: the report of an item, what incidents.json says of it, another member. */
#define OF_REPORT(item) (2 * (uint32_t)(item))
#define OF_VIEW(item) (2 * (uint32_t)(item) + 1)
#define OF_MEMBER(member) (UINT32_C(0x80000000) + (uint32_t)(member))
#define OF_MANIFEST UINT32_C(0xfffffffe)

#define MARKS 1024
#define PIECE_BYTES (64u << 10)
/* No placeholder is longer, escaped for HTML. */
#define PLACEHOLDER_BYTES 64

/* One placeholder that stands there. */
struct mark {
	uint64_t key; /* of kind and number */
	uint32_t where;
};

/* One value of the redactor's. */
struct tally {
	uint64_t key;
	size_t index; /* in redactor_each() */
	uint64_t count;
	uint32_t first;
};

struct archive_places {
	struct spool marks;
	struct mark piece[MARKS];
	size_t piece_count;
	struct tally *tallies; /* by key */
	size_t count, cap;
	size_t *of_index; /* into tallies */
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
	free(places->tallies);
	free(places->of_index);
	free(places);
}

/* ---- finding ---- */

static uint64_t key_of(int kind, uint64_t number) {
	return (uint64_t)kind << 56 | (number & (UINT64_MAX >> 8));
}

/* Bytes of "<", as it is or escaped. */
static size_t opening(const char *text, size_t len) {
	static const char *const forms[] = {"<", "&lt;", "&#60;"};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t n = strlen(forms[i]);
		if (len >= n && memcmp(text, forms[i], n) == 0)
			return n;
	}
	return 0;
}

/* "user-1>", and "user>" of values beyond those that have numbers. */
static bool read_placeholder(const char *text, size_t len, uint64_t *ret) {
	for (int kind = 0; kind < REDACT_KIND_COUNT; kind++) {
		size_t at = strlen(redact_kind_names[kind]);
		uint64_t number = 0;
		if (len <= at || memcmp(text, redact_kind_names[kind], at) != 0)
			continue;
		if (text[at] == '-')
			for (at++; at < len && text[at] >= '0' && text[at] <= '9'; at++)
				number = number * 10 + (uint64_t)(text[at] - '0');
		*ret = key_of(kind, number);
		return at < len && (text[at] == '>' || text[at] == '&' || text[at] == '\\');
	}
	return false;
}

static int flush(struct archive_places *places, struct err *err) {
	size_t len = places->piece_count * sizeof *places->piece;
	places->piece_count = 0;
	return len ? spool_add(&places->marks, places->piece, len, err) : 0;
}

static int mark(struct archive_places *places, uint32_t where, uint64_t key, struct err *err) {
	places->piece[places->piece_count++] = (struct mark){.key = key, .where = where};
	return places->piece_count == MARKS ? flush(places, err) : 0;
}

/* Those that begin in the first begin bytes. */
static int look(struct archive_places *places, uint32_t where, const char *text, size_t begin,
	size_t len, struct err *err) {
	int r = 0;
	for (size_t at = 0; at < begin && r == 0; at++) {
		uint64_t key;
		if (text[at] != '<' && text[at] != '&')
			continue;
		size_t n = opening(text + at, len - at);
		if (n && read_placeholder(text + at + n, len - at - n, &key))
			r = mark(places, where, key, err);
	}
	return r;
}

static int look_in_spool(struct archive_places *places, uint32_t where, const struct spool *spool,
	uint64_t offset, uint64_t size, struct err *err) {
	uint64_t end = offset + size;
	struct buf piece = {0};
	int r = buf_reserve(&piece, PIECE_BYTES) ? 0 : err_set(err, -ENOMEM, "out of memory");
	while (offset < end && r == 0) {
		size_t len = end - offset < PIECE_BYTES ? (size_t)(end - offset) : PIECE_BYTES;
		size_t begin = offset + len == end ? len : len - PLACEHOLDER_BYTES;
		r = spool_read(spool, offset, piece.data, len, err);
		if (r == 0)
			r = look(places, where, piece.data, begin, len, err);
		offset += begin;
	}
	buf_finish(&piece);
	return r;
}

static uint32_t item_number(const struct archive *archive, const struct archive_item *item) {
	return (uint32_t)(item - archive->items);
}

int archive_places_in_report(struct archive *archive, const struct archive_item *item,
	const char *bytes, size_t len, struct err *err) {
	if (!archive->places)
		return 0;
	return look(archive->places, OF_REPORT(item_number(archive, item)), bytes, len, len, err);
}

int archive_places_in_view(struct archive *archive, const struct archive_item *item,
	const char *bytes, size_t len, struct err *err) {
	if (!archive->places)
		return 0;
	return look(archive->places, OF_VIEW(item_number(archive, item)), bytes, len, len, err);
}

int archive_places_in_members(struct archive *archive, struct err *err) {
	int r = 0;
	for (size_t i = 0; archive->places && i < archive->member_count && r == 0; i++)
		if (strncmp(archive->members[i].name, "repro/", 6) != 0)
			r = look_in_spool(archive->places, OF_MEMBER(i), &archive->spools.texts,
				archive->members[i].offset, archive->members[i].size, err);
	if (archive->places && r == 0)
		r = look_in_spool(archive->places, OF_MANIFEST, &archive->spools.index, 0,
			archive->spools.index.len, err);
	return r;
}

/* ---- counting ---- */

static int compare_tallies(const void *left, const void *right) {
	const struct tally *a = left, *b = right;
	return (a->key > b->key) - (a->key < b->key);
}

static int add_tally(const struct redact_replacement *replacement, void *user) {
	struct archive_places *places = user;
	uint64_t key;
	if (places->count == places->cap) {
		size_t cap = places->cap ? 2 * places->cap : 256;
		struct tally *tallies = realloc(places->tallies, cap * sizeof *tallies);
		if (!tallies)
			return -ENOMEM;
		places->tallies = tallies;
		places->cap = cap;
	}
	if (!read_placeholder(
		    replacement->placeholder + 1, strlen(replacement->placeholder + 1), &key))
		key = UINT64_MAX;
	places->tallies[places->count] = (struct tally){.key = key, .index = places->count};
	places->count++;
	return 0;
}

static int make_tallies(struct archive *archive, struct err *err) {
	struct archive_places *places = archive->places;
	int r = redactor_each(archive->options->redactor, add_tally, places);
	places->of_index = calloc(places->count + 1, sizeof *places->of_index);
	if (r < 0 || !places->of_index)
		return err_set(err, -ENOMEM, "out of memory");
	if (places->count)
		qsort(places->tallies, places->count, sizeof *places->tallies, compare_tallies);
	for (size_t i = 0; i < places->count; i++)
		places->of_index[places->tallies[i].index] = i;
	return 0;
}

static bool is_written(const struct archive *archive, size_t keep, uint32_t where) {
	return where >= OF_MEMBER(0) || where / 2 < keep;
}

/* A placeholder that was there before has none of our numbers. */
static void count(struct archive_places *places, const struct mark *mark) {
	const struct tally wanted = {.key = mark->key};
	struct tally *tally = places->count ? bsearch(&wanted, places->tallies, places->count,
						      sizeof wanted, compare_tallies)
					    : NULL;
	if (!tally)
		return;
	if (!tally->count)
		tally->first = mark->where;
	tally->count++;
}

int archive_places_settle(struct archive *archive, size_t keep, struct err *err) {
	struct archive_places *places = archive->places;
	if (!places)
		return 0;
	int r = flush(places, err);
	if (r == 0)
		r = make_tallies(archive, err);
	for (uint64_t at = 0; at < places->marks.len && r == 0;) {
		uint64_t left = places->marks.len - at;
		size_t len = left < sizeof places->piece ? (size_t)left : sizeof places->piece;
		r = spool_read(&places->marks, at, places->piece, len, err);
		for (size_t i = 0; r == 0 && i < len / sizeof *places->piece; i++)
			if (is_written(archive, keep, places->piece[i].where))
				count(places, &places->piece[i]);
		at += len;
	}
	return r;
}

/* ---- telling ---- */

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
	if (index >= places->count)
		return 0;
	const struct tally *tally = &places->tallies[places->of_index[index]];
	struct redact_replacement written = *replacement;
	written.count = tally->count;
	return written.count ? telling->fn(&written, name_of(archive, tally->first), telling->user)
			     : 0;
}

int archive_review_each(const struct archive_review *review, archive_review_fn fn, void *user) {
	struct telling telling = {.review = review, .fn = fn, .user = user};
	return redactor_each(review->archive->options->redactor, tell, &telling);
}
