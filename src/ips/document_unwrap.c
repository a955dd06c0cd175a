/*
 * Undoes what stood between the report and us: UTF-16 clipboards, HTML, quoted mail. Works by
 * evidence; must not know what a report is beyond a few words that one begins with.
 */
#include "ips/document_parts.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

bool unwrap_is_utf16(const char *bytes, size_t len) {
	return len >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0);
}

static uint32_t unit_at(const char *bytes, bool big) {
	uint32_t a = (unsigned char)bytes[0], b = (unsigned char)bytes[1];
	return big ? a << 8 | b : b << 8 | a;
}

void unwrap_utf16(const char *bytes, size_t len, struct buf *ret) {
	bool big = (unsigned char)bytes[0] == 0xFE;
	for (size_t i = 2; i + 1 < len; i += 2) {
		uint32_t c = unit_at(bytes + i, big);
		if (c >= 0xD800 && c < 0xDC00 && i + 3 < len) {
			uint32_t low = unit_at(bytes + i + 2, big);
			if (low >= 0xDC00 && low < 0xE000) {
				c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
				i += 2;
			}
		}
		if (c >= 0xD800 && c < 0xE000)
			c = 0xFFFD;
		char text[4];
		buf_add(ret, text, text_encode(text, c));
	}
}

static bool contains(const char *bytes, size_t len, const char *what) {
	return memmem(bytes, len, what, strlen(what)) != NULL;
}

static bool contains_any(const char *bytes, size_t len, const char *const *what) {
	for (size_t i = 0; what[i]; i++)
		if (contains(bytes, len, what[i]))
			return true;
	return false;
}

/* A quoted line with a word that reports begin with. */
static bool is_quoted_start(const char *line, size_t len) {
	static const char *const words[] = {"Process:", "Incident Identifier:", "Hardware Model:",
		"Exception Type:", "{\"", "{&quot;", "Thread 0", NULL};
	size_t i = 0;
	bool quoted = false;
	for (; i < len; i++) {
		bool escaped = len - i >= 4 && memcmp(line + i, "&gt;", 4) == 0;
		if (line[i] == '>' || escaped)
			quoted = true;
		else if (line[i] != ' ' && line[i] != '\t')
			break;
		if (escaped)
			i += 3;
	}
	for (size_t w = 0; quoted && words[w]; w++)
		if (len - i >= strlen(words[w]) &&
			memcmp(line + i, words[w], strlen(words[w])) == 0)
			return true;
	return false;
}

static bool has_quoted_start(const char *bytes, size_t len) {
	while (len) {
		const char *feed = memchr(bytes, '\n', len);
		size_t n = feed ? (size_t)(feed - bytes) : len;
		if (is_quoted_start(bytes, n))
			return true;
		n += feed != NULL;
		bytes += n;
		len -= n;
	}
	return false;
}

bool unwrap_find_needs(const char *bytes, size_t len, struct unwrap_needs *ret) {
	static const char *const tags[] = {
		"<pre", "<code", "<br", "<p>", "<div", "<td", "<li>", "<summary", NULL};
	static const char *const entities[] = {
		"&lt;", "&gt;", "&quot;", "&nbsp;", "&amp;", "&#", "\xc2\xa0", NULL};
	bool ampersand = memchr(bytes, '&', len) != NULL;
	*ret = (struct unwrap_needs){
		.tags = memchr(bytes, '<', len) && contains_any(bytes, len, tags),
		.entities = (ampersand || memchr(bytes, 0xC2, len)) &&
			    contains_any(bytes, len, entities),
		.quotes = (ampersand || memchr(bytes, '>', len)) && has_quoted_start(bytes, len),
		.keep_quot = ampersand && contains(bytes, len, "{\""),
	};
	return ret->tags || ret->entities || ret->quotes;
}

struct writer {
	struct buf *ret;
	const struct unwrap_needs *needs;
	size_t written;
	char last; /* 0 at the beginning */
	bool line_start;
	bool after_quote; /* one blank behind ">" belongs to it */
};

static void write_char(struct writer *writer, char c) {
	if (writer->needs->quotes && writer->line_start && c == '>') {
		writer->after_quote = true;
		return;
	}
	if (writer->after_quote && c == ' ') {
		writer->after_quote = false;
		return;
	}
	writer->after_quote = false;
	writer->line_start = c == '\n' || (writer->line_start && (c == ' ' || c == '\t'));
	writer->last = c;
	writer->written++;
	if (writer->ret)
		buf_add_char(writer->ret, c);
}

static void write_point(struct writer *writer, uint32_t c) {
	char text[4];
	size_t n = text_encode(text, c);
	for (size_t i = 0; i < n; i++)
		write_char(writer, text[i]);
}

/* Names of one letter are left out on purpose, but for <p> and <a href>: templates have such
 * arguments. */
