/* Asks the tree about each arrival, and again as long as its answer may change. */
#include "repro/claims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int claims_start(struct claims *ret, struct store *store, const struct rules *rules,
	const struct tree *tree, struct err *err) {
	*ret = (struct claims){.tree = tree};
	return arrivals_start(&ret->arrivals, store, rules, err);
}

void claims_finish(struct claims *claims) {
	free(claims->items);
	claims->items = NULL;
	claims->count = claims->cap = 0;
}

static int add(struct claims *claims, const struct claimed *claimed) {
	if (claims->count == claims->cap) {
		size_t cap = claims->cap ? claims->cap * 2 : 8;
		struct claimed *items = realloc(claims->items, cap * sizeof *items);
		if (!items)
			return -ENOMEM;
		claims->items = items;
		claims->cap = cap;
	}
	claims->items[claims->count++] = *claimed;
	return 0;
}

static void keep_open(struct claims *claims, const struct claim_open *open) {
	if (claims->open_count == CLAIMS_OPEN)
		memmove(claims->open, claims->open + 1, --claims->open_count * sizeof *open);
	claims->open[claims->open_count++] = *open;
}

static int decide(struct claims *claims, struct claim_open *open) {
	open->claimed.tie = tree_find_tie(claims->tree, &open->says);
	if (open->claimed.tie == TREE_OPEN)
		keep_open(claims, open);
	else if (open->claimed.tie != TREE_NONE)
		return add(claims, &open->claimed);
	return 0;
}

static int decide_open(struct claims *claims) {
	int code = 0;
	size_t count = claims->open_count;
	claims->open_count = 0;
	/* What stays open moves to a place that was read already. */
	for (size_t i = 0; i < count && !code; i++) {
		struct claim_open open = claims->open[i];
		code = decide(claims, &open);
	}
	return code;
}

static void refresh(void *user) {
	struct claims *claims = user;
	if (claims->refresh)
		claims->refresh(claims->user);
}

static int on_arrival(const struct arrival *arrival, void *user) {
	struct claim_open open = {
		.claimed = {.id = arrival->id, .pid = arrival->says.pid, .crash = arrival->crash},
		.says = arrival->says};
	return decide(user, &open);
}

int claims_look(struct claims *claims, bool own, size_t *ret_more, struct err *err) {
	size_t before = claims->count;
	struct err local = {0};
	*ret_more = 0;
	int code = decide_open(claims);
	if (!code)
		code = arrivals_look(&claims->arrivals, own, refresh, on_arrival, claims, &local);
	if (code)
		err_set(err, code, "%s", local.code ? local.text : "out of memory");
	*ret_more = claims->count - before;
	return code;
}
