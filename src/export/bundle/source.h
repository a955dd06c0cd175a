/*
 * The bytes of an archive that is read: a file, or a pipe whose end may never come.
 */
#ifndef EXPORT_BUNDLE_SOURCE_H
#define EXPORT_BUNDLE_SOURCE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_TAIL_BYTES 8

struct source {
	int fd, out; /* out: no longer worth the reading when nobody reads that */
	bool at_end;
	bool zip;                       /* by its first bytes */
	bool seeks;                     /* a file, read from its start */
	int spool;                      /* a copy of what came through a pipe, -1: none */
	uint64_t read;                  /* bytes so far; again what was read again */
	uint64_t size;                  /* of a file, else 0 */
	size_t at, len;                 /* not yet handed out, in bytes */
	int code;                       /* what the system said when it gave no more */
	char before[SOURCE_TAIL_BYTES]; /* what stood before bytes */
	char bytes[64 << 10];
};

/* A zip archive is found by its end, so one from a pipe is copied into a temporary file. */
int source_open(struct source *source, int fd, int out, struct err *err);
/* The next bytes, borrowed until the next call; 0 at the end, -1 with source->code. */
int64_t source_next(struct source *source, const void **ret);
/* To offset, counted from whence; the new place, -1 with source->code. */
int64_t source_seek(struct source *source, int64_t offset, int whence);
/* The SOURCE_TAIL_BYTES that end at the first used ones; false when they are long gone. */
bool source_tail(const struct source *source, uint64_t used, unsigned char *ret);
/* Whether nothing but zeros follows the first used bytes of a source that was read in order. */
bool source_is_over(struct source *source, uint64_t used);
void source_close(struct source *source);

#endif
