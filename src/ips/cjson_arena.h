/*
 * cJSON's allocations as a bump with a budget. cJSON's hooks belong to the whole process, so only
 * programs install them, once; the public library never does, because its host may use cJSON too.
 */
#ifndef IPS_CJSON_ARENA_H
#define IPS_CJSON_ARENA_H

#include "base/arena.h"

struct cjson_arena {
	struct arena memory;
	struct cjson_arena *outer; /* the scope that this one stands in, NULL when none; valid
				      between begin and end */
};

/* Puts the hooks in. Once, in main(), before the first thread and the first use of cJSON. */
void cjson_arena_install(void);

/* limit: bytes that cJSON may take within one scope; beyond it, cJSON reports a failed allocation.
 */
void cjson_arena_init(struct cjson_arena *arena, size_t limit);
void cjson_arena_finish(struct cjson_arena *arena);

/*
 * Until cjson_arena_end(), whatever cJSON allocates on this thread comes from arena and freeing
 * does nothing. Trees do not cross the edge of a scope: one made inside dies at its end, one made
 * outside is not freed inside. Scopes nest; other threads and code outside of scopes have plain
 * malloc() and free(). Without cjson_arena_install() both calls have no effect on cJSON.
 */
void cjson_arena_begin(struct cjson_arena *arena);
/* Ends the innermost scope, which must be arena's; its largest block is kept for the next one. */
void cjson_arena_end(struct cjson_arena *arena);

#endif
