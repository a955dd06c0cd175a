/* The conditions of an experiment: products, environments, and what is refused. */
#include "cli/conditions.h"
#include "cli/measure.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const argv[] = {"/opt/trial", "--reports", "/a folder", NULL};
static const struct option_list nothing = {NULL, 0};

static int clear_environment(void **state) {
	(void)state;
	unsetenv("MTL_DEBUG_LAYER");
	unsetenv("MTL_SHADER_VALIDATION");
	return 0;
}

static void has_every_combination_once(void **state) {
	struct conditions conditions;
	struct err err = {0};
	(void)state;
	conditions_init(&conditions);
	assert_int_equal(conditions_add(&conditions, "backend", "sim", &err), 0);
	assert_int_equal(conditions_add(&conditions, "lock", "none,global", &err), 0);
	assert_int_equal(conditions_add(&conditions, "threads", "1,2,16", &err), 0);
	assert_int_equal(conditions_make(&conditions, argv, &nothing, "ops/s", &err), 0);
	assert_int_equal(conditions.count, 6);
	static const char *const locks[] = {"none", "none", "none", "global", "global", "global"};
	static const int64_t threads[] = {1, 2, 16, 1, 2, 16};
	for (size_t i = 0; i < conditions.count; i++) {
		const struct store_condition *item = &conditions.items[i];
		assert_int_equal(item->number, i);
		assert_string_equal(item->backend, "sim");
		assert_null(item->scenario);
		assert_string_equal(item->lock, locks[i]);
		assert_true(item->threads.set);
		assert_int_equal(item->threads.value, threads[i]);
		assert_string_equal(item->throughput_unit, "ops/s");
		assert_string_equal(item->env, "{}");
	}
	assert_string_equal(conditions.items[5].command,
		"[\"/opt/trial\",\"--reports\",\"/a folder\",\"--backend\",\"sim\",\"--lock\","
		"\"global\",\"--threads\",\"16\"]");
	conditions_finish(&conditions);
}

static void knows_whose_backend_it_is(void **state) {
	struct conditions conditions;
	struct err err = {0};
	(void)state;
	conditions_init(&conditions);
	assert_int_equal(conditions_add(&conditions, "backend", "sim", &err), 0);
	assert_int_equal(conditions_add(&conditions, "scenario", "shared-queue,torch", &err), 0);
	assert_int_equal(conditions_make(&conditions, argv, &nothing, "ops/s", &err), 0);
	assert_string_equal(conditions.items[0].backend, "sim");
	assert_string_equal(conditions.items[1].backend, "torch");
	conditions_finish(&conditions);
}

static void varies_variables(void **state) {
	struct conditions conditions;
	struct err err = {0};
	const char *fixed[] = {"A=1", "B=x=y", "A=2", NULL};
	const struct option_list list = {fixed, 3};
	(void)state;
	conditions_init(&conditions);
	assert_int_equal(conditions_add_variable(&conditions, "C=,0,\"q\"", &err), 0);
	assert_int_equal(conditions_make(&conditions, argv, &list, NULL, &err), 0);
	assert_int_equal(conditions.count, 3);
	assert_string_equal(conditions.items[0].env, "{\"B\":\"x=y\",\"A\":\"2\",\"C\":\"\"}");
	assert_string_equal(conditions.items[1].env, "{\"B\":\"x=y\",\"A\":\"2\",\"C\":\"0\"}");
	assert_string_equal(
		conditions.items[2].env, "{\"B\":\"x=y\",\"A\":\"2\",\"C\":\"\\\"q\\\"\"}");
	assert_null(conditions.items[0].backend);
	assert_false(conditions.items[0].threads.set);
	assert_null(conditions.items[0].throughput_unit);
	conditions_finish(&conditions);
}

static void has_inherited_validation(void **state) {
	struct conditions conditions;
	struct err err = {0};
	const char *fixed[] = {"MTL_DEBUG_LAYER=0", NULL};
	const struct option_list list = {fixed, 1};
	(void)state;
	setenv("MTL_DEBUG_LAYER", "1", 1);
	setenv("MTL_SHADER_VALIDATION", "1", 1);
	conditions_init(&conditions);
	assert_int_equal(conditions_make(&conditions, argv, &list, NULL, &err), 0);
	assert_int_equal(conditions.count, 1);
	assert_string_equal(conditions.items[0].env,
		"{\"MTL_SHADER_VALIDATION\":\"1\",\"MTL_DEBUG_LAYER\":\"0\"}");
	conditions_finish(&conditions);
}

static void refuse(const char *name, const char *list, const char *text) {
	struct conditions conditions;
	struct err err = {0};
	conditions_init(&conditions);
	assert_int_equal(conditions_add(&conditions, "lock", "none", &err), 0);
	int code = name ? conditions_add(&conditions, name, list, &err)
			: conditions_add_variable(&conditions, list, &err);
	assert_int_equal(code, -EINVAL);
	assert_non_null(strstr(err.text, text));
	conditions_finish(&conditions);
}

