/* Arithmetic on counts alone; knows nothing of what was counted. */
#include "triage/rate.h"

#include <assert.h>
#include <math.h>

/* The two-sided 95 % point of the normal distribution. */
#define Z 1.959963984540054

struct rate rate_of(uint64_t count, uint64_t runs) {
	assert(runs > 0 && count <= runs);
	double n = (double)runs, share = (double)count / n;
	double scale = 1 + Z * Z / n;
	double centre = (share + Z * Z / (2 * n)) / scale;
	double half = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / scale;
	struct rate ret = {share, centre - half, centre + half};
	/* At the ends the interval ends exactly there; rounding must not say otherwise. */
	if (count == 0 || ret.low < 0)
		ret.low = 0;
	if (count == runs || ret.high > 1)
		ret.high = 1;
	return ret;
}
