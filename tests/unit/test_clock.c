/* Points in time: the forms of reports and of people, leap days, the ends of the range, zones. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static void check(const char *text, const char *want_iso) {
	int64_t us;
	char iso[CLOCK_TEXT_BYTES];
	if (!clock_parse(text, strlen(text), &us))
		fail_msg("not parsed: %s", text);
	clock_format_iso(us, iso);
	assert_string_equal(iso, want_iso);
}

static void refuse(const char *text) {
	int64_t us = 42;
	if (clock_parse(text, strlen(text), &us))
		fail_msg("parsed: %s", text);
	assert_int_equal(us, 42);
}

static void test_parse_forms(void **state) {
	check("2025-12-20 17:36:18.2862 -0800", "2025-12-21T01:36:18.286200Z");
	check("2025-12-20 17:36:18 -0800", "2025-12-21T01:36:18.000000Z");
	check("2025-12-20 17:36:18.2862", "2025-12-20T17:36:18.286200Z");
	check("2025-12-20 17:36:18", "2025-12-20T17:36:18.000000Z");
	check("2025-12-20T17:36:18Z", "2025-12-20T17:36:18.000000Z");
	check("2025-12-20T17:36:18.286200Z", "2025-12-20T17:36:18.286200Z");
	check("2025-12-20t17:36:18z", "2025-12-20T17:36:18.000000Z");
	check("2025-12-20T17:36Z", "2025-12-20T17:36:00.000000Z");
	check("2025-12-20T17:36:18,5+05:45", "2025-12-20T11:51:18.500000Z");
	check("2025-12-20T17:36:18+0545", "2025-12-20T11:51:18.000000Z");
	check("2025-12-20T17:36:18+05", "2025-12-20T12:36:18.000000Z");
}

static void test_parse_fractions(void **state) {
	check("2025-01-01 00:00:00.1", "2025-01-01T00:00:00.100000Z");
	check("2025-01-01 00:00:00.12", "2025-01-01T00:00:00.120000Z");
	check("2025-01-01 00:00:00.123", "2025-01-01T00:00:00.123000Z");
	check("2025-01-01 00:00:00.00001", "2025-01-01T00:00:00.000010Z");
	check("2025-01-01 00:00:00.123456", "2025-01-01T00:00:00.123456Z");
	check("2025-01-01 00:00:00.1234569", "2025-01-01T00:00:00.123456Z");
	check("2025-01-01 00:00:00.999999999", "2025-01-01T00:00:00.999999Z");
	refuse("2025-01-01 00:00:00.");
	refuse("2025-01-01 00:00:00.1234567890");
	refuse("2025-01-01 00:00:00. -0800");
}

static void test_parse_calendar(void **state) {
	check("2024-02-29 12:00:00", "2024-02-29T12:00:00.000000Z");
	check("2000-02-29 23:59:59 -0100", "2000-03-01T00:59:59.000000Z");
	check("2024-12-31 23:30:00 -0100", "2025-01-01T00:30:00.000000Z");
	check("2024-03-01 00:30:00 +0100", "2024-02-29T23:30:00.000000Z");
	check("1970-01-01 00:00:00", "1970-01-01T00:00:00.000000Z");
	check("9999-12-31 23:59:59.999999", "9999-12-31T23:59:59.999999Z");
	refuse("2025-02-29 12:00:00");
	refuse("2100-02-29 12:00:00");
	refuse("2025-04-31 12:00:00");
	refuse("2025-00-10 12:00:00");
	refuse("2025-13-10 12:00:00");
	refuse("2025-01-00 12:00:00");
	refuse("1969-12-31 23:59:59");
	refuse("1970-01-01 00:00:00 +0100");
	refuse("9999-12-31 23:59:59 -0100");
	refuse("0000-01-01 00:00:00");
}

static void test_parse_refuses(void **state) {
	static const char *const bad[] = {"", "2025", "2025-12-20", "2025-12-20 ", "2025-12-20 17",
		"2025-12-20 17:3", "2025-12-20 24:00:00", "2025-12-20 17:60:00",
		"2025-12-20 17:36:60", "2025-12-20 17:36:18 ", "2025-12-20 17:36:18 -08000",
		"2025-12-20 17:36:18 -080", "2025-12-20 17:36:18 0800", "2025-12-20 17:36:18 -2400",
		"2025-12-20 17:36:18 -0860", "2025-12-20 17:36:18 PST", "2025-12-20 17:36:18Zx",
		" 2025-12-20 17:36:18", "2025/12/20 17:36:18", "25-12-20 17:36:18",
		"-025-12-20 17:36:18", "2025-12-20  17:36:18",
		"2025-12-20 17:36:18 -08:", "2025-12-20 17:-6:18", "12025-12-20 17:36:18"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		refuse(bad[i]);
	/* len counts, not the NUL. */
	int64_t us;
	assert_true(clock_parse("2025-12-20 17:36:18garbage", 19, &us));
	assert_false(clock_parse("2025-12-20 17:36:18\0", 20, &us));
}

