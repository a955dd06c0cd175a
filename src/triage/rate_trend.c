/* Cochran and Armitage's test: W. G. Cochran (1954), P. Armitage (1955). */
#include "triage/rate.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

static bool rates_equal(const struct rate_counts *groups, size_t count) {
	for (size_t i = 1; i < count; i++) {
		if (groups[i].count * groups[0].runs != groups[0].count * groups[i].runs)
			return false;
	}
	return true;
}

static bool scores_equal(const double *scores, size_t count) {
	for (size_t i = 1; i < count; i++) {
		if (!(scores[i] == scores[0]))
			return false;
	}
	return true;
}

/* The power of two that brings the largest score to about 1, so that no square overflows. */
static int exponent_of(const double *scores, size_t count) {
	double most = 0;
	for (size_t i = 0; i < count; i++) {
		assert(isfinite(scores[i]));
		most = fmax(most, fabs(scores[i]));
	}
	int exponent;
	frexp(most, &exponent);
	return exponent;
}

struct trend {
	const double *scores;
	int exponent;
	double runs, events, mean; /* mean: of the distances, weighted with the runs */
};

/* Counted from the first score: large scores that lie close together lose no digits then. */
static double distance(const struct trend *trend, size_t i) {
	return scalbn(trend->scores[i], -trend->exponent) -
	       scalbn(trend->scores[0], -trend->exponent);
}

static struct trend begin(const struct rate_counts *groups, const double *scores, size_t count) {
	struct trend ret = {.scores = scores, .exponent = exponent_of(scores, count)};
	double sum = 0;
	for (size_t i = 0; i < count; i++) {
		ret.runs += (double)groups[i].runs;
		ret.events += (double)groups[i].count;
		sum += (double)groups[i].runs * distance(&ret, i);
	}
	ret.mean = sum / ret.runs;
	return ret;
}

double rate_trend(const struct rate_counts *groups, const double *scores, size_t count) {
	for (size_t i = 0; i < count; i++)
		assert(groups[i].runs > 0 && groups[i].runs <= RATE_RUNS_MAX &&
			groups[i].count <= groups[i].runs);
	if (rates_equal(groups, count) || scores_equal(scores, count))
		return 1;
	struct trend trend = begin(groups, scores, count);
	double covariance = 0, spread = 0;
	for (size_t i = 0; i < count; i++) {
		double runs = (double)groups[i].runs, events = (double)groups[i].count;
		double away = distance(&trend, i) - trend.mean;
		covariance += away * (events * trend.runs - runs * trend.events);
		spread += runs * away * away;
	}
	double z = covariance / sqrt(trend.events * (trend.runs - trend.events) * spread);
	return erfc(z / sqrt(2)) / 2;
}
