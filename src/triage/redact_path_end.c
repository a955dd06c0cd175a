/*
 * Folders have blanks, brackets and commas in their names, and so have the texts around a path. In
 * doubt more belongs to it.
 */
#include "triage/redact_path_end.h"

#include "triage/redact_char.h"
#include "triage/redact_find.h"

#include <string.h>

/* Words of a folder's name that blanks part. */
#define BLANK_WORDS 6
/* Of a path for which a compiler tells line and column. */
#define LOCATION_BYTES 1024
/* Behind the part of which there is no doubt. */
#define DOUBT_BYTES 512

static bool ends_path(const char *text, size_t len) {
	unsigned char c = (unsigned char)text[0];

	if (c < ' ' || c == 0x7f || strchr("\"`>|", (char)c) != NULL)
		return true;
	if (c == '<')
		return redact_placeholder(text, len) == 0;
	if (c == '\'')
		return len < 2 || !redact_is_letter(text[1]);
	if (c == ',' || c == ';')
		return len < 2 || text[1] == ' ' || text[1] == '\n' || c == ';';
	if (c == ':')
		return true;
	return false;
}

/* Whether the words behind a blank belong to a folder's name: a separator follows within one. */
static bool goes_on(const char *text, size_t len) {
	static const char *const stops[] = {"is", "was", "not", "and", "or", "the", "from",
		"because", "no", "failed", "does", "did", "cannot", "in", "to", "of", "with", "for",
		"at", "on"};
	size_t i = 0;

	for (int words = 0; words < BLANK_WORDS && i < len; words++) {
		size_t start = ++i, n;

		while (i < len && text[i] != ' ' && !ends_path(text + i, len - i) &&
			strchr("()[]{}=", text[i]) == NULL &&
			redact_separator(text + i, len - i) == 0) {
			n = redact_placeholder(text + i, len - i);
			i += n > 0 ? n : 1;
		}
		if (i < len && i > start && redact_separator(text + i, len - i) > 0)
			return true;
		for (size_t k = 0; k < sizeof stops / sizeof stops[0]; k++) {
			if (strlen(stops[k]) == i - start &&
				redact_at(text + start, i - start, stops[k]))
				return false;
		}
		if (i == start || i >= len || text[i] != ' ')
			return false;
	}
	return false;
}

/* The last part so far has an extension: nothing follows. */
static bool has_extension(const char *text, size_t from, size_t to) {
	size_t n = to;

	while (n > from && to - n < 7 &&
		(redact_is_letter(text[n - 1]) || redact_is_digit(text[n - 1])))
		n--;
	return n < to && n > from + 1 && text[n - 1] == '.' && redact_is_letter(text[n]);
}

static size_t near_end(const char *text, size_t at, size_t to) {
	size_t i = at, open = 0;

	while (i < to && !ends_path(text + i, to - i)) {
		size_t n = redact_placeholder(text + i, to - i);

		if (text[i] == '(' || text[i] == '[' || text[i] == '{')
			open++;
		if (text[i] == ')' || text[i] == ']' || text[i] == '}') {
			if (open == 0)
				break;
			open--;
		}
		if (text[i] == ' ' && (has_extension(text, at, i) || !goes_on(text + i, to - i)))
			break;
		if (n == 0 && text[i] == '\\' && i + 1 < to && text[i + 1] == ' ')
			n = 2;
		i += n > 0 ? n : 1;
	}
	while (i > at && (text[i - 1] == ' ' || text[i - 1] == '.' || text[i - 1] == ','))
		i--;
	return i;
}

/* The closing quote of a path in quotes, 0 when there is none on this line. */
static size_t quoted_end(const char *text, size_t at, size_t to) {
	char quote = (char)(at > 0 ? text[at - 1] : 0);
	size_t i = at;

	if (quote == 0 || strchr("\"'`", quote) == NULL)
		return 0;
	quote = (char)(quote == '`' ? '\'' : quote);
	while (i < to && text[i] != quote && text[i] != '\n' && text[i] != text[at - 1] &&
		text[i] != '"')
		i++;
	return i < to && i > at && (text[i] == quote || text[i] == text[at - 1]) ? i : 0;
}

