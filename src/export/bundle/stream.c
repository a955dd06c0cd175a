/* libarchive's filters alone, read as one raw member. */
#include "export/bundle/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#define ZEROS_MAX 1024

/* The polynomial of gzip, its bits reversed. */
static uint32_t crc32_add(uint32_t crc, const unsigned char *bytes, size_t len) {
	static uint32_t table[256];
	for (uint32_t i = 0; !table[255] && i < 256; i++) {
		uint32_t value = i;
		for (int bit = 0; bit < 8; bit++)
			value = value >> 1 ^ (value & 1 ? UINT32_C(0xedb88320) : 0);
		table[i] = value;
	}
	crc = ~crc;
	for (size_t i = 0; i < len; i++)
		crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
	return ~crc;
}

static void count_zeros(struct stream *stream, const char *bytes, size_t len) {
	size_t zeros = 0;
	while (zeros < len && zeros < ZEROS_MAX && !bytes[len - 1 - zeros])
		zeros++;
	stream->zeros = zeros == len ? stream->zeros + zeros : zeros;
}

bool source_is_bomb(const struct source *source, uint64_t out) {
	uint64_t in = source->size && source->size < source->read ? source->size : source->read;
	return out > BOMB_BYTES && out / BOMB_RATIO > in;
}

void stream_words(struct archive *archive, char ret[STREAM_WORDS_BYTES]) {
	const char *text = archive_error_string(archive);
	size_t len = text ? strcspn(text, "\n\r") : 0;
	if (len >= STREAM_WORDS_BYTES)
		len = STREAM_WORDS_BYTES - 1;
	while (len && text[len - 1] == ' ')
		len--;
	if (len)
		memcpy(ret, text, len);
	ret[len] = '\0';
}

static int fail(const struct stream *stream, struct err *err) {
	char text[STREAM_WORDS_BYTES];
	if (stream->source->code)
		return err_set(err, stream->source->code, "cannot read it: %s",
			strerror(-stream->source->code));
	if (archive_errno(stream->archive) == ENOMEM)
		return err_set(err, -EBADMSG, "takes more memory than an archive may");
	stream_words(stream->archive, text);
	return err_set(err, -EBADMSG, "is damaged: %s", *text ? text : "it is cut short");
}

/* ---- bytes ---- */

static la_ssize_t read_block(struct archive *archive, void *user, const void **ret) {
	struct stream *stream = user;
	int64_t n = source_next(stream->source, ret);
	if (n < 0)
		archive_set_error(archive, -stream->source->code, "cannot read");
	return (la_ssize_t)n;
}

int64_t stream_next(struct stream *stream, const void **ret) {
	la_int64_t offset;
	size_t len = 0;
	int r;
	do {
		r = archive_read_data_block(stream->archive, ret, &len, &offset);
	} while (r == ARCHIVE_OK && !len);
	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK) {
		fail(stream, &stream->err);
		return -1;
	}
	stream->bytes += len;
	if (source_is_bomb(stream->source, stream->bytes)) {
		err_set(&stream->err, -EBADMSG, "is a bomb: it would fill any disk");
		return -1;
	}
	if (stream->gzip)
		stream->crc = crc32_add(stream->crc, *ret, len);
	count_zeros(stream, *ret, len);
	return (int64_t)len;
}

/* ---- beginning and end ---- */

/* No answer but OK will do: a warning says that the library would run another program. */
static bool choose(struct archive *archive) {
	return archive_read_support_format_raw(archive) == ARCHIVE_OK &&
	       archive_read_support_filter_gzip(archive) == ARCHIVE_OK &&
	       archive_read_support_filter_zstd(archive) == ARCHIVE_OK;
}

int stream_open(struct stream *stream, struct source *source, struct err *err) {
	struct archive_entry *entry;
	*stream = (struct stream){.source = source};
	struct archive *archive = stream->archive = archive_read_new();
	if (!archive)
		return err_set(err, -ENOMEM, "out of memory");
	if (!choose(archive))
		return err_set(err, -EIO, "the library cannot read archives: %s",
			archive_error_string(archive));
	if (archive_read_open(archive, stream, NULL, read_block, NULL) != ARCHIVE_OK ||
		archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return fail(stream, err);
	if (archive_filter_count(archive) > 2)
		return err_set(err, -EBADMSG, "is compressed more than once");
	stream->gzip = archive_filter_code(archive, 0) == ARCHIVE_FILTER_GZIP;
	return 0;
}

static uint32_t read_le32(const unsigned char *bytes) {
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

int stream_check_end(struct stream *stream, struct err *err) {
	unsigned char trailer[8];
	uint64_t used = (uint64_t)archive_filter_bytes(stream->archive, -1);
	if (stream->zeros < 512)
		return err_set(err, -EBADMSG, "is cut short");
	if (archive_filter_count(stream->archive) < 2)
		return 0;
	if (stream->gzip &&
		(!source_tail(stream->source, used, trailer) || read_le32(trailer) != stream->crc ||
			read_le32(trailer + 4) != (uint32_t)stream->bytes))
		return err_set(err, -EBADMSG, "is damaged: its checksum is another");
	if (!source_is_over(stream->source, used))
		return err_set(err, -EBADMSG, "has something behind its end");
	return 0;
}

void stream_close(struct stream *stream) {
	archive_read_free(stream->archive);
	stream->archive = NULL;
}
