/* The pull reader: syntax, exact numbers, odd strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "ips/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int skip_code(const char *text) {
	struct err err = {0};
	struct json json;
	json_init(&json, text, strlen(text), &err);
	json_skip(&json);
	return json.code;
}

static void test_skip_accepts_json(void **state) {
	static const char *const good[] = {"{}", "[]", " \r\n\t1", "-0", "-12.5e+3", "\"\"",
		"\"\\\\\"", "\"a\\\"b\"", "true", "false", "null",
		"{\"a\":{\"b\":[1,2,{}]},\"c\":[]}", "[[],[[]],{}]", "{\"\":0}", "\"\x1b raw\""};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (skip_code(good[i]))
			fail_msg("refused: %s", good[i]);
}

static void test_skip_refuses_what_is_none(void **state) {
	static const char *const bad[] = {"", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}",
		"{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1]", "[1}", "\"", "\"\\\"", "tru", "nul",
		"-", "01", "1.", "1e", "1e+", ".5", "+1", "}", "]", ":", "{\"a\" 1}", "[1 2]",
		"\x01"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (skip_code(bad[i]) != -EBADMSG)
			fail_msg("not refused: %s", bad[i]);
}

static void test_truncation_is_told_from_nonsense(void **state) {
	struct err err = {0};
	struct json json;
	json_init(&json, "{\"a\": [1, 2", 11, &err);
	assert_false(json_skip(&json));
	assert_non_null(strstr(err.text, "truncated"));
	assert_non_null(strstr(err.text, "byte 11"));
	json_init(&json, "{\"a\" : }", 8, &err);
	assert_false(json_skip(&json));
	assert_non_null(strstr(err.text, "malformed"));
	assert_non_null(strstr(err.text, "byte 7"));
}

static void test_depth_is_limited(void **state) {
	char text[2 * LIMIT_JSON_DEPTH + 3];
	size_t depth = LIMIT_JSON_DEPTH;
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	text[2 * depth] = '\0';
	assert_int_equal(skip_code(text), 0);
	depth++;
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	text[2 * depth] = '\0';
	assert_int_equal(skip_code(text), -E2BIG);
}

static uint64_t u64_of(const char *text, bool *ret_good) {
	struct json json;
	uint64_t value = 0;
	json_init(&json, text, strlen(text), NULL);
	assert_int_equal(json_peek(&json), JSON_NUMBER);
	*ret_good = json_u64(&json, &value);
	assert_int_equal(json.code, 0);
	assert_ptr_equal(json.p, json.end);
	return value;
}

static void test_numbers_are_exact(void **state) {
	bool good;
	assert_true(u64_of("9007199254740993", &good) == 9007199254740993u && good);
	assert_true(u64_of("18446744073709551615", &good) == UINT64_MAX && good);
	assert_true(u64_of("-1", &good) == UINT64_MAX && good);
	assert_true(u64_of("-9223372036854775808", &good) == (uint64_t)1 << 63 && good);
	assert_true(u64_of("18446744073709551621", &good) == 5 && good);
	u64_of("1.5", &good);
	assert_false(good);
	u64_of("1e3", &good);
	assert_false(good);
}

static void test_signed_numbers_fit_or_fail(void **state) {
	struct json json;
	int64_t value = 7;
	json_init(&json, "-9223372036854775808", 20, NULL);
	assert_true(json_i64(&json, &value));
	assert_true(value == INT64_MIN);
	json_init(&json, "9223372036854775808", 19, NULL);
	assert_false(json_i64(&json, &value));
	assert_true(value == INT64_MIN);
	assert_int_equal(json.code, 0);
}

struct text_case {
	const char *json, *text;
	bool odd;
};

static void test_text_is_clean(void **state) {
	static const struct text_case cases[] = {
		{"\"plain\"", "plain", false},
		{"\"\\/usr\\/lib\"", "/usr/lib", false},
		{"\"\\u00e9\\ud83d\\ude00\"", "\xc3\xa9\xf0\x9f\x98\x80", false},
		{"\"a\\u0000b\"",
			"a\xef\xbf\xbd"
			"b",
			true},
		{"\"a\\u001b[31m\"", "a\xef\xbf\xbd[31m", true},
		{"\"a\x1b[31m\"", "a\xef\xbf\xbd[31m", true},
		{"\"lone \\ud800 half\"", "lone \xef\xbf\xbd half", false},
		{"\"\\ud800\\u0041\"",
			"\xef\xbf\xbd"
			"A",
			false},
		{"\"bad \xff utf\"", "bad \xef\xbf\xbd utf", true},
		{"\"\\q\"", "\xef\xbf\xbd", true},
		{"\"\\u12\"",
			"\xef\xbf\xbd"
			"12",
			true},
		{"\"tab\\there\"", "tab\xef\xbf\xbdhere", true},
		{"\"\"", NULL, false},
	};
	struct arena arena;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json json;
		const char *text = "unset", *odd = NULL;
		json_init(&json, cases[i].json, strlen(cases[i].json), NULL);
		assert_int_equal(json_peek(&json), JSON_STRING);
		assert_true(json_text(&json, &arena, 100, false, &text, &odd));
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
		else
			assert_null(text);
		assert_int_equal(odd != NULL, cases[i].odd);
		assert_ptr_equal(json.p, json.end);
	}
	arena_finish(&arena);
}

static void test_text_is_shortened_between_characters(void **state) {
	struct arena arena;
	struct json json;
	const char *text, *odd = NULL;
	const char *source = "\"aa\xc3\xa9\xc3\xa9\"";
	arena_init(&arena, 1 << 20);
	json_init(&json, source, strlen(source), NULL);
	assert_int_equal(json_peek(&json), JSON_STRING);
	assert_true(json_text(&json, &arena, 5, false, &text, &odd));
	assert_string_equal(text, "aa\xc3\xa9");
	assert_string_equal(odd, "shortened");
	arena_finish(&arena);
}

static void test_members_come_in_order_and_names_are_unescaped(void **state) {
	const char *source = "{\"a\":1, \"\\u0062\" : [2,3] ,\"c\":{\"d\":null}}";
	struct json json;
	struct json_key key;
	char names[16] = "";
	json_init(&json, source, strlen(source), NULL);
	assert_int_equal(json_peek(&json), JSON_OBJECT);
	json_enter(&json);
	for (bool first = true; json_next_member(&json, &first, &key);) {
		memcpy(names + strlen(names), key.text, key.len + 1);
		assert_true(json_skip(&json));
	}
	assert_int_equal(json.code, 0);
	assert_ptr_equal(json.p, json.end);
	assert_string_equal(names, "abc");
}

static void test_long_names_are_nobodys(void **state) {
	char source[400];
	struct json json;
	struct json_key key;
	memset(source, 'x', sizeof source);
	memcpy(source, "{\"", 2);
	memcpy(source + sizeof source - 5, "\":1}", 5);
	json_init(&json, source, strlen(source), NULL);
	assert_int_equal(json_peek(&json), JSON_OBJECT);
	json_enter(&json);
	bool first = true;
	assert_true(json_next_member(&json, &first, &key));
	assert_string_equal(key.text, "");
}

/* What is no escape must not make the text longer than its source (ASan looks on). */
static void test_broken_escapes_do_not_grow(void **state) {
	enum { COUNT = 1000 };
	char source[2 * COUNT + 2];
	const char *text, *odd = NULL;
	struct arena arena;
	struct json json;
	for (size_t i = 0; i < COUNT; i++)
		memcpy(source + 1 + 2 * i, "\\u", 2);
	source[0] = source[sizeof source - 1] = '"';
	arena_init(&arena, 1 << 20);
	json_init(&json, source, sizeof source, NULL);
	assert_int_equal(json_peek(&json), JSON_STRING);
	assert_true(json_text(&json, &arena, 4 * COUNT, false, &text, &odd));
	assert_int_equal(strlen(text), 3 * COUNT);
	assert_non_null(odd);
	arena_finish(&arena);
}

