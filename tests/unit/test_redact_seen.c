/* What stayed once stays until something is learned, and nothing else does. */
#include "triage/redact_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(
	struct redactor *redactor, enum redact_form form, const char *text, const char *expected) {
	struct buf ret = {0};
	buf_add_str(&ret, "in front ");
	redact(redactor, form, text, &ret);
	assert_false(ret.failed);
	assert_string_equal(buf_str(&ret) + strlen("in front "), expected);
	buf_finish(&ret);
}

static void test_learned_afterwards(void **state) {
	static const char symbol[] = "lock_zyxwvut_kernel(int)";
	struct redactor *redactor = NULL;
	struct err err = {0};
	assert_int_equal(redactor_new(&redactor, &err), 0);
	for (int i = 0; i < 3; i++)
		assert_text(redactor, REDACT_FORM_SYMBOL, symbol, symbol);
	assert_int_equal(redactor_know(redactor, REDACT_USER, "zyxwvut", &err), 0);
	for (int i = 0; i < 3; i++)
		assert_text(redactor, REDACT_FORM_SYMBOL, symbol, "lock_<user-1>_kernel(int)");
	/* What may stay goes until it is allowed, and stays from then on. */
	assert_text(redactor, REDACT_FORM_TEXT, "the qwrtzpf", "the <word-1>");
	assert_int_equal(redactor_allow(redactor, "qwrtzpf", &err), 0);
	assert_text(redactor, REDACT_FORM_TEXT, "the qwrtzpf", "the qwrtzpf");
	redactor_free(redactor);
}

static void test_each_form_by_itself(void **state) {
	struct redact_seen seen;
	redact_seen_init(&seen);
	redact_seen_add(&seen, REDACT_FORM_SYMBOL, "zyxwvut", 7);
	assert_true(redact_seen_find(&seen, REDACT_FORM_SYMBOL, "zyxwvut", 7));
	assert_false(redact_seen_find(&seen, REDACT_FORM_TEXT, "zyxwvut", 7));
	assert_false(redact_seen_find(&seen, REDACT_FORM_SYMBOL, "zyxwvu", 6));
	assert_false(redact_seen_find(&seen, REDACT_FORM_SYMBOL, "zyxwvut\0x", 9));
	redact_seen_add(&seen, REDACT_FORM_SYMBOL, "zyxwvut\0x", 9);
	assert_true(redact_seen_find(&seen, REDACT_FORM_SYMBOL, "zyxwvut\0x", 9));
	assert_false(redact_seen_find(&seen, REDACT_FORM_SYMBOL, "zyxwvut\0y", 9));
	redact_seen_clear(&seen);
	assert_false(redact_seen_find(&seen, REDACT_FORM_SYMBOL, "zyxwvut", 7));
	redact_seen_finish(&seen);
}

/* More and longer texts than are kept: what is found was added, and the newest is there. */
static void test_full(void **state) {
	static char text[1200];
	struct redact_seen seen;
	unsigned found = 0;
	redact_seen_init(&seen);
	for (unsigned i = 0; i < 50000; i++) {
		size_t len = (size_t)snprintf(
			text, sizeof text, "function %u %0*u", i, (int)(i % 1300), 0);
		len = len < sizeof text ? len : sizeof text - 1;
		assert_false(redact_seen_find(&seen, REDACT_FORM_SYMBOL, text, len));
		redact_seen_add(&seen, REDACT_FORM_SYMBOL, text, len);
		found += redact_seen_find(&seen, REDACT_FORM_SYMBOL, text, len);
	}
	assert_in_range(found, 30000, 50000);
	redact_seen_finish(&seen);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learned_afterwards),
		cmocka_unit_test(test_each_form_by_itself),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
