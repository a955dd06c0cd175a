/* Where a JSON object in the middle of other text ends. Must not know what it says. */
#include "ips/document_parts.h"

#include "base/limits.h"

#include <string.h>

enum expect {
	EXPECT_VALUE,
	EXPECT_FIRST_VALUE,
	EXPECT_KEY,
	EXPECT_FIRST_KEY,
	EXPECT_COLON,
	EXPECT_COMMA
};

struct walk {
	const char *p, *end;
	enum expect expect;
	char open[LIMIT_JSON_DEPTH];
	int depth;
};

static bool skip_string(struct walk *walk) {
	const char *p = walk->p + 1;
	while (p < walk->end && *p != '"' && *p != '\n')
		p += *p == '\\' ? 2 : 1;
	if (p > walk->end)
		p = walk->end;
	walk->p = p;
	if (p == walk->end || *p != '"')
		return false;
	walk->p++;
	return true;
}

static bool skip_word(struct walk *walk) {
	const char *p = walk->p;
	while (p < walk->end && ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
					*p == '-' || *p == '+' || *p == '.' || *p == 'E'))
		p++;
	size_t n = (size_t)(p - walk->p);
	bool number = n && ((*walk->p >= '0' && *walk->p <= '9') || *walk->p == '-');
	if (!number && !(n == 4 && memcmp(walk->p, "true", 4) == 0) &&
		!(n == 5 && memcmp(walk->p, "false", 5) == 0) &&
		!(n == 4 && memcmp(walk->p, "null", 4) == 0))
		return false;
	walk->p = p;
	return true;
}

static bool open_bracket(struct walk *walk) {
	if (walk->depth == LIMIT_JSON_DEPTH)
		return false;
	walk->open[walk->depth++] = *walk->p;
	walk->expect = *walk->p == '{' ? EXPECT_FIRST_KEY : EXPECT_FIRST_VALUE;
	walk->p++;
	return true;
}

static bool close_bracket(struct walk *walk) {
	if (walk->open[walk->depth - 1] != (*walk->p == '}' ? '{' : '['))
		return false;
	walk->depth--;
	walk->expect = EXPECT_COMMA;
	walk->p++;
	return true;
}

static bool step_value(struct walk *walk) {
	char c = *walk->p;
	if (c == '{' || c == '[')
		return open_bracket(walk);
	if (c == ']' && walk->expect == EXPECT_FIRST_VALUE)
		return close_bracket(walk);
	walk->expect = EXPECT_COMMA;
	return c == '"' ? skip_string(walk) : skip_word(walk);
}

static bool step(struct walk *walk) {
	char c = *walk->p;
	switch (walk->expect) {
	case EXPECT_VALUE:
	case EXPECT_FIRST_VALUE:
		return step_value(walk);
	case EXPECT_KEY:
	case EXPECT_FIRST_KEY:
		if (c == '}' && walk->expect == EXPECT_FIRST_KEY)
			return close_bracket(walk);
		walk->expect = EXPECT_COLON;
		return c == '"' && skip_string(walk);
	case EXPECT_COLON:
		walk->expect = EXPECT_VALUE;
		walk->p += c == ':';
		return c == ':';
	case EXPECT_COMMA:
	default:
		if (c == '}' || c == ']')
			return close_bracket(walk);
		walk->expect = walk->open[walk->depth - 1] == '{' ? EXPECT_KEY : EXPECT_VALUE;
		walk->p += c == ',';
		return c == ',';
	}
}

const char *find_json_end(const char *p, const char *end, bool inside, bool *ret_whole) {
	struct walk walk; /* open[] is large and read only below depth */
	walk.p = p;
	walk.end = end;
	walk.expect = EXPECT_FIRST_KEY;
	walk.depth = 0;
	*ret_whole = false;
	walk.open[walk.depth++] = '{';
	if (!inside)
		walk.p++;
	while (walk.depth) {
		while (walk.p < end &&
			(*walk.p == ' ' || *walk.p == '\n' || *walk.p == '\t' || *walk.p == '\r'))
			walk.p++;
		if (walk.p >= end || !step(&walk))
			return walk.p;
	}
	*ret_whole = true;
	return walk.p;
}
