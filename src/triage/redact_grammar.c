/*
 * Sign by sign, each by what may stand beside it. A list of what is allowed: an unknown sign ends
 * the function, and what follows is read as prose, which keeps less.
 */
#include "triage/redact_grammar.h"

#include "triage/redact_char.h"

#include <string.h>

/* Of a remark in brackets. */
#define REMARK_BYTES 256
/* Digits of "closure #1". */
#define NUMBER_DIGITS 4

static bool has(const char *text, size_t at, size_t to, const char *word) {
	size_t n = strlen(word);

	return to - at >= n && memcmp(text + at, word, n) == 0;
}

static bool is_behind(const char *text, size_t from, size_t at, const char *word) {
	size_t n = strlen(word);

	return at - from >= n && memcmp(text + at - n, word, n) == 0;
}

static char before(const char *text, size_t from, size_t at) {
	return (char)(at > from ? text[at - 1] : ' ');
}

static char after(const char *text, size_t at, size_t to) {
	return (char)(at + 1 < to ? text[at + 1] : ' ');
}

static bool is_part(char c) {
	return redact_is_ident(c) || (unsigned char)c >= 0x80;
}

/* Something that has a value or is a type ended there. */
static bool is_end(char c) {
	return is_part(c) || strchr(")]}>", c) != NULL;
}

size_t redact_grammar_lifetime(const char *text, size_t at, size_t to) {
	size_t n = 0;

	if (at == 0 || strchr("&< ,(+", text[at - 1]) == NULL)
		return 0;
	while (at + 1 + n < to && is_part(text[at + 1 + n]))
		n++;
	if (at + 1 + n < to && text[at + 1 + n] == '\'')
		return 0;
	return n == 1 || (n == 6 && has(text, at + 1, to, "static")) ? n + 1 : 0;
}

/* "@escaping", "@in_guaranteed": Swift's attributes. */
static bool is_attribute(const char *text, size_t from, size_t at, size_t to) {
	static const char *const attributes[] = {"objc", "nonobjc", "escaping", "noescape",
		"autoclosure", "callee_guaranteed", "callee_owned", "callee_unowned", "convention",
		"in_guaranteed", "in", "inout", "inout_aliasable", "in_constant", "out", "owned",
		"guaranteed", "unowned", "unowned_inner_pointer", "autoreleased", "error",
		"error_indirect", "error_unowned", "thick", "thin", "substituted", "async",
		"Sendable", "MainActor", "isolated", "yield_once", "yields", "dynamic_self",
		"differentiable", "opened", "pseudogeneric", "unimplementable", "box", "moveonly"};
	size_t n = 0;

	if (is_end(before(text, from, at)))
		return false;
	while (at + 1 + n < to && redact_is_ident(text[at + 1 + n]))
		n++;
	for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
		if (strlen(attributes[i]) == n && has(text, at + 1, to, attributes[i]))
			return true;
	}
	return false;
}

/* Where the signs behind "operator" end, plus one; 0 when it does not stand there. */
static size_t read_operator(const char *text, size_t from, size_t at, size_t to) {
	static const char *const signs[] = {"<=>", "->*", "<<=", ">>=", "\"\"", "()", "[]", "->",
		"++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
		"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "+", "-", "*", "/", "%", "&", "|",
		"^", "~", "!", "=", "<", ">", ","};

	if (before(text, from, at) != 'r' || !is_behind(text, from, at, "operator") ||
		(at - from > 8 && is_part(text[at - 9])))
		return 0;
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		if (has(text, at, to, signs[i]))
			return at + strlen(signs[i]) + 1;
	}
	return 0;
}

/* "x.getter : Swift.Int" */
static bool is_accessor(const char *text, size_t from, size_t at) {
	static const char *const accessors[] = {".getter", ".setter", ".modify", ".read",
		".willset", ".didset", ".init", ".unsafeAddressor", ".unsafeMutableAddressor"};

	for (size_t i = 0; i < sizeof accessors / sizeof accessors[0]; i++) {
		if (is_behind(text, from, at, accessors[i]))
			return true;
	}
	return false;
}

/* "::", a selector's, a label's, "(extension in Zorb):". */
static bool is_colon(
	const struct redact_grammar *g, const char *text, size_t from, size_t at, size_t to) {
	char prior = before(text, from, at);

	if (after(text, at, to) == ':' || prior == ':' || g->method || g->selector)
		return true;
	if (g->depth > 0)
		return is_end(prior);
	if (at > from && prior == ' ' && is_accessor(text, from, at - 1))
		return true;
	return prior == ')' && g->extension && is_part(after(text, at, to));
}

