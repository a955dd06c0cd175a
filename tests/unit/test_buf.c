/* Growable bytes: the NUL behind them, growth, failure that sticks. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_empty(void **state) {
	struct buf buf = {0};
	assert_string_equal(buf_str(&buf), "");
	assert_null(buf_take(&buf));
	buf_reset(&buf);
	buf_finish(&buf);
	buf_add(&buf, NULL, 0);
	assert_string_equal(buf_str(&buf), "");
	buf_finish(&buf);
}

static void test_add(void **state) {
	struct buf buf = {0};
	buf_add_str(&buf, "thread ");
	buf_printf(&buf, "%d", 4);
	buf_add_char(&buf, ':');
	buf_add(&buf, "\0x", 2);
	assert_int_equal(buf.len, 11);
	assert_memory_equal(buf.data, "thread 4:\0x\0", 12);
	buf_reset(&buf);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf_str(&buf), "");
	buf_finish(&buf);
}

static void test_growth(void **state) {
	struct buf buf = {0};
	for (int i = 0; i < 100000; i++) {
		buf_add_char(&buf, (char)('a' + i % 26));
		assert_int_equal(buf.data[buf.len], '\0');
	}
	buf_printf(&buf, "%*d", 300000, 1);
	assert_int_equal(buf.len, 400000);
	assert_int_equal(strlen(buf.data), 400000);
	assert_int_equal(buf.data[99999], 'a' + 99999 % 26);
	assert_false(buf.failed);
	buf_finish(&buf);
}

static void test_take(void **state) {
	struct buf buf = {0};
	buf_add_str(&buf, "mine");
	char *text = buf_take(&buf);
	assert_string_equal(text, "mine");
	assert_null(buf.data);
	assert_int_equal(buf.cap, 0);
	free(text);
}

static void test_failure_sticks(void **state) {
	struct buf buf = {0};
	buf_add_str(&buf, "kept");
	assert_false(buf_reserve(&buf, SIZE_MAX));
	assert_true(buf.failed);
	buf_add_str(&buf, "lost");
	buf_printf(&buf, "lost");
	assert_string_equal(buf_str(&buf), "kept");
	assert_null(buf_take(&buf));
	assert_null(buf.data);
	/* Taking or resetting makes it usable again. */
	buf_add_str(&buf, "new");
	assert_string_equal(buf_str(&buf), "new");
	buf_finish(&buf);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_failure_sticks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
