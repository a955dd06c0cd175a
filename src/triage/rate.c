/* A rate and the difference of two, with their intervals. */
#include "triage/rate.h"

#include <assert.h>
#include <math.h>

struct rate rate_of(uint64_t count, uint64_t runs) {
	assert(runs > 0 && count <= runs);
	double n = (double)runs, share = (double)count / n;
	double scale = 1 + RATE_Z * RATE_Z / n;
	double centre = (share + RATE_Z * RATE_Z / (2 * n)) / scale;
	double half =
		RATE_Z * sqrt(share * (1 - share) / n + RATE_Z * RATE_Z / (4 * n * n)) / scale;
	struct rate ret = {share, centre - half, centre + half};
	/* At the ends the interval ends exactly there; rounding must not say otherwise. */
	if (count == 0 || ret.low < 0)
		ret.low = 0;
	if (count == runs || ret.high > 1)
		ret.high = 1;
	return ret;
}

struct rate_difference rate_difference(const struct rate_counts *a, const struct rate_counts *b) {
	assert(a->runs <= RATE_RUNS_MAX && b->runs <= RATE_RUNS_MAX);
	struct rate ra = rate_of(a->count, a->runs), rb = rate_of(b->count, b->runs);
	double difference = ra.rate - rb.rate;
	struct rate_difference ret = {
		.difference = difference,
		.low = difference - hypot(ra.rate - ra.low, rb.high - rb.rate),
		.high = difference + hypot(ra.high - ra.rate, rb.rate - rb.low),
	};
	if (ret.low < -1)
		ret.low = -1;
	if (ret.high > 1)
		ret.high = 1;
	return ret;
}