static bool is_plus(
	const struct redact_grammar *g, const char *text, size_t from, size_t at, size_t to) {
	size_t n;

	if (at == from && after(text, at, to) == '[')
		return true;
	if (g->depth > 0)
		return true;
	if (after(text, at, to) != ' ' || before(text, from, at) != ' ')
		return false;
	n = redact_span_digits(text + at + 2, to - (at + 2));
	return n > 0 && at + 2 + n == to;
}

static bool is_minus(
	const struct redact_grammar *g, const char *text, size_t from, size_t at, size_t to) {
	static const char *const joined[] = {"-STUB$", "-virtual thunk ", "-in-"};
	char next = after(text, at, to);

	for (size_t i = 0; i < sizeof joined / sizeof joined[0]; i++) {
		if (has(text, at, to, joined[i]))
			return true;
	}
	if (has(text, at, to, "-fm") && at + 3 == to)
		return true;
	return next == '>' || next == '[' || (g->depth > 0 && redact_is_digit(next)) ||
	       (g->depth > 0 && is_behind(text, from, at, "block"));
}

/* "closure #1", "'lambda'(int)#2" */
static bool is_number(const char *text, size_t at, size_t to) {
	size_t n = redact_span_digits(text + at + 1, to - (at + 1));

	return n > 0 && n <= NUMBER_DIGITS && (at + 1 + n == to || !is_part(text[at + 1 + n]));
}

/* A blank: " at " follows only what has no name of its own. */
static bool is_blank(
	const struct redact_grammar *g, const char *text, size_t from, size_t at, size_t to) {
	static const char *const nameless[] = {"lambda", "struct", "class", "union", "enum", "type",
		"unnamed", "anonymous", "block"};

	if (after(text, at, to) == '[')
		return !has(text, at, to, " [inlined]");
	if (after(text, at, to) != 'a' || !has(text, at, to, " at "))
		return true;
	/* a path stands there, or what became of one */
	if (at + 5 >= to || (strchr("/~<.@\\", text[at + 4]) == NULL && text[at + 5] != ':'))
		return false;
	for (size_t i = 0; g->depth > 0 && i < sizeof nameless / sizeof nameless[0]; i++) {
		if (is_behind(text, from, at, nameless[i]))
			return true;
	}
	return false;
}

static void open_bracket(struct redact_grammar *g, const struct redact_scan *scan, size_t from,
	size_t at, size_t to) {
	char prior = before(scan->text, from, at);

	g->depth++;
	g->method |= scan->text[at] == '[' && (prior == '-' || prior == '+');
	g->extension |= scan->text[at] == '(' && has(scan->text, at, to, "(extension in ");
}

static bool close_bracket(
	struct redact_grammar *g, const struct redact_scan *scan, size_t from, size_t at) {
	if (scan->text[at] == '>' && before(scan->text, from, at) == '-')
		return true;
	g->depth -= g->depth > 0;
	g->method &= scan->text[at] != ']';
	return true;
}

bool redact_grammar_sign(struct redact_grammar *g, const struct redact_scan *scan, size_t from,
	size_t at, size_t to) {
	const char *text = scan->text, sign = text[at];
	size_t end = read_operator(text, from, at, to);

	if (end > 0)
		g->operator_end = end;
	if (at + 1 < g->operator_end)
		return true;
	switch (sign) {
	case '(':
	case '[':
	case '{':
	case '<':
		open_bracket(g, scan, from, at, to);
		return true;
	case ')':
	case ']':
	case '}':
	case '>':
		return close_bracket(g, scan, from, at);
	case ':':
		return is_colon(g, text, from, at, to);
	case '@':
		return is_attribute(text, from, at, to);
	case '#':
		return is_number(text, at, to);
	case '+':
		return is_plus(g, text, from, at, to);
	case '-':
		return is_minus(g, text, from, at, to);
	case ' ':
		return is_blank(g, text, from, at, to);
	case '?':
		return is_end(before(text, from, at)) && !is_part(after(text, at, to));
	case ',':
	case ';':
	case '=':
		return g->depth > 0;
	default:
		return strchr(".*&~!^", sign) != NULL;
	}
}

size_t redact_grammar_remark(
	const struct redact_grammar *g, const struct redact_scan *scan, size_t at, size_t to) {
	static const char *const known[] = {
		"(anonymous ", "(unnamed ", "(extension in ", "(lambda ", "(block "};
	const char *text = scan->text;
	bool blank = false;
	size_t n = 1;

	if (g->depth > 0 || at == 0 || text[at - 1] != ' ' || text[at] != '(')
		return 0;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (has(text, at, to, known[i]))
			return 0;
	}
	while (at + n < to && n < REMARK_BYTES &&
		(is_part(text[at + n]) || strchr(" '-.", text[at + n]))) {
		blank |= text[at + n] == ' ';
		n++;
	}
	return blank && at + n < to && text[at + n] == ')' ? n + 1 : 0;
}
