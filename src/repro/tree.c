/* Grows from the root by parents; a pid counts only together with its birth. */
#include "repro/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the kernel and a crash report may differ by about the start of a process. */
#define START_TOLERANCE_US 2000000
/* What the kernel's clock and a report's may differ by when both tell of a moment exactly. */
#define LAUNCH_TOLERANCE_US 50000
/* A report's capture time may lie so much behind the last sight of its process. */
#define CAPTURE_DELAY_US 15000000
/* A late report comes within a minute or so. */
#define FORGET_AFTER_US 600000000
/* Below this nothing is forgotten. */
#define FORGET_ABOVE 4096
/* Adopts what lost its parent, and on macOS starts the programs of the desktop: says nothing. */
#define FIRST_PID 1

const char *const tree_tie_names[TREE_TIE_COUNT] = {
	[TREE_PID] = "pid",
	[TREE_PARENT] = "parent",
	[TREE_LAUNCH] = "launch",
};

static int add(struct tree *tree, const struct process_info *info, int64_t now_us) {
	if (tree->count == tree->cap) {
		size_t cap = tree->cap ? tree->cap * 2 : 32;
		struct tree_member *items = realloc(tree->items, cap * sizeof *items);
		if (!items)
			return -ENOMEM;
		tree->items = items;
		tree->cap = cap;
	}
	struct tree_member *member = &tree->items[tree->count++];
	*member = (struct tree_member){.pid = info->pid,
		.birth = info->birth,
		.started_at_us = info->started_at_us,
		.seen_at_us = now_us,
		.alive = true};
	memcpy(member->name, info->name, sizeof member->name);
	tree->changes++;
	return 0;
}

int tree_init(struct tree *ret, const struct process_info *root, const struct process_info *before,
	size_t before_count, int64_t now_us) {
	*ret = (struct tree){0};
	int code = add(ret, root, now_us);
	for (size_t i = 0; i < before_count && !code; i++)
		if (before[i].pid != FIRST_PID)
			code = pid_set_add(&ret->strangers, before[i].pid);
	return code;
}

void tree_finish(struct tree *tree) {
	free(tree->items);
	free(tree->present);
	pid_set_finish(&tree->strangers);
	*tree = (struct tree){0};
}

void tree_trim(struct tree *tree, bool whole) {
	struct tree_member *items =
		tree->count < tree->cap ? realloc(tree->items, tree->count * sizeof *items) : NULL;
	if (items) {
		tree->items = items;
		tree->cap = tree->count;
	}
	if (whole)
		return;
	free(tree->present);
	tree->present = NULL;
	tree->present_count = 0;
	pid_set_finish(&tree->strangers);
}

static int by_pid(const void *a, const void *b) {
	pid_t left = ((const struct process_info *)a)->pid;
	pid_t right = ((const struct process_info *)b)->pid;
	return (left > right) - (left < right);
}

/* Its index, or count. */
static size_t find(const struct process_info *all, size_t count, pid_t pid) {
	const struct process_info key = {.pid = pid};
	const struct process_info *found = bsearch(&key, all, count, sizeof *all, by_pid);
	return found ? (size_t)(found - all) : count;
}

static void look_again(struct tree_member *member, const struct process_info *info, int64_t now) {
	member->seen_at_us = now;
	/* It may have become another program since. */
	memcpy(member->name, info->name, sizeof member->name);
}

/* Adds the children of marked ones, then theirs. */
static int add_descendants(struct tree *tree, const struct process_info *all, size_t count,
	bool *marked, int64_t now_us) {
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < count; i++) {
			size_t parent = marked[i] ? count : find(all, count, all[i].parent);
			if (parent == count || !marked[parent] || all[i].birth < all[parent].birth)
				continue;
			if (add(tree, &all[i], now_us) < 0)
				return -ENOMEM;
			marked[i] = again = true;
		}
	}
	return 0;
}

/* Marks the children of strangers, then theirs. */
static int add_strangers(
	struct tree *tree, const struct process_info *all, size_t count, const bool *marked) {
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < count; i++) {
			if (marked[i] || pid_set_has(&tree->strangers, all[i].pid) ||
				!pid_set_has(&tree->strangers, all[i].parent))
				continue;
			if (pid_set_add(&tree->strangers, all[i].pid) < 0)
				return -ENOMEM;
			again = true;
		}
	}
	return 0;
}

static int keep_present(struct tree *tree, const struct process_info *all, size_t count) {
	pid_t *present = realloc(tree->present, (count ? count : 1) * sizeof *present);
	if (!present)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		present[i] = all[i].pid;
	tree->present = present;
	tree->present_count = count;
	return 0;
}

