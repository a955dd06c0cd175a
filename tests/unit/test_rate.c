/*
 * Rates and tests against published values. Those of R are what its help pages' examples print.
 * The published digits were checked with tests/judge/statistics.py's own arithmetic too.
 */
#include "triage/rate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

/* Four published digits. */
static void assert_digits(double value, double published) {
	if (!(fabs(value - published) < 5.001e-5))
		fail_msg("%.6f, published is %.4f", value, published);
}

static void check(uint64_t count, uint64_t runs, double low, double high) {
	struct rate rate = rate_of(count, runs);
	assert_true(fabs(rate.rate - (double)count / (double)runs) < 1e-12);
	assert_true(fabs(rate.low - low) < 5e-5);
	assert_true(fabs(rate.high - high) < 5e-5);
}

/* Of no events among n the upper end is z2 / (n + z2), with z2 = 3.8415. */
static void test_ends(void **state) {
	check(0, 1, 0, 0.79345);
	check(1, 1, 0.20655, 1);
	check(0, 30, 0, 0.11352);
	check(30, 30, 0.88648, 1);
	check(0, 15, 0, 0.20389);
	assert_true(rate_of(0, 7).low == 0);
	assert_true(rate_of(7, 7).high == 1);
}

/* R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in
 * Medicine 17 (1998) 857, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29. */
static void test_published(void **state) {
	check(81, 263, 0.2553, 0.3662);
	check(15, 148, 0.0624, 0.1605);
	check(0, 20, 0, 0.1611);
	check(1, 29, 0.0061, 0.1718);
}

static void test_symmetry(void **state) {
	for (uint64_t count = 0; count <= 50; count++) {
		struct rate a = rate_of(count, 50), b = rate_of(50 - count, 50);
		assert_true(fabs(a.low - (1 - b.high)) < 1e-12);
		assert_true(a.low <= a.rate && a.rate <= a.high);
	}
}

struct pair {
	struct rate_counts a, b;
};

/* R. G. Newcombe, "Interval estimation for the difference between independent proportions",
 * Statistics in Medicine 17 (1998) 873, table II, method 10, columns (a) to (h). */
static void test_difference(void **state) {
	static const struct {
		struct pair pair;
		double low, high;
	} table[] = {
		{{{56, 70}, {48, 80}}, 0.0524, 0.3339},
		{{{9, 10}, {3, 10}}, 0.1705, 0.8090},
		{{{6, 7}, {2, 7}}, 0.0582, 0.8062},
		{{{5, 56}, {0, 29}}, -0.0381, 0.1926},
		{{{0, 10}, {0, 20}}, -0.1611, 0.2775},
		{{{0, 10}, {0, 10}}, -0.2775, 0.2775},
		{{{10, 10}, {0, 20}}, 0.6791, 1},
		{{{10, 10}, {0, 10}}, 0.6075, 1},
	};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		const struct pair *pair = &table[i].pair;
		struct rate_difference ret = rate_difference(&pair->a, &pair->b);
		assert_digits(ret.low, table[i].low);
		assert_digits(ret.high, table[i].high);
		struct rate_difference turned = rate_difference(&pair->b, &pair->a);
		assert_true(turned.difference == -ret.difference);
		assert_true(fabs(turned.low + ret.high) < 1e-15);
		assert_true(fabs(turned.high + ret.low) < 1e-15);
	}
}

static double fisher(uint64_t a, uint64_t a_runs, uint64_t b, uint64_t b_runs) {
	return rate_fisher(&(struct rate_counts){a, a_runs}, &(struct rate_counts){b, b_runs});
}

/* R. A. Fisher, "The design of experiments" (1935): tea, 34 of 70 tables; "Statistical methods for
 * research workers", section 21.02: convictions of twins, in R's help page of fisher.test. */
static void test_fisher_published(void **state) {
	assert_true(fabs(fisher(3, 4, 1, 4) - 34.0 / 70) < 1e-15);
	assert_true(fabs(fisher(2, 17, 10, 13) - 0.0005367) < 5e-8);
	assert_true(fabs(fisher(4, 4, 0, 4) - 2.0 / 70) < 1e-15);
}

