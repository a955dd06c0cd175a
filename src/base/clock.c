/*
 * Points in time. Does its own calendar arithmetic, because the system's needs a zone and may fail;
 * only local time asks the system.
 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_US 1000000
#define DAY_S 86400

struct moment {
	int year, month, day, hour, minute, second, us;
	bool has_time, has_zone;
	int zone_s; /* east of UTC */
};

/* Days since 1970 in the Gregorian calendar; years begin in March here, so that leap days come
 * last. */
static int64_t days_from_date(int64_t year, int month, int day) {
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day) {
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	*ret_day = (int)(of_year - (153 * month + 2) / 5 + 1);
	*ret_month = (int)(month < 10 ? month + 3 : month - 9);
	*ret_year = year + era * 400 + (*ret_month <= 2);
}

static bool take_digits(const char **at, const char *end, int count, int *ret) {
	if (end - *at < count)
		return false;
	int value = 0;
	for (int i = 0; i < count; i++) {
		char c = (*at)[i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*at += count;
	*ret = value;
	return true;
}

static bool take_char(const char **at, const char *end, char want) {
	if (*at == end || **at != want)
		return false;
	(*at)++;
	return true;
}

static int month_days(int year, int month) {
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **at, const char *end, struct moment *ret) {
	return take_digits(at, end, 4, &ret->year) && take_char(at, end, '-') &&
	       take_digits(at, end, 2, &ret->month) && take_char(at, end, '-') &&
	       take_digits(at, end, 2, &ret->day) && ret->year >= 1970 && ret->month >= 1 &&
	       ret->month <= 12 && ret->day >= 1 && ret->day <= month_days(ret->year, ret->month);
}

/* One to nine digits; what is finer than a microsecond is dropped. */
static bool take_fraction(const char **at, const char *end, int *ret_us) {
	int digits = 0, value = 0;
	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++, digits++)
		if (digits < 6)
			value = value * 10 + (**at - '0');
	for (int i = digits; i < 6; i++)
		value *= 10;
	*ret_us = value;
	return digits >= 1 && digits <= 9;
}

static bool take_time(const char **at, const char *end, struct moment *ret) {
	if (!take_digits(at, end, 2, &ret->hour) || !take_char(at, end, ':') ||
		!take_digits(at, end, 2, &ret->minute) || ret->hour > 23 || ret->minute > 59)
		return false;
	ret->has_time = true;
	if (!take_char(at, end, ':'))
		return true;
	if (!take_digits(at, end, 2, &ret->second) || ret->second > 59)
		return false;
	if (take_char(at, end, '.') || take_char(at, end, ','))
		return take_fraction(at, end, &ret->us);
	return true;
}

/* "Z", "-0800", "-08:00", "-08". */
static bool take_zone(const char **at, const char *end, struct moment *ret) {
	ret->has_zone = true;
	if (take_char(at, end, 'Z') || take_char(at, end, 'z'))
		return true;
	int sign = take_char(at, end, '-') ? -1 : take_char(at, end, '+') ? 1 : 0;
	int hours, minutes = 0;
	if (!sign || !take_digits(at, end, 2, &hours))
		return false;
	bool colon = take_char(at, end, ':');
	if ((colon || *at < end) && !take_digits(at, end, 2, &minutes))
		return false;
	ret->zone_s = sign * (hours * 3600 + minutes * 60);
	return hours <= 23 && minutes <= 59;
}

static bool parse_moment(const char *text, size_t len, struct moment *ret) {
	const char *at = text, *end = text + len;
	*ret = (struct moment){0};
	if (!take_date(&at, end, ret))
		return false;
	if (at == end)
		return true;
	if (!take_char(&at, end, ' ') && !take_char(&at, end, 'T') && !take_char(&at, end, 't'))
		return false;
	if (!take_time(&at, end, ret))
		return false;
	if (at == end)
		return true;
	take_char(&at, end, ' ');
	return take_zone(&at, end, ret) && at == end;
}

static int64_t moment_utc_us(const struct moment *m) {
	int64_t s = days_from_date(m->year, m->month, m->day) * DAY_S + m->hour * 3600 +
		    m->minute * 60 + m->second - m->zone_s;
	return s * SECOND_US + m->us;
}

bool clock_parse(const char *text, size_t len, int64_t *ret_us) {
	struct moment m;
	if (!parse_moment(text, len, &m) || !m.has_time)
		return false;
	int64_t us = moment_utc_us(&m), end_us = days_from_date(10000, 1, 1) * DAY_S * SECOND_US;
	if (us < 0 || us >= end_us)
		return false;
	*ret_us = us;
	return true;
}

static bool local_us(struct tm *tm, int us, int64_t *ret_us) {
	tm->tm_isdst = -1;
	tm->tm_wday = -1; /* -1 is a valid time_t; the weekday tells whether mktime() worked */
	time_t s = mktime(tm);
	if (tm->tm_wday < 0)
		return false;
	*ret_us = (int64_t)s * SECOND_US + us;
	return true;
}

static bool parse_midnight(int64_t now_us, int days_ago, int64_t *ret_us) {
	time_t now = (time_t)(now_us / SECOND_US);
	struct tm tm;
	if (!localtime_r(&now, &tm))
		return false;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= days_ago;
	return local_us(&tm, 0, ret_us);
}

/* "36h" before now_us; what would lie before 1970 is 1970. */
static bool parse_ago(const char *text, int64_t now_us, int64_t *ret_us) {
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', DAY_S}, {'w', (int64_t)7 * DAY_S}};
	size_t digits = strspn(text, "0123456789");
	if (!digits || digits > 9 || !text[digits] || text[digits + 1])
		return false;
	int64_t count = 0;
	for (size_t i = 0; i < digits; i++)
		count = count * 10 + (text[i] - '0');
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (units[i].unit != text[digits])
			continue;
		int64_t ago_s = count * units[i].seconds;
		*ret_us = ago_s < now_us / SECOND_US ? now_us - ago_s * SECOND_US : 0;
		return true;
	}
	return false;
}

