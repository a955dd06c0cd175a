/* Text from outside: UTF-8 of the hostile kind, widths, globs and their worst cases, numbers. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FFFD "\xEF\xBF\xBD"

static void check_clean(const char *text, size_t len, enum text_keep keep, const char *want) {
	char dst[512];
	assert_true(3 * len + 1 <= sizeof dst);
	size_t n = text_clean(dst, text, len, keep);
	assert_string_equal(dst, want);
	assert_int_equal(n, strlen(want));
	bool same = n == len && !memcmp(dst, text, len);
	assert_int_equal(text_is_clean(text, len, keep), same);
	assert_true(text_is_clean(dst, n, keep));
}

static void line(const char *text, const char *want) {
	check_clean(text, strlen(text), TEXT_LINE, want);
}

static void test_clean_good(void **state) {
	line("", "");
	line("-[AGXG16XFamilyCommandBuffer tryCoalescing:]",
		"-[AGXG16XFamilyCommandBuffer tryCoalescing:]");
	line("\xC2\xA0 \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x92\xA5",
		"\xC2\xA0 \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x92\xA5");
	line("\xEF\xBF\xBD \xF4\x8F\xBF\xBD", "\xEF\xBF\xBD \xF4\x8F\xBF\xBD");
	/* Data keeps direction marks; only a terminal must not see them. */
	line("a\xE2\x80\xAE"
	     "b\xE2\x80\xA8",
		"a\xE2\x80\xAE"
		"b\xE2\x80\xA8");
}

static void test_clean_controls(void **state) {
	line("a\033[31mb", "a" FFFD "[31mb");
	line("tab\there", "tab" FFFD "here");
	line("\x7F", FFFD);
	line("\xC2\x9B"
	     "31m",
		FFFD "31m");
	line("\xC2\x80\xC2\x9F", FFFD FFFD);
	check_clean("a\0b", 3, TEXT_LINE, "a" FFFD "b");
	check_clean("a\n\tb\r", 5, TEXT_LINES, "a\n\tb" FFFD);
	check_clean("a\n\tb", 4, TEXT_LINES, "a\n\tb");
	check_clean("a\nb", 3, TEXT_LINE, "a" FFFD "b");
}

static void test_clean_bad_utf8(void **state) {
	line("\x80", FFFD);
	line("\xFF\xFE", FFFD FFFD);
	line("\xC0\x80", FFFD FFFD);
	line("\xC1\xBF", FFFD FFFD);
	line("\xE0\x80\x80", FFFD FFFD FFFD);
	line("\xE0\x9F\xBF", FFFD FFFD FFFD);
	line("\xED\xA0\x80", FFFD FFFD FFFD);
	line("\xED\xBF\xBF", FFFD FFFD FFFD);
	line("\xF0\x8F\xBF\xBF", FFFD FFFD FFFD FFFD);
	line("\xF4\x90\x80\x80", FFFD FFFD FFFD FFFD);
	line("\xF8\x88\x80\x80\x80", FFFD FFFD FFFD FFFD FFFD);
	line("a\xE2\x82", "a" FFFD FFFD);
	line("\xE2\x82"
	     "b",
		FFFD FFFD "b");
	line("\xF0\x9F\x92"
	     "b",
		FFFD FFFD FFFD "b");
	line("\xEF\xBF\xBE\xEF\xBF\xBF", FFFD FFFD);
	line("\xF0\x9F\xBF\xBF", FFFD);
	line("\xEF\xB7\x90", FFFD);
}

/* A bad byte at every place of every length around the stride of the fast loop. */
static void test_clean_every_place(void **state) {
	static const char bad[] = {'\0', '\x1F', '\x7F', '\x80', '\xFF', '\n'};
	char text[100];
	memset(text, 'x', sizeof text);
	text[3] = ' ';
	text[4] = '~';
	for (size_t len = 5; len <= sizeof text; len++) {
		assert_true(text_is_clean(text, len, TEXT_LINE));
		for (size_t i = 0; i < len; i++) {
			char saved = text[i];
			for (size_t j = 0; j < sizeof bad; j++) {
				text[i] = bad[j];
				assert_false(text_is_clean(text, len, TEXT_LINE));
			}
			text[i] = saved;
		}
	}
}

static void test_decode_encode(void **state) {
	for (uint32_t c = 0; c <= 0x10FFFF; c++) {
		char bytes[4];
		uint32_t back = 0;
		size_t n = text_encode(bytes, c);
		assert_int_equal(text_decode(bytes, n, &back), n);
		assert_int_equal(back, c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c);
		if (n > 1)
			assert_int_equal(text_decode(bytes, n - 1, &back), 0);
	}
	char bytes[4];
	assert_int_equal(text_encode(bytes, 0xFFFFFFFF), 3);
	assert_memory_equal(bytes, FFFD, 3);
	uint32_t untouched = 7;
	assert_int_equal(text_decode("", 0, &untouched), 0);
	assert_int_equal(text_decode("\xFF", 1, &untouched), 0);
	assert_int_equal(untouched, 7);
}

