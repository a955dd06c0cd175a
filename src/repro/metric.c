/* From the last line upwards, so that long outputs cost nothing. */
#include "repro/metric.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longer lines are looked at up to here, numbers not at all. */
#define LINE_BYTES 4096
#define NUMBER_BYTES 64

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *p) {
	while (is_digit(*p))
		p++;
	return p;
}

/* strtod() alone would take "0x", "inf" and the beginning of anything. */
static bool is_number(const char *p) {
	p += *p == '+' || *p == '-';
	const char *whole = p;
	p = skip_digits(p);
	size_t digits = (size_t)(p - whole);
	if (*p == '.') {
		const char *fraction = p + 1;
		p = skip_digits(fraction);
		digits += (size_t)(p - fraction);
	}
	if (!digits)
		return false;
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '+' || *p == '-';
		if (!is_digit(*p))
			return false;
		p = skip_digits(p);
	}
	return !*p;
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t';
}

/* In whatever locale the process is. */
static double convert(const char *text) {
	char local[NUMBER_BYTES + 8];
	const char *point = strchr(text, '.');
	const char *ours = localeconv()->decimal_point;
	if (!point || !strcmp(ours, ".") || strlen(ours) > sizeof local - NUMBER_BYTES)
		return strtod(text, NULL);
	size_t before = (size_t)(point - text), width = strlen(ours);
	memcpy(local, text, before);
	memcpy(local + before, ours, width);
	memcpy(local + before + width, point + 1, strlen(point));
	return strtod(local, NULL);
}

bool metric_number(const char *text, size_t len, double *ret) {
	char copy[NUMBER_BYTES];
	while (len && is_blank(*text)) {
		text++;
		len--;
	}
	while (len && is_blank(text[len - 1]))
		len--;
	if (!len || len >= sizeof copy || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	double value = is_number(copy) ? convert(copy) : NAN;
	if (!isfinite(value))
		return false;
	*ret = value;
	return true;
}

/* Of a line's last match; length -1: there is none. */
static int find_last(const regex_t *expression, const char *line, const char **ret) {
	regmatch_t match[2];
	int len = -1, flags = 0;
	while (!regexec(expression, line, 2, match, flags)) {
		const regmatch_t *part = &match[expression->re_nsub ? 1 : 0];
		/* A group that took no part. */
		*ret = part->rm_so < 0 ? line : line + part->rm_so;
		len = part->rm_so < 0 ? 0 : (int)(part->rm_eo - part->rm_so);
		if (!line[match[0].rm_eo] || match[0].rm_eo == 0)
			break;
		line += match[0].rm_eo;
		flags = REG_NOTBOL;
	}
	return len;
}

static bool ends_line(char c) {
	return c == '\n' || c == '\r';
}

bool metric_find(const regex_t *expression, const char *text, size_t len, double *ret) {
	char line[LINE_BYTES];
	while (len) {
		size_t start = len;
		while (start && !ends_line(text[start - 1]))
			start--;
		size_t width = len - start < sizeof line - 1 ? len - start : sizeof line - 1;
		const char *found;
		memcpy(line, text + start, width);
		line[width] = '\0';
		int found_len = width ? find_last(expression, line, &found) : -1;
		if (found_len >= 0)
			return metric_number(found, (size_t)found_len, ret);
		len = start ? start - 1 : 0;
	}
	return false;
}