bool clock_parse_user(const char *text, int64_t now_us, int64_t *ret_us) {
	if (!strcmp(text, "today"))
		return parse_midnight(now_us, 0, ret_us);
	if (!strcmp(text, "yesterday"))
		return parse_midnight(now_us, 1, ret_us);
	if (parse_ago(text, now_us, ret_us))
		return true;
	struct moment m;
	if (!parse_moment(text, strlen(text), &m))
		return false;
	if (m.has_zone) {
		*ret_us = moment_utc_us(&m);
		return true;
	}
	struct tm tm = {
		.tm_year = m.year - 1900,
		.tm_mon = m.month - 1,
		.tm_mday = m.day,
		.tm_hour = m.hour,
		.tm_min = m.minute,
		.tm_sec = m.second,
	};
	return local_us(&tm, m.us, ret_us);
}

/* The separator, then count digits. */
static char *put(char *at, char before, int value, int count) {
	*at = before;
	for (int i = count; i > 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + count + 1;
}

void clock_format_iso(int64_t us, char ret[CLOCK_TEXT_BYTES]) {
	const int64_t day_us = (int64_t)DAY_S * SECOND_US;
	const int64_t first_us = days_from_date(0, 1, 1) * day_us;
	const int64_t last_us = days_from_date(10000, 1, 1) * day_us - 1;
	us = us < first_us ? first_us : us > last_us ? last_us : us;
	int64_t days = us / day_us - (us % day_us < 0), of_day = us - days * day_us, year;
	int month, day, s = (int)(of_day / SECOND_US);
	date_from_days(days, &year, &month, &day);

	char text[CLOCK_TEXT_BYTES];
	char *at = put(text, ' ', (int)year, 4);
	at = put(at, '-', month, 2);
	at = put(at, '-', day, 2);
	at = put(at, 'T', s / 3600, 2);
	at = put(at, ':', s / 60 % 60, 2);
	at = put(at, ':', s % 60, 2);
	at = put(at, '.', (int)(of_day % SECOND_US), 6);
	memcpy(at, "Z", 2);
	memcpy(ret, text + 1, (size_t)(at + 1 - text));
}

void clock_format_local(int64_t us, char ret[CLOCK_TEXT_BYTES]) {
	time_t s = (time_t)(us / SECOND_US - (us % SECOND_US < 0));
	struct tm tm;
	if (!localtime_r(&s, &tm) || !strftime(ret, CLOCK_TEXT_BYTES, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(ret, CLOCK_TEXT_BYTES, "?");
}

static int64_t read_clock(clockid_t id) {
	struct timespec now = {0};
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_now_us(void) {
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void) {
	return read_clock(CLOCK_MONOTONIC);
}
