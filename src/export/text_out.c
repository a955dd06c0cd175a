/* Lays text out; knows nothing of reports. */
#include "export/text_out.h"

#include "base/text.h"

#include <string.h>

#define LABEL_COLUMNS 11
/* A narrower terminal gets lines that are too long rather than one word per line. */
#define MIN_COLUMNS 20

static void put_n(struct text_out *out, enum term_role role, const char *text, size_t len) {
	struct buf safe = {0};
	text_terminal(&safe, text, len, TEXT_LINES);
	term_styled(out->term, out->buf, role, buf_str(&safe), safe.len);
	if (safe.failed)
		out->buf->failed = true;
	buf_finish(&safe);
}

void text_out_put(struct text_out *out, enum term_role role, const char *text) {
	put_n(out, role, text, strlen(text));
}

void text_out_newline(struct text_out *out) {
	buf_add_char(out->buf, '\n');
}

void text_out_blanks(struct text_out *out, size_t n) {
	while (n--)
		buf_add_char(out->buf, ' ');
}

void text_out_heading(struct text_out *out, const char *text) {
	text_out_newline(out);
	text_out_put(out, TERM_HEADING, text);
	text_out_newline(out);
}

/*
 * How many bytes of text go on a line of columns columns. A word that is too long is cut, behind a
 * slash if it has one.
 */
static size_t line_len(const char *text, size_t columns) {
	if (!columns)
		return strcspn(text, "\n");
	size_t fits = text_prefix(text, columns);
	const char *newline = memchr(text, '\n', fits);
	if (newline)
		return (size_t)(newline - text);
	if (!text[fits] || text[fits] == '\n')
		return fits;
	size_t start = strspn(text, " "), cut = fits;
	while (cut > start && text[cut] != ' ')
		cut--;
	if (cut > start)
		return cut;
	for (cut = fits; cut > start + 1 && text[cut - 1] != '/';)
		cut--;
	return cut > start + 1 ? cut : fits ? fits : 1;
}

static void put_wrapped(
	struct text_out *out, enum term_role role, size_t indent, const char *text) {
	size_t columns = out->term->columns > indent + MIN_COLUMNS ? out->term->columns - indent
								   : MIN_COLUMNS;
	if (!out->term->columns)
		columns = 0;
	for (;;) {
		size_t len = line_len(text, columns);
		put_n(out, role, text, len);
		text_out_newline(out);
		text += len;
		text += strspn(text, " \n");
		if (!*text)
			return;
		text_out_blanks(out, indent);
	}
}

void text_out_paragraph(
	struct text_out *out, enum term_role role, size_t indent, const char *text) {
	text_out_blanks(out, indent);
	put_wrapped(out, role, indent, text);
}

void text_out_field(
	struct text_out *out, enum term_role role, const char *label, const char *text) {
	if (!text || !*text)
		return;
	size_t len = strlen(label);
	text_out_blanks(out, len < LABEL_COLUMNS ? LABEL_COLUMNS - len : 0);
	put_n(out, TERM_DIM, label, len);
	text_out_blanks(out, 2);
	put_wrapped(out, role, LABEL_COLUMNS + 2, text);
}

void text_out_field_whole(struct text_out *out, const char *label, const char *text) {
	if (!text || !*text)
		return;
	struct text_out whole = *out;
	struct term wide = *out->term;
	wide.columns = 0;
	whole.term = &wide;
	text_out_field(&whole, TERM_PLAIN, label, text);
}

/* Continued lines stand further in. */
static void put_line(struct text_out *out, size_t indent, const char *text, size_t len) {
	struct buf line = {0};
	buf_add(&line, text, len);
	text_out_blanks(out, indent);
	put_wrapped(out, TERM_PLAIN, indent + 2, buf_str(&line));
	out->buf->failed = out->buf->failed || line.failed;
	buf_finish(&line);
}

void text_out_lines(struct text_out *out, size_t indent, const char *text, size_t max_lines) {
	size_t shown = 0, left = 0;
	while (*text) {
		size_t len = strcspn(text, "\n");
		if (max_lines && shown == max_lines) {
			left++;
		} else {
			put_line(out, indent, text, len);
			shown++;
		}
		text += len;
		text += *text == '\n';
	}
	if (!left)
		return;
	text_out_blanks(out, indent);
	struct buf note = {0};
	buf_printf(&note,
		left == 1 ? "(%zu more line; -a shows it)" : "(%zu more lines; -a shows them)",
		left);
	text_out_put(out, TERM_DIM, buf_str(&note));
	buf_finish(&note);
	text_out_newline(out);
}
