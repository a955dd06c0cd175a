/* The bump allocator. Thread: whoever owns the arena. */
#include "base/arena.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN_BYTES (64u << 10)
#define ALIGN _Alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena, size_t limit) {
	*arena = (struct arena){.budget = limit, .limit = limit};
}

void arena_finish(struct arena *arena) {
	struct arena_block *block = arena->block;
	while (block) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
	arena_init(arena, arena->limit);
}

void arena_reset(struct arena *arena) {
	struct arena_block *keep = NULL;
	for (struct arena_block *block = arena->block; block; block = block->next)
		if (!keep || block->size > keep->size)
			keep = block;
	struct arena_block *block = arena->block;
	while (block) {
		struct arena_block *next = block->next;
		if (block != keep)
			free(block);
		block = next;
	}
	arena_init(arena, arena->limit);
	if (!keep)
		return;
	keep->next = NULL;
	keep->used = 0;
	arena->block = keep;
	arena->budget -= keep->size;
}

static struct arena_block *block_new(struct arena *arena, size_t need) {
	size_t size = arena->block ? arena->block->size * 2 : BLOCK_MIN_BYTES;
	if (size < need)
		size = need;
	if (size > arena->budget)
		size = need;
	if (size > arena->budget) {
		arena->spent = true;
		return NULL;
	}
	struct arena_block *block = malloc(sizeof *block + size);
	if (!block)
		return NULL;
	arena->budget -= size;
	*block = (struct arena_block){.next = arena->block, .size = size};
	arena->block = block;
	return block;
}

static void *bump(struct arena *arena, size_t size) {
	if (size > SIZE_MAX - ALIGN)
		return NULL;
	size_t need = (size + ALIGN - 1) / ALIGN * ALIGN;
	struct arena_block *block = arena->block;
	if (!block || block->size - block->used < need)
		block = block_new(arena, need);
	if (!block)
		return NULL;
	void *memory = block->data + block->used;
	block->used += need;
	return memory;
}

void *arena_alloc(struct arena *arena, size_t size) {
	void *memory = bump(arena, size ? size : 1);
	if (memory)
		memset(memory, 0, size);
	return memory;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size) {
	if (size && count > SIZE_MAX / size)
		return NULL;
	return arena_alloc(arena, count * size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t len) {
	if (len == SIZE_MAX)
		return NULL;
	char *copy = bump(arena, len + 1);
	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text) {
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *fmt, ...) {
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *text = n < 0 ? NULL : bump(arena, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text;
}

int arena_grow(struct arena *arena, void **items, size_t count, size_t *cap, size_t size) {
	if (count < *cap)
		return 0;
	size_t more = *cap ? *cap * 2 : 16;
	void *grown = arena_calloc(arena, more, size);
	if (!grown)
		return -ENOMEM;
	if (count)
		memcpy(grown, *items, count * size);
	*items = grown;
	*cap = more;
	return 0;
}
