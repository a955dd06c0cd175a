/* An archive of the first so many incidents, and how many of them fit a limit. */
#include "export/archive_parts.h"

#include "export/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES (64u << 10)
/* Writing costs time: what comes this near the limit is near enough. */
#define TRIES_MAX 8
#define NEAR(bytes, limit) ((bytes) >= (limit) - (limit) / 32)

size_t archive_reports_of(const struct archive *archive, size_t keep) {
	size_t count = 0;
	for (size_t i = 0; i < keep; i++) {
		size_t report = archive->items[i].report;
		if (report != ARCHIVE_NO_REPORT && report >= count)
			count = report + 1;
	}
	return count;
}

uint64_t archive_views_len(const struct archive *archive, size_t keep) {
	return keep ? archive->items[keep - 1].views_end : 0;
}

/* ---- writing ---- */

static int copy(struct bundle_writer *writer, const struct spool *spool, uint64_t offset,
	uint64_t size, struct err *err) {
	char piece[PIECE_BYTES / 4];
	while (size) {
		size_t n = size < sizeof piece ? (size_t)size : sizeof piece;
		int r = spool_read(spool, offset, piece, n, err);
		if (r == 0)
			r = bundle_write(writer, piece, n, err);
		if (r < 0)
			return r;
		offset += n;
		size -= n;
	}
	return 0;
}

static int put(struct bundle_writer *writer, const char *name, const struct spool *spool,
	uint64_t offset, uint64_t size, struct err *err) {
	int r = bundle_member(writer, name, size, err);
	return r == 0 ? copy(writer, spool, offset, size, err) : r;
}

static int put_views(
	struct bundle_writer *writer, const struct archive *archive, size_t keep, struct err *err) {
	uint64_t len = archive_views_len(archive, keep);
	const char *start = len ? "" : ARCHIVE_VIEWS_START, *end = ARCHIVE_VIEWS_END;
	int r = bundle_member(writer, "incidents.json", strlen(start) + len + strlen(end), err);
	if (r == 0)
		r = bundle_write(writer, start, strlen(start), err);
	if (r == 0)
		r = copy(writer, &archive->spools.views, 0, len, err);
	return r == 0 ? bundle_write(writer, end, strlen(end), err) : r;
}

static int put_all(
	struct bundle_writer *writer, const struct archive *archive, size_t keep, struct err *err) {
	const struct archive_spools *spools = &archive->spools;
	size_t reports = archive_reports_of(archive, keep);
	int r = put(writer, MANIFEST_NAME, &spools->index, 0, spools->index.len, err);
	if (r == 0)
		r = put(writer, MANIFEST_SUMS_NAME, &spools->sums, 0, spools->sums.len, err);
	for (size_t i = 0; i < archive->member_count && r == 0; i++) {
		const struct archive_member *member = &archive->members[i];
		r = put(writer, member->name, &spools->texts, member->offset, member->size, err);
	}
	if (r == 0)
		r = put_views(writer, archive, keep, err);
	for (size_t i = 0; i < reports && r == 0; i++) {
		const struct archive_report *report = &archive->reports[i];
		if (archive_stopped(archive, err))
			return -EINTR;
		r = put(writer, report->name, &spools->reports, report->offset, report->size, err);
	}
	return r;
}

/* When the newest of them was captured. */
static int64_t newest_s(const struct archive *archive, size_t keep) {
	int64_t us = 0;
	for (size_t i = 0; i < keep; i++) {
		const struct i64_opt *at = &archive->items[i].captured_at_us;
		if (at->set && at->value > us)
			us = at->value;
	}
	return us / 1000000;
}

int archive_pack(struct archive *archive, size_t keep, const struct bundle_options *bundle,
	uint64_t *ret_bytes, struct err *err) {
	struct bundle_options options = *bundle;
	struct bundle_writer *writer = NULL;
	options.folder = ARCHIVE_FOLDER;
	options.mtime_s = newest_s(archive, keep);
	options.stop = archive->options->stop;
	int r = bundle_create(&options, &writer, err);
	if (r < 0)
		return r;
	r = put_all(writer, archive, keep, err);
	if (r == 0)
		return bundle_finish(writer, ret_bytes, err);
	bundle_abort(writer);
	return r;
}

/* ---- fitting ---- */

