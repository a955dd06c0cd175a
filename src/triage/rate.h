/* How often something happens, with how sure that is. Pure arithmetic. */
#ifndef TRIAGE_RATE_H
#define TRIAGE_RATE_H

#include <stdint.h>

struct rate {
	double rate, low, high; /* 0 .. 1 */
};

/*
 * count of runs as a share, with Wilson's score interval of 95 % (E. B. Wilson, 1927), which holds
 * for few runs and for shares of 0 and 1 too. runs is at least 1 and count at most runs.
 */
struct rate rate_of(uint64_t count, uint64_t runs);

#endif
