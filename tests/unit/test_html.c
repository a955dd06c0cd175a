/* Texts inside markup: whatever they say, they stay texts. */
#include "export/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <inttypes.h>

#define BAD "\xef\xbf\xbd"

static void check_text(const char *text, size_t len, const char *expected) {
	struct buf buf = {0};
	html_text(&buf, text, len, TEXT_LINE);
	assert_string_equal(buf_str(&buf), expected);
	buf_finish(&buf);
}

static void test_markup_is_text(void **state) {
	(void)state;
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
		{"]]>", "]]&gt;"},
		{"--!>", "--!&gt;"},
		{"</style>", "&lt;/style&gt;"},
		{"\" onclick='x'", "&quot; onclick=&#39;x&#39;"},
		{"&lt;", "&amp;lt;"},
		{"a<\xc3\xa9>", "a&lt;\xc3\xa9&gt;"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_text(cases[i].text, strlen(cases[i].text), cases[i].expected);
}

static void test_what_is_no_text(void **state) {
	(void)state;
	check_text("a\0b", 3, "a" BAD "b");
	check_text("\xff<", 2, BAD "&lt;");
	check_text("\xed\xa0\x80", 3, BAD BAD BAD);
	check_text("a\xe2\x80\xae"
		   "b",
		5, "a" BAD "b"); /* right-to-left override */
	check_text("\xe2\x81\xa6\xd8\x9c", 5, BAD BAD);
	check_text("a\nb\tc\x1b[0m", 9, "a" BAD "b" BAD "c" BAD "[0m");
	check_text("\xd7\x90", 2, "\xd7\x90"); /* a Hebrew letter stays */
}

static void test_lines(void **state) {
	(void)state;
	struct buf buf = {0};
	html_text(&buf, "a\n\t<b>\r", 7, TEXT_LINES);
	assert_string_equal(buf_str(&buf), "a\n\t&lt;b&gt;" BAD);
	buf_finish(&buf);
}

static void check_clip(const char *text, size_t columns, const char *expected) {
	struct buf buf = {0};
	html_clip(&buf, text, columns);
	assert_string_equal(buf_str(&buf), expected);
	buf_finish(&buf);
}

static void test_clip(void **state) {
	(void)state;
	check_clip("12345", 5, "12345");
	check_clip("123456", 5, "1234\xe2\x80\xa6");
	check_clip("<<<<<<", 5, "&lt;&lt;&lt;&lt;\xe2\x80\xa6");
	check_clip("\xc3\xa9\xc3\xa9\xc3\xa9", 3, "\xc3\xa9\xc3\xa9\xc3\xa9");
	check_clip("\xc3\xa9\xc3\xa9\xc3\xa9", 2, "\xc3\xa9\xe2\x80\xa6");
}

static void test_printf(void **state) {
	(void)state;
	struct buf buf = {0};
	const char *volatile nothing = NULL;
	html_printf(&buf, "<a href=\"%s\">%s</a>%s", "\"><x", "<&>", nothing);
	assert_string_equal(buf_str(&buf), "<a href=\"&quot;&gt;&lt;x\">&lt;&amp;&gt;</a>");
	buf_reset(&buf);
	html_printf(
		&buf, "%d %" PRId64 " %zu %u %" PRIu64, -1, INT64_MIN, SIZE_MAX, 7u, UINT64_MAX);
	assert_string_equal(buf_str(&buf),
		"-1 -9223372036854775808 18446744073709551615 7 18446744073709551615");
	buf_reset(&buf);
	html_printf(&buf, "0x%016" PRIx64 " 0x%" PRIx64 " %.1f %.0f %%", (uint64_t)0x5c8,
		UINT64_MAX, 1.25, 3.0);
	assert_string_equal(buf_str(&buf), "0x00000000000005c8 0xffffffffffffffff 1.2 3 %");
	buf_finish(&buf);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup_is_text),
		cmocka_unit_test(test_what_is_no_text),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_clip),
		cmocka_unit_test(test_printf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
