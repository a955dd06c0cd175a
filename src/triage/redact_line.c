/* Pieces of a line, and the lines of threads: frames, registers, instruction bytes, call graphs. */
#include "triage/redact_line.h"

#include <string.h>

static bool is_blank(char c) {
	return c == ' ' || c == '\t';
}

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

/* White space up to a place. */
static void gap(struct redact_line *line, const char *to) {
	for (; line->at < to; line->at++)
		if (is_blank(*line->at))
			buf_add_char(line->ret, *line->at);
}

void line_keep(struct redact_line *line, struct text piece) {
	gap(line, piece.p);
	buf_add(line->ret, piece.p, piece.len);
	line->at = piece.p + piece.len;
}

void line_put(struct redact_line *line, enum redact_policy policy, struct text piece) {
	gap(line, piece.p);
	if (piece.len)
		redact_value(line->redactor, policy, piece.p, piece.len, line->ret);
	line->at = piece.p + piece.len;
}

static size_t digits_of(struct text text) {
	size_t n = 0;
	while (n < text.len && is_digit(text.p[n]))
		n++;
	return n;
}

/* Cuts the first n bytes off. */
static struct text take(struct text *text, size_t n) {
	struct text piece = text_upto(*text, n);
	*text = text_from(*text, n);
	return piece;
}

/* ---- frames ---- */

struct tail {
	struct text offset, file, number,
		inlined; /* of what stands behind a symbol; may be empty */
};

/* Where the bracket opens that the last byte closes, or -1. */
static ptrdiff_t opening_of(struct text text) {
	size_t depth = 0;
	for (size_t i = text.len; i-- > 0;) {
		depth += text.p[i] == ')';
		if (text.p[i] == '(' && --depth == 0)
			return (ptrdiff_t)i;
	}
	return -1;
}

static void cut_inlined(struct text *text, struct tail *tail) {
	static const char mark[] = "[inlined]";
	size_t n = strlen(mark);
	if (text->len <= n || !is_blank(text->p[text->len - n - 1]) ||
		!text_equals(text_from(*text, text->len - n), mark))
		return;
	tail->inlined = text_from(*text, text->len - n);
	*text = text_trim(text_upto(*text, text->len - n));
}

/* " (file.c:45)" */
static void cut_source(struct text *text, struct tail *tail) {
	ptrdiff_t open = text->len && text->p[text->len - 1] == ')' ? opening_of(*text) : -1;
	if (open < 0 || (open > 0 && text->p[open - 1] != ' '))
		return;
	struct text inside = text_from(*text, (size_t)open + 1);
	inside.len--;
	ptrdiff_t colon = text_find_last(inside, ":");
	if (colon < 0)
		return;
	struct text number = text_from(inside, (size_t)colon + 1);
	uint64_t value;
	if (!text_equals(number, "-1") && !text_decimal(number, &value))
		return;
	tail->number = number;
	tail->file = text_upto(inside, (size_t)colon);
	*text = text_trim(text_upto(*text, (size_t)open));
}

/* " + 123", the sign with it */
static void cut_offset(struct text *text, struct tail *tail) {
	ptrdiff_t plus = text_find_last(*text, "+ ");
	uint64_t value;
	if (plus < 0 || (plus > 0 && text->p[plus - 1] != ' ') ||
		!text_decimal(text_from(*text, (size_t)plus + 2), &value))
		return;
	tail->offset = text_from(*text, (size_t)plus);
	*text = text_trim(text_upto(*text, (size_t)plus));
}

static void put_symbol(struct redact_line *line, struct text text) {
	struct tail tail = {0};
	cut_offset(&text, &tail);
	line_put(line, POLICY_SYMBOL, text);
	if (tail.offset.len)
		line_keep(line, tail.offset);
}

/* "0x18249000 + 37", with "(symbol + 8)" behind it. */
static bool put_unsymbolicated(struct redact_line *line, struct text text) {
	struct text rest = text, base = text_word(&rest), sign = text_upto(rest, rest.len ? 1 : 0);
	uint64_t value;
	if ((!text_hex(base, &value) && !text_decimal(base, &value)) || !text_skip(&rest, "+ "))
		return false;
	struct text offset = text_word(&rest);
	if (!text_decimal(offset, &value))
		return false;
	line_keep(line, base);
	line_keep(line, sign);
	line_keep(line, offset);
	if (rest.len > 2 && rest.p[0] == '(' && rest.p[rest.len - 1] == ')') {
		line_keep(line, take(&rest, 1));
		put_symbol(line, text_upto(rest, rest.len - 1));
		line_keep(line, text_from(rest, rest.len - 1));
	} else {
		line_put(line, POLICY_TEXT, rest);
	}
	return true;
}

static void put_tail(struct redact_line *line, struct tail *tail) {
	if (tail->number.len) {
		line_keep(line, (struct text){tail->file.p - 1, 1});
		line_put(line, POLICY_SOURCE, tail->file);
		line_keep(line, (struct text){tail->number.p - 1, tail->number.len + 2});
	}
	if (tail->inlined.len)
		line_keep(line, tail->inlined);
}

/* Where the address begins: the first word "0x..." of digits. -1 without. */
static ptrdiff_t find_address(struct text text, size_t *ret_len) {
	for (size_t i = 1; i + 2 < text.len; i++) {
		if (text.p[i] != '0' || text.p[i + 1] != 'x' || !is_blank(text.p[i - 1]))
			continue;
		struct text rest = text_from(text, i), word = text_word(&rest);
		uint64_t value;
		*ret_len = word.len;
		if (text_hex(word, &value))
			return (ptrdiff_t)i;
	}
	return -1;
}

