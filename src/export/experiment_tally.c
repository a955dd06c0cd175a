/* Sites, labels and errors over all conditions. */
#include "export/experiment_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct summary_counts *counts_of(
	const struct summary_condition *condition, enum experiment_tally tally) {
	return tally == EXPERIMENT_SITES    ? &condition->sites
	       : tally == EXPERIMENT_LABELS ? &condition->labels
					    : &condition->errors;
}

static const char *name_of(const struct summary_count *count, enum experiment_tally tally) {
	return count->text                  ? count->text
	       : tally == EXPERIMENT_ERRORS ? "no reason was told"
					    : "unknown site";
}

static uint64_t count_of(
	const struct summary_condition *condition, enum experiment_tally tally, const char *name) {
	const struct summary_counts *counts = counts_of(condition, tally);
	for (size_t i = 0; i < counts->count; i++)
		if (!strcmp(name_of(&counts->items[i], tally), name))
			return counts->items[i].count;
	return 0;
}

static char *where(const struct experiment_summary *summary, enum experiment_tally tally,
	const char *name, struct arena *arena) {
	struct buf text = {0};
	for (size_t i = 0; i < summary->condition_count; i++) {
		uint64_t count = count_of(&summary->conditions[i], tally, name);
		if (!count)
			continue;
		if (text.len)
			buf_add_str(&text, "; ");
		experiment_summary_name(summary, i, &text);
		buf_printf(&text, ": %" PRIu64, count);
	}
	char *ret = text.failed ? NULL : arena_strdup(arena, buf_str(&text));
	buf_finish(&text);
	return ret;
}

static int most_first(const void *a, const void *b) {
	const struct experiment_tally_row *left = a, *right = b;
	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	return strcmp(left->name, right->name);
}

static int add(struct arena *arena, struct experiment_tally_row **rows, size_t *count, size_t *cap,
	const char *name, uint64_t more) {
	for (size_t i = 0; i < *count; i++)
		if (!strcmp((*rows)[i].name, name)) {
			(*rows)[i].count += more;
			return 0;
		}
	int code = arena_grow(arena, (void **)rows, *count, cap, sizeof **rows);
	if (!code)
		(*rows)[(*count)++] = (struct experiment_tally_row){.name = name, .count = more};
	return code;
}

/* Of what is behind the last row that is shown as it is. */
static int fold(struct arena *arena, struct experiment_tally_row *rows, size_t *count) {
	char name[40];
	if (*count <= EXPERIMENT_TALLY_ROWS + 1)
		return 0;
	struct experiment_tally_row *rest = &rows[EXPERIMENT_TALLY_ROWS];
	snprintf(name, sizeof name, "%zu others", *count - EXPERIMENT_TALLY_ROWS);
	for (size_t i = EXPERIMENT_TALLY_ROWS + 1; i < *count; i++)
		rest->count += rows[i].count;
	rest->name = arena_strdup(arena, name);
	rest->where = "--json has them all";
	*count = EXPERIMENT_TALLY_ROWS + 1;
	return rest->name ? 0 : -ENOMEM;
}

int experiment_tally(const struct experiment_summary *summary, enum experiment_tally tally,
	struct arena *arena, struct experiment_tally_row **ret, size_t *ret_count) {
	size_t cap = 0;
	*ret = NULL;
	*ret_count = 0;
	for (size_t i = 0; i < summary->condition_count; i++) {
		const struct summary_counts *counts = counts_of(&summary->conditions[i], tally);
		for (size_t j = 0; j < counts->count; j++)
			if (add(arena, ret, ret_count, &cap, name_of(&counts->items[j], tally),
				    counts->items[j].count) < 0)
				return -ENOMEM;
	}
	if (*ret_count)
		qsort(*ret, *ret_count, sizeof **ret, most_first);
	int code = fold(arena, *ret, ret_count);
	for (size_t i = 0; i < *ret_count && !code; i++) {
		struct experiment_tally_row *row = &(*ret)[i];
		if (!row->where && !(row->where = where(summary, tally, row->name, arena)))
			code = -ENOMEM;
	}
	return code;
}
