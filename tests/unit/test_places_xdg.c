/* Places by the XDG specification. */
#include "base/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(char *got, const char *want) {
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
	free(got);
}

static void test_home(void **state) {
	setenv("HOME", "/home/me", 1);
	unsetenv("XDG_DATA_HOME");
	unsetenv("XDG_CONFIG_HOME");
	check(places_data_folder(), "/home/me/.local/share/agxtriage");
	check(places_config_folder(), "/home/me/.config/agxtriage");
	check(places_report_folder(0), "/home/me/.local/share/agxtriage/reports");
	check(places_report_folder(1), NULL);
}

static void test_variables(void **state) {
	setenv("HOME", "/home/me", 1);
	setenv("XDG_DATA_HOME", "/data", 1);
	setenv("XDG_CONFIG_HOME", "relative", 1);
	check(places_data_folder(), "/data/agxtriage");
	check(places_config_folder(), "/home/me/.config/agxtriage");
	check(places_report_folder(0), "/data/agxtriage/reports");
	check(places_report_folder(1), NULL);
}

static void test_no_home(void **state) {
	unsetenv("HOME");
	setenv("XDG_DATA_HOME", "/data", 1);
	unsetenv("XDG_CONFIG_HOME");
	check(places_data_folder(), "/data/agxtriage");
	check(places_config_folder(), NULL);
	setenv("HOME", "", 1);
	setenv("XDG_DATA_HOME", "", 1);
	check(places_data_folder(), NULL);
	check(places_report_folder(0), NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_home),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_no_home),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
