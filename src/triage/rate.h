/*
 * How often something happens, how much two conditions differ, and how sure that is. Pure
 * arithmetic on counts and samples; knows nothing of what was counted. Every interval is of 95 %.
 * No result is a NaN.
 */
#ifndef TRIAGE_RATE_H
#define TRIAGE_RATE_H

#include <stddef.h>
#include <stdint.h>

/* The two-sided 95 % point of the normal distribution. */
#define RATE_Z 1.959963984540054

struct rate {
	double rate, low, high; /* 0 .. 1 */
};

/* count of runs; runs is at least 1 and at most RATE_RUNS_MAX, count at most runs. */
struct rate_counts {
	uint64_t count, runs;
};
#define RATE_RUNS_MAX 1000000

/*
 * count of runs as a share, with Wilson's score interval of 95 % (E. B. Wilson, 1927), which holds
 * for few runs and for shares of 0 and 1 too. runs is at least 1 and count at most runs.
 */
struct rate rate_of(uint64_t count, uint64_t runs);

/* a minus b, -1 .. 1. */
struct rate_difference {
	double difference, low, high;
};

/* Newcombe's hybrid score interval without continuity correction (R. G. Newcombe, 1998, method 10).
 */
struct rate_difference rate_difference(const struct rate_counts *a, const struct rate_counts *b);

/* Fisher's exact test, two-sided: the sum of all tables that are at most as likely as this one
 * (with R's tolerance of 1e-7). 0 .. 1; 0 only below 1e-306. */
double rate_fisher(const struct rate_counts *a, const struct rate_counts *b);

/*
 * Cochran and Armitage's test for a rising trend of rates over scores, one-sided, by the normal
 * approximation: how likely so steep a rise is where there is none. Only the scores' proportions
 * to each other matter; they are finite. 1 when all rates or all scores are equal.
 */
double rate_trend(const struct rate_counts *groups, const double *scores, size_t count);

/*
 * How many runs each of two conditions needs so that a difference between rates a and b (0 .. 1) is
 * found at the level of 5 %, two-sided, four times of five (Fleiss, Levin and Paik, 2003, with the
 * continuity correction). 0 when the rates are equal, UINT64_MAX when no number of 64 bits will do.
 */
uint64_t rate_runs_needed(double a, double b);

/* How many runs without a single event it takes, at least one, until Wilson's upper bound is at
 * most `most`. UINT64_MAX when no number of 64 bits will do, as for 0. */
uint64_t rate_runs_for_bound(double most);

#endif
