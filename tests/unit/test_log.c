/* Messages: levels, cleaning, one write per line. And the places, which have no other test program.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int saved_stderr, ends[2];

static int setup(void **state) {
	saved_stderr = dup(STDERR_FILENO);
	if (saved_stderr < 0 || pipe(ends) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return -1;
	return dup2(ends[1], STDERR_FILENO) < 0 ? -1 : 0;
}

static int teardown(void **state) {
	dup2(saved_stderr, STDERR_FILENO);
	log_set_level(LOG_INFO);
	close(ends[0]);
	close(ends[1]);
	return close(saved_stderr);
}

static void check_written(const char *want) {
	char got[8192] = "";
	ssize_t n = read(ends[0], got, sizeof got - 1);
	got[n < 0 ? 0 : n] = '\0';
	assert_string_equal(got, want);
}

static void test_levels(void **state) {
	log_error("%s: %d", "x.ips", 5);
	check_written("error: x.ips: 5\n");
	log_warning("odd");
	check_written("warning: odd\n");
	log_info("plain");
	check_written("plain\n");
	log_debug("hidden");
	check_written("");
	log_set_level(LOG_DEBUG);
	log_debug("seen");
	check_written("debug: seen\n");
	log_set_level(LOG_ERROR);
	log_warning("hidden");
	log_info("hidden");
	log_error("seen");
	check_written("error: seen\n");
}

static void test_cleaned(void **state) {
	log_error("%s", "a\033[2J\nerror: forged\xFF\xE2\x80\xAE");
	check_written("error: a\xEF\xBF\xBD[2J\xEF\xBF\xBD"
		      "error: forged\xEF\xBF\xBD\xEF\xBF\xBD\n");
}

static void test_long_and_errno(void **state) {
	errno = ENOTTY;
	log_error("%*d", 100000, 1);
	assert_int_equal(errno, ENOTTY);
	char got[8192];
	ssize_t n = read(ends[0], got, sizeof got);
	assert_true(n > 1000 && n < 4096);
	assert_int_equal(got[n - 1], '\n');
	assert_null(memchr(got, '\n', (size_t)n - 1));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cleaned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_and_errno, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
