/* Lines of atos to symbols. An image's symbol table may hold any bytes, so its lines may too. */
#include "ips/atos.h"

#include "base/limits.h"
#include "base/text.h"
#include "ips/demangle.h"

#include <errno.h>
#include <string.h>

struct span {
	const char *at;
	size_t len;
};

struct parser {
	struct arena *arena;
	bool out_of_memory;
};

static struct span trim(struct span span) {
	while (span.len && strchr(" \t\r", span.at[span.len - 1]) && span.at[span.len - 1])
		span.len--;
	while (span.len && strchr(" \t", span.at[0]) && span.at[0])
		span.at++, span.len--;
	return span;
}

static bool next_line(struct span *rest, struct span *ret) {
	if (!rest->len)
		return false;
	const char *end = memchr(rest->at, '\n', rest->len);
	size_t len = end ? (size_t)(end - rest->at) : rest->len;
	*ret = trim((struct span){rest->at, len});
	len += end ? 1 : 0;
	rest->at += len;
	rest->len -= len;
	return true;
}

/* The last place of word in span, or span.len. */
static size_t find_last(struct span span, const char *word) {
	size_t len = strlen(word);
	for (size_t at = span.len < len ? 0 : span.len - len + 1; at-- > 0;)
		if (!memcmp(span.at + at, word, len))
			return at;
	return span.len;
}

static const char *copy(struct parser *parser, struct span span, size_t limit) {
	size_t len = span.len < limit ? span.len : limit;
	char *ret = arena_alloc(parser->arena, 3 * len + 1);
	if (ret)
		text_clean(ret, span.at, len, TEXT_LINE);
	else
		parser->out_of_memory = true;
	return ret;
}

/* " (file.c:12)" at the end of span; cut off. */
static bool take_source(struct parser *parser, struct span *span, struct found_call *ret) {
	size_t open = find_last(*span, " (");
	if (open == span->len || span->at[span->len - 1] != ')')
		return false;
	struct span inner = {span->at + open + 2, span->len - open - 3};
	size_t colon = find_last(inner, ":");
	int64_t line;
	if (!colon || colon == inner.len ||
		!text_i64(inner.at + colon + 1, inner.len - colon - 1, &line) || line < 0)
		return false;
	ret->source_file = copy(parser, (struct span){inner.at, colon}, LIMIT_SYMBOL_BYTES);
	/* 0: the compiler made it. */
	ret->source_line = (struct i64_opt){line, line > 0};
	span->len = open;
	return true;
}

/* " + 12" at the end of span; cut off. */
static bool take_offset(struct span *span, struct u64_opt *ret) {
	size_t plus = find_last(*span, " + ");
	if (plus == span->len || !text_u64(span->at + plus + 3, span->len - plus - 3, &ret->value))
		return false;
	ret->set = true;
	span->len = plus;
	return true;
}

/* " (in NAME)" at the end of span; cut off. Names of images have brackets too. */
static bool take_image(struct span *span) {
	size_t in = find_last(*span, " (in ");
	if (in == span->len || span->at[span->len - 1] != ')')
		return false;
	span->len = in;
	return true;
}

/* What atos prints instead of a name. */
static bool is_no_name(struct span span) {
	uint64_t address;
	return !span.len || text_u64(span.at, span.len, &address) ||
	       (span.len == 3 && !memcmp(span.at, "???", 3));
}

/* One line, "NAME (in IMAGE) (FILE:LINE)" or "NAME (in IMAGE) + OFFSET"; false: it names nothing.
 */
static bool read_line(struct parser *parser, struct span line, struct found_call *ret) {
	*ret = (struct found_call){0};
	if (!take_source(parser, &line, ret))
		take_offset(&line, &ret->symbol_offset);
	if (!take_image(&line))
		return false;
	line = trim(line);
	if (is_no_name(line))
		return false;
	const char *symbol = copy(parser, line, LIMIT_SYMBOL_BYTES);
	ret->symbol = symbol ? demangle(parser->arena, symbol) : NULL;
	return ret->symbol != NULL;
}

/* The lines of one answer; the last of them is the function whose code it is. */
static const struct found_symbol *read_answer(
	struct parser *parser, const struct span *lines, size_t count) {
	struct found_symbol found = {0};
	struct found_call calls[ATOS_INLINED_MAX + 1];
	size_t named = 0;
	for (size_t i = 0; i < count; i++)
		named += read_line(parser, lines[i], &calls[named]);
	/* A group of which one line cannot be read would tell another story. */
	if (!named || named != count)
		return NULL;
	found.function = calls[named - 1];
	found.inlined_count = named - 1;
	found.inlined = arena_calloc(parser->arena, named, sizeof *found.inlined);
	struct found_symbol *ret = arena_alloc(parser->arena, sizeof *ret);
	if (!ret || !found.inlined) {
		parser->out_of_memory = true;
		return NULL;
	}
	memcpy(found.inlined, calls, found.inlined_count * sizeof *calls);
	*ret = found;
	return ret;
}

/* Of a longer group the innermost are left out. */
static size_t add_line(struct span *lines, size_t count, struct span line) {
	if (count == ATOS_INLINED_MAX + 1) {
		memmove(lines, lines + 1, ATOS_INLINED_MAX * sizeof *lines);
		count--;
	}
	lines[count] = line;
	return count + 1;
}

int atos_parse(struct arena *arena, const char *text, size_t len, bool groups, size_t count,
	const struct found_symbol **ret) {
	struct parser parser = {.arena = arena};
	struct span rest = {text, len}, line, lines[ATOS_INLINED_MAX + 1];
	size_t in_group = 0, answers = 0;
	bool more = true;
	while (more) {
		more = next_line(&rest, &line);
		if (more && line.len)
			in_group = add_line(lines, in_group, line);
		if (!in_group || (groups && more && line.len))
			continue;
		if (answers == count)
			return -EBADMSG;
		ret[answers++] = read_answer(&parser, lines, in_group);
		in_group = 0;
	}
	if (parser.out_of_memory)
		return -ENOMEM;
	return answers == count ? 0 : -EBADMSG;
}
