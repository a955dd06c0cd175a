/* Escaping for Markdown pages; knows nothing of what is on them. */
#include "export/markdown.h"

#include <string.h>

static bool is_word(char c) {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether text[at] could be taken for more than itself. text ends with a NUL. */
static bool is_structure(const char *text, size_t at) {
	char next = text[at + 1], before = '\0';
	if (at)
		before = text[at - 1];
	switch (text[at]) {
	case '_':
		return !is_word(before) || !is_word(next);
	case ':': /* https:// */
		return next == '/';
	case '.': /* www. */
		return before == 'w' || before == 'W';
	default:
		return strchr("\\`*~[]<>&|@$!", text[at]) != NULL;
	}
}

void markdown_escape(struct buf *out, const char *text, size_t len, enum text_keep keep) {
	struct buf safe = {0};
	text_terminal(&safe, text, len, keep);
	for (size_t i = 0; i < safe.len; i++) {
		if (is_structure(safe.data, i))
			buf_printf(out, "&#%d;", safe.data[i]);
		else
			buf_add_char(out, safe.data[i]);
	}
	if (safe.failed)
		out->failed = true;
	buf_finish(&safe);
}

void markdown_code(struct buf *out, const char *text) {
	buf_add_str(out, "<code>");
	markdown_escape(out, text, strlen(text), TEXT_LINE);
	buf_add_str(out, "</code>");
}
