/*
 * Members of an archive that came before its manifest through a pipe, which is read once: they wait
 * in a temporary file until it is known what is said of them. For export/archive_import.c only.
 */
#ifndef EXPORT_ARCHIVE_ASIDE_H
#define EXPORT_ARCHIVE_ASIDE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>

struct archive_aside;

struct archive_set_aside {
	const char *name;
	const char *sha256;
	bool too_large; /* its bytes were not kept */
};

/* *aside NULL: the first one. bytes may be empty. */
int archive_aside_add(struct archive_aside **aside, const struct archive_set_aside *member,
	const struct buf *bytes, struct err *err);
/* In the order in which they came; bytes receives each one's. What fn returns below 0 ends it. */
typedef int (*archive_aside_fn)(
	const struct archive_set_aside *member, void *user, struct err *err);
int archive_aside_each(const struct archive_aside *aside, struct buf *bytes, archive_aside_fn fn,
	void *user, struct err *err);
void archive_aside_free(struct archive_aside *aside);

#endif
