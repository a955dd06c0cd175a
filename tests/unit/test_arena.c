/* The arena: alignment, zeroing, the budget, reuse. */
#include "base/arena.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_aligned_and_zeroed(void **state) {
	struct arena arena;
	arena_init(&arena, 1u << 20);
	for (size_t size = 0; size < 300; size++) {
		unsigned char *memory = arena_alloc(&arena, size);
		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xAA, size);
	}
	/* The reused block is full of 0xAA: what comes out of it must be zeroed again. */
	arena_reset(&arena);
	unsigned char *again = arena_alloc(&arena, 4096);
	assert_non_null(again);
	for (size_t i = 0; i < 4096; i++)
		assert_int_equal(again[i], 0);
	arena_finish(&arena);
}

static void test_empty_allocations_differ(void **state) {
	struct arena arena;
	arena_init(&arena, 1u << 20);
	assert_ptr_not_equal(arena_alloc(&arena, 0), arena_alloc(&arena, 0));
	arena_finish(&arena);
}

static void test_budget(void **state) {
	struct arena arena;
	const size_t limit = 100000;
	arena_init(&arena, limit);
	size_t taken = 0;
	while (arena_alloc(&arena, 1000))
		taken += 1000;
	assert_true(taken <= limit);
	assert_true(taken >= limit / 2);
	assert_null(arena_alloc(&arena, limit));
	arena_reset(&arena);
	assert_non_null(arena_alloc(&arena, 1000));
	arena_finish(&arena);
	assert_int_equal(arena.budget, limit);
	assert_non_null(arena_alloc(&arena, limit));
	arena_finish(&arena);
}

static void test_no_budget(void **state) {
	struct arena arena;
	arena_init(&arena, 0);
	assert_null(arena_alloc(&arena, 1));
	assert_null(arena_strdup(&arena, "x"));
	assert_null(arena_printf(&arena, "%d", 1));
	arena_finish(&arena);
}

static void test_overflow(void **state) {
	struct arena arena;
	arena_init(&arena, SIZE_MAX);
	assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_calloc(&arena, 3, SIZE_MAX / 2));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	assert_null(arena_strndup(&arena, "x", SIZE_MAX));
	assert_non_null(arena_calloc(&arena, 0, 8));
	assert_non_null(arena_calloc(&arena, 8, 0));
	arena_finish(&arena);
}

static void test_strings(void **state) {
	struct arena arena;
	arena_init(&arena, 1u << 20);
	assert_string_equal(arena_strdup(&arena, "frame"), "frame");
	assert_string_equal(arena_strdup(&arena, ""), "");
	const char *cut = arena_strndup(&arena, "a\0bc", 3);
	assert_memory_equal(cut, "a\0b\0", 4);
	assert_string_equal(arena_printf(&arena, "%s+%d", "symbol", 12), "symbol+12");
	char *large = arena_printf(&arena, "%*d", 200000, 7);
	assert_int_equal(strlen(large), 200000);
	arena_finish(&arena);
}

static void test_grow(void **state) {
	struct arena arena;
	arena_init(&arena, 1u << 20);
	void *items = NULL;
	size_t cap = 0;
	for (size_t count = 0; count < 1000; count++) {
		assert_int_equal(arena_grow(&arena, &items, count, &cap, sizeof(size_t)), 0);
		assert_true(cap > count);
		((size_t *)items)[count] = count;
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(((size_t *)items)[i], i);
	arena_finish(&arena);
}

static void test_grow_without_memory(void **state) {
	struct arena arena;
	arena_init(&arena, 1000);
	void *items = NULL;
	size_t cap = 0, count = 0;
	while (arena_grow(&arena, &items, count, &cap, 8) == 0)
		count = cap;
	void *before = items;
	assert_int_equal(arena_grow(&arena, &items, count, &cap, 8), -ENOMEM);
	assert_ptr_equal(items, before);
	assert_int_equal(cap, count);
	arena_finish(&arena);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aligned_and_zeroed),
		cmocka_unit_test(test_empty_allocations_differ),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_no_budget),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_grow_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
