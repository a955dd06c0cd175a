/*
 * Which stack stands for a site. Stacks that differ only in what signatures fold too (the
 * generation of the GPU, places in functions) are one, whatever operation it was in and who called
 * that.
 */
#include "base/sha256.h"
#include "export/analysis_parts.h"
#include "triage/normalise.h"
#include "triage/operation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct folded {
	const struct analysis_stack *stack;
	uint8_t digest[SHA256_BYTES];
};

struct frame_reader {
	struct arena arena;
	struct frames frames;
	size_t cap;
};

static int read_frame(const struct store_frame *frame, size_t index, void *user) {
	struct frame_reader *reader = user;
	struct frames *frames = &reader->frames;
	(void)index;
	int code = arena_grow(&reader->arena, (void **)&frames->items, frames->count, &reader->cap,
		sizeof *frames->items);
	if (code)
		return code;
	struct frame *item = &frames->items[frames->count];
	*item = (struct frame){
		.image = frame->image ? arena_strdup(&reader->arena, frame->image) : NULL,
		.symbol = frame->symbol ? arena_strdup(&reader->arena, frame->symbol) : NULL};
	frames->count++;
	return (frame->image && !item->image) || (frame->symbol && !item->symbol) ? -ENOMEM : 0;
}

/* Each text with its NUL, so that no two lists of texts read the same. */
static void add_text(struct sha256_stream *stream, const char *text) {
	sha256_add(stream, text ? text : "", text ? strlen(text) + 1 : 1);
}

static int add_frame(struct sha256_stream *stream, const struct frame *frame, bool operation,
	struct arena *arena) {
	struct normal_image image = {0};
	struct normal_symbol symbol = {0};
	if (frame->image && normalise_image(frame->image, arena, &image) < 0)
		return -ENOMEM;
	if (frame->symbol && !operation && normalise_symbol(frame->symbol, arena, &symbol) < 0)
		return -ENOMEM;
	add_text(stream, image.family);
	add_text(stream, operation ? "*" : symbol.function);
	return 0;
}

/* Down to the operation, whose own name is left out. A crash in the operation itself is named after
 * it and after who called it. */
static int digest(struct frame_reader *reader, uint8_t ret[SHA256_BYTES]) {
	const struct frames *frames = &reader->frames;
	const struct operation operation = operation_find(frames);
	bool cut = operation.name && operation.frame > 0;
	size_t count = cut ? operation.frame + 1 : frames->count;
	struct sha256_stream stream;
	int code = 0;
	sha256_start(&stream);
	for (size_t i = 0; i < count && !code; i++)
		code = add_frame(&stream, &frames->items[i], cut && i + 1 == count, &reader->arena);
	sha256_end(&stream, ret);
	return code;
}

/* Only counts come of it, so that nothing is redacted here. What has no stack is like nothing else
 * but that. */
static int fold(
	struct analysis_work *work, const struct analysis_stack *stack, struct folded *ret) {
	struct frame_reader reader = {0};
	*ret = (struct folded){.stack = stack};
	if (!stack->stack_id)
		return 0;
	arena_init(&reader.arena, SIZE_MAX);
	int code = store_stack(work->store, stack->stack_id, read_frame, &reader, work->err);
	if (code >= 0)
		code = digest(&reader, ret->digest);
	arena_finish(&reader.arena);
	return code < 0 ? code : 0;
}

/* Equal ones together, in each of them the one first that stands for them: the most frequent, then
 * the one that was met first. */
static int compare_folded(const void *left, const void *right) {
	const struct folded *a = left, *b = right;
	int order = (int)a->stack->simulated - (int)b->stack->simulated;
	if (!order)
		order = memcmp(a->digest, b->digest, sizeof a->digest);
	if (!order)
		order = (a->stack->count < b->stack->count) - (a->stack->count > b->stack->count);
	return order ? order : (a->stack > b->stack) - (a->stack < b->stack);
}

static bool same(const struct folded *a, const struct folded *b) {
	return a->stack->simulated == b->stack->simulated &&
	       !memcmp(a->digest, b->digest, sizeof a->digest);
}

/* Real ones before simulated ones; then the more frequent; then the one that was met first. */
static bool is_better(const struct analysis_typical *a, const struct analysis_typical *b) {
	if (!b->stack || a->stack->simulated != b->stack->simulated)
		return !b->stack || !a->stack->simulated;
	return a->crashes != b->crashes ? a->crashes > b->crashes : a->stack < b->stack;
}

static struct analysis_typical choose(const struct folded *items, size_t count) {
	struct analysis_typical best = {0};
	for (size_t i = 0; i < count;) {
		struct analysis_typical group = {.stack = items[i].stack};
		size_t first = i;
		for (; i < count && same(&items[first], &items[i]); i++)
			group.crashes += items[i].stack->count;
		if (is_better(&group, &best))
			best = group;
	}
	return best;
}

int analysis_typical_stack(struct analysis_work *work, size_t site, struct analysis_typical *ret) {
	struct folded *items = NULL;
	size_t count = 0;
	int code = 0;
	for (size_t i = 0; i < work->stack_count; i++)
		count += work->stacks[i].site == site;
	*ret = (struct analysis_typical){0};
	if (!count)
		return 0;
	items = calloc(count, sizeof *items);
	if (!items)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < work->stack_count && !code; i++)
		if (work->stacks[i].site == site)
			code = fold(work, &work->stacks[i], &items[count++]);
	if (!code) {
		qsort(items, count, sizeof *items, compare_folded);
		*ret = choose(items, count);
	}
	free(items);
	return code;
}
