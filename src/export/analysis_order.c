/* The order in which everything is told: a matter of the facts alone, so that two runs agree. */
#include "export/analysis_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Unknown ones behind those that have a name. */
static int compare_texts(const char *a, const char *b) {
	if (!a || !b)
		return !a - !b;
	return strcmp(a, b);
}

static int more_first(uint64_t a, uint64_t b) {
	return (a < b) - (a > b);
}

static int compare_counts(const void *left, const void *right) {
	const struct analysis_count *a = left, *b = right;
	int order = more_first(a->count, b->count);
	return order ? order : compare_texts(a->text, b->text);
}

static int compare_offsets(const void *left, const void *right) {
	const struct analysis_offset *a = left, *b = right;
	int order = more_first(a->count, b->count);
	return order ? order : more_first(b->offset, a->offset);
}

static int compare_calls(const void *left, const void *right) {
	const struct analysis_call *a = left, *b = right;
	int order = more_first(a->crashes, b->crashes);
	if (!order)
		order = compare_texts(a->image, b->image);
	return order ? order : compare_texts(a->symbol, b->symbol);
}

static int compare_signatures(const void *left, const void *right) {
	const struct analysis_signature *a = left, *b = right;
	int order = more_first(a->count, b->count);
	return order ? order : compare_texts(a->hash, b->hash);
}

static int compare_cells(const void *left, const void *right) {
	const struct analysis_cell *a = left, *b = right;
	int order = compare_texts(a->driver_version, b->driver_version);
	if (!order)
		order = compare_texts(a->os_build, b->os_build);
	return order ? order : compare_texts(a->hardware_model, b->hardware_model);
}

static int compare_days(const void *left, const void *right) {
	const struct analysis_day *a = left, *b = right;
	if (a->day != b->day)
		return (a->day > b->day) - (a->day < b->day);
	return (a->site > b->site) - (a->site < b->site);
}

static int compare_events(const void *left, const void *right) {
	const struct analysis_event *a = left, *b = right;
	int order = more_first(a->count, b->count);
	if (!order)
		order = (a->kind > b->kind) - (a->kind < b->kind);
	return order ? order : compare_texts(a->site, b->site);
}

static void sort(
	void *items, size_t count, size_t size, int (*compare)(const void *, const void *)) {
	if (count > 1)
		qsort(items, count, size, compare);
}

static void sort_counts(struct analysis_counts *counts) {
	sort(counts->items, counts->count, sizeof *counts->items, compare_counts);
}

static void order_site(struct analysis_site *site, uint64_t crashes) {
	site->share = crashes ? (double)site->count / (double)crashes : 0;
	for (int i = 0; i < LIST_OF_SITE; i++)
		sort_counts(analysis_site_list(site, (enum analysis_list)i));
	sort(site->offsets, site->offset_count, sizeof *site->offsets, compare_offsets);
	sort(site->calls, site->call_count, sizeof *site->calls, compare_calls);
	sort(site->signatures, site->signature_count, sizeof *site->signatures, compare_signatures);
}

/* A site and where it stood. */
struct moved {
	struct analysis_site site;
	size_t from;
};

static int compare_sites(const void *left, const void *right) {
	const struct moved *a = left, *b = right;
	if (!a->site.id != !b->site.id)
		return !a->site.id - !b->site.id;
	int order = more_first(a->site.count, b->site.count);
	return order ? order : compare_texts(a->site.id, b->site.id);
}

/* Days name sites by their place. */
static int order_sites(struct analysis *analysis) {
	size_t count = analysis->site_count;
	struct moved *moved = arena_calloc(&analysis->arena, count, sizeof *moved);
	size_t *to = arena_calloc(&analysis->arena, count, sizeof *to);
	if (!moved || !to)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		moved[i] = (struct moved){.site = analysis->sites[i], .from = i};
	sort(moved, count, sizeof *moved, compare_sites);
	for (size_t i = 0; i < count; i++) {
		analysis->sites[i] = moved[i].site;
		to[moved[i].from] = i;
	}
	for (size_t i = 0; i < analysis->day_count; i++)
		analysis->days[i].site = to[analysis->days[i].site];
	return 0;
}

int analysis_order(struct analysis *analysis) {
	sort_counts(&analysis->processes);
	sort_counts(&analysis->operations);
	sort_counts(&analysis->os_builds);
	sort_counts(&analysis->os_versions);
	sort_counts(&analysis->driver_versions);
	sort_counts(&analysis->driver_images);
	sort_counts(&analysis->models);
	sort_counts(&analysis->frameworks);
	sort_counts(&analysis->attributions);
	for (size_t i = 0; i < analysis->site_count; i++)
		order_site(&analysis->sites[i], analysis->crashes);
	if (analysis->site_count && order_sites(analysis) < 0)
		return -ENOMEM;
	sort(analysis->cells, analysis->cell_count, sizeof *analysis->cells, compare_cells);
	sort(analysis->days, analysis->day_count, sizeof *analysis->days, compare_days);
	sort(analysis->events, analysis->event_count, sizeof *analysis->events, compare_events);
	return 0;
}

/* Builds in Apple's order. */
static int compare_builds(const void *a, const void *b) {
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	int order;
	if (!left || !right)
		return (left == NULL) - (right == NULL);
	return state_build_compare(left, right, &order) && order ? order : strcmp(left, right);
}

size_t analysis_builds(const struct analysis *analysis, const char **ret, size_t max) {
	const struct analysis_counts *builds = &analysis->os_builds;
	size_t count = builds->count < max ? builds->count : max;
	for (size_t i = 0; i < count; i++)
		ret[i] = builds->items[i].text;
	sort(ret, count, sizeof *ret, compare_builds);
	return count;
}
