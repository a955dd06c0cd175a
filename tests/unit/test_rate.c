/* Wilson's interval against values worked out by hand and published ones. */
#include "triage/rate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
	assert_true(rate_of(0, 7).low == 0);
	assert_true(rate_of(7, 7).high == 1);
}

/* R. G. Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 1 of 29. */
static void test_published(void **state) {
	check(81, 263, 0.2553, 0.3662);
	check(15, 148, 0.0624, 0.1605);
	check(1, 29, 0.0061, 0.1718);
}

static void test_symmetry(void **state) {
	for (uint64_t count = 0; count <= 50; count++) {
		struct rate a = rate_of(count, 50), b = rate_of(50 - count, 50);
		assert_true(fabs(a.low - (1 - b.high)) < 1e-12);
		assert_true(a.low <= a.rate && a.rate <= a.high);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_symmetry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
