/*
 * Fisher's exact test. The tables with the same margins form a chain in which each follows from
 * its neighbour by one small fraction. Weights that are relative to the likeliest table, walked
 * outwards from it, keep their relative precision down to the smallest double; logarithms of
 * factorials would lose six digits at a million runs.
 */
#include "triage/rate.h"

#include <assert.h>
#include <float.h>

/* R's fisher.test counts a table as equally likely up to this. */
#define TOLERANCE (1 + 1e-7)

/* What all tables have in common. One table is told by how many events are a's. */
struct margins {
	uint64_t runs, other_runs; /* of a, of b */
	uint64_t events;           /* in both together */
};

struct sums {
	double all, unlikely;
};

static uint64_t likeliest(const struct margins *m) {
	return (m->runs + 1) * (m->events + 1) / (m->runs + m->other_runs + 2);
}

/* How many times as likely the table with count + 1 events is as that with count. */
static double step(const struct margins *m, uint64_t count) {
	double up = (double)(m->runs - count) * (double)(m->events - count);
	double down = (double)(count + 1) * (double)(m->other_runs + count + 1 - m->events);
	return up / down;
}

/* Weights below the smallest normal double are 0: they would no longer shrink as they should. */
static double weight_of(const struct margins *m, uint64_t count) {
	uint64_t at = likeliest(m);
	double weight = 1;
	for (; at < count && weight >= DBL_MIN; at++)
		weight *= step(m, at);
	for (; at > count && weight >= DBL_MIN; at--)
		weight /= step(m, at - 1);
	return weight >= DBL_MIN ? weight : 0;
}

static void add(struct sums *sums, double weight, double most) {
	sums->all += weight;
	if (weight <= most)
		sums->unlikely += weight;
}

static struct sums sum_tables(const struct margins *m, double most) {
	uint64_t low = m->events > m->other_runs ? m->events - m->other_runs : 0;
	uint64_t high = m->events < m->runs ? m->events : m->runs;
	uint64_t start = likeliest(m);
	struct sums ret = {0};
	double weight = 1;
	for (uint64_t at = start; weight >= DBL_MIN; at++) {
		add(&ret, weight, most);
		if (at == high)
			break;
		weight *= step(m, at);
	}
	weight = 1;
	for (uint64_t at = start; at > low; at--) {
		weight /= step(m, at - 1);
		if (weight < DBL_MIN)
			break;
		add(&ret, weight, most);
	}
	return ret;
}

double rate_fisher(const struct rate_counts *a, const struct rate_counts *b) {
	assert(a->runs > 0 && a->runs <= RATE_RUNS_MAX && a->count <= a->runs);
	assert(b->runs > 0 && b->runs <= RATE_RUNS_MAX && b->count <= b->runs);
	struct margins margins = {a->runs, b->runs, a->count + b->count};
	struct sums sums = sum_tables(&margins, weight_of(&margins, a->count) * TOLERANCE);
	return sums.unlikely / sums.all;
}
