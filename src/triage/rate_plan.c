/* How many runs a firm answer needs. */
#include "triage/rate.h"

#include <assert.h>
#include <math.h>

/* A difference that is there is found with 80 %. */
#define Z_POWER 0.8416212335729143

static uint64_t whole(double runs) {
	runs = ceil(runs);
	return runs < 0x1p64 ? (uint64_t)runs : UINT64_MAX;
}

uint64_t rate_runs_needed(double a, double b) {
	assert(a >= 0 && a <= 1 && b >= 0 && b <= 1);
	if (a == b)
		return 0;
	double mean = (a + b) / 2, distance = fabs(a - b);
	double spread =
		RATE_Z * sqrt(2 * mean * (1 - mean)) + Z_POWER * sqrt(a * (1 - a) + b * (1 - b));
	double plain = (spread / distance) * (spread / distance);
	double correction = 1 + sqrt(1 + 4 / (plain * distance));
	return whole(plain / 4 * correction * correction);
}

uint64_t rate_runs_for_bound(double most) {
	assert(most >= 0);
	if (most >= 1)
		return 1;
	/* The bound is z2 / (runs + z2). */
	uint64_t runs = whole(RATE_Z * RATE_Z * (1 - most) / most);
	if (runs == UINT64_MAX)
		return runs;
	/* What was rounded here and there must not make the answer differ from rate_of. */
	while (runs > 1 && rate_of(0, runs - 1).high <= most)
		runs--;
	while (runs == 0 || rate_of(0, runs).high > most)
		runs++;
	return runs;
}