/* Nothing but escaped quotes: the string ends where it ends. */
static void test_escaped_quotes(void **state) {
	enum { PAIRS = 1 << 19 };
	char *text = malloc(2 * PAIRS + 2);
	assert_non_null(text);
	text[0] = '"';
	for (size_t i = 0; i < PAIRS; i++)
		memcpy(text + 1 + 2 * i, "\\\"", 2);
	text[2 * PAIRS + 1] = '"';
	struct json json;
	json_init(&json, text, 2 * PAIRS + 2, NULL);
	assert_true(json_skip(&json));
	assert_ptr_equal(json.p, json.end);
	json_init(&json, text, 2 * PAIRS + 1, NULL);
	assert_false(json_skip(&json));
	free(text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_skip_accepts_json),
		cmocka_unit_test(test_skip_refuses_what_is_none),
		cmocka_unit_test(test_truncation_is_told_from_nonsense),
		cmocka_unit_test(test_depth_is_limited),
		cmocka_unit_test(test_numbers_are_exact),
		cmocka_unit_test(test_signed_numbers_fit_or_fail),
		cmocka_unit_test(test_text_is_clean),
		cmocka_unit_test(test_text_is_shortened_between_characters),
		cmocka_unit_test(test_members_come_in_order_and_names_are_unescaped),
		cmocka_unit_test(test_long_names_are_nobodys),
		cmocka_unit_test(test_broken_escapes_do_not_grow),
		cmocka_unit_test(test_escaped_quotes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