/* With equal numbers of runs both ends are equally likely and both must count. */
static void test_fisher_ties(void **state) {
	/* 15 of 30 against none: twice C(15, 0) C(15, 5) / C(30, 5). */
	assert_true(fabs(fisher(5, 15, 0, 15) - 2 * 3003 / 142506.0) < 1e-15);
	for (uint64_t n = 1; n <= 400; n++)
		assert_true(fabs(fisher(n, 2 * n, n, 2 * n) - 1) < 1e-12);
	for (uint64_t runs = 1; runs <= 30; runs++) {
		for (uint64_t count = 0; count <= runs; count++) {
			double p = fisher(count, runs, 1, 30);
			assert_true(fabs(fisher(1, 30, count, runs) - p) <= 1e-13 * p);
			assert_true(fabs(fisher(runs - count, runs, 29, 30) - p) <= 1e-13 * p);
			assert_true(p > 0 && p <= 1);
		}
	}
}

/* The other table is likelier by 1.0015e-7 of itself in the first and by 0.9894e-7 in the second,
 * where it counts as equally likely; each has 0.0433. */
static void test_fisher_tolerance(void **state) {
	double apart = fisher(248, 740, 244, 737), together = fisher(249, 743, 245, 740);
	assert_true(fabs(together - apart - 0.0433) < 1e-3);
}

/* All of n against none of n: 2 / C(2n, n), which is 2.2e-299 for n = 497. */
static void test_fisher_tiny(void **state) {
	double expected = 1;
	for (uint64_t n = 1; n <= 497; n++) {
		expected *= (double)n / (double)(4 * n - 2);
		double p = fisher(n, n, 0, n);
		assert_true(fabs(p - 2 * expected) <= 1e-12 * 2 * expected);
	}
	assert_true(fisher(RATE_RUNS_MAX, RATE_RUNS_MAX, 0, RATE_RUNS_MAX) == 0);
}

/* A million runs each; 0.5 standard deviations of the difference are far from both ends. */
static void test_fisher_large(void **state) {
	struct timespec before, after;
	clock_gettime(CLOCK_MONOTONIC, &before);
	const uint64_t n = RATE_RUNS_MAX;
	assert_true(fabs(fisher(n / 2, n, n / 2, n) - 1) < 1e-12);
	double p = fisher(n / 2, n, n / 2 + 354, n);
	assert_true(p > 0.61 && p < 0.63);
	for (uint64_t count = 0; count <= n; count += n / 20) {
		p = fisher(count, n, n - count, n);
		assert_true(p >= 0 && p <= 1);
	}
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 10);
}

/* R's help page of prop.trend.test, after J. L. Fleiss, "Statistical methods for rates and
 * proportions" (1981), p. 139: chi-square 8.2249, p 0.004132 on both sides, falling. */
static void test_trend_published(void **state) {
	const struct rate_counts smokers[] = {{83, 86}, {90, 93}, {129, 136}, {70, 82}};
	const double falling[] = {4, 3, 2, 1}, rising[] = {1, 2, 3, 4}, last[] = {0, 0, 0, -1};
	assert_true(fabs(2 * rate_trend(smokers, falling, 4) - 0.004132) < 5e-7);
	assert_true(fabs(2 * (1 - rate_trend(smokers, rising, 4)) - 0.004132) < 5e-7);
	assert_true(fabs(2 * rate_trend(smokers, last, 4) - 0.0004848) < 5e-8);
}

/* P. Dalgaard, "Introductory statistics with R", 7.3: Caesarean sections by size of shoe,
 * chi-square 8.0237, p 0.004617. */
static void test_trend_shoes(void **state) {
	const struct rate_counts sections[] = {
		{5, 22}, {7, 35}, {6, 42}, {7, 48}, {8, 54}, {10, 150}};
	const double sizes[] = {-1, -2, -3, -4, -5, -6};
	assert_true(fabs(2 * rate_trend(sections, sizes, 6) - 0.004617) < 5e-7);
}

