/*
 * A bump allocator with a budget. One report owns one arena; freeing it is one call.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *block; /* newest first */
	size_t budget;             /* bytes that may still be taken from the system */
	size_t limit;
	bool spent; /* something did not fit into the budget any more */
};

/* limit: bytes in all that this arena may take from the system. Allocates nothing. */
void arena_init(struct arena *arena, size_t limit);

/* Frees everything; the arena is as after arena_init(). */
void arena_finish(struct arena *arena);

/* Forgets everything but keeps the largest block for reuse. */
void arena_reset(struct arena *arena);

/* Zeroed memory aligned for any type, or NULL when the budget or the system's memory is used up. */
void *arena_alloc(struct arena *arena, size_t size);

/* calloc's overflow check with arena_alloc's memory. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of len bytes, or NULL as above. */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_strdup(struct arena *arena, const char *text);

/* printf into the arena, NULL as above. */
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Makes room for one more element of size bytes in an array that doubles; *items and *cap are
 * replaced. Returns 0 or -ENOMEM (the array is then unchanged).
 */
int arena_grow(struct arena *arena, void **items, size_t count, size_t *cap, size_t size);

#endif
