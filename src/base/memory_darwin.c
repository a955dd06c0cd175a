/* The allocator's habits on macOS: its zones are chosen before main(), its pages go back on
 * request. */
#include "base/memory.h"

#include <malloc/malloc.h>
#include <stddef.h>

void memory_stay_small(void) {
}

void memory_give_back(void) {
	malloc_zone_pressure_relief(NULL, 0);
}
