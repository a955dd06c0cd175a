/*
 * Letters of the scripts that account names are written in. The table is Unicode's decomposition of
 * U+00C0 to U+017F, reduced to base letters.
 */
#include "triage/redact_char.h"

#include "base/text.h"

#include <string.h>

const char *const redact_kind_names[REDACT_KIND_COUNT] = {
	[REDACT_USER] = "user",
	[REDACT_HOST] = "host",
	[REDACT_PATH] = "path",
	[REDACT_MACHINE] = "machine",
	[REDACT_ADDRESS] = "address",
	[REDACT_SECRET] = "secret",
	[REDACT_WORD] = "word",
	[REDACT_FUNCTION] = "function",
};

static const char latin_bases[] = "aaaaaa*ceeeeiiiidnooooo*ouuuuy**"
				  "aaaaaa*ceeeeiiiidnooooo*ouuuuy*y"
				  "aaaaaaccccccccdddd"
				  "eeeeeeeeeegggggggghhhhiiiiiiiiiiiijj"
				  "kkkllllllllllnnnnnnnnnoooooooorrrrrr"
				  "ssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

#define LATIN_FIRST 0xc0
#define LATIN_LAST 0x17f

_Static_assert(sizeof latin_bases - 1 == LATIN_LAST - LATIN_FIRST + 1, "one base for each letter");

size_t redact_char(const char *text, size_t len, uint32_t *ret) {
	size_t n;

	if ((unsigned char)text[0] < 0x80) {
		*ret = (unsigned char)text[0];
		return 1;
	}
	n = text_decode(text, len < 4 ? len : 4, ret);
	if (n == 0) {
		*ret = 0xfffd;
		n = 1;
	}
	return n;
}

static int hex_value(char c) {
	return redact_is_digit(c) ? c - '0' : redact_lower(c) - 'a' + 10;
}

/* "%C3%A9": bytes of text that make one character, 0 when it is no encoding. */
static size_t percent_char(const char *text, size_t len, uint32_t *ret) {
	char bytes[4];
	size_t count = 0, used = 0;

	while (count < 4 && used + 2 < len && text[used] == '%' && redact_is_hex(text[used + 1]) &&
		redact_is_hex(text[used + 2])) {
		bytes[count++] = (char)(hex_value(text[used + 1]) << 4 | hex_value(text[used + 2]));
		used += 3;
	}
	if (count == 0)
		return 0;
	return 3 * redact_char(bytes, count, ret);
}

static bool is_nothing(uint32_t point) {
	return (point >= 0x300 && point <= 0x36f) || (point >= 0x200b && point <= 0x200f) ||
	       (point >= 0x2060 && point <= 0x2064) || point == 0xad || point == 0xfeff;
}

static uint32_t base_of(uint32_t point) {
	if (point < 0x80)
		return (uint32_t)redact_lower((char)point);
	if (is_nothing(point))
		return 0;
	if (point >= LATIN_FIRST && point <= LATIN_LAST) {
		char base = latin_bases[point - LATIN_FIRST];

		if (base != '*')
			return (uint32_t)base;
		return point >= 0xc0 && point <= 0xde && point != 0xd7 ? point + 0x20 : point;
	}
	if (point >= 0x391 && point <= 0x3a9)
		return point + 0x20;
	if (point >= 0x410 && point <= 0x42f)
		return point + 0x20;
	if (point >= 0x400 && point <= 0x40f)
		return point + 0x50;
	/* the wide forms of ASCII */
	if (point >= 0xff01 && point <= 0xff5e)
		return (uint32_t)redact_lower((char)(point - 0xff00 + 0x20));
	return point;
}

size_t redact_letter(const char *text, size_t len, uint32_t *ret) {
	uint32_t point = 0;
	size_t n = text[0] == '%' ? percent_char(text, len, &point) : 0;

	if (n == 0)
		n = redact_char(text, len, &point);
	*ret = base_of(point);
	return n;
}

bool redact_is_mark(uint32_t point) {
	return point == 0xa0 || point == 0xab || point == 0xbb || point == 0xb7 || point == 0xd7 ||
	       (point >= 0x2010 && point <= 0x2027) || (point >= 0x2030 && point <= 0x203a) ||
	       (point >= 0x2190 && point <= 0x21ff) || point == 0xfffd;
}

bool redact_is_hidden(uint32_t point) {
	static const uint32_t ranges[][2] = {{0x00, 0x08}, {0x0b, 0x0c}, {0x0e, 0x1f}, {0x7f, 0x9f},
		{0xad, 0xad}, {0x61c, 0x61c}, {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},
		{0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};

	if (point >= ' ' && point < 0x7f)
		return false;
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
		if (point >= ranges[i][0] && point <= ranges[i][1])
			return true;
	}
	return false;
}

size_t redact_placeholder(const char *text, size_t len) {
	if (len < 3 || text[0] != '<')
		return 0;
	for (size_t i = 0; i < REDACT_KIND_COUNT; i++) {
		size_t n, digits = 0;

		if (text[1] != redact_kind_names[i][0])
			continue;
		n = strlen(redact_kind_names[i]) + 1;
		if (len <= n || memcmp(text + 1, redact_kind_names[i], n - 1) != 0)
			continue;
		if (text[n] == '>')
			return n + 1;
		if (text[n] != '-')
			continue;
		n++;
		while (n + digits < len && digits < 6 && redact_is_digit(text[n + digits]))
			digits++;
		if (digits > 0 && n + digits < len && text[n + digits] == '>')
			return n + digits + 1;
	}
	return 0;
}

bool redact_at(const char *text, size_t len, const char *word) {
	size_t i = 0;

	for (; word[i] != 0; i++) {
		if (i >= len || redact_lower(text[i]) != word[i])
			return false;
	}
	return true;
}

bool redact_contains(const char *text, const char *word, size_t len) {
	for (; text != NULL && *text != 0; text++) {
		size_t n = 0;

		while (n < len && redact_lower(text[n]) == redact_lower(word[n]))
			n++;
		if (n == len)
			return true;
	}
	return false;
}
