/* The hooks and the thread's innermost scope; knows nothing of reports. */
#include "ips/cjson_arena.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdlib.h>

static _Thread_local struct cjson_arena *innermost;

static void *hook_malloc(size_t size) {
	return innermost ? arena_alloc(&innermost->memory, size) : malloc(size);
}

static void hook_free(void *memory) {
	if (!innermost)
		free(memory);
}

void cjson_arena_install(void) {
	cJSON_Hooks hooks = {.malloc_fn = hook_malloc, .free_fn = hook_free};
	cJSON_InitHooks(&hooks);
}

void cjson_arena_init(struct cjson_arena *arena, size_t limit) {
	arena_init(&arena->memory, limit);
	arena->outer = NULL;
}

void cjson_arena_finish(struct cjson_arena *arena) {
	assert(innermost != arena);
	arena_finish(&arena->memory);
}

void cjson_arena_begin(struct cjson_arena *arena) {
	arena->outer = innermost;
	innermost = arena;
}

void cjson_arena_end(struct cjson_arena *arena) {
	assert(innermost == arena);
	innermost = arena->outer;
	arena->outer = NULL;
	arena_reset(&arena->memory);
}