static void test_days_agree_with_system(void **state) {
	for (int64_t day = -800000; day < 2900000; day += 97) {
		time_t s = (time_t)(day * 86400 + 1);
		struct tm tm;
		char want[64], got[CLOCK_TEXT_BYTES];
		assert_non_null(gmtime_r(&s, &tm));
		if (tm.tm_year + 1900 < 0 || tm.tm_year + 1900 > 9999)
			continue;
		snprintf(want, sizeof want, "%04d-%02d-%02dT00:00:01.000000Z", tm.tm_year + 1900,
			tm.tm_mon + 1, tm.tm_mday);
		clock_format_iso((int64_t)s * SECOND, got);
		assert_string_equal(got, want);
		int64_t back;
		if (s >= 0) {
			assert_true(clock_parse(got, strlen(got), &back));
			assert_int_equal(back, (int64_t)s * SECOND);
		}
	}
}

static void test_format_ends(void **state) {
	char text[CLOCK_TEXT_BYTES];
	clock_format_iso(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
	clock_format_iso(-DAY, text);
	assert_string_equal(text, "1969-12-31T00:00:00.000000Z");
	clock_format_iso(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
	clock_format_iso(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00.000000Z");
}

static void use_zone(const char *zone) {
	setenv("TZ", zone, 1);
	tzset();
}

static void test_format_local(void **state) {
	char text[CLOCK_TEXT_BYTES];
	use_zone("XXX8");
	clock_format_local(INT64_C(1766280978286200), text);
	assert_string_equal(text, "2025-12-20 17:36:18");
	clock_format_local(-1, text);
	assert_string_equal(text, "1969-12-31 15:59:59");
	/* No crash and a NUL for what no calendar holds. */
	clock_format_local(INT64_MAX, text);
	assert_true(strlen(text) < CLOCK_TEXT_BYTES);
	clock_format_local(INT64_MIN, text);
	assert_true(strlen(text) < CLOCK_TEXT_BYTES);
}

static int64_t user(const char *text, int64_t now_us) {
	int64_t us = INT64_MIN;
	if (!clock_parse_user(text, now_us, &us))
		fail_msg("not parsed: %s", text);
	return us;
}

static void test_user_ago(void **state) {
	const int64_t now = INT64_C(1766280978286200);
	assert_int_equal(user("45s", now), now - 45 * SECOND);
	assert_int_equal(user("90m", now), now - 90 * 60 * SECOND);
	assert_int_equal(user("36h", now), now - 36 * 3600 * SECOND);
	assert_int_equal(user("2d", now), now - 2 * DAY);
	assert_int_equal(user("2w", now), now - 14 * DAY);
	assert_int_equal(user("0d", now), now);
	assert_int_equal(user("999999999w", now), 0);
}

static void test_user_dates(void **state) {
	const int64_t now = INT64_C(1766280978286200), midnight = INT64_C(1766217600000000);
	use_zone("XXX8");
	assert_int_equal(user("today", now), midnight);
	assert_int_equal(user("yesterday", now), midnight - DAY);
	assert_int_equal(user("2025-12-20", now), midnight);
	assert_int_equal(user("2025-12-20 17:36", now), midnight + (17 * 60 + 36) * 60 * SECOND);
	assert_int_equal(user("2025-12-20 17:36:18.5", now),
		midnight + ((17 * 60 + 36) * 60 + 18) * SECOND + SECOND / 2);
	assert_int_equal(user("2025-12-20T00:00:00Z", now), midnight - 8 * 3600 * SECOND);
	assert_int_equal(user("2025-12-20T00:00:00-08:00", now), midnight);
	/* One second before 1970 is a time_t of -1, which is no failure. */
	use_zone("XXX0");
	assert_int_equal(user("1970-01-01", now), 0);
	use_zone("XXX-1");
	assert_int_equal(user("1970-01-01 00:59:59", now), -SECOND);
}

static void test_user_yesterday_over_summer_time(void **state) {
	/* Clocks go forward on 2025-03-30 at 02:00 in this zone: that day has 23 hours. */
	use_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	const int64_t noon = INT64_C(1743415200) * SECOND; /* 2025-03-31 12:00 CEST */
	assert_int_equal(user("today", noon), noon - 12 * 3600 * SECOND);
	assert_int_equal(user("yesterday", noon), noon - 12 * 3600 * SECOND - 23 * 3600 * SECOND);
}

static void test_user_refuses(void **state) {
	static const char *const bad[] = {"", "2", "d", "2x", "2dd", "-2d", "+2d", "2 d", "1.5h",
		"9999999999d", "tomorrow", "Today", "2025-12", "2025-02-30", "2025-12-20 25:00",
		"20251220"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t us = 42;
		if (clock_parse_user(bad[i], 0, &us))
			fail_msg("parsed: %s", bad[i]);
		assert_int_equal(us, 42);
	}
}

static void test_now(void **state) {
	int64_t first = clock_monotonic_us(), second = clock_monotonic_us();
	assert_true(second >= first);
	assert_true(llabs(clock_now_us() / SECOND - (int64_t)time(NULL)) <= 2);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_forms),
		cmocka_unit_test(test_parse_fractions),
		cmocka_unit_test(test_parse_calendar),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_days_agree_with_system),
		cmocka_unit_test(test_format_ends),
		cmocka_unit_test(test_format_local),
		cmocka_unit_test(test_user_ago),
		cmocka_unit_test(test_user_dates),
		cmocka_unit_test(test_user_yesterday_over_summer_time),
		cmocka_unit_test(test_user_refuses),
		cmocka_unit_test(test_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