static void test_terminal(void **state) {
	static const char *const cases[][2] = {
		{"plain \xC3\xA9", "plain \xC3\xA9"},
		{"\033]0;title\a", FFFD "]0;title" FFFD},
		{"\xC2\x9B", FFFD},
		{"\xFF", FFFD},
		{"\xE2\x80\x8D\xE2\x80\x8E\xE2\x80\x8F\xE2\x80\x90",
			"\xE2\x80\x8D" FFFD FFFD "\xE2\x80\x90"},
		{"\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA", "\xE2\x80\xA7" FFFD FFFD FFFD},
		{"\xE2\x80\xAB\xE2\x80\xAC\xE2\x80\xAD\xE2\x80\xAE\xE2\x80\xAF",
			FFFD FFFD FFFD FFFD "\xE2\x80\xAF"},
		{"\xE2\x81\xA5\xE2\x81\xA6\xE2\x81\xA9\xE2\x81\xAA",
			"\xE2\x81\xA5" FFFD FFFD "\xE2\x81\xAA"},
		{"\xD8\x9B\xD8\x9C\xD8\x9D", "\xD8\x9B" FFFD "\xD8\x9D"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf buf = {0};
		text_terminal(&buf, cases[i][0], strlen(cases[i][0]), TEXT_LINE);
		assert_string_equal(buf_str(&buf), cases[i][1]);
		buf_finish(&buf);
	}
	struct buf lines = {0};
	text_terminal(&lines, "a\n\tb\r\0", 6, TEXT_LINES);
	assert_string_equal(buf_str(&lines), "a\n\tb" FFFD FFFD);
	buf_finish(&lines);
}

static void test_width(void **state) {
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("frame"), 5);
	assert_int_equal(text_width("\xC3\xA9"), 1);
	assert_int_equal(text_width("e\xCC\x81"), 1);
	assert_int_equal(text_width("\xE6\x97\xA5\xE6\x9C\xAC"), 4);
	assert_int_equal(text_width("\xF0\x9F\x92\xA5"), 2);
	assert_int_equal(text_width("\xE2\x80\x8B"), 0);
	assert_int_equal(text_width("\xFF\xFE"), 2);
	assert_int_equal(text_width("\xEA\xB0\x80\xEF\xBC\xA1"), 4);
}

static void test_prefix(void **state) {
	assert_int_equal(text_prefix("frame", 3), 3);
	assert_int_equal(text_prefix("frame", 99), 5);
	assert_int_equal(text_prefix("frame", 0), 0);
	assert_int_equal(text_prefix("\xE6\x97\xA5\xE6\x9C\xAC", 3), 3);
	assert_int_equal(text_prefix("\xE6\x97\xA5\xE6\x9C\xAC", 1), 0);
	/* A mark belongs to the letter before it. */
	assert_int_equal(text_prefix("e\xCC\x81x", 1), 3);
	assert_int_equal(text_prefix("\xFF\xFE", 1), 1);
}

static void test_glob(void **state) {
	static const struct {
		const char *pattern, *text;
		bool want;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"a", "a", true},
		{"a", "A", false},
		{"a", "ab", false},
		{"ab", "a", false},
		{"?", "", false},
		{"?", "a", true},
		{"?", "\xE2\x82\xAC", true},
		{"??", "\xE2\x82\xAC", false},
		{"?", "\xFF", true},
		{"Python*", "Python-2025.ips", true},
		{"Python*", "python", false},
		{"*.ips", "a.ips", true},
		{"*.ips", "a.ips.gz", false},
		{"*a*b", "xaxxb", true},
		{"*a*b", "xbxxa", false},
		{"a**b", "ab", true},
		{"a*?b", "ab", false},
		{"a*?b", "axb", true},
		{"[abc]x", "bx", true},
		{"[abc]x", "dx", false},
		{"[a-c]", "b", true},
		{"[a-c]", "d", false},
		{"[!a-c]", "d", true},
		{"[!a-c]", "b", false},
		{"[^a-c]", "d", true},
		{"[!a]", "", false},
		{"[]]", "]", true},
		{"[]a]", "a", true},
		{"[!]]", "]", false},
		{"[a-]", "-", true},
		{"[-a]", "-", true},
		{"[c-a]", "b", false},
		{"[", "[", true},
		{"[a", "[a", true},
		{"[!", "[!", true},
		{"[]", "[]", true},
		{"[a-", "[a-", true},
		{"*[0-9]", "abc7", true},
		{"[\xC3\xA0-\xC3\xBF]", "\xC3\xA9", true},
		{"[\xE2\x82\xAC]x", "\xE2\x82\xACx", true},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"\\[a]", "[a]", true},
		{"[\\]]", "]", true},
		{"-\\[AGX*", "-[AGXBuffer x]", true},
		{"\\", "\\", true},
		{"\\\\", "\\", true},
		{"*\xC3", "\xC3\xA9\xC3", true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (text_glob(cases[i].pattern, cases[i].text, false) != cases[i].want)
			fail_msg("glob %s on %s", cases[i].pattern, cases[i].text);
}

