/* libarchive's readers of the two forms that we know, under our limits. */
#include "export/bundle/unpack.h"

#include "export/bundle.h"
#include "export/bundle/member.h"
#include "export/bundle/seen.h"
#include "export/bundle/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct unpacking {
	struct archive *archive;
	struct source source;
	struct stream stream; /* of a tar archive */
	struct member_names names;
	struct seen seen;
	uint64_t entries, bytes; /* of all entries, also those passed over */
	bool cut;                /* a zip archive without the list at its end */
	int out, write_code;
	size_t len;   /* in buffer */
	size_t whole; /* of those, up to the end of the last member that is known to be whole */
	char buffer[64 << 10];
};

/* ---- the way out ---- */

static int flush(struct unpacking *unpacking) {
	const char *at = unpacking->buffer;
	while (unpacking->len && !unpacking->write_code) {
		ssize_t n = write(unpacking->out, at, unpacking->len);
		if (n < 0 && errno != EINTR)
			unpacking->write_code = -errno;
		if (n > 0) {
			at += n;
			unpacking->len -= (size_t)n;
		}
	}
	unpacking->whole = 0;
	return unpacking->write_code;
}

static int put_line(struct unpacking *unpacking, const char *name, uint64_t size) {
	if (sizeof unpacking->buffer - unpacking->len < BUNDLE_NAME_BYTES + 32 && flush(unpacking))
		return unpacking->write_code;
	unpacking->len += (size_t)snprintf(unpacking->buffer + unpacking->len,
		sizeof unpacking->buffer - unpacking->len, "%s %" PRIu64 "\n", name, size);
	return 0;
}

/* ---- what goes wrong ---- */

static int out_failed(const struct unpacking *unpacking, struct err *err) {
	return err_set(err, unpacking->write_code, "given up: who wanted the members is gone (%s)",
		strerror(-unpacking->write_code));
}

static int damaged(const struct unpacking *unpacking, const char *what, struct err *err) {
	char text[STREAM_WORDS_BYTES];
	if (unpacking->stream.err.code) {
		*err = unpacking->stream.err;
		return err->code;
	}
	if (unpacking->source.code)
		return err_set(err, unpacking->source.code, "cannot read it: %s",
			strerror(-unpacking->source.code));
	if (archive_errno(unpacking->archive) == ENOMEM)
		return err_set(err, -EBADMSG, "takes more memory than an archive may");
	stream_words(unpacking->archive, text);
	return err_set(err, -EBADMSG, "%s%s%s", what, *text ? ": " : "", text);
}

static int refused(const char *what, struct err *err) {
	return err_set(err, -EBADMSG, "%s", what);
}

/* ---- the way in ---- */

static la_ssize_t read_source(struct archive *archive, void *user, const void **ret) {
	struct unpacking *unpacking = user;
	int64_t n = source_next(&unpacking->source, ret);
	if (n < 0)
		archive_set_error(archive, -unpacking->source.code, "cannot read");
	return (la_ssize_t)n;
}

static la_ssize_t read_stream(struct archive *archive, void *user, const void **ret) {
	struct unpacking *unpacking = user;
	int64_t n = stream_next(&unpacking->stream, ret);
	if (n < 0)
		archive_set_error(archive, -unpacking->stream.err.code, "cannot read");
	return (la_ssize_t)n;
}

static la_int64_t seek_block(struct archive *archive, void *user, la_int64_t offset, int whence) {
	struct unpacking *unpacking = user;
	int64_t at = source_seek(&unpacking->source, offset, whence);
	if (at < 0)
		archive_set_error(archive, -unpacking->source.code, "cannot seek");
	return at < 0 ? ARCHIVE_FATAL : at;
}

static bool choose_form(struct archive *archive, bool zip, bool cut) {
	if (cut)
		return archive_read_support_format_zip_streamable(archive) == ARCHIVE_OK &&
		       archive_read_set_options(archive, "zip:!mac-ext") == ARCHIVE_OK;
	if (zip)
		return archive_read_support_format_zip_seekable(archive) == ARCHIVE_OK &&
		       archive_read_set_options(archive, "zip:!mac-ext") == ARCHIVE_OK &&
		       archive_read_set_seek_callback(archive, seek_block) == ARCHIVE_OK;
	/* Read to the very end, so that what is cut off or added is noticed. */
	return archive_read_support_format_tar(archive) == ARCHIVE_OK &&
	       archive_read_set_options(archive, "tar:!mac-ext,tar:read_concatenated_archives") ==
		       ARCHIVE_OK;
}

static int open_form(struct unpacking *unpacking, struct err *err) {
	bool zip = unpacking->source.zip;
	struct archive *archive = unpacking->archive = archive_read_new();
	if (!archive)
		return err_set(err, -ENOMEM, "out of memory");
	if (!choose_form(archive, zip, unpacking->cut))
		return err_set(err, -EIO, "the library cannot read archives: %s",
			archive_error_string(archive));
	if (archive_read_set_callback_data(archive, unpacking) != ARCHIVE_OK ||
		archive_read_set_read_callback(archive, zip ? read_source : read_stream) !=
			ARCHIVE_OK ||
		archive_read_open1(archive) != ARCHIVE_OK)
		return damaged(unpacking, "is neither tar, tar.gz, tar.zst nor zip", err);
	return 0;
}

