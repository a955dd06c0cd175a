/*
 * Bytes that are too many for the memory: a temporary file without a name, so that nothing is left
 * of it however the process ends.
 */
#ifndef EXPORT_SPOOL_H
#define EXPORT_SPOOL_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct spool {
	int fd;       /* -1: not open */
	uint64_t len; /* bytes in it */
};

#define SPOOL_NONE \
	{ .fd = -1 }

/* In $TMPDIR, else in /var/tmp, which is on a disk where /tmp may be in memory. */
int spool_open(struct spool *spool, struct err *err);
void spool_close(struct spool *spool);
/* Empties it. */
int spool_reset(struct spool *spool, struct err *err);
/* Adds at the end. */
int spool_add(struct spool *spool, const void *bytes, size_t len, struct err *err);
/* Exactly len bytes from offset on. -EIO: they are not there. */
int spool_read(const struct spool *spool, uint64_t offset, void *ret, size_t len, struct err *err);

#endif