static void test_glob_fold(void **state) {
	assert_true(text_glob("PYTHON*", "python3.12", true));
	assert_true(text_glob("[a-c]X", "Bx", true));
	assert_true(text_glob("[A-C]x", "bX", true));
	assert_false(text_glob("[!a-c]", "B", true));
	assert_false(text_glob("\xC3\x89", "\xC3\xA9", true));
	assert_false(text_glob("@", "`", true));
	assert_false(text_glob("[", "{", true));
}

/* An exponential matcher would not come back from these. */
static void test_glob_worst_case(void **state) {
	enum { LEN = 20000 };
	char *text = malloc(LEN + 1);
	assert_non_null(text);
	memset(text, 'a', LEN);
	text[LEN] = '\0';
	int64_t start_us = clock_monotonic_us();
	assert_false(text_glob("a*a*a*a*b", text, false));
	assert_false(text_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text, false));
	assert_false(
		text_glob("*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", text, false));
	assert_false(text_glob("*[!b]*?*[a-z]*[b]", text, false));
	assert_true(text_glob("a*a*a*a*a", text, false));
	assert_true(clock_monotonic_us() - start_us < 2000000);
	free(text);
}

static void test_starts_ends(void **state) {
	assert_true(text_starts("AGXMetalG16X", "AGXMetal"));
	assert_true(text_starts("a", ""));
	assert_false(text_starts("AGX", "AGXMetal"));
	assert_true(text_ends("mul_mps_kernel", "_mps_kernel"));
	assert_true(text_ends("a", ""));
	assert_false(text_ends("kernel", "_mps_kernel"));
}

static bool u64_is(const char *text, uint64_t want) {
	uint64_t value = ~want;
	return text_u64(text, strlen(text), &value) && value == want;
}

static bool u64_fails(const char *text) {
	uint64_t value = 12345;
	return !text_u64(text, strlen(text), &value) && value == 12345;
}

static void test_u64(void **state) {
	assert_true(u64_is("0", 0));
	assert_true(u64_is("18446744073709551615", UINT64_MAX));
	assert_true(u64_is("0xffffFFFFffffffff", UINT64_MAX));
	assert_true(u64_is("0x5c8", 0x5c8));
	assert_true(u64_is("0x00000000000000000000001", 1));
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "0x", "x1", "1a", "0x1g",
		"18446744073709551616", "99999999999999999999", "0x10000000000000000", "1.0",
		"1e3"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_true(u64_fails(bad[i]));
	uint64_t value;
	assert_false(text_u64("1\0", 2, &value));
	assert_true(text_u64("123", 2, &value));
	assert_int_equal(value, 12);
}

static bool i64_is(const char *text, int64_t want) {
	int64_t value = ~want;
	return text_i64(text, strlen(text), &value) && value == want;
}

static void test_i64(void **state) {
	assert_true(i64_is("0", 0));
	assert_true(i64_is("-0", 0));
	assert_true(i64_is("-1", -1));
	assert_true(i64_is("9223372036854775807", INT64_MAX));
	assert_true(i64_is("-9223372036854775808", INT64_MIN));
	static const char *const bad[] = {
		"", "-", "--1", "+1", "9223372036854775808", "-9223372036854775809", "0x1", "1 "};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t value = 12345;
		assert_false(text_i64(bad[i], strlen(bad[i]), &value));
		assert_int_equal(value, 12345);
	}
}

static void test_suggest(void **state) {
	const char *const names[] = {"list", NULL, "show", "reclassify", "top"};
	assert_string_equal(text_suggest("lsit", names, 5), "list");
	assert_string_equal(text_suggest("shwo", names, 5), "show");
	assert_string_equal(text_suggest("recl", names, 5), "reclassify");
	assert_string_equal(text_suggest("reclasify", names, 5), "reclassify");
	assert_null(text_suggest("banana", names, 5));
	assert_null(text_suggest("", names, 5));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_good),
		cmocka_unit_test(test_clean_controls),
		cmocka_unit_test(test_clean_bad_utf8),
		cmocka_unit_test(test_clean_every_place),
		cmocka_unit_test(test_decode_encode),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_glob_fold),
		cmocka_unit_test(test_glob_worst_case),
		cmocka_unit_test(test_starts_ends),
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_i64),
		cmocka_unit_test(test_suggest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
