/*
 * Globs. Backtracks to the last star only, so that a pattern of p bytes costs at most p steps per
 * byte of text.
 */
#include "base/text.h"

#include <string.h>

/* One code point, or one byte where the text is not UTF-8. */
static size_t next_char(const char *text, size_t len, uint32_t *ret) {
	size_t n = text_decode(text, len, ret);
	if (n)
		return n;
	*ret = 0x110000u + (unsigned char)text[0];
	return 1;
}

static uint32_t fold_char(uint32_t c, bool fold) {
	return fold && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool in_range(uint32_t c, uint32_t low, uint32_t high, bool fold) {
	if (c >= low && c <= high)
		return true;
	if (!fold)
		return false;
	uint32_t lower = fold_char(c, true);
	uint32_t upper = lower >= 'a' && lower <= 'z' ? lower - ('a' - 'A') : lower;
	return (lower >= low && lower <= high) || (upper >= low && upper <= high);
}

/* pattern stands behind "["; returns the bytes up to behind "]", or 0 when the set is not closed.
 */
static size_t match_set(const char *pattern, size_t len, uint32_t c, bool fold, bool *ret_hit) {
	size_t i = 0;
	bool negate = len && (pattern[0] == '!' || pattern[0] == '^'), hit = false;
	i += negate;
	for (size_t first = i; i < len && (pattern[i] != ']' || i == first);) {
		uint32_t low, high;
		if (pattern[i] == '\\' && i + 1 < len)
			i++;
		i += next_char(pattern + i, len - i, &low);
		high = low;
		if (i + 1 < len && pattern[i] == '-' && pattern[i + 1] != ']') {
			i++;
			if (pattern[i] == '\\' && i + 1 < len)
				i++;
			i += next_char(pattern + i, len - i, &high);
		}
		hit |= in_range(c, low, high, fold);
	}
	if (i >= len)
		return 0;
	*ret_hit = hit != negate;
	return i + 1;
}

/* Matches one pattern element, which is no star, against c; returns its bytes, or 0. */
static size_t match_one(const char *pattern, size_t len, uint32_t c, bool fold) {
	if (!len)
		return 0;
	if (pattern[0] == '?')
		return 1;
	if (pattern[0] == '[') {
		bool hit = false;
		size_t n = match_set(pattern + 1, len - 1, c, fold, &hit);
		if (n)
			return hit ? n + 1 : 0;
	}
	size_t escape = pattern[0] == '\\' && len > 1;
	uint32_t want;
	size_t n = next_char(pattern + escape, len - escape, &want);
	return fold_char(want, fold) == fold_char(c, fold) ? n + escape : 0;
}

static bool match_general(const char *pattern, const char *text, bool fold) {
	size_t pattern_len = strlen(pattern), text_len = strlen(text);
	size_t p = 0, t = 0, star = SIZE_MAX, star_text = 0;
	while (t < text_len) {
		if (p < pattern_len && pattern[p] == '*') {
			star = ++p;
			star_text = t;
			continue;
		}
		uint32_t c;
		size_t n = next_char(text + t, text_len - t, &c);
		size_t m = match_one(pattern + p, pattern_len - p, c, fold);
		if (m) {
			p += m;
			t += n;
		} else if (star != SIZE_MAX) {
			/* Everything behind a last star's end fits at one place only: no need to go
			 * on. */
			p = star;
			if (p == pattern_len)
				return true;
			star_text += next_char(text + star_text, text_len - star_text, &c);
			t = star_text;
		} else {
			return false;
		}
	}
	while (p < pattern_len && pattern[p] == '*')
		p++;
	return p == pattern_len;
}

/* pattern begins with a star; the rest in the forms that almost all patterns have: "*", "*end",
 * "*middle*". */
static bool match_star(const char *pattern, const char *text) {
	const char *rest = pattern + 1;
	size_t literal = strcspn(rest, "*?[\\"), len = strlen(text);
	if (!rest[literal])
		return len >= literal && memcmp(text + len - literal, rest, literal) == 0;
	char middle[64];
	if (rest[literal] != '*' || rest[literal + 1] || literal >= sizeof middle)
		return match_general(pattern, text, false);
	memcpy(middle, rest, literal);
	middle[literal] = '\0';
	return strstr(text, middle) != NULL;
}

static bool is_special(char c) {
	return c == '*' || c == '?' || c == '[' || c == '\\';
}

bool text_glob(const char *pattern, const char *text, bool fold) {
	if (fold)
		return match_general(pattern, text, fold);
	/* Most patterns fail in what stands before the first star. */
	while (*pattern && !is_special(*pattern)) {
		if (*pattern++ != *text++)
			return false;
	}
	if (!*pattern)
		return !*text;
	return *pattern == '*' ? match_star(pattern, text) : match_general(pattern, text, false);
}
