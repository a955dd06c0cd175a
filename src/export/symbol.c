/* Shortens symbols; knows nothing of frames. */
#include "export/symbol.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define ELLIPSIS "..."

static bool is_objc(const char *symbol) {
	return (symbol[0] == '-' || symbol[0] == '+') && symbol[1] == '[';
}

static bool is_name_char(char c) {
	return isalnum((unsigned char)c) || c == '_' || c == '>' || (unsigned char)c >= 0x80;
}

/* How many bytes at text are an operator's name ("operator<<"), whose brackets are no brackets. */
static size_t operator_len(const char *text) {
	static const char word[] = "operator";
	size_t n = sizeof word - 1;
	if (strncmp(text, word, n) != 0 || !strchr("<>-(", text[n]) || !text[n])
		return 0;
	if (text[n] == '(')
		return text[n + 1] == ')' ? n + 2 : 0;
	while (text[n] && strchr("<>=-", text[n]))
		n++;
	return n;
}

/*
 * Appends text with what stands between the outermost open and close emptied, when open follows a
 * name. False (and out as it was) when the brackets do not match.
 */
static bool empty_brackets(struct buf *out, const char *text, char open, char close) {
	size_t start = out->len, depth = 0;
	for (size_t i = 0; text[i]; i++) {
		size_t skip = operator_len(text + i);
		if (skip) {
			if (!depth)
				buf_add(out, text + i, skip);
			i += skip - 1;
			continue;
		}
		bool arrow = text[i] == '>' && i > 0 && text[i - 1] == '-';
		if (text[i] == close && depth && !arrow)
			depth--;
		if (!depth)
			buf_add_char(out, text[i]);
		if (text[i] == open && (depth || (i > 0 && is_name_char(text[i - 1]))))
			depth++;
	}
	if (!depth)
		return true;
	out->len = start;
	if (out->data)
		out->data[start] = '\0';
	return false;
}

/* Replaces text's content by itself with emptied brackets. */
static void apply(struct buf *text, char open, char close) {
	struct buf shorter = {0};
	if (empty_brackets(&shorter, buf_str(text), open, close)) {
		buf_reset(text);
		buf_add_str(text, buf_str(&shorter));
	}
	buf_finish(&shorter);
}

#define ELLIPSIS_COLUMNS (sizeof ELLIPSIS - 1)

/* The end of text in at most columns columns, from a whole name on if there is one. */
static const char *tail(const char *text, size_t columns) {
	size_t width = text_width(text);
	if (width <= columns)
		return text;
	const char *from = text + text_prefix(text, width - columns);
	while (*from && text_width(from) > columns) {
		uint32_t code_point;
		size_t n = text_decode(from, strlen(from), &code_point);
		from += n ? n : 1;
	}
	const char *next = strstr(from, "::");
	return next && next[2] ? next + 2 : from + strspn(from, ":");
}

static void add_head(struct buf *out, const char *text, size_t columns) {
	buf_add(out, text, text_prefix(text, columns));
	buf_add_str(out, ELLIPSIS);
}

/* "-[AGXG16X... setComputePipelineState:]", or "...setComputePipelineState:]" without room for
 * that: the selector tells more than the class. */
static bool add_objc_cut(struct buf *out, const char *symbol, size_t columns) {
	const char *selector = strchr(symbol, ' ');
	size_t width = selector ? text_width(selector) : columns;
	if (!is_objc(symbol) || !selector || columns < 2 * ELLIPSIS_COLUMNS)
		return false;
	if (width + ELLIPSIS_COLUMNS + 2 > columns) {
		buf_add_str(out, ELLIPSIS);
		if (width - 1 + ELLIPSIS_COLUMNS > columns)
			add_head(out, selector + 1, columns - 2 * ELLIPSIS_COLUMNS);
		else
			buf_add_str(out, selector + 1);
		return true;
	}
	add_head(out, symbol, columns - width - ELLIPSIS_COLUMNS);
	buf_add_str(out, selector);
	return true;
}

/* What is nested in namespaces loses the outer ones, everything else its end. */
static void add_cut(struct buf *out, const char *text, size_t columns) {
	size_t room = columns > ELLIPSIS_COLUMNS ? columns - ELLIPSIS_COLUMNS : 0;
	if (add_objc_cut(out, text, columns))
		return;
	if (strstr(text, "::")) {
		buf_add_str(out, ELLIPSIS);
		buf_add_str(out, tail(text, room));
	} else {
		add_head(out, text, room);
	}
}

void symbol_shorten(struct buf *out, const char *symbol, size_t columns) {
	if (!columns || text_prefix(symbol, columns) == strlen(symbol)) {
		buf_add_str(out, symbol);
		return;
	}
	struct buf text = {0};
	buf_add_str(&text, symbol);
	if (!is_objc(symbol))
		apply(&text, '<', '>');
	if (!is_objc(symbol) && text_prefix(buf_str(&text), columns) < text.len)
		apply(&text, '(', ')');
	if (text_prefix(buf_str(&text), columns) == text.len)
		buf_add_str(out, buf_str(&text));
	else
		add_cut(out, buf_str(&text), columns);
	buf_finish(&text);
}

/* "f()" and "f() const", not "operator()". */
static void drop_empty_list(struct buf *text) {
	static const char *const ends[] = {"()", "() const"};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t len = strlen(ends[i]);
		if (text->len <= len || !text_ends(text->data, ends[i]))
			continue;
		text->data[text->len - len] = '\0';
		if (text_ends(text->data, "operator"))
			text->data[text->len - len] = '(';
		else
			text->len -= len;
		return;
	}
}

void symbol_plain(struct buf *out, const char *symbol, size_t columns) {
	struct buf text = {0};
	buf_add_str(&text, symbol);
	if (!is_objc(symbol)) {
		apply(&text, '<', '>');
		apply(&text, '(', ')');
		drop_empty_list(&text);
	}
	symbol_shorten(out, buf_str(&text), columns);
	out->failed = out->failed || text.failed;
	buf_finish(&text);
}

static void add_selector(struct buf *out, const char *symbol) {
	const char *space = strchr(symbol, ' ');
	const char *from = space ? space + 1 : symbol + 2;
	const char *end = strchr(from, ']');
	buf_add(out, from, end ? (size_t)(end - from) : strlen(from));
}

/* Where the last word of text begins: behind a return type. */
static const char *behind_return_type(const char *text) {
	const char *paren = strchr(text, '(');
	if (paren == text || *text == '<' || strstr(text, "operator ") || strchr(text, '\''))
		return text;
	const char *from = text;
	for (const char *c = text; *c && c != paren; c++)
		if (*c == ' ')
			from = c + 1;
	return *from ? from : text;
}

void symbol_name(struct buf *out, const char *symbol) {
	if (is_objc(symbol)) {
		add_selector(out, symbol);
		return;
	}
	struct buf text = {0};
	buf_add_str(&text, symbol);
	apply(&text, '<', '>');
	apply(&text, '(', ')');
	const char *name = behind_return_type(buf_str(&text));
	const char *parameters = strstr(name, "()");
	buf_add(out, name, parameters > name ? (size_t)(parameters - name) : strlen(name));
	buf_finish(&text);
}
