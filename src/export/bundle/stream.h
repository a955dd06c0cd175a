/*
 * The bytes of a tar archive, whichever way they were compressed, with what the library leaves
 * unchecked: gzip's sum, what stands behind the end, how much comes of how little.
 */
#ifndef EXPORT_BUNDLE_STREAM_H
#define EXPORT_BUNDLE_STREAM_H

#include "base/err.h"
#include "export/bundle/source.h"

struct archive;

struct stream {
	struct archive *archive;
	struct source *source; /* borrowed */
	uint64_t bytes;        /* so far */
	uint64_t zeros;        /* the last so many of them were 0; counts to 1024 at least */
	uint32_t crc;          /* of them, with gzip */
	bool gzip;
	struct err err; /* why stream_next() failed */
};

int stream_open(struct stream *stream, struct source *source, struct err *err);
/* The next bytes, borrowed until the next call; 0 at the end, -1 with stream->err. */
int64_t stream_next(struct stream *stream, const void **ret);
/* After the end. */
int stream_check_end(struct stream *stream, struct err *err);
void stream_close(struct stream *stream);

/* What the library says of its last error, the first line of it; "": nothing. */
#define STREAM_WORDS_BYTES 160
void stream_words(struct archive *archive, char ret[STREAM_WORDS_BYTES]);

/* More than so many bytes, and so many times what was read for them. Ten thousand reports have 600
 * MB and need at least 300 bytes each for what differs between them. */
#define BOMB_BYTES (UINT64_C(256) << 20)
#define BOMB_RATIO 1000
bool source_is_bomb(const struct source *source, uint64_t out);

#endif
