/* Names in memory, bytes on the disk. */
#include "export/archive_aside.h"

#include "export/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct member {
	char *name;
	uint64_t offset;
	size_t len;
	char sha256[SHA256_HEX_BYTES];
	bool too_large;
};

struct archive_aside {
	struct spool bytes;
	struct member *members;
	size_t count, cap;
};

static int create(struct archive_aside **ret, struct err *err) {
	struct archive_aside *aside = calloc(1, sizeof *aside);
	if (!aside)
		return err_set(err, -ENOMEM, "out of memory");
	aside->bytes = (struct spool)SPOOL_NONE;
	int r = spool_open(&aside->bytes, err);
	if (r < 0)
		free(aside);
	else
		*ret = aside;
	return r;
}

static int grow(struct archive_aside *aside, struct err *err) {
	if (aside->count < aside->cap)
		return 0;
	size_t cap = aside->cap ? 2 * aside->cap : 64;
	struct member *members = realloc(aside->members, cap * sizeof *members);
	if (!members)
		return err_set(err, -ENOMEM, "out of memory");
	aside->members = members;
	aside->cap = cap;
	return 0;
}

int archive_aside_add(struct archive_aside **aside, const struct archive_set_aside *member,
	const struct buf *bytes, struct err *err) {
	int r = *aside ? 0 : create(aside, err);
	if (r == 0)
		r = grow(*aside, err);
	if (r < 0)
		return r;
	struct archive_aside *all = *aside;
	struct member *kept = &all->members[all->count];
	*kept = (struct member){
		.offset = all->bytes.len, .len = bytes->len, .too_large = member->too_large};
	memcpy(kept->sha256, member->sha256, sizeof kept->sha256);
	kept->name = strdup(member->name);
	if (!kept->name)
		return err_set(err, -ENOMEM, "out of memory");
	all->count++;
	return spool_add(&all->bytes, buf_str(bytes), bytes->len, err);
}

static int read_bytes(const struct archive_aside *aside, const struct member *member,
	struct buf *bytes, struct err *err) {
	buf_reset(bytes);
	if (!buf_reserve(bytes, member->len + 1))
		return err_set(err, -ENOMEM, "out of memory");
	int r = spool_read(&aside->bytes, member->offset, bytes->data, member->len, err);
	if (r == 0) {
		bytes->len = member->len;
		bytes->data[member->len] = '\0';
	}
	return r;
}

int archive_aside_each(const struct archive_aside *aside, struct buf *bytes, archive_aside_fn fn,
	void *user, struct err *err) {
	int r = 0;
	for (size_t i = 0; aside && i < aside->count && r == 0; i++) {
		const struct member *member = &aside->members[i];
		const struct archive_set_aside told = {
			member->name, member->sha256, member->too_large};
		r = read_bytes(aside, member, bytes, err);
		if (r == 0)
			r = fn(&told, user, err);
	}
	return r;
}

void archive_aside_free(struct archive_aside *aside) {
	if (!aside)
		return;
	for (size_t i = 0; i < aside->count; i++)
		free(aside->members[i].name);
	free(aside->members);
	spool_close(&aside->bytes);
	free(aside);
}