static void refuses_mistakes(void **state) {
	(void)state;
	refuse("threads", "1,,2", "--threads has an empty value");
	refuse("threads", "", "--threads has an empty value");
	refuse("threads", "1,2,", "--threads has an empty value");
	refuse("threads", "1,2,1", "--threads has '1' twice");
	refuse("lock", "global", "lock is varied twice");
	refuse(NULL, "K", "--matrix takes NAME=a,b,c, not 'K'");
	refuse(NULL, "=a", "--matrix takes NAME=a,b,c, not '=a'");
	refuse(NULL, "K=a,a", "K has 'a' twice");
}

/* Text is all that the database keeps, and a resume must start the same command. */
static void refuses_what_text_cannot_keep(void **state) {
	static const char *const bad[] = {
		"a\x1b[31m", "a\rb", "\x01", "caf\xe9", "\xed\xa0\x80", "\xc2\x9b"};
	struct conditions conditions;
	struct err err = {0};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *const words[] = {"sh", "-c", bad[i], NULL};
		conditions_init(&conditions);
		assert_int_equal(
			conditions_make(&conditions, words, &nothing, NULL, &err), -EINVAL);
		assert_non_null(strstr(err.text, "word 3 of the command"));
		conditions_finish(&conditions);
	}
	const char *const good[] = {"sh", "-c", "one\n\ttwo \xc3\xa4 \"'\\ \xe2\x80\xae", NULL};
	conditions_init(&conditions);
	assert_int_equal(conditions_make(&conditions, good, &nothing, NULL, &err), 0);
	conditions_finish(&conditions);
}

static void refuses_too_much(void **state) {
	struct conditions conditions;
	struct err err = {0};
	const char *fixed[] = {"novalue", NULL};
	const struct option_list list = {fixed, 1};
	(void)state;
	conditions_init(&conditions);
	for (int i = 0; i < 4; i++) {
		const char *const names[] = {
			"A=1,2,3,4,5,6", "B=1,2,3,4,5,6", "C=1,2,3,4,5,6", "D=1,2,3,4,5,6"};
		assert_int_equal(conditions_add_variable(&conditions, names[i], &err), 0);
	}
	assert_int_equal(conditions_make(&conditions, argv, &nothing, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "more than 1024 conditions"));
	assert_int_equal(conditions_make(&conditions, argv, &list, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--env takes NAME=VALUE, not 'novalue'"));
	fixed[0] = "B=1";
	assert_int_equal(conditions_make(&conditions, argv, &list, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "B has values by --matrix and one by --env"));
	conditions_finish(&conditions);
}

static void settings_come_back(void **state) {
	const struct measure_settings settings = {.timeout_ms = 1500,
		.wait_ms = 60000,
		.answers = true,
		.metric = "([0-9.]+) it/s \"q\"",
		.folder = "/a b"};
	struct measure_settings back;
	struct arena arena;
	struct buf text = {0};
	struct err err = {0};
	(void)state;
	arena_init(&arena, 1u << 20);
	measure_settings_format(&settings, &text);
	assert_int_equal(measure_settings_parse(buf_str(&text), &arena, &back, &err), 0);
	assert_int_equal(back.timeout_ms, 1500);
	assert_int_equal(back.wait_ms, 60000);
	assert_true(back.answers);
	assert_string_equal(back.metric, settings.metric);
	assert_string_equal(back.folder, settings.folder);
	const struct measure_settings empty = {0};
	buf_reset(&text);
	measure_settings_format(&empty, &text);
	assert_int_equal(measure_settings_parse(buf_str(&text), &arena, &back, &err), 0);
	assert_null(back.metric);
	assert_null(back.folder);
	assert_false(back.answers);
	assert_int_equal(measure_settings_parse("[]", &arena, &back, &err), -EBADMSG);
	assert_int_equal(measure_settings_parse("{\"wait_ms\":", &arena, &back, &err), -EBADMSG);
	buf_finish(&text);
	arena_finish(&arena);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(has_every_combination_once, clear_environment),
		cmocka_unit_test_setup(knows_whose_backend_it_is, clear_environment),
		cmocka_unit_test_setup(varies_variables, clear_environment),
		cmocka_unit_test_setup_teardown(
			has_inherited_validation, clear_environment, clear_environment),
		cmocka_unit_test_setup(refuses_mistakes, clear_environment),
		cmocka_unit_test_setup(refuses_too_much, clear_environment),
		cmocka_unit_test_setup(refuses_what_text_cannot_keep, clear_environment),
		cmocka_unit_test_setup(settings_come_back, clear_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
