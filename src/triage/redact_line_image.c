/* A line of "Binary Images:" of the text form. */
#include "triage/redact_line.h"

#include <ctype.h>
#include <string.h>

static bool is_address(struct text word) {
	uint64_t value;
	if (word.len && *word.p == '*')
		word = text_from(word, 1);
	return text_hex(word, &value) || text_decimal(word, &value);
}

/* 32 hexadecimal digits with dashes anywhere. */
static bool is_uuid(struct text text) {
	size_t digits = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '-')
			continue;
		if (!isxdigit((unsigned char)text.p[i]))
			return false;
		digits++;
	}
	return digits == 32;
}

/* "@UUID@": what people who clean reports leave behind. */
static bool is_stand_in(struct text text) {
	return text.len > 1 && *text.p == '@';
}

/* The "<...>" between names and path; false without. */
static bool find_uuid(struct text text, struct text *ret) {
	for (size_t i = 0; i < text.len; i++) {
		const char *close = text.p[i] == '<' ? memchr(text.p + i, '>', text.len - i) : NULL;
		if (text.p[i] != '<')
			continue;
		if (!close)
			return false;
		*ret = (struct text){text.p + i + 1, (size_t)(close - text.p) - i - 1};
		if (is_stand_in(*ret) || is_uuid(*ret))
			return true;
	}
	return false;
}

/* Where the bracket opens that the last byte closes, or the end. */
static size_t find_bracket(struct text text) {
	size_t depth = 0;
	if (!text.len || text.p[text.len - 1] != ')')
		return text.len;
	for (size_t i = text.len; i-- > 0;) {
		depth += text.p[i] == ')';
		depth -= text.p[i] == '(';
		if (!depth)
			return i;
	}
	return text.len;
}

/* "1.0 - 459", "*", "x86_64" */
static void put_version(struct redact_line *line, struct text text) {
	ptrdiff_t dash = text_find(text, " - ");
	struct text word = text;
	if (dash >= 0) {
		line_put(line, POLICY_VERSION, text_upto(text, (size_t)dash));
		line_keep(line, (struct text){text.p + dash + 1, 1});
		word = text_from(text, (size_t)dash + 3);
	}
	bool arch = text_find(word, "86") >= 0 || text_begins(word, "arm");
	line_put(line, arch && dash < 0 ? POLICY_WORD : POLICY_VERSION, word);
}

/* "com.apple.AGXMetalG16X arm64e (329.2)" */
static void put_names(struct redact_line *line, struct text text) {
	size_t open = find_bracket(text);
	struct text version = text_from(text, open);
	text = text_trim(text_upto(text, open));
	size_t word = text.len;
	while (word && text.p[word - 1] != ' ' && text.p[word - 1] != '\t')
		word--;
	struct text arch = text_from(text, word);
	bool has_arch = word && (text_begins(arch, "arm") || text_find(arch, "86") >= 0);
	line_put(line, POLICY_NAME, has_arch ? text_trim(text_upto(text, word)) : text);
	if (has_arch)
		line_put(line, POLICY_WORD, arch);
	if (!version.len)
		return;
	line_keep(line, text_upto(version, 1));
	put_version(line, (struct text){version.p + 1, version.len - 2});
	line_keep(line, text_from(version, version.len - 1));
}

static void put_uuid(struct redact_line *line, struct text uuid) {
	struct text whole = {uuid.p - 1, uuid.len + 2};
	if (is_uuid(uuid) || text_equals(uuid, "@UUID@")) {
		line_keep(line, whole);
		return;
	}
	line_put(line, POLICY_UUID, whole); /* is none: only the gap in front of it */
	buf_add_str(line->ret, "<@@>");
}

static void put_rest(struct redact_line *line, struct text text) {
	struct text uuid;
	ptrdiff_t slash;
	if (find_uuid(text, &uuid)) {
		put_names(line, text_trim(text_upto(text, (size_t)(uuid.p - text.p) - 1)));
		put_uuid(line, uuid);
		text = text_trim(text_from(text, (size_t)(uuid.p + uuid.len + 1 - text.p)));
		line_put(line, POLICY_PATH, text);
	} else if ((slash = text_find(text, " /")) >= 0) {
		put_names(line, text_trim(text_upto(text, (size_t)slash)));
		line_put(line, POLICY_PATH, text_trim(text_from(text, (size_t)slash)));
	} else {
		put_names(line, text);
	}
}

void line_image(struct redact_line *line, struct text text) {
	struct text rest = text, base = text_word(&rest), dash = text_word(&rest);
	struct text last = text_word(&rest);
	if (!is_address(base) || !text_equals(dash, "-") || !is_address(last)) {
		line_header(line, text);
		return;
	}
	line_keep(line, base);
	line_keep(line, dash);
	line_keep(line, last);
	if (rest.len && *rest.p == '+') {
		line_keep(line, text_upto(rest, 1));
		rest = text_trim(text_from(rest, 1));
	}
	if (rest.len)
		put_rest(line, rest);
}