static bool is_at(const char *text, size_t at) {
	return at >= 4 && memcmp(text + at - 4, " at ", 4) == 0;
}

/* "(lambda at /a, b (1)/c.mm:7:9)": a compiler tells where its path ends; 0 when none does. */
static size_t located_end(const char *text, size_t at, size_t to) {
	size_t end = to - at > LOCATION_BYTES ? at + LOCATION_BYTES : to;

	if (!is_at(text, at))
		return 0;
	for (size_t i = at; i < end && text[i] != '\n' && (i == at || !is_at(text, i)); i++) {
		size_t n = text[i] == ':' ? redact_span_digits(text + i + 1, to - i - 1) : 0,
		       column = i + 1 + n;

		if (n > 0 && column < to && text[column] == ':' &&
			(n = redact_span_digits(text + column + 1, to - column - 1)) > 0 &&
			column + 1 + n < to && text[column + 1 + n] == ')')
			return i;
	}
	return 0;
}

/* ---- doubt */

/* The name of a file that needs nothing behind it. */
static bool is_file(const char *text, size_t from, size_t to) {
	static const char *const extensions[] = {".a", ".air", ".app", ".bin", ".bundle", ".c",
		".cc", ".cpp", ".cu", ".cxx", ".dll", ".dylib", ".framework", ".gguf", ".h", ".hpp",
		".ips", ".json", ".m", ".metal", ".metallib", ".mm", ".o", ".py", ".pyc", ".rs",
		".s", ".safetensors", ".so", ".swift", ".txt"};
	size_t dot = to;

	while (dot > from && to - dot < 12 && text[dot - 1] != '.')
		dot--;
	if (dot == from || text[dot - 1] != '.')
		return false;
	for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
		if (strlen(extensions[i]) == to - dot + 1 &&
			redact_at(text + dot - 1, to - dot + 1, extensions[i]))
			return true;
	}
	return false;
}

/* A separator behind something that a folder's name may end in; another path starts behind other
 * signs. */
static bool is_inside(const char *text, size_t at) {
	return strchr(" \t\"'`([{<=,;:|", text[at - 1]) == NULL;
}

/* Where the part behind the last separator on the line starts that may belong to a path whose end
 * is in doubt at from; from when none does. */
static size_t last_part(const struct redact_scan *scan, size_t from, size_t to) {
	const char *text = scan->text;
	size_t end = to - from > DOUBT_BYTES ? from + DOUBT_BYTES : to, last = from, open = 0;

	for (size_t i = from, n; i < end && (unsigned char)text[i] >= ' ' && text[i] != '"';
		i += n > 0 ? n : 1) {
		n = redact_placeholder(text + i, to - i);
		if (n > 0)
			continue;
		n = redact_separator(text + i, to - i);
		if (i > from && !is_inside(text, i) && redact_find_path_at(scan, i, to))
			break;
		if (n > 0) {
			last = is_inside(text, i) ? i + n : last;
			continue;
		}
		open += strchr("([{", text[i]) != NULL;
		if (strchr(")]}", text[i]) != NULL && open-- == 0) {
			if (i + 1 >= to || redact_separator(text + i + 1, to - i - 1) == 0)
				break;
			open = 0;
		}
	}
	return last;
}

size_t redact_path_end(
	const struct redact_scan *scan, size_t at, size_t root, size_t to, size_t *near) {
	const char *text = scan->text;
	size_t end = quoted_end(text, at, to), last;

	if (end == 0)
		end = located_end(text, at, to);
	if (end > 0) {
		*near = end;
		return end;
	}
	*near = near_end(text, root, to);
	if (*near == to || is_file(text, root, *near))
		return *near;
	last = last_part(scan, *near, to);
	return last > *near ? near_end(text, last, to) : *near;
}
