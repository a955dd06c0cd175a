/* Sites and labels over all conditions, and what experiments ran on. */
#include "base/limits.h"
#include "export/experiment_parts.h"
#include "ips/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- sites and labels ---- */

static size_t entries(const struct summary_condition *condition, bool labels) {
	return labels ? condition->label_count : condition->site_count;
}

static const char *entry(
	const struct summary_condition *condition, bool labels, size_t i, uint64_t *ret_count) {
	const char *site;
	*ret_count = labels ? condition->labels[i].count : condition->sites[i].count;
	if (labels)
		return condition->labels[i].label;
	site = condition->sites[i].site;
	return site ? site : "unknown site";
}

static uint64_t count_of(const struct summary_condition *condition, bool labels, const char *name) {
	uint64_t count;
	for (size_t i = 0; i < entries(condition, labels); i++)
		if (!strcmp(entry(condition, labels, i, &count), name))
			return count;
	return 0;
}

static char *where(const struct experiment_summary *summary, bool labels, const char *name,
	struct arena *arena) {
	struct buf text = {0};
	for (size_t i = 0; i < summary->condition_count; i++) {
		uint64_t count = count_of(&summary->conditions[i], labels, name);
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

int experiment_tally(const struct experiment_summary *summary, bool labels, struct arena *arena,
	struct experiment_tally_row **ret, size_t *ret_count) {
	size_t cap = 0;
	*ret = NULL;
	*ret_count = 0;
	for (size_t i = 0; i < summary->condition_count; i++) {
		const struct summary_condition *condition = &summary->conditions[i];
		for (size_t j = 0; j < entries(condition, labels); j++) {
			uint64_t count;
			const char *name = entry(condition, labels, j, &count);
			if (add(arena, ret, ret_count, &cap, name, count) < 0)
				return -ENOMEM;
		}
	}
	for (size_t i = 0; i < *ret_count; i++)
		if (!((*ret)[i].where = where(summary, labels, (*ret)[i].name, arena)))
			return -ENOMEM;
	if (*ret_count)
		qsort(*ret, *ret_count, sizeof **ret, most_first);
	return 0;
}
