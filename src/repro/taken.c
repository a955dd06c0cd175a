/* Names become globs over file names; a list that was handed out is never changed. */
#include "repro/taken.h"

#include "base/buf.h"

#include <string.h>

#define ARENA_BYTES (4u << 20)
/* A system that shortens names cuts them at 15 (Linux) or 16 (macOS) characters. */
#define SHORTENED_BYTES 15

void taken_init(struct taken *ret, const struct selection *base) {
	*ret = (struct taken){.base = base, .current = *base};
	arena_init(&ret->arena, ARENA_BYTES);
}

void taken_finish(struct taken *taken) {
	arena_finish(&taken->arena);
}

static bool is_known(const struct taken *taken, const char *name) {
	for (size_t i = 0; i < taken->name_count; i++)
		if (!strcmp(taken->names[i], name))
			return true;
	return false;
}

/* "NAME[-_]*", and of a name that may be the beginning of a longer one "NAME*". */
static const char *glob_of(struct taken *taken, const char *name) {
	struct buf glob = {0};
	for (const char *c = name; *c; c++) {
		if (strchr("*?[\\", *c))
			buf_add_char(&glob, '\\');
		buf_add_char(&glob, *c);
	}
	buf_add_str(&glob, strlen(name) < SHORTENED_BYTES ? "[-_]*" : "*");
	char *ret = glob.failed ? NULL : arena_strdup(&taken->arena, buf_str(&glob));
	buf_finish(&glob);
	return ret;
}

static size_t list_len(const char *const *list) {
	size_t count = 0;
	while (list[count])
		count++;
	return count;
}

bool taken_add(struct taken *taken, const char *name) {
	if (!*name || taken->base->all || taken->name_count == TAKEN_NAMES || is_known(taken, name))
		return false;
	const char *const *before = taken->current.include;
	if (!before)
		before = select_default_include;
	size_t count = list_len(before);
	const char **list = arena_calloc(&taken->arena, count + 2, sizeof *list);
	const char *glob = glob_of(taken, name), *kept = arena_strdup(&taken->arena, name);
	if (!list || !glob || !kept)
		return false;
	memcpy(list, before, count * sizeof *list);
	list[count] = glob;
	taken->current.include = list;
	taken->names[taken->name_count++] = kept;
	return true;
}
