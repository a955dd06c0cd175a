/* The property list: escaping, what is refused, and reading our own back. Keys and types are judged
 * by Python's plistlib in tests/fault/agent.py. */
#include "cli/launchd_plist.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const words[] = {"/opt/a & b/<agxtriage>", "daemon", "--log",
	"/Users/\"J\xc3\xb6rg\"/it's &amp; so", "", NULL};

static struct launchd_plist sample(void) {
	return (struct launchd_plist){
		.label = "agxtriage", .arguments = words, .log_path = "/l.log"};
}

static void test_escaped(void **state) {
	struct buf text = {0};
	struct launchd_plist plist = sample();
	assert_int_equal(launchd_plist_format(&plist, &text, NULL), 0);
	assert_non_null(
		strstr(buf_str(&text), "<string>/opt/a &amp; b/&lt;agxtriage&gt;</string>"));
	assert_non_null(strstr(buf_str(&text), "it&apos;s &amp;amp; so</string>"));
	assert_non_null(strstr(buf_str(&text), "<string>Aqua</string>"));
	buf_reset(&text);
	plist.background = true;
	assert_int_equal(launchd_plist_format(&plist, &text, NULL), 0);
	assert_null(strstr(buf_str(&text), "Aqua"));
	assert_non_null(
		strstr(buf_str(&text), "<key>LimitLoadToSessionType</key>\n\t<string>Background"));
	buf_finish(&text);
}

static void test_refused(void **state) {
	static const char *const bad[] = {
		"/a\nb", "/a\x01", "/a\x7f", "/a\xff", "/a\xef\xbf\xbf", "\t"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf text = {0};
		struct err err = {0};
		const char *const with[] = {"/bin/x", bad[i], NULL};
		struct launchd_plist plist = sample();
		plist.arguments = with;
		assert_int_equal(launchd_plist_format(&plist, &text, &err), -EINVAL);
		assert_true(err.text[0] != '\0');
		plist = sample();
		plist.log_path = bad[i];
		assert_int_equal(launchd_plist_format(&plist, &text, &err), -EINVAL);
		plist = sample();
		plist.label = bad[i];
		assert_int_equal(launchd_plist_format(&plist, &text, &err), -EINVAL);
		assert_int_equal(text.len, 0);
		buf_finish(&text);
	}
}

static void test_back(void **state) {
	struct buf text = {0};
	struct launchd_plist plist = sample();
	assert_int_equal(launchd_plist_format(&plist, &text, NULL), 0);
	char **back = launchd_plist_arguments(buf_str(&text));
	assert_non_null(back);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (words[i])
			assert_string_equal(back[i], words[i]);
		else
			assert_null(back[i]);
	}
	launchd_plist_free_arguments(back);
	/* Cut anywhere: something else, or all of it. */
	for (size_t len = text.len; len-- > 0;) {
		text.data[len] = '\0';
		back = launchd_plist_arguments(text.data);
		if (back)
			assert_string_equal(back[4], "");
		launchd_plist_free_arguments(back);
	}
	buf_finish(&text);
}

static void test_foreign(void **state) {
	struct buf many = {0};
	assert_null(launchd_plist_arguments(""));
	assert_null(launchd_plist_arguments("bplist00\xd1"));
	assert_null(launchd_plist_arguments("<key>ProgramArguments</key><array></array>"));
	assert_null(
		launchd_plist_arguments("<key>ProgramArguments</key>\n\t<array>\n\t</array>\n"));
	buf_add_str(&many, "<key>ProgramArguments</key>\n\t<array>\n");
	for (int i = 0; i < 1000; i++)
		buf_add_str(&many, "\t\t<string>x</string>\n");
	buf_add_str(&many, "\t</array>\n");
	assert_null(launchd_plist_arguments(buf_str(&many)));
	buf_finish(&many);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_foreign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
