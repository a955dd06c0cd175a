/*
 * Medians of measurements and how sure they are, by the bootstrap (B. Efron, 1979). Pure: the
 * resampling draws from a generator of its own that starts the same way every time, so that the
 * same samples give the same interval. The time it takes grows with the values: 60 take a few
 * milliseconds, 10,000 a second.
 */
#ifndef TRIAGE_SAMPLE_H
#define TRIAGE_SAMPLE_H

#include "base/err.h"

#include <stddef.h>

#define SAMPLE_RESAMPLES 10000
/* What the generator starts from. A resample of n values is n draws below n, the places of its
 * values in sorted order; the ratio draws all resamples of a before the first of b. */
#define SAMPLE_SEED 1
#define SAMPLE_VALUES_MAX 1000000

/* 95 %, percentile method. */
struct sample_interval {
	double value, low, high;
};

/* Finite values, in any order; left as they are. count 1: low and high are the value. -EINVAL for
 * none, for more than SAMPLE_VALUES_MAX and for a value that is not finite, -ENOMEM. */
int sample_median(const double *values, size_t count, struct sample_interval *ret, struct err *err);
/* The ratio of the median of a to the median of b. -EINVAL also when b's is not positive in every
 * resample, -ERANGE when a ratio is larger than a double. */
int sample_ratio(const double *a, size_t a_count, const double *b, size_t b_count,
	struct sample_interval *ret, struct err *err);
/* The p-quantile, 0 .. 1, of sorted values (linear between two, R's type 7). count at least 1. */
double sample_quantile(const double *sorted, size_t count, double p);

#endif
