/* An open table of hashes, which takes 16 bytes a name. */
#include "export/bundle/seen.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 256

static uint64_t hash_folded(const char *name) {
	uint64_t hash = TEXT_HASH_START;
	for (; *name; name++) {
		unsigned char byte = (unsigned char)*name;
		if (byte >= 'A' && byte <= 'Z')
			byte = (unsigned char)(byte + ('a' - 'A'));
		hash = text_hash(hash, (const char *)&byte, 1);
	}
	/* The low bits choose the place; 0 is a free one. */
	hash ^= hash >> 32;
	return hash ? hash : 1;
}

static uint64_t *place(const struct seen *seen, uint64_t hash) {
	size_t at = (size_t)hash & (seen->cap - 1);
	while (seen->hashes[at] && seen->hashes[at] != hash)
		at = (at + 1) & (seen->cap - 1);
	return &seen->hashes[at];
}

static int grow(struct seen *seen) {
	struct seen larger = {.count = seen->count, .cap = seen->cap ? seen->cap * 2 : CAP_MIN};
	larger.hashes = calloc(larger.cap, sizeof *larger.hashes);
	if (!larger.hashes)
		return -ENOMEM;
	for (size_t i = 0; i < seen->cap; i++) {
		if (seen->hashes[i])
			*place(&larger, seen->hashes[i]) = seen->hashes[i];
	}
	free(seen->hashes);
	*seen = larger;
	return 0;
}

int seen_add(struct seen *seen, const char *name) {
	if (seen->count >= seen->cap / 8 * 7 && grow(seen) < 0)
		return -ENOMEM;
	uint64_t hash = hash_folded(name);
	uint64_t *at = place(seen, hash);
	if (*at == hash)
		return 0;
	*at = hash;
	seen->count++;
	return 1;
}

void seen_finish(struct seen *seen) {
	free(seen->hashes);
	*seen = (struct seen){0};
}
