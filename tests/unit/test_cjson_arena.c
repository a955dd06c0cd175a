/* cJSON's hooks: bump inside a scope, malloc outside, a budget, and one arena per thread. */
#include "ips/cjson_arena.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void scope_takes_from_the_arena(void **state) {
	struct cjson_arena arena;
	cjson_arena_init(&arena, 1u << 20);
	cjson_arena_begin(&arena);
	cJSON *tree = cJSON_Parse("{\"a\": [1, 2, \"three\"]}");
	assert_non_null(tree);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(tree, "a")), 3);
	assert_true(arena.memory.budget < 1u << 20);
	/* Without a free there is no second allocation of the same node. */
	cJSON *node = cJSON_CreateNull();
	cJSON_Delete(node);
	assert_ptr_not_equal(cJSON_CreateNull(), node);
	cJSON_Delete(tree);
	cjson_arena_end(&arena);
	cjson_arena_finish(&arena);
	assert_null(arena.memory.block);
}

static void outside_is_plain_malloc(void **state) {
	struct cjson_arena arena;
	cjson_arena_init(&arena, 1u << 20);
	cjson_arena_begin(&arena);
	assert_non_null(cJSON_Parse("[1]"));
	cjson_arena_end(&arena);
	size_t left = arena.memory.budget;
	cJSON *tree = cJSON_Parse("[1, 2, 3]");
	assert_non_null(tree);
	assert_int_equal(arena.memory.budget, left);
	char *text = cJSON_PrintUnformatted(tree);
	assert_string_equal(text, "[1,2,3]");
	free(text); /* it came from malloc(): a sanitizer would object otherwise */
	cJSON_Delete(tree);
	cjson_arena_finish(&arena);
}

static void budget_is_kept(void **state) {
	struct cjson_arena arena;
	cjson_arena_init(&arena, 256u << 10);
	size_t len = 100000;
	char *many = malloc(len + 1);
	memset(many, '[', len);
	for (size_t i = 0; i < len; i += 2)
		memcpy(many + i, i ? "1," : "[ ", 2);
	memcpy(many + len - 2, "1]", 3);
	for (int round = 0; round < 3; round++) {
		cjson_arena_begin(&arena);
		assert_null(cJSON_Parse(many));
		cjson_arena_end(&arena);
		/* The next document has the whole budget again. */
		cjson_arena_begin(&arena);
		assert_non_null(cJSON_Parse("[1, 2, 3]"));
		cjson_arena_end(&arena);
	}
	cJSON *tree = cJSON_Parse(many);
	assert_int_equal(cJSON_GetArraySize(tree), len / 2 - 1);
	cJSON_Delete(tree);
	free(many);
	cjson_arena_finish(&arena);
}

static void scopes_nest(void **state) {
	struct cjson_arena outer, inner;
	cjson_arena_init(&outer, 1u << 20);
	cjson_arena_init(&inner, 1u << 20);
	cjson_arena_begin(&outer);
	cJSON *tree = cJSON_Parse("[\"kept\"]");
	size_t left = outer.memory.budget;
	cjson_arena_begin(&inner);
	assert_non_null(cJSON_Parse("[1, 2, 3]"));
	cjson_arena_end(&inner);
	assert_int_equal(outer.memory.budget, left);
	assert_string_equal(cJSON_GetStringValue(tree->child), "kept");
	cjson_arena_end(&outer);
	cjson_arena_finish(&inner);
	cjson_arena_finish(&outer);
}

/* Half of the threads work inside scopes, half outside; each checks what it wrote itself. */
static void *work(void *user) {
	intptr_t number = *(const int *)user;
	struct cjson_arena arena;
	cjson_arena_init(&arena, 1u << 20);
	intptr_t wrong = 0;
	for (int round = 0; round < 500; round++) {
		if (number % 2)
			cjson_arena_begin(&arena);
		cJSON *tree = cJSON_CreateArray();
		for (int i = 0; i < 20; i++)
			cJSON_AddItemToArray(tree, cJSON_CreateNumber((double)(number * 1000 + i)));
		for (int i = 0; i < 20; i++)
			wrong += cJSON_GetArrayItem(tree, i)->valuedouble !=
				 (double)(number * 1000 + i);
		cJSON_Delete(tree);
		if (number % 2)
			cjson_arena_end(&arena);
	}
	wrong += (number % 2 != 0) != (arena.memory.block != NULL);
	cjson_arena_finish(&arena);
	return (void *)wrong;
}

static void threads_do_not_meet(void **state) {
	pthread_t threads[8];
	int numbers[8];
	for (int i = 0; i < 8; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
	}
	for (int i = 0; i < 8; i++) {
		void *wrong;
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

int main(void) {
	cjson_arena_install();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scope_takes_from_the_arena),
		cmocka_unit_test(outside_is_plain_malloc),
		cmocka_unit_test(budget_is_kept),
		cmocka_unit_test(scopes_nest),
		cmocka_unit_test(threads_do_not_meet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