static const struct {
	const char *name;
	size_t len;
	bool breaks;
} tags[] = {
	{"br", 2, true},
	{"p", 1, true},
	{"pre", 3, true},
	{"code", 4, false},
	{"div", 3, true},
	{"li", 2, true},
	{"ul", 2, true},
	{"ol", 2, true},
	{"tr", 2, true},
	{"td", 2, false},
	{"table", 5, true},
	{"tbody", 5, true},
	{"h1", 2, true},
	{"h2", 2, true},
	{"h3", 2, true},
	{"blockquote", 10, true},
	{"aside", 5, true},
	{"details", 7, true},
	{"summary", 7, true},
	{"span", 4, false},
	{"samp", 4, false},
	{"kbd", 3, false},
	{"strong", 6, false},
	{"em", 2, false},
	{"small", 5, false},
	{"img", 3, false},
	{"font", 4, false},
	{"body", 4, true},
	{"html", 4, true},
	{"a", 1, false},
};

static bool ends_name(char c) {
	return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\n';
}

/* The length of a known tag at p, or 0. */
static size_t tag_length(const char *p, size_t len, bool *ret_breaks) {
	size_t slash = len > 1 && p[1] == '/';
	size_t from = 1 + slash;
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		size_t n = tags[i].len;
		if (len <= from + n || p[from] != *tags[i].name ||
			memcmp(p + from, tags[i].name, n) != 0 || !ends_name(p[from + n]))
			continue;
		if (n == 1 && *tags[i].name == 'a' && !slash && p[from + n] != ' ')
			return 0;
		const char *close = memchr(p, '>', len < 1024 ? len : 1024);
		*ret_breaks = tags[i].breaks;
		return close ? (size_t)(close - p) + 1 : 0;
	}
	return 0;
}

/* A line ends where a block does, unless the text has its own line feed there. */
static void write_break(struct writer *writer, const char *rest, size_t len) {
	if (writer->last && writer->last != '\n' && len && *rest != '\n' && *rest != '\r')
		write_char(writer, '\n');
}

static int digit_of(char c, int base) {
	int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' ? (c | 0x20) - 'a' + 10 : 99;
	return digit < base ? digit : -1;
}

/* "#39;" or "#x27;" behind "&": the code point, *ret_len with the semicolon. */
static bool numeric_entity(const char *p, size_t len, uint32_t *ret, size_t *ret_len) {
	size_t i = 1;
	int base = 10;
	if (i < len && (p[i] | 0x20) == 'x') {
		base = 16;
		i++;
	}
	size_t first = i;
	uint32_t c = 0;
	for (; i < len && i < first + 7 && digit_of(p[i], base) >= 0; i++)
		c = c * (uint32_t)base + (uint32_t)digit_of(p[i], base);
	if (i == first || i >= len || p[i] != ';' || !c || c > 0x10FFFF ||
		(c >= 0xD800 && c < 0xE000))
		return false;
	*ret = c;
	*ret_len = i + 1;
	return true;
}

static const struct {
	const char *name; /* with the semicolon */
	uint32_t c;
} entities[] = {
	{"lt;", '<'},
	{"gt;", '>'},
	{"amp;", '&'},
	{"quot;", '"'},
	{"apos;", '\''},
	{"nbsp;", ' '},
};

/* Writes the entity at p ("&...") and returns its length, or 0. */
static size_t write_entity(struct writer *writer, const char *p, size_t len) {
	uint32_t c = 0;
	size_t n = 0;
	for (size_t i = 0; !n && len > 1 && p[1] != '#' && i < sizeof entities / sizeof *entities;
		i++) {
		size_t name = strlen(entities[i].name);
		if (len > name && memcmp(p + 1, entities[i].name, name) == 0) {
			c = entities[i].c;
			n = name;
		}
	}
	if (!n && (len < 3 || p[1] != '#' || !numeric_entity(p + 1, len - 1, &c, &n)))
		return 0;
	if (c == '"' && writer->needs->keep_quot)
		return 0;
	write_point(writer, c == 0xA0 ? ' ' : c);
	return n + 1;
}

void unwrap(const char *bytes, size_t len, const struct unwrap_needs *needs, struct buf *ret,
	const struct unwrap_marks *marks) {
	size_t mark_count = marks ? marks->count : 0;
	struct writer writer = {.ret = ret, .needs = needs, .line_start = true};
	size_t i = 0, mark = 0;
	while (i < len) {
		size_t n = 0;
		bool breaks = false;
		if (bytes[i] == '<' && needs->tags) {
			n = tag_length(bytes + i, len - i, &breaks);
			if (n && breaks)
				write_break(&writer, bytes + i + n, len - i - n);
		} else if (bytes[i] == '&' && needs->entities) {
			n = write_entity(&writer, bytes + i, len - i);
		} else if (bytes[i] == '\xc2' && len - i > 1 && bytes[i + 1] == '\xa0') {
			write_char(&writer, ' ');
			n = 2;
		}
		if (!n) {
			write_char(&writer, bytes[i]);
			n = 1;
		}
		/* Tags in front of a place are not part of what stands there. */
		while (mark < mark_count && writer.written > marks->items[mark].unwrapped)
			marks->items[mark++].original = i;
		i += n;
	}
	while (mark < mark_count)
		marks->items[mark++].original = len;
}