/* Without an address: the image ends at a tab or two spaces. */
static size_t image_columns(struct text text) {
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.p[i] == '\t' || (text.p[i] == ' ' && text.p[i + 1] == ' '))
			return i;
	return text.len;
}

void line_frame(struct redact_line *line, struct text text) {
	size_t digits = digits_of(text), address_len = 0;
	if (!digits || digits > 6 || digits == text.len || !is_blank(text.p[digits])) {
		line_put(line, POLICY_TEXT, text);
		return;
	}
	line_keep(line, take(&text, digits));
	text = text_trim(text);
	ptrdiff_t address = find_address(text, &address_len);
	size_t image = address < 0 ? image_columns(text) : (size_t)address;
	line_put(line, POLICY_NAME, text_trim(take(&text, image)));
	if (address >= 0)
		line_keep(line, take(&text, address_len));
	text = text_trim(text);
	struct tail tail = {0};
	cut_inlined(&text, &tail);
	cut_source(&text, &tail);
	if (!put_unsymbolicated(line, text))
		put_symbol(line, text);
	put_tail(line, &tail);
}

void redact_frame_line(struct redactor *redactor, const char *bytes, size_t len, struct buf *ret) {
	struct redact_line line = {redactor, ret, bytes};
	line_frame(&line, text_trim((struct text){bytes, len}));
}

/* ---- registers and instructions ---- */

static bool is_register(struct text name) {
	static const char *const names[] = {"lr", "fp", "sp", "pc", "cpsr", "far", "esr", "rflags",
		"eflags", "rax", "rbx", "rcx", "rdx", "rdi", "rsi", "rbp", "rsp", "rip", "rfl",
		"cr2", "eax", "ebx", "ecx", "edx", "edi", "esi", "ebp", "esp", "eip", "efl", "cs",
		"ds", "es", "fs", "gs", "ss", "ip", "trap", "err", "cpu", "tmp0", "tmp1", "tmp2",
		NULL};
	if (name.len > 1 && name.len < 4 && (*name.p == 'x' || *name.p == 'r') &&
		digits_of(text_from(name, 1)) == name.len - 1)
		return true;
	for (size_t i = 0; names[i]; i++)
		if (text_equals(name, names[i]))
			return true;
	return false;
}

bool line_registers(struct redact_line *line, struct text text) {
	bool any = false;
	while (text.len) {
		struct text rest = text, name = text_word(&rest), word = text_word(&rest);
		uint64_t value;
		if (name.len < 2 || name.p[name.len - 1] != ':' ||
			(!text_hex(word, &value) && !text_equals(word, "<unavailable>")))
			break;
		struct text plain = text_upto(name, name.len - 1);
		if (is_register(plain))
			line_keep(line, name);
		else
			line_put(line, POLICY_TEXT, name);
		line_keep(line, word);
		any = true;
		text = rest;
		if (text_equals(plain, "esr"))
			break;
	}
	if (any)
		line_put(line, POLICY_TEXT, text);
	return any;
}

static bool is_hex_pair(struct text text) {
	static const char digits[] = "0123456789abcdef";
	return text.len >= 2 && memchr(digits, text.p[0], 16) && memchr(digits, text.p[1], 16);
}

/* The bytes; what they look like as text, at the end of the line, goes. */
void line_instructions(struct redact_line *line, struct text text) {
	for (int n = 0; n < 16; n++) {
		struct text next = text;
		if (next.len && *next.p == '[')
			next = text_from(next, 1);
		if (!is_hex_pair(next))
			return;
		next = text_from(next, 2);
		if (next.len && !strchr(" -]", *next.p))
			return;
		next = text_from(next, next.len ? 1 : 0);
		line_keep(line, take(&text, (size_t)(next.p - text.p)));
	}
}

/* ---- what sample(1) writes ---- */

static bool is_place(struct text text) {
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("+-,. 0123456789abcdefx[]", text.p[i]) || !text.p[i])
			return false;
	return text.len < 400;
}

/* "+ ! 2796 start  (in libdyld.dylib) + 1  [0x7fff2030]" */
void line_call_graph(struct redact_line *line, struct text text) {
	size_t n = 0;
	while (n < text.len && strchr(" +!:|", text.p[n]) && text.p[n])
		n++;
	struct text tree = text_trim(take(&text, n));
	if (tree.len)
		line_keep(line, tree);
	n = digits_of(text);
	if (n && n < 9)
		line_keep(line, take(&text, n));
	text = text_trim(text);
	ptrdiff_t in = text_find(text, "  (in ");
	struct text rest = in < 0 ? text : text_from(text, (size_t)in + 6);
	const char *close = in < 0 ? NULL : memchr(rest.p, ')', rest.len);
	if (!close) {
		line_put(line, POLICY_TEXT, text);
		return;
	}
	size_t image = (size_t)(close - rest.p);
	line_put(line, POLICY_SYMBOL, text_upto(text, (size_t)in));
	line_keep(line, (struct text){rest.p - 4, 4});
	line_put(line, POLICY_NAME, text_upto(rest, image));
	line_keep(line, (struct text){close, 1});
	rest = text_trim(text_from(rest, image + 1));
	if (is_place(rest))
		line_keep(line, rest);
	else
		line_put(line, POLICY_TEXT, rest);
}

void line_name_and_queue(struct redact_line *line, struct text text) {
	static const char title[] = "Dispatch queue:";
	ptrdiff_t queue = text_find(text, title);
	if (queue < 0) {
		line_put(line, POLICY_TEXT, text);
		return;
	}
	struct text name = text_trim(take(&text, (size_t)queue));
	if (name.len)
		line_put(line, POLICY_TEXT, name);
	line_keep(line, take(&text, strlen(title)));
	line_put(line, POLICY_TEXT, text_trim(text));
}
