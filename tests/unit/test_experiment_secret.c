/* What commands and environments were given in secret: by the name of the option or variable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/experiment_secret.h"

#include <string.h>

static void words_have_their_secret(void **state) {
	static const struct {
		const char *before, *word, *secret;
	} words[] = {{NULL, "--password", ""}, {"--password", "31415926", "31415926"},
		{"--token", "metal", "metal"}, {NULL, "--password=metal", "metal"},
		{"env", "DB_PASSWORD=metal", "metal"}, {"--matrix", "MODE=fast,slow", "fast,slow"},
		{"--env", "FLAG=1", ""}, {"--env", "MTL_DEBUG_LAYER=31415926", ""},
		{"--matrix", "lock=none,global", ""}, {"-p", "4711", "4711"}, {"-p", "8", ""},
		{"-p", "metal", ""}, {"--max-tokens", "512", ""}, {"--max-tokens=512", "metal", ""},
		{"--token", "--size", ""}, {"--size", "31415926", ""}, {"token", "metal", ""}};
	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *word = words[i].word;
		assert_string_equal(
			word + experiment_secret(words[i].before, word), words[i].secret);
	}
}

static void variables_are_documented_or_secret(void **state) {
	static const struct {
		const char *name, *value;
		bool goes;
	} variables[] = {{"MODE", "metal", true}, {"MODE", "31", true}, {"MODE", "1", false},
		{"MODE", "", false}, {"PIN", "1", true}, {"HF_TOKEN", "metal", true},
		{"PYTORCH_ENABLE_MPS_FALLBACK", "metal", false}, {"MTL_DEBUG_LAYER", "12", false}};
	(void)state;
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		assert_int_equal(experiment_secret_variable(variables[i].name, variables[i].value),
			variables[i].goes);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_have_their_secret),
		cmocka_unit_test(variables_are_documented_or_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
