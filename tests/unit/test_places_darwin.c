/* Places on macOS. */
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
	setenv("HOME", "/Users/me", 1);
	check(places_data_folder(), "/Users/me/Library/Application Support/agxtriage");
	check(places_config_folder(), "/Users/me/Library/Application Support/agxtriage");
	check(places_report_folder(0), "/Users/me/Library/Logs/DiagnosticReports");
	check(places_report_folder(1), "/Library/Logs/DiagnosticReports");
	check(places_report_folder(2), NULL);
}

static void test_no_home(void **state) {
	unsetenv("HOME");
	check(places_data_folder(), NULL);
	check(places_config_folder(), NULL);
	check(places_report_folder(0), "/Library/Logs/DiagnosticReports");
	check(places_report_folder(1), NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_home),
		cmocka_unit_test(test_no_home),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
