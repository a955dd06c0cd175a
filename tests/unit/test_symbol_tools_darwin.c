/* macOS without the command line tools: atos is there, and must not be started. The programs are
 * played here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/spawn.h"
#include "collect/symbol_tools.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int start_code, exit_status, asked_for_atos;
static bool has_mdfind;

int spawn_run(
	const char *const *argv, unsigned timeout_ms, struct spawn_result *ret, struct err *err) {
	assert_string_equal(argv[0], "/usr/bin/xcode-select");
	assert_string_equal(argv[1], "-p");
	assert_null(argv[2]);
	assert_in_range(timeout_ms, 1, 60000);
	*ret = (struct spawn_result){.status = start_code ? -1 : exit_status};
	return start_code;
}

void spawn_finish(struct spawn_result *result) {
}

char *spawn_find(const char *name) {
	asked_for_atos += !strcmp(name, "/usr/bin/atos");
	return strcmp(name, "/usr/bin/mdfind") != 0 || has_mdfind ? strdup(name) : NULL;
}

static struct symbol_tools find(int code, int status, bool mdfind) {
	struct symbol_tools ret = {0};
	start_code = code;
	exit_status = status;
	has_mdfind = mdfind;
	asked_for_atos = 0;
	symbol_tools_of_system(&ret);
	return ret;
}

static void finish(struct symbol_tools *tools) {
	free(tools->atos);
	free(tools->mdfind);
}

static void test_installed(void **state) {
	struct symbol_tools tools = find(0, 0, true);
	assert_string_equal(tools.atos, "/usr/bin/atos");
	assert_string_equal(tools.mdfind, "/usr/bin/mdfind");
	assert_int_equal(tools.why.code, 0);
	finish(&tools);
}

static void test_not_installed(void **state) {
	static const int codes[] = {0, -ENOENT, -EACCES};
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct symbol_tools tools = find(codes[i], 2, i > 0);
		assert_null(tools.atos);
		assert_int_equal(asked_for_atos, 0);
		assert_int_equal(tools.why.code, -ENOENT);
		assert_non_null(strstr(tools.why.text, "xcode-select --install"));
		assert_int_equal(tools.mdfind != NULL, i > 0);
		finish(&tools);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_installed),
		cmocka_unit_test(test_not_installed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
