/*
 * Which names an archive has had, whatever their case: on some systems equal but for it means the
 * same file.
 */
#ifndef EXPORT_BUNDLE_SEEN_H
#define EXPORT_BUNDLE_SEEN_H

#include <stddef.h>
#include <stdint.h>

struct seen {
	uint64_t *hashes; /* 0: free; count is below 7/8 of cap, a power of two */
	size_t count, cap;
};

/* 1: it is new, 0: it was there, -ENOMEM. Two different names are taken for one with a chance of
 * 2^-24 among a million. */
int seen_add(struct seen *seen, const char *name);
void seen_finish(struct seen *seen);

#endif
