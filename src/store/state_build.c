/*
 * Apple's build numbers: which of two came first. Pure.
 */
#include "store/state.h"

#include <string.h>

/* A train has fewer; four digits from here on are betas of it. */
#define FIRST_BETA 5000
#define LAST_BETA 9999

/* "24G419", "24G5054d", "22E772610a" (a rapid response). */
struct build {
	long major, minor;
	char letter;
	char suffix; /* 0: none */
};

/* Up to seven digits; false when there are none or more. */
static bool read_number(const char **p, long *ret) {
	size_t len = strspn(*p, "0123456789");
	if (len < 1 || len > 7)
		return false;
	*ret = 0;
	for (size_t i = 0; i < len; i++)
		*ret = *ret * 10 + (*p)[i] - '0';
	*p += len;
	return true;
}

static bool read_build(const char *text, struct build *ret) {
	*ret = (struct build){0};
	if (text == NULL || !read_number(&text, &ret->major))
		return false;
	if (*text < 'A' || *text > 'Z')
		return false;
	ret->letter = *text++;
	if (!read_number(&text, &ret->minor))
		return false;
	if (*text >= 'a' && *text <= 'z')
		ret->suffix = *text++;
	return *text == '\0';
}

static bool is_beta(const struct build *build) {
	return build->minor >= FIRST_BETA && build->minor <= LAST_BETA;
}

static int compare(long a, long b) {
	return (a > b) - (a < b);
}

bool state_build_compare(const char *a, const char *b, int *ret) {
	struct build left, right;
	if (!read_build(a, &left) || !read_build(b, &right))
		return false;
	int order = compare(left.major, right.major);
	if (order == 0)
		order = compare(left.letter, right.letter);
	if (order == 0)
		order = (int)is_beta(&right) - (int)is_beta(&left);
	if (order == 0)
		order = compare(left.minor, right.minor);
	*ret = order != 0 ? order : compare(left.suffix, right.suffix);
	return true;
}
