/* What the macOS files of src/ use of <malloc/malloc.h>; see sys/sysctl.h. */
#ifndef TESTS_UNIT_DARWIN_MALLOC_MALLOC_H
#define TESTS_UNIT_DARWIN_MALLOC_MALLOC_H

#include <stddef.h>

/* zone: NULL for all. The bytes that were given back. */
size_t malloc_zone_pressure_relief(void *zone, size_t goal);

#endif
