/* An array that is emptied from the front, with chains of equal hashes through it. */
#include "collect/backlog.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* More names than this cost more than to read their folder. */
#define NAMES_MAX 4096
#define NAMES_MIN 64

static uint64_t hash_of(const char *folder, const char *name) {
	return text_hash(TEXT_HASH_START ^ (uintptr_t)folder, name, strlen(name));
}

static bool waits(
	const struct backlog *backlog, const char *folder, const char *name, uint64_t hash) {
	uint32_t at = backlog->chains[hash % BACKLOG_CHAINS];
	for (; at > backlog->first; at = backlog->names[at - 1].next) {
		const struct backlog_name *other = &backlog->names[at - 1];
		if (other->hash == hash && other->folder == folder && !strcmp(other->name, name))
			return true;
	}
	return false;
}

/* Gives the room of those that were taken to those that come; the last one taken is still lent. */
static void move_up(struct backlog *backlog) {
	size_t gone = backlog->first - 1;
	backlog->count -= gone;
	backlog->first = 1;
	memmove(backlog->names, backlog->names + gone, backlog->count * sizeof *backlog->names);
	memset(backlog->chains, 0, BACKLOG_CHAINS * sizeof *backlog->chains);
	for (size_t i = 1; i < backlog->count; i++) {
		uint32_t *chain = &backlog->chains[backlog->names[i].hash % BACKLOG_CHAINS];
		backlog->names[i].next = *chain;
		*chain = (uint32_t)i + 1;
	}
}

static bool make_room(struct backlog *backlog) {
	if (!backlog->chains)
		backlog->chains = calloc(BACKLOG_CHAINS, sizeof *backlog->chains);
	if (!backlog->chains)
		return false;
	if (backlog->count < backlog->cap)
		return true;
	if (backlog->first > backlog->cap / 2) {
		move_up(backlog);
		return true;
	}
	size_t cap = backlog->cap ? backlog->cap * 2 : NAMES_MIN;
	if (cap > NAMES_MAX)
		return false;
	struct backlog_name *names = realloc(backlog->names, cap * sizeof *names);
	if (!names)
		return false;
	backlog->names = names;
	backlog->cap = cap;
	return true;
}

bool backlog_add(struct backlog *backlog, const char *folder, const char *name) {
	uint64_t hash = hash_of(folder, name);
	if (backlog->chains && waits(backlog, folder, name, hash))
		return true;
	if (!make_room(backlog))
		return false;
	char *copy = strdup(name);
	if (!copy)
		return false;
	uint32_t *chain = &backlog->chains[hash % BACKLOG_CHAINS];
	backlog->names[backlog->count++] =
		(struct backlog_name){.folder = folder, .name = copy, .hash = hash, .next = *chain};
	*chain = (uint32_t)backlog->count;
	return true;
}

const struct backlog_name *backlog_take(struct backlog *backlog) {
	if (backlog->first)
		free(backlog->names[backlog->first - 1].name);
	if (backlog->first)
		backlog->names[backlog->first - 1].name = NULL;
	if (backlog->first < backlog->count)
		return &backlog->names[backlog->first++];
	backlog->first = backlog->count = 0;
	if (backlog->chains)
		memset(backlog->chains, 0, BACKLOG_CHAINS * sizeof *backlog->chains);
	return NULL;
}

size_t backlog_count(const struct backlog *backlog) {
	return backlog->count - backlog->first;
}

void backlog_finish(struct backlog *backlog) {
	for (size_t i = 0; i < backlog->count; i++)
		free(backlog->names[i].name);
	free(backlog->names);
	free(backlog->chains);
	*backlog = (struct backlog){0};
}