static void forget(struct tree *tree, int64_t now_us) {
	size_t kept = 1;
	if (tree->count <= FORGET_ABOVE)
		return;
	for (size_t i = 1; i < tree->count; i++)
		if (tree->items[i].alive || tree->items[i].seen_at_us + FORGET_AFTER_US > now_us)
			tree->items[kept++] = tree->items[i];
	tree->count = kept;
}

int tree_update(struct tree *tree, struct process_info *all, size_t count, int64_t now_us) {
	bool *marked = calloc(count ? count : 1, sizeof *marked);
	if (!marked)
		return -ENOMEM;
	if (count)
		qsort(all, count, sizeof *all, by_pid);
	for (size_t i = 0; i < tree->count; i++) {
		struct tree_member *member = &tree->items[i];
		if (!member->alive)
			continue;
		size_t at = find(all, count, member->pid);
		member->alive = at < count && all[at].birth == member->birth;
		tree->changes += !member->alive;
		if (!member->alive)
			continue;
		marked[at] = true;
		look_again(member, &all[at], now_us);
	}
	int code = add_descendants(tree, all, count, marked, now_us);
	if (!code)
		code = add_strangers(tree, all, count, marked);
	if (!code)
		code = keep_present(tree, all, count);
	free(marked);
	forget(tree, now_us);
	return code;
}

/* Whether something that happened at a moment can have to do with what lived as long as member. */
static bool lived_at(const struct tree_member *member, struct i64_opt at, int64_t delay_us) {
	if (!at.set)
		return true;
	return at.value >= member->started_at_us - START_TOLERANCE_US &&
	       (member->alive || at.value <= member->seen_at_us + delay_us);
}

static bool is_member(const struct tree_member *member, const struct tree_claim *claim) {
	if (!claim->pid.set || claim->pid.value != member->pid)
		return false;
	if (!claim->launched_at_us.set)
		return lived_at(member, claim->captured_at_us, CAPTURE_DELAY_US);
	int64_t apart = claim->launched_at_us.value - member->started_at_us;
	return apart >= -START_TOLERANCE_US && apart <= START_TOLERANCE_US;
}

static bool comes_from(const struct tree_member *member, const struct tree_claim *claim) {
	bool named = (claim->parent_pid.set && claim->parent_pid.value == member->pid) ||
		     (claim->responsible_pid.set && claim->responsible_pid.value == member->pid);
	if (!named)
		return false;
	/* The process may have outlived the one it came from; its launch cannot. */
	return claim->launched_at_us.set
		       ? lived_at(member, claim->launched_at_us, START_TOLERANCE_US)
		       : lived_at(member, claim->captured_at_us, CAPTURE_DELAY_US);
}

static int by_number(const void *a, const void *b) {
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;
	return (left > right) - (left < right);
}

static bool is_present(const struct tree *tree, int64_t pid) {
	const pid_t key = (pid_t)pid;
	return bsearch(&key, tree->present, tree->present_count, sizeof key, by_number) != NULL;
}

/* Any member lived then, and not only the clocks' difference earlier. */
static bool was_running(const struct tree *tree, struct i64_opt at) {
	if (!at.set || at.value < tree->items[0].started_at_us - LAUNCH_TOLERANCE_US)
		return false;
	for (size_t i = 0; i < tree->count; i++)
		if (lived_at(&tree->items[i], at, START_TOLERANCE_US))
			return true;
	return false;
}

static bool is_strange(const struct tree *tree, struct i64_opt pid) {
	return pid.set && pid_set_has(&tree->strangers, pid.value);
}

static enum tree_tie tie_by_launch(const struct tree *tree, const struct tree_claim *claim) {
	if (!claim->pid.set || !claim->parent_pid.set || claim->parent_pid.value <= FIRST_PID ||
		claim->parent_pid.value > INT32_MAX || !tree->strangers.count || !tree->present)
		return TREE_NONE;
	if (is_strange(tree, claim->pid) || is_strange(tree, claim->parent_pid) ||
		!was_running(tree, claim->launched_at_us))
		return TREE_NONE;
	return is_present(tree, claim->parent_pid.value) ? TREE_OPEN : TREE_LAUNCH;
}

enum tree_tie tree_find_tie(const struct tree *tree, const struct tree_claim *claim) {
	bool parent = false;
	for (size_t i = 0; i < tree->count; i++) {
		if (is_member(&tree->items[i], claim))
			return TREE_PID;
		parent = parent || comes_from(&tree->items[i], claim);
	}
	return parent ? TREE_PARENT : tie_by_launch(tree, claim);
}