static void test_trend_none(void **state) {
	const struct rate_counts none[] = {{0, 60}, {0, 60}}, all[] = {{60, 60}, {1, 1}};
	const struct rate_counts half[] = {{1, 2}, {3, 6}, {500000, 1000000}};
	const struct rate_counts rise[] = {{0, 60}, {9, 60}, {24, 60}}, turn[] = {{5, 9}, {4, 9}};
	const double scores[] = {1, 2, 4}, same[] = {3, 3, 3};
	assert_true(rate_trend(none, scores, 2) == 1);
	assert_true(rate_trend(all, scores, 2) == 1);
	assert_true(rate_trend(half, scores, 3) == 1);
	assert_true(rate_trend(rise, same, 3) == 1);
	assert_true(rate_trend(rise, scores, 1) == 1);
	assert_true(rate_trend(NULL, NULL, 0) == 1);
	assert_true(rate_trend(rise, scores, 3) < 1e-6);
	assert_true(rate_trend(turn, scores, 2) > 0.5);
}

/* Only the scores' proportions count, however large or small they are. */
static void test_trend_scores(void **state) {
	const struct rate_counts groups[] = {{1, 50}, {4, 60}, {9, 40}};
	const double plain[] = {1, 2, 3};
	double expected = rate_trend(groups, plain, 3);
	static const double others[][3] = {{-1e308, 0, 1e308}, {1e-320, 2e-320, 3e-320},
		{1e15 + 1, 1e15 + 2, 1e15 + 3}, {-7, -6.5, -6}};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_true(fabs(rate_trend(groups, others[i], 3) - expected) < 1e-12);
	const double far[] = {-1.7e308, 1.7e308, 5e-324};
	double p = rate_trend(groups, far, 3);
	assert_true(p > 0 && p < 1);
}

/*
 * J. L. Fleiss, B. Levin, M. C. Paik, "Statistical methods for rates and proportions" (2003), 4.2
 * and table A.4: level 0.05, power 0.80. The numbers are those of its formulas, rounded up.
 */
static void test_runs_needed(void **state) {
	assert_int_equal(rate_runs_needed(0.05, 0.10), 474);
	assert_int_equal(rate_runs_needed(0.10, 0.20), 219);
	assert_int_equal(rate_runs_needed(0.25, 0.40), 165);
	assert_int_equal(rate_runs_needed(0.50, 0.60), 408);
	assert_int_equal(rate_runs_needed(0.65, 0.85), 83);
	assert_int_equal(rate_runs_needed(0.85, 0.65), 83);
	assert_int_equal(rate_runs_needed(0, 1), 4);
	assert_int_equal(rate_runs_needed(0.3, 0.3), 0);
	assert_int_equal(rate_runs_needed(0, 0), 0);
	assert_int_equal(rate_runs_needed(0, 1e-300), UINT64_MAX);
	assert_int_equal(rate_runs_needed(0, 5e-324), UINT64_MAX);
	assert_int_equal(rate_runs_needed(0.5, 0.5 + 1e-16 * 4), UINT64_MAX);
}

static void test_runs_for_bound(void **state) {
	assert_int_equal(rate_runs_for_bound(0.2039), 15);
	assert_int_equal(rate_runs_for_bound(0.05), 73);
	assert_int_equal(rate_runs_for_bound(0.01), 381);
	assert_int_equal(rate_runs_for_bound(1), 1);
	assert_int_equal(rate_runs_for_bound(2), 1);
	assert_int_equal(rate_runs_for_bound(0), UINT64_MAX);
	assert_int_equal(rate_runs_for_bound(5e-324), UINT64_MAX);
	for (uint64_t runs = 1; runs <= 5000; runs++) {
		assert_int_equal(rate_runs_for_bound(rate_of(0, runs).high), runs);
		double below = nextafter(rate_of(0, runs).high, 0);
		assert_int_equal(rate_runs_for_bound(below), runs + 1);
	}
	assert_int_equal(rate_runs_for_bound(rate_of(0, RATE_RUNS_MAX).high), RATE_RUNS_MAX);
	assert_true(rate_runs_for_bound(1e-17) > UINT64_C(100000000000000000));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_symmetry),
		cmocka_unit_test(test_difference),
		cmocka_unit_test(test_fisher_published),
		cmocka_unit_test(test_fisher_ties),
		cmocka_unit_test(test_fisher_tolerance),
		cmocka_unit_test(test_fisher_tiny),
		cmocka_unit_test(test_fisher_large),
		cmocka_unit_test(test_trend_published),
		cmocka_unit_test(test_trend_shoes),
		cmocka_unit_test(test_trend_none),
		cmocka_unit_test(test_trend_scores),
		cmocka_unit_test(test_runs_needed),
		cmocka_unit_test(test_runs_for_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
