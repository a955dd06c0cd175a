/* The builds of some incidents in the order in which Apple released them. */
#include "cli/triage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct builds {
	struct arena arena;
	struct store_group *items;
	size_t count, cap;
};

static int keep(const struct store_group *group, void *user) {
	struct builds *builds = user;
	int r = arena_grow(&builds->arena, (void **)&builds->items, builds->count, &builds->cap,
		sizeof *builds->items);
	const char *build =
		group->values[0] ? arena_strdup(&builds->arena, group->values[0]) : NULL;
	if (r < 0 || (group->values[0] && !build))
		return -ENOMEM;
	struct store_group *kept = &builds->items[builds->count++];
	*kept = *group;
	kept->values[0] = build;
	return 0;
}

/* What is no build comes last, and nothing at all after that. */
static int earlier_first(const void *left, const void *right) {
	const char *a = ((const struct store_group *)left)->values[0];
	const char *b = ((const struct store_group *)right)->values[0];
	int order = 0;
	if (!a || !b)
		return !a - !b;
	if (state_build_compare(a, b, &order) && order)
		return order;
	bool is_a = state_build_compare(a, a, &order), is_b = state_build_compare(b, b, &order);
	return is_a != is_b ? is_b - is_a : strcmp(a, b);
}

int triage_builds(
	struct store *store, const char *match, store_group_fn fn, void *user, struct err *err) {
	static const char *const os_build[] = {"os_build"};
	const char *const matches[] = {match, TRIAGE_KINDS};
	const struct store_filter filter = {.matches = matches, .match_count = 2};
	struct builds builds = {0};
	arena_init(&builds.arena, SIZE_MAX);
	int r = store_top(store, &filter, os_build, 1, keep, &builds, err);
	if (r == -ENOMEM)
		err_set(err, r, "out of memory");
	if (r >= 0 && builds.count)
		qsort(builds.items, builds.count, sizeof *builds.items, earlier_first);
	for (size_t i = 0; i < builds.count && r >= 0; i++)
		r = fn(&builds.items[i], user);
	arena_finish(&builds.arena);
	return r;
}
