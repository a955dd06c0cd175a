/* An array that is emptied from the front and begun anew when it is empty. */
#include "collect/added.h"

#include <stdlib.h>
#include <string.h>

/* Over what was told already: under load it is never empty, and must not grow for ever. */
static void move_up(struct added *added) {
	size_t first = added->first;
	memmove(added->items, added->items + first, (added->count - first) * sizeof *added->items);
	added->first = 0;
	added->committed -= first;
	added->count -= first;
}

void added_put(struct added *added, int64_t id, enum report_kind kind) {
	if (added->count == added->cap && added->first)
		move_up(added);
	if (added->count == added->cap) {
		size_t cap = added->cap ? added->cap * 2 : 64;
		struct added_item *items = realloc(added->items, cap * sizeof *items);
		if (!items)
			return;
		added->items = items;
		added->cap = cap;
	}
	added->items[added->count++] = (struct added_item){id, kind};
}

void added_commit(struct added *added) {
	added->committed = added->count;
}

void added_roll_back(struct added *added) {
	added->count = added->committed;
}

bool added_take(struct added *added, struct added_item *ret) {
	if (added->first < added->committed) {
		*ret = added->items[added->first++];
		return true;
	}
	if (added->first == added->count)
		added_finish(added);
	return false;
}

void added_finish(struct added *added) {
	free(added->items);
	*added = (struct added){0};
}
