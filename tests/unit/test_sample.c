/* Medians, quantiles and their intervals; the generator against its published numbers. */
#include "triage/generator.h"
#include "triage/sample.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The numbers that Rosetta Code ("Pseudo-random numbers/Splitmix64") gives for this seed, and the
 * first of seed 0 in the tests of many implementations. */
static void test_generator(void **state) {
	static const uint64_t published[] = {UINT64_C(6457827717110365317),
		UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
		UINT64_C(4593380528125082431), UINT64_C(16408922859458223821)};
	struct generator generator = {1234567};
	for (size_t i = 0; i < COUNT(published); i++)
		assert_true(generator_next(&generator) == published[i]);
	assert_true(generator_next(&(struct generator){0}) == UINT64_C(0xe220a8397b1dcdaf));
}

static void test_below(void **state) {
	struct generator generator = {1};
	unsigned seen[7] = {0};
	for (int i = 0; i < 70000; i++)
		seen[generator_below(&generator, 7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 9600, 10400);
	assert_int_equal(generator_below(&generator, 1), 0);
	/* A quarter of all draws is thrown away at this bound; none may leave it. */
	for (int i = 0; i < 1000; i++)
		assert_true(generator_below(&generator, 0xc0000000u) < 0xc0000000u);
}

/* R: quantile(c(1, 2, 4, 8, 16), c(0, .1, .25, .5, .9, 1)) is 1.0 1.4 2.0 4.0 12.8 16.0. */
static void test_quantile(void **state) {
	static const double values[] = {1, 2, 4, 8, 16};
	static const double p[] = {0, 0.1, 0.25, 0.5, 0.9, 1};
	static const double expected[] = {1, 1.4, 2, 4, 12.8, 16};
	for (size_t i = 0; i < COUNT(p); i++)
		assert_true(
			fabs(sample_quantile(values, COUNT(values), p[i]) - expected[i]) < 1e-14);
	assert_true(sample_quantile(values, 1, 0.7) == 1);
	assert_true(sample_quantile(values, 2, 0.5) == 1.5);
	assert_true(sample_quantile((const double[]){-1.7e308, 1.7e308}, 2, 0.5) == 0);
	assert_true(sample_quantile((const double[]){0.1, 0.1, 0.1}, 3, 0.3) == 0.1);
}

static struct sample_interval median(const double *values, size_t count) {
	struct sample_interval ret;
	struct err err;
	assert_int_equal(sample_median(values, count, &ret, &err), 0);
	assert_true(ret.low <= ret.value && ret.value <= ret.high);
	return ret;
}

static void test_median_few(void **state) {
	struct sample_interval one = median((const double[]){42.5}, 1);
	assert_true(one.value == 42.5 && one.low == 42.5 && one.high == 42.5);
	/* Half of the resamples hold one of the values twice. */
	struct sample_interval two = median((const double[]){3, 1}, 2);
	assert_true(two.value == 2 && two.low == 1 && two.high == 3);
	struct sample_interval same = median((const double[]){0.1, 0.1, 0.1, 0.1}, 4);
	assert_true(same.low == 0.1 && same.high == 0.1);
}

/*
 * The resampled median of n = 2m + 1 values is at most the j-th when at least m + 1 of n draws are,
 * each with probability j / n. For 11 values that is 0.0072 for j = 2 and 0.0512 for j = 3, so the
 * interval goes from the third to the ninth.
 */
static void test_median_places(void **state) {
	double values[11], before[11];
	for (size_t i = 0; i < COUNT(values); i++)
		values[i] = (double)((i * 7) % 11) * 10;
	memcpy(before, values, sizeof values);
	struct sample_interval ret = median(values, COUNT(values));
	assert_true(ret.value == 50 && ret.low == 20 && ret.high == 80);
	assert_memory_equal(values, before, sizeof values);
	struct sample_interval again = median(values, COUNT(values));
	assert_memory_equal(&ret, &again, sizeof ret);
}

/* The order of the values is no fact about them. */
static void test_median_order(void **state) {
	static const double up[] = {1, 2.5, 3, 4.25, 7, 9}, down[] = {9, 7, 4.25, 3, 2.5, 1};
	struct sample_interval a = median(up, COUNT(up)), b = median(down, COUNT(down));
	assert_memory_equal(&a, &b, sizeof a);
	assert_true(a.value == 3.625);
}

static void test_median_refused(void **state) {
	struct sample_interval ret = {7, 7, 7};
	struct err err;
	assert_int_equal(sample_median(NULL, 0, &ret, &err), -EINVAL);
	assert_int_equal(sample_median((const double[]){1, NAN}, 2, &ret, &err), -EINVAL);
	assert_string_equal(err.text, "value 2 of 2 is not finite");
	assert_int_equal(sample_median((const double[]){-INFINITY}, 1, &ret, NULL), -EINVAL);
	double *many = calloc(SAMPLE_VALUES_MAX + 1, sizeof *many);
	assert_non_null(many);
	assert_int_equal(sample_median(many, SAMPLE_VALUES_MAX + 1, &ret, &err), -EINVAL);
	free(many);
	assert_true(ret.value == 7 && ret.low == 7 && ret.high == 7);
}

static void test_median_extremes(void **state) {
	static const double values[] = {-1.7e308, 1.7e308, 5e-324, -5e-324, 0, -0.0};
	struct sample_interval ret = median(values, COUNT(values));
	assert_true(isfinite(ret.low) && isfinite(ret.high));
}

static void test_ratio(void **state) {
	static const double a[] = {98, 101, 100, 99, 102, 100}, b[] = {50, 49, 51, 50, 50};
	struct sample_interval ret, reverse;
	struct err err;
	assert_int_equal(sample_ratio(a, COUNT(a), b, COUNT(b), &ret, &err), 0);
	assert_true(ret.value == 2 && ret.low < 2 && ret.high > 2);
	assert_true(ret.low >= 98.0 / 51 && ret.high <= 102.0 / 49);
	assert_int_equal(sample_ratio(b, COUNT(b), a, COUNT(a), &reverse, &err), 0);
	assert_true(reverse.value == 0.5);
	/* Against themselves the two sides are drawn apart: else every ratio were 1. */
	assert_int_equal(sample_ratio(a, COUNT(a), a, COUNT(a), &ret, &err), 0);
	assert_true(ret.value == 1 && ret.low < 1 && ret.high > 1);
	assert_int_equal(sample_ratio(a, 1, b, 1, &ret, &err), 0);
	assert_true(ret.value == 1.96 && ret.low == 1.96 && ret.high == 1.96);
}

static void test_ratio_refused(void **state) {
	static const double a[] = {1, 2, 3}, mixed[] = {-1, 2, 3}, zero[] = {0};
	static const double large[] = {1e308}, small[] = {1e-308};
	struct sample_interval ret = {7, 7, 7};
	struct err err;
	assert_int_equal(sample_ratio(a, 3, a, 0, &ret, &err), -EINVAL);
	assert_int_equal(sample_ratio(a, 0, a, 3, &ret, &err), -EINVAL);
	assert_int_equal(sample_ratio(a, 3, mixed, 3, &ret, &err), -EINVAL);
	assert_int_equal(sample_ratio(a, 3, zero, 1, &ret, &err), -EINVAL);
	assert_int_equal(sample_ratio(large, 1, small, 1, &ret, &err), -ERANGE);
	assert_true(ret.value == 7 && ret.low == 7 && ret.high == 7);
	assert_int_equal(sample_ratio(mixed, 3, a, 3, &ret, &err), 0);
	assert_true(ret.low < 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generator),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_quantile),
		cmocka_unit_test(test_median_few),
		cmocka_unit_test(test_median_places),
		cmocka_unit_test(test_median_order),
		cmocka_unit_test(test_median_refused),
		cmocka_unit_test(test_median_extremes),
		cmocka_unit_test(test_ratio),
		cmocka_unit_test(test_ratio_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