/* What an incident adds to the archive before it is compressed. */
static uint64_t weight_of(const struct archive *archive, size_t keep) {
	size_t reports = archive_reports_of(archive, keep);
	uint64_t weight = archive_views_len(archive, keep);
	if (reports)
		weight += archive->reports[reports - 1].offset + archive->reports[reports - 1].size;
	return weight;
}

/* The most incidents between two numbers that weigh no more than limit. */
static size_t count_of(const struct archive *archive, size_t low, size_t high, double limit) {
	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;
		if ((double)weight_of(archive, middle) <= limit)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* For what the texts say of an archive that has not everything, once it is known how much it has.
 */
#define TEXTS_BYTES 1024

struct fit {
	size_t good, bad; /* so many fit; so many do not */
	uint64_t good_bytes, bad_bytes;
};

/* Where the limit lies between what fits and what does not, if weight is size. */
static size_t guess(const struct archive *archive, const struct fit *fit, uint64_t limit) {
	double low = (double)weight_of(archive, fit->good);
	double high = (double)weight_of(archive, fit->bad);
	double share =
		(double)(limit - fit->good_bytes) / (double)(fit->bad_bytes - fit->good_bytes);
	/* A little less: one that does not fit is of no use. */
	size_t count = count_of(archive, fit->good, fit->bad, low + (high - low) * share * 0.98);
	return count > fit->good ? count : fit->good + 1;
}

static int measure(struct archive *archive, const struct bundle_options *bundle, size_t keep,
	uint64_t *ret_bytes, struct err *err) {
	struct bundle_options nowhere = *bundle;
	nowhere.path = NULL;
	nowhere.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (nowhere.fd < 0)
		return err_set(err, -errno, "/dev/null: %s", strerror(errno));
	int r = manifest_write(archive, keep, err);
	if (r == 0)
		r = archive_pack(archive, keep, &nowhere, ret_bytes, err);
	close(nowhere.fd);
	return r;
}

static int too_large(const struct archive *archive, uint64_t bytes, struct err *err) {
	return err_set(err, -EFBIG,
		"even the newest incident alone makes %llu bytes; the limit is %llu",
		(unsigned long long)bytes, (unsigned long long)archive->options->max_bytes);
}

/* Texts that tell of so many incidents are a little longer than those that were measured. */
static int compose(struct archive *archive, const struct bundle_options *bundle, size_t keep,
	size_t *ret_keep, struct err *err) {
	const uint64_t limit = archive->options->max_bytes;
	uint64_t bytes = 0;
	for (;; keep--) {
		int r = archive_compose_texts(archive, keep, err);
		if (r == 0)
			r = measure(archive, bundle, keep, &bytes, err);
		if (r < 0)
			return r;
		if (bytes <= limit)
			break;
		if (keep == 1)
			return too_large(archive, bytes, err);
	}
	*ret_keep = keep;
	return 0;
}

/* The most incidents that fit limit, as near as is worth the time; 1 when none does. */
static int search(struct archive *archive, const struct bundle_options *bundle, uint64_t limit,
	struct fit *fit, struct err *err) {
	uint64_t bytes = 0;
	for (int i = 0; i < TRIES_MAX && fit->good + 1 < fit->bad && fit->good_bytes < limit &&
			!NEAR(fit->good_bytes, limit);
		i++) {
		size_t keep = guess(archive, fit, limit);
		int r = measure(archive, bundle, keep, &bytes, err);
		if (r < 0)
			return r;
		if (bytes <= limit)
			fit->good = keep, fit->good_bytes = bytes;
		else
			fit->bad = keep, fit->bad_bytes = bytes;
	}
	return 0;
}

int archive_fit(struct archive *archive, const struct bundle_options *bundle, size_t *ret_keep,
	struct err *err) {
	const uint64_t limit = archive->options->max_bytes;
	struct fit fit = {.good = 1, .bad = archive->count};
	int r = measure(archive, bundle, archive->count, &fit.bad_bytes, err);
	if (r < 0)
		return r;
	*ret_keep = archive->count;
	if (fit.bad_bytes <= limit)
		return 0;
	r = measure(archive, bundle, 1, &fit.good_bytes, err);
	if (r < 0)
		return r;
	if (fit.good_bytes > limit)
		return too_large(archive, fit.good_bytes, err);
	if (archive->count == 1)
		return too_large(archive, fit.bad_bytes, err);
	r = search(
		archive, bundle, limit > 2 * TEXTS_BYTES ? limit - TEXTS_BYTES : limit, &fit, err);
	return r < 0 ? r : compose(archive, bundle, fit.good, ret_keep, err);
}
