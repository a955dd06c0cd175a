/* Watched folders whose permissions are taken away and given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watching.h"

/* The user "nobody" of most systems; any that is not root will do. */
#define SOMEBODY 65534

static void test_permission(void **state) {
	struct watching *w = *state;
	make_folder("above");
	make_folder("above/P");
	make_folder("closed");
	assert_int_equal(chmod("closed", 0), 0);
	watching_start(w, FOLDER("above/P", "closed"));
	assert_true(watching_told(w, "state closed unreadable"));
	assert_non_null(w->reason);
	watching_clear(w);
	static const struct {
		const char *path;
		mode_t mode;
	} losses[] = {{"above/P", 0}, {"above/P", 0400}, {"above/P", 0100}, {"above", 0}};
	for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
		assert_int_equal(chmod(losses[i].path, losses[i].mode), 0);
		watching_settle(w);
		folders_check(w->folders);
		assert_int_equal(folders_state(w->folders, 0), FOLDER_UNREADABLE);
		watching_clear(w);
		assert_int_equal(chmod(losses[i].path, 0700), 0);
		watching_run(w, "event above/P *", WATCHING_TIMEOUT_MS);
		assert_true(watching_told(w, "state above/P watched"));
		watching_settle(w);
		make_file("above/P/x");
		watching_expect(w, "event above/P x");
	}
	assert_int_equal(chmod("above/P", 0), 0);
	watching_expect(w, "state above/P unreadable");
	assert_int_equal(chmod("above/P", 0700), 0);
	assert_int_equal(chmod("closed", 0700), 0);
	watching_expect(w, "event closed *");
}

static void test_permission_of_retired(void **state) {
	struct watching *w = *state;
	enum folder_state trouble = FOLDER_STATE_COUNT;
	make_folder("P");
	make_folder("P/Retired");
	watching_start(w, FOLDER("P"));
	watching_clear(w);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(chmod("P/Retired", 0), 0);
		watching_expect(w, "state P/Retired unreadable");
		assert_int_equal(folders_state(w->folders, 0), FOLDER_WATCHED);
		const char *path = folders_retired_trouble(w->folders, 0, &trouble);
		assert_non_null(path);
		assert_non_null(strstr(path, "/P/Retired"));
		assert_int_equal(trouble, FOLDER_UNREADABLE);
		assert_int_equal(chmod("P/Retired", 0700), 0);
		watching_run(w, "event P/Retired *", WATCHING_TIMEOUT_MS);
		assert_true(watching_told(w, "state P/Retired watched"));
		assert_null(folders_retired_trouble(w->folders, 0, &trouble));
		watching_settle(w);
	}
	assert_int_equal(chmod("P/Retired", 0), 0);
	watching_expect(w, "state P/Retired unreadable");
	/* What was told is taken back. */
	assert_int_equal(rmdir("P/Retired"), 0);
	watching_expect(w, "state P/Retired missing");
	assert_null(folders_retired_trouble(w->folders, 0, &trouble));
}

/* Permissions do not bind root. Started anew, so that the sanitizers do not take the process for
 * one that has something to hide. */
static void give_up_root(char **argv) {
	if (geteuid() || setgid(SOMEBODY) < 0 || setuid(SOMEBODY) < 0)
		return;
	execv(argv[0], argv);
}

int main(int argc, char **argv) {
	give_up_root(argv);
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_permission),
		LOOP_TEST(test_permission_of_retired),
	};
	return cmocka_run_group_tests_name("folders_permission", tests, NULL, NULL);
}