/* Of a zip archive that was cut the members can be read from the front. */
static int open_archive(struct unpacking *unpacking, struct err *err) {
	if (!unpacking->source.zip) {
		int r = stream_open(&unpacking->stream, &unpacking->source, err);
		return r < 0 ? r : open_form(unpacking, err);
	}
	int r = open_form(unpacking, err);
	if (r != -EBADMSG || source_seek(&unpacking->source, 0, SEEK_SET) != 0)
		return r;
	archive_read_free(unpacking->archive);
	unpacking->cut = true;
	return open_form(unpacking, err);
}

/* ---- members ---- */

static int check_entry(struct unpacking *unpacking, struct archive_entry *entry, struct err *err) {
	int64_t size = archive_entry_size(entry);
	if (++unpacking->entries > BUNDLE_MEMBERS_MAX)
		return refused("has too many members", err);
	if (archive_entry_is_encrypted(entry))
		return refused("is encrypted", err);
	if (archive_entry_sparse_count(entry) > 0)
		return refused("has a member with holes in it", err);
	if (size < 0 || size > BUNDLE_BYTES_MAX ||
		(unpacking->bytes += (uint64_t)size) > (uint64_t)BUNDLE_BYTES_MAX)
		return refused("is too large once it is unpacked", err);
	return 0;
}

static bool is_plain(struct archive_entry *entry) {
	return archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry) &&
	       !archive_entry_symlink(entry) && archive_entry_size_is_set(entry);
}

static int put_bytes(struct unpacking *unpacking, uint64_t size, struct err *err) {
	uint64_t before = unpacking->bytes - size, got = 0;
	char more;
	for (;;) {
		bool all = got == size;
		if (!all && unpacking->len == sizeof unpacking->buffer && flush(unpacking))
			return out_failed(unpacking, err);
		/* Also behind the last byte: only then sums are compared, and the last one is never
		 * on its way before. */
		la_ssize_t n = archive_read_data(unpacking->archive,
			all ? &more : unpacking->buffer + unpacking->len,
			all ? 1 : sizeof unpacking->buffer - unpacking->len);
		if (n < 0)
			return damaged(unpacking, "is damaged", err);
		if (n == 0)
			break;
		got += (uint64_t)n;
		if (got > size)
			return refused("is damaged: a member is longer than it says", err);
		if (source_is_bomb(&unpacking->source, before + got))
			return refused("is a bomb: it would fill any disk", err);
		unpacking->len += (size_t)n;
	}
	if (got < size)
		return refused("is damaged: a member is shorter than it says", err);
	unpacking->whole = unpacking->len;
	return 0;
}

static int put_member(struct unpacking *unpacking, struct archive_entry *entry, struct err *err) {
	const char *name;
	bool is_folder = archive_entry_filetype(entry) == AE_IFDIR;
	enum member_name what = member_name_clean(
		&unpacking->names, archive_entry_pathname(entry), is_folder, &name);
	if (what == MEMBER_LEAVES)
		return refused("has a member that leads out of its folder", err);
	if (what == MEMBER_PASSED || !is_plain(entry))
		return 0;
	int r = seen_add(&unpacking->seen, name);
	if (r < 0)
		return err_set(err, r, "out of memory");
	if (r == 0)
		return err_set(err, -EBADMSG, "has two members with the name %s", name);
	uint64_t size = (uint64_t)archive_entry_size(entry);
	if (put_line(unpacking, name, size))
		return out_failed(unpacking, err);
	return put_bytes(unpacking, size, err);
}

static int put_members(struct unpacking *unpacking, struct err *err) {
	struct archive_entry *entry;
	for (;;) {
		int r = archive_read_next_header(unpacking->archive, &entry);
		if (r == ARCHIVE_EOF)
			return 0;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return damaged(unpacking,
				unpacking->entries ? "is damaged"
						   : "neither tar, tar.gz, tar.zst nor zip",
				err);
		r = check_entry(unpacking, entry, err);
		if (r >= 0)
			r = put_member(unpacking, entry, err);
		if (r < 0)
			return r;
	}
}

/* ---- the whole ---- */

static int run(struct unpacking *unpacking, int in, struct err *err) {
	int r = source_open(&unpacking->source, in, unpacking->out, err);
	if (r >= 0)
		r = open_archive(unpacking, err);
	if (r >= 0)
		r = put_members(unpacking, err);
	if (r >= 0 && unpacking->cut)
		r = refused("is cut short: the list of its members is missing", err);
	else if (r >= 0 && !unpacking->source.zip)
		r = stream_check_end(&unpacking->stream, err);
	if (r < 0) {
		/* What came before it broke is whole. */
		unpacking->len = unpacking->whole;
		(void)flush(unpacking);
		return r;
	}
	if (sizeof unpacking->buffer - unpacking->len < 4)
		(void)flush(unpacking);
	memcpy(unpacking->buffer + unpacking->len, "end\n", 4);
	unpacking->len += 4;
	return flush(unpacking) ? out_failed(unpacking, err) : 0;
}

int unpack_run(int in, int out, struct err *err) {
	struct unpacking *unpacking = calloc(1, sizeof *unpacking);
	if (!unpacking)
		return err_set(err, -ENOMEM, "out of memory");
	unpacking->source.spool = -1;
	unpacking->out = out;
	int r = run(unpacking, in, err);
	archive_read_free(unpacking->archive);
	stream_close(&unpacking->stream);
	source_close(&unpacking->source);
	seen_finish(&unpacking->seen);
	free(unpacking);
	return r;
}
