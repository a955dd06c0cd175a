/* The allocator's habits where it is not Apple's. Only glibc's can be told. */
#include "base/memory.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>

/* Fixed: glibc raises it to what was freed last, and a heap with a hole at its end never shrinks.
 */
#define MMAP_THRESHOLD_BYTES (128 << 10)
#define TRIM_THRESHOLD_BYTES (128 << 10)

void memory_stay_small(void) {
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
	mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES);
}

void memory_give_back(void) {
	malloc_trim(0);
}
#else
void memory_stay_small(void) {
}

void memory_give_back(void) {
}
#endif
