/* libarchive's writers, with everything set that they would take from their surroundings. */
#include "export/bundle/pack.h"

#include "export/bundle/feed.h"
#include "export/bundle/seen.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES (64 << 10)

struct packing {
	const struct pack *pack;
	struct archive *archive;
	struct archive_entry *entry;
	struct feed feed;
	struct seen seen;
	uint64_t written, members, bytes;
	int write_code; /* what the system said when it took no more */
};

/* Levels: the library's own defaults but for zstd, where a higher one pays; each in one thread.
 * Members' times in zip are in local time, which the program has set to UTC. */
static const struct {
	int (*format)(struct archive *);
	int (*filter)(struct archive *);
	const char *options;
} kinds[BUNDLE_FORMAT_COUNT] = {
	[BUNDLE_TAR_GZ] = {archive_write_set_format_pax_restricted, archive_write_add_filter_gzip,
		"gzip:!timestamp,gzip:compression-level=6"},
	[BUNDLE_TAR_ZST] = {archive_write_set_format_pax_restricted, archive_write_add_filter_zstd,
		"zstd:compression-level=6"},
	[BUNDLE_ZIP] = {archive_write_set_format_zip, archive_write_add_filter_none,
		"zip:compression=deflate,zip:compression-level=6"},
};

static int fail(const struct packing *packing, struct err *err) {
	if (packing->write_code)
		return err_set(err, packing->write_code, "cannot write: %s",
			strerror(-packing->write_code));
	const char *text = archive_error_string(packing->archive);
	return err_set(err, -EIO, "cannot write: %s", text ? text : "the library does not say why");
}

/* ---- the way out ---- */

static la_ssize_t write_block(struct archive *archive, void *user, const void *bytes, size_t len) {
	struct packing *packing = user;
	const char *at = bytes;
	size_t left = len;
	while (left) {
		ssize_t n = write(packing->pack->out, at, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			packing->write_code = n < 0 ? -errno : -EIO;
			archive_set_error(archive, -packing->write_code, "cannot write");
			return -1;
		}
		at += n;
		left -= (size_t)n;
	}
	packing->written += len;
	return (la_ssize_t)len;
}

static int open_archive(struct packing *packing, struct err *err) {
	struct archive *archive = packing->archive = archive_write_new();
	packing->entry = archive_entry_new();
	if (!archive || !packing->entry)
		return err_set(err, -ENOMEM, "out of memory");
	enum bundle_format format = packing->pack->format;
	/* Not even with a warning: that says that another program would be run, or an option is not
	 * known. A last block of one byte: the same bytes into a pipe as into a file. */
	if (kinds[format].format(archive) != ARCHIVE_OK ||
		kinds[format].filter(archive) != ARCHIVE_OK ||
		archive_write_set_options(archive, kinds[format].options) != ARCHIVE_OK ||
		archive_write_set_bytes_per_block(archive, BLOCK_BYTES) != ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK ||
		archive_write_open(archive, packing, NULL, write_block, NULL) != ARCHIVE_OK)
		return fail(packing, err);
	return 0;
}

/* ---- members ---- */

static int write_header(struct packing *packing, const struct bundle_line *line, struct err *err) {
	struct archive_entry *entry = archive_entry_clear(packing->entry);
	char path[BUNDLE_FOLDER_BYTES + BUNDLE_NAME_BYTES + 2];
	snprintf(path, sizeof path, "%s/%s", packing->pack->folder, line->name);
	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)line->size);
	archive_entry_set_mtime(entry, (time_t)packing->pack->mtime_s, 0);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	if (archive_write_header(packing->archive, entry) != ARCHIVE_OK)
		return fail(packing, err);
	return 0;
}

static int write_bytes(struct packing *packing, uint64_t left, struct err *err) {
	while (left) {
		const void *bytes;
		size_t len;
		int r = feed_bytes(&packing->feed, left, &bytes, &len, err);
		if (r < 0)
			return r;
		la_ssize_t n = archive_write_data(packing->archive, bytes, len);
		if (n < 0 || (size_t)n != len)
			return fail(packing, err);
		left -= len;
	}
	return 0;
}

static int write_member(struct packing *packing, const struct bundle_line *line, struct err *err) {
	if (++packing->members > BUNDLE_MEMBERS_MAX || line->size > (uint64_t)BUNDLE_BYTES_MAX ||
		(packing->bytes += line->size) > (uint64_t)BUNDLE_BYTES_MAX)
		return err_set(err, -EPROTO, "more than an archive may hold");
	int r = seen_add(&packing->seen, line->name);
	if (r < 0)
		return err_set(err, r, "out of memory");
	if (r == 0)
		return err_set(err, -EPROTO, "two members have the name %s", line->name);
	r = write_header(packing, line, err);
	return r < 0 ? r : write_bytes(packing, line->size, err);
}

static int write_members(struct packing *packing, struct err *err) {
	struct bundle_line line;
	for (;;) {
		int r = feed_line(&packing->feed, &line, err);
		if (r >= 0 && line.end)
			return feed_end(&packing->feed, err);
		if (r >= 0)
			r = write_member(packing, &line, err);
		if (r < 0)
			return r;
	}
}

/* ---- the whole ---- */

static int settle(const struct packing *packing, struct err *err) {
	struct stat st;
	int out = packing->pack->out;
	if (fstat(out, &st) == 0 && S_ISREG(st.st_mode) && fsync(out) < 0)
		return err_set(err, -errno, "cannot write: %s", strerror(errno));
	return 0;
}

int pack_run(const struct pack *pack, uint64_t *ret_bytes, struct err *err) {
	struct packing *packing = calloc(1, sizeof *packing);
	if (!packing)
		return err_set(err, -ENOMEM, "out of memory");
	packing->pack = pack;
	feed_init(&packing->feed, pack->in);
	int r = open_archive(packing, err);
	if (r >= 0)
		r = write_members(packing, err);
	if (r >= 0 && archive_write_close(packing->archive) != ARCHIVE_OK)
		r = fail(packing, err);
	if (r >= 0)
		r = settle(packing, err);
	/* One that is not whole is left as it is: before the library lets go of it, it would write
	 * zeros for all that is missing of a member. */
	if (r >= 0) {
		*ret_bytes = packing->written;
		archive_write_free(packing->archive);
	}
	archive_entry_free(packing->entry);
	seen_finish(&packing->seen);
	free(packing);
	return r;
}
