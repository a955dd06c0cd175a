/* Errors as values: what is set, cut and prefixed. */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_set(void **state) {
	struct err err = {0};
	assert_int_equal(err_set(&err, -EFBIG, "%s: larger than %d bytes", "x.ips", 5), -EFBIG);
	assert_int_equal(err.code, -EFBIG);
	assert_string_equal(err.text, "x.ips: larger than 5 bytes");
	assert_int_equal(err_set(NULL, -EIO, "nobody asked"), -EIO);
}

static void test_prefix(void **state) {
	struct err err = {0};
	err_set(&err, -EIO, "read failed");
	assert_int_equal(err_prefix(&err, "file %d", 3), -EIO);
	assert_string_equal(err.text, "file 3: read failed");
	assert_int_equal(err_prefix(&err, "scan"), -EIO);
	assert_string_equal(err.text, "scan: file 3: read failed");
}

static void test_cut(void **state) {
	struct err err = {0};
	err_set(&err, -EIO, "%*d", 2000, 1);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
	err_set(&err, -EIO, "tail");
	err_prefix(&err, "%*d", ERR_TEXT_BYTES - 4, 1);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
	assert_string_equal(err.text + ERR_TEXT_BYTES - 5, "1: t");
	err_prefix(&err, "%*d", 2000, 2);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
	assert_int_equal(err.code, -EIO);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
