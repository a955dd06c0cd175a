/* What may be told of, and when. */
#include "collect/added.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void takes(struct added *added, int64_t id) {
	struct added_item item;
	assert_true(added_take(added, &item));
	assert_int_equal(item.id, id);
}

static void test_commits(void **state) {
	struct added added = {0};
	struct added_item item;
	added_put(&added, 1, REPORT_CRASH);
	assert_false(added_take(&added, &item));
	added_commit(&added);
	added_put(&added, 2, REPORT_CRASH);
	takes(&added, 1);
	assert_false(added_take(&added, &item));
	added_roll_back(&added);
	added_put(&added, 3, REPORT_PANIC);
	added_commit(&added);
	takes(&added, 3);
	assert_false(added_take(&added, &item));
	assert_null(added.items);
}

/* Something always waits for its commit. */
static void test_never_empty(void **state) {
	struct added added = {0};
	added_put(&added, 0, REPORT_CRASH);
	for (int64_t id = 1; id < 10000; id++) {
		added_commit(&added);
		added_put(&added, id, REPORT_CRASH);
		takes(&added, id - 1);
	}
	assert_int_equal(added.cap, 64);
	added_finish(&added);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commits),
		cmocka_unit_test(test_never_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
