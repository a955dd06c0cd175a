/* Escaping for Markdown pages; knows nothing of what is on them. */
#include "export/markdown.h"

#include <string.h>

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool is_word(char c) {
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool at_line_start(const struct buf *out) {
	return !out->len || out->data[out->len - 1] == '\n';
}

/* Whether what is added now stands in a row of a table. */
static bool in_table(const struct buf *out) {
	size_t start = out->len;
	while (start && out->data[start - 1] != '\n')
		start--;
	return start < out->len && out->data[start] == '|';
}

/* ---- code ---- */

static size_t longest_run(const char *text, size_t len, char c) {
	size_t longest = 0, run = 0;
	for (size_t i = 0; i < len; i++) {
		run = text[i] == c ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

static void add_times(struct buf *out, char c, size_t count) {
	for (size_t i = 0; i < count; i++)
		buf_add_char(out, c);
}

/* A table ends its cells at each "|" without a backslash, in code, too; a backslash of the text's
 * own before one is read in different ways. */
static bool is_ambiguous(const char *text, size_t len) {
	for (size_t i = 0; i + 1 < len; i++)
		if (text[i] == '\\' && text[i + 1] == '|')
			return true;
	return false;
}

static void add_references(struct buf *out, const char *text, size_t len) {
	buf_add_str(out, "<code>");
	for (size_t i = 0; i < len; i++) {
		if (is_word(text[i]) || text[i] == ' ' || (text[i] & 0x80))
			buf_add_char(out, text[i]);
		else
			buf_printf(out, "&#%d;", text[i]);
	}
	buf_add_str(out, "</code>");
}

static void add_span(struct buf *out, const char *text, size_t len) {
	bool table = in_table(out);
	size_t ticks = longest_run(text, len, '`') + 1;
	bool padded = !len || text[0] == '`' || text[len - 1] == '`' ||
		      (text[0] == ' ' && text[len - 1] == ' ');
	if (table && is_ambiguous(text, len)) {
		add_references(out, text, len);
		return;
	}
	add_times(out, '`', ticks);
	buf_add_str(out, padded ? " " : "");
	for (size_t i = 0; i < len; i++) {
		buf_add_str(out, table && text[i] == '|' ? "\\" : "");
		buf_add_char(out, text[i]);
	}
	buf_add_str(out, padded && len ? " " : "");
	add_times(out, '`', ticks);
}

void markdown_code(struct buf *out, const char *text) {
	struct buf safe = {0};
	text_terminal(&safe, text, strlen(text), TEXT_LINE);
	add_span(out, buf_str(&safe), safe.len);
	out->failed = out->failed || safe.failed;
	buf_finish(&safe);
}

void markdown_block(struct buf *out, const char *text, size_t len) {
	struct buf safe = {0};
	text_terminal(&safe, text, len, TEXT_LINES);
	size_t ticks = longest_run(buf_str(&safe), safe.len, '`') + 1;
	ticks = ticks < 3 ? 3 : ticks;
	add_times(out, '`', ticks);
	buf_add_char(out, '\n');
	buf_add(out, buf_str(&safe), safe.len);
	if (safe.len && safe.data[safe.len - 1] != '\n')
		buf_add_char(out, '\n');
	add_times(out, '`', ticks);
	buf_add_char(out, '\n');
	out->failed = out->failed || safe.failed;
	buf_finish(&safe);
}

/* ---- prose ---- */

/* What trackers make a link, a mention or a formula of, however it is escaped, unless it is code:
 * "https://...", "@name", "owner/name#12", "GH-12", "$x$". word ends with a space or a NUL. */
static bool is_reference(const char *word, size_t len) {
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '@' || word[i] == '$')
			return true;
		if (word[i] == '#' && is_digit(word[i + 1]))
			return true;
		if (!strncmp(&word[i], "://", 3) || !strncmp(&word[i], "www.", 4))
			return true;
		if (!strncmp(&word[i], "GH-", 3) && is_digit(word[i + 3]))
			return true;
	}
	return false;
}

/* Whether text[at] could be taken for more than itself. text ends with a NUL. */
static bool is_structure(const char *text, size_t at) {
	char next = text[at + 1], before = '\0';
	if (at)
		before = text[at - 1];
	switch (text[at]) {
	case '_':
		return !is_word(before) || !is_word(next);
	case '&':
		return next == '#' || is_word(next);
	default:
		return strchr("\\`*~[<|", text[at]) != NULL;
	}
}

/* Bytes of "#", "-" or "12" before ".", which at a line's start make a heading or a list. */
static size_t line_mark(const char *text, size_t len) {
	size_t digits = 0;
	while (digits < len && is_digit(text[digits]))
		digits++;
	if (digits && digits < len && (text[digits] == '.' || text[digits] == ')'))
		return digits;
	return 0;
}

static void add_escaped(struct buf *out, const char *text, size_t at, size_t end) {
	size_t marked = SIZE_MAX;
	if (at_line_start(out))
		marked = strchr("#>-+=", text[at]) ? at : at + line_mark(text + at, end - at);
	if (marked == at && !strchr("#>-+=", text[at]))
		marked = SIZE_MAX;
	for (size_t i = at; i < end; i++) {
		if (i == marked || is_structure(text, i))
			buf_add_char(out, '\\');
		buf_add_char(out, text[i]);
	}
}

void markdown_text(struct buf *out, const char *text) {
	struct buf safe = {0};
	text_terminal(&safe, text, strlen(text), TEXT_LINE);
	const char *words = buf_str(&safe);
	for (size_t at = 0; at < safe.len;) {
		size_t len = strcspn(words + at, " ");
		size_t ending = len;
		if (!len) {
			/* None at a line's start: four make a block of code. */
			if (!at_line_start(out))
				buf_add_char(out, ' ');
			at++;
			continue;
		}
		/* The sentence's own signs stay outside. */
		while (ending && strchr(".,;:)", words[at + ending - 1]))
			ending--;
		if (ending && is_reference(words + at, ending)) {
			add_span(out, words + at, ending);
			add_escaped(out, words, at + ending, at + len);
		} else {
			add_escaped(out, words, at, at + len);
		}
		at += len;
	}
	out->failed = out->failed || safe.failed;
	buf_finish(&safe);
}
